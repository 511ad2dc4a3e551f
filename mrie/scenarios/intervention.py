"""Interventions, do(x): what follows from setting a variable, over the edges that survived and no others.

Each variable that a surviving edge leads to has one linear equation,

    y(t) = a + Σ own lags + Σ_edges θ · mean of the cause over t−lag … t−1 + what its causes are adjusted for + e(t)

estimated by least squares. do() cuts all that leads into the variable that is set (its own past included), and passes
the difference from the baseline on along surviving edges, month by month; when it is let go of, it follows its own past
again. A variable that no surviving path reaches does not move at all: causes of what was set stay where they are.
Bands are of the effect alone: a moving-block bootstrap of the equations. The counterfactual is never seen, so no
coverage can be measured for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mrie.causal import Edge, Graph
from mrie.scenarios.conditions import Set
from mrie.scenarios.var import clip_bounds

OWN_LAGS = 6
BLOCK_MONTHS = 24
DRAWS = 200


@dataclass(frozen=True)
class Equation:
    """One variable's response: to its own past (shape (OWN_LAGS,)) and to each cause's mean over its lag."""

    own: np.ndarray
    effects: Mapping[str, float]


@dataclass(frozen=True)
class Rows:
    """The regression that an equation comes from; causes are the first columns, own lags the next."""

    causes: tuple[str, ...]
    regressors: np.ndarray
    response: np.ndarray


def structure(values: Mapping[str, np.ndarray], graph: Graph, surviving: Iterable[str]) -> dict[str, Rows]:
    """Return a regression for every variable of the graph; those without a surviving cause have their own past alone.

    Parameters
    ----------
    values
        One series a variable, complete months, shape (months,) each.
    surviving
        Names of the edges that hold.
    """
    kept = [graph.by_name[name] for name in sorted(surviving)]
    drawn = {name: _clipped(series) for name, series in values.items()}
    return {node: _rows(node, [edge for edge in kept if edge.effect == node], drawn, graph) for node in graph.nodes}


def _rows(node: str, into: Sequence[Edge], drawn: Mapping[str, np.ndarray], graph: Graph) -> Rows:
    causes = tuple(edge.cause for edge in into)
    held = dict.fromkeys(name for edge in into for name in graph.adjusted_for(edge))
    columns = [_mean_before(drawn[edge.cause], edge.lag_months) for edge in into]
    columns += [_shift(drawn[node], lag) for lag in range(1, OWN_LAGS + 1)]
    # As in the local projections: what moves the cause is held constant at the cause's latest month and before it.
    columns += [_shift(drawn[name], 1 + lag) for name in held if name not in {*causes, node}
                for lag in range(graph.procedure.parent_lags + 1)]  # fmt: skip
    x = np.column_stack([*columns, np.ones(len(drawn[node]))])
    known = ~np.isnan(x.sum(axis=1))
    return Rows(causes, x[known], drawn[node][known])


def equations(rows: Mapping[str, Rows], draw: np.random.Generator | None = None) -> dict[str, Equation]:
    """Estimate every equation, on all months or on a moving-block bootstrap of them."""
    return {node: _estimate(one, draw) for node, one in rows.items()}


def effect(model: Mapping[str, Equation], graph: Graph, baseline: np.ndarray, names: Sequence[str],
           interventions: Sequence[Set]) -> np.ndarray:  # fmt: skip
    """Return how far every variable departs from the baseline, shape (horizon, n).

    Parameters
    ----------
    model
        Equations of the variables that may move; all others stay on the baseline.
    baseline
        The path without intervention, shape (horizon, n), columns ``names``.
    """
    horizon = len(baseline)
    lags = {(edge.cause, edge.effect): edge.lag_months for edge in graph.edges}
    fixed = {(one.node, one.step - 1): one.value for one in interventions}
    moved = {name: np.zeros(horizon) for name in names}
    for step in range(horizon):
        for column, name in enumerate(names):
            if (name, step) in fixed:
                moved[name][step] = fixed[name, step] - baseline[step, column]
            elif name in model:
                moved[name][step] = _response(name, model[name], moved, lags, step)
    return np.column_stack([moved[name] for name in names])


def reached(surviving: Iterable[str], graph: Graph, nodes: Iterable[str]) -> frozenset[str]:
    """Return the variables that surviving edges lead to from ``nodes``, these not counted."""
    kept = [graph.by_name[name] for name in surviving]
    found, start = set(nodes), frozenset(nodes)
    while new := {edge.effect for edge in kept if edge.cause in found} - found:
        found |= new
    return frozenset(found) - start


def _response(name: str, equation: Equation, moved: Mapping[str, np.ndarray], lags: Mapping[tuple[str, str], int],
              step: int) -> float:  # fmt: skip
    past = moved[name][max(step - OWN_LAGS, 0) : step][::-1]
    total = float(equation.own[: len(past)] @ past)
    for cause, size in equation.effects.items():
        lag = lags[cause, name]
        total += size * float(moved[cause][max(step - lag, 0) : step].sum()) / lag
    return total


def _estimate(rows: Rows, draw: np.random.Generator | None) -> Equation:
    x, y = rows.regressors, rows.response
    if draw is not None:
        chosen = _blocks(len(y), draw)
        x, y = x[chosen], y[chosen]
    beta = np.linalg.lstsq(x, y, rcond=None)[0]
    causes = len(rows.causes)
    return Equation(beta[causes : causes + OWN_LAGS], dict(zip(rows.causes, beta[:causes].tolist(), strict=True)))


def _blocks(rows: int, draw: np.random.Generator) -> np.ndarray:
    starts = draw.integers(0, rows - BLOCK_MONTHS + 1, -(-rows // BLOCK_MONTHS))
    return (starts[:, None] + np.arange(BLOCK_MONTHS)).ravel()[:rows]


def _shift(values: np.ndarray, lag: int) -> np.ndarray:
    return np.concatenate([np.full(lag, np.nan), values[:-lag]])


def _clipped(series: np.ndarray) -> np.ndarray:
    low, high = clip_bounds(series[:, None])
    return np.clip(series, low[0], high[0])


def _mean_before(values: np.ndarray, lag: int) -> np.ndarray:
    """Return the mean of the ``lag`` months before each month."""
    means = np.lib.stride_tricks.sliding_window_view(values, lag).mean(axis=1)
    return np.concatenate([np.full(lag, np.nan), means[:-1]])
