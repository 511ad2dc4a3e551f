"""From a run to its tear sheet, its journal on disk, and its place among others."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backtest.actions import Action
from backtest.compare import compare_strategies
from backtest.core.journal import decoded
from backtest.core.strategy import PanelStrategy, Strategy
from backtest.frames import Frame, frame_of
from backtest.journals import write_journal
from backtest.report import run_record
from backtest.run import Request, Result, run_backtest
from backtest.tearsheet import tear_sheet
from zeno.errors import ConfigError

START = datetime(2024, 1, 30, tzinfo=UTC)


class TurnOver(Strategy):
    """Buy three after the first bar, be short two after the second, and go flat after the third."""

    def on_bar(self, now: Any) -> None:
        if now.seen() < 3:
            now.target(3 if now.seen() == 0 else -2 if now.seen() == 1 else 0)


class Idle(Strategy):
    """Do nothing."""


class Both(PanelStrategy):
    """Buy one of each after the first row."""

    def on_slice(self, now: Any) -> None:
        if now.seen() == 0:
            now.target(0, 1)
            now.target(1, 1)


def bars(*closes: int, symbol: str = "X") -> pa.Table:
    times = [START + timedelta(days=day) for day in range(len(closes))]
    price = pa.array([Decimal(one) for one in closes], pa.decimal128(18, 2))
    return pa.table({"ts": pa.array(times, pa.timestamp("us", "UTC")), "symbol": [symbol] * len(closes), "open": price,
                     "high": price, "low": price, "close": price})  # fmt: skip


def at(day: float) -> int:
    return int((START + timedelta(days=day)).timestamp()) * 1_000_000


def frame(*closes: int) -> Frame:
    return frame_of(bars(*closes), panel=False, duration=86_400_000_000, origin={"file": "made up"})


def ran(folder: Path, strategy: Any = TurnOver, market: Frame | None = None, **asked: Any) -> Result:
    request = Request(strategy(), **{"sizer": "quantity:1", "lane": "plain", "cash": Decimal(1000), **asked})
    return run_backtest(request, market or frame(100, 110, 120, 90, 80), kernels=folder)


def test_a_position_turned_over_is_a_round_trip(tmp_path: Path) -> None:
    assert ran(tmp_path).summary()["trades"] == 2  # long to short, and short to flat


def test_a_days_bar_ends_with_its_day(tmp_path: Path) -> None:
    marks = run_record(ran(tmp_path)).marks
    assert [one.date().isoformat() for one in marks["ts"].to_pylist()][:3] == ["2024-01-30", "2024-01-31", "2024-02-01"]


def test_marks_carry_equity_and_exposure(tmp_path: Path) -> None:
    # bought 3 at 110, sold 5 at 120, bought 2 at 90
    marks = run_record(ran(tmp_path)).marks
    assert marks["equity"].to_pylist() == [1000, 1000, 1030, 1090, 1090]
    assert marks["net_exposure"].to_pylist() == pytest.approx([0, 330 / 1000, -240 / 1030, 0, 0])
    assert marks["gross_exposure"].to_pylist() == pytest.approx([0, 330 / 1000, 240 / 1030, 0, 0])


def test_fills_carry_money_to_the_last_digit(tmp_path: Path) -> None:
    record = run_record(ran(tmp_path, cost="bps:10", slippage="ticks:1"))
    assert record.fills["quantity"].to_pylist() == [3, -5, 2]
    assert record.fills["price"].to_pylist() == [111, 119, 91]  # whole numbers: a tick is one
    assert record.fills["notional"].to_pylist() == [333, -595, 182]
    assert record.fills["fee"].to_pylist() == [Decimal("0.333"), Decimal("0.595"), Decimal("0.182")]
    assert record.fills["slippage"].to_pylist() == [3, 5, 2]


def test_what_the_tear_sheet_explains_is_all_there_is(tmp_path: Path) -> None:
    sheet = tear_sheet(run_record(ran(tmp_path, cost="bps:10", borrow=Decimal("0.36")))).to_dict()
    assert Decimal(sheet["trades"]["unexplained"]) == 0
    assert run_record(ran(tmp_path, borrow=Decimal("0.36"))).other_cash["kind"].to_pylist() == ["borrow"]


def test_a_deposit_is_no_return_wherever_in_a_bar_it_comes(tmp_path: Path) -> None:
    for day in (2, 2.5, 3):
        result = ran(tmp_path, Idle, actions=(Action(at(day), "deposit", "USD", Fraction(1000)),))
        sheet = tear_sheet(run_record(result))
        assert (sheet.account.result, sheet.account.paid_in, sheet.trades.unexplained) == (1000, 1000, 0)
        assert sheet.performance.total_return.value == 0
        assert sheet.performance.best_session.value == 0


def test_one_instrument_is_compared_with_itself_and_several_with_equal_weights(tmp_path: Path) -> None:
    single = run_record(ran(tmp_path)).benchmark
    assert single is not None
    assert single["close"].to_pylist() == [100, 110, 120, 90, 80]
    market = frame_of(pa.concat_tables([bars(100, 110, 110), bars(50, 50, 60, symbol="Y")]), panel=True,
                      duration=86_400_000_000)  # fmt: skip
    both = run_record(ran(tmp_path, Both, market)).benchmark
    assert both is not None
    assert both["close"].to_pylist() == pytest.approx([100, 105, 105 * 1.1])


def test_a_journal_is_written_canonically_or_to_be_read(tmp_path: Path) -> None:
    result = ran(tmp_path)
    for name in ("run.journal", "run.parquet", "run.jsonl"):
        write_journal(result, tmp_path / name)
    assert decoded((tmp_path / "run.journal").read_bytes()).digest() == result.session.record.digest()
    kinds = pq.read_table(tmp_path / "run.parquet")["kind"].to_pylist()
    assert (kinds.count("submit"), kinds.count("fill"), kinds.count("mark")) == (3, 3, 5)
    lines = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines] == kinds
    submitted = next(line for line in lines if line["kind"] == "submit")
    assert submitted["price"] is None  # at market: no limit
    assert lines[-1]["cash"] == 1_090_000_000


def test_strategies_are_ranked_and_what_cannot_run_says_why(tmp_path: Path) -> None:
    closes = [100 + (day * 7) % 13 + day for day in range(60)]
    made = {"turn": TurnOver, "idle": Idle}

    def make(name: str) -> Any:
        if name not in made:
            raise ConfigError(f"there is no {name}", remedy="none")
        return made[name]()

    rows = compare_strategies(["idle", "nonesuch", "turn"], make, lambda _: frame(*closes),
                              lambda one: Request(one, sizer="quantity:1", lane="plain", cash=Decimal(1000)),
                              lambda name, number: None)  # fmt: skip
    assert [row["strategy"] for row in rows] == ["turn", "idle", "nonesuch"]
    assert rows[0]["sharpe"] is not None
    assert rows[1]["sharpe"] is None  # nothing moved: undefined, and last of those that ran
    assert "there is no nonesuch" in rows[2]["note"]
