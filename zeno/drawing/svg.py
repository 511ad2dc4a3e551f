"""SVG by hand: shapes in a box of 1000 × 300 that stretches to any width, while lines keep theirs.

Text is never in the SVG: labels are HTML beside it, so that they have one size on a phone and on a desk.
"""

from collections.abc import Iterable, Sequence

from markupsafe import Markup

WIDTH = 1000.0
HEIGHT = 300.0

Point = tuple[float, float] | None
"""Shares of width and height from the lower left corner; None breaks a line."""


def line(points: Iterable[Point], css: str) -> Markup:
    """Draw a line through points."""
    path = "".join(_moves(points))
    return Markup('<path class="{}" d="{}"/>').format(css, path) if path else Markup("")


def area(points: Sequence[Point], base: float, css: str) -> Markup:
    """Fill between a line and a level (a share of the height)."""
    path = "".join(_closed(part, base) for part in _parts(points))
    return Markup('<path class="{}" d="{}"/>').format(css, path) if path else Markup("")


def band(points: Sequence[tuple[float, float, float]], css: str) -> Markup:
    """Fill between two lines, given as (x, low, high)."""
    if not points:
        return Markup("")
    there = "".join(f"L{_x(x)} {_y(high)}" for x, _, high in points)
    back = "".join(f"L{_x(x)} {_y(low)}" for x, low, _ in reversed(points))
    return Markup('<path class="{}" d="M{}{}Z"/>').format(css, there[1:], back)


def bars(boxes: Iterable[tuple[float, float, float, float]], css: str) -> Markup:
    """Draw boxes, each from (left, low) to (right, high), as one path."""
    path = "".join(
        f"M{_x(left)} {_y(low)}V{_y(high)}H{_x(right)}V{_y(low)}Z" for left, low, right, high in boxes
    )  # fmt: skip
    return Markup('<path class="{}" d="{}"/>').format(css, path) if path else Markup("")


def level(share: float, css: str) -> Markup:
    """Draw a horizontal rule."""
    return Markup('<path class="{}" d="M0 {}H{:g}"/>').format(css, _y(share), WIDTH)


def _moves(points: Iterable[Point]) -> Iterable[str]:
    pen = "M"
    for point in points:
        if point is None:
            pen = "M"
            continue
        yield f"{pen}{_x(point[0])} {_y(point[1])}"
        pen = "L"


def _parts(points: Sequence[Point]) -> Iterable[list[tuple[float, float]]]:
    part: list[tuple[float, float]] = []
    for point in points:
        if point is not None:
            part.append(point)
        elif part:
            yield part
            part = []
    if part:
        yield part


def _closed(part: list[tuple[float, float]], base: float) -> str:
    foot = f"M{_x(part[0][0])} {_y(base)}"
    return foot + "".join(f"L{_x(x)} {_y(y)}" for x, y in part) + f"L{_x(part[-1][0])} {_y(base)}Z"


def _x(share: float) -> str:
    return f"{share * WIDTH:.1f}".removesuffix(".0")


def _y(share: float) -> str:
    return f"{(1 - share) * HEIGHT:.1f}".removesuffix(".0")
