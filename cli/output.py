"""How the command line speaks: tables for people, JSON for programs, errors that name the remedy."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from zeno.errors import ZenoError

console = Console()
errors = Console(stderr=True)


def print_json(value: Any) -> None:
    """Print a value as JSON; times in ISO 8601, decimals as text, so that nothing is rounded."""
    sys.stdout.write(json.dumps(value, default=str, indent=2) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows for a person: numbers right-aligned with thousands separated, times to the second.

    Brackets in a value are the value's own, not markup.
    """
    listed = [list(row) for row in rows]
    table = Table(title=escape(title), title_justify="left", header_style="bold", show_edge=False, pad_edge=False)
    for at, name in enumerate(columns):
        numeric = any(_is_number(row[at]) for row in listed)
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        table.add_row(*(Text(shown(value)) for value in row))
    console.print(table)


def shown(value: Any) -> str:
    """Return a value as a person reads it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f").removesuffix(".000000")
    return value.isoformat() if isinstance(value, date) else str(value)


def print_error(error: ZenoError, *, as_json: bool) -> None:
    """Print a failure to standard error, with what to do about it."""
    if as_json:
        report = {"error": type(error).__name__, "message": error.message, "remedy": error.remedy}
        sys.stderr.write(json.dumps(report) + "\n")
        return
    errors.print(f"[bold red]{type(error).__name__}[/] {escape(error.message)}", highlight=False, soft_wrap=True)
    if error.remedy:
        errors.print(f"  → {error.remedy}", highlight=False, markup=False, soft_wrap=True)


def megabytes(size: int | None) -> str:
    """Return a size in MiB, or a dash."""
    return "–" if size is None else f"{size / 2**20:,.1f} MiB"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
