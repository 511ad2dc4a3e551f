"""The graph's evaluation from end to end: commit, test, judge through the ledger, measure luck, keep.

1. ``commit_graph``    every edge becomes a claim: its predicate's hash and the clock's time go to the ledger;
2. ``edge_tasks``      one picklable task an edge, and with ``placebo_tasks`` as many placebos as asked for;
3. ``evaluate_graph``  refuses unless all edges are committed as they are, maps ``evaluate_edge`` over the tasks by
                       whatever executor is given, and records evidence and verdict of each edge;
4. ``edge_rows``       the outcome as rows of ``mrie.edges``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd
import pyarrow as pa

from mrie.causal.edge import EdgeResult, EdgeTask, edge_task, evaluate_edge
from mrie.causal.graph import Graph
from mrie.causal.surrogate import placebo_seed
from mrie.claims import ClaimHistory, Judged, Ledger, Verdict
from mrie.claims.predicate import canonical
from warehouse.schema import table
from warehouse.schema.arrow import arrow_schema

Map = Callable[[Callable[[EdgeTask], EdgeResult], Sequence[EdgeTask]], Iterable[EdgeResult]]
"""``map``, or an executor's: results in the order of the tasks."""


@dataclass(frozen=True)
class EdgeReading:
    """An edge as it stands by one run's data.

    Parameters
    ----------
    result
        This evaluation.
    status
        Its verdict, ``holds``, ``failed`` or ``withdrawn``; what the ledger has as withdrawn stays so.
    reason
        Why it does not hold, "" if it does.
    placebos, placebo_rate
        How many phase-randomised causes were tried, and the share that passed; None if none was tried.
    """

    result: EdgeResult
    status: str
    reason: str
    placebos: int = 0
    placebo_rate: float | None = None


def commit_graph(graph: Graph, ledger: Ledger) -> int:
    """Commit every edge's predicate; return how many were new.

    Raises
    ------
    ClaimRefused
        If an edge of this version is committed with another predicate.
    """
    return ledger.commit([graph.claim(edge) for edge in graph.edges])


def edge_tasks(nodes: pd.DataFrame, graph: Graph) -> list[EdgeTask]:
    """Return one task an edge, in the order of the graph. ``nodes`` is ``node_frame``'s result."""
    return [edge_task(nodes, graph, edge) for edge in graph.edges]


def placebo_tasks(tasks: Sequence[EdgeTask], count: int, *, seed: int) -> list[EdgeTask]:
    """Return ``count`` placebos of each task, edge by edge."""
    return [replace(task, placebo=placebo_seed(seed, task.edge.name, number))
            for task in tasks for number in range(count)]  # fmt: skip


def placebo_rates(results: Iterable[EdgeResult]) -> dict[str, tuple[int, float]]:
    """Return for each edge how many placebos were tried and the share that passed every condition."""
    outcomes: dict[str, list[bool]] = {}
    for result in results:
        outcomes.setdefault(result.edge.name, []).append(result.verdict is Verdict.HOLDS)
    return {name: (len(passed), sum(passed) / len(passed)) for name, passed in outcomes.items()}


def evaluate_graph(nodes: pd.DataFrame, graph: Graph, ledger: Ledger, *, placebos: int = 0, seed: int = 0,
                   map_: Map = map, judge: bool = True) -> list[EdgeReading]:  # fmt: skip
    """Test every edge and record the verdicts.

    Parameters
    ----------
    nodes
        ``node_frame``'s result.
    placebos
        Phase-randomised causes tried for each edge.
    map_
        Where tasks run; the results do not depend on it.
    judge
        Whether the verdicts go to the ledger. Those on data that newer ones have superseded do not: what stands there
        is of all that is known.

    Raises
    ------
    ClaimRefused
        If an edge is not committed, or committed with another predicate: nothing is then computed.
    """
    claims = [graph.claim(edge) for edge in graph.edges]
    before = ledger.require(claims)
    tasks = edge_tasks(nodes, graph)
    results = list(map_(evaluate_edge, [*tasks, *placebo_tasks(tasks, placebos, seed=seed)]))
    tested, luck = results[: len(tasks)], placebo_rates(results[len(tasks) :])
    judged = [(claim, result) for claim, result in zip(claims, tested, strict=True)
              if before[claim.claim_id].status != Verdict.WITHDRAWN]  # fmt: skip
    if judge:
        ledger.evaluate([Judged(claim, result.metrics, result.data_sha256) for claim, result in judged])
    after = ledger.histories()
    return [_reading(result, after[claim.claim_id], luck) for claim, result in zip(claims, tested, strict=True)]


def _reading(result: EdgeResult, history: ClaimHistory, luck: dict[str, tuple[int, float]]) -> EdgeReading:
    count, rate = luck.get(result.edge.name, (0, None))
    withdrawn = history.status == Verdict.WITHDRAWN
    status, reason = (history.status, history.reason) if withdrawn else (str(result.verdict), result.reason)
    return EdgeReading(result, status, reason, count, rate)


def surviving(readings: Iterable[EdgeReading]) -> frozenset[str]:
    """Return the names of the edges that hold: the only ones that an intervention travels over."""
    return frozenset(reading.result.edge.name for reading in readings if reading.status == Verdict.HOLDS)


def edge_rows(readings: Iterable[EdgeReading], graph: Graph) -> pa.Table:
    """Return readings as rows of ``mrie.edges``, for ``MrieStore.write_edges``."""
    declared = arrow_schema(table("mrie.edges"))
    wanted = pa.schema([field for field in declared if field.name not in {"run_id", "recorded_at"}])
    return pa.Table.from_pylist([_row(reading, graph) for reading in readings], schema=wanted)


def _row(reading: EdgeReading, graph: Graph) -> dict[str, object]:
    result, edge = reading.result, reading.result.edge
    first, second = graph.procedure.halves
    found = {name: value if value == value else None for name, value in result.metrics.items()}
    return {
        "edge": edge.name,
        "cause": edge.cause,
        "effect": edge.effect,
        "sign": edge.sign,
        "lag_months": edge.lag_months,
        "status": reading.status,
        "failed": reading.reason,
        "beta_first": found[f"beta_{first}"],
        "t_first": found[f"t_{first}"],
        "beta_second": found[f"beta_{second}"],
        "t_second": found[f"t_{second}"],
        "eras_with_sign": int(result.metrics["eras_with_sign"]),
        "opposite_eras": int(result.metrics["opposite_eras"]),
        "gain_out_of_sample": found["gain_out_of_sample"],
        "placebo_rate": reading.placebo_rate,
        "placebos": reading.placebos,
        "evidence": canonical(found),
        "predicate_sha256": result.predicate_sha256,
        "data_sha256": result.data_sha256,
        "data_month": date.fromisoformat(f"{result.last_month}-01"),
    }
