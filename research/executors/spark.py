"""Spark: on this machine, or a master somewhere. Every chunk is a job of one partition, so that it fails alone."""

import os
import queue
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError
from pyspark import SparkContext
from pyspark.sql import SparkSession

from research.executors.protocol import ExecutorLost
from research.sources.spark import session
from research.worker import Call, Outcome, crashed, perform
from zeno.settings import exported

_LOGGING = Path(__file__).with_name("log4j2.properties")
_STARTS = 5
_NOT_STARTED = "reading the port number from pyspark.daemon"
"""What Spark says when the process died that was to fork the worker: the task was never begun."""


class SparkExecutor:
    """Runs chunks on Spark.

    Parameters
    ----------
    workers
        Cores of an own ``local[N]``.
    master
        A master to use instead; its executors need Zeno and its settings.

    Raises
    ------
    ConfigError
        When there is no Java 17 or newer.
    """

    def __init__(self, workers: int, master: str | None = None) -> None:
        self._context = _session(master or f"local[{workers},1]").sparkContext
        # Of this context alone: a JVM that an earlier session of this process has started keeps that one's environment.
        self._context.environment.update(_surroundings())
        cores = self._context.defaultParallelism if master else workers
        self.name = f"spark at {self._context.master}, {cores} cores"
        self.slots = 2 * cores  # a job waits in the driver while others run, and starts without a pause
        self._threads = ThreadPoolExecutor(self.slots, thread_name_prefix="zeno-spark")
        self._done: queue.SimpleQueue[tuple[Sequence[Call], Future[list[Outcome]]]] = queue.SimpleQueue()

    def submit(self, calls: Sequence[Call]) -> None:
        """Take a chunk."""
        future = self._threads.submit(_collect, self._context, list(calls))
        future.add_done_callback(lambda done: self._done.put((calls, done)))

    def finished(self, timeout: float) -> list[list[Outcome]]:
        """Return chunks that have ended."""
        try:
            ended = [self._done.get(timeout=timeout)]
        except queue.Empty:
            return []
        while not self._done.empty():
            ended.append(self._done.get())
        return [_outcomes(calls, future) for calls, future in ended]

    def close(self) -> None:
        """Cancel all jobs and stop Spark."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for step in (self._context.cancelAllJobs, self._context.stop):
            with suppress(Py4JError, OSError):  # it may be gone already
                step()
        _forget()


def _collect(context: SparkContext, calls: list[Call], starts: int = _STARTS) -> list[Outcome]:
    try:
        return context.parallelize([calls], 1).map(perform).collect()[0]
    except Py4JJavaError as error:
        if starts == 1 or _NOT_STARTED not in str(error):
            raise
        return _collect(context, calls, starts - 1)


def _outcomes(calls: Sequence[Call], future: "Future[list[Outcome]]") -> list[Outcome]:
    try:
        return future.result()
    except Py4JJavaError as error:
        if "SparkContext was shut down" in str(error) or "stopped SparkContext" in str(error):
            raise _lost() from error
        return crashed(calls, f"The Spark worker died under the task. {_short(error)}")
    except (Py4JNetworkError, Py4JError, OSError) as error:
        raise _lost() from error


def _lost() -> ExecutorLost:
    return ExecutorLost("Spark's JVM is gone.", remedy="Resume the study.")


def _short(error: Py4JJavaError) -> str:
    return str(error.java_exception.getMessage()).split("\n")[0][:500]


def _session(master: str) -> SparkSession:
    _forget()
    with exported(_surroundings()):
        return session(
            master,
            spark__task__maxFailures="1",  # tries are ours to count
            spark__driver__extraJavaOptions=f"-Dlog4j2.configurationFile=file:{_LOGGING}",
        )


def _surroundings() -> dict[str, str]:
    """Return what workers need: the modules that this process sees, and linear algebra in one thread."""
    return {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _forget() -> None:
    """Drop what a dead JVM leaves behind in this process, so that the next session starts another."""
    gateway = SparkContext._gateway
    if gateway is not None and not _lives(gateway):
        SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None
        SparkSession._instantiatedSession = None
        os.environ.pop("PYSPARK_GATEWAY_PORT", None)  # noqa: TID251 - Spark's own


def _lives(gateway: Any) -> bool:
    try:
        gateway.jvm.System.currentTimeMillis()
    except (Py4JError, OSError):
        return False
    return True
