"""One driver a study: a lock that the operating system lets go of when its process ends, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zeno.errors import StudyError
from zeno.settings import Settings


@contextmanager
def driving(study: str, settings: Settings) -> Iterator[None]:
    """Hold a study's lock for the block.

    Raises
    ------
    StudyError
        When another process of this machine drives the study.
    """
    path = _path(study, settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            raise StudyError(f"Study {study} is being driven by process {handle.read().strip()}.",
                             remedy=f"zeno study wait {study}, or zeno study cancel {study}") from None  # fmt: skip
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


def is_driven(study: str, settings: Settings) -> bool:
    """Tell whether a process of this machine drives the study now."""
    path = _path(study, settings)
    if not path.exists():
        return False
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _path(study: str, settings: Settings) -> Path:
    return settings.home / "locks" / f"study-{study}"
