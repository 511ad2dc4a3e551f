"""No strategy sees the future: the gate passes on the whole catalogue, and each planted peek turns it red."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import walks

from backtest.causality import Violation, check_causality
from backtest.core import engine as series
from backtest.core import lanes
from backtest.core.columns import Columns
from backtest.core.flat import state
from backtest.core.indicator import Indicator
from backtest.core.now import Now, Slice
from backtest.core.session import Session
from backtest.core.strategy import PanelStrategy, Strategy, indicator
from backtest.indicators import SMA
from backtest.sessions import flags_of
from backtest.strategies.registry import CATALOGUE
from zeno.errors import ConfigError

COMPILED = ("sma_crossover", "xs_momentum")
UNUSED = Path("unused")
QUIET = {"vwap_reversion"}  # needs a move of three ranges away from the mean price within a day


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "kernels"


@pytest.fixture
def unsealed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a strategy be made that the check of its code would refuse."""
    monkeypatch.setattr("backtest.core.strategy.refuse_reaching", lambda cls: None)


def shortened(cls: type) -> Any:
    """Return a strategy whose long look-backs fit a few hundred slices."""
    short = {name: max(int(one.minimum or 1), int(one.initial) // 6)
             for name, one in cls.parameters().items() if one.kind.value == "int" and one.initial >= 50}  # fmt: skip
    try:
        return cls(**short)
    except ConfigError:
        return cls()


def market_of(cls: Any) -> list[Columns]:
    return [walks.panel()] if cls.panel else [walks.daily(), walks.intraday(), walks.intraday(gap=400)]


def gate(
    strategy: Any, columns: Columns | None = None, lane: str = "plain", folder: Path = UNUSED, **options: Any
) -> list[Violation]:
    panel = type(strategy).panel
    columns = columns or (walks.panel() if panel else walks.daily())
    return check_causality(strategy, columns, walks.terms(columns.width), folder, lane=lane, **options)


@pytest.mark.parametrize("name", CATALOGUE)
def test_no_strategy_of_the_catalogue_depends_on_later_slices(name: str) -> None:
    for columns in market_of(CATALOGUE[name]):
        assert gate(shortened(CATALOGUE[name]), columns, cuts=4) == []


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_gate_has_something_to_look_at(name: str) -> None:
    fills = 0
    for columns in market_of(CATALOGUE[name]):
        session = Session(shortened(CATALOGUE[name]), walks.terms(columns.width), UNUSED)
        lanes.run(session, columns, "plain")
        fills += len(session.record.fills())
    assert fills > 0 or name in QUIET


@pytest.mark.parametrize("name", COMPILED)
def test_compiled_runs_do_not_depend_on_later_slices(name: str, kernels: Path) -> None:
    assert gate(shortened(CATALOGUE[name]), lane="batch", folder=kernels, cuts=12) == []


def test_interleaved_instruments_do_not_depend_on_later_slices() -> None:
    one, rng = walks.daily(), np.random.default_rng(5)
    columns = replace(one, members=rng.integers(0, 3, len(one)))
    strategy = shortened(CATALOGUE["sma_crossover"])
    assert check_causality(strategy, columns, walks.terms(3), UNUSED) == []


def test_flags_of_a_calendar_do_not_change_with_later_slices() -> None:
    times = walks.intraday().times
    days = np.unique(times // walks.DAY)
    days = np.arange(days[0], days[-1] + 40)
    sessions = np.stack([days * walks.DAY + 810 * walks.MINUTE, days * walks.DAY + 1200 * walks.MINUTE, days], axis=1)
    whole = flags_of(times, 10 * walks.MINUTE, sessions)
    for cut in (1, 38, 39, 40, 200):
        assert (flags_of(times[:cut], 10 * walks.MINUTE, sessions) == whole[:cut]).all()


# ---- planted peeks: refused when their class is made ----


def test_a_look_at_the_next_close_is_refused_when_the_class_is_made() -> None:
    with pytest.raises(ConfigError, match=r"Peek touches now.closes .*test_causality.py:\d+"):

        class Peek(Strategy):
            def on_bar(self, now: Now) -> None:
                now.hold(1 if now.closes[now.at + 1] > now.close else 0)


def test_the_message_names_the_line() -> None:
    with pytest.raises(ConfigError) as caught:

        class Peek(Strategy):
            def on_bar(self, now: Now) -> None:
                if now.close > 0:
                    now.at = 7

    line = Path(__file__).read_text().splitlines()[int(str(caught.value).split(".py:")[1].split(")")[0]) - 1]
    assert line.strip() == "now.at = 7"


def next_close(view: Any) -> int:
    return view.closes[view.at + 1]


def test_a_look_through_a_helper_function_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"touches view\.closes"):

        class Peek(Strategy):
            def on_bar(self, now: Now) -> None:
                now.hold(1 if next_close(now) > now.close else 0)


def test_a_look_through_a_method_another_name_or_a_keyword_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"touches seen\.lows"):

        class Peek(Strategy):
            def on_bar(self, now: Now) -> None:
                same = now
                self.decide(quantity=1, seen=same)

            def decide(self, quantity: int, seen: Now) -> None:
                seen.buy(quantity + seen.lows[0])


@pytest.mark.parametrize("body", ["getattr(now, 'closes')", "vars(now)", "now.__dict__", "now._order", "now.ledger",
                                  "now.session", "now.words", "setattr(now, 'at', 3)"])  # fmt: skip
def test_ways_around_are_refused(body: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="that is the engine's"):
        defined(f"class Peek(Strategy):\n    def wake(self, now):\n        return bool({body})\n", tmp_path)


