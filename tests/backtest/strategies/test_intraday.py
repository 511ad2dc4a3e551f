"""Strategies that hold nothing overnight, on sessions of seven bars of five minutes."""

from strategy_bench import fills, minutes

from backtest.strategies.gap_fade import GapFade
from backtest.strategies.opening_range_breakout import OpeningRangeBreakout
from backtest.strategies.vwap_reversion import VwapReversion

Bar = tuple[int, int, int, int]


def still(price: int, count: int) -> list[Bar]:
    """Return bars without any movement."""
    return [(price, price, price, price)] * count


RANGE = [(1000, 1010, 990, 1000), (1000, 1020, 995, 1005)]  # ten minutes: 990 to 1020
BREAKOUT = OpeningRangeBreakout(span=10, leave=25)


def test_opening_range_buys_one_unit_above_and_is_flat_by_the_end() -> None:
    up = [*RANGE, (1005, 1015, 1000, 1010), (1010, 1030, 1010, 1025), *still(1030, 3)]
    # Decided 25 minutes into the session, at the close of bar 4.
    assert fills(BREAKOUT, minutes([up])) == [(3, 10, 1021), (5, -10, 1030)]


def test_opening_range_sells_a_jump_at_the_bars_open() -> None:
    assert fills(BREAKOUT, minutes([[*RANGE, *still(980, 5)]])) == [(2, -10, 980), (5, 10, 980)]


def test_opening_range_trades_once_a_session() -> None:
    both = [*RANGE, (1005, 1025, 1005, 1020), (1020, 1020, 980, 985), *still(985, 3)]
    assert fills(BREAKOUT, minutes([both])) == [(2, 10, 1021), (5, -10, 985)]


def test_opening_range_is_that_of_all_its_bars() -> None:
    inside = [(1000, 1020, 990, 1000), *still(1000, 4)]
    assert fills(BREAKOUT, minutes([[*RANGE, *inside]])) == []
    assert fills(BREAKOUT, minutes([[*reversed(RANGE), *inside]])) == []


def test_opening_range_takes_its_stops_back() -> None:
    quiet = [*RANGE, *still(1000, 5)]
    assert fills(BREAKOUT, minutes([quiet, still(1100, 7), still(900, 7)])) == []


def test_what_is_left_goes_at_the_next_sessions_open() -> None:
    late = [*RANGE, *still(1000, 3), (1000, 1030, 1000, 1030), (1030, 1030, 1030, 1030)]
    assert fills(OpeningRangeBreakout(span=10), minutes([late, still(1040, 7)])) == [(5, 10, 1021), (7, -10, 1040)]


def after_close(*second: Bar) -> list[tuple[int, int, int]]:
    """Return the fills of a session that follows a close of 1000."""
    return fills(GapFade(gap=0.01, leave=25), minutes([still(1000, 7), list(second)]))


def test_gap_fade_takes_the_last_close_as_its_target() -> None:
    up = [(1020, 1022, 1014, 1015), (1015, 1016, 1005, 1010), (1010, 1012, 998, 999), *still(999, 4)]
    assert after_close(*up) == [(8, -10, 1015), (9, 10, 1000)]


def test_gap_fade_stops_as_far_beyond_the_open() -> None:
    down = [(980, 986, 978, 985), (985, 985, 975, 975), (975, 975, 955, 958), *still(958, 4)]
    assert after_close(*down) == [(8, 10, 985), (9, -10, 960)]


def test_gap_fade_leaves_before_the_end() -> None:
    assert after_close(*still(1020, 1), *still(1015, 6)) == [(8, -10, 1015), (12, 10, 1015)]


def test_gap_fade_passes_over_small_gaps_and_those_that_closed_already() -> None:
    assert after_close(*still(1009, 7)) == []
    assert after_close((1020, 1020, 995, 995), *still(995, 6)) == []
    assert after_close((1020, 1045, 1020, 1045), *still(1045, 6)) == []


def test_gap_fade_knows_no_gap_in_the_first_session() -> None:
    assert fills(GapFade(gap=0.0, leave=25), minutes([[(1000, 1010, 990, 1005), *still(1005, 6)]])) == []


def test_vwap_reversion_buys_below_and_sells_at_the_mean() -> None:
    # Bar 2: typical prices 1000 1000 937, mean 979; true ranges 20 and 100, average 60; 910 is below 979 - 60.
    # Bar 3: typical price 962, mean 975; 985 is above.
    bars = [(1000, 1010, 990, 1000)] * 2 + [(1000, 1000, 900, 910), (910, 990, 910, 985), *still(985, 3)]
    given = {"quiet": 10, "period": 2, "leave": 25}
    assert fills(VwapReversion(width=1.0, **given), minutes([bars])) == [(3, 10, 910), (4, -10, 985)]
    assert fills(VwapReversion(width=1.2, **given), minutes([bars])) == []
    assert fills(VwapReversion(width=1.0, **given | {"quiet": 20}), minutes([bars])) == []


def test_vwap_reversion_is_weighed_by_volume() -> None:
    # With next to no volume before it the mean is where bar 2 traded, 937, and 910 is not a whole range below.
    bars = [(1000, 1010, 990, 1000)] * 2 + [(1000, 1000, 900, 910), (910, 990, 910, 985), *still(985, 3)]
    heavy = minutes([bars], volumes=[1, 1, 10_000, 100, 100, 100, 100])
    assert fills(VwapReversion(quiet=10, period=2, leave=25, width=1.0), heavy) == []


def test_vwap_reversion_shorts_above_and_leaves_before_the_end() -> None:
    bars = [(1000, 1010, 990, 1000)] * 2 + [(1000, 1100, 1000, 1090), *still(1090, 4)]
    given = VwapReversion(quiet=10, period=2, leave=25, width=1.0)
    assert fills(given, minutes([bars])) == [(3, -10, 1090), (5, 10, 1090)]


def test_vwap_reversion_begins_anew_with_a_session() -> None:
    # Seen from yesterday's 2000 everything today would be cheap.
    assert fills(VwapReversion(quiet=0, period=2, width=1.0), minutes([still(2000, 7), still(1000, 7)])) == []
