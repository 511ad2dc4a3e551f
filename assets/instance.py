"""Dagster's instance: where its runs and events are kept, opened without touching the process's environment."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

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
    """Open the persistent instance of a data folder."""
    prepare_home(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        yield instance
