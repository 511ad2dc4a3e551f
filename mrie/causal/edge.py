"""The test of one edge: a pure function of a picklable task, so that it runs alike here, on Dask and on Spark.

    EdgeTask  ->  local projections by half and by era  ->  out-of-sample gain  ->  committed predicate  ->  EdgeResult

A task carries its own data, a few thousand numbers. Linear algebra runs on one thread: on several, the last bits would
depend on how many the machine has.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from mrie.causal.graph import Edge, Graph, Procedure
from mrie.causal.months import in_span, month_numbers, month_text
from mrie.causal.outofsample import gain
from mrie.causal.projection import Design, Estimate, design, estimate
from mrie.causal.surrogate import phase_randomised
from mrie.claims.predicate import Predicate, Verdict


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

    A placebo stops as soon as it cannot pass any more: its out-of-sample gain is then NaN.
    """
    with threadpool_limits(1):
        rows = _design(task)
        metrics = _estimates(task, rows)
        hopeless = any(not condition.holds(metrics) for condition in task.predicate.holds_if
                       if condition.metric in metrics)  # fmt: skip
        skipped = task.placebo is not None and hopeless
        metrics["gain_out_of_sample"] = float("nan") if skipped else gain(rows, task.months, task.procedure)
    verdict, reason = task.predicate.judge(metrics)
    return EdgeResult(task.edge, metrics, verdict, reason, task.data_sha256, task.predicate.sha256,
                      month_text(int(task.months[-1])))  # fmt: skip


def _design(task: EdgeTask) -> Design:
    steps = task.procedure
    cause = task.cause if task.placebo is None else phase_randomised(task.cause, task.placebo)
    return design(task.effect, cause, task.parents, cumulates=task.cumulates, lag=task.edge.lag_months,
                  own_lags=steps.own_lags, cause_lags=steps.cause_lags, parent_lags=steps.parent_lags)  # fmt: skip


def _estimates(task: EdgeTask, rows: Design) -> dict[str, float]:
    hac_lags = int(np.ceil(task.procedure.hac_lags_per_month * task.edge.lag_months))
    metrics: dict[str, float] = {}
    found: dict[str, dict[str, Estimate]] = {"halves": {}, "eras": {}}
    for kind, spans in (("halves", task.procedure.halves), ("eras", task.procedure.eras)):
        for name, span in spans.items():
            one = estimate(rows, in_span(task.months, *span), hac_lags)
            found[kind][name] = one
            metrics |= {f"beta_{name}": one.beta, f"t_{name}": one.t, f"months_{name}": float(one.months)}
    sign = task.edge.sign
    metrics |= {f"signed_t_{name}": sign * one.t for name, one in found["halves"].items()}
    eras = list(found["eras"].values())
    metrics["eras_with_sign"] = float(sum(sign * one.beta > 0 for one in eras))
    metrics["opposite_eras"] = float(sum(_opposite(list(group.values()), task.procedure.flip_t)
                                         for group in found.values()))  # fmt: skip
    metrics["eras_equal_q"] = _heterogeneity(eras)
    return metrics


def _opposite(estimates: list[Estimate], flip_t: float) -> int:
    return sum(a.beta * b.beta < 0 and min(abs(a.t), abs(b.t)) >= flip_t for a, b in combinations(estimates, 2))


def _heterogeneity(estimates: list[Estimate]) -> float:
    """Cochran's Q of equal estimates: chi-squared with one degree less than there are eras, if they are equal."""
    beta, error = np.array([e.beta for e in estimates]), np.array([e.error for e in estimates])
    weight = 1.0 / error**2
    return float(np.sum(weight * (beta - np.sum(weight * beta) / np.sum(weight)) ** 2))
