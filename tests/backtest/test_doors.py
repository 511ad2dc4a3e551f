"""What reaches the engine is checked before it: shapes, members, instruments' numbers, prices that are no numbers."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import walks

from backtest.core import events, lanes
from backtest.core.arithmetic import NONE, nearest
from backtest.core.flat import parameter
from backtest.core.now import Now, Slice
from backtest.core.session import Session
from backtest.core.strategy import PanelStrategy, Strategy
from zeno.errors import ConfigError


class Idle(Strategy):
    """Does nothing."""


class Single(Strategy):
    """Does one thing, once."""

    def once(self, now: Now) -> None:
        """Do it."""

    def on_bar(self, now: Now) -> None:
        if now.seen() == 3:
            self.once(now)


def ran(strategy: Any, columns: Any, width: int = 1) -> Session:
    session = Session(strategy, walks.terms(width), Path("unused"))
    lanes.run(session, columns, "plain")
    return session


@pytest.mark.parametrize("name", ["opens", "highs", "closes", "volumes", "flags", "members"])
def test_a_column_that_is_too_short_is_refused(name: str) -> None:
    whole = walks.daily(20)
    with pytest.raises(ConfigError, match=r"are of shape \(\d+,\)"):
        ran(Idle(), replace(whole, **{name: getattr(whole, name)[:5]}))


@pytest.mark.parametrize("member", [-1, 3])
def test_a_slice_of_no_instrument_is_refused(member: int) -> None:
    whole = walks.daily(20)
    with pytest.raises(ConfigError, match="an instrument beyond the run's 3"):
        ran(Idle(), replace(whole, members=np.full(20, member)), 3)


def test_a_panel_is_refused_by_a_strategy_on_single_instruments() -> None:
    with pytest.raises(ConfigError, match="the run has 6 instruments"):
        ran(Idle(), walks.panel(20), 6)


def test_a_low_that_is_missing_alone_is_refused() -> None:
    columns = walks.panel(20, 2)
    columns.lows[7, 0] = NONE
    with pytest.raises(ConfigError, match="slice 7"):
        columns.check()


@pytest.mark.parametrize(("start", "stop"), [(0, 21), (5, 4), (21, 21), (-1, 5)])
def test_slices_that_are_not_there_are_refused(start: int, stop: int) -> None:
    session = Session(Idle(), walks.terms(), Path("unused"))

    def fed() -> None:
        session.feed(walks.daily(20), start)
        lanes.proceed(session, stop, "plain")

    with pytest.raises(ConfigError, match="slice"):
        fed()


ASKED = {
    "traded": lambda now, number: now.traded(number),
    "close": lambda now, number: now.close(number),
    "past_close": lambda now, number: now.past_close(number, 0),
    "position": lambda now, number: now.position(number),
    "worth": lambda now, number: now.worth(number, 100),
    "target": lambda now, number: now.target(number, 10),
    "hold": lambda now, number: now.hold(number, 1),
    "weight": lambda now, number: now.weight(number, 0.5),
}


class Asking(PanelStrategy):
    """Asks one question about one instrument."""

    question: str = ""
    number: int = parameter(0)

    def on_slice(self, now: Slice) -> None:
        ASKED[self.question](now, self.number)


@pytest.mark.parametrize("number", [-1, 2, 10**9])
@pytest.mark.parametrize("question", ASKED)
def test_an_instrument_beyond_the_row_is_the_next_slices_and_refused(question: str, number: int) -> None:
    made = type("Asking2", (Asking,), {"question": question, "__module__": __name__})
    with pytest.raises(IndexError, match="no instrument of that number"):
        ran(made(number), walks.panel(20, 2), 2)
    ran(made(1), walks.panel(20, 2), 2)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e19, -1e300])
def test_what_is_no_number_is_no_price(value: float) -> None:
    assert nearest(value) == NONE


@pytest.mark.parametrize("name", ["limit", "stop", "trail"])
def test_an_order_at_no_price_is_refused_with_its_reason(name: str) -> None:
    class Asks(Single):
        def once(self, now: Now) -> None:
            assert getattr(self, "ask_" + name)(now) == 0

        def ask_limit(self, now: Now) -> int:
            return now.limit(1, math.nan)

        def ask_stop(self, now: Now) -> int:
            return now.stop(1, math.nan)

        def ask_trail(self, now: Now) -> int:
            return now.trail(1, math.nan)

    refused = ran(Asks(), walks.daily(20)).record.of_kind(events.REJECT)
    assert refused[:, 5].tolist() == [events.BAD_PRICE]


@pytest.mark.parametrize(("target", "stop"), [(math.nan, 1.0), (1e6, math.nan)])
def test_a_bracket_without_both_exits_does_not_enter(target: float, stop: float) -> None:
    class Enters(Single):
        def once(self, now: Now) -> None:
            assert now.bracket(1, target, stop) == 0

    session = ran(Enters(), walks.daily(20))
    assert len(session.record.fills()) == 0
    assert session.number(session.engine.account.orders, "working") == 0


def test_a_weight_that_is_no_number_changes_nothing() -> None:
    class Weighs(Single):
        def once(self, now: Now) -> None:
            now.weight(math.nan)

    assert len(ran(Weighs(), walks.daily(20)).record.rows()) == 0


@pytest.mark.parametrize("share", [1e30, -1e30, math.inf])
def test_a_weight_beyond_all_bounds_is_refused(share: float) -> None:
    class Weighs(Single):
        def once(self, now: Now) -> None:
            now.weight(share)

    refused = ran(Weighs(), walks.daily(20)).record.of_kind(events.REJECT)
    assert refused[:, 5].tolist() == [events.TOO_LARGE]
