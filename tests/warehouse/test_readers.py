"""Readers return what was known at a moment: late trades, corrections and revisions appear at their own time."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from builders import empty, trades

from warehouse import read_bars, read_macro, read_trades, readers
from warehouse.batch import Batch
from zeno.errors import ConfigError

START, END = datetime(2013, 9, 2, tzinfo=UTC), datetime(2013, 9, 3, tzinfo=UTC)
LATER = datetime(2020, 1, 1, tzinfo=UTC)
AT_0 = START


def prices(table: pa.Table) -> list[Decimal]:
    return [price.normalize() for price in table["price"].to_pylist()]


def correction(ord_: int, known_at: datetime, action: str, price: str) -> Batch:
    return Batch("raw.corrections", "test", pa.table({
        "symbol": ["ES"], "ts": pa.array([START + timedelta(milliseconds=ord_)], pa.timestamp("us", "UTC")),
        "ord": [ord_], "known_at": pa.array([known_at], pa.timestamp("us", "UTC")), "action": [action],
        "price": [price], "size": ["1"],
    }), namespace="test")  # fmt: skip


def test_a_trade_is_read_back_exactly(loader, warehouse):
    loader.load(trades(2, price=["0.00000001", "9999999999.99999999"]))
    rows = read_trades(["ES"], START, END, as_of=LATER, warehouse=warehouse)
    assert rows["price"].to_pylist() == [Decimal("0.00000001"), Decimal("9999999999.99999999")]
    assert rows["ts"].to_pylist() == [START, START + timedelta(milliseconds=1)]
    assert rows["symbol"].to_pylist() == ["ES", "ES"]


def test_a_late_trade_is_invisible_until_it_arrived(loader, warehouse):
    loader.load(trades(3, known_lag_us=[0, 3_600_000_000, 0]))
    for as_of, expected in [(START + timedelta(minutes=1), [0, 2]), (START + timedelta(hours=2), [0, 1, 2])]:
        rows = read_trades(["ES"], START, END, as_of=as_of, warehouse=warehouse)
        assert rows["ord"].to_pylist() == expected


def test_corrections_and_cancellations_take_effect_when_they_were_known(loader, warehouse):
    day = timedelta(days=1)
    loader.load(trades(3, price=["1", "2", "3"]))
    loader.load(correction(1, START + day, "correct", "20"))
    loader.load(correction(1, START + 2 * day, "correct", "21"))
    loader.load(correction(2, START + 3 * day, "cancel", "3"))

    def known(after: timedelta) -> list[int]:
        rows = read_trades(["ES"], START, END, as_of=START + after, warehouse=warehouse)
        return [int(price) for price in prices(rows)]

    assert known(timedelta(hours=1)) == [1, 2, 3]
    assert known(1.5 * day) == [1, 20, 3]
    assert known(2.5 * day) == [1, 21, 3]
    assert known(3.5 * day) == [1, 21]


def test_the_interval_is_half_open(loader, warehouse):
    loader.load(trades(3))
    rows = read_trades(["ES"], START, START + timedelta(milliseconds=2), as_of=LATER, warehouse=warehouse)
    assert rows["ord"].to_pylist() == [0, 1]


@pytest.mark.parametrize("symbol", ["NOPE", "a'; drop table raw.trades; --"])
def test_an_unknown_symbol_is_an_error_not_an_empty_answer_i23(loader, warehouse, symbol):
    with pytest.raises(ConfigError, match="No instrument has the symbol"):
        read_trades([symbol], START, END, as_of=LATER, warehouse=warehouse)


def test_a_naive_time_is_refused(loader, warehouse):
    with pytest.raises(ConfigError, match="as_of has no time zone"):
        read_trades(["ES"], START, END, as_of=datetime(2020, 1, 1), warehouse=warehouse)  # noqa: DTZ001


def test_resolutions_are_a_closed_set(loader, warehouse):
    with pytest.raises(ConfigError, match="no resolution '5m'"):
        read_bars(["ES"], "5m", START, END, as_of=LATER, warehouse=warehouse)


def test_ticks_are_one_of_the_resolutions(loader, warehouse):
    loader.load(trades(3))
    rows = read_bars(["ES"], "tick", START, END, as_of=LATER, warehouse=warehouse)
    assert rows.num_rows == 3


def vendor_bar(close: str, known_at: datetime, source: str = "vendor", resolution: str = "1d") -> Batch:
    return Batch("raw.bars", source, pa.table({
        "symbol": ["AAA"], "resolution": [resolution], "ts": pa.array([START], pa.timestamp("us", "UTC")),
        "known_at": pa.array([known_at], pa.timestamp("us", "UTC")), "close": [close],
    }), namespace="test")  # fmt: skip


def test_a_vendors_revision_appears_when_it_was_made(loader, warehouse):
    loader.load(vendor_bar("10", START + timedelta(hours=21)))
    loader.load(vendor_bar("11", START + timedelta(days=5)))

    def known(as_of: datetime) -> list[int]:
        rows = read_bars(["AAA"], "1d", START, END, as_of=as_of, warehouse=warehouse)
        return [int(close) for close in rows["close"].to_pylist()]

    assert known(START + timedelta(hours=20)) == []
    assert known(START + timedelta(days=1)) == [10]
    assert known(START + timedelta(days=6)) == [11]


def test_two_vendors_of_one_instrument_must_be_told_apart(loader, warehouse):
    loader.load(vendor_bar("10", START + timedelta(hours=21)))
    loader.load(vendor_bar("12", START + timedelta(hours=21), source="other"))
    with pytest.raises(ConfigError, match="several sources"):
        read_bars(["AAA"], "1d", START, END, as_of=LATER, warehouse=warehouse)
    rows = read_bars(["AAA"], "1d", START, END, as_of=LATER, source="other", warehouse=warehouse)
    assert [int(close) for close in rows["close"].to_pylist()] == [12]


@pytest.mark.parametrize("at_once", [1, 100])
def test_own_ticks_come_before_any_vendor_and_are_looked_for_instrument_by_instrument(
    loader, warehouse, monkeypatch, at_once
):
    monkeypatch.setattr(readers, "_PROBES", at_once)
    names = readers.instruments(warehouse, ["ES", "AAA"])

    def sources() -> dict[str, str]:
        return {names[number]: source for number, source in readers.sources_of(warehouse, names, "1d").items()}

    loader.load(vendor_bar("10", START + timedelta(hours=21)))
    assert sources() == {"AAA": "vendor", "ES": "ticks"}
    loader.load(vendor_bar("10", START + timedelta(hours=21), source="hourly", resolution="1h"))
    assert sources() == {"AAA": "vendor", "ES": "ticks"}
    loader.load(vendor_bar("10", START + timedelta(hours=21), source="other"))
    loader.load(trades(2))
    loader.load(trades(2, symbol=["AAA"] * 2))
    assert sources() == {"AAA": "ticks", "ES": "ticks"}


def release(value: float | None, released_at: datetime) -> Batch:
    return Batch("raw.macro", "test", pa.table({
        "series": ["PAYEMS"], "frequency": ["M"], "period": pa.array([date(2016, 4, 1)], pa.date32()),
        "released_at": pa.array([released_at], pa.timestamp("us", "UTC")), "basis": ["vintage"],
        "value": pa.array([value], pa.float64()),
    }))  # fmt: skip


def test_an_as_of_read_does_not_change_when_a_revision_arrives_f05(loader, warehouse):
    june, july = datetime(2016, 6, 29, tzinfo=UTC), datetime(2016, 7, 29, tzinfo=UTC)
    loader.load(release(143_856.0, june))
    before = read_macro(["PAYEMS"], as_of=june, warehouse=warehouse)
    loader.load(release(143_877.0, july))
    assert read_macro(["PAYEMS"], as_of=june, warehouse=warehouse) == before
    assert read_macro(["PAYEMS"], as_of=july, warehouse=warehouse)["value"].to_pylist() == [143_877.0]


def test_a_withdrawn_value_is_gone_from_then_on(loader, warehouse):
    first = datetime(2016, 6, 29, tzinfo=UTC)
    loader.load(release(1.0, first))
    loader.load(release(None, first + timedelta(days=30)))
    assert read_macro(["PAYEMS"], as_of=first, warehouse=warehouse).num_rows == 1
    assert read_macro(["PAYEMS"], as_of=first + timedelta(days=31), warehouse=warehouse).num_rows == 0


@pytest.mark.parametrize("symbol", ["es", "ESX"])
def test_a_misspelt_symbol_is_answered_with_those_that_are_spelt_alike(loader, warehouse, symbol):
    with pytest.raises(ConfigError) as refused:
        read_trades([symbol, "ESH4"], START, END, as_of=LATER, warehouse=warehouse)
    assert refused.value.remedy.startswith("Did you mean ES? ")


def test_where_no_symbol_is_spelt_alike_none_is_guessed_and_where_there_is_none_it_says_so(loader, warehouse):
    for expected in ("All are in ref.symbols", "The warehouse has no instruments yet"):
        with pytest.raises(ConfigError) as refused:
            read_trades(["NVDIA"], START, END, as_of=LATER, warehouse=warehouse)
        assert refused.value.remedy.startswith(expected)
        empty(warehouse)


def test_two_symbols_of_one_instrument_are_refused_and_one_twice_is_one(loader, warehouse):
    loader.load(elsewhere("BBB"))
    loader.load(trades(2, symbol=["AAA"] * 2))
    with pytest.raises(ConfigError, match="The symbols AAA and BBB are one instrument"):
        read_bars(["AAA", "BBB"], "tick", START, END, as_of=LATER, warehouse=warehouse)
    assert read_bars(["AAA", "AAA"], "tick", START, END, as_of=LATER, warehouse=warehouse).num_rows == 2


def test_what_is_no_list_and_what_is_no_time_is_refused_in_words(loader, warehouse):
    with pytest.raises(ConfigError, match="No symbols are given"):
        read_bars([], "1d", START, END, as_of=LATER, warehouse=warehouse)
    with pytest.raises(ConfigError, match="symbols is the text 'ES', not a list"):
        read_bars("ES", "1d", START, END, as_of=LATER, warehouse=warehouse)
    with pytest.raises(ConfigError, match="series is the text 'PAYEMS', not a list"):
        read_macro("PAYEMS", as_of=LATER, warehouse=warehouse)
    with pytest.raises(ConfigError, match=r"start is datetime.date\(2013, 9, 2\), not a datetime"):
        read_bars(["ES"], "1d", START.date(), END, as_of=LATER, warehouse=warehouse)  # pyright: ignore[reportArgumentType]


def macro_refused(warehouse, series: str, source: str | None = None) -> ConfigError:
    with pytest.raises(ConfigError) as refused:
        read_macro([series], as_of=LATER, source=source, warehouse=warehouse)
    return refused.value


def test_an_unknown_series_is_an_error_and_one_that_nothing_was_known_of_is_empty(loader, warehouse):
    assert macro_refused(warehouse, "PAYEMS").remedy.startswith("The warehouse has no macro series yet")
    loader.load(release(1.0, datetime(2016, 6, 29, tzinfo=UTC)))
    assert read_macro(["PAYEMS"], as_of=datetime(2010, 1, 1, tzinfo=UTC), warehouse=warehouse).num_rows == 0
    found = macro_refused(warehouse, "PAYENS")
    assert (found.message, found.remedy.split("? ")[0]) == ("There is no macro series PAYENS.", "Did you mean PAYEMS")
    found = macro_refused(warehouse, "PAYEMS", "tests")
    assert (found.message, found.remedy.split("? ")[0]) == (
        "No macro series are from the source tests.",
        "Did you mean test",
    )
    other = release(1.0, datetime(2016, 6, 29, tzinfo=UTC))
    loader.load(Batch(other.table, "other", other.data.set_column(0, "series", pa.array(["CPI"]))))
    assert macro_refused(warehouse, "CPI", "test").remedy == "It is from other: give that source, or none."


def elsewhere(symbol: str) -> Batch:
    """Name instrument 8 in another namespace."""
    return Batch("ref.symbols", "test", pa.table({
        "namespace": ["elsewhere"], "symbol": [symbol], "valid_from": pa.array([0], pa.date32()),
        "valid_to": pa.array([120_000], pa.date32()), "instrument_id": [8],
    }))  # fmt: skip


def test_a_symbol_that_has_meant_two_instruments_is_refused(loader, warehouse):
    loader.load(elsewhere("ES"))
    with pytest.raises(ConfigError, match="The symbol ES has meant several instruments"):
        read_trades(["AAA", "ES"], START, END, as_of=LATER, warehouse=warehouse)
