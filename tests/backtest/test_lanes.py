"""A run may be cut anywhere and go on in another session, lane or process: nothing that it says changes."""

import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from engine_strategies import Busy, Delegating, Remembering, Rotation, Tallying, Turning, Waking, Watching

from backtest.core import lanes
from backtest.core.arithmetic import NONE
from backtest.core.columns import Columns
from backtest.core.costs import BASIS_POINTS, PER_SHARE, SQUARE_ROOT, TICKS, Costs, Slippage
from backtest.core.journal import Record, decoded
from backtest.core.matching import SAME_CLOSE
from backtest.core.now import Now
from backtest.core.session import Session, Terms
from backtest.core.sizing import EQUITY, VOLATILITY, Sizer
from backtest.core.strategy import Strategy
from backtest.strategies.ema_crossover import EmaCrossover
from backtest.strategies.sma_crossover import SmaCrossover
from zeno.errors import ConfigError

pytestmark = pytest.mark.long

MINUTE = 60_000_000
RUNS, CUTS = 20, (4, 8)  # of each case; in all well over a thousand cuts


def bars(seed: int, n: int, width: int = 1, *, panel: bool = False) -> Columns:
    """Return random bars of some instruments, interleaved or side by side."""
    draw = np.random.default_rng(seed)
    shape = (n, width) if panel else (n,)
    close = 1_000 + np.cumsum(draw.integers(-4, 5, shape), axis=0)
    open_ = close + draw.integers(-3, 4, shape)
    high, low = (
        np.maximum(open_, close) + draw.integers(0, 4, shape),
        np.minimum(open_, close) - draw.integers(0, 4, shape),
    )
    volume = draw.integers(0, 60, shape)
    rows = np.arange(n)
    flags = 1 * (rows % 20 == 0) + 2 * (rows % 20 == 19)
    if panel:
        gone = draw.random(shape) < 0.1
        for one in (open_, high, low, close):
            one[gone] = NONE
    members = rows % width if width > 1 and not panel else np.zeros(n, np.int64)
    return Columns(
        rows // (1 if panel else width) * MINUTE,
        open_,
        high,
        low,
        close,
        volume,
        flags=flags,
        members=members,
        duration=MINUTE,
    )


@dataclass(frozen=True)
class Case:
    """A strategy, its terms and its market."""

    strategy: type
    terms: Terms
    width: int = 1
    n: int = 240

    @property
    def panel(self) -> bool:
        return bool(self.strategy.panel)

    def columns(self) -> Columns:
        return bars(11, self.n, self.width, panel=self.panel)

    def session(self, folder: Path) -> Session:
        return Session(self.strategy(), self.terms, folder)


def terms(width: int = 1, **changed: object) -> Terms:
    one = {"worth": 10_000, "borrow": 5_000_000, "margin": 20_000_000}
    return Terms(
        **{"instruments": (one,) * width, "cash": (10**9,), "costs": Costs(model=BASIS_POINTS, rate=12_345), **changed}
    )


def free(width: int = 1, **changed: object) -> Terms:
    """Return terms without financing: nothing happens on a slice but trades."""
    return terms(width, **{"instruments": ({"worth": 10_000},) * width, **changed})


CASES = {
    "crossover": Case(SmaCrossover, terms()),
    "remembering": Case(Remembering, terms(slippage=Slippage(model=TICKS, size=1))),
    "tallying": Case(Tallying, terms()),
    "turning": Case(Turning, terms()),
    "turning late": Case(Turning, terms(latency=2 * MINUTE)),
    "passed over": Case(Waking, free()),
    "passed over, crossover": Case(SmaCrossover, free(), n=2_600),
    "watching the equity": Case(Watching, free()),
    "a part watches the equity": Case(Delegating, free()),
    "working orders": Case(Busy, terms(participation=10_000_000, costs=Costs(model=PER_SHARE, rate=7, least=50))),
    "sized and late": Case(Busy, terms(sizer=Sizer(model=VOLATILITY, share=0.2), latency=MINUTE, margined=True)),
    "at the close": Case(
        Busy, terms(fill=SAME_CLOSE, interest=3_000_000, slippage=Slippage(model=SQUARE_ROOT, size=10**6))
    ),
    "interleaved": Case(Busy, terms(3, sizer=Sizer(model=EQUITY, share=0.1)), 3, 300),
    "interleaved memory": Case(Remembering, terms(3), 3, 300),
    "panel": Case(Rotation, terms(6, sizer=Sizer(model=VOLATILITY, share=0.2)), 6, 200),
    "panel at the close": Case(Rotation, terms(6, fill=SAME_CLOSE), 6, 200),
}


