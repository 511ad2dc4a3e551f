"""Files of bars at the door: every defect has a message that names it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backtest.core.now import SESSION_FIRST, SESSION_LAST
from backtest.frames import Frame, Traded, frame_of, read_parquet
from zeno.errors import ConfigError

TIMES = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(5)]


def bars(**changed: Any) -> pa.Table:
    price = pa.array([Decimal("1.25")] * 5, pa.decimal128(18, 8))
    columns = {"ts": pa.array(TIMES, pa.timestamp("us", "UTC")), "open": price, "high": price, "low": price,
               "close": price, "volume": pa.array([1] * 5)}  # fmt: skip
    return pa.table(columns | changed)


def read(table: pa.Table, folder: Path, scale: int | None = None) -> Frame:
    pq.write_table(table, folder / "bars.parquet")
    return read_parquet(folder / "bars.parquet", price_scale=scale, panel=False)


WRONG = {
    "no rows": (bars().slice(0, 0), "bars.parquet has no bars"),
    "no time": (bars(ts=pa.array([None, *TIMES[1:]], pa.timestamp("us", "UTC"))), "ts has 1 missing"),
    "no symbol": (bars(symbol=pa.array(["A", None, "A", "A", "A"])), "symbol has 1 missing"),
    "times are text": (bars(ts=[str(one) for one in TIMES]), "ts is string, not a time"),
    "prices are text": (bars(close=["1.25"] * 5), "close is string, not a number"),
    "volumes are text": (bars(volume=["x"] * 5), "volume is string, not a number"),
    "volumes are no numbers": (bars(volume=[float("nan")] * 5), "volume nan is not a size"),
    "volumes are huge": (bars(volume=[1e30] * 5), "is not a size"),
    "volumes are negative": (bars(volume=[1, -5, 1, 1, 1]), "volume -5 is not a size"),
    "volumes wrap": (bars(volume=pa.array([2**64 - 1] * 5, pa.uint64())), "volume does not fit 64 bits"),
    "times are finer than the engine's": (
        bars(ts=pa.array([10**18 + 1] * 5, pa.timestamp("ns", "UTC"))),
        "ts is not in whole microseconds",
    ),
    "prices wrap": (bars(open=pa.array([Decimal(2**64 + 125)] * 5, pa.decimal128(38, 0))), "do not fit 64 bits"),
    "the same moment twice": (bars(ts=pa.array([TIMES[0]] * 5)), "bars has two bars at 2020-01-01"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_file_with_a_defect_is_refused_by_its_name(what: str, tmp_path: Path) -> None:
    table, message = WRONG[what]
    with pytest.raises(ConfigError, match=message):
        read(table, tmp_path)


def test_unknown_volumes_count_as_none(tmp_path: Path) -> None:
    for volume in (pa.array([None] * 5, pa.int64()), pa.nulls(5)):
        assert read(bars(volume=volume), tmp_path).columns.volumes.tolist() == [0] * 5


def test_wide_decimals_are_read_like_narrow_ones(tmp_path: Path) -> None:
    wide = pa.array([Decimal("1.25")] * 5, pa.decimal256(40, 8))
    frame = read(bars(open=wide, high=wide, low=wide, close=wide), tmp_path)
    narrow = read(bars(), tmp_path)
    assert (frame.columns.closes.tolist(), frame.price_scale) == (narrow.columns.closes.tolist(), narrow.price_scale)


def test_rows_in_any_order_are_sorted(tmp_path: Path) -> None:
    table = bars().take(pa.array([3, 1, 4, 0, 2]))
    assert read(table, tmp_path).columns.times.tolist() == read(bars(), tmp_path).columns.times.tolist()


def test_floats_that_are_not_exact_are_named_plainly(tmp_path: Path) -> None:
    table = bars(**dict.fromkeys(("open", "high", "low", "close"), pa.array([1.255] * 5)))
    with pytest.raises(ConfigError, match=r"open 1\.255 is not exact at a scale of 2"):
        read(table, tmp_path, 2)


def priced(closes: list[str], kind: pa.DataType | None = None) -> pa.Table:
    """Return flat bars of these prices."""
    price = pa.array([Decimal(one) for one in closes], kind)
    return bars(open=price, high=price, low=price, close=price)


FLAT = ["100.10", "100.20", "100.30", "100.40"]


@pytest.mark.parametrize("kind", [pa.decimal128(9, 2), pa.decimal128(18, 8)])
def test_a_price_to_come_changes_neither_the_scale_nor_the_tick(kind: pa.DataType, tmp_path: Path) -> None:
    even, odd = (read(priced([*FLAT, last], kind), tmp_path) for last in ("100.50", "100.51"))
    assert (even.price_scale, even.tick) == (odd.price_scale, odd.tick)
    assert even.columns.closes[:4].tolist() == odd.columns.closes[:4].tolist()
    assert Decimal(even.tick).scaleb(-even.price_scale) == Decimal("0.01")


def test_a_tick_is_one_unit_of_the_scale_that_was_given(tmp_path: Path) -> None:
    frame = read(priced([*FLAT, "100.50"], pa.decimal128(18, 8)), tmp_path, 1)
    assert (frame.price_scale, frame.tick, frame.columns.closes[0]) == (1, 1, 1_001)


def test_a_container_of_decimals_keeps_what_prices_need_beyond_six(tmp_path: Path) -> None:
    fine = pa.array([Decimal("1.25431234")] * 5, pa.decimal128(18, 8))
    frame = read(bars(high=fine), tmp_path)
    assert (frame.price_scale, frame.tick) == (8, 10**6)
    assert frame.columns.highs.tolist() == [125_431_234] * 5
    assert frame.columns.closes.tolist() == [125_000_000] * 5


@pytest.mark.parametrize(("ticks", "expected"), [(["0.25"], (2, 25)), (["0.25", None], (6, 0)), ([None], (6, 10_000))])
def test_a_container_takes_the_instruments_own_ticks(ticks: list[str | None], expected: tuple[int, int]) -> None:
    traded = [Traded(name, tick=Decimal(tick) if tick else None) for name, tick in zip("AB", ticks, strict=False)]
    names = [one.symbol for one in traded]
    frame = frame_of(bars(symbol=[names[day % len(names)] for day in range(5)]), panel=False, traded=traded)
    assert (frame.price_scale, frame.tick) == expected


def floats(price: float, kind: Any) -> pa.Table:
    return bars(**dict.fromkeys(("open", "high", "low", "close"), pa.array(np.full(5, price, kind))))


@pytest.mark.parametrize(("price", "scale"), [(105_123.4567, 4), (200_000.01, 2)])
def test_a_short_float_that_may_be_another_price_is_refused(price: float, scale: int, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"is not exact at a scale of {scale}"):
        read(floats(price, np.float32), tmp_path, scale)
    assert read(floats(price, np.float64), tmp_path, scale).columns.closes[0] == round(price * 10**scale)


def test_a_short_float_that_is_one_price_alone_is_read(tmp_path: Path) -> None:
    assert read(floats(100.1, np.float32), tmp_path, 2).columns.closes[0] == 10_010


@pytest.mark.parametrize("scale", [-2, 19, 400])
@pytest.mark.parametrize("table", [bars(), floats(1.25, np.float64)])
def test_a_scale_that_no_price_has_is_refused(table: pa.Table, scale: int, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot have"):
        read(table, tmp_path, scale)


def test_whole_numbers_beyond_64_bits_are_not_wrapped_round(tmp_path: Path) -> None:
    wide = pa.array([2**64 - 100] * 5, pa.uint64())
    with pytest.raises(ConfigError, match="open does not fit 64 bits"):
        read(bars(open=wide, high=wide, low=wide, close=wide), tmp_path, 2)


def test_large_volumes_are_exact(tmp_path: Path) -> None:
    assert read(bars(volume=[2**53 + 1] * 5), tmp_path).columns.volumes.tolist() == [2**53 + 1] * 5


def test_quantities_of_too_many_decimals_are_refused() -> None:
    with pytest.raises(ConfigError, match="quantities cannot have 400 decimals"):
        frame_of(bars(), panel=False, quantity_scale=400)


def test_a_corrupt_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bars.parquet"
    pq.write_table(bars(), path, compression="zstd")
    data = bytearray(path.read_bytes())
    data[4:60] = bytes(56)  # the first page, behind the magic number
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=r"bars\.parquet cannot be read"):
        read_parquet(path, price_scale=None, panel=False)


def test_quotes_become_slices_with_the_ask_on_top(tmp_path: Path) -> None:
    table = pa.table({"ts": bars().column("ts"), "bid": [99, 100, 101, 105, 99], "ask": [101, 101, 102, 103, 100]})
    columns = read(table, tmp_path, scale=0).columns
    assert columns.highs.tolist() == [101, 101, 102, 103, 100]
    assert columns.lows.tolist() == [99, 100, 101, 105, 99]
    assert columns.closes.tolist() == [100, 100, 101, 104, 99]
    assert columns.check() == 104  # the crossed one is let in: it will fill nothing


def test_whole_numbers_that_are_no_microseconds_are_not_taken_for_times(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not microseconds since 1970"):
        read(bars(ts=[1_600_000_000 + day for day in range(5)]), tmp_path)


def minutes(symbol: str, *marks: int) -> pa.Table:
    """Return one-minute bars of a symbol at minutes of 2020-01-01 and, for a second day, minutes from 1440 on."""
    times = [TIMES[0] + timedelta(minutes=mark) for mark in marks]
    price = pa.array([Decimal("1.25")] * len(marks), pa.decimal128(18, 8))
    return pa.table({"ts": pa.array(times, pa.timestamp("us", "UTC")), "symbol": [symbol] * len(marks), "open": price,
                     "high": price, "low": price, "close": price})  # fmt: skip


def test_a_symbols_sessions_are_those_of_its_own_bars(tmp_path: Path) -> None:
    a, b = minutes("A", 571, 572, 957, 2011, 2012), minutes("B", 570, 571, 959, 2010, 2013)
    alone = read(a, tmp_path).columns
    both = read(pa.concat_tables([a, b]), tmp_path).columns
    assert both.flags[both.members == 0].tolist() == alone.flags.tolist()
    assert alone.flags.tolist() == [SESSION_FIRST, 0, SESSION_LAST, SESSION_FIRST, 0]


def test_bars_last_as_long_as_the_steps_of_one_symbol(tmp_path: Path) -> None:
    day = 86_400_000_000
    table = pa.concat_tables([minutes("A", 0, 1440, 2880), minutes("B", 300, 1740)])
    assert read(table, tmp_path).columns.duration == day
    assert read(minutes("A", 0), tmp_path).columns.duration == 0


@pytest.mark.parametrize(("quantity_scale", "scale"), [(0, 6), (3, 3), (8, 2)])
def test_fine_quantities_leave_prices_fewer_decimals(quantity_scale: int, scale: int) -> None:
    assert frame_of(bars(), panel=False, quantity_scale=quantity_scale).price_scale == scale
