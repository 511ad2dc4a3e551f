"""How the command line speaks: tables for people, JSON for programs, errors that name the remedy."""

import json
import logging
import os
import re
import sys
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from zeno.errors import ConfigError, ZenoError

_UNBOUNDED = 1_000
_TEXT_ROOM = 12
_LABELS = re.compile(r"(?:.*_)?(?:id|batch|year|port)", re.IGNORECASE)
"""Columns whose whole numbers are names: thousands are not separated in them."""

console = Console(width=None if sys.stdout.isatty() else _UNBOUNDED)  # in a pipe or a file nothing needs to be folded
errors = Console(stderr=True, width=None if sys.stderr.isatty() else _UNBOUNDED)


def print_json(value: Any) -> None:
    """Print a value as JSON; times in ISO 8601, decimals as text, so that nothing is rounded."""
    sys.stdout.write(json.dumps(value, default=str, indent=2) + "\n")


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, whole: Collection[str] = ()
) -> None:
    """Print rows for a person: numbers right-aligned with thousands separated unless they are ids, times to the second.

    Brackets in a value are the value's own, not markup. Decimals have as many places as their column needs; none is
    rounded. On a narrow terminal text is folded before numbers and times are.
    """
    given = [[_label(name, value) for name, value in zip(columns, row, strict=True)] for row in rows]
    width = range(len(columns))
    numeric = {at for at in width if any(_is_number(row[at]) for row in given)}
    times = {at for at in width if any(isinstance(row[at], date) for row in given)}
    listed = list(zip(*(_aligned(column) for column in zip(*given, strict=True)), strict=True))
    firm = _firm(columns, listed, numeric | times)
    table = Table(title=escape(title), title_justify="left", header_style="bold", show_edge=False, pad_edge=False)
    for at, name in enumerate(columns):
        justify = "right" if at in numeric else "left"
        table.add_column(Text(name), justify=justify, overflow="fold", no_wrap=at in firm or name in whole)
    for row in listed:
        table.add_row(*(Text(shown(value)) for value in row))
    console.print(table)


class _Id(int):
    """A whole number that names something."""


def _label(column: str, value: Any) -> Any:
    is_label = isinstance(value, int) and not isinstance(value, bool) and _LABELS.fullmatch(column)
    return _Id(value) if is_label else value


def _aligned(column: Sequence[Any]) -> list[Any]:
    """Give the decimals of a column the places that its longest has, trailing zeros left out."""
    places = max((_places(value) for value in column if _is_exact(value)), default=0)
    return [f"{value:.{places}f}" if _is_exact(value) else value for value in column]


def _is_exact(value: Any) -> bool:
    return isinstance(value, Decimal) and value.is_finite()


def _places(value: Decimal) -> int:
    return max(0, -int(value.normalize().as_tuple().exponent))


def _firm(columns: Sequence[str], rows: Sequence[Sequence[Any]], chosen: set[int]) -> set[int]:
    """Return the chosen columns, which are then never folded, if they leave the others room; none otherwise."""
    wide = sum(max([len(columns[at]), *(len(shown(row[at])) for row in rows)]) for at in chosen)
    room = console.width - wide - 3 * (len(columns) - 1)
    return chosen if room >= _TEXT_ROOM * (len(columns) - len(chosen)) else set()


def shown(value: Any) -> str:
    """Return a value as a person reads it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(int(value)) if isinstance(value, _Id) else f"{value:,}"
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


class _Told(logging.Handler):
    """Prints what is logged to standard error, above whatever bar is there."""

    def emit(self, record: logging.LogRecord) -> None:
        errors.print(record.getMessage(), highlight=False, markup=False, soft_wrap=True)


def tell_of_compiling() -> None:
    """Say when a strategy is compiled: it is the first use, and takes seconds in which nothing else is seen."""
    logger = logging.getLogger("backtest.core.kernels")
    logger.setLevel(logging.INFO)
    logger.addHandler(_Told())


def refuse_unwritable(path: Path) -> None:
    """Refuse a file that cannot be written, before anything is computed for it.

    Raises
    ------
    ConfigError
        When its folder is not there or may not be written to, or it is a folder itself.
    """
    if not path.parent.is_dir():
        raise ConfigError(f"there is no folder {path.parent}", remedy="make it first")
    if path.is_dir():
        raise ConfigError(f"{path} is a folder", remedy="name a file in it")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ConfigError(f"{path} cannot be written", remedy="change its rights, or name another file")


def megabytes(size: int | None) -> str:
    """Return a size in MiB, a small one in KiB, or a dash."""
    if size is None:
        return "–"
    return f"{size / 2**20:,.1f} MiB" if size >= 2**20 / 10 or not size else f"{size / 2**10:,.1f} KiB"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
