"""One driver a study: a lock that the operating system lets go of when its process ends, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from zeno.clock import SystemClock
from zeno.errors import StudyError
from zeno.settings import Settings

_WAITS = (0.01, 0.05, 0.2, 0.0)  # seconds after each try: who only looks lets go in far less


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
        if not any(_locked(handle, fcntl.LOCK_EX, wait) for wait in _WAITS):
            handle.seek(0)
            raise StudyError(f"Study {study} is being driven by process {handle.read().strip()}.",
                             remedy=f"zeno study wait {study}, or zeno study cancel {study}")  # fmt: skip
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


def is_driven(study: str, settings: Settings) -> bool:
    """Tell whether a process of this machine drives the study now; who else only looks does not count."""
    path = _path(study, settings)
    if not path.exists():
        return False
    with path.open() as handle:
        return not _locked(handle, fcntl.LOCK_SH)


def _locked(handle: TextIO, how: int, wait: float = 0.0) -> bool:
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        SystemClock().sleep(wait)
        return False
    return True


def _path(study: str, settings: Settings) -> Path:
    return settings.home / "locks" / f"study-{study}"
