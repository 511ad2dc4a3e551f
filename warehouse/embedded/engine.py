"""One node: the engine's library, serving HTTP and TCP until its pipe closes. Run as a child of the supervisor.

    python -m warehouse.embedded.engine <node folder>

The library is clickhouse-local with the server's protocols inside. It reads ``config.xml`` from the working directory;
``SYSTEM START LISTEN QUERIES ALL`` opens the ports named there, and reading a named pipe then blocks until the pipe's
writer, the supervisor, closes it or dies: either way the engine ends in good order. Loading the extension by its file
skips ``chdb/__init__``, which would start a second, in-memory engine.
"""

import ctypes
import fcntl
import importlib.machinery
import importlib.util
import os
import sys
import time
from pathlib import Path
from types import ModuleType

from zeno.errors import UnsupportedPlatform, WarehouseBusy

PIPE = "hold"
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
    """Serve the node in ``folder`` until its pipe closes."""
    library = library_path()
    os.chdir(folder)
    # The same query means the same days everywhere. clickhouse-local takes its zone from here, and by no setting.
    os.putenv("TZ", "UTC")
    lock = _lock(folder)
    engine = _load(library)
    # Any format but TabSeparated changes what native clients read in the handshake.
    sql = f"SYSTEM START LISTEN QUERIES ALL; SELECT * FROM file('{folder / PIPE}', 'LineAsString') FORMAT Null"
    engine.query(sql, "TabSeparated")
    lock.close()


def _lock(folder: Path):
    """Wait for a predecessor that is still shutting down; two engines on one folder would corrupt it."""
    handle = (folder / "engine.lock").open("w")
    deadline = time.monotonic() + _LOCK_WAIT_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise WarehouseBusy(f"Another engine holds {folder}.", remedy="Run: zeno warehouse down") from None
            time.sleep(0.05)
        else:
            return handle


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
