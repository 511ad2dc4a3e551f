"""The causal graph as declared in ``graph.json``: nodes, edges with mechanisms, procedure, predicate.

The file is what people read and change; here it is checked and typed. Estimation is in ``projection`` and ``edge``.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

from mrie.claims.history import Claim
from mrie.claims.predicate import Condition, Predicate
from zeno.errors import ConfigError

KINDS = ("level", "log_level", "growth")
_SIGNS = {"positive": 1, "negative": -1}


@dataclass(frozen=True)
class Node:
    """One variable.

    Parameters
    ----------
    kind
        ``level`` (the series as it is), ``log_level`` (100 times its logarithm) or ``growth`` (the same, less last
        month's).
    series
        FRED series id.
    less
        Series subtracted from it, "" for none.
    deflator
        Price index that it is divided by, "" for none.
    place
        Column and row in the picture.
    """

    name: str
    title: str
    unit: str
    kind: str
    series: str
    less: str = ""
    deflator: str = ""
    place: tuple[int, int] = (0, 0)

    @property
    def needs(self) -> tuple[str, ...]:
        """The series that it is made of."""
        return tuple(name for name in (self.series, self.less, self.deflator) if name)


@dataclass(frozen=True)
class Edge:
    """One asserted effect: ``cause`` moves ``effect`` by ``sign`` (1 or -1) within ``lag_months``."""

    cause: str
    effect: str
    sign: int
    lag_months: int
    mechanism: str

    @property
    def name(self) -> str:
        """``cause->effect``."""
        return f"{self.cause}->{self.effect}"


@dataclass(frozen=True)
class Procedure:
    """How an edge is estimated; months are written ``YYYY-MM``, both ends included."""

    own_lags: int
    cause_lags: int
    parent_lags: int
    hac_lags_per_month: float
    flip_t: float
    halves: Mapping[str, tuple[str, str]]
    eras: Mapping[str, tuple[str, str]]
    first_target: str
    first_origin: str
    last_target: str


@dataclass(frozen=True)
class Graph:
    """All that is declared."""

    version: int
    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    procedure: Procedure
    holds_if: tuple[Condition, ...]
    withdrawn_if: tuple[Condition, ...]

    @cached_property
    def by_name(self) -> dict[str, Edge]:
        """Edges by ``cause->effect``."""
        return {edge.name: edge for edge in self.edges}

    def parents(self, node: str) -> tuple[str, ...]:
        """Return the declared causes of a node, in the order of the file."""
        return tuple(edge.cause for edge in self.edges if edge.effect == node)

    def adjusted_for(self, edge: Edge) -> tuple[str, ...]:
        """Return what is held constant beside the edge's own past: the cause's other parents (back-door criterion)."""
        return tuple(parent for parent in self.parents(edge.cause) if parent != edge.effect)

    def claim(self, edge: Edge) -> Claim:
        """Return the edge as a claim: its predicate carries everything that decides its figures."""
        nodes = sorted({edge.cause, edge.effect, *self.adjusted_for(edge)})
        procedure = {
            "cause": edge.cause,
            "effect": edge.effect,
            "sign": edge.sign,
            "lag_months": edge.lag_months,
            "adjusted_for": list(self.adjusted_for(edge)),
            "estimation": _plain(self.procedure),
            "variables": {name: _variable(self.nodes[name]) for name in nodes},
        }
        direction = "raises" if edge.sign > 0 else "lowers"
        statement = f"{edge.cause} {direction} {edge.effect} within {edge.lag_months} months. {edge.mechanism}"
        predicate = Predicate(self.holds_if, self.withdrawn_if, procedure)
        return Claim(f"edge/{edge.name}/{self.version}", statement, predicate)


def load_graph(text: str | None = None) -> Graph:
    """Return the graph of ``text`` (JSON), by default the shipped one.

    Raises
    ------
    ConfigError
        If it is not a graph: names every problem.
    """
    shown = files("mrie.causal").joinpath("graph.json").read_text("utf-8") if text is None else text
    found = json.loads(shown)
    problems = list(_problems(found["nodes"], found["edges"]))
    if problems:
        raise ConfigError(f"The causal graph is malformed: {'; '.join(problems)}.",
                          remedy="Correct mrie/causal/graph.json.")  # fmt: skip
    nodes = [Node(**(entry | {"place": tuple(entry["place"])})) for entry in found["nodes"]]
    edges = [Edge(**(entry | {"sign": _SIGNS[entry["sign"]]})) for entry in found["edges"]]
    return Graph(
        version=found["version"],
        nodes={node.name: node for node in nodes},
        edges=tuple(edges),
        procedure=_procedure(found["procedure"]),
        holds_if=tuple(map(Condition.read, found["predicate"]["holds_if"])),
        withdrawn_if=tuple(map(Condition.read, found["predicate"]["withdrawn_if"])),
    )


def _procedure(written: Mapping[str, Any]) -> Procedure:
    plain = {name: value for name, value in written.items() if name not in {"about", "out_of_sample"}}
    spans = {kind: {name: (first, last) for name, (first, last) in plain.pop(kind).items()}
             for kind in ("halves", "eras")}  # fmt: skip
    return Procedure(**plain, **spans, **written["out_of_sample"])


def _problems(nodes: Iterable[Mapping[str, Any]], edges: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    names = [entry["name"] for entry in nodes]
    yield from (f"node {name} twice" for name in sorted({name for name in names if names.count(name) > 1}))
    yield from (f"{entry['name']} has no kind {entry['kind']}" for entry in nodes if entry["kind"] not in KINDS)
    pairs = [(entry["cause"], entry["effect"]) for entry in edges]
    yield from (f"edge {a}->{b} twice" for a, b in sorted({pair for pair in pairs if pairs.count(pair) > 1}))
    for entry in edges:
        yield from _edge_problems(entry, set(names))


def _edge_problems(entry: Mapping[str, Any], names: set[str]) -> Iterable[str]:
    edge = f"{entry['cause']}->{entry['effect']}"
    yield from (f"{edge}: no node {name}" for name in (entry["cause"], entry["effect"]) if name not in names)
    if entry["cause"] == entry["effect"]:
        yield f"{edge}: a node does not cause itself"
    if entry["sign"] not in _SIGNS:
        yield f"{edge}: sign is positive or negative"
    if entry["lag_months"] < 1:
        yield f"{edge}: a lag is one month or more"
    if not entry["mechanism"].endswith("."):
        yield f"{edge}: the mechanism is a sentence"


def _plain(procedure: Procedure) -> dict[str, Any]:
    """Return the procedure as JSON reads it back, so that a predicate equals itself after storage."""
    return json.loads(json.dumps({name: getattr(procedure, name) for name in procedure.__dataclass_fields__}))


def _variable(node: Node) -> dict[str, str]:
    return {"kind": node.kind, "series": node.series, "less": node.less, "deflator": node.deflator}
