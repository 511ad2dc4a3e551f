"""What a collector is: a named data set that yields batches, with the facts a person needs about it.

Belongs here: the declaration and what every collector is given. Not here: any one source, and the list of them
(``collectors.registry``).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from warehouse.batch import Batch
from zeno.clock import Clock, SystemClock
from zeno.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a collector may use: settings, and time. No warehouse: collectors do not read it."""

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)

    @property
    def archives(self) -> Path:
        """The folder in which downloaded archives are kept."""
        return self.settings.cache / "archives"


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One data set of one source.

    Parameters
    ----------
    name
        Unique, lower snake case: ``source_content``; also the ``source`` of its rows.
    tables
        The declared tables that it yields batches for.
    title, description
        For people: what it is, its span, what is wrong with it (survivors only, assumed release times, …).
    origin
        Where it comes from: the archive and member, or the service.
    read
        Yields the batches. Deterministic: the same input gives the same batches in the same order.
    online
        Whether reading needs a network service (and perhaps a key); such sets are not part of the default run.
    """

    name: str
    tables: tuple[str, ...]
    title: str
    description: str
    origin: str
    read: Callable[[Context], Iterator[Batch]]
    online: bool = False
