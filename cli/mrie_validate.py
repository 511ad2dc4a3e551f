"""``zeno mrie validate``: how the regime readings did in real time, against the NBER's dates."""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.output import console, errors, print_json, print_table, refuse_unwritable
from zeno.errors import ConfigError

_LABELS = {
    "p_combined": "combined",
    "p_hmm": "HMM",
    "p_ms": "Markov switching",
    "p_logit": "logit",
    "term_spread": "term spread",
    "sahm": "Sahm rule",
    "unemployment": "unemployment",
    "p_ahead": "12 months ahead",
    "term_spread_ahead": "... term spread",
}
_COLUMNS = ("month", "data_month", "p_hmm", "p_ms", "p_combined", "low", "high", "regime")


def validate(
    vintages: Annotated[
        Path | None, typer.Option(help="Vintages, .parquet or .csv; by default those of the warehouse.")
    ] = None,
    first: Annotated[str, typer.Option("--from", help="First month to read, YYYY-MM.")] = "1973-01",
    last: Annotated[
        str | None, typer.Option("--to", help="Last month, YYYY-MM; by default that of the newest vintage.")
    ] = None,
    readings: Annotated[Path | None, typer.Option(help="Write a row a month here, .csv or .parquet.")] = None,
    vintages_only: Annotated[
        bool, typer.Option("--vintages-only", help="Use nothing that is known by its usual release lag alone.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read every month in real time and score the readings against NBER recessions."""
    from mrie.panel import Panel, read_interchange, read_warehouse
    from mrie.panel.months import parse_month
    from mrie.validation import validate as run

    if readings is not None:
        _refuse_target(readings)
    start, end = parse_month(first), None if last is None else parse_month(last)
    panel = Panel(read_warehouse() if vintages is None else read_interchange(vintages))
    with _Bar() as bar:
        report = run(
            panel, start, panel.last_vintage if end is None else end, vintages_only=vintages_only, mapper=bar.map
        )
    for warning in report.warnings:
        errors.print(f"[yellow]![/] {escape(warning)}", highlight=False)
    if readings is not None:
        _write(report.readings.table, readings)
    if as_json:
        print_json(report.summary())
    else:
        _print(report)


class _Bar:
    """Counts refits on standard error."""

    def __enter__(self) -> "_Bar":
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=errors, transient=True, disable=not sys.stderr.isatty())
        self._task = self._progress.add_task("reading vintages", total=None)
        self._progress.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._progress.stop()

    def map(self, function: Callable[[Any], Any], payloads: Sequence[Any]) -> Iterable[Any]:
        """Apply a function to payloads in turn, counting."""
        self._progress.update(self._task, description="refitting", total=len(payloads))
        for payload in payloads:
            yield function(payload)
            self._progress.advance(self._task)


def _refuse_target(path: Path) -> None:
    if path.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"{path.name} is neither .csv nor .parquet.", remedy="Name the readings file so.")
    refuse_unwritable(path)


def _write(table: Any, path: Path) -> None:
    from mrie.panel.months import month_texts

    named = table.assign(month=month_texts(table["month"]), data_month=month_texts(table["data_month"]))
    chosen = named[list(_COLUMNS)]
    if path.suffix == ".csv":
        chosen.to_csv(path, index=False)
    else:
        chosen.to_parquet(path, index=False)


def _print(report: Any) -> None:
    summary = report.summary()
    rows = [_row(score) for score in (*report.scores, *report.ahead)]
    columns = ("model", "AUC (90%)", "Brier", "ECE", "peaks", "troughs", "false", "missed")
    print_table(f"Real time, {summary['from']} to {summary['to']}, against NBER dates", columns, rows)
    bins = [
        (f"{one['low']:.1f} to {one['high']:.1f}", one["months"], f"{one['forecast']:.3f}", f"{one['observed']:.3f}")
        for one in summary["bins"]
    ]
    print_table("Calibration of the combined reading", ("probability", "months", "forecast", "observed"), bins)
    console.print(
        f"{summary['months']} months, {summary['recessions']} recessions, {summary['refits']} refits; labels agree "
        f"{_decimal(summary['label_agreement'])}; {summary['vintaged']:.0%} of the inputs from dated vintages. "
        "Peaks and troughs: months to the publication that called them, median and most.",
        highlight=False,
    )


def _row(score: Any) -> tuple[Any, ...]:
    interval = "" if score.auc_low is None else f" ({score.auc_low:.3f}–{score.auc_high:.3f})"
    numbers = [_decimal(each) for each in (score.brier, score.ece)]
    lags = [f"{median(each):g}, {max(each)}" if each else "–" for each in (score.peak_lags, score.trough_lags)]
    counts = (score.false_calls, score.missed)
    return (_LABELS[score.model], _decimal(score.auc) + interval, *numbers, *lags, *counts)


def _decimal(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
