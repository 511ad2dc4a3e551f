"""The DVC repository of tracked files: where it is, how it is opened, and what a killed process leaves in it.

    <home>/files/.dvc/config          the repository: without source control, silent, its remote beside it
    <home>/files/.dvc/cache           every content once, by its MD5
    <home>/files/.incoming            what is being tracked or restored now
    <home>/files/<sha256>/<name>.dvc  a tracked file; ``<name>`` beside it once it was restored
    <home>/files-remote               the remote; ``ZENO_DVC_REMOTE`` names another

One process of this machine works on it at a time, under a lock of ours that ends with its process. What an earlier
one left when it was killed goes first: ``.incoming``, temporary copies, and DVC's own table of readers and writers,
which it rewrites in place, so that a kill can leave half of it. DVC is imported when it is needed: that takes a second.

Not here: which files, and what a version is (``research.files``).
"""

import atexit
import fcntl
import logging
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zeno.errors import SourceError
from zeno.settings import Settings, exported

if TYPE_CHECKING:
    from dvc.repo import Repo

# What `dvc` reads when a person runs it there; the library is given the same, over any configuration of theirs.
_CONFIG = """\
[core]
    no_scm = True
    analytics = false
    check_update = false
    remote = zeno
['remote "zeno"']
    url = ../../files-remote
"""
_OBJECTS = Path("files") / "md5"


def root(settings: Settings) -> Path:
    """Return the folder of the repository."""
    return settings.home / "files"


def incoming(settings: Settings) -> Path:
    """Return the folder for what is not tracked yet, within the repository; emptied by the next that takes its turn."""
    return root(settings) / ".incoming"


def cached(settings: Settings, md5: str) -> Path:
    """Return where the cache keeps the content with this MD5, in hex."""
    return _cache(settings) / _OBJECTS / md5[:2] / md5[2:]


def kept(settings: Settings, md5: str) -> Path | None:
    """Return where the remote keeps the content with this MD5, or None if the remote is no folder."""
    remote = _remote(settings)
    return None if "://" in remote else Path(remote) / _OBJECTS / md5[:2] / md5[2:]


@contextmanager
def turn(settings: Settings) -> Iterator[None]:
    """Wait for other processes that track or restore, keep them waiting, and clear what one that was killed left."""
    lock = settings.home / "locks" / "files.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        _sweep(settings)
        try:
            yield
        finally:
            shutil.rmtree(incoming(settings), ignore_errors=True)


@contextmanager
def opened(settings: Settings) -> Iterator["Repo"]:
    """Open the repository for the block, within a ``turn``; it is made where there is none.

    Raises
    ------
    SourceError
        If DVC could not do what the block asked of it.
    """
    _make(settings)
    # Beside the repository, and not in a folder that all users of the machine share.
    quiet = {"DVC_SITE_CACHE_DIR": str(root(settings) / ".dvc" / "tmp" / "site"), "DVC_NO_ANALYTICS": "1"}
    with exported(quiet):
        _import_quietly()
        from dvc.exceptions import DvcException
        from dvc.repo import Repo

        try:
            with Repo(str(root(settings)), config=_configuration(settings)) as repo:
                with repo.lock:  # nobody runs dvc by hand just now: its table of readers and writers is stale
                    (Path(str(repo.tmp_dir)) / "rwlock").unlink(missing_ok=True)
                yield repo
        except (DvcException, ImportError, OSError) as error:
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise SourceError(
                f"DVC could not read or write {root(settings)}: {reason[0]}",
                remedy="Look whether the disk is full, another dvc works there, or ZENO_DVC_REMOTE is not reachable; "
                "then run it again.",
            ) from error


def _configuration(settings: Settings) -> dict[str, Any]:
    return {
        "core": {"no_scm": True, "analytics": False, "check_update": False, "remote": "zeno", "hardlink_lock": False},
        "cache": {"dir": str(_cache(settings)), "type": ["reflink", "hardlink", "copy"]},
        "remote": {"zeno": {"url": _remote(settings)}},
    }


def _make(settings: Settings) -> None:
    config = root(settings) / ".dvc" / "config"
    if config.exists():
        return
    config.parent.mkdir(parents=True, exist_ok=True)
    fresh = config.with_name("config.new")
    fresh.write_text(_CONFIG, encoding="utf-8")
    fresh.replace(config)


def _import_quietly() -> None:
    """Import DVC without its progress bars, its logs and its hold on standard output: what goes wrong is raised."""
    if "dvc" in sys.modules:
        return
    import dvc.repo  # noqa: F401 - wraps the streams and configures its loggers when it is imported; ours comes after
    from colorama import deinit, initialise
    from dvc.ui import ui

    deinit()
    atexit.unregister(initialise.reset_all)
    for name in ("dvc", "dvc_data", "dvc_objects"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    ui.rich_console.quiet = ui.error_console.quiet = True


def _sweep(settings: Settings) -> None:
    shutil.rmtree(incoming(settings), ignore_errors=True)
    # The default remote is ours alone; in another one somebody else may be writing.
    for folder in (_cache(settings), _default_remote(settings)):
        for stale in (folder / _OBJECTS).rglob("*.tmp"):
            stale.unlink(missing_ok=True)


def _cache(settings: Settings) -> Path:
    return root(settings) / ".dvc" / "cache"


def _remote(settings: Settings) -> str:
    return settings.dvc_remote or str(_default_remote(settings))


def _default_remote(settings: Settings) -> Path:
    return settings.home / "files-remote"
