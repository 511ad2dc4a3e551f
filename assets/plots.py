"""Small pictures for the UI: rows over time, and a price where there is one. PNG, inline in Markdown."""

import base64
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from warehouse.profile import History

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INK, _PALE = "#4f43dd", "#c9c5f5"
_MAX_BYTES = 40_000  # what a page of fifty assets can carry; a picture beyond it is left out


def draw(title: str, history: History) -> str | None:
    """Return a picture of a table's history as Markdown, or None where there is nothing to show."""
    if len(history.rows) < 2:
        return None
    # Imported here: it takes two seconds, and whoever only loads the definitions draws nothing.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = 2 if history.prices else 1
    figure = Figure(figsize=(5.6, 1.5 * panels), dpi=80, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(panels, 1, squeeze=False)[:, 0]
    starts = [_moment(start) for start, _ in history.rows]
    width = (starts[-1] - starts[0]) / len(starts) or timedelta(days=1)
    axes[0].bar(starts, [rows for _, rows in history.rows], width=width, color=_PALE, edgecolor=_INK, linewidth=0.4)
    axes[0].set_ylabel("rows", fontsize=7)
    if history.prices:
        axes[1].plot([_moment(at) for at, _ in history.prices], [price for _, price in history.prices], color=_INK,
                     linewidth=0.9)  # fmt: skip
        axes[1].set_ylabel(history.label, fontsize=7)
    for axis in axes:
        axis.tick_params(labelsize=6)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_title(title, fontsize=8, loc="left")
    return _markdown(figure, title)


def preview(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    r"""Return rows as a Markdown table.

    >>> print(preview(["a", "b"], [(1, None), ("x|y", 2)]))
    | a | b |
    |---|---|
    | 1 |  |
    | x\|y | 2 |
    """
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join(lines + ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows])


def _cell(value: object) -> str:
    text = "" if value is None else f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value)
    text = text.replace("|", "\\|").replace("\n", " ")
    return text if len(text) <= 60 else text[:57] + "…"


def _moment(value: date | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)


def _markdown(figure: "Figure", title: str) -> str | None:
    sink = io.BytesIO()
    figure.savefig(sink, format="png")
    if sink.tell() > _MAX_BYTES:
        return None
    return f"![{title}](data:image/png;base64,{base64.b64encode(sink.getvalue()).decode()})"
