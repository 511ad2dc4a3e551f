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
from backtest.frames import Frame, Traded, frame_of
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


class Once(Strategy):
    """Buy a unit after the first bar."""

    def on_bar(self, now: Any) -> None:
        if now.seen() == 0:
            now.hold(1)


class Idle(Strategy):
    """Do nothing."""


class Limited(Strategy):
    """Bid for one at 90 after the first bar."""

    def on_bar(self, now: Any) -> None:
        if now.seen() == 0:
            now.limit(1, 9000)


class Tenfold(Strategy):
    """Buy ten after the first bar of each instrument, and sell whatever there is after the fifth."""

    def on_bar(self, now: Any) -> None:
        if now.seen() == 0:
            now.buy(10)
        elif now.seen() == 4:
            now.target(0)


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


def test_a_limit_counts_from_the_bar_that_reached_it_under_same_close_too(tmp_path: Path) -> None:
    marks = run_record(ran(tmp_path, Limited, frame(100, 100, 80, 100), fill="same_close")).marks
    assert marks["net_exposure"].to_pylist() == pytest.approx([0, 0, 80 / 1000, 100 / 1020])


def test_a_split_rescales_exposure_lots_and_the_benchmark(tmp_path: Path) -> None:
    # 10 at 100 become 20 at 50, sold at 55
    split = Action(at(3), "split", "X", Fraction(2))
    record = run_record(ran(tmp_path, Tenfold, frame(100, 100, 100, 50, 50, 55), cash=Decimal(2000), actions=(split,)))
    assert record.marks["net_exposure"].to_pylist() == [0, 0.5, 0.5, 0.5, 0.5, 0]
    assert record.benchmark is not None
    assert record.benchmark["close"].to_pylist() == [100, 100, 100, 100, 100, 110]
    trades = tear_sheet(record).trades
    assert (trades.count, trades.open_lots, trades.closed_pnl, trades.unexplained) == (1, 0, 100, 0)


def test_a_split_before_an_instrument_trades_again_keeps_what_it_is_worth(tmp_path: Path) -> None:
    rows = [*bars(100, 100, 100, 50).to_pylist(), *bars(10, 10, 10, 10, symbol="Y").to_pylist()]
    market = frame_of(pa.Table.from_pylist(rows[:2] + rows[3:], bars(1).schema), panel=True, duration=86_400_000_000)
    record = run_record(ran(tmp_path, Both, market, actions=(Action(at(2), "split", "X", Fraction(2)),)))
    assert record.marks["net_exposure"].to_pylist() == pytest.approx([0, 0.11, 0.11, 0.11])


def test_what_a_split_leaves_nothing_of_is_closed(tmp_path: Path) -> None:
    split = Action(at(3), "split", "X", Fraction(1, 20))  # half a unit at 2,000 is paid out
    sheet = tear_sheet(run_record(ran(tmp_path, Tenfold, frame(100, 100, 100, 2000, 2000), actions=(split,))))
    assert (sheet.trades.count, sheet.trades.closed_pnl, sheet.trades.unexplained) == (1, -1000, 0)
    assert {item.kind: item.amount for item in sheet.costs.items}["cash in lieu"] == 1000


def abroad(folder: Path, *more: Action, **asked: Any) -> Result:
    """Hold ten of an instrument in EUR and ten of one in USD for four days, in an account in USD; a EUR is 2 USD."""
    market = frame_of(pa.concat_tables([bars(100, 100, 100, 100, 100, 100), bars(*[200] * 6, symbol="Y")]), panel=False,
                      duration=86_400_000_000, traded=(Traded("X", currency="EUR"), Traded("Y")))  # fmt: skip
    actions = (Action(at(0), "rate", "EUR", Fraction(2)), *more)
    return ran(folder, Tenfold, market, **{"currency": "USD", "cash": Decimal(10**6), "actions": actions, **asked})


def test_all_money_is_in_the_accounts_currency(tmp_path: Path) -> None:
    result = abroad(tmp_path, cost="bps:100", slippage="ticks:100")
    record = run_record(result)
    assert record.currency == "USD"
    assert record.fills["notional"].to_pylist() == [2020, 2010, -1980, -1990]
    assert record.fills["fee"].to_pylist() == [Decimal("20.2"), Decimal("20.1"), Decimal("19.8"), Decimal("19.9")]
    assert record.fills["slippage"].to_pylist() == [20, 10, 20, 10]
    assert result.summary()["fees"] == "80.000000"
    assert result.final_equity == 10**6 - 80 - 60
    assert tear_sheet(record).trades.unexplained == 0
    assert run_record(abroad(tmp_path)).marks["gross_exposure"].to_pylist()[3:9] == pytest.approx([0.004] * 6)


