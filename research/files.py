"""Files as inputs of a study: named by content, kept with DVC, restored when the original has changed or is gone.

    track    copy and hash in one pass -> dvc add -> dvc push -> publish  <sha256>/<name>.dvc
    restore  dvc pull -> check the SHA-256 -> publish                     <sha256>/<name>

Both work in a folder beside (``.incoming``) and publish by renaming, so that a name which is there is whole: its
content is in the cache and in the remote. A process that is killed before that leaves nothing but what the next sweeps
away. The same content is stored once, whatever it is called; the same name may stand for several contents.

Table inputs are named by their loads in the warehouse's ledger, not here; where the repository is and how DVC is held
down is in ``research.dvc_repository``.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from research.dvc_repository import cached, incoming, kept, opened, root, turn
from zeno.errors import ConfigError, SourceError
from zeno.settings import Settings

_CHUNK_BYTES = 1 << 20
_OWN_NAMES = re.compile(r"\.dvc(ignore)?|dvc\.(yaml|lock)|.*\.dvc", re.DOTALL)


@dataclass(frozen=True)
class FileVersion:
    """One file with one content.

    Parameters
    ----------
    name
        Its name without a folder.
    md5, sha256
        Hashes of the content, in hex: DVC's, and ours, by which it is checked.
    size
        In bytes.
    """

    name: str
    md5: str
    sha256: str
    size: int


def track(paths: Sequence[Path], settings: Settings) -> list[FileVersion]:
    """Keep the content that the files have now, and return what names it, in the order of ``paths``.

    Raises
    ------
    ConfigError
        If a path is no file, or has a name that DVC keeps for itself.
    SourceError
        If DVC or its remote failed; files that were tracked before are not touched.
    """
    for path in paths:
        _check(path)
    with turn(settings):
        found = [_in_place(path, settings) or _take(path, settings) for path in paths]
        fresh = dict.fromkeys(entry for entry in found if isinstance(entry, Path))
        if fresh:
            with opened(settings) as repo:
                repo.add([str(copy) for copy in fresh])  # pyright: ignore - its decorators hide that it is a method
                repo.push(targets=[str(_stage(copy)) for copy in fresh])
            for copy in fresh:
                _publish(_stage(copy), settings)
        return [entry if isinstance(entry, FileVersion) else _published(entry, settings) for entry in found]


def restore(version: FileVersion, settings: Settings) -> Path:
    """Return a file with exactly this content, from the data folder, DVC's cache or its remote; do not write to it.

    Raises
    ------
    SourceError
        If neither has the content, or what they have is damaged.
    """
    _check_version(version)
    place = root(settings) / version.sha256 / version.name
    if _hash(place) == version.sha256:
        return place
    with turn(settings):
        copy = incoming(settings) / version.sha256 / version.name
        copy.parent.mkdir(parents=True)
        _stage(copy).write_text(_described(version), encoding="utf-8")
        if not _pulled(copy, version, settings):
            _forget_damaged(version, settings)
            if not _pulled(copy, version, settings):
                _forget_damaged(version, settings)
                raise SourceError(
                    f"The content of {version.name} (MD5 {version.md5}) is gone or damaged.",
                    remedy="Track the original again, or point ZENO_DVC_REMOTE at a remote that has it.",
                )
        _publish(copy, settings)
        _publish(_stage(copy), settings)
    return place


def tracked(settings: Settings) -> list[FileVersion]:
    """Return every tracked file, by name and then by hash."""
    # Folders with a dot are where work goes on: they may vanish while they are looked into.
    found = [_read(path) for path in root(settings).glob("[!.]*/*.dvc")]
    return sorted(found, key=lambda version: (version.name, version.sha256))


def _check(path: Path) -> None:
    if not path.is_file():
        raise ConfigError(f"There is no file {path}.", remedy="Name a file; a folder is tracked by its files.")
    if _OWN_NAMES.fullmatch(path.name):
        raise ConfigError(f"DVC keeps the name {path.name} for itself.", remedy="Rename the file.")


def _check_version(version: FileVersion) -> None:
    hashes = re.fullmatch(r"[0-9a-f]{64} [0-9a-f]{32}", f"{version.sha256} {version.md5}")
    if not hashes or Path(version.name).name != version.name or _OWN_NAMES.fullmatch(version.name):
        raise ConfigError(f"{version} does not name a file.", remedy="Look at: zeno data list")


def _in_place(path: Path, settings: Settings) -> FileVersion | None:
    """Return the version of a file that is tracked already, when the cache and the remote still have it."""
    stage = root(settings) / str(_hash(path)) / f"{path.name}.dvc"
    if not stage.exists():
        return None
    version = _read(stage)
    places = cached(settings, version.md5), kept(settings, version.md5)
    # What a remote that is no folder has, only DVC can ask.
    return version if all(place and _size(place) == version.size for place in places) else None


def _take(path: Path, settings: Settings) -> Path:
    """Copy a file into the repository, and return the copy: its folder is the hash of what was copied."""
    folder = incoming(settings)
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    copy = folder / "copy"
    with path.open("rb") as source, copy.open("wb") as target:
        while chunk := source.read(_CHUNK_BYTES):
            digest.update(chunk)
            target.write(chunk)
    taken = folder / digest.hexdigest() / path.name
    taken.parent.mkdir(exist_ok=True)
    return copy.replace(taken)


def _publish(path: Path, settings: Settings) -> None:
    """Move a whole file from ``.incoming`` to where it is looked for, in one step."""
    place = _place(path, settings)
    place.parent.mkdir(exist_ok=True)
    path.replace(place)


def _published(copy: Path, settings: Settings) -> FileVersion:
    return _read(_place(_stage(copy), settings))


def _place(path: Path, settings: Settings) -> Path:
    return root(settings) / path.parent.name / path.name


def _pulled(copy: Path, version: FileVersion, settings: Settings) -> bool:
    copy.unlink(missing_ok=True)
    with opened(settings) as repo:
        from dvc.exceptions import CheckoutError, DownloadError

        try:
            repo.pull(targets=[str(_stage(copy))])
        except (CheckoutError, DownloadError):
            return False
    return _hash(copy) == version.sha256


def _forget_damaged(version: FileVersion, settings: Settings) -> None:
    """Take a damaged content out of the cache, which DVC trusts; without it, DVC asks the remote."""
    path = cached(settings, version.md5)
    if _hash(path, "md5") != version.md5:
        path.unlink(missing_ok=True)


def _stage(copy: Path) -> Path:
    return copy.with_name(copy.name + ".dvc")


def _described(version: FileVersion) -> str:
    out = {"md5": version.md5, "size": version.size, "hash": "md5", "path": version.name}
    return yaml.safe_dump({"outs": [out]}, sort_keys=False, allow_unicode=True)


def _read(stage: Path) -> FileVersion:
    try:
        (out,) = yaml.safe_load(stage.read_text(encoding="utf-8"))["outs"]
        return FileVersion(stage.name.removesuffix(".dvc"), out["md5"], stage.parent.name, out["size"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise SourceError(
            f"{stage} does not describe a file.", remedy="Delete it, and track the original again: zeno data track"
        ) from error


def _hash(path: Path, kind: str = "sha256") -> str | None:
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, kind).hexdigest()


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
