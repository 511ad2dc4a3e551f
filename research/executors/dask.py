"""Dask: an own cluster of processes on this machine, or a scheduler somewhere."""

import asyncio
import logging
import queue
import threading
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psutil
from dask import config as dask_config
from distributed import Client, Future, LocalCluster
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker

from research.executors.protocol import ExecutorLost
from research.worker import Call, Outcome, crashed, perform
from zeno.errors import ConfigError

_CONFIG = {
    "distributed.scheduler.allowed-failures": 0,  # a chunk whose worker died comes back to us: tries are ours to count
    "distributed.scheduler.work-stealing": False,
    "distributed.worker.daemon": True,
    "distributed.admin.tick.limit": "30s",
    "distributed.comm.timeouts.connect": "20s",
}
_MISSES = 10
_FETCH_SECONDS = 3.0  # a result is small; when its worker dies before it is fetched, Dask would wait for ever
_GONE = (TimeoutError, CancelledError, asyncio.CancelledError, CommClosedError)
_DIED = "The Dask worker died under the task: killed, out of memory, or a segmentation fault."


@dataclass
class _Chunk:
    """A chunk on a worker; ``missed`` is how often in a row that worker was not there."""

    calls: Sequence[Call]
    worker: str
    future: Future
    missed: int = 0


class DaskExecutor:
    """Runs chunks on Dask, each on a worker that has nothing else to do.

    Dask itself would queue a second chunk on a worker that is about to die; a task would then be blamed for a death
    that it had no part in.

    Parameters
    ----------
    workers
        Processes of an own cluster, on loopback.
    address
        A scheduler to use instead; its workers need Zeno and its settings, and one thread each.
    """

    def __init__(self, workers: int, address: str | None = None) -> None:
        self._done: queue.SimpleQueue[_Chunk] = queue.SimpleQueue()
        self._underway: dict[Any, _Chunk] = {}
        self._waiting: deque[Sequence[Call]] = deque()
        self._lock = threading.Lock()  # callbacks come on a thread of Dask's
        self._config = dask_config.set(_CONFIG)
        self._config.__enter__()
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._cluster = _cluster(workers) if address is None else None
        self._client = _client(self._cluster or address)
        threads = sum(self._workers().values())
        if threads == 0:
            self.close()
            raise ConfigError(f"The Dask scheduler at {address} has no workers.", remedy="Start some: dask worker.")
        self.name = f"dask, {threads} workers" if address is None else f"dask at {address}, {threads} threads"
        self.slots = 2 * threads  # as many wait here as run there, so that a worker never waits for the driver

    def submit(self, calls: Sequence[Call]) -> None:
        """Take a chunk."""
        with self._lock:
            self._waiting.append(calls)
            self._place()

    def finished(self, timeout: float) -> list[list[Outcome]]:
        """Return chunks that have ended."""
        try:
            ended = [self._done.get(timeout=timeout)]
        except queue.Empty:
            with self._lock:
                self._rescue()
            return []
        while not self._done.empty():
            ended.append(self._done.get())
        found = [self._outcomes(chunk) for chunk in ended]
        return [outcomes for outcomes in found if outcomes]

    def close(self) -> None:
        """Stop the workers of an own cluster; leave another's alone."""
        with self._lock:
            left = list(self._underway.values())
            self._underway.clear()
            self._waiting.clear()
        if self._cluster is None:
            for chunk in left:
                chunk.future.cancel(reason="the study ends", msg=None)
        else:
            _kill(self._cluster)
        for part in (self._client, self._cluster):
            if part is not None:
                with suppress(TimeoutError, CommClosedError):
                    part.close(timeout=3)
        self._config.__exit__(None, None, None)

    def _workers(self) -> dict[str, int]:
        """Return the threads of every worker that is there now.

        Raises
        ------
        ExecutorLost
            When the scheduler does not answer.
        """
        try:
            known = self._client.scheduler_info(n_workers=-1)["workers"]
        except (OSError, CommClosedError, TimeoutError) as error:
            raise ExecutorLost("The Dask scheduler is gone.", remedy="Resume the study.") from error
        return {address: one["nthreads"] for address, one in known.items()}

    def _place(self) -> None:
        """Give waiting chunks to idle workers."""
        if not self._waiting:
            return
        busy = Counter(chunk.worker for chunk in self._underway.values())
        for worker, threads in self._workers().items():
            while self._waiting and busy[worker] < threads:
                busy[worker] += 1
                self._send(self._waiting.popleft(), worker)

    def _send(self, calls: Sequence[Call], worker: str) -> None:
        future = self._client.submit(perform, list(calls), pure=False, retries=0, workers=[worker])
        self._underway[future.key] = _Chunk(calls, worker, future)
        future.add_done_callback(self._end)

    def _end(self, future: Future) -> None:
        """Give the worker that is free now what waits, before anything else is done about what it has finished."""
        with self._lock:
            chunk = self._underway.pop(future.key, None)
            if chunk is None:
                return  # taken back, or closed
            if self._waiting and future.status == "finished":
                self._send(self._waiting.popleft(), chunk.worker)
        self._done.put(chunk)

    def _rescue(self) -> None:
        """Take back chunks whose worker had gone before they reached it, and place what waits."""
        workers = self._workers()
        for key, chunk in list(self._underway.items()):
            gone = chunk.worker not in workers and chunk.future.status == "pending"
            chunk.missed = chunk.missed + 1 if gone else 0
            if chunk.missed > _MISSES:
                chunk.future.cancel(reason="its worker is gone", msg=None)
                del self._underway[key]
                self._waiting.append(chunk.calls)
        self._place()

    def _outcomes(self, chunk: _Chunk) -> list[Outcome]:
        """Return what became of a chunk; nothing when its result died with its worker: it waits again then."""
        try:
            return chunk.future.result(timeout=_FETCH_SECONDS)
        except KilledWorker:
            return crashed(chunk.calls, _DIED)
        except _GONE:
            chunk.future.cancel(reason="its result is gone", msg=None)
            self.submit(chunk.calls)
            return []
        except Exception as error:  # whatever Dask says, the task has had its try
            return crashed(chunk.calls, f"The Dask worker could not run the task: {error!r}")


def _cluster(workers: int) -> LocalCluster:
    try:
        return LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1",
                            dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL)  # type: ignore[no-untyped-call]  # fmt: skip
    except RuntimeError as error:
        raise ExecutorLost(f"A Dask worker did not start: {error}", remedy="Resume the study.") from error


def _kill(cluster: LocalCluster) -> None:
    """End the workers now: what they hold has been fetched or is not wanted, and a task need not be waited for."""
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        if nanny.pid is not None:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(nanny.pid).kill()


def _client(target: Any) -> Client:
    try:
        return Client(target, set_as_default=False, timeout="20s")
    except OSError as error:
        raise ConfigError(f"No Dask scheduler answers at {target}.", remedy="Check ZENO_EXECUTOR or --on.") from error
