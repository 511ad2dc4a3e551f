"""Reading what others packed, without trusting it: one member of a zip or tar, or a gzip stream.

What a header declares is ignored: bytes are counted as they come out, and reading stops at a cap on size and on
compression ratio (a bomb of 1 kB that unfolds to gigabytes ends after the cap). An archive with any name that is
absolute, climbs with ``..`` or stands twice is refused whole, and so is a member that is a link: nothing here ever
writes under a name that an archive chose.
"""

import gzip
import io
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from zeno.errors import SourceRejected

MAX_BYTES = 256 * 2**20
"""Most bytes that one member may unfold to."""

MAX_RATIO = 100.0
"""Most bytes that one packed byte may unfold to, over the whole member: text reaches 20, bombs 1000."""

_CHUNK = 2**20
# zipfile raises the last two for encryption and for compression methods that it does not know.
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, zlib.error, NotImplementedError, RuntimeError)


def member(path: Path, name: str, *, max_bytes: int = MAX_BYTES, max_ratio: float = MAX_RATIO) -> bytes:
    """Return the bytes of member ``name`` of the zip (wheel) or tar (sdist) at ``path``; ``*.gz`` is unfolded too.

    Raises
    ------
    SourceRejected
        If the archive is damaged or unsafe, lacks the member, or the member exceeds a cap.
    """
    packed = b"".join(_stream(path, name, max_bytes, max_ratio))
    return gunzip(packed, name, max_bytes=max_bytes, max_ratio=max_ratio) if name.endswith(".gz") else packed


@contextmanager
def member_file(path: Path, name: str, *, max_bytes: int = MAX_BYTES, max_ratio: float = MAX_RATIO) -> Iterator[Path]:
    """Yield member ``name`` as a temporary file, for formats that need one; the file goes away at the end."""
    with tempfile.TemporaryDirectory(prefix=".member-", dir=path.parent) as scratch:
        copy = Path(scratch) / "member"
        with copy.open("wb") as out:
            for chunk in _stream(path, name, max_bytes, max_ratio):
                out.write(chunk)
        yield copy


def gunzip(packed: bytes, name: str, *, max_bytes: int = MAX_BYTES, max_ratio: float = MAX_RATIO) -> bytes:
    """Return unfolded gzip data; ``name`` is for the error message."""
    chunks = gunzip_stream([packed], name, max_bytes=max_bytes, max_ratio=max_ratio)
    return b"".join(chunks)


def gunzip_stream(chunks: Iterable[bytes], name: str, *, max_bytes: int = MAX_BYTES, max_ratio: float = MAX_RATIO
                  ) -> Iterator[bytes]:  # fmt: skip
    """Yield unfolded gzip data piece by piece, never more than a megabyte at once.

    Raises
    ------
    SourceRejected
        If the stream is damaged or cut, or exceeds a cap.
    """
    unfolder, taken, given = zlib.decompressobj(wbits=31), 0, 0
    for chunk in chunks:
        taken += len(chunk)
        while chunk:
            if unfolder.eof:  # gzip files may be joined end to end
                unfolder = zlib.decompressobj(wbits=31)
            try:
                piece = unfolder.decompress(chunk, _CHUNK)
            except zlib.error as error:
                raise SourceRejected(f"{name} is not intact gzip data: {error}.") from error
            chunk = unfolder.unused_data if unfolder.eof else unfolder.unconsumed_tail
            given += len(piece)
            _check_caps(name, given, taken, max_bytes, max_ratio)
            yield piece
    if not unfolder.eof:
        raise SourceRejected(f"{name} is cut off: its gzip data has no end.", remedy="Deliver the whole file.")