def uncut(case: Case, lane: str, folder: Path) -> Session:
    session = case.session(folder)
    lanes.run(session, case.columns(), lane)
    return session


def cut_up(case: Case, draw: random.Random, folder: Path) -> tuple[Record, bytes, int]:
    """Run a case in legs, each in a session of its own and a lane by chance; returns what all said and the end."""
    columns, known = case.columns(), list(lanes.PANEL_LANES if case.panel else lanes.LANES)
    cuts = sorted(draw.randrange(len(columns) + 1) for _ in range(draw.randint(*CUTS)))
    whole, data = Record(), None
    for start, stop in zip([0, *cuts], [*cuts, len(columns)], strict=True):
        session = case.session(folder)
        if data is not None:
            session.restore(data)
        session.feed(columns, start=start)
        lanes.proceed(session, stop, draw.choice(known))
        data = session.snapshot()
        for mine, leg in zip(
            (whole.chunks, whole.slices, whole.marks),
            (session.record.chunks, session.record.slices, session.record.marks),
            strict=True,
        ):
            mine.extend(leg)
    return whole, data, len(cuts)


@pytest.mark.parametrize("name", CASES)
def test_every_lane_says_the_same(name: str, kernels: Path) -> None:
    case = CASES[name]
    plain = uncut(case, "plain", kernels)
    assert len(plain.record.fills()) > 10
    for lane in lanes.PANEL_LANES if case.panel else lanes.LANES:
        session = uncut(case, lane, kernels)
        assert session.record.rows().tolist() == plain.record.rows().tolist(), lane
        assert session.record.digest() == plain.record.digest(), lane
        assert session.snapshot() == plain.snapshot(), lane


