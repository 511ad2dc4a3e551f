"""The guard: a path unlike anything in past data is refused, because what would follow from it is made up.

    range     every value lies between the least and the greatest ever seen
    speed     no month-to-month move, the first from today included, is larger than any seen
    distance  the path as a whole surprises the model less than 99 of 100 past paths of the same variables and months
              did: its squared Mahalanobis distance from the forecast, the model being the same for all

The distance sees what the others cannot: values that each occurred, but never together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from mrie.scenarios.conditional import places
from mrie.scenarios.conditions import Assumption, Observed, Within
from mrie.scenarios.var import Var, forecast, path_covariance
from zeno.errors import OutOfSupport

SHARE = 0.99
_SLACK = 1e-9


@dataclass(frozen=True)
class Support:
    """What the guard found.

    Parameters
    ----------
    distance, limit
        Squared Mahalanobis distance of the path asked for, and that of the 99th of 100 past paths.
    reasons
        Why it is out of support; empty if it is within.
    """

    distance: float
    limit: float
    reasons: tuple[str, ...]

    def require(self, what: str) -> None:
        """Refuse a path that is out of support.

        Raises
        ------
        OutOfSupport
            With every reason.
        """
        if self.reasons:
            raise OutOfSupport(f"{what} is out of support: {'; '.join(self.reasons)}.",
                               remedy="Ask for something smaller, slower or shorter.")  # fmt: skip


def check_support(model: Var, known: pd.DataFrame, assumptions: Sequence[Assumption], horizon: int) -> Support:
    """Compare assumptions with the past of the variables they are about.

    Parameters
    ----------
    known
        Complete months up to today, columns as the model's.
    """
    values = known.to_numpy(float)
    wanted = [Observed(one.node, one.step, _nearest(one, known)) for one in assumptions]
    reasons = [*_range_reasons(known, wanted), *_speed_reasons(known, wanted)]
    at = places(wanted, model.names)
    inverse = np.linalg.pinv(path_covariance(model, horizon)[np.ix_(at, at)], hermitian=True)
    past = _past_distances(model, values, horizon, at, inverse)
    limit = float(np.quantile(past, SHARE))
    asked = np.array([one.value for one in wanted]) - forecast(model, values, horizon).ravel()[at]
    distance = float(asked @ inverse @ asked)
    if distance > limit:
        share = float(np.mean(past < distance))
        reasons.append(f"as a whole it is farther from what is expected than {share:.1%} of past paths "
                       f"(squared distance {distance:.1f}, limit {limit:.1f})")  # fmt: skip
    return Support(distance, limit, tuple(reasons))


def _nearest(one: Assumption, known: pd.DataFrame) -> float:
    """Return the value to judge: of a range, the one nearest to today's."""
    if isinstance(one, Within):
        return float(np.clip(known[one.node].iloc[-1], one.low, one.high))
    return one.value


def _range_reasons(known: pd.DataFrame, wanted: Iterable[Observed]) -> Iterable[str]:
    for one in wanted:
        low, high = float(known[one.node].min()), float(known[one.node].max())
        if not low - _SLACK <= one.value <= high + _SLACK:
            yield f"{one.node} {one.value:.4g} in month {one.step} was never seen, the range is {low:.4g} to {high:.4g}"


def _speed_reasons(known: pd.DataFrame, wanted: Sequence[Observed]) -> Iterable[str]:
    for node in dict.fromkeys(one.node for one in wanted):
        column = known[node].to_numpy(float)
        path = {0: float(column[-1])} | {one.step: one.value for one in wanted if one.node == node}
        steps = sorted(path)
        for before, after in pairwise(steps):
            fastest = float(np.max(np.abs(column[after - before :] - column[: -(after - before)])))
            move = path[after] - path[before]
            if abs(move) > fastest + _SLACK:
                yield (f"{node} moves by {move:.4g} from month {before} to {after}, the fastest ever was "
                       f"{fastest:.4g}")  # fmt: skip


def _past_distances(model: Var, values: np.ndarray, horizon: int, at: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    found = []
    for origin in range(model.lags, len(values) - horizon + 1):
        expected = forecast(model, values[:origin], horizon).ravel()[at]
        surprise = values[origin : origin + horizon].ravel()[at] - expected
        found.append(float(surprise @ inverse @ surprise))
    return np.array(found)
