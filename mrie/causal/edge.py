"""The test of one edge: a pure function of a picklable task, so that it runs alike here, on Dask and on Spark.

    EdgeTask  ->  local projections by half and by era  ->  out-of-sample gain  ->  committed predicate  ->  EdgeResult

A task carries its own data, a few thousand numbers. Linear algebra runs on one thread: on several, the last bits would
depend on how many the machine has.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
from threadpoolctl import ThreadpoolController

from mrie.causal.graph import Edge, Graph, Procedure
from mrie.causal.months import in_span, month_numbers, month_text
from mrie.causal.outofsample import gain
from mrie.causal.projection import Design, Estimate, design, estimate
from mrie.causal.surrogate import phase_randomised
from mrie.claims.predicate import Predicate, Verdict

_OF_ERAS = ("eras_with_sign", "opposite_eras", "eras_equal_q")
_GAIN = "gain_out_of_sample"


@dataclass(frozen=True, eq=False)
class EdgeTask:
    """What it takes to test one edge, or one placebo of it.

    Parameters
    ----------
    months
        Months as numbers, 12 × year + month − 1, consecutive, shape (months,); the last is the last one tested.
    effect, cause
        Values in the node's unit, shape (months,).
    parents
        The cause's other parents, shape (months, parents).
    cumulates
        Whether the effect is a monthly growth.
    placebo
        None for the edge itself; otherwise seed words from which the cause's phases are drawn.
    """

    edge: Edge
    procedure: Procedure
    predicate: Predicate
    months: np.ndarray
    effect: np.ndarray
    cause: np.ndarray
    parents: np.ndarray
    cumulates: bool
    placebo: tuple[int, ...] | None = None

    @property
    def data_sha256(self) -> str:
        """Hash of the months and values used, in hex."""
        digest = hashlib.sha256()
        for part in (self.months.astype("<i8"), self.effect, self.cause, self.parents):
            digest.update(repr(part.shape).encode() + np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class EdgeResult:
    """What the test found.

    Parameters
    ----------
    metrics
        ``beta_*``, ``t_*``, ``months_*`` by half and era; ``signed_t_*`` by half; ``eras_with_sign``,
        ``opposite_eras``, ``eras_equal_q`` and ``gain_out_of_sample``.
    verdict, reason
        What the predicate makes of them, and which conditions made it.
    """

    edge: Edge
    metrics: Mapping[str, float]
    verdict: Verdict
    reason: str
    data_sha256: str
    predicate_sha256: str
    last_month: str


def edge_task(nodes: pd.DataFrame, graph: Graph, edge: Edge) -> EdgeTask:
    """Return the task of one edge.

    Parameters
    ----------
    nodes
        ``mrie.causal.node_frame``; what comes after the last month tested is left out.
    """
    ends = pd.Timestamp(f"{graph.procedure.last_target}-01")
    used = nodes.loc[:ends]
    return EdgeTask(
        edge=edge,
        procedure=graph.procedure,
        predicate=graph.claim(edge).predicate,
        months=month_numbers(used.index),
        effect=used[edge.effect].to_numpy(float),
        cause=used[edge.cause].to_numpy(float),
        parents=used[list(graph.adjusted_for(edge))].to_numpy(float),
        cumulates=graph.nodes[edge.effect].kind == "growth",
    )


def evaluate_edge(task: EdgeTask) -> EdgeResult:
    """Test one edge. The same task gives the same bits wherever it runs.

    A placebo stops as soon as it cannot pass any more: what was not computed is NaN.
    """
    with _one_thread().limit(limits=1):
        metrics = _metrics(task, _design(task))
    verdict, reason = task.predicate.judge(metrics)
    return EdgeResult(task.edge, metrics, verdict, reason, task.data_sha256, task.predicate.sha256,
                      month_text(int(task.months[-1])))  # fmt: skip


@cache
def _one_thread() -> ThreadpoolController:
    """Return the control of this process's linear algebra; finding its libraries takes longer than an edge."""
    return ThreadpoolController()


def _design(task: EdgeTask) -> Design:
    steps = task.procedure
    cause = task.cause if task.placebo is None else phase_randomised(task.cause, task.placebo)
    return design(task.effect, cause, task.parents, cumulates=task.cumulates, lag=task.edge.lag_months,
                  own_lags=steps.own_lags, cause_lags=steps.cause_lags, parent_lags=steps.parent_lags)  # fmt: skip


def _metrics(task: EdgeTask, rows: Design) -> dict[str, float]:
    steps, sign = task.procedure, task.edge.sign
    halves = _by_span(task, rows, steps.halves)
    metrics = _named(halves) | {f"signed_t_{name}": sign * one.t for name, one in halves.items()}
    if _hopeless(task, metrics):
        return metrics | dict.fromkeys((*_OF_ERAS, _GAIN), float("nan"))
    eras = _by_span(task, rows, steps.eras)
    agreeing = sum(sign * one.beta > 0 for one in eras.values())
    opposite = sum(_opposite(list(group.values()), steps.flip_t) for group in (halves, eras))
    of_eras = (float(agreeing), float(opposite), _heterogeneity(list(eras.values())))
    metrics |= _named(eras) | dict(zip(_OF_ERAS, of_eras, strict=True))
    return metrics | {_GAIN: float("nan") if _hopeless(task, metrics) else gain(rows, task.months, steps)}


def _hopeless(task: EdgeTask, metrics: Mapping[str, float]) -> bool:
    known = [condition for condition in task.predicate.holds_if if condition.metric in metrics]
    return task.placebo is not None and not all(condition.holds(metrics) for condition in known)


def _by_span(task: EdgeTask, rows: Design, spans: Mapping[str, tuple[str, str]]) -> dict[str, Estimate]:
    hac_lags = int(np.ceil(task.procedure.hac_lags_per_month * task.edge.lag_months))
    return {name: estimate(rows, in_span(task.months, *span), hac_lags) for name, span in spans.items()}


def _named(estimates: Mapping[str, Estimate]) -> dict[str, float]:
    kinds = ("beta", "t", "months")
    return {f"{kind}_{name}": float(getattr(one, kind)) for name, one in estimates.items() for kind in kinds}


def _opposite(estimates: list[Estimate], flip_t: float) -> int:
    return sum(a.beta * b.beta < 0 and min(abs(a.t), abs(b.t)) >= flip_t for a, b in combinations(estimates, 2))


def _heterogeneity(estimates: list[Estimate]) -> float:
    """Cochran's Q of equal estimates: chi-squared with one degree less than there are eras, if they are equal."""
    beta, error = np.array([e.beta for e in estimates]), np.array([e.error for e in estimates])
    weight = 1.0 / error**2
    return float(np.sum(weight * (beta - np.sum(weight * beta) / np.sum(weight)) ** 2))
