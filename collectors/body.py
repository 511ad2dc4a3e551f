"""Reading a response's body: decoded in small steps, counted as it grows, refused before it can fill the memory.

A gzip stream expands up to a thousandfold, and a library that decodes a whole chunk at once has already lost; so the
decoder here is asked for a bounded amount of output at a time. Only gzip is understood, once: nested codings multiply.

Belongs here: bytes. Not here: sockets and deadlines (``collectors.deadline``), or text (``collectors.json_text``).
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from zeno.errors import SourceRejected

_STEP = 1 << 16  # decoded bytes taken at a time
_GZIP = 31  # zlib's window bits for a gzip header and trailer


class DamagedBodyError(Exception):
    """The body ended early or does not decode: worth another try."""


@dataclass(frozen=True)
class BodyCap:
    """How much a body may hold.

    Parameters
    ----------
    size
        Decoded bytes.
    ratio
        Decoded bytes for each byte received; JSON compresses up to about 30.
    floor
        Decoded bytes below which the ratio is not looked at: a short repetitive answer is no bomb.
    """

    size: int = 64 << 20
    ratio: int = 200
    floor: int = 1 << 20


def read_body(chunks: Iterable[bytes], coding: str, cap: BodyCap, *, source: str) -> bytes:
    """Return the decoded body.

    Parameters
    ----------
    chunks
        The body as received, undecoded.
    coding
        The ``Content-Encoding`` header; empty for none.
    cap
        Checked after every step of at most 64 KiB, so that memory stays near ``cap.size``.
    source
        Named in errors.

    Raises
    ------
    SourceRejected
        If the body is larger than the cap, expands like a bomb, or is coded in another way than gzip.
    DamagedBodyError
        If the coding is broken or cut.
    """
    body = bytearray()
    for piece, received in _decoded(chunks, coding.strip().lower(), source):
        body += piece
        if len(body) > cap.size:
            raise _refused(f"{source} answered with more than {cap.size:,} bytes.")
        if len(body) > cap.floor and len(body) > cap.ratio * received:
            raise _refused(f"{source} answered with {received:,} bytes that expand more than {cap.ratio} times.")
    return bytes(body)


def _refused(message: str) -> SourceRejected:
    return SourceRejected(message, remedy="It was not read further. Ask for less at a time, or look at the source.")


def _decoded(chunks: Iterable[bytes], coding: str, source: str) -> Iterator[tuple[bytes, int]]:
    """Yield decoded pieces, each with the number of bytes received so far."""
    if coding in ("", "identity"):
        received = 0
        for chunk in chunks:
            received += len(chunk)
            yield chunk, received
    elif coding in ("gzip", "x-gzip"):
        yield from _gunzipped(chunks)
    else:
        raise SourceRejected(
            f"{source} answered in the content coding {coding[:40]!r}, which was not asked for.",
            remedy="Only gzip is accepted; look at what stands between here and the source.",
        )


def _gunzipped(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    member = zlib.decompressobj(_GZIP)
    received = 0
    try:
        for chunk in chunks:
            received += len(chunk)
            rest = chunk
            while rest:
                if member.eof:  # a gzip file is one member or several (RFC 1952, 2.2)
                    member = zlib.decompressobj(_GZIP)
                for piece in _inflated(member, rest):
                    yield piece, received
                rest = member.unused_data
    except zlib.error as error:
        raise DamagedBodyError(f"the gzip stream is damaged ({error})") from error
    if not member.eof:
        raise DamagedBodyError("the gzip stream ends early")


def _inflated(member: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    while True:
        piece = member.decompress(data, _STEP)
        yield piece
        data = member.unconsumed_tail
        if not data:
            return
