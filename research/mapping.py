"""A plain map over an executor: the same results in the same order, wherever they were computed.

    with fan_out("dask", 2) as mapper:          # nothing is started before the first payload
        list(mapper(refit, payloads))           # like map(refit, payloads)

A study keeps what it has done; this does not, and is for a few hundred pure calls of one computation. Payloads and
results travel as pickles in base64, because a worker is given and gives text: both ends run the same code.
"""

import base64
import importlib
import json
import pickle
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from research.canonical import canonical
from research.executors import Executor, executor
from research.worker import Call, Outcome
from zeno.errors import StudyError

Mapper = Callable[[Callable[[Any], Any], Sequence[Any]], Iterator[Any]]
"""Applies a module's function to each payload, in order."""

_TRIES = 3
_WAIT_SECONDS = 1.0
_CHUNKS_A_SLOT = 16  # small enough that progress moves, large enough that sending costs little


@contextmanager
def fan_out(where: str, workers: int | None = None) -> Iterator[Mapper]:
    """Give a mapper over an executor, which starts with the first payload and is closed at the end.

    Parameters
    ----------
    where, workers
        As for ``research.executors.executor``.

    Raises
    ------
    ConfigError
        When there is no such executor, or it does not answer.
    """
    opened: list[Executor] = []

    def apply(function: Callable[[Any], Any], payloads: Sequence[Any]) -> Iterator[Any]:
        if not opened and payloads:
            opened.append(executor(where, workers))
        sent = [[f"{function.__module__}:{function.__qualname__}", packed(payload)] for payload in payloads]
        return map(unpacked, mapped(f"{__name__}:call_packed", sent, opened[0]) if sent else [])

    try:
        yield apply
    finally:
        for one in opened:
            one.close()


def mapped(function: str, payloads: Sequence[Any], on: Executor) -> Iterator[Any]:
    """Yield the results of a function for each payload, in order, each as soon as those before it are there.

    Parameters
    ----------
    function
        ``module:name``; payloads and results are JSON.

    Raises
    ------
    StudyError
        When a call raised, or its worker died three times under it.
    """
    calls = [Call(number, f"{function} {number}", function, canonical(one)) for number, one in enumerate(payloads)]
    size = max(1, len(calls) // (on.slots * _CHUNKS_A_SLOT))
    waiting = deque(calls[start : start + size] for start in range(0, len(calls), size))
    done: dict[int, Outcome] = {}
    crashes: Counter[int] = Counter()
    underway = yielded = 0
    while yielded < len(calls):
        while waiting and underway < on.slots:
            on.submit(waiting.popleft())
            underway += 1
        for chunk in on.finished(_WAIT_SECONDS):
            underway -= 1
            for outcome in chunk:
                if _landed(outcome, crashes):
                    done[outcome.task] = outcome
                else:
                    waiting.append([calls[outcome.task]])  # alone, so that it is known who dies
        while yielded in done:
            yield json.loads(done.pop(yielded).result)
            yielded += 1


def call_packed(payload: Sequence[str]) -> str:
    """Call a function with a packed payload and pack its result: what runs on a worker."""
    module, _, name = payload[0].partition(":")
    return packed(getattr(importlib.import_module(module), name)(unpacked(payload[1])))


def packed(value: Any) -> str:
    """Return a value as text.

    >>> unpacked(packed({"a": 0.1}))
    {'a': 0.1}
    """
    return base64.b64encode(pickle.dumps(value, protocol=5)).decode()


def unpacked(text: str) -> Any:
    """Return what ``packed`` made into text; only of one's own workers."""
    return pickle.loads(base64.b64decode(text))  # noqa: S301 - written by our own code on our own workers


def _landed(outcome: Outcome, crashes: "Counter[int]") -> bool:
    if not outcome.cause:
        return True
    crashes[outcome.task] += 1
    if outcome.cause == "crashed" and crashes[outcome.task] < _TRIES:
        return False
    last = outcome.detail.strip().splitlines()[-1] if outcome.detail.strip() else outcome.cause
    raise StudyError(f"{outcome.name} did not return: {last}", remedy="Run it with --on local to see where it fails.")
