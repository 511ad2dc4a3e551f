"""What a person sees while an ELT run works: a line for everything done, and what is being done now."""

import sys
from collections.abc import Sequence
from types import TracebackType

from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from assets.progress import Checked, Event, Failed, Materialized, Said, Skipped, Started
from cli.output import errors


class RunProgress:
    """Prints events of a run to standard error; call it with each event.

    Parameters
    ----------
    quiet
        Print nothing, for programs.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=errors, transient=True,
            disable=quiet or not sys.stderr.isatty(),
        )  # fmt: skip
        self._task = self._bar.add_task("starting")
        self._shown: set[str] = set()  # a check runs again after the marts; its verdict is news only once

    def __enter__(self) -> "RunProgress":
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if self._quiet:
            return
        if isinstance(event, Started):
            self._bar.update(self._task, description=event.step)
        elif isinstance(event, Said):
            self._bar.update(self._task, description=f"{event.step}: {escape(event.text)}")
        elif (line := self._line(event)) is not None and line not in self._shown:
            self._shown.add(line)
            errors.print(line, highlight=False, soft_wrap=True)

    def _line(self, event: Event) -> str | None:
        if isinstance(event, Materialized):
            rows = "" if event.rows is None else f"{event.rows:>12,} rows"
            return f"[green]✓[/] {event.asset:<44}{rows}"
        if isinstance(event, Failed):
            remedy = f"\n  → {escape(event.remedy)}" if event.remedy else ""
            return f"[red]✗ {event.step}[/] {escape(event.error)}{remedy}"
        if isinstance(event, Checked):
            return _checked(event)
        if isinstance(event, Skipped):
            return f"[dim]· {event.step}: {escape(event.reason)}[/]"
        return None


def verdict(checks: Sequence[Checked]) -> str:
    """Say how many checks passed, and of the others how many only warn; one that said the same twice counts once."""
    told = set(checks)
    passed = sum(one.passed for one in told)
    failed = sum(one.blocking and not one.passed for one in told)
    warned = len(told) - passed - failed
    parts = [f"{passed} of {len(told)} checks passed"]
    parts += [f"{failed} failed"] if failed else []
    parts += [f"{warned} warned (the lines with !)"] if warned else []
    return ", ".join(parts)


def _checked(event: Checked) -> str | None:
    """Show checks that did not pass; that the others did is in the summary."""
    if event.passed:
        return None
    mark = "[red]✗[/]" if event.blocking else "[yellow]![/]"
    return f"{mark} {event.asset} {event.check}: {escape(event.detail)}"
