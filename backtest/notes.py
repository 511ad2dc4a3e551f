"""What a reader has to know of a run besides its figures: in its summary, on its tear sheet, in a comparison.

Belongs here: sentences on what of a request had no effect, and on why nothing was traded. Not here: what the data
suffer from (``caveats``).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from backtest.caveats import caveats_of
from backtest.core.sizing import VOLATILITY
from backtest.frames import RESOLUTIONS
from backtest.sizes import asks_sizer
from backtest.strategies.intraday import Intraday

if TYPE_CHECKING:
    from backtest.run import Result

_USUAL = "quantity:1"
_RISING = (("fast", "slow"), ("skip", "lookback"))


def notes_of(result: "Result") -> list[str]:
    """Return all notes on a run: what its data suffer from, and ``own_notes``."""
    return [*caveats_of(result.frame), *own_notes(result)]


def own_notes(result: "Result") -> list[str]:
    """Return the notes on what was asked: what of it had no effect, and why nothing was traded."""
    strategy, width = result.session.strategy, len(result.frame.traded)
    given = {name: getattr(strategy, name) for name in strategy.parameters()}
    odd = without_effect(type(strategy), given, result.request.sizer, width)
    return [*odd, *_turned_round(given), *_untraded(result)]


def without_effect(strategy: Any, given: Mapping[str, float], sizer: str, width: int) -> list[str]:
    """Return what of a request does nothing: a choice of all there are, and a sizer that is never asked.

    Parameters
    ----------
    given
        Parameters of the strategy; its defaults are those of the others.
    width
        How many instruments there are.
    """
    found, declared = [], strategy.parameters()
    top = given.get("top", declared["top"].initial) if strategy.panel and "top" in declared else 0
    if top >= width > 1:
        found.append(f"Nothing is selected: top is {top}, and there are {width} instruments. "
                     f"Give fewer, such as -p top={max(width // 4, 1)}.")  # fmt: skip
    if sizer != _USUAL and not asks_sizer(strategy):
        found.append(f"The sizer {sizer} has no effect: the strategy itself says how much it holds.")
    return found


def _turned_round(given: Mapping[str, float]) -> list[str]:
    """Return which parameters are the wrong way round, of strategies that run their rule for any of them."""
    return [f"{low} {given[low]} is not below {high} {given[high]}: the rule is run as it is written, and is no longer "
            "what the strategy is named for." for low, high in _RISING
            if low in given and high in given and given[low] >= given[high]]  # fmt: skip


def _untraded(result: "Result") -> list[str]:
    """Return why a run filled nothing, as far as that is known."""
    session = result.session
    orders, rejected = (session.number(session.engine.account.orders, name) for name in ("last_id", "rejected"))
    if session.number(session.engine.account.ledger, "fills"):
        return []
    if orders:
        return [f"None of {orders:,} orders was filled: the prices did not reach them, or the run ended before."]
    if rejected:
        return [f"All {rejected:,} orders were refused: --journal run.jsonl has the reason of each."]
    return [f"No order was made: {_why_none(result)}."]


def _why_none(result: "Result") -> str:
    bars, need = _bars(result), _needed(result)
    columns = result.frame.columns
    if bars < need:
        return f"it takes {need:,} bars until the strategy can decide, and there are {bars:,}"
    if type(result.session.strategy).panel and len(result.frame.traded) == 1:
        return "the strategy is about several instruments, and there is one; give more --symbols"
    if isinstance(result.session.strategy, Intraday) and columns.duration >= RESOLUTIONS["1d"]:
        return "the strategy trades within a session, and each has one bar; give --resolution 1m"
    return "what the strategy waits for did not happen, or a unit came to less than a lot"


def _bars(result: "Result") -> int:
    """Return the number of slices that the strategy saw: of several instruments, of the one that has most."""
    columns = result.frame.columns
    return int(np.bincount(columns.members).max()) if len(columns.members) else len(columns)


def _needed(result: "Result") -> int:
    """Return how many slices it takes until all indicators answer, the past is long enough and the sizer answers."""
    sizer = result.session.engine.sizer
    strategy: Any = result.session.strategy
    needed, steps = 1, dict[str, int]()
    for name, reading in type(strategy).readings.items():
        fed = steps.get(reading.of, 0) if "x" in reading.kind.inputs() else 0
        steps[name] = fed + reading.make(strategy).warmup() - (fed > 0)
        needed = max(needed, steps[name])
    if type(strategy).panel:
        needed = max(needed, strategy.history() + 1)
    if sizer.model >= VOLATILITY and asks_sizer(type(strategy)):
        needed = max(needed, sizer.warmup + 1)
    return needed
