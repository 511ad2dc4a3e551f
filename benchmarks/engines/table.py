"""The table: a row an entry, made from the lines of its runs and what the oracle expects."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.engines.entries import ZENO, Entry
from benchmarks.engines.oracle import Outcome

HEADINGS = (
    "engine",
    "version",
    "lane",
    "work",
    "bars",
    "seconds",
    "CPU s",
    "bars/s",
    "of zeno's",
    "fills off",
    "equity off",
    "note",
)
_LEFT = {"engine", "version", "lane", "work", "note"}
LEGEND = (
    "bars: one a time, instrument and parameter set. seconds: the median, from bars in memory, in the form the engine\n"
    "takes, to fills and equity curve, indicators and signals included; imports, compilation and conversion are not.\n"
    "off: the difference of fills and of the last equity (dollars) to whole numbers computed by the same rule."
)


@dataclass
class Row:
    """What became of an entry: the lines of its runs, or why there are none."""

    entry: Entry
    lines: list[dict[str, Any]] = field(default_factory=list)
    failure: str = ""
    expected: Outcome | None = None

    @property
    def seconds(self) -> float:
        """The median over the rounds."""
        return statistics.median(line["seconds"] for line in self.lines)

    @property
    def cpu_seconds(self) -> float:
        """The same of CPU, of all threads: what hardly grows with other work on the machine."""
        return statistics.median(line["cpu_seconds"] for line in self.lines)

    @property
    def speed(self) -> float:
        """Bars a second."""
        return self.lines[0]["bars"] / self.seconds


def render(rows: Sequence[Row]) -> str:
    """Return the table and its legend as text."""
    cells = [HEADINGS, *(_cells(row, _reference(rows, row.entry.work)) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    lines = []
    for line in cells:
        parts = zip(HEADINGS, line, widths, strict=True)
        lines.append(
            "  ".join(f"{cell:{'<' if name in _LEFT else '>'}{width}}" for name, cell, width in parts).rstrip()
        )
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], "", LEGEND])


def values(rows: Sequence[Row]) -> dict[str, float | int | str]:
    """Return the figures by name, for JSON."""
    found: dict[str, float | int | str] = {}
    for row in rows:
        name = "_".join((row.entry.work, row.entry.peer, row.entry.lane)).replace(" ", "_").lower()
        if not row.lines:
            found[f"{name}_failure"] = row.failure
            continue
        found[f"{name}_version"] = row.lines[0]["version"]
        found[f"{name}_bars"] = row.lines[0]["bars"]
        found[f"{name}_median_s"] = round(row.seconds, 6)
        found[f"{name}_cpu_median_s"] = round(row.cpu_seconds, 6)
        found[f"{name}_bars_per_s"] = round(row.speed)
        if row.expected:
            found[f"{name}_fills_off"] = row.lines[0]["fills"] - row.expected.fills
            found[f"{name}_equity_off"] = round(row.lines[0]["final_equity"] - row.expected.final_equity, 6)
    return found


def _reference(rows: Sequence[Row], work: str) -> float | None:
    return max(
        (row.speed for row in rows if row.lines and row.entry.peer == ZENO and row.entry.work == work), default=None
    )


def _cells(row: Row, reference: float | None) -> tuple[str, ...]:
    entry = row.entry
    if not row.lines:
        return (entry.peer, "-", entry.lane, entry.work, *["-"] * 7, row.failure)
    line = row.lines[0]
    fills = equity = "-"
    if row.expected:
        fills = f"{line['fills'] - row.expected.fills:+,}"
        equity = f"{line['final_equity'] - row.expected.final_equity:+,.6f}"
    ratio = f"1/{reference / row.speed:,.1f}" if reference else "-"
    sizes = (f"{line['bars']:,}", f"{row.seconds:.4f}", f"{row.cpu_seconds:.4f}", f"{row.speed:,.0f}")
    return (line["engine"], line["version"], entry.lane, entry.work, *sizes, ratio, fills, equity, line["note"])
