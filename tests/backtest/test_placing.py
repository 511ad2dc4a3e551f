"""In which slice a row of the journal happened: what follows from the rows, against what a run slice by slice shows."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_strategies import Busy, Rotation

from backtest.core import events, lanes
from backtest.core.columns import Columns
from backtest.core.costs import BASIS_POINTS, SPREAD, Costs, Slippage
from backtest.core.matching import NEXT_OPEN, SAME_CLOSE, TOUCH
from backtest.core.orders import DAY as DAY_ORDER
from backtest.core.orders import Account
from backtest.core.session import Session, Terms
from backtest.core.strategy import Strategy
from backtest.placing import places

MINUTE, DAY = 60_000_000, 86_400_000_000
SLICES = 100

FLOWS: dict[str, dict[str, Any]] = {
    "next open": {},
    "costs": {"costs": Costs(model=BASIS_POINTS, rate=123_456), "slippage": Slippage(model=SPREAD, size=500_000)},
    "volume": {"participation": 5_000_000},
    "late": {"latency": 90_000_000},
    "the same close": {"fill": SAME_CLOSE},
    "the same close, volume": {"fill": SAME_CLOSE, "participation": 5_000_000},
    "quotes": {"fill": TOUCH},
    "financed": {"interest": 900_000_000, "cash": (10**6, 10**6), "rates": (10**9, 2 * 10**9)},
}


def bars(seed: int, width: int, *, panel: bool = False, lasting: int = MINUTE, still: bool = False, ending: bool = True
) -> Columns:  # fmt: skip
    """Return bars that follow each other without a gap in sessions of ten; ``still`` opens where the last closed.

    Without ``ending`` no bar says that a session ends.
    """
    draw = np.random.default_rng(seed)
    shape = (SLICES, width)
    close = 20 + np.cumsum(draw.integers(-2, 3, shape), axis=0)
    before = np.concatenate([close[:1], close[:-1]])
    open_ = before if still else before + draw.integers(-1, 2, shape)
    high = np.maximum(open_, close) + draw.integers(0, 4, shape)
    low = np.minimum(open_, close) - draw.integers(0, 4, shape)
    rows, volume = np.arange(SLICES), draw.integers(0, 100, shape)
    times, flags = rows * MINUTE + (rows // 10) * DAY, (rows % 10 == 0) + 2 * (rows % 10 == 9) * ending
    each = [one if panel else one.reshape(-1) for one in (open_, high, low, close, volume)]
    if panel:
        return Columns(times, *each, flags=flags, duration=lasting)
    return Columns(np.repeat(times, width), *each, flags=np.repeat(flags, width),
                   members=np.tile(np.arange(width), SLICES), duration=lasting)  # fmt: skip


def followed(strategy: Any, columns: Columns, width: int, *, acting: bool = False, **terms: Any) -> tuple[Session, Any]:
    """Run slice by slice; return the session, and for each row the slice that it happened in or before."""
    one = {"worth": 10_000, "borrow": 400_000_000, "max_position": 15}
    two = {**one, "currency": 1} if len(terms.get("cash", ())) > 1 else one
    given = Terms(**{"instruments": (two, *(one,) * (width - 1)), "cash": (10**9,), **terms})
    session, truth, read = Session(strategy, given, Path("unused")), [], 0
    session.feed(columns)
    for i in range(len(columns)):
        if acting and i % 7 == 3 and (i == 0 or columns.times[i] > columns.times[i - 1]):
            act(session, int(columns.times[i]) - i % 3 * 20_000_000, i)
        lanes.proceed(session, i + 1, "plain")
        rows = sum(map(len, session.record.chunks))
        truth += [i] * (rows - read)
        read = rows
    return session, truth


def act(session: Session, ts: int, i: int) -> None:
    """Do one of everything that may happen to an account between two slices."""

    def everything(account: Account) -> None:
        account.deposit(ts, 0, 1_000_000)
        account.dividend(ts, 0, 240_000, 1)
        account.split(ts, 0, *((2, 1) if i % 2 else (1, 2)))
        account.revalue(ts, 0, 10**9)

    session.act(everything)


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("seed", [1, 2])
def test_rows_are_placed_in_the_slices_in_which_they_happened(flow: str, width: int, seed: int) -> None:
    columns = bars(seed, width, still=seed % 2 == 0)
    strategy = Busy(seed=seed, groups=int(width == 1))
    session, truth = followed(strategy, columns, width, acting=seed % 2 == 0, **FLOWS[flow])
    assert len(set(truth)) > SLICES // 8
    assert places(session).tolist() == truth


@pytest.mark.parametrize("flow", FLOWS)
def test_rows_of_a_panel_are_placed(flow: str) -> None:
    columns = bars(5, 3, panel=True, still=True)
    session, truth = followed(Rotation(), columns, 3, acting=True, **FLOWS[flow])
    assert places(session).tolist() == truth


@pytest.mark.parametrize("fill", [NEXT_OPEN, SAME_CLOSE])
@pytest.mark.parametrize("lasting", [MINUTE // 2, 2 * MINUTE])
def test_slices_may_leave_gaps_or_overlap(fill: int, lasting: int) -> None:
    session, truth = followed(Busy(seed=3), bars(3, 2, lasting=lasting), 2, fill=fill)
    assert places(session).tolist() == truth


class Daily(Strategy):
    """Bids far below for the day, at every bar but a few."""

    def on_bar(self, now: Any) -> None:
        """Bid."""
        if now.seen() % 3 != 0:
            now.limit(1, -100, DAY_ORDER)


@pytest.mark.parametrize("ending", [True, False])
@pytest.mark.parametrize("width", [1, 2])
def test_orders_of_a_day_end_with_it_or_before_the_next(width: int, ending: bool) -> None:
    session, truth = followed(Daily(), bars(3, width, ending=ending), width)
    ended = session.record.of_kind(events.CANCEL)
    assert set(ended[:, 5].tolist()) == {events.BY_TIME}
    assert places(session).tolist() == truth


class Early(Strategy):
    """The first instrument's strategy takes back the order that the second one's has at work."""

    def on_bar(self, now: Any) -> None:
        """Bid far below, and cancel the other's bid."""
        if now.seen() == 0:
            now.limit(1, 1)
        elif now.seen() == 2 and now.instrument == 0:
            now.cancel(2)
            now.limit(1, 2)


def test_a_strategy_may_cancel_an_order_of_another_instrument() -> None:
    session, truth = followed(Early(), bars(1, 3), 3)
    assert truth == [0, 1, 2, 6, 6]
    assert places(session).tolist() == truth


class Second(Strategy):
    """Buy after the second trade and sell after the fourth."""

    def on_bar(self, now: Any) -> None:
        """Count."""
        if now.seen() in (1, 3):
            now.buy(2 - now.seen())


def test_trades_that_share_a_moment_are_told_apart_by_their_prices() -> None:
    prices = np.array([10, 10, 11, 12, 13, 14])
    ticks = Columns(np.array([5, 5, 5, 5, 5, 6]), *[prices] * 4, volumes=prices)
    session, truth = followed(Second(), ticks, 1)
    assert truth == [1, 2, 3, 4]
    assert places(session).tolist() == [0, 2, 2, 4]  # a decision has no price: it counts from the first that fits
