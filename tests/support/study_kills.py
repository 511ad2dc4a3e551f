"""A campaign of ``kill -9`` against a real walk-forward study: drivers in processes of their own, killed at random."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from builders import make_settings
from real_stocks import as_data, question, real_closes
from study_kinds import counts

from research.code import code_version
from research.executors import executor
from research.spec import Spec
from research.store import StudyStore
from research.study import Studies
from warehouse.store import connect, embedded
from zeno.settings import PROJECT_ROOT

_ROOMS = ("zeno", "warehouse", "research", "backtest")
_WORKERS_SHARE = 0.6
_DRIVER = Path(__file__).with_name("study_driver.py")


@dataclass(frozen=True)
class Told:
    """What a campaign found."""

    kills: int
    drivers_killed: int
    workers_killed: int
    result: str | None
    counts: Counter[int]


class Campaign:
    """One warehouse, one data file, and a study with and without kills.

    Parameters
    ----------
    folds
        About how many tasks the study has.
    """

    def __init__(
        self, home: Path, where: str, *, seed: int, stocks: int = 4, days: int = 1_400, test: int = 10
    ) -> None:
        self.settings = make_settings(home / "zeno")
        self.studies = Studies(StudyStore(connect(self.settings)), self.settings)
        self._data = as_data(real_closes(stocks, days), home / "stocks.parquet")
        self._where, self._test, self._draw = where, test, random.Random(seed)

    def close(self) -> None:
        """Stop the warehouse."""
        self.studies.store.warehouse.close()
        embedded(self.settings).down()

    def create(self, note: str) -> str:
        """Write the study down; the note makes it one of its own with the same results."""
        asked = question(test=self._test, note=note)
        spec = Spec("walk_forward", asked, self._data, "kills", code_version(_ROOMS)).normal()
        return self.studies.create(spec, {})

    def undisturbed(self) -> str | None:
        """Run the study in peace; return the hash of its results."""
        return self.studies.drive(self.create("in peace"), lambda: executor(self._where, 2)).result

    def disturbed(self, kills: int) -> Told:
        """Run it again, killing drivers and workers until so many have died; then let it finish."""
        study, drivers, workers = self.create("under fire"), 0, 0
        while drivers + workers < kills:
            driver = self._start(study)
            self._wait_for_work(driver)
            while driver.poll() is None and drivers + workers < kills:
                time.sleep(self._draw.uniform(0.0, 1.5))
                victims = _workers(driver.pid)
                if victims and self._draw.random() < _WORKERS_SHARE:
                    workers += _kill(self._draw.choice(victims))
                elif _kill(driver.pid):
                    drivers += 1
                    break
            driver.wait(120)
            if self.studies.state(study).state == "finished":  # too quick for us: once more, from the beginning
                self._forget(study)
        self._finish(study)
        state = self.studies.state(study)
        return Told(drivers + workers, drivers, workers, state.result, counts(self.studies, study))

    def _wait_for_work(self, driver: subprocess.Popen[bytes]) -> None:
        """Let a driver come to work, mostly: one kill in ten hits it while it starts."""
        if self._draw.random() < 0.1:
            return
        while driver.poll() is None and self._where != "local" and not _workers(driver.pid):
            time.sleep(0.05)
        if self._where == "local":
            time.sleep(self._draw.uniform(2.0, 6.0))

    def _start(self, study: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(_DRIVER), str(self.settings.home), study, self._where, "2"]
        environment = {**os.environ, "PYTHONPATH": f"{PROJECT_ROOT}{os.pathsep}{_DRIVER.parent}"}
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)

    def _finish(self, study: str) -> None:
        while self.studies.state(study).state == "driving":
            time.sleep(0.1)
        self.studies.drive(study, lambda: executor(self._where, 2), again=True)

    def _forget(self, study: str) -> None:
        admin = self.studies.store.warehouse.nodes("admin")[0]  # type: ignore[arg-type]
        for table in ("results", "tasks"):
            admin.command(f"ALTER TABLE research.{table} DELETE WHERE study_id = '{study}' SETTINGS mutations_sync = 2")
        admin.command(f"ALTER TABLE research.studies DELETE WHERE study_id = '{study}' AND event = 'finished' "
                      "SETTINGS mutations_sync = 2")  # fmt: skip


def _workers(driver: int) -> list[int]:
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(driver).children(recursive=True)
        return [one.pid for one in children if _is_worker(one)]
    return []


def _is_worker(process: psutil.Process) -> bool:
    """Dask's workers are spawned; Spark's are forked by its daemon, itself a child of the JVM, which counts too."""
    with suppress(psutil.NoSuchProcess):
        command = " ".join(process.cmdline())
        return "spawn_main" in command or "pyspark.daemon" in command or process.name() == "java"
    return False


def _kill(pid: int) -> int:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return 0
    return 1