def test_each_fill_counts_at_the_rate_of_its_moment_and_cash_moves_with_it(tmp_path: Path) -> None:
    dearer = Action(at(3), "rate", "EUR", Fraction(3))
    record = run_record(abroad(tmp_path, dearer))
    assert record.fills["notional"].to_pylist() == [2000, 2000, -3000, -2000]
    assert record.marks["gross_exposure"].to_pylist()[5:8] == pytest.approx([0.004, 0.005, 0.005])
    # the stock gained what the thousand EUR that were borrowed for it cost
    assert record.other_cash.to_pylist()[0]["kind"] == "currency"
    assert record.other_cash["amount"].to_pylist() == [-1000]
    assert tear_sheet(record).account.result == tear_sheet(record).trades.unexplained == 0


def test_bookings_in_another_currency_are_converted(tmp_path: Path) -> None:
    more = (Action(at(2), "dividend", "X", Fraction(1)), Action(at(2), "deposit", "EUR", Fraction(500)),
            Action(at(2), "deposit", "USD", Fraction(7)), Action(at(4), "rate", "EUR", Fraction("2.5")))  # fmt: skip
    record = run_record(abroad(tmp_path, *more, interest=Decimal("0.36")))
    booked = [(one["kind"], one["amount"]) for one in record.other_cash.to_pylist()]
    # what is left of the thousand borrowed: less the deposit and ten EUR of dividends
    assert booked[:4] == [("deposit", 1000), ("deposit", 7), ("dividend", 20), ("interest", Decimal("-0.98"))]
    assert sorted(record.flows["amount"].to_pylist()) == [7, 1000]
    assert abs(tear_sheet(record).trades.unexplained) < Decimal("0.00001")


def test_tables_are_in_order_of_time_where_the_journal_is_not(tmp_path: Path) -> None:
    # X fills at the close of a moment at whose open Y fills a limit, next in the journal
    class Mixed(Strategy):
        def on_bar(self, now: Any) -> None:
            if now.seen() == 0:
                now.limit(1, 9000)
            elif now.instrument == 0:
                now.buy(1)

    market = frame_of(pa.concat_tables([bars(100, 100, 100), bars(100, 80, 80, symbol="Y")]), panel=False,
                      duration=86_400_000_000)  # fmt: skip
    noon = Action(at(1.5), "deposit", "USD", Fraction(7))
    result = ran(
        tmp_path, Mixed, market, fill="same_close", actions=(noon,), cash=Decimal(10), interest=Decimal("0.36")
    )
    record = run_record(result)
    assert record.fills["symbol"].to_pylist() == ["Y", "X", "X"]
    assert record.other_cash["kind"].to_pylist()[:2] == ["deposit", "interest"]
    assert tear_sheet(record).trades.open_lots == 3


def test_quantities_keep_all_their_decimals(tmp_path: Path) -> None:
    market = frame_of(bars(100, 100, 100), panel=False, duration=86_400_000_000, quantity_scale=9)
    record = run_record(ran(tmp_path, Once, market, sizer="quantity:0.123456789", lot=Decimal("1e-9")))
    assert record.fills["quantity"].to_pylist() == [Decimal("0.123456789")]


def test_fills_carry_money_to_the_last_digit(tmp_path: Path) -> None:
    record = run_record(ran(tmp_path, cost="bps:10", slippage="ticks:100"))
    assert record.fills["quantity"].to_pylist() == [3, -5, 2]
    assert record.fills["price"].to_pylist() == [111, 119, 91]  # a tick is a cent
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


def test_every_mark_comes_after_its_slice_and_before_the_next(tmp_path: Path) -> None:
    write_journal(ran(tmp_path), tmp_path / "run.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["submit", "mark", "fill", "submit", "mark", "fill", "submit", "mark",
                                                "fill", "mark", "mark"]  # fmt: skip


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


class Bleeds(Strategy):
    """Buy and sell a unit at every open: a fee a day, and nothing else."""

    def on_bar(self, now: Any) -> None:
        now.buy(1)
        now.sell(1)


def test_a_trial_whose_returns_hardly_vary_deflates_nobody() -> None:
    closes = [100 + (day * 7) % 13 + day for day in range(120)]
    made = {"turn": TurnOver, "once": Once, "idle": Idle, "bleeds": Bleeds}

    def ranked(*names: str) -> dict[str, dict[str, Any]]:
        rows = compare_strategies(list(names), lambda name: made[name](), lambda _: frame(*closes),
                                  lambda one: Request(one, lane="plain", cash=Decimal(1000), cost="share:0.1"),
                                  lambda *_: None)  # fmt: skip
        return {row["strategy"]: row for row in rows}

    alone, beside = ranked("turn", "once"), ranked("bleeds", "idle", "turn", "once")
    assert 0.01 < alone["once"]["deflated_sharpe"] < 1.0
    assert beside["bleeds"]["sharpe"] < -100  # it hardly varies
    for name in ("once", "turn"):
        assert beside[name]["deflated_sharpe"] == alone[name]["deflated_sharpe"]
        assert (beside[name]["trials"], beside[name]["counted"], beside[name]["note"]) == (2, True, "")
    assert sorted(list(beside)[2:]) == ["bleeds", "idle"]  # after those that were ranked
    assert "hardly vary" in beside["bleeds"]["note"]
    assert "No order was made" in beside["idle"]["note"]
    assert beside["bleeds"]["deflated_sharpe"] is beside["idle"]["deflated_sharpe"] is None
