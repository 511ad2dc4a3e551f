"""What data suffer from is said of every run over them: opens that were made up, closes alone, survivors only."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import make_settings

from backtest.core.strategy import PanelStrategy, Strategy
from backtest.frames import frame_of
from backtest.report import run_record
from backtest.run import Request, Result, run_backtest
from backtest.studies import ask
from backtest.tearsheet import tear_sheet

START = datetime(2024, 1, 1, tzinfo=UTC)
MADE_UP = "open exactly at the close before them"


class Holds(Strategy):
    """Buy a unit and keep it."""

    def on_bar(self, now: Any) -> None:
        now.hold(1)


class HoldsAll(PanelStrategy):
    """Buy a unit of each and keep it."""

    def on_slice(self, now: Any) -> None:
        for number in range(now.width):
            now.hold(number, 1)


def bars(unmoved: int, symbol: str = "X", *, days: int = 100, step: timedelta = timedelta(days=1)) -> pa.Table:
    """Return rising bars, the first of which open at the close before them: ``unmoved`` of those that have one."""
    closes = [1_000 + 10 * day for day in range(days)]
    opens = [990, *(closes[day - 1] + (0 if day <= unmoved else 3) for day in range(1, days))]
    times = [START + step * day for day in range(days)]
    return pa.table({"ts": pa.array(times, pa.timestamp("us", "UTC")), "symbol": [symbol] * days, "open": opens,
                     "high": [one + 5 for one in closes], "low": opens, "close": closes})  # fmt: skip


def ran(table: pa.Table, strategy: type = Holds, **more: Any) -> Result:
    market = frame_of(table, panel=bool(strategy.panel), price_scale=2)  # type: ignore[attr-defined]
    return run_backtest(Request(strategy(), lane="plain"), replace(market, **more), kernels=Path("unused"))


def told(result: Result) -> list[str]:
    return result.summary().get("notes", [])


@pytest.mark.parametrize("strategy", [Holds, HoldsAll])
def test_opens_that_were_made_up_are_said_on_every_page(strategy: type, tmp_path: Path) -> None:
    result = ran(bars(40, days=101), strategy)
    (note,) = told(result)
    assert note.startswith("40% of the days")
    assert MADE_UP in note
    assert note in tear_sheet(run_record(result)).notes
    pq.write_table(bars(40, days=101), tmp_path / "bars.parquet")
    asked = ask.from_file(tmp_path / "bars.parquet", make_settings(tmp_path), price_scale=2)
    assert asked.data["caveats"] == [note]


def test_opens_of_several_instruments_are_compared_with_their_own_closes() -> None:
    assert MADE_UP in told(ran(pa.concat_tables([bars(100), bars(100, "Y")])))[0]
    # every other bar of X: its opens are those of the days before, which are not there
    gaps = bars(100).take(list(range(0, 100, 2)))
    assert told(ran(pa.concat_tables([gaps, bars(0, "Y")]), HoldsAll)) == []


def test_real_opens_are_not_suspected() -> None:
    assert told(ran(bars(20, days=101))) == []
    assert told(ran(bars(19, days=20))) == []  # too few to say
    assert told(ran(bars(100, step=timedelta(minutes=1)))) == []  # within a session markets trade so
    still = bars(100)
    for name in ("open", "high", "low"):
        still = still.set_column(still.column_names.index(name), name, still["close"])
    assert told(ran(still)) == []


def test_survivors_and_closes_alone_are_said_of_a_single_run() -> None:
    assert told(ran(bars(0), sources=("us_indices_daily",))) == []
    result = ran(bars(0), sources=("us_equities_daily", "us_tech_daily"), origin={"closes only": "100 bars; so"})
    assert [note.split(":")[0] for note in told(result)] == ["Survivors only", "Closes alone"]
    assert tear_sheet(run_record(result)).notes[:2] == tuple(told(result))
