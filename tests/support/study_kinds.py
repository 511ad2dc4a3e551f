"""Kinds of studies for tests of the machinery: what a task does is in its payload."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

from research import kinds
from research.kinds import Answer, Results, Task
from research.spec import Spec


class Probe:
    """``tasks`` tasks; task n answers n², after it has done what ``what`` says to the tasks in ``to``.

    Every call leaves a line in the file ``trace``: who ran what, how often.
    """

    name = "probe"
    rooms = ("research",)
    function = "study_kinds:answer"

    def files(self, spec: Spec) -> Sequence[Path]:
        return [Path(one) for one in spec.question.get("files", [])]

    def prepare(self, spec: Spec) -> None: ...

    def count(self, spec: Spec) -> int:
        return spec.question["tasks"]

    def tasks(self, spec: Spec) -> Iterator[Task]:
        for number in range(spec.question["tasks"]):
            yield Task(number, f"probe {number}", {**spec.question, "number": number})

    def answer(self, spec: Spec, results: Results, folder: Path) -> Answer:
        page = folder / "page.html"
        page.write_text("<p>done</p>")
        return Answer({"sum": sum(one["value"] for _, one in results())}, pages={"page": page})


def answer(payload: Mapping[str, Any]) -> dict[str, Any]:
    number = payload["number"]
    if payload.get("trace"):
        with Path(payload["trace"]).open("a") as trace:
            trace.write(f"{number}\n")
    time.sleep(payload.get("seconds", 0.0))
    if number in payload.get("to", []):
        _misbehave(payload)
    return {"value": number**2, "float": (number + 0.1) / 3.0, "bulk": "x" * payload.get("bulk", 0)}


def threads(payload: Mapping[str, Any]) -> int:
    """Return how many threads linear algebra may use where this runs."""
    return max(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")


_LOUDER = {
    "SystemExit": SystemExit,
    "CancelledError": asyncio.CancelledError,
    "KeyboardInterrupt": KeyboardInterrupt,
}


def _misbehave(payload: Mapping[str, Any]) -> None:
    what = payload["what"]
    if what == "raise":
        raise ValueError(f"task {payload['number']} is poison")
    if what in _LOUDER:
        raise _LOUDER[what]
    if what == "raise once" and len(Path(payload["trace"]).read_text().splitlines()) < 3:
        raise ValueError("not yet")
    if what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "until" and not Path(payload["cure"]).exists():
        raise ValueError("no cure yet")


def probe(**question: Any) -> Spec:
    """Return the spec of a probe."""
    return Spec("probe", {"tasks": 10, **question}, {"symbols": []}, "none", code_of(question)).normal()


def code_of(question: Mapping[str, Any]) -> str:
    from research.code import code_version

    return code_version(Probe.rooms, tuple(Path(one) for one in question.get("files", [])))


def register() -> None:
    """Let this process know the probe."""
    known = {**kinds.kinds(), "probe": Probe()}
    kinds.kinds = lambda: known  # type: ignore[assignment]


def ran(trace: Path) -> Counter[int]:
    """Return how often each task was run, by a probe's trace."""
    return Counter(int(line) for line in trace.read_text().splitlines()) if trace.exists() else Counter()


def counts(studies: Any, study: str) -> Counter[int]:
    """Return how many results each task of a study has in the warehouse."""
    sql = "SELECT task, count() FROM research.results WHERE study_id = {id:String} GROUP BY 1"
    return Counter(dict(studies.store.warehouse.client().rows(sql, {"id": study})))
