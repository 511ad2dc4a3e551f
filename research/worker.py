"""What runs on a worker: the calls of a chunk, one after the other. The same in-process, on Dask and on Spark."""

import importlib
import json
import os
import socket
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from threadpoolctl import threadpool_limits

from research.canonical import canonical, digest


@dataclass(frozen=True)
class Call:
    """A task on its way to a worker: ``function`` is ``module:name``, ``payload`` canonical JSON."""

    task: int
    name: str
    function: str
    payload: str


@dataclass(frozen=True)
class Outcome:
    """What became of a call: ``result`` as canonical JSON and its hash, or what went wrong.

    ``cause`` is "" after success, ``raised`` when the task raised an error, ``crashed`` when its worker died under it.
    """

    task: int
    name: str
    result: str = ""
    sha256: str = ""
    seconds: float = 0.0
    worker: str = ""
    cause: str = ""
    detail: str = ""


def perform(calls: Sequence[Call]) -> list[Outcome]:
    """Run calls, each on its own: an error of one is its outcome and does not touch the others.

    Linear algebra runs in one thread, so that sums are taken in the same order on every machine.
    """
    return [_perform(call) for call in calls]


def crashed(calls: Sequence[Call], why: str) -> list[Outcome]:
    """Return the outcomes of calls whose worker died."""
    return [Outcome(call.task, call.name, cause="crashed", detail=why) for call in calls]


def _perform(call: Call) -> Outcome:
    start, worker = time.perf_counter(), f"{socket.gethostname()}:{os.getpid()}"
    try:
        function = _function(call.function)
        _single_threaded(len(sys.modules))
        text = canonical(function(json.loads(call.payload)))
    except KeyboardInterrupt:
        raise
    except BaseException:  # SystemExit and CancelledError, too: whatever a task does is its own outcome
        seconds = time.perf_counter() - start
        return Outcome(call.task, call.name, seconds=seconds, worker=worker, cause="raised",
                       detail=traceback.format_exc())  # fmt: skip
    return Outcome(call.task, call.name, text, digest(text), time.perf_counter() - start, worker)


@cache
def _function(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


@lru_cache(1)
def _single_threaded(modules: int) -> None:  # noqa: ARG001 - the key
    """Limit the libraries that are loaded by now; looking for them takes 10 ms, so only after more were imported."""
    threadpool_limits(limits=1)
