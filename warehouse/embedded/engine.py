"""One node: the engine's library, serving HTTP and TCP until its pipe closes. Run as a child of the supervisor.

    python -m warehouse.embedded.engine <node folder>

The library is clickhouse-local with the server's protocols inside. It reads ``config.xml`` from the working directory;
``SYSTEM START LISTEN QUERIES ALL`` opens the ports named there, and reading standard input, a pipe, then blocks until
its only writer, the supervisor, closes it or dies: either way the engine ends in good order. Loading the extension by
its file skips ``chdb/__init__``, which would start a second, in-memory engine.
"""

import ctypes
import fcntl
import importlib.machinery
import importlib.util
import os
import select
import sys
import time
from pathlib import Path
from types import ModuleType

from zeno.errors import UnsupportedPlatform, WarehouseBusy

# Not a named pipe: opening one waits for a writer, for ever if the supervisor has just been killed.
_PIPE = "/dev/stdin"
_LOCK = "engine.lock"
_LOCK_WAIT_SECONDS = 20.0
_RTLD_DEEPBIND = 0x8  # keeps the library's allocator to itself
_REMEDY = "Embedded ClickHouse runs on Linux and macOS; elsewhere set ZENO_CLICKHOUSE_URL to a ClickHouse server."


def library_path() -> Path:
    """Return the engine's library.

    Raises
    ------
    UnsupportedPlatform
        If no build for this machine is installed.
    """
    spec = importlib.util.find_spec("chdb")
    if sys.platform not in {"linux", "darwin"} or spec is None or not spec.submodule_search_locations:
        raise UnsupportedPlatform(f"The embedded engine has no build for {sys.platform}.", remedy=_REMEDY)
    return Path(spec.submodule_search_locations[0]) / "_chdb.abi3.so"


def serve(folder: Path) -> None:
    """Serve the node in ``folder`` until standard input, the supervisor's pipe, closes."""
    library = library_path()
    os.chdir(folder)
    # The same query means the same days everywhere. clickhouse-local takes its zone from here, and by no setting.
    os.putenv("TZ", "UTC")
    _lock(folder)
    if _abandoned():
        return
    engine = _load(library)
    # Any format but TabSeparated changes what native clients read in the handshake.
    sql = f"SYSTEM START LISTEN QUERIES ALL; SELECT * FROM file('{_PIPE}', 'LineAsString') FORMAT Null"
    engine.query(sql, "TabSeparated")


def is_locked(folder: Path) -> bool:
    """Tell whether an engine has the node in ``folder``, serving or on its way out."""
    path = folder / _LOCK
    if not path.exists():
        return False
    with path.open("a") as handle:
        return not _try_lock(handle.fileno())


def _lock(folder: Path) -> None:
    """Wait for a predecessor that is still shutting down; two engines on one folder would corrupt it."""
    # Never closed: the ports are open until the process ends, and until then nobody else may have the folder.
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + _LOCK_WAIT_SECONDS
    while not _try_lock(handle):
        if time.monotonic() > deadline:
            raise WarehouseBusy(f"Another engine holds {folder}.", remedy="Run: zeno warehouse down")
        time.sleep(0.05)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _abandoned() -> bool:
    """Tell whether the supervisor has closed the pipe already: it never writes, so what can be read is its end."""
    return bool(select.select([sys.stdin], [], [], 0)[0])


def _load(library: Path) -> ModuleType:
    if sys.platform == "linux":
        ctypes.CDLL(str(library), mode=sys.getdlopenflags() | _RTLD_DEEPBIND)
    loader = importlib.machinery.ExtensionFileLoader("_chdb", str(library))
    spec = importlib.util.spec_from_file_location("_chdb", library, loader=loader)
    if spec is None:
        raise UnsupportedPlatform("The embedded engine cannot be loaded.", remedy=_REMEDY)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
