"""Phases 3 and 4 in one piece, from series to rows in the warehouse: what an asset or a command calls.

    series  ->  nodes  ->  commit  ->  edges and placebos  ->  scenarios over what survived  ->  coverage  ->  mrie.*

Every step writes under one ``run_id``. The same run again computes the same bits and adds nothing: everything is
seeded, and linear algebra runs on one thread.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from mrie.causal import EdgeReading, Graph, commit_graph, edge_rows, evaluate_graph, load_graph, node_frame, surviving
from mrie.causal.study import Map
from mrie.claims import ClaimHistory, Judged, Ledger
from mrie.scenarios.coverage import coverage_claim, coverage_evidence, coverage_rows, measure_coverage
from mrie.scenarios.paths import path_rows
from mrie.scenarios.standard import ScenarioRun, run_standard
from mrie.store import MrieStore


@dataclass(frozen=True)
class Outcome:
    """What the two phases found.

    Parameters
    ----------
    coverage
        ``measure_coverage``'s result: one row a variable.
    claims
        Every claim of the ledger after the run.
    """

    graph: Graph
    edges: Sequence[EdgeReading]
    scenarios: ScenarioRun
    coverage: pd.DataFrame
    claims: Sequence[ClaimHistory]

    @property
    def statuses(self) -> dict[str, str]:
        """Status by edge name: what ``graph_picture`` draws."""
        return {reading.result.edge.name: reading.status for reading in self.edges}


def run_study(series: pd.DataFrame, store: MrieStore, *, run_id: str, placebos: int = 0, seed: int = 0,
              map_: Map = map) -> Outcome:  # fmt: skip
    """Commit, evaluate and keep the causal graph, the standard scenarios and the coverage of their bands.

    Parameters
    ----------
    series
        One column a FRED series, one row a month (``node_frame``).
    placebos
        Phase-randomised causes tried for each edge.
    map_
        Where edges are tested.

    Raises
    ------
    ClaimRefused
        If the graph's predicates are not those that were committed.
    ConfigError
        If a series is missing, or there is too little data.
    LoadError
        If ``run_id`` was used for other data.
    """
    graph, ledger = load_graph(), Ledger(store, run_id=run_id)
    nodes = node_frame(series, graph)
    commit_study(graph, ledger)
    edges = evaluate_graph(nodes, graph, ledger, placebos=placebos, seed=seed, map_=map_)
    store.write_edges(edge_rows(edges, graph), run_id=run_id)
    scenarios, coverage = compute_scenarios(nodes, graph, edges, seed=seed)
    keep_scenarios(nodes, scenarios, coverage, store, ledger, run_id=run_id)
    return Outcome(graph, edges, scenarios, coverage, tuple(ledger.histories().values()))


def commit_study(graph: Graph, ledger: Ledger) -> None:
    """Fix the predicates of every edge and of the bands' coverage. Raises ``ClaimRefused`` as ``Ledger.commit``."""
    commit_graph(graph, ledger)
    ledger.commit([coverage_claim()])


def compute_scenarios(nodes: pd.DataFrame, graph: Graph, edges: Sequence[EdgeReading], *, seed: int = 0
                      ) -> tuple[ScenarioRun, pd.DataFrame]:  # fmt: skip
    """Return the standard scenarios over the edges that hold, and ``measure_coverage``'s result."""
    with threadpool_limits(1):
        return run_standard(nodes, graph, surviving(edges), seed=seed), measure_coverage(nodes)


def keep_scenarios(nodes: pd.DataFrame, scenarios: ScenarioRun, coverage: pd.DataFrame, store: MrieStore,
                   ledger: Ledger | None, *, run_id: str) -> None:  # fmt: skip
    """Write paths and coverage, and judge the claim on it unless it is withdrawn, or there is no ledger to tell."""
    store.write_scenarios(path_rows(scenarios.paths), run_id=run_id)
    store.write_validations(coverage_rows(coverage, nodes), run_id=run_id)
    judged = Judged(coverage_claim(), coverage_evidence(coverage), data_hash(nodes))
    if ledger is not None and ledger.histories()[judged.claim.claim_id].status != "withdrawn":
        ledger.evaluate([judged])


def data_hash(nodes: pd.DataFrame) -> str:
    """Return a hash of months, variables and values, in hex: a name for the data, and part of a run's."""
    digest = hashlib.sha256(repr(list(nodes.columns)).encode())
    digest.update(nodes.index.to_numpy("datetime64[M]").astype("<i8").tobytes())
    digest.update(np.ascontiguousarray(nodes.to_numpy(float)).tobytes())
    return digest.hexdigest()
