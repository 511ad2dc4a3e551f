"""The causal graph: declared edges, tested against data, kept as claims.

``graph`` reads ``graph.json``, ``variables`` turns series into nodes, ``edge`` tests one edge (``projection``,
``outofsample``, ``surrogate`` are its parts), ``study`` runs the whole graph through the ledger, ``picture`` draws it.
An edge that holds is evidence of an effect under the declared adjustment, not proof; one that fails or is withdrawn
stays in the graph as a finding, and no intervention travels over it.
"""

from mrie.causal.edge import EdgeResult, EdgeTask, evaluate_edge
from mrie.causal.graph import Edge, Graph, Node, load_graph
from mrie.causal.study import (
    EdgeReading,
    commit_graph,
    edge_rows,
    edge_tasks,
    evaluate_graph,
    placebo_rates,
    placebo_tasks,
    surviving,
)
from mrie.causal.variables import node_frame

__all__ = [
    "Edge", "EdgeReading", "EdgeResult", "EdgeTask", "Graph", "Node", "commit_graph", "edge_rows", "edge_tasks",
    "evaluate_edge", "evaluate_graph", "load_graph", "node_frame", "placebo_rates", "placebo_tasks", "surviving",
]  # fmt: skip
