"""What a kind of study is, and which there are.

A kind says how a spec becomes tasks, which function computes a task, and how results become an answer. Kinds live in
the rooms above and are found as entry points of the group ``zeno.study_kinds``: another package can bring its own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

from research.spec import Spec
from zeno.errors import ConfigError

GROUP = "zeno.study_kinds"


@dataclass(frozen=True)
class Task:
    """One piece of a study. ``payload`` is what its function is called with: JSON, and no more than it needs."""

    number: int
    name: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """A part of an answer that is worth a run of its own in MLflow, such as a fold."""

    name: str
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float | None]


@dataclass(frozen=True)
class Answer:
    """What came of a study.

    Parameters
    ----------
    summary
        The figures that a person and a program are shown; JSON.
    parts
        For MLflow.
    pages
        Files that were written: name to path.
    """

    summary: Mapping[str, Any]
    parts: Sequence[Part] = ()
    pages: Mapping[str, Path] = field(default_factory=dict)


Results = Callable[[], Iterator[tuple[int, Any]]]
"""Iterates over (task, result) in order of tasks, as often as it is called, without holding all of them."""


class Kind(Protocol):
    """A kind of study.

    Attributes
    ----------
    rooms
        Packages whose sources the results depend on.
    function
        ``module:name`` of what computes a task: payload in, JSON out, deterministic, importable on a worker.
    """

    name: str
    rooms: tuple[str, ...]
    function: str

    def files(self, spec: Spec) -> Sequence[Path]:
        """Return a user's own files whose text the results depend on."""
        ...

    def prepare(self, spec: Spec) -> None:
        """Do once what every worker would have to do first, such as compiling."""
        ...

    def count(self, spec: Spec) -> int:
        """Return how many tasks there are."""
        ...

    def tasks(self, spec: Spec) -> Iterator[Task]:
        """Yield all tasks, numbered from 0; the same spec gives the same tasks."""
        ...

    def answer(self, spec: Spec, results: Results, folder: Path) -> Answer:
        """Put results together; pages go into ``folder``."""
        ...


@cache
def kinds() -> dict[str, Kind]:
    """Return all kinds by name."""
    return {entry.name: entry.load() for entry in entry_points(group=GROUP)}


def kind(name: str) -> Kind:
    """Return the kind of a name.

    Raises
    ------
    ConfigError
        When there is none.
    """
    if name not in kinds():
        raise ConfigError(f"There is no kind of study {name!r}.", remedy=f"One of {', '.join(sorted(kinds()))}.")
    return kinds()[name]
