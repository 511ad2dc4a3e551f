"""Requests that contradict themselves or their data are refused, and never answered with something else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from backtest.compare import compare_strategies
from backtest.core.strategy import PanelStrategy, Strategy
from backtest.frames import Frame, frame_of
from backtest.run import Request, Result, run_backtest
from backtest.stopped import explained
from backtest.strategies.files import find_strategy
from backtest.strategies.sma_crossover import SmaCrossover
from zeno.errors import ConfigError

DAYS = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(5)]


class Buys(Strategy):
    """Buy a unit and keep it; ask for a limit order far away, whose price is rounded to a unit."""

    def on_bar(self, now: Any) -> None:
        now.hold(1)
        now.limit(1, now.close * 0.90004)


class Divides(Strategy):
    """Divide by zero."""

    def on_bar(self, now: Any) -> None:
        now.hold(1 // (now.seen() - now.seen()))


class Typo(Strategy):
    """Ask the view for what it does not have."""

    def on_bar(self, now: Any) -> None:
        now.hodl(1)


class Undefined(Strategy):
    """Use a name that nobody defined, once two slices are gone."""

    def on_bar(self, now: Any) -> None:
        threshold = 2
        if now.seen() > threshold:
            now.hold(treshold)  # type: ignore[name-defined]  # noqa: F821


class Floods(Strategy):
    """Ask for more in one slice than the journal has room for."""

    def on_bar(self, now: Any) -> None:
        for _ in range(100_000):
            now.buy(0)


class Rows(PanelStrategy):
    """Look at rows."""


def frame(last: str = "100.50", *, spread: int = 0, volume: int = 100, panel: bool = False, scale: int = 0) -> Frame:
    closes = [Decimal(one) for one in ("100.10", "100.20", "100.30", "100.40", last)]
    columns = dict.fromkeys(("open", "low", "close"), pa.array(closes, pa.decimal128(9, 2)))
    high = pa.array([one + spread for one in closes], pa.decimal128(9, 2))
    return frame_of(pa.table({"ts": pa.array(DAYS, pa.timestamp("us", "UTC")), **columns, "high": high,
                              "volume": [volume] * 5}), panel=panel, quantity_scale=scale)  # fmt: skip


def quotes() -> Frame:
    table = pa.table({"ts": pa.array(DAYS, pa.timestamp("us", "UTC")), "bid": [99] * 5, "ask": [101] * 5})
    return frame_of(table, panel=False, price_scale=0)


def ran(market: Frame, strategy: Callable[[], Any] = Buys, kernels: Path = Path("unused"), **asked: Any) -> Result:
    return run_backtest(Request(strategy(), **{"lane": "plain", **asked}), market, kernels=kernels)


REFUSED = {
    "a lot of nothing": ({"lot": Decimal(0)}, "a lot of 0 cannot be traded"),
    "a lot below nothing": ({"lot": Decimal(-5)}, "a lot of -5 cannot be traded"),
    "a part of a lot": ({"lot": Decimal(10), "sizer": "quantity:15"}, "quantity:15 is not a whole number of lots"),
    "debts to begin with": ({"cash": Decimal(-5)}, "an account cannot start with -5"),
    "a tick above all prices": ({"slippage": "ticks:100000000"}, "is more than any price"),
    "a fee above all prices": ({"cost": "share:1000000"}, "is more than any price"),
    "a margin beyond reason": ({"margin": Decimal(10**9)}, "margin of 1000000000 is beyond"),
    "a lane that does not exist": ({"lane": "quick"}, "no lane quick for this strategy"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_meant_is_refused(what: str) -> None:
    asked, message = REFUSED[what]
    with pytest.raises(ConfigError, match=message):
        ran(frame(), **asked)


def test_whole_lots_are_traded() -> None:
    assert ran(frame(), lot=Decimal(10), sizer="quantity:20").session.record.fills()[0, 3] == 20


def test_bars_have_no_touch() -> None:
    with pytest.raises(ConfigError, match="a bar's low and high are neither"):
        ran(frame(spread=1), fill="touch")
    assert ran(quotes(), fill="touch").session.record.fills()[0, 4] == 101
    assert ran(frame(), fill="touch").summary()["fills"] == 1  # trades of one price each: nothing to get wrong


def test_a_share_of_no_volume_is_refused() -> None:
    with pytest.raises(ConfigError, match="these data have none"):
        ran(frame(volume=0), participation=Decimal("0.1"))
    assert ran(frame(), participation=Decimal("0.1")).summary()["fills"] == 1


@pytest.mark.parametrize("lane", ["wake", "dense"])
def test_a_lane_that_panels_do_not_have_is_refused(lane: str) -> None:
    with pytest.raises(ConfigError, match=f"no lane {lane} for this strategy"):
        ran(frame(panel=True), Rows, lane=lane)


def test_a_price_to_come_moves_no_fill_and_no_order() -> None:
    even, odd = (ran(frame(last), slippage="ticks:1").session.record.rows() for last in ("100.50", "100.51"))
    early = even[:, 0] < even[-1, 0]
    assert early.sum() > 5
    assert even[early].tolist() == odd[odd[:, 0] < odd[-1, 0]].tolist()


@pytest.mark.parametrize(("strategy", "message"), [
    (Divides, r"Divides stopped the run: .* by zero \(.*test_requests\.py:\d+\)"),
    (Floods, "Floods stopped the run: a strategy caused more events in one slice"),
])  # fmt: skip
def test_a_strategy_that_stops_its_run_says_where(strategy: type[Strategy], message: str) -> None:
    with pytest.raises(ConfigError, match=message), explained(strategy()):
        ran(frame(), strategy)


@pytest.mark.parametrize("lane", ["auto", "plain"])
@pytest.mark.parametrize(("strategy", "message", "meant"), [
    (Typo, r"Typo stopped the run: now has no hodl \(.*test_requests\.py:\d+\)", "did you mean hold"),
    (Undefined, r"Undefined stopped the run: NameError: name 'treshold' .*test_requests\.py:\d+", "mean threshold"),
])  # fmt: skip
def test_a_slip_in_ones_own_code_is_told_as_such(strategy: type[Strategy], message: str, meant: str, lane: str,
                                                    tmp_path: Path) -> None:  # fmt: skip
    with pytest.raises(ConfigError, match=message) as told, explained(strategy()):
        ran(frame(), strategy, tmp_path, lane=lane)
    assert meant in told.value.remedy


_RAISES = """
from backtest.core.strategy import Strategy

class Raises(Strategy):
    def on_bar(self, now):
        if now.seen() > 2:
            raise ValueError("enough")
"""


def test_what_ones_own_code_raises_in_machine_code_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(_RAISES)
    found = find_strategy(f"{tmp_path / 'mine.py'}:Raises")
    with pytest.raises(ConfigError, match="Raises stopped the run: ValueError: enough") as told, explained(found):
        ran(frame(), found, tmp_path, lane="batch")
    assert "mine.py:7" in told.value.message or "--lane plain" in told.value.remedy


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(KeyError), explained(SmaCrossover()):
        raise KeyError("ours")


def test_a_comparison_goes_on_after_a_strategy_that_stops() -> None:
    classes = {one.__name__: one for one in (Buys, Divides)}
    rows = compare_strategies(list(classes), lambda name: classes[name](), lambda _: frame(),
                              lambda made: Request(made, lane="plain"), lambda *_: None)  # fmt: skip
    assert ["stopped the run" in row["note"] for row in rows] == [False, True]
