"""The causal graph as a picture: boxes in columns, arrows from cause to effect, each in the style of its status.

A drawing made elsewhere is taken too, after a check: SVG can carry scripts and addresses, and the page promises none.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from markupsafe import Markup

from mrie.report.inputs import Edge, Graph, Node
from zeno.errors import ContractError

_WIDTH, _BOX, _HIGH, _GAP, _EDGE = 1000.0, 150.0, 44.0, 84.0, 8.0
_LOOP = 40.0
"""Room on the right, for arrows between boxes of the last column."""

_LINE = 22
_SHAPES = {
    "svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "title", "desc",
    "defs", "marker",
}  # fmt: skip
_ADDRESS = re.compile(r"url\(\s*['\"]?(?!#)|javascript:|data:|//", re.IGNORECASE)


def graph_picture(graph: Graph) -> Markup:
    """Return the graph's drawing, its own or one made from the places of its nodes; empty if it has neither.

    Raises
    ------
    ContractError
        If its own drawing is not well-formed, or has more than shapes and text.
    """
    if graph.svg:
        return safe_svg(graph.svg)
    return _draw(graph.nodes, graph.edges) if graph.nodes else Markup("")


def safe_svg(text: str) -> Markup:
    """Return an SVG drawing without its name spaces, for a place inside a page.

    Raises
    ------
    ContractError
        As above.
    """
    try:
        # Without a document type there are no entities: what makes XML unsafe to parse is refused first.
        root = None if "<!DOCTYPE" in text else ET.fromstring(text)  # noqa: S314
    except ET.ParseError as error:
        raise _refused(f"it is not well-formed: {error}") from error
    if root is None or _local(root.tag) != "svg":
        raise _refused("it is not a plain <svg> element")
    for element in root.iter():
        element.tag = _local(element.tag)
        if element.tag not in _SHAPES:
            raise _refused(f"it holds <{element.tag}>")
        for name, value in element.attrib.items():
            if _local(name).lower().startswith("on") or "href" in name.lower() or _ADDRESS.search(value):
                raise _refused(f"{_local(name)!r} of <{element.tag}> may act or fetch")
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - every element and attribute was checked


def _local(name: object) -> str:
    return str(name).rpartition("}")[2]


def _refused(why: str) -> ContractError:
    return ContractError(f"The graph's drawing cannot be shown: {why}.", remedy="Draw it with plain shapes and text.")


@dataclass(frozen=True)
class _Place:
    """A node's box: its centre, on the canvas."""

    x: float
    y: float


def _draw(nodes: Sequence[Node], edges: Sequence[Edge]) -> Markup:
    columns = max(node.place[0] for node in nodes) or 1
    step = (_WIDTH - _LOOP - _BOX - 2 * _EDGE) / columns
    places = {
        node.name: _Place(_EDGE + _BOX / 2 + node.place[0] * step, _EDGE + _HIGH / 2 + node.place[1] * _GAP)
        for node in nodes
    }
    height = max(place.y for place in places.values()) + _HIGH / 2 + _EDGE
    known = [edge for edge in edges if edge.cause in places and edge.effect in places]
    arrows = Markup("").join(_arrows(known, places))
    boxes = Markup("").join(_box(node, places[node.name]) for node in nodes)
    return Markup(
        '<svg viewBox="0 0 {:g} {:g}" role="img" aria-labelledby="t-graph"><title id="t-graph">Causal graph of {} '
        "variables and {} edges; the table below lists them</title><defs>{}</defs>{}{}</svg>"
    ).format(_WIDTH, height, len(nodes), len(known), _heads(), arrows, boxes)


def _heads() -> Markup:
    one = Markup(
        '<marker id="head-{0}" class="{0}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.5L8 4L0 7.5Z"/></marker>'
    )
    return Markup("").join(one.format(status) for status in ("holds", "failed", "withdrawn", "open"))


def _box(node: Node, place: _Place) -> Markup:
    lines = _wrapped(node.title)
    first = place.y + 4 - 7 * (len(lines) - 1)
    words = Markup("").join(
        Markup('<tspan x="{:g}" y="{:g}">{}</tspan>').format(place.x, first + 14 * row, text)
        for row, text in enumerate(lines)
    )
    box = Markup('<g class="node"><rect x="{:g}" y="{:g}" width="{:g}" height="{:g}" rx="6"/><text>{}</text></g>')
    return box.format(place.x - _BOX / 2, place.y - _HIGH / 2, _BOX, _HIGH, words)


def _wrapped(title: str) -> list[str]:
    """Return at most two lines of about equal length."""
    if len(title) <= _LINE or " " not in title:
        return [title]
    spaces = [at for at, letter in enumerate(title) if letter == " "]
    middle = min(spaces, key=lambda at: abs(at - len(title) / 2))
    return [title[:middle], title[middle + 1 :]]


def _arrows(edges: Sequence[Edge], places: dict[str, _Place]) -> Iterator[Markup]:
    """Draw failed edges first, so that those that hold lie on top."""
    rank = {"open": 0, "failed": 1, "withdrawn": 2, "holds": 3}
    ports = _ports(edges, places)
    for edge in sorted(edges, key=lambda one: rank[one.status]):
        (x1, y1, way1), (x2, y2, way2) = ports[edge.cause, edge.effect, "out"], ports[edge.cause, edge.effect, "in"]
        reach = max(36.0, abs(x2 - x1) * 0.45)
        path = f"M{x1:.1f} {y1:.1f}C{x1 + way1 * reach:.1f} {y1:.1f} {x2 + way2 * reach:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
        words = f"{edge.cause} {'raises' if edge.sign > 0 else 'lowers'} {edge.effect} after {edge.lag_months} months: "
        yield Markup('<path class="edge {0} {1}" d="{2}" marker-end="url(#head-{0})"><title>{3}</title></path>').format(
            edge.status, "plus" if edge.sign > 0 else "minus", path, words + edge.status
        )


def _ports(edges: Sequence[Edge], places: dict[str, _Place]) -> dict[tuple[str, str, str], tuple[float, float, int]]:
    """Return where each arrow leaves and ends, spread along the side of its box: x, y, and the way out (1 right)."""
    sides: dict[tuple[str, int], list[tuple[float, Edge, str]]] = {}
    for edge in edges:
        cause, effect = places[edge.cause], places[edge.effect]
        way = -1 if effect.x < cause.x else 1
        sides.setdefault((edge.cause, way), []).append((effect.y, edge, "out"))
        sides.setdefault((edge.effect, way if cause.x == effect.x else -way), []).append((cause.y, edge, "in"))
    found: dict[tuple[str, str, str], tuple[float, float, int]] = {}
    for (name, way), ends in sides.items():
        place = places[name]
        for row, (_, edge, end) in enumerate(sorted(ends, key=lambda one: (one[0], one[2]))):
            y = place.y + _HIGH * ((row + 1) / (len(ends) + 1) - 0.5)
            found[edge.cause, edge.effect, end] = (place.x + way * _BOX / 2, y, way)
    return found
