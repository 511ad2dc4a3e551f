"""The supervisor: one process a data folder that keeps an engine process a node alive. Run detached by ``control``.

    python -m warehouse.embedded.supervisor <warehouse folder>

1. take the folder's lock, or say that another has it;
2. write the pid file and every node's configuration;
3. start an engine a node, holding the write end of its pipe;
4. restart an engine that ends, with growing pauses while it keeps ending;
5. on SIGTERM close the pipes, wait for the engines, leave.

If the supervisor itself is killed, its pipes close with it and the engines stop in good order.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from warehouse.embedded import config, credentials, processes, topology
from warehouse.embedded.engine import is_locked, library_path
from zeno.errors import WarehouseBusy, ZenoError

_POLL_SECONDS = 0.1
_GRACE_SECONDS = 20.0
_SETTLE_SECONDS = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE, _HEALTHY_AFTER = 0.1, 10.0, 30.0


@dataclass
class _Engine:
    """An engine process, and when and how patiently it was last started."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None
    pipe: int = -1
    started: float = 0.0
    pause: float = _FIRST_PAUSE
    starts: int = field(default=0)

    def start(self) -> None:
        reading, self.pipe = os.pipe()  # this process holds the only write end
        with (self.folder / "log" / "engine.out").open("ab") as out:
            command = [sys.executable, "-m", processes.ENGINE, str(self.folder)]
            self.process = subprocess.Popen(command, stdin=reading, stdout=out, stderr=out)
        os.close(reading)
        (self.folder / "engine.pid").write_text(str(self.process.pid))
        self.started, self.starts = time.monotonic(), self.starts + 1

    def ensure(self) -> None:
        if self.process is None or self.process.poll() is None:
            return
        alive = time.monotonic() - self.started
        self.pause = _FIRST_PAUSE if alive > _HEALTHY_AFTER else min(self.pause * 2, _LONGEST_PAUSE)
        if alive >= self.pause or self.starts == 1:
            os.close(self.pipe)
            self.start()

    def close(self) -> None:
        if self.pipe >= 0:
            os.close(self.pipe)
            self.pipe = -1

    def wait(self, deadline: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()


def supervise(root: Path) -> None:
    """Keep the warehouse in ``root`` running until SIGTERM.

    Raises
    ------
    WarehouseBusy
        If another supervisor has the folder, or another process a port.
    """
    lock = _lock(root)
    stopping = _stop_flag()
    library_path()
    engines = _prepare(root)
    (root / "supervisor.pid").write_text(str(os.getpid()))
    for engine in engines:
        engine.start()
    while not stopping:
        for engine in engines:
            engine.ensure()
        time.sleep(_POLL_SECONDS)
    _stop(engines)
    (root / "supervisor.pid").unlink(missing_ok=True)
    lock.close()


def _lock(root: Path) -> IO[str]:
    """Take the folder's lock. One that has it, and has not said who it is, may be killed, or be leaving."""
    handle = (root / "supervisor.lock").open("a")
    deadline = time.monotonic() + _GRACE_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if processes.supervisor_of(root) is not None or time.monotonic() > deadline:
                raise WarehouseBusy(f"{root} is in use by another supervisor.",
                                    remedy="See: zeno warehouse status") from None  # fmt: skip
            time.sleep(_POLL_SECONDS)
        else:
            return handle


def _prepare(root: Path) -> list[_Engine]:
    nodes = topology.load_or_create(root, None)
    _await_predecessors(root, nodes)
    secrets = credentials.load_or_create(root)
    for node in nodes.nodes:
        config.write_config(root, nodes, node, secrets)
    return [_Engine(node.folder(root)) for node in nodes.nodes]


def _await_predecessors(root: Path, nodes: topology.Topology) -> None:
    # Engines of a supervisor that was killed are still closing; their ports are free soon after their locks.
    now = time.monotonic()
    deadline, freed = now + _GRACE_SECONDS, now + _SETTLE_SECONDS
    while True:
        try:
            return topology.check_ports(nodes)
        except WarehouseBusy:
            now = time.monotonic()
            if any(is_locked(node.folder(root)) for node in nodes.nodes):
                freed = now + _SETTLE_SECONDS
            if now > min(freed, deadline):
                raise
            time.sleep(_POLL_SECONDS)


def _stop(engines: list[_Engine]) -> None:
    for engine in engines:
        engine.close()
    deadline = time.monotonic() + _GRACE_SECONDS
    for engine in engines:
        engine.wait(deadline)


def _stop_flag() -> list[int]:
    """Return a list that becomes true once a stop was asked for."""
    received: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _frame: received.append(got))
    return received


def main(root: Path) -> int:
    """Supervise, leaving an error where ``control`` finds it."""
    try:
        supervise(root)
    except ZenoError as error:
        report = {"kind": type(error).__name__, "message": error.message, "remedy": error.remedy}
        (root / f"supervisor.{os.getpid()}.error").write_text(json.dumps(report))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
