"""Frames from the warehouse: real ticks, minutes and days, with the exchange's sessions, and every strategy on them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from builders import NOW, empty

from backtest.core.now import MONTH_LAST, SESSION_FIRST, SESSION_LAST
from backtest.frames import Frame, frame_of
from backtest.market import read_market
from backtest.run import Request, run_backtest
from backtest.strategies.registry import CATALOGUE
from collectors.dataset import Context
from collectors.registry import dataset
from warehouse.loader import Loader
from warehouse.store import Warehouse
from zeno.clock import ManualClock
from zeno.errors import ConfigError
from zeno.settings import Settings

SETS = ("instruments", "exchange_calendars", "emini_trades", "us_indices_daily", "us_tech_daily")
SUNDAY, TUESDAY = datetime(2013, 9, 1, tzinfo=UTC), datetime(2013, 9, 4, tzinfo=UTC)
SINGLE = [name for name, one in CATALOGUE.items() if not one.panel]  # type: ignore[attr-defined]
PANEL = [name for name, one in CATALOGUE.items() if one.panel]  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def store(running: Warehouse) -> Iterator[Warehouse]:
    """The warehouse with the E-mini's trades, daily bars, and the calendars."""
    empty(running)
    context = Context(settings=Settings.from_env(), clock=ManualClock(NOW))
    loader = Loader(running, clock=ManualClock(NOW, tick=0.001), patience=60)
    for name in SETS:
        for batch in dataset(name).read(context):
            loader.load(batch)
    yield running
    empty(running)


@pytest.fixture(scope="module")
def ticks(store: Warehouse) -> Frame:
    return read_market(["ES"], "tick", SUNDAY, TUESDAY, warehouse=store)


def days(store: Warehouse, *symbols: str, source: str, panel: bool = False) -> Frame:
    return read_market(symbols, "1d", datetime(2013, 1, 1, tzinfo=UTC), datetime(2016, 1, 1, tzinfo=UTC),
                       source=source, panel=panel, warehouse=store)  # fmt: skip


def test_every_trade_becomes_a_slice(ticks: Frame) -> None:
    assert len(ticks.columns) == 500_000
    assert (ticks.price_scale, ticks.tick) == (2, 25)
    assert set((ticks.columns.closes % 25).tolist()) == {0}  # the 0.25 tick, in hundredths
    assert ticks.traded[0].multiplier == Decimal(50)
    assert ticks.columns.duration == 0


def test_sessions_are_the_exchange_s_and_not_the_clock_s(ticks: Frame) -> None:
    first = ticks.columns.times[ticks.columns.flags & SESSION_FIRST != 0]
    opened = [datetime.fromtimestamp(one / 1e6, UTC).strftime("%a %H:%M") for one in first]
    assert opened[0] == "Sun 22:00"  # 17:00 in Chicago, and no new session at midnight
    assert len(opened) == 2, opened


def test_the_last_session_of_a_month_is_known_by_the_calendar(store: Warehouse) -> None:
    frame = days(store, "SP500", source="us_indices_daily")
    ends = frame.columns.times[frame.columns.flags & MONTH_LAST != 0].astype("datetime64[us]").astype("datetime64[D]")
    assert ends[:4].astype(str).tolist() == ["2013-01-31", "2013-02-28", "2013-03-28", "2013-04-30"]  # Good Friday
    assert ends[-1].astype(str) == "2015-12-31"  # the last bar of all: the calendar knows that January follows
    assert (frame.columns.flags & SESSION_LAST != 0).all()


def minutes(ticks: Frame) -> Frame:
    """Return 1-minute bars of the trades, computed here."""
    columns = ticks.columns
    minute = columns.times // 60_000_000
    start = np.flatnonzero(np.r_[True, np.diff(minute) != 0])
    end = np.r_[start[1:], len(minute)] - 1
    prices = {"open": columns.closes[start], "close": columns.closes[end],
              "high": np.maximum.reduceat(columns.closes, start), "low": np.minimum.reduceat(columns.closes, start),
              "volume": np.add.reduceat(columns.volumes, start)}  # fmt: skip
    return frame_of(pa.table({"ts": pa.array(minute[start] * 60_000_000, pa.timestamp("us", "UTC")), **prices}),
                    panel=False, price_scale=2, duration=60_000_000, traded=ticks.traded)  # fmt: skip


@pytest.mark.parametrize("resolution", ["ticks", "minutes", "days"])
def test_every_strategy_on_one_instrument_runs_on_real(
    resolution: str, ticks: Frame, store: Warehouse, tmp_path: Path
) -> None:
    frame = {"ticks": lambda: _head(ticks, 3_000), "minutes": lambda: _head(minutes(ticks), 2_000),
             "days": lambda: days(store, "SP500", source="us_indices_daily")}[resolution]()  # fmt: skip
    fills = {}
    for name in SINGLE:
        result = run_backtest(
            Request(CATALOGUE[name](), sizer="quantity:2", cost="bps:1", lane="plain"), frame, kernels=tmp_path
        )
        assert len(result.session.record.equity()) == len(frame.columns)
        fills[name] = result.summary()["fills"]
    assert sum(one > 0 for one in fills.values()) >= 15, fills


def test_every_panel_strategy_runs_on_real_days(store: Warehouse, tmp_path: Path) -> None:
    frame = days(store, "AAPL", "AMZN", "META", "MSFT", "NFLX", "GOOG", source="us_tech_daily", panel=True)
    fills = {}
    for name in PANEL:
        given = {"top": 2} if "top" in CATALOGUE[name].parameters() else {}  # type: ignore[attr-defined]
        result = run_backtest(
            Request(CATALOGUE[name](**given), sizer="quantity:2", lane="plain"), frame, kernels=tmp_path
        )
        fills[name] = result.summary()["fills"]
    assert sum(one > 0 for one in fills.values()) >= 12, fills


def test_what_real_data_suffer_from_is_said_of_a_run(store: Warehouse, tmp_path: Path) -> None:
    whole = read_market(["SP500"], "1d", datetime(1999, 1, 1, tzinfo=UTC), datetime(2019, 1, 1, tzinfo=UTC),
                        source="us_indices_daily", warehouse=store)  # fmt: skip
    frames = {"early": whole, "late": days(store, "NASDAQ", source="us_indices_daily"),
              "stocks": days(store, "AAPL", "AMZN", source="us_tech_daily")}  # fmt: skip
    notes = {name: run_backtest(Request(CATALOGUE["buy_and_hold"](), lane="plain"), one, kernels=tmp_path)
             .summary().get("notes") for name, one in frames.items()}  # fmt: skip
    assert [one.split(":")[0] for one in notes["early"]] == [
        "40% of the days open exactly at the close before them"]  # fmt: skip
    assert notes["late"] == []
    assert [one.split(":")[0] for one in notes["stocks"]] == ["Survivors only"]


def _head(frame: Frame, count: int) -> Frame:
    from dataclasses import replace

    return replace(frame, columns=frame.columns.slice(0, count))


def test_nothing_in_the_interval_is_said_plainly(store: Warehouse) -> None:
    with pytest.raises(ConfigError, match="no tick bars of ES from 2020-01-01"):
        read_market(["ES"], "tick", datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC), warehouse=store)
    with pytest.raises(ConfigError, match="2020-01-02 to 2020-01-01 is no interval"):
        read_market(["ES"], "tick", datetime(2020, 1, 2, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC), warehouse=store)
