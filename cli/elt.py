"""``zeno elt …``: load sources, build marts, see what became of them. Everything it runs shows in the Dagster UI.

Dagster takes seconds to import: the commands that need it import it themselves, and the others start at once.
"""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import console, print_json, print_table
from collectors.registry import DATASETS
from warehouse.status import read_status
from warehouse.store import connect
from zeno.settings import Settings

if TYPE_CHECKING:
    from assets.run import EltResult

app = typer.Typer(no_args_is_help=True, help="Load sources and build the marts.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]


@app.command()
def run(
    datasets: Annotated[
        list[str] | None, typer.Argument(help="Data sets, or `drop` for the drop folder; all offline ones by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Load data sets, build what that changed, and check it; exit with 1 if anything failed."""
    from assets.run import run_elt
    from cli.progress import RunProgress

    with RunProgress(quiet=as_json) as progress:
        result = run_elt(Settings.from_env(), datasets=datasets or None, on_event=progress)
    report(result, as_json=as_json)


@app.command("backfill")
def backfill_command(first: Day, last: Day, as_json: Json = False) -> None:
    """Rebuild the bars of every day with ticks in the years from --first to --last."""
    from assets.run import backfill
    from cli.progress import RunProgress

    with RunProgress(quiet=as_json) as progress:
        result = backfill(Settings.from_env(), first.date(), last.date(), on_event=progress)
    report(result, as_json=as_json)


@app.command()
def sources(as_json: Json = False) -> None:
    """List the data sets that can be loaded."""
    if as_json:
        fields = ("name", "title", "description", "origin", "tables", "online")
        print_json([{name: getattr(entry, name) for name in fields} for entry in DATASETS.values()])
        return
    rows = [(entry.name, entry.title, ", ".join(entry.tables), "online" if entry.online else "offline")
            for entry in DATASETS.values()]  # fmt: skip
    print_table("Data sets", ["name", "what", "tables", "needs"], rows)


@app.command()
def status(as_json: Json = False) -> None:
    """Show what became of every source's rows."""
    found = read_status(connect())
    if as_json:
        print_json([asdict(entry) for entry in found.sources])
        return
    rows = [(e.source, e.table_name, e.rows_in, e.rows_stored, e.rows_quarantined, e.loaded_at.replace(microsecond=0))
            for e in found.sources]  # fmt: skip
    print_table("Loads", ["source", "table", "rows in", "stored", "quarantined", "last load (UTC)"], rows)


def report(result: "EltResult", *, as_json: bool) -> None:
    """Print what a run did, and end with 1 if it did not succeed."""
    if as_json:
        print_json(asdict(result))
    else:
        from cli.progress import verdict

        outcome = "[green]done[/]" if result.success else "[red]failed[/]"
        console.print(f"{outcome}: {len(result.loads)} sources, {verdict(result.checks)}, "
                      f"{len(result.failures)} failed; runs {', '.join(run[:8] for run in result.runs)}.",
                      highlight=False)  # fmt: skip
    if not result.success:
        raise typer.Exit(1)