@pytest.mark.parametrize("statement", ["self.kept = now", "now.history = 10", "now.started += 1", "del now.width"])
def test_keeping_the_view_and_assigning_to_it_are_refused(statement: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="that is the engine's"):
        defined(f"class Peek(PanelStrategy):\n    def on_slice(self, now):\n        {statement}\n", tmp_path)


def test_a_strategys_own_fields_may_have_such_names() -> None:
    class Own(Strategy):
        at: int = state()
        flags: int = state()

        def on_bar(self, now: Now) -> None:
            self.at += 1
            self.flags = self.at % 2
            now.hold(self.flags)

    assert gate(Own()) == []


def defined(text: str, folder: Path) -> None:
    """Execute a module's text that ``inspect`` finds the source of."""
    path = folder / "peek.py"
    path.write_text(text)
    exec(compile(text, str(path), "exec"), {"Strategy": Strategy, "PanelStrategy": PanelStrategy, "__name__": "peek"})


# ---- planted peeks: past the check of the code, the gate finds them ----


def test_the_gate_finds_a_look_at_the_next_close(unsealed: None) -> None:
    class Peek(Strategy):
        def on_bar(self, now: Now) -> None:
            after = now.closes[min(now.at + 1, len(now.closes) - 1)]
            now.hold(1 if after > now.close else -1)

    assert any("changes with later prices" in one.what for one in gate(Peek()))


def test_the_gate_finds_a_reference_to_the_whole_column(unsealed: None) -> None:
    class Hoard(Strategy):
        def on_bar(self, now: Now) -> None:
            if now.seen() == 0:
                self.column = now.closes
            now.hold(1 if now.close > max(self.column) / 2 else -1)

    assert gate(Hoard()) != []


def test_the_gate_finds_a_look_past_the_end(unsealed: None) -> None:
    class Peek(Strategy):
        def on_bar(self, now: Now) -> None:
            now.hold(1 if now.closes[now.at + 1] > now.close else 0)

    assert "what it may not see" in str(gate(Peek())[0])


FUTURE: list[float] = []


class Oracle(Indicator):
    """Answers the value that comes next, from a list that was made of the whole column."""

    seen: int = state()

    def warmup(self) -> int:
        return 1

    def update(self, x: float) -> float:
        self.seen += 1
        return FUTURE[self.seen] if self.seen < len(FUTURE) else x


def test_the_gate_finds_an_indicator_that_reads_the_future() -> None:
    class Told(Strategy):
        ahead: float = indicator(Oracle)

        def on_bar(self, now: Now) -> None:
            now.hold(1 if self.ahead > now.close else -1)

    def derive(columns: Columns) -> Columns:
        FUTURE[:] = [float(one) for one in columns.closes]
        return columns

    assert gate(Told(), derive=derive) != []


def test_the_gate_finds_an_engine_that_feeds_indicators_the_next_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = series.updating
    monkeypatch.setattr(series, "updating", lambda strategy, one, holder, column, place: feed(
        strategy, one, holder, column.replace("[j]", "[min(j + 1, stop - 1)]"), place))  # fmt: skip

    class Told(Strategy):
        mean: float = indicator(SMA, 2)

        def on_bar(self, now: Now) -> None:
            now.hold(1 if now.close > self.mean else -1)

    assert gate(Told(), cuts=12) != []


class OnFlag(Strategy):
    """Long after a flag that says the session ends."""

    def on_bar(self, now: Now) -> None:
        now.hold(1 if now.session_last() else -1)


def test_the_gate_finds_flags_computed_from_the_future() -> None:
    def rising_next(columns: Columns) -> Columns:
        flags = np.r_[np.diff(columns.closes) > 0, False] * 2
        return replace(columns, flags=flags.astype(np.int64))

    found = gate(OnFlag(), derive=rising_next)
    assert "a derived column changes with later prices" in {one.what for one in found}
    assert gate(OnFlag()) == []


class Back(PanelStrategy):
    """Looks ``reach`` slices back after declaring five."""

    reach: int = 0

    def history(self) -> int:
        return 5

    def on_slice(self, now: Slice) -> None:
        if now.past_close(0, self.reach) > 0:
            now.hold(0, 1)


@pytest.mark.parametrize("reach", [-1, 6, 10**9, -(2**62)])
def test_a_panel_strategy_sees_its_declared_history_and_nothing_past_now(reach: int) -> None:
    made = type("Reaching", (Back,), {"reach": reach, "__module__": __name__})()
    session = Session(made, walks.terms(6), UNUSED)
    with pytest.raises(IndexError, match="declared history"):
        lanes.run(session, walks.panel(), "plain")
    assert "what it may not see" in str(gate(made)[0])


@pytest.mark.parametrize("reach", [0, 5])
def test_a_panel_strategy_sees_all_of_its_declared_history(reach: int) -> None:
    made = type("Reaching", (Back,), {"reach": reach, "__module__": __name__})()
    assert gate(made) == []


class Ahead(PanelStrategy):
    """Asks for the close of the next slice."""

    def on_slice(self, now: Slice) -> None:
        now.hold(0, 1 if now.past_close(0, -1) > now.close(0) else 0)


def test_compiled_code_cannot_look_past_now_either(kernels: Path) -> None:
    session = Session(Ahead(), walks.terms(6), kernels)
    with pytest.raises(IndexError, match="declared history"):
        lanes.run(session, walks.panel(), "batch")


def test_a_sound_strategy_that_never_trades_passes() -> None:
    class Idle(Strategy):
        mean: float = indicator(SMA, 300)

        def on_bar(self, now: Now) -> None:
            if math.isinf(self.mean):
                now.hold(1)

    assert gate(Idle()) == []
