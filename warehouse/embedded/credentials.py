"""Passwords of the embedded warehouse: random, made once, readable by the owner alone, never logged.

Only their SHA-256 goes into ClickHouse's users file; the plain text stays in ``credentials.json``, mode 0600.
"""

import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path


@dataclass(frozen=True)
class Credentials:
    """One password a role, and the secret that nodes of a cluster trust one another by."""

    admin: str = field(repr=False)
    writer: str = field(repr=False)
    researcher: str = field(repr=False)
    interserver: str = field(repr=False)


def load_or_create(root: Path) -> Credentials:
    """Return the warehouse's credentials; make them if the folder has none yet."""
    path = root / "credentials.json"
    if not path.exists():
        made = Credentials(**{entry.name: secrets.token_urlsafe(24) for entry in fields(Credentials)})
        create_private(path, json.dumps(asdict(made)))
    return Credentials(**json.loads(path.read_text()))


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in one step: a reader sees all of it or nothing."""
    _temporary(path, text).rename(path)


def create_private(path: Path, text: str) -> None:
    """Write such a file unless it is there: of several processes that do so at once, the first one's stays."""
    temporary = _temporary(path, text)
    with suppress(FileExistsError):
        os.link(temporary, path)
    temporary.unlink()


def _temporary(path: Path, text: str) -> Path:
    made = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
    return made
