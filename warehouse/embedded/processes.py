"""Who runs a folder: the pid files that supervisor and control leave and read."""

from pathlib import Path

import psutil

SUPERVISOR = "warehouse.embedded.supervisor"
ENGINE = "warehouse.embedded.engine"


def supervisor_of(root: Path) -> int | None:
    """Return the process id of the supervisor that has said it runs ``root``, or None."""
    return _living(root / "supervisor.pid", SUPERVISOR, root)


def engine_of(folder: Path) -> int | None:
    """Return the process id of the engine that runs the node in ``folder``, or None."""
    return _living(folder / "engine.pid", ENGINE, folder)


def runs(pid: int, module: str, folder: Path) -> bool:
    """Whether ``pid`` is alive and is what its pid file says: pids are reused."""
    try:
        process = psutil.Process(pid)
        command = process.cmdline()
        return process.status() != psutil.STATUS_ZOMBIE and module in command and str(folder) in command
    except psutil.NoSuchProcess:
        return False


def _living(path: Path, module: str, folder: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except FileNotFoundError:  # never written, or removed by a supervisor that is leaving
        return None
    pid = int(text) if text.isdecimal() else None
    return pid if pid is not None and runs(pid, module, folder) else None
