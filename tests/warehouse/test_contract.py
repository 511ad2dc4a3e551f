"""The contract at the door, on batches alone: what is refused, with which reason, and that nothing is lost."""

from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module

import numpy as np
import pyarrow as pa
import pytest
from builders import NOW, trades
from hypothesis import given
from hypothesis import strategies as st

from warehouse.batch import Batch, Rejection
from warehouse.contract import check
from warehouse.symbols import Interval, SymbolMap
from zeno.errors import ContractError
from zeno.instruments import PriceRule
from zeno.money import to_scaled

SYMBOLS = SymbolMap(
    {"test": {"ES": [Interval(0, 120_000, 7)], "AAA": [Interval(0, 120_000, 8)],
              "OLD": [Interval(0, 10_000, 9), Interval(15_000, 120_000, 10)]}},
    {7: PriceRule.POSITIVE, 8: PriceRule.ANY, 9: PriceRule.POSITIVE, 10: PriceRule.POSITIVE},
)  # fmt: skip


def refused(batch: Batch) -> dict[int, str]:
    return {rejection.row: rejection.reason for rejection in check(batch, SYMBOLS, NOW).rejections}


def times(*micros: int) -> pa.Array:
    return pa.array(micros, pa.timestamp("us", "UTC"))


def test_a_good_batch_passes_whole_and_in_the_tables_types():
    checked = check(trades(3), SYMBOLS, NOW)
    assert checked.rejections == ()
    assert checked.data["price"].to_pylist() == [Decimal("1640.25")] * 3
    assert checked.data["instrument_id"].to_pylist() == [7, 7, 7]
    assert str(checked.data.schema.field("ts").type) == "timestamp[us, tz=UTC]"


@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        ("price", ["1.5", "1.23456789123", "2"], "over_precise"),  # W07: the engine would truncate it silently
        ("price", pa.array([Decimal("1.5"), Decimal("1.123456789"), Decimal("2")]), "over_precise"),
        ("price", [1.5, 0.1 + 0.2, 2.0], "over_precise"),
        ("price", [1.5, float("nan"), 2.0], "not_finite"),  # I04
        ("price", [1.5, float("-inf"), 2.0], "not_finite"),
        ("price", ["1.5", "1e999", "2"], "not_finite"),
        ("price", ["1.5", "NaN", "2"], "not_finite"),
        ("price", ["1.5", "1,5", "2"], "not_a_number"),  # I11: a comma is no decimal point
        ("price", ["1.5", "", "2"], "not_a_number"),
        ("price", ["1.5", "99999999999", "2"], "out_of_range"),
        ("price", ["1.5", "0", "2"], "price_not_positive"),  # I05
        ("price", ["1.5", "-1", "2"], "price_not_positive"),
        ("price", ["1.5", None, "2"], "missing"),
        ("size", ["1", "-1", "2"], "out_of_range"),
        ("side", ["buy", "BUY", "sell"], "not_in_enum"),
        ("ord", ["1", "-2", "3"], "out_of_range"),
        ("ts", times(1_378_080_000_000_000, 0, 1_378_080_000_000_001), "implausible_time"),  # I08: zero
        ("ts", times(1_378_080_000_000_000, 1_378_080_000_000, 1_378_080_000_000_001), "implausible_time"),  # ms as us
        ("ts", times(1_378_080_000_000_000, 4_000_000_000_000_000, 1_378_080_000_000_001), "implausible_time"),
        ("symbol", ["ES", "NOPE", "ES"], "unknown_symbol"),
        ("symbol", ["ES", "a'; drop table d.t; --", "ES"], "unknown_symbol"),  # I23
        ("symbol", ["ES", "ЕЅ", "ES"], "unknown_symbol"),  # I24: Cyrillic look-alikes
        ("symbol", ["ES", "E" * 10_000, "ES"], "unknown_symbol"),
        ("known_lag_us", [0, -120_000_000, 0], "out_of_range"),
        ("known_lag_us", [0, 2**63 - 1, 0], "implausible_time"),  # with its event it is more than 64 bits hold
        ("known_lag_us", [0, 389_318_400_000_000, 0], "implausible_time"),  # known a millisecond after tomorrow
    ],
)
def test_a_bad_value_refuses_its_row_and_no_other(column, values, reason):
    batch = trades(3, **{column: values})
    assert refused(batch) == {1: reason}
    assert check(batch, SYMBOLS, NOW).data.num_rows == 2


def test_a_refused_row_keeps_its_payload_and_says_why():
    (rejection,) = check(trades(2, price=["1", "nan"]), SYMBOLS, NOW).rejections
    assert '"price": "nan"' in rejection.payload
    assert "price" in rejection.detail


