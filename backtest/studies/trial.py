"""One trial: a strategy with one set of parameters over some slices, and what a study keeps of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backtest.frames import Frame
from backtest.run import Request, Result, run_backtest
from backtest.strategies.files import find_strategy
from zeno.errors import ConfigError

Floats = NDArray[Any]
OBJECTIVES = ("sharpe", "return", "calmar")
PERIODS = {"slice": 0, "1h": 3_600_000_000, "1d": 86_400_000_000}
_DECIMALS = ("cash", "participation", "margin", "borrow", "interest", "lot")
_YEAR = 365.25 * 86_400_000_000


@dataclass(frozen=True)
class History:
    """Equity at the end of every period of a trial.

    Attributes
    ----------
    moments
        End of each period, µs UTC, shape (n,).
    equity
        Money units at those ends, int64, shape (n,).
    initial
        What the account started with, money units.
    """

    moments: NDArray[np.int64]
    equity: NDArray[np.int64]
    initial: int

    @property
    def returns(self) -> Floats:
        """Return of each period on the equity before it; 0 from when there is none left."""
        before = np.r_[self.initial, self.equity[:-1]].astype(np.float64)
        alive = np.logical_and.accumulate(before > 0)
        return np.divide(self.equity - before, before, out=np.zeros(len(before)), where=alive)

    def between(self, start: int, end: int) -> "History":
        """Return the periods that end in (start, end], µs UTC."""
        first, last = (int(np.searchsorted(self.moments, moment, side="right")) for moment in (start, end))
        before = self.initial if first == 0 else int(self.equity[first - 1])
        return History(self.moments[first:last], self.equity[first:last], before)


def trial(question: Mapping[str, Any], parameters: Mapping[str, float], frame: Frame) -> Result:
    """Run the question's strategy with parameters beside those it fixes."""
    made = find_strategy(question["strategy"])(**{**question["fixed"], **parameters})
    terms: dict[str, Any] = {
        name: Decimal(value) if name in _DECIMALS else value for name, value in question["run"].items()
    }
    return run_backtest(Request(strategy=made, **terms), frame)


def history(result: Result, period: str) -> History:
    """Return the equity of a run at the end of every period: of every slice, hour or day (UTC)."""
    return _by_period(_by_slice(result), period)


def during(result: Result, period: str, start: int, end: int) -> History:
    """Return the history of the slices that begin in [start, end), µs UTC.

    A period of which only some slices are inside has those alone: what came before belongs to training or to the test
    before, and would count twice.
    """
    late = result.frame.columns.duration - 1  # what begins at ``start`` or later ends after ``start + late``
    return _by_period(_by_slice(result).between(start + late, end + late), period)


def _by_slice(result: Result) -> History:
    record = result.session.record
    return History(record.moments(), record.equity(), int(result.request.cash * 10**6))


def _by_period(found: History, period: str) -> History:
    if not len(found.moments):
        return found
    # A slice that ends on the stroke belongs to the period before it; interleaved instruments share moments.
    length = PERIODS[period]
    numbers = (found.moments - 1) // length if length else found.moments
    last = np.r_[np.diff(numbers) != 0, True]
    return History(found.moments[last], found.equity[last], found.initial)


def per_year(moments: NDArray[np.int64], idle: int = 0) -> float:
    """Return how many periods there are in a year, by the periods themselves; 252 for fewer than three.

    Parameters
    ----------
    moments
        End of each period, µs UTC, shape (n,).
    idle
        How much of the time between the first and the last has no periods because it was not asked about, µs.
    """
    if len(moments) < 3:
        return 252.0
    return float((len(moments) - 1) * _YEAR / max(int(moments[-1] - moments[0]) - idle, 1))


def score(returns: Floats, objective: str) -> float:
    """Return how good returns are: mean over standard deviation, compounded return, or that over the worst drawdown.

    Raises
    ------
    ConfigError
        When there is no such objective.
    """
    check_objective(objective)
    if objective == "sharpe":
        spread = float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
        return float(returns.mean()) / spread if spread > 0 else 0.0
    curve = np.cumprod(1.0 + returns)
    gain = float(curve[-1]) - 1.0 if len(curve) else 0.0
    return gain if objective == "return" else gain / max(drawdown(curve), 1e-9)


def check_objective(objective: str) -> None:
    """Refuse what ``score`` does not know.

    Raises
    ------
    ConfigError
        When there is no such objective.
    """
    if objective not in OBJECTIVES:
        raise ConfigError(f"There is no objective {objective!r}.", remedy=f"One of {', '.join(OBJECTIVES)}.")


def drawdown(curve: Floats) -> float:
    """Return the deepest fall of an equity curve that starts at 1, as a share of the peak before it."""
    peaks = np.maximum.accumulate(np.r_[1.0, curve])[1:]
    return float(np.max(1.0 - curve / peaks)) if len(curve) else 0.0
