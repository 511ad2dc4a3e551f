"""Dagster's instance: where its runs and events are kept, opened without touching the process's environment."""

import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO, cast

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager

from zeno.settings import PROJECT_ROOT, Settings

CONFIG = PROJECT_ROOT / "dagster_home" / "dagster.yaml"


def prepare_home(settings: Settings) -> None:
    """Make Dagster's folder, with the shipped ``dagster.yaml`` unless it already has one."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (home / "dagster.yaml").exists():
        # Renamed into place: the webserver, the daemon and a run may all be first at the same moment.
        temporary = home / "dagster.yaml.tmp"
        shutil.copyfile(CONFIG, temporary)
        temporary.rename(home / "dagster.yaml")


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Open the persistent instance of a data folder, for this process.

    What steps print is not captured: that would send this process's own output, progress bars included, through a file.
    """
    prepare_home(settings)
    uncaptured = {"module": NoOpComputeLogManager.__module__, "class": NoOpComputeLogManager.__name__}
    reference = InstanceRef.from_dir(str(settings.dagster_home), overrides={"compute_logs": uncaptured})
    with dg.DagsterInstance.from_ref(reference) as instance:
        yield instance


class _Muted:
    """An output stream that drops what one thread writes and passes on all else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._thread = stream, threading.get_ident()

    def write(self, text: str) -> int:
        return len(text) if threading.get_ident() == self._thread else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def muted() -> Iterator[None]:
    """Drop what this thread prints: dagster-dbt repeats every line of dbt on standard output."""
    with redirect_stdout(cast(TextIO, _Muted(sys.stdout))):
        yield