def test_instruments_that_may_trade_below_zero_do_i05():
    assert refused(trades(2, symbol=["AAA", "AAA"], price=["-37.63", "0"])) == {}


def test_a_symbol_means_an_instrument_only_within_its_interval():
    day = 86_400_000_000
    batch = trades(3, symbol=["OLD"] * 3, ts=times(9_000 * day, 12_000 * day, 16_000 * day))
    checked = check(batch, SYMBOLS, NOW)
    assert checked.data["instrument_id"].to_pylist() == [9, 10]
    assert [rejection.reason for rejection in checked.rejections] == ["unknown_symbol"]


def test_nanoseconds_are_refused_where_they_would_be_lost_i08():
    nanos = pa.array([1_378_080_000_000_000_000, 1_378_080_000_000_000_001], pa.timestamp("ns", "UTC"))
    assert refused(trades(2, ts=nanos)) == {1: "over_precise"}


def test_every_instant_in_another_zone_is_the_same_instant():
    chicago = pa.array([1_378_080_000_000_000], pa.timestamp("us", "America/Chicago"))
    assert check(trades(1, ts=chicago), SYMBOLS, NOW).data["ts"][0].as_py() == datetime(2013, 9, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"ts": [1, 2, 3]}, "ts is int64"),  # I08: a bare number's unit would be a guess
        ({"ts": pa.array([1, 2, 3], pa.timestamp("us"))}, "ts is timestamp"),  # naive: the zone would be a guess
        ({"price": [True, True, False]}, "price is bool"),  # W08: retyped
        ({"venue": ["a", "b", "c"]}, "not declared: venue"),  # W08: added
    ],
)
def test_a_batch_of_another_shape_is_refused_whole_w08(changes, named):
    with pytest.raises(ContractError, match=named):
        check(trades(3, **changes), SYMBOLS, NOW)


def test_a_missing_column_is_named_w08():
    batch = trades(3)
    with pytest.raises(ContractError, match="missing: price"):
        check(Batch(batch.table, batch.source, batch.data.drop(["price"]), "test"), SYMBOLS, NOW)


def test_exact_repeats_are_stored_once_and_conflicts_refused_i01():
    batch = trades(4, ord=[0, 0, 1, 1], ts=times(*[1_378_080_000_000_000] * 4), size=[1, 1, 2, 3])
    checked = check(batch, SYMBOLS, NOW)
    assert (checked.data.num_rows, checked.repeated) == (2, 1)
    assert [(r.row, r.reason) for r in checked.rejections] == [(3, "conflicting_duplicate")]


def test_a_tick_may_be_known_until_tomorrow():
    assert refused(trades(2, known_lag_us=[389_318_400_000_000, 389_318_399_999_000])) == {}


def session(day: date, opens_at: datetime, closes_at: datetime) -> Batch:
    stamps = {name: pa.array([value], pa.timestamp("us", "UTC")) for name, value in
              {"opens_at": opens_at, "closes_at": closes_at}.items()}  # fmt: skip
    return Batch("ref.calendar", "test", pa.table({"calendar": ["XNYS"], "session": [day], **stamps}))