@pytest.mark.parametrize("lane", ["batch", "dense"])
def test_interleaved_instruments_have_indicators_of_their_own(lane: str, kernels: Path) -> None:
    columns = bars(11, 600, 3)
    together = Session(SmaCrossover(fast=3, slow=9), free(3), kernels)
    lanes.run(together, columns, lane)
    fills = together.record.fills()
    for number in range(3):
        own = columns.members == number
        parts = [getattr(columns, name)[own] for name in ("times", "opens", "highs", "lows", "closes", "volumes")]
        alone = Session(SmaCrossover(fast=3, slow=9), free(), kernels)
        lanes.run(alone, Columns(*parts, duration=MINUTE), lane)
        mine = fills[fills[:, 1] // 256 == number]
        assert len(mine) > 20
        assert mine[:, [0, 3, 4, 5]].tolist() == alone.record.fills()[:, [0, 3, 4, 5]].tolist()


@pytest.mark.parametrize(("strategy", "about", "expected"), [
    (Waking, free(), True), (SmaCrossover, free(), True), (SmaCrossover, free(latency=MINUTE, participation=1), True),
    (Busy, free(), False),  # is asked on every slice
    (Remembering, free(), False), (Tallying, free(), False),  # ask for what moves meanwhile
    (Watching, free(), False), (Delegating, free(), False),  # hand their view on
    (SmaCrossover, free(2), False), (SmaCrossover, free(cash=(1, 1)), False),
    (SmaCrossover, free(instruments=({"worth": 1, "per": 10},)), False), (SmaCrossover, free(interest=1), False),
    (SmaCrossover, free(fill=SAME_CLOSE), False), (SmaCrossover, terms(), False),
    (SmaCrossover, free(sizer=Sizer(model=VOLATILITY)), False),
])  # fmt: skip
def test_slices_are_passed_over_where_only_the_equity_moves_on_them(
    strategy: type, about: Terms, expected: bool, kernels: Path
) -> None:
    assert bool(Session(strategy(), about, kernels).engine.quiet) is expected


@pytest.mark.parametrize("name", CASES)
def test_cutting_a_run_changes_nothing(name: str, kernels: Path) -> None:
    case = CASES[name]
    whole = uncut(case, "plain", kernels)
    cuts = 0
    for seed in range(RUNS):
        record, end, made = cut_up(case, random.Random(seed), kernels)
        assert record.encoded() == whole.record.encoded(), seed
        assert record.digest() == whole.record.digest(), seed
        assert end == whole.snapshot(), seed
        cuts += made
    assert cuts >= RUNS * sum(CUTS) // 2 * 0.9


@pytest.mark.parametrize("name", ["crossover", "working orders", "interleaved", "panel"])
def test_one_session_goes_on_in_any_lane(name: str, kernels: Path) -> None:
    """Every lane takes over from every other."""
    case, draw = CASES[name], random.Random(5)
    columns, known = case.columns(), list(lanes.PANEL_LANES if case.panel else lanes.LANES)
    legs = [lane for one in known for other in known for lane in (one, other)]
    session = case.session(kernels)
    session.feed(columns)
    for stop, lane in zip(sorted(draw.choices(range(len(columns)), k=len(legs))), legs, strict=True):
        lanes.proceed(session, stop, lane)
    lanes.proceed(session, len(columns), "plain")
    expected = uncut(case, "plain", kernels)
    assert session.record.digest() == expected.record.digest()
    assert session.snapshot() == expected.snapshot()


def test_a_pushed_slice_says_how_many_events_it_caused(kernels: Path) -> None:
    case = CASES["working orders"]
    session, columns = case.session(kernels), case.columns()
    session.feed(columns)
    feed = lanes.Feed(session)
    counts = [feed.push(row) for row in lanes.events_of(columns, 0, len(columns))]
    rows = uncut(case, "plain", kernels).record.rows()
    assert session.record.rows().tolist() == rows.tolist()
    assert [len(one) for one in session.record.chunks] == [one for one in counts if one]


def test_there_are_a_thousand_cuts() -> None:
    assert len(CASES) * RUNS * sum(CUTS) / 2 > 1_000


def test_orders_of_every_kind_are_at_work_somewhere_at_a_cut(kernels: Path) -> None:
    """What the cuts above cut through: stops, limits, trailing stops and sleeping children."""
    case, found = CASES["working orders"], set()
    session = case.session(kernels)
    session.feed(case.columns())
    orders = session.engine.account.orders
    for stop in range(1, case.n, 3):
        lanes.proceed(session, stop, "plain")
        found |= {(one.kind, one.dormant) for one in map(orders.at, range(orders.working))}
    assert {(1, 0), (2, 0), (3, 0), (4, 0), (1, 1), (2, 1)} <= found


@pytest.mark.parametrize("name", ["remembering", "interleaved", "panel"])
def test_another_process_says_the_same(name: str, kernels: Path) -> None:
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}; import test_lanes as t; from pathlib import Path;"
        f"s = t.uncut(t.CASES[{name!r}], 'batch', Path({str(kernels)!r}));"
        "print(s.record.digest(), s.snapshot().hex()[-64:])"
    )
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); {code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    here = uncut(CASES[name], "plain", kernels)
    assert done.stdout.split() == [here.record.digest(), here.snapshot().hex()[-64:]]


def test_a_snapshot_of_another_shape_is_refused(kernels: Path) -> None:
    data = uncut(CASES["crossover"], "plain", kernels).snapshot()
    with pytest.raises(ConfigError, match="snapshot is of another strategy"):
        CASES["remembering"].session(kernels).restore(data)
    with pytest.raises(ConfigError, match="snapshot is of another strategy"):
        CASES["crossover"].session(kernels).restore(data[:-8])


def test_a_snapshot_of_other_parameters_of_equal_size_is_refused() -> None:
    def session(**parameters: int) -> Session:
        return Session(EmaCrossover(**parameters), free(), Path("unused"))

    one = session(fast=3, slow=20)
    session(fast=3, slow=20).restore(one.snapshot())
    other = session(fast=4, slow=20)
    assert len(other.snapshot()) == len(one.snapshot())
    with pytest.raises(ConfigError, match="snapshot is of another strategy, other parameters"):
        other.restore(one.snapshot())


class Crowded(Strategy):
    """Fills the book and empties it again on every slice."""

    def on_bar(self, now: Now) -> None:
        now.cancel_all()
        for k in range(45):
            now.limit(1, now.close - 100 - k)


@pytest.mark.parametrize("lane", ["batch", "wake", "dense", "plain"])
def test_a_run_may_say_more_than_the_journals_buffer_holds(lane: str, kernels: Path) -> None:
    columns = bars(3, 1_000)
    session, one_by_one = (Session(Crowded(), terms(), kernels) for _ in range(2))
    lanes.run(session, columns, lane)
    lanes.run(one_by_one, columns, "live")  # whose rows are taken after every slice
    assert len(session.record.rows()) == 1_000 * 45 + 999 * 45
    assert session.record.digest() == one_by_one.record.digest()


def test_the_journal_keeps_room_for_a_slice_of_a_wide_panel(kernels: Path) -> None:
    session = Session(Rotation(), terms(3_000), kernels)
    journal = session.engine.journal
    assert session.number(journal, "most") - session.number(journal, "room") >= 4 * 3_000


def test_what_a_run_said_outlives_it(kernels: Path) -> None:
    """Its memory is handed on, but not while its record is there."""
    case = CASES["working orders"]
    record = uncut(case, "batch", kernels).record
    digest = record.digest()
    others = {uncut(CASES[name], "batch", kernels).record.digest() for name in ("crossover", "passed over, crossover")}
    assert record.digest() == digest
    assert digest not in others


@pytest.mark.parametrize("name", ["crossover", "interleaved", "panel"])
@pytest.mark.parametrize("lane", ["live", "batch", "plain"])
def test_running_no_slices_changes_nothing(name: str, lane: str, kernels: Path) -> None:
    session = CASES[name].session(kernels)
    session.feed(CASES[name].columns())
    before = session.snapshot()
    lanes.proceed(session, 0, lane)
    assert session.snapshot() == before
    assert session.record.encoded() == Record().encoded()


def test_there_is_no_other_lane(kernels: Path) -> None:
    session = CASES["panel"].session(kernels)
    session.feed(CASES["panel"].columns())
    with pytest.raises(ConfigError, match="there is no lane wake"):
        lanes.proceed(session, 1, "wake")


def test_a_journal_decodes_to_itself_and_damage_shows(kernels: Path) -> None:
    record = uncut(CASES["interleaved"], "plain", kernels).record
    data = record.encoded()
    again = decoded(data)
    assert again.encoded() == data
    assert again.digest() == record.digest()
    assert again.rows().tolist() == record.rows().tolist()
    assert again.equity().tolist() == record.equity().tolist()
    assert again.moments().tolist() == record.moments().tolist()
    for cut in (0, 1, 15, 31, len(data) - 8, len(data) - 1):
        with pytest.raises(ValueError, match="not a journal, or not all of it"):
            decoded(data[:cut])
    with pytest.raises(ValueError, match="not a journal, or not all of it"):
        decoded(data + bytes(8))


def test_a_changed_byte_is_refused_or_changes_the_digest(kernels: Path) -> None:
    record = uncut(CASES["interleaved"], "plain", kernels).record
    data, draw, refused = record.encoded(), random.Random(1), 0
    for at in [*range(31), *(draw.randrange(31, len(data)) for _ in range(300))]:
        changed = bytearray(data)
        changed[at] ^= 1 << draw.randrange(8)
        try:
            assert decoded(bytes(changed)).digest() != record.digest()
        except ValueError:
            refused += 1
            assert at < 31
    assert refused == 31
