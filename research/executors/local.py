"""In this process, one chunk at a time, on a thread of its own so that a cancel need not wait for a task."""

import queue
import threading
from collections.abc import Sequence

from research.worker import Call, Outcome, perform

THREAD = "zeno-tasks"
"""The name of the threads that tasks run on, while they do."""
_LAST_SECONDS = 2.0


class LocalExecutor:
    """Runs calls in this process. A task that kills its process kills the driver with it."""

    name = "local"
    slots = 1

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Sequence[Call] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[list[Outcome]] = queue.SimpleQueue()
        # A daemon: what it still computes after a cancel must not keep the process alive.
        self._thread = threading.Thread(target=self._work, daemon=True, name=THREAD)
        self._thread.start()

    def submit(self, calls: Sequence[Call]) -> None:
        """Take a chunk."""
        self._calls.put(calls)

    def finished(self, timeout: float) -> list[list[Outcome]]:
        """Return chunks that have ended."""
        try:
            found = [self._done.get(timeout=timeout)]
        except queue.Empty:
            return []
        while not self._done.empty():
            found.append(self._done.get())
        return found

    def close(self) -> None:
        """Take no more chunks, and wait a moment for the one underway."""
        self._calls.put(None)
        self._thread.join(_LAST_SECONDS)

    def _work(self) -> None:
        while (calls := self._calls.get()) is not None:
            self._done.put(perform(calls))
