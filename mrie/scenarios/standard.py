"""The scenarios of every report: the same question as an observation and as an act."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mrie.causal import Graph
from mrie.scenarios.conditions import observed, set_to
from mrie.scenarios.intervention import reached
from mrie.scenarios.paths import HORIZON, Path, run_conditional, run_forecast, run_intervention
from mrie.scenarios.var import complete_months
from zeno.errors import OutOfSupport


@dataclass(frozen=True)
class Standard:
    """A variable that departs from today's value by ``moves``, month by month, in its unit."""

    name: str
    statement: str
    node: str
    moves: tuple[float, ...]


STANDARD = (
    Standard("credit_stress", "The credit spread is one point wider for six months.", "credit_spread", (1.0,) * 6),
    Standard("housing_slump", "Housing starts are 15% lower for six months.", "housing_starts",
             (float(100 * np.log(0.85)),) * 6),
    Standard("tightening", "The policy rate rises by a quarter point a month for four months and stays.", "policy_rate",
             (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)),
)  # fmt: skip


@dataclass(frozen=True)
class ScenarioRun:
    """What came of the standard scenarios.

    Parameters
    ----------
    paths
        By name: ``forecast``, and each scenario as ``name.seen`` and ``name.do``.
    refused
        Reasons by name, of what past data do not support.
    reached
        For each ``name.do``, the variables that surviving edges lead to: if there are none, nothing but the variable
        itself moves, and that is the finding.
    """

    paths: Mapping[str, Path]
    refused: Mapping[str, str]
    reached: Mapping[str, frozenset[str]]


def run_standard(nodes: pd.DataFrame, graph: Graph, surviving: Iterable[str], *, horizon: int = HORIZON,
                 seed: int = 0) -> ScenarioRun:  # fmt: skip
    """Run the forecast and every standard scenario in both senses.

    Parameters
    ----------
    nodes
        ``mrie.causal.node_frame``'s result.
    surviving
        Names of the edges that hold.
    """
    kept = frozenset(surviving)
    last = complete_months(nodes).iloc[-1]
    paths, refused, spread = {"forecast": run_forecast(nodes, horizon=horizon)}, {}, {}
    for one in STANDARD:
        target = [float(last[one.node]) + move for move in one.moves]
        spread[f"{one.name}.do"] = reached(kept, graph, [one.node])
        try:
            paths[f"{one.name}.seen"] = run_conditional(nodes, observed(one.node, target), horizon=horizon, seed=seed)
            paths[f"{one.name}.do"] = run_intervention(nodes, set_to(one.node, target), graph, kept, horizon=horizon,
                                                       seed=seed)  # fmt: skip
        except OutOfSupport as error:
            refused |= {f"{one.name}.seen": error.message, f"{one.name}.do": error.message}
    return ScenarioRun(paths, refused, spread)
