"""Pairs on constructed spreads: the exact slices of entry, exit, stop and the period's end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panels import panel, run, shares, trades

from backtest.strategies.panel_pairs import PairsDistance, Swing
from backtest.strategies.panel_pairs_ratio import PairsRatio, Regression

HUNDRED = 10_000


def spread(*then: int, forming: int = 20) -> np.ndarray:
    """Return a first instrument that swings by 10 cents about 100 while the rule forms, then is off by ``then``."""
    first = [HUNDRED + 10 * (-1) ** t for t in range(forming)] + [HUNDRED + one for one in then]
    return np.column_stack([first, np.full(len(first), HUNDRED)])


def slices(closes: np.ndarray, **options: float) -> list[tuple[int, int]]:
    """Return (slice, sign) of what the first instrument traded; the second has to trade against it, at once."""
    done = trades(
        run(PairsDistance(formation=20, trading=options.pop("trading", 50), **options), panel(closes, every=100))
    )
    first, second = ([(at, int(np.sign(q))) for at, number, q in done if number == which] for which in (0, 1))
    assert [(at, -sign) for at, sign in second] == first
    return first


def test_distance_sells_high_and_leaves_at_the_mean() -> None:
    # formed on slice 19: mean 0, deviation 10.26; three deviations on slice 21 and below the mean on slice 23
    assert slices(spread(0, 30, 15, -5, 0)) == [(22, -1), (24, 1)]
    assert slices(spread(0, -30, -15, 5, 0)) == [(22, 1), (24, -1)]
    assert slices(spread(0, 19, -19, 19, 0)) == []


def test_distance_gives_up_at_the_stop_and_waits_for_the_mean() -> None:
    assert slices(spread(0, 30, 60, 30, 30, -1, 30, 30)) == [(22, -1), (23, 1), (27, -1)]
    assert slices(spread(0, 60, 60, 60)) == []  # already beyond the stop


def test_distance_ends_with_its_period() -> None:
    assert slices(spread(0, 30, 30, 30, 30, 30, 30), trading=5) == [(22, -1), (25, 1)]


def test_distance_buys_the_same_worth_of_both() -> None:
    done = trades(run(PairsDistance(formation=20, trading=50), panel(spread(0, 30, 15), every=100)))
    assert done == [(22, 0, -shares(0.5, HUNDRED + 30)), (22, 1, shares(0.5, HUNDRED))]


def test_flat_prices_are_no_pair() -> None:
    closes = np.full((60, 2), HUNDRED)
    assert slices(closes) == []
    assert trades(run(PairsRatio(lookback=20), panel(closes, every=100))) == []


def test_one_instrument_is_no_pair() -> None:
    assert trades(run(PairsDistance(formation=20), panel(spread(0, 30, 0, 0)[:, :1], every=100))) == []


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=12, max_size=60))
def test_regression_is_least_squares(points: list[tuple[float, float]]) -> None:
    line = Regression(10)
    for x, y in points:
        line.push(x, y)
    x, y = np.array(points[-10:]).T
    if x.std() > 0.1:
        slope, start = np.polyfit(x, y, 1)
        left = y - start - slope * x
        assert line.slope() == pytest.approx(slope, abs=1e-6)
        assert line.residual(1.0, 2.0) == pytest.approx(2.0 - start - slope, abs=1e-6)
        assert line.deviation() == pytest.approx(np.sqrt((left**2).sum() / 8), abs=1e-5)


def test_regression_forgets_where_it_began() -> None:
    line = Regression(10)
    for x in (*range(10), *range(10**8, 10**8 + 25)):
        line.push(float(x), 2.0 * x + (-1) ** x)
    x = np.arange(15, 25)
    assert line.slope() == pytest.approx(np.polyfit(x, 2.0 * x + (-1.0) ** x, 1)[0], abs=1e-9)


def test_ratio_hedges_by_the_slope() -> None:
    random = np.random.default_rng(2)
    hedge = np.cumsum(random.normal(0, 0.01, 44))
    own = 1.5 * hedge + 0.002 * np.array([(-1) ** t for t in range(44)])
    own[41] -= 0.004  # thrice as far below as all others
    closes = np.rint(np.exp(np.column_stack([own, hedge])) * 1e6)
    done = trades(run(PairsRatio(lookback=30, entry=2.0), panel(closes, every=100)))
    x, y = np.log(closes[:, 1]), np.log(closes[:, 0])
    slope, start = np.polyfit(x[11:41], y[11:41], 1)
    left = y[11:41] - start - slope * x[11:41]
    assert abs(y[41] - start - slope * x[41]) > 2 * np.sqrt((left**2).sum() / 28)
    side = -int(np.sign(y[41] - start - slope * x[41]))
    assert [(at, number) for at, number, _ in done] == [(42, 0), (42, 1), (43, 0), (43, 1)]
    assert done[0][2] == shares(side / (1 + slope), closes[41, 0])
    assert done[1][2] == shares(-side * slope / (1 + slope), closes[41, 1])
    assert [done[2][2], done[3][2]] == [-done[0][2], -done[1][2]]


@pytest.mark.parametrize(("distances", "sides"), [
    ([1.9, 2.0, 0.1, 0.0], [0, -1, -1, 0]),
    ([-2.5, -4.0, -2.5, 0.1, -2.5], [1, 0, 0, 0, 1]),
    ([-2.5, 3.0, 3.0], [1, 0, -1]),
    ([4.0, 3.9], [0, -1]),
])  # fmt: skip
def test_swing(distances: list[float], sides: list[int]) -> None:
    swing = Swing(2.0, 4.0)
    seen = []
    for one in distances:
        before = swing.side
        assert swing.decide(one) == (swing.side != before)
        seen.append(swing.side)
    assert seen == sides
