"""A stage for the simulated venue: hand-made bars, and a script of what is submitted at the end of which."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backtest.core import events, lanes
from backtest.core.columns import Columns
from backtest.core.session import Session, Terms
from backtest.core.strategy import Strategy

STEP, LASTING = 100, 60  # µs from bar to bar, and how long a bar lasts
Script = Mapping[int, Callable[[Any], Any]]


@dataclass(frozen=True)
class Played:
    """What came of a script; slices are counted from 0."""

    session: Session

    def rows(self, *kinds: int) -> list[list[int]]:
        """Return the journal's rows of some kinds."""
        return [row for row in self.session.record.rows().tolist() if row[1] & 255 in kinds]

    @property
    def fills(self) -> list[tuple[int, int, int]]:
        """Return slice, signed quantity and price of every fill."""
        return [(row[0] // STEP, row[3], row[4]) for row in self.rows(events.FILL)]

    @property
    def orders(self) -> list[tuple[int, int]]:
        """Return slice and order id of every fill."""
        return [(row[0] // STEP, row[2]) for row in self.rows(events.FILL)]

    @property
    def fees(self) -> list[int]:
        """Return the fee of every fill, money units."""
        return [row[5] for row in self.rows(events.FILL)]

    @property
    def cancels(self) -> list[tuple[int, int, int, int]]:
        """Return slice, order id, quantity left and reason of every cancellation."""
        return [(row[0] // STEP, row[2], row[3], row[5]) for row in self.rows(events.CANCEL)]

    @property
    def rejects(self) -> list[tuple[int, int, int]]:
        """Return slice, quantity and reason of every refusal."""
        return [(row[0] // STEP, row[3], row[5]) for row in self.rows(events.REJECT)]

    @property
    def cash(self) -> list[tuple[int, int, int]]:
        """Return slice, amount and reason of money that moved without a trade."""
        return [(row[0] // STEP, row[4], row[5]) for row in self.rows(events.CASH)]

    @property
    def equity(self) -> list[int]:
        """Return the equity after every slice."""
        return self.session.record.equity().tolist()


def play(
    bars: Sequence[tuple[int, ...]],
    script: Script,
    *,
    last: Sequence[int] = (),
    first: Sequence[int] | None = None,
    step: int = STEP,
    lasting: int = LASTING,
    strategy: Any = None,
    quotes: bool = False,
    members: Sequence[int] = (),
    **terms: Any,
) -> Played:
    """Play a script in the plain lane.

    Parameters
    ----------
    bars
        Open, high, low, close and perhaps volume (100 otherwise) of each slice; one number stands for four.
    script
        What to do with the view at the end of a slice.
    last
        The slices that end a session.
    first
        The slices that begin one; by default the first of all, and those after the ones that end one.
    quotes
        The slices are quotes, which may be crossed.
    members
        The instrument of each slice, where there are several.
    """

    def on_bar(self: Any, now: Any) -> None:
        act = script.get((now.time() - lasting) // step)
        if act is not None:
            act(now)

    made = strategy or type("Scripted", (Strategy,), {"on_bar": on_bar, "__module__": __name__})
    full = [one * 4 if len(one) == 1 else one for one in bars]
    wide = np.array([one if len(one) == 5 else (*one, 100) for one in full], np.int64)
    begin = {0, *(k + 1 for k in last)} if first is None else first
    flags = np.array([(k in begin) + 2 * (k in last) for k in range(len(bars))])
    columns = Columns(np.arange(len(bars)) * step, *wide.T, flags=flags, members=np.array(members, np.int64),
                      duration=lasting, quotes=quotes)  # fmt: skip
    session = Session(made(), Terms(**{"cash": (1_000_000,), **terms}), Path("unused"))
    lanes.run(session, columns, "plain")
    return Played(session)
