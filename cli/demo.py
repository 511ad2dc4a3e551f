"""``zeno demo``: the main job on real data, from nothing to a summary of what is there."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from cli.output import console, errors, print_json, print_table
from cli.status import print_status
from warehouse.status import Status, read_status
from warehouse.store import Warehouse, connect
from zeno.settings import Settings

if TYPE_CHECKING:
    from assets.run import EltResult

Say = Callable[[str], None]
_NEXT = """
[bold]Where to look next[/]
  {tear_sheet}   a tear sheet
  {study}   a walk-forward study, out of sample
  {risk_report}   the recession-risk report
  .venv/bin/zeno study list               studies; `zeno study start --help` says which there are
  .venv/bin/zeno backtest list            the catalogue of strategies; `zeno backtest run --help` says how to run one
  .venv/bin/zeno up                       the Dagster UI: the graph, every run, checks and plots
  .venv/bin/zeno query "SELECT ts, open, high, low, close, volume FROM marts.bars_1m ORDER BY ts LIMIT 10"
  .venv/bin/python docs/research_start.py the same from Python, as of a moment
  .venv/bin/zeno status                   this summary
"""
_PAGES = 3


def demo(as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False) -> None:
    """Load the whole offline data set, build and check the marts, and say what there is; exit with 1 if it failed."""
    from assets.run import run_elt
    from cli.progress import RunProgress

    began = time.monotonic()
    settings = Settings.from_env()
    store = connect(settings)
    with RunProgress(quiet=as_json) as progress:
        result = run_elt(settings, on_event=progress)
    found = read_status(store)
    pages = _pages(settings, store, quiet=as_json) if result.success else {}
    succeeded = result.success and len(pages) == _PAGES
    if as_json:
        print_json({"success": succeeded, "status": found.as_dict(), **pages})
    else:
        _summary(settings, result, found, time.monotonic() - began, succeeded=succeeded)
        console.print(
            _NEXT.format(**{name: escape(str(page)) for name, page in pages.items()}) if succeeded else "",
            highlight=False,
            soft_wrap=True,
        )
    if not succeeded or found.differing:
        raise typer.Exit(1)


def _summary(settings: Settings, result: "EltResult", found: Status, seconds: float, *, succeeded: bool) -> None:
    from cli.progress import verdict

    console.print()
    rows = [(s.source, s.table_name, s.rows_in, s.rows_stored, s.rows_quarantined) for s in found.sources]
    print_table("Sources", ["source", "table", "rows in", "stored", "quarantined"], rows)
    console.print()
    print_status(found)
    outcome = "[bold green]Everything holds.[/]" if succeeded else "[bold red]Something failed; see above.[/]"
    console.print(f"{verdict(result.checks)} in this run, which took {seconds:.0f} s.")
    console.print(f"{outcome} Data in {escape(str(settings.home))}", highlight=False, soft_wrap=True)


def _pages(settings: Settings, store: Warehouse, *, quiet: bool) -> dict[str, Path]:
    """Run what research there is to show, with a line for each, and return its pages; none of what failed."""
    from assets.run import run_research
    from cli.progress import RunProgress

    title = "a backtest: a moving-average crossover on the S&P 500"
    with errors.status(title) as line:
        pages = {"tear_sheet": _tear_sheet(settings, store, lambda what: line.update(f"{title}: {what}"))}
    if not quiet:
        errors.print(f"[green]✓[/] {title}", highlight=False, soft_wrap=True)
        errors.print("a walk-forward study: the five strongest of twenty stocks, 1990–2022; then MRIE", highlight=False)
    with RunProgress(quiet=quiet) as progress:
        found = run_research(settings, on_event=progress).paths
    wanted = {"study": ("research.walk_forward", "tearsheet"), "risk_report": ("mrie.report", "page")}
    return pages | {name: found[asset][page] for name, (asset, page) in wanted.items() if page in found.get(asset, {})}


def _tear_sheet(settings: Settings, store: Warehouse, say: Say) -> Path:
    """Backtest a moving-average crossover on the S&P 500 and write its tear sheet; returns where."""
    from backtest.market import read_market
    from backtest.report import run_record
    from backtest.run import Request, run_backtest
    from backtest.strategies.sma_crossover import SmaCrossover
    from backtest.tearsheet import tear_sheet, write_page

    frame = read_market(["SP500"], "1d", datetime(1999, 1, 1, tzinfo=UTC), datetime(2019, 1, 1, tzinfo=UTC),
                        source="us_indices_daily", warehouse=store)  # fmt: skip
    request = Request(SmaCrossover(fast=20, slow=100), sizer="equity:1", cost="bps:2")
    say("compiling and running")
    page = settings.home / "reports" / "sma_crossover_sp500.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    write_page(tear_sheet(run_record(run_backtest(request, frame))), page)
    return page
