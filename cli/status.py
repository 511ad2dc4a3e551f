"""``zeno status``: what the warehouse holds."""

import sys
from datetime import date, datetime
from typing import Annotated

import typer

from cli.output import console, megabytes, print_json, print_table
from warehouse.status import Status, prometheus, read_status
from warehouse.store import connect


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    metrics: Annotated[bool, typer.Option("--prometheus", help="Print Prometheus metrics.")] = False,
) -> None:
    """Show tables with rows and time ranges, sources, quarantine, and whether bars equal their ticks."""
    found = read_status(connect())
    if metrics:
        sys.stdout.write(prometheus(found).decode())
    elif as_json:
        print_json(found.as_dict())
    else:
        print_status(found)


def print_status(found: Status) -> None:
    """Print a warehouse's status for a person; tables without rows are left out."""
    rows = [(entry.name, entry.rows, _short(entry.first), _short(entry.last), megabytes(entry.bytes_on_disk))
            for entry in found.tables if entry.rows]  # fmt: skip
    print_table("Tables", ["table", "rows", "first", "last", "on disk"], rows)
    console.print()
    refused = [(reason, count) for reason, count in found.quarantine.items()]
    if refused:
        print_table("Quarantine", ["reason", "rows"], refused)
    else:
        console.print("Quarantine: empty.")
    verdict = "[green]equal[/]" if not found.differing else f"[red]{found.differing} differ[/]"
    console.print(f"Bars against ticks: {found.reconciled + found.differing} day checks, {verdict}.")


def _short(moment: datetime | date | None) -> str | None:
    return None if moment is None else moment.isoformat()[:10]
