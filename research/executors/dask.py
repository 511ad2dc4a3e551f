"""Dask: an own cluster of processes on this machine, or a scheduler somewhere."""

import logging
import queue
from collections.abc import Sequence
from contextlib import suppress
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


class DaskExecutor:
    """Runs chunks on Dask.

    Parameters
    ----------
    workers
        Processes of an own cluster, on loopback.
    address
        A scheduler to use instead; its workers need Zeno and its settings.
    """

    def __init__(self, workers: int, address: str | None = None) -> None:
        self._done: queue.SimpleQueue[tuple[Sequence[Call], Future]] = queue.SimpleQueue()
        self._underway: dict[Any, Future] = {}
        self._config = dask_config.set(_CONFIG)
        self._config.__enter__()
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._cluster = _cluster(workers) if address is None else None
        self._client = _client(self._cluster or address)
        # No more than run: a chunk that waits on a worker would die with it, and count a try that it never had.
        self.slots = sum(one["nthreads"] for one in self._client.scheduler_info(n_workers=-1)["workers"].values())
        if self.slots == 0:
            self.close()
            raise ConfigError(f"The Dask scheduler at {address} has no workers.", remedy="Start some: dask worker.")
        self.name = f"dask, {self.slots} workers" if address is None else f"dask at {address}, {self.slots} threads"

    def submit(self, calls: Sequence[Call]) -> None:
        """Take a chunk."""
        future = self._client.submit(perform, list(calls), pure=False, retries=0)
        self._underway[future.key] = future
        future.add_done_callback(lambda done: self._done.put((calls, done)))

    def finished(self, timeout: float) -> list[list[Outcome]]:
        """Return chunks that have ended."""
        try:
            ended = [self._done.get(timeout=timeout)]
        except queue.Empty:
            if self._client.status not in ("running", "connecting"):
                raise ExecutorLost("The Dask scheduler is gone.", remedy="Resume the study.") from None
            return []
        while not self._done.empty():
            ended.append(self._done.get())
        return [self._outcomes(calls, future) for calls, future in ended]

    def close(self) -> None:
        """Stop the workers of an own cluster; leave another's alone."""
        if self._cluster is None:
            for future in self._underway.values():
                future.cancel(reason="the study ends", msg=None)
        else:
            _kill(self._cluster)
        self._underway.clear()
        for part in (self._client, self._cluster):
            if part is not None:
                with suppress(TimeoutError, CommClosedError):
                    part.close(timeout=3)
        self._config.__exit__(None, None, None)

    def _outcomes(self, calls: Sequence[Call], future: Future) -> list[Outcome]:
        self._underway.pop(future.key, None)
        if future.status == "finished":
            return future.result()
        error = future.exception() if future.status == "error" else None
        if isinstance(error, KilledWorker) or error is None:
            return crashed(
                calls, "The Dask worker died under the task: killed, out of memory, or a segmentation fault."
            )
        return crashed(calls, f"The Dask worker could not run the task: {error!r}")


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
