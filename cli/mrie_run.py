"""``zeno mrie run``: all six phases, with what is being done now."""

import sys
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.backtest_options import moment
from cli.output import console, errors, print_json, print_table
from zeno.clock import SystemClock
from zeno.settings import Settings

_MODELS = {"p_combined": "combined", "p_hmm": "hidden Markov model", "p_ms": "Markov switching",
           "low": "lowest of three", "high": "highest of three"}  # fmt: skip


def run(
    first: Annotated[str, typer.Option("--from", help="First month to read, YYYY-MM; 1973-01 unless given.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last month, YYYY-MM; by default that of the newest data.")] = "",
    as_of: Annotated[str, typer.Option(help="Use nothing that was released later: 2015-06-30T00:00+00:00.")] = "",
    on: Annotated[
        str, typer.Option(help="local, dask, spark, tcp://host:8786 or spark://host:7077; ZENO_EXECUTOR unless given.")
    ] = "",
    workers: Annotated[int, typer.Option(help="Processes of an own cluster; one a core unless given.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read the regimes, test the graph, run the scenarios, judge the claims, and write the page."""
    from mrie.panel.months import parse_month
    from mrie.run import begin
    from mrie.run import run as run_all
    from mrie.run.tracking import track_run
    from research.mapping import fan_out
    from warehouse import connect

    settings, clock = Settings.from_env(), SystemClock()
    start, end = (parse_month(text) if text else None for text in (first, last))
    known = moment(as_of) if as_of else None
    with fan_out(on or settings.executor, workers or settings.workers) as mapper, Phases() as phases:
        work = begin(connect(settings), settings, clock=clock, mapper=mapper, watch=phases, as_of=known,
                     first=start, last=end)  # fmt: skip
        found = run_all(work)
        phases("MLflow", 0, 1)
        tracked = track_run(found, settings, clock)
        phases("MLflow", 1, 1)
    if as_json:
        print_json(found.summary() | {"mlflow_run": tracked})
    else:
        _print(found)


class Phases:
    """Shows one bar a phase on standard error; call it with a phase and how many of how many parts are done."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=errors, disable=not sys.stderr.isatty())
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> "Phases":
        self._bar.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._bar.stop()

    def __call__(self, phase: str, done: int, total: int) -> None:
        """Move a phase's bar."""
        if phase not in self._tasks:
            self._tasks[phase] = self._bar.add_task(phase.replace("_", " "))
        self._bar.update(self._tasks[phase], completed=done, total=total)


def _print(found: Any) -> None:
    told = found.summary()
    reading = told["reading"]
    rows = [(name, f"{reading[key]:.1%}") for key, name in _MODELS.items()]
    title = f"Recession risk in {told['data_month']}; regime: {told['regime'].replace('_', ' ')}"
    print_table(title, ("model", "probability"), rows)
    track = told["track"]
    low = "" if track["auc_low"] is None else f" (90%: {track['auc_low']:.3f} to {track['auc_high']:.3f})"
    figure = "none: no recession in the span" if track["auc"] is None else f"{track['auc']:.3f}{low}"
    basis = "in real time" if track["vintaged"] == 1.0 else "on data as revised since"
    console.print(f"AUC {basis}, {track['from']} to {track['to']}: {figure}", highlight=False)
    for what in ("edges", "claims"):
        console.print(f"{what}: " + ", ".join(f"{count} {name}" for name, count in told[what].items()), highlight=False)
    for caveat in told["caveats"]:
        errors.print(f"[yellow]![/] {escape(caveat)}", highlight=False)
    console.print(
        f"Run [bold]{told['run_id']}[/]; page: [bold]{escape(str(told['page']))}[/]", highlight=False, soft_wrap=True
    )
