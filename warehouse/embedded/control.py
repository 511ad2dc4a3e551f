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

from warehouse.embedded import config, processes
from warehouse.embedded import credentials as passwords
from warehouse.embedded import topology as places
from zeno import errors
from zeno.clock import Clock, SystemClock

_POLL_SECONDS = 0.05
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
        while processes.runs(pid, processes.SUPERVISOR, self.root):
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
        return processes.supervisor_of(self.root)

    def _node_status(self, node: places.Node) -> NodeStatus:
        pid = processes.engine_of(node.folder(self.root))
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
        command = [sys.executable, "-m", processes.SUPERVISOR, str(self.root)]
        with (self.root / "supervisor.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)

    def _await_healthy(self, started: subprocess.Popen[bytes] | None, timeout: float) -> None:
        deadline = self._clock.monotonic() + timeout
        waiting = list(self.topology.nodes)
        while True:
            # Before a new supervisor has said who it is, what answers may be an engine of a killed one, on its way out.
            if self.supervisor_pid() is None:
                started = self._starting(started)
            elif not (waiting := [node for node in waiting if not self._answers(node)]):
                return
            if self._clock.monotonic() > deadline:
                raise errors.WarehouseDown(f"Node {waiting[0].number} does not answer after {timeout:g} s.",
                                           remedy=f"See {waiting[0].folder(self.root) / 'log'}.")  # fmt: skip
            self._clock.sleep(_POLL_SECONDS)

    def _starting(self, started: subprocess.Popen[bytes] | None) -> subprocess.Popen[bytes]:
        """Return the supervisor that is on its way: another, if the one before was killed and could not say why."""
        status = started.poll() if started is not None else 0
        if started is not None and status is None:
            return started
        if started is not None and status is not None and status > 0 and self.supervisor_pid() is None:
            raise self._start_error(started.pid)
        return self._spawn()

    def _start_error(self, pid: int) -> errors.ZenoError:
        path = self.root / f"supervisor.{pid}.error"
        if not path.exists():
            return errors.WarehouseDown("The warehouse did not start.", remedy=f"See {self.root / 'supervisor.log'}.")
        report = json.loads(path.read_text())
        path.unlink()
        return getattr(errors, report["kind"])(report["message"], remedy=report["remedy"])