def test_days_and_times_that_the_engine_cannot_hold_are_refused():
    soon, never = datetime(2030, 1, 2, 14, 30, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
    assert refused(session(soon.date(), soon, soon)) == {}, "sessions to come are known"
    assert refused(session(never.date(), soon, soon)) == {0: "out_of_range"}
    assert refused(session(date(1899, 12, 31), soon, soon)) == {0: "out_of_range"}
    assert refused(session(soon.date(), never, soon)) == {0: "implausible_time"}
    assert refused(session(soon.date(), soon, datetime(1899, 1, 1, tzinfo=UTC))) == {0: "implausible_time"}


@pytest.mark.parametrize("day", [2_932_532, 2**31 - 1], ids=["9999-01-01", "no day that Python knows"])
def test_a_period_in_no_century_of_ours_is_refused(day):
    batch = Batch("raw.macro", "test", pa.table({
        "series": ["GDP"] * 2, "frequency": ["Q"] * 2, "period": pa.array([21_915, day], pa.date32()),
        "released_at": times(1_378_080_000_000_000, 1_378_080_000_000_000), "basis": ["vintage"] * 2,
        "value": [1.0, 2.0],
    }))  # fmt: skip
    assert refused(batch) == {1: "out_of_range"}


def test_a_large_float_passes_if_it_is_exact():
    volumes = [1.2e8, 3e9, 1e16, 90_071_993.00390625, -0.0, 0.1]
    checked = check(bar(len(volumes), volume=pa.array(volumes)), SYMBOLS, NOW)
    assert checked.data["volume"].to_pylist() == [Decimal(volume) for volume in volumes[:-1]] + [Decimal("0.1")]
    assert refused(bar(3, volume=[2.0**27 + 2.0**-9, 1e20, 2.0**27])) == {0: "over_precise", 1: "out_of_range"}
    prices = [9_999_999_999.0, -9_999_999_999.5, 1e10]
    checked = check(trades(3, symbol=["AAA"] * 3, price=prices), SYMBOLS, NOW)
    assert checked.data["price"].to_pylist() == [Decimal(price) for price in prices[:2]]
    assert [rejection.reason for rejection in checked.rejections] == ["out_of_range"]


def test_a_row_that_repeats_a_refused_one_is_refused_too():
    at = times(*[1_378_080_000_000_000] * 5)
    checked = check(trades(5, ord=[1, 0, 1, 1, 1], ts=at, size=[1, 9, 2, 2, 1]), SYMBOLS, NOW)
    assert (checked.data["size"].to_pylist(), checked.repeated) == ([1, 9], 1)
    assert [(r.row, r.reason) for r in checked.rejections] == [(row, "conflicting_duplicate") for row in (2, 3)]


def test_a_batch_is_judged_alike_however_it_is_cut(monkeypatch):
    at = [1_378_080_000_000_000 + number for number in (0, 1, 1, 1, 2, 3, 4)]
    batch = trades(7, ts=times(*at), ord=[0, 1, 1, 1, 2, 3, 4], size=[1, 2, 2, 3, 4, -1, 5])
    whole = check(batch, SYMBOLS, NOW)
    assert [(r.row, r.reason) for r in whole.rejections] == [(3, "conflicting_duplicate"), (5, "out_of_range")]
    for rows in (1, 2, 3, 4):
        monkeypatch.setattr(import_module("warehouse.contract.check"), "_ROWS_A_PIECE", rows)
        cut = check(batch, SYMBOLS, NOW)
        assert (cut.rejections, cut.repeated) == (whole.rejections, whole.repeated)
        assert cut.data.equals(whole.data)


def bar(rows: int = 1, **changes: object) -> Batch:
    day = times(*(1_378_080_000_000_000 + 86_400_000_000 * at for at in range(rows)))
    texts = {"resolution": "1d", "open": "10", "high": "12", "low": "9", "close": "11", "adj_close": "11",
             "volume": "100", "symbol": "ES"}  # fmt: skip
    data = {name: [text] * rows for name, text in texts.items()}
    return Batch("raw.bars", "test", pa.table(data | {"ts": day, "known_at": day} | changes), "test")


def test_bars_must_enclose_their_open_and_close():
    assert refused(bar()) == {}
    assert refused(bar(high=["10.5"])) == {0: "inconsistent_bar"}
    assert refused(bar(low=["13"], open=[None], close=[None])) == {0: "inconsistent_bar"}
    assert refused(bar(close=[None], adj_close=[None])) == {0: "missing"}


def test_unreadable_rows_are_carried_to_the_quarantine():
    lost = Rejection(5, "unreadable", "three fields, not seven", "a,b,c")
    batch = trades(1)
    checked = check(Batch(batch.table, batch.source, batch.data, "test", (lost,)), SYMBOLS, NOW)
    assert checked.rejections == (lost,)


@given(st.lists(st.one_of(
    st.decimals().map(str),
    st.floats().map(repr), st.text(max_size=8), st.none(),
), min_size=1, max_size=30))  # fmt: skip
def test_rows_in_equal_rows_kept_plus_refused_and_kept_values_are_exact(prices):
    batch = trades(len(prices), price=pa.array(prices, pa.string()))
    checked = check(batch, SYMBOLS, NOW)
    assert batch.rows_in == checked.data.num_rows + checked.repeated + len(checked.rejections)
    bad = {rejection.row for rejection in checked.rejections}
    kept = [price for row, price in enumerate(prices) if row not in bad]
    assert [to_scaled(value) for value in checked.data["price"].to_pylist()] == [to_scaled(price) for price in kept]


@given(st.lists(st.floats(width=64), min_size=1, max_size=30))
def test_a_float_passes_only_if_it_is_a_decimal_at_scale_8(prices):
    checked = check(trades(len(prices), price=pa.array(prices, pa.float64())), SYMBOLS, NOW)
    for kept in checked.data["price"].to_pylist():
        assert float(kept) in prices
    assert len(checked.rejections) + checked.data.num_rows == len(prices)


def test_five_thousand_refused_rows_among_many_are_found_each():
    size = 200_000
    prices = np.array(["1.25"] * size, dtype=object)
    prices[::40] = "1.123456789"
    found = check(trades(size, price=list(prices)), SYMBOLS, NOW)
    assert {rejection.row for rejection in found.rejections} == set(range(0, size, 40))
