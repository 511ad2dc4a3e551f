"""Random order flow, folded from the journal slice by slice: nothing is lost, and no order does what it may not."""

from pathlib import Path

import numpy as np
import pytest
from engine_strategies import Busy, Rotation
from folding import Account

from backtest.core import events, lanes
from backtest.core.arithmetic import NONE
from backtest.core.columns import Columns
from backtest.core.costs import BASIS_POINTS, MAKER_TAKER, PER_SHARE, SPREAD, TICKS, Costs, Slippage
from backtest.core.matching import SAME_CLOSE, TOUCH
from backtest.core.session import Session, Terms
from backtest.core.sizing import EQUITY, Sizer

MINUTE, LASTING, WORTH, CASH = 60_000_000, 40_000_000, 10_000, 10**9
SEEDS = 12

FLOWS = {
    "plain terms": {},
    "costs": {"costs": Costs(model=BASIS_POINTS, rate=123_456), "slippage": Slippage(model=SPREAD, size=500_000)},
    "volume": {"participation": 5_000_000, "costs": Costs(model=PER_SHARE, rate=3_333, least=10_000)},
    "late": {"latency": 90_000_000, "costs": Costs(model=MAKER_TAKER, rate=40_000, maker=-10_000)},
    "at the close": {"fill": SAME_CLOSE, "slippage": Slippage(model=TICKS, size=2)},
    "at the close, volume": {"fill": SAME_CLOSE, "participation": 5_000_000},
    "quotes": {"fill": TOUCH},
    "limits": {"margined": True, "cash": (5 * 10**7,), "interest": 9_000_000, "orders": 4},
}


def bars(seed: int, n: int, width: int, *, panel: bool = False) -> Columns:
    """Return bars near zero, of both signs, with gaps in time and sessions of ten slices."""
    draw = np.random.default_rng(seed)
    shape = (n, width) if panel else (n,)
    close = 20 + np.cumsum(draw.integers(-3, 4, shape), axis=0)
    open_ = close + draw.integers(-2, 3, shape)
    high, low = (
        np.maximum(open_, close) + draw.integers(0, 4, shape),
        np.minimum(open_, close) - draw.integers(0, 4, shape),
    )
    if panel:
        gone = draw.random(shape) < 0.15
        for one in (open_, high, low, close):
            one[gone] = NONE
    rows = np.arange(n)
    members = rows % width if not panel else np.zeros(n, np.int64)
    times = rows * MINUTE + (rows // 10) * 86_400_000_000
    return Columns(
        times,
        open_,
        high,
        low,
        close,
        draw.integers(0, 100, shape),
        flags=(rows % 10 == 0) + 2 * (rows % 10 == 9),
        members=members,
        duration=LASTING,
    )


def terms(width: int, **changed: object) -> Terms:
    one = {"worth": WORTH, "borrow": 4_000_000, "margin": 30_000_000, "max_position": 15}
    return Terms(**{"instruments": (one,) * width, "cash": (CASH,), **changed})


def follow(session: Session, columns: Columns) -> Account:
    """Run slice by slice, as a live account does, and check the books after every one."""
    session.feed(columns)
    engine, account = session.engine, Account(session.terms.cash[0], WORTH)
    feed, rows, read = lanes.Feed(session), lanes.events_of(columns, 0, len(columns)), 0
    last = [0] * session.width
    for i, row in enumerate(rows):
        feed.push(row)
        for chunk in session.record.chunks[read:]:
            for event in chunk.tolist():
                assert event[0] in (columns.times[i], columns.times[i] + LASTING)
                account.take(event)
        read = len(session.record.chunks)
        closes = (
            {int(columns.members[i]): int(columns.closes[i])}
            if not session.panel
            else dict(enumerate(columns.closes[i].tolist()))
        )
        for number, close in closes.items():
            last[number] = close if close != NONE else last[number]
        assert account.conserved()
        assert row[-1] == account.cash + sum(held * last[number] * WORTH for number, held in account.positions.items())
        assert session.number(engine.account.orders, "working") == len(account.working)
        for number, one in enumerate(engine.account.ledger.instruments):
            assert session.number(one, "position") == account.positions.get(number, 0)
            assert session.number(one, "pending") == account.pending(number)
            assert session.number(one, "working") == sum(each.instrument == number for each in account.working.values())
    feed.close()
    for name, value in (("fees", account.fees), ("turnover", None)):
        assert value is None or session.number(engine.account.ledger, name) == value
    return account


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("flow", FLOWS)
def test_nothing_is_lost_and_every_order_is_legal(flow: str, width: int, kernels: Path) -> None:
    seen: set[int] = set()
    groups = 0 if "participation" in FLOWS[flow] else 1  # the journal does not say which orders are one group
    for seed in range(1, SEEDS):
        columns, given = bars(seed, 300, width), terms(width, **FLOWS[flow])
        session = Session(Busy(seed=seed, groups=groups), given, kernels)
        account = follow(session, columns)
        seen |= account.seen
        plain = Session(Busy(seed=seed, groups=groups), given, kernels)
        lanes.run(plain, columns, "plain")
        assert session.record.rows().tolist() == plain.record.rows().tolist()
        assert session.snapshot() == plain.snapshot()
    wanted = {events.SUBMIT, events.REJECT, events.TRIGGER, events.FILL, events.CANCEL, events.CASH}
    assert seen == wanted


@pytest.mark.parametrize("flow", FLOWS)
def test_a_panel_loses_nothing_either(flow: str, kernels: Path) -> None:
    for seed in range(1, SEEDS):
        columns, given = (
            bars(seed, 200, 5, panel=True),
            terms(5, **{"sizer": Sizer(model=EQUITY, share=0.001), **FLOWS[flow]}),
        )
        session = Session(Rotation(), given, kernels)
        account = follow(session, columns)
        assert events.FILL in account.seen
        plain = Session(Rotation(), given, kernels)
        lanes.run(plain, columns, "plain")
        assert session.record.rows().tolist() == plain.record.rows().tolist()
        assert session.snapshot() == plain.snapshot()


@pytest.mark.parametrize("flow", [name for name in FLOWS if "participation" in FLOWS[name]])
def test_no_slice_gives_more_than_the_share_of_its_volume(flow: str, kernels: Path) -> None:
    for seed in range(1, SEEDS):
        columns = bars(seed, 300, 1)
        session = Session(Busy(seed=seed), terms(1, **FLOWS[flow]), kernels)
        lanes.run(session, columns, "plain")
        taken = dict.fromkeys(columns.times.tolist(), 0)
        for row in session.record.fills().tolist():
            at = row[0] if row[0] in taken else row[0] - LASTING
            taken[at] += abs(row[3])
        for at, volume in zip(columns.times.tolist(), columns.volumes.tolist(), strict=True):
            assert taken[at] <= volume // 20, (seed, at)
