"""The journal: everything that the engine said, in order, and the equity after every slice.

Its canonical encoding is little-endian 64-bit words: the rows of ``events``, then the times, then the marks. Two runs
are the same run when their digests are equal: lane, machine and process make no difference.
"""

import hashlib
from dataclasses import dataclass, field

import numpy as np

from backtest.core import events

_MAGIC = b"zeno journal 1\n"


@dataclass
class Record:
    """A finished or growing journal.

    Attributes
    ----------
    chunks
        Rows as arrays of shape (n, 8), int64, in order.
    slices
        Starts of slices (µs UTC, int64), and how long each lasts (µs): the columns' own, not copied.
    marks
        Equity after each slice (money units), int64.
    """

    chunks: list[np.ndarray] = field(default_factory=list)
    slices: list[tuple[np.ndarray, int]] = field(default_factory=list)
    marks: list[np.ndarray] = field(default_factory=list)

    def rows(self) -> np.ndarray:
        """Return all rows, shape (n, 8)."""
        return np.concatenate(self.chunks) if self.chunks else np.empty((0, events.WIDTH), np.int64)

    def of_kind(self, kind: int) -> np.ndarray:
        """Return the rows of one kind."""
        rows = self.rows()
        return rows[(rows[:, 1] & 255) == kind]

    def fills(self) -> np.ndarray:
        """Return the fills."""
        return self.of_kind(events.FILL)

    def equity(self) -> np.ndarray:
        """Return the equity after every slice, money units."""
        return np.concatenate(self.marks) if self.marks else np.empty(0, np.int64)

    def moments(self) -> np.ndarray:
        """Return the end of every slice, µs UTC."""
        ends = [starts + duration for starts, duration in self.slices]
        return np.concatenate(ends) if ends else np.empty(0, np.int64)

    def encoded(self) -> bytes:
        """Return the canonical encoding."""
        rows, marks = self.rows(), self.equity()
        head = _MAGIC + len(rows).to_bytes(8, "little") + len(marks).to_bytes(8, "little")
        return b"".join([head, *(one.astype("<i8").tobytes() for one in (rows, self.moments(), marks))])

    def digest(self) -> str:
        """Return the digest of the canonical encoding, 32 hexadecimal digits."""
        found = hashlib.blake2b(digest_size=16)
        rows = sum(len(one) for one in self.chunks)
        found.update(_MAGIC + rows.to_bytes(8, "little") + sum(len(one) for one in self.marks).to_bytes(8, "little"))
        for part in (*self.chunks, *(starts + duration for starts, duration in self.slices), *self.marks):
            found.update(np.ascontiguousarray(part, "<i8").data)
        return found.hexdigest()


def decoded(data: bytes) -> Record:
    """Return the journal of a canonical encoding.

    Raises
    ------
    ValueError
        When the data is not one, or is cut.
    """
    start = len(_MAGIC) + 16
    rows, marks = (int.from_bytes(data[at : at + 8], "little") for at in (len(_MAGIC), len(_MAGIC) + 8))
    if not data.startswith(_MAGIC) or len(data) != start + 8 * (8 * rows + 2 * marks):
        raise ValueError("not a journal, or not all of it")
    words = np.frombuffer(data, "<i8", offset=start).astype(np.int64)
    parts = np.split(words, [8 * rows, 8 * rows + marks])
    return Record([parts[0].reshape(rows, 8)], [(parts[1], 0)], [parts[2]])
