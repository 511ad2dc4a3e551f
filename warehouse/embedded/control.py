"""Start, stop and look at the embedded warehouse of a data folder.

Nothing here stays running: ``up`` leaves a detached supervisor behind (``supervisor``), and finds one that is there.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import psutil

from warehouse.embedded import config
from warehouse.embedded import credentials as passwords
from warehouse.embedded import topology as places
from zeno import errors
from zeno.clock import Clock, SystemClock

_POLL_SECONDS = 0.05
_SUPERVISOR = "warehouse.embedded.supervisor"
_ENGINE = "warehouse.embedded.engine"
_LEAST_FREE_BYTES = 200 * 2**20


@dataclass(frozen=True)
class NodeStatus:
    """How one node is."""

    number: int
    http_port: int
    tcp_port: int
    pid: int | None
    healthy: bool
    resident_bytes: int | None


class EmbeddedWarehouse:
    """The embedded warehouse in ``root``.

    Parameters
    ----------
    root
        Its folder; made on first use, mode 0700.
    shards
        Number of nodes wanted, or None for what the folder has (1 in a new one).
    """

    def __init__(self, root: Path, shards: int | None = None, clock: Clock | None = None) -> None:
        self.root = root
        self._shards = shards
        self._clock = clock or SystemClock()

    @property
    def topology(self) -> places.Topology:
        """Nodes and ports; recorded on first use."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return places.load_or_create(self.root, self._shards)

    @property
    def credentials(self) -> passwords.Credentials:
        """Passwords; made on first use."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return passwords.load_or_create(self.root)

    def up(self, *, timeout: float = 60.0, repick_ports: bool = False) -> bool:
        """Start what is not running and wait until every node answers.

        Returns
        -------
        bool
            True if it had to be started.

        Raises
        ------
        WarehouseBusy, WarehouseFull, UnsupportedPlatform, WarehouseDown
            With what to do about it.
        """
        nodes = self.topology
        if self.supervisor_pid() is not None:
            self._await_healthy(None, timeout)
            if all(config.grants_enough(self.root, node) for node in nodes.nodes):
                return False
            self.down()  # an older version started it, and the engine reads its users at its start alone
        if repick_ports:
            places.repick_ports(self.root)
        self._check_disk()
        self._await_healthy(self._spawn(), timeout)
        return True

    def down(self, *, timeout: float = 30.0) -> bool:
        """Stop in good order.

        Returns
        -------
        bool
            True if it was running.
        """
        pid = self.supervisor_pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        deadline = self._clock.monotonic() + timeout
        while _runs(pid, _SUPERVISOR, str(self.root)):
            if self._clock.monotonic() > deadline:
                raise errors.WarehouseError(f"The supervisor (pid {pid}) did not stop in {timeout:g} s.",
                                            remedy=f"See {self.root / 'supervisor.log'}.")  # fmt: skip
            self._clock.sleep(_POLL_SECONDS)
        return True

    def status(self) -> list[NodeStatus]:
        """Return how each node is, asking each one a query."""
        found = places.load(self.root)
        return [self._node_status(node) for node in found.nodes] if found else []

    def supervisor_pid(self) -> int | None:
        """Return the running supervisor's process id, or None."""
        pid = _read_pid(self.root / "supervisor.pid")
        return pid if pid is not None and _runs(pid, _SUPERVISOR, str(self.root)) else None

    def _node_status(self, node: places.Node) -> NodeStatus:
        pid = _read_pid(node.folder(self.root) / "engine.pid")
        if pid is not None and not _runs(pid, _ENGINE, str(node.folder(self.root))):
            pid = None
        resident = psutil.Process(pid).memory_info().rss if pid is not None else None
        return NodeStatus(node.number, node.http_port, node.tcp_port, pid, self._answers(node), resident)

    def _answers(self, node: places.Node) -> bool:
        request = Request(
            f"http://{places.HOST}:{node.http_port}/?query=SELECT%201",
            headers={"X-ClickHouse-User": "admin", "X-ClickHouse-Key": self.credentials.admin},
        )
        try:
            with urlopen(request, timeout=2) as response:  # noqa: S310
                return response.read().strip() == b"1"
        except (URLError, OSError):
            return False

    def _check_disk(self) -> None:
        free = shutil.disk_usage(self.root).free
        if free < _LEAST_FREE_BYTES:
            raise errors.WarehouseFull(f"Only {free // 2**20} MiB are free under {self.root}.",
                                       remedy="Free some space, or set ZENO_HOME to another disk.")  # fmt: skip

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", _SUPERVISOR, str(self.root)]
        with (self.root / "supervisor.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)

    def _await_healthy(self, started: subprocess.Popen[bytes] | None, timeout: float) -> None:
        deadline = self._clock.monotonic() + timeout
        waiting = list(self.topology.nodes)
        # Before the new supervisor has said who it is, what answers may be an engine of a killed one, on its way out.
        while self.supervisor_pid() is None or (waiting := [node for node in waiting if not self._answers(node)]):
            if started is not None and started.poll() is not None and self.supervisor_pid() is None:
                raise self._start_error(started.pid)
            if self._clock.monotonic() > deadline:
                raise errors.WarehouseDown(f"Node {waiting[0].number} does not answer after {timeout:g} s.",
                                           remedy=f"See {waiting[0].folder(self.root) / 'log'}.")  # fmt: skip
            self._clock.sleep(_POLL_SECONDS)

    def _start_error(self, pid: int) -> errors.ZenoError:
        path = self.root / f"supervisor.{pid}.error"
        if not path.exists():
            return errors.WarehouseDown("The warehouse did not start.", remedy=f"See {self.root / 'supervisor.log'}.")
        report = json.loads(path.read_text())
        path.unlink()
        return getattr(errors, report["kind"])(report["message"], remedy=report["remedy"])


def _read_pid(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except FileNotFoundError:  # never written, or removed by a supervisor that is leaving
        return None
    return int(text) if text.isdecimal() else None


def _runs(pid: int, module: str, folder: str) -> bool:
    """Whether ``pid`` is alive and is what its pid file says: pids are reused."""
    try:
        process = psutil.Process(pid)
        command = process.cmdline()
        return process.status() != psutil.STATUS_ZOMBIE and module in command and folder in command
    except psutil.NoSuchProcess:
        return False
