"""What the runner needs of an executor."""

from collections.abc import Sequence
from typing import Protocol

from research.worker import Call, Outcome
from zeno.errors import ZenoError


class ExecutorLost(ZenoError):
    """The executor as a whole is gone: its chunks must be submitted again, to a new one."""


class Executor(Protocol):
    """Runs chunks of calls somewhere.

    Attributes
    ----------
    name
        For people: ``dask, 2 workers``.
    slots
        How many chunks to give it at once.
    """

    name: str
    slots: int

    def submit(self, calls: Sequence[Call]) -> None:
        """Take a chunk; returns at once.

        Raises
        ------
        ExecutorLost
            When it is gone.
        """
        ...

    def finished(self, timeout: float) -> list[list[Outcome]]:
        """Return the outcomes of chunks that have ended, after at most ``timeout`` seconds; maybe none.

        Raises
        ------
        ExecutorLost
            When nothing more will come.
        """
        ...

    def close(self) -> None:
        """Stop everything at once, what is underway included."""
        ...
