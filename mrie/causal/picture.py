"""The graph as one self-contained SVG: nodes in columns, edges coloured and dashed by status.

Colours are from the Okabe-Ito palette; status is also in the line style and the width, so that the picture is read
without colour, and its ink follows the page's text colour. Nothing is fetched: no script, no font, no link.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from mrie.causal.graph import Edge, Graph, Node

WIDTH, ROW, TOP = 1180, 132, 84
BOX_WIDTH, BOX_HEIGHT = 172, 46
_GAP = 7.0  # between an arrow's point and the box
_LEGEND = 42.0  # height of the legend
_UNTESTED = "untested"
# Distance of a curve's control point from the straight line, as a share of its length; the first that fits is taken.
# Positive is to the left of the direction: where both take it, a pair of opposite edges parts.
_BENDS = (0.1, -0.1, 0.2, -0.2, 0.3, -0.3, 0.45, -0.45, 0.6, -0.6, 0.8, -0.8)

_Point = tuple[float, float]
_Curve = tuple[_Point, _Point, _Point]


@dataclass(frozen=True)
class _Style:
    colour: str
    width: float
    dash: str
    meaning: str


STYLES: Mapping[str, _Style] = {
    "holds": _Style("#0072b2", 3.2, "", "holds: every predicate"),
    "failed": _Style("#8a8a8a", 1.3, "7 5", "failed: at least one predicate"),
    "withdrawn": _Style("#d55e00", 2.2, "2 4", "withdrawn: changes sign between eras"),
    _UNTESTED: _Style("#8a8a8a", 1.0, "", "not evaluated"),
}


def graph_picture(graph: Graph, statuses: Mapping[str, str] | None = None) -> str:
    """Return the graph as SVG text.

    Parameters
    ----------
    statuses
        ``holds``, ``failed`` or ``withdrawn`` by edge name; an edge without one is drawn as not evaluated.
    """
    known = statuses or {}
    status = {edge.name: known.get(edge.name, _UNTESTED) for edge in graph.edges}
    order = sorted(graph.edges, key=lambda edge: list(STYLES)[::-1].index(status[edge.name]))  # what holds on top
    height = _height(graph)
    shapes = [_edge(graph, edge, status[edge.name]) for edge in order]
    shapes += [_box(node, graph) for node in graph.nodes.values()]
    shapes += [_label(graph, edge) for edge in order if status[edge.name] != "failed"]
    shown = [name for name in STYLES if name in status.values()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="14" fill="currentColor">'
        f"<title>Causal graph by status of its edges</title><desc>{escape(_described(graph, status))}</desc>"
        f"<defs>{''.join(_arrow(name) for name in shown)}</defs>"
        f"{_legend(shown, status)}{''.join(shapes)}</svg>"
    )


def _height(graph: Graph) -> int:
    return TOP + (1 + max(node.place[1] for node in graph.nodes.values())) * ROW - 20


def _described(graph: Graph, status: Mapping[str, str]) -> str:
    parts = []
    for name in STYLES:
        edges = [f"{edge.cause} to {edge.effect}" for edge in graph.edges if status[edge.name] == name]
        if edges:
            parts.append(f"{name}: {', '.join(edges)}")
    return ". ".join(parts) + "."


def _arrow(name: str) -> str:
    return (
        f'<marker id="zeno-edge-{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="11" markerHeight="11" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 10 5 0 10z" fill="{STYLES[name].colour}"/></marker>'
    )


def _stroke(name: str) -> str:
    style = STYLES[name]
    dash = f' stroke-dasharray="{style.dash}"' if style.dash else ""
    return f'fill="none" stroke="{style.colour}" stroke-width="{style.width}"{dash}'


def _legend(shown: list[str], status: Mapping[str, str]) -> str:
    parts, x = [], 24.0
    for name in shown:
        count = sum(found == name for found in status.values())
        text = f"{STYLES[name].meaning} ({count})"
        parts.append(f'<path d="M{x:.0f} 26h44" {_stroke(name)}/><text x="{x + 54:.0f}" y="31">{escape(text)}</text>')
        x += 90 + 7.6 * len(text)
    return "".join(parts)


def _centre(node: Node, graph: Graph) -> tuple[float, float]:
    columns = 1 + max(other.place[0] for other in graph.nodes.values())
    step = (WIDTH - BOX_WIDTH - 48) / max(columns - 1, 1)
    # Neighbouring columns are shifted by half a row, so that fewer lines run through a box.
    shift = ROW / 2 if node.place[0] % 2 else 0.0
    return 24 + BOX_WIDTH / 2 + step * node.place[0], TOP + BOX_HEIGHT / 2 + ROW * node.place[1] + shift / 2


def _box(node: Node, graph: Graph) -> str:
    x, y = _centre(node, graph)
    label = node.name.replace("_", " ")
    return (
        f'<g><title>{escape(node.title)}, {escape(node.unit)}</title><rect x="{x - BOX_WIDTH / 2:.1f}" '
        f'y="{y - BOX_HEIGHT / 2:.1f}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="8" fill="Canvas" '
        f'stroke="currentColor" stroke-width="1.2"/><text x="{x:.1f}" y="{y + 5:.1f}" text-anchor="middle">'
        f"{escape(label)}</text></g>"
    )


def _edge(graph: Graph, edge: Edge, status: str) -> str:
    first, middle, last = _curve(graph, edge)
    sign = "+" if edge.sign > 0 else "−"
    title = f"{edge.cause} to {edge.effect}, {sign}, {edge.lag_months} months, {status}. {edge.mechanism}"
    return (
        f'<g class="edge {status}"><title>{escape(title)}</title><path d="M{first[0]:.1f} {first[1]:.1f}'
        f'Q{middle[0]:.1f} {middle[1]:.1f} {last[0]:.1f} {last[1]:.1f}" {_stroke(status)} '
        f'marker-end="url(#zeno-edge-{status})"/></g>'
    )


def _label(graph: Graph, edge: Edge) -> str:
    # A third of the way: where the lines of a crossing have parted.
    x, y = _point(_curve(graph, edge), 0.36)
    sign = "+" if edge.sign > 0 else "−"
    return (
        f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle" font-size="12" stroke="Canvas" stroke-width="5" '
        f'paint-order="stroke">{sign}{edge.lag_months}m</text>'
    )


def _curve(graph: Graph, edge: Edge) -> _Curve:
    """Return the quadratic curve of an edge: of several bends, the least that runs through the fewest boxes."""
    start, end = (_centre(graph.nodes[name], graph) for name in (edge.cause, edge.effect))
    others = [_centre(node, graph) for node in graph.nodes.values() if node.name not in (edge.cause, edge.effect)]
    paired = f"{edge.effect}->{edge.cause}" in graph.by_name
    curves = [_bent(start, end, bend) for bend in _BENDS if bend > 0 or not paired]
    bottom = _height(graph)
    return min(curves, key=lambda curve: sum(_covered(_point(curve, at / 24), others, bottom) for at in range(25)))


def _bent(start: _Point, end: _Point, bend: float) -> _Curve:
    dx, dy = end[0] - start[0], end[1] - start[1]
    middle = ((start[0] + end[0]) / 2 - bend * dy, (start[1] + end[1]) / 2 + bend * dx)
    return _border(start, middle), middle, _border(end, middle)


def _point(curve: _Curve, at: float) -> _Point:
    weights = ((1 - at) ** 2, 2 * at * (1 - at), at**2)
    x, y = (sum(w * point[axis] for w, point in zip(weights, curve, strict=True)) for axis in (0, 1))
    return x, y


def _covered(point: _Point, boxes: list[_Point], bottom: float) -> int:
    """Return how many boxes a point lies in; outside the picture, or in its legend, counts as a box."""
    wide, high = BOX_WIDTH / 2 + _GAP, BOX_HEIGHT / 2 + _GAP
    outside = not (_LEGEND < point[1] < bottom and 0 < point[0] < WIDTH)
    return outside + sum(abs(point[0] - x) < wide and abs(point[1] - y) < high for x, y in boxes)


def _border(centre: _Point, towards: _Point) -> _Point:
    """Return where the line from a box's centre leaves the box, with a gap."""
    dx, dy = towards[0] - centre[0], towards[1] - centre[1]
    wide, high = BOX_WIDTH / 2 + _GAP, BOX_HEIGHT / 2 + _GAP
    scale = min(wide / abs(dx) if dx else 1e9, high / abs(dy) if dy else 1e9)
    return centre[0] + dx * scale, centre[1] + dy * scale