def read_chunks(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield what is left of ``stream`` in pieces of a megabyte."""
    while chunk := stream.read(_CHUNK):
        yield chunk


def _check_caps(name: str, given: int, taken: int, max_bytes: int, max_ratio: float) -> None:
    if given > max_bytes:
        raise SourceRejected(f"{name} unfolds to more than {max_bytes:,} bytes.", remedy="It was not read.")
    if given > _CHUNK and given > max_ratio * max(taken, 1):
        raise SourceRejected(f"{name} unfolds more than {max_ratio:g} to one.", remedy="It was not read.")


def zipped(packed: bytes, label: str, name: str, *, max_bytes: int = MAX_BYTES, max_ratio: float = MAX_RATIO) -> bytes:
    """Return member ``name`` of a zip that is itself a member; ``label`` names it in error messages.

    Raises
    ------
    SourceRejected
        As for ``member``.
    """
    try:
        return b"".join(_zip_member(io.BytesIO(packed), label, len(packed), name, max_bytes, max_ratio))
    except _DAMAGE as error:
        raise SourceRejected(f"{label} is damaged: {error}.") from error


def _stream(path: Path, name: str, max_bytes: int, max_ratio: float) -> Iterator[bytes]:
    _check_names(path.name, [name])
    reader = _zip_member if zipfile.is_zipfile(path) else _tar_member
    try:
        with path.open("rb") as raw:
            yield from reader(raw, path.name, path.stat().st_size, name, max_bytes, max_ratio)
    except _DAMAGE as error:
        raise SourceRejected(
            f"{path.name} is damaged: {error}.", remedy="Delete it, and it is fetched anew."
        ) from error


def _zip_member(raw: IO[bytes], label: str, size: int, name: str, max_bytes: int, max_ratio: float) -> Iterator[bytes]:
    with zipfile.ZipFile(raw) as archive:
        _check_names(label, archive.namelist())
        if name not in archive.NameToInfo:
            raise _absent(label, name)
        info = archive.getinfo(name)
        if stat.S_ISLNK(info.external_attr >> 16) or info.is_dir():
            raise SourceRejected(f"{name} in {label} is not a plain file.")
        given, packed = 0, min(info.compress_size, size)
        with archive.open(info) as stream:
            for chunk in read_chunks(stream):
                given += len(chunk)
                _check_caps(name, given, packed, max_bytes, max_ratio)
                yield chunk


def _tar_member(raw: IO[bytes], label: str, size: int, name: str, max_bytes: int, max_ratio: float) -> Iterator[bytes]:
    # The caps hold for everything up to the member: to find it, all that stands before it has to be unfolded.
    plain = gzip.GzipFile(fileobj=raw) if label.endswith((".gz", ".tgz")) else raw
    counted = _Counted(plain, name, size, max_bytes, max_ratio)
    with tarfile.open(fileobj=counted, mode="r|") as archive:  # pyright: ignore[reportCallIssue, reportArgumentType]
        for info in archive:
            _check_names(label, [info.name])
            if info.name != name:
                continue
            stream = archive.extractfile(info) if info.isreg() else None
            if stream is None:
                raise SourceRejected(f"{name} in {label} is not a plain file.")
            yield from read_chunks(stream)
            return
    raise _absent(label, name)


class _Counted:
    """A stream that refuses to give more than the caps allow."""

    def __init__(
        self, stream: IO[bytes] | gzip.GzipFile, name: str, packed: int, max_bytes: int, max_ratio: float
    ) -> None:
        self._stream, self._name, self._packed = stream, name, packed
        self._max_bytes, self._max_ratio, self._given = max_bytes, max_ratio, 0

    def read(self, size: int = _CHUNK) -> bytes:
        """Return at most ``size`` bytes."""
        chunk = self._stream.read(min(size, _CHUNK))
        self._given += len(chunk)
        _check_caps(self._name, self._given, self._packed, self._max_bytes, self._max_ratio)
        return chunk


def _check_names(label: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        posix, windows = PurePosixPath(name), PureWindowsPath(name)
        climbs = ".." in posix.parts or ".." in windows.parts
        if climbs or posix.is_absolute() or windows.drive or windows.root or "\x00" in name or count > 1:
            raise SourceRejected(f"{label} holds an unsafe name: {name!r}.", remedy="It was not read.")


def _absent(label: str, name: str) -> SourceRejected:
    return SourceRejected(f"{label} has no member {name}.", remedy="Its layout is not the pinned one.")
