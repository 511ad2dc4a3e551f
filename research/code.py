"""The version of the code that computes a study: a hash of its sources and of the libraries whose numbers it takes."""

import hashlib
import importlib.metadata
import importlib.util
import platform
from collections.abc import Sequence
from functools import cache
from pathlib import Path

LIBRARIES = ("numpy", "numba", "scipy", "pandas", "statsmodels", "hmmlearn", "scikit-learn")
"""Another version of one of these may give other last digits."""
_SOURCES = (".py", ".toml", ".sql", ".json", ".csv")


@cache
def code_version(rooms: tuple[str, ...], files: tuple[Path, ...] = ()) -> str:
    """Return the version of the sources of rooms and of a user's own files, 16 hexadecimal digits.

    Raises
    ------
    FileNotFoundError
        When a file is missing.
    """
    python = ".".join(platform.python_version_tuple()[:2])  # 3.12 adds floats otherwise than 3.11 does
    found = hashlib.sha256(python.encode())
    for name in LIBRARIES:
        found.update(f"{name}={importlib.metadata.version(name)};".encode())
    for room in sorted(rooms):
        root = _folder(room)
        for path in sorted(entry for entry in root.rglob("*") if entry.suffix in _SOURCES):
            _add(found, f"{room}/{path.relative_to(root).as_posix()}", path.read_bytes())
    for path in files:
        _add(found, path.name, path.read_bytes())
    return found.hexdigest()[:16]


def _folder(room: str) -> Path:
    spec = importlib.util.find_spec(room)
    assert spec is not None
    locations: Sequence[str] = spec.submodule_search_locations or []
    return Path(locations[0])


def _add(found: "hashlib._Hash", name: str, content: bytes) -> None:
    found.update(f"{name}\0{len(content)}\0".encode())
    found.update(content)
