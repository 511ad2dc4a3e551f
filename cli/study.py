"""``zeno study``: start, list, show, wait for, cancel, resume and reproduce studies."""

import signal
import subprocess
import sys
from dataclasses import asdict
from types import FrameType
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from cli.backtest_options import with_fields
from cli.output import console, errors, print_json, print_table
from cli.study_answer import print_answer
from cli.study_options import Driving
from cli.study_start import app as start
from zeno.errors import ConfigError, StudyError
from zeno.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Durable research: walk-forward, sweeps, Monte-Carlo, ablation, regimes.")
app.add_typer(start, name="start")
Id = Annotated[str, typer.Argument(help="The study's id, or how it begins.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_COLUMNS = ("id", "kind", "state", "done", "total", "dead", "created", "executor")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List all studies, the newest first."""
    from research.study import Studies

    states = [asdict(one) for one in Studies().states()]
    if as_json:
        print_json(states)
        return
    rows = [one | {"created": one["created"].replace(microsecond=0)} for one in states]
    print_table("", list(_COLUMNS), [[one[name] for name in _COLUMNS] for one in rows])


@app.command()
def show(study: Id, as_json: AsJson = False) -> None:
    """Show where a study stands, what came of it, and why tasks were given up."""
    from research.study import Studies

    studies = Studies()
    found = studies.store.find(study)
    spec, snapshot = studies.store.spec(found)
    state = studies.state(found)
    dead = [one for one in studies.store.failures(found) if one.event == "dead"]
    if as_json:
        failures = [asdict(one) for one in dead]
        print_json({**asdict(state), "spec": asdict(spec), "snapshot": snapshot, "given_up": failures})
        return
    print_table("", ["", "value"], [(name, value) for name, value in _described(state, spec)])
    for one in dead:
        errors.print(f"\n[red]{one.name}[/] was given up after three tries:\n{escape(one.detail)}", highlight=False)
    print_answer(state.id, state.kind, state.summary)
    _print_pages(state)


@app.command()
@with_fields(Driving, "driving")
def resume(
    driving: Driving,
    study: Id,
    again: Annotated[bool, typer.Option("--again", help="Also try tasks that were given up.")] = False,
) -> None:
    """Go on with a study: only what is missing is done."""
    from research.study import Studies

    if again and driving.queue:
        raise ConfigError("A study that is queued tries nothing again that was given up.",
                          remedy="Give --again with --detach, or alone.")  # fmt: skip
    studies = Studies()
    drive(studies, studies.store.find(study), driving, again=again)


@app.command()
def cancel(study: Id, as_json: AsJson = False) -> None:
    """Stop a study within seconds; what is done is kept, and resume goes on."""
    from research.study import Studies

    studies = Studies()
    found = studies.store.find(study)
    studies.cancel(found)
    state = studies.wait(found, seconds=10)
    if as_json:
        print_json(asdict(state))
    else:
        console.print(f"Study {found}: {state.state}, {state.done} of {state.total} tasks are kept.")


@app.command()
def wait(
    study: Id,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most; 0 for as long as it takes.")] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Wait until a study is over; exit code 0 when it has finished."""
    from research.study import Studies

    studies = Studies()
    found = studies.store.find(study)
    with _bar(quiet=as_json) as bar:
        task = bar.add_task(found, total=None)
        state = studies.wait(found, lambda now: bar.update(task, completed=now.done, total=now.total), timeout or None)
    _end(state, as_json)


@app.command()
@with_fields(Driving, "driving")
def reproduce(driving: Driving, study: Id) -> None:
    """Compute a study anew from its recorded data snapshot, and compare every result bit for bit."""
    from research.study import Studies

    studies = Studies()
    found = studies.store.find(study)
    with _bar(quiet=driving.as_json) as bar:
        task = bar.add_task(f"reproducing {found}", total=None)
        comparison = studies.reproduce(
            found, driving.executor(), lambda now: bar.update(task, completed=now.done, total=now.total)
        )
    told = {"study": found, "holds": comparison.holds, "equal": comparison.equal, "different": comparison.different,
            "failed": sorted(comparison.failed), "same_code": comparison.same_code}  # fmt: skip
    if driving.as_json:
        print_json(told)
    else:
        code = "the same code" if comparison.same_code else "[yellow]other code than then[/]"
        console.print(f"{comparison.equal} of {len(comparison.recorded)} results are equal bit for bit, by {code}.")
    if not comparison.holds:
        raise StudyError(f"Study {found} was not reproduced: {len(comparison.different)} results differ, "
                         f"{len(comparison.failed)} failed.",
                         remedy="If the code differs, check out the version that made it.")  # fmt: skip


def drive(studies: Any, study: str, driving: Driving, *, again: bool = False) -> None:
    """Run a study here with a progress bar, or in the background."""
    if driving.queue:
        _queue(studies, study, driving)
        return
    if driving.detach:
        _detach(study, driving, again=again)
        return
    with _bar(quiet=driving.as_json) as bar:
        task = bar.add_task(study, total=None)

        def watch(now: Any) -> None:
            failed = f", {now.failed_tries} failed tries" if now.failed_tries else ""
            bar.update(task, completed=now.done, total=now.total, description=f"{study} on {now.executor}{failed}")

        signal.signal(signal.SIGTERM, _interrupt)
        try:
            state = studies.drive(study, driving.executor(), watch, again=again)
            if state.state == "finished":
                bar.update(task, description=f"{study}: recording in MLflow")
                studies.track(study)
        except KeyboardInterrupt:
            bar.stop()
            errors.print(f"Interrupted; what is done is kept. Go on with: zeno study resume {study}")
            sys.exit(130)
    _end(state, driving.as_json)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's signature
    raise KeyboardInterrupt


def _queue(studies: Any, study: str, driving: Driving) -> None:
    settings = Settings.from_env()
    studies.queue(study, driving.on or settings.executor, driving.workers or settings.workers or 0)
    if driving.as_json:
        print_json(asdict(studies.state(study)))
    else:
        console.print(f"Study {study} is queued. While zeno up runs, it starts within half a minute.")


def _detach(study: str, driving: Driving, *, again: bool) -> None:
    settings = Settings.from_env()
    settings.logs.mkdir(parents=True, exist_ok=True)
    log = settings.logs / f"study-{study}.log"
    command = [sys.executable, "-m", "cli.main", "study", "resume", study, "--json", *(["--again"] if again else [])]
    for name, value in (("--on", driving.on), ("--workers", driving.workers)):
        command += [name, str(value)] if value else []
    with log.open("a") as file:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True,
                                 env=settings.child_environment())  # fmt: skip
    if driving.as_json:
        print_json({"id": study, "process": child.pid, "log": str(log)})
    else:
        console.print(f"Study {study} runs in the background. Follow it: zeno study wait {study[:8]}")


def _end(state: Any, as_json: bool) -> None:
    if as_json:
        print_json(asdict(state))
    else:
        print_answer(state.id, state.kind, state.summary)
    if state.state == "stuck":
        remedy = f"zeno study show {state.id} says why; zeno study resume --again {state.id} tries again."
        raise StudyError(f"Study {state.id} is stuck: {state.dead} tasks failed three times.", remedy=remedy)
    if state.state != "finished":
        raise StudyError(f"Study {state.id} is {state.state}: {state.done} of {state.total} tasks are done.",
                         remedy=f"zeno study resume {state.id}")  # fmt: skip
    if not as_json:
        console.print(f"\nStudy [bold]{state.id}[/] has finished; results {state.result[:16]}…")
        _print_pages(state)


def _print_pages(state: Any) -> None:
    folder = Settings.from_env().studies / state.id
    for path in sorted(folder.glob("*.html")):
        name = path.stem.replace("_", " ")
        console.print(f"{name}: [bold]{escape(str(path))}[/]", highlight=False, soft_wrap=True)


def _described(state: Any, spec: Any) -> list[tuple[str, Any]]:
    asked = {name: value for name, value in spec.question.items() if not isinstance(value, dict | list)}
    return [("study", state.id), ("kind", state.kind), ("state", state.state),
            ("tasks", f"{state.done} of {state.total} done, {state.dead} given up, {state.failed_tries} failed tries"),
            ("worked", f"{state.task_seconds:.1f} s on {state.executor or '–'}{_pace(state)}"),
            ("created", state.created),
            ("universe", ", ".join(spec.data["symbols"])), ("data snapshot", spec.snapshot), ("code", spec.code),
            *asked.items(), ("result", state.result)]  # fmt: skip


def _pace(state: Any) -> str:
    """Return how many bars a second of tasks took, reading and judging included, where a study counts its bars."""
    bars = state.summary.get("bars", 0)
    return f", {bars / state.task_seconds:,.0f} bars/s" if bars and state.task_seconds else ""


def _bar(*, quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TextColumn("left"), TimeRemainingColumn())  # fmt: skip
    return Progress(*columns, console=errors, disable=quiet)
