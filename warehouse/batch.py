"""What a collector hands to the loader: rows for one table, from one source, as they came.

A batch is raw: its columns may still be text, and its rows may be wrong. The contract (``warehouse.contract``) casts
exactly, refuses row by row, and turns it into a table's Arrow schema; the loader (``warehouse.loader``) lands it.
"""

from dataclasses import dataclass, field

import pyarrow as pa


@dataclass(frozen=True)
class Rejection:
    """One row, or one file, that was refused.

    Parameters
    ----------
    row
        Position in the batch, counted over readable and unreadable rows; -1 for a whole file.
    reason
        The rule's name, such as ``not_finite``.
    detail
        The rule and the offending value, for a person.
    payload
        The row as JSON, or the raw line, or the head of the file.
    """

    row: int
    reason: str
    detail: str
    payload: str


@dataclass(frozen=True)
class Batch:
    """Rows for one table.

    Parameters
    ----------
    table
        Full name of the declared table, such as ``raw.trades``.
    source
        The data set that delivers the rows; fills the ``source`` column where the table has one.
    data
        The rows. Columns are the table's, except that ``batch`` and ``source`` are left out, and that ``symbol``
        (text) stands in for ``instrument_id``. Prices and sizes may be decimal128, integers, text, or floats that are
        exact at scale 8. Times must be Arrow timestamps with a zone; a bare integer or a naive timestamp is refused,
        because its unit or zone would be a guess. Dates are date32.
    namespace
        Whose symbols they are (``ref.symbols.namespace``).
    unreadable
        Rows that could not even be parsed; they count as rows in and go to the quarantine.
    """

    table: str
    source: str
    data: pa.Table
    namespace: str = ""
    unreadable: tuple[Rejection, ...] = field(default=())

    @property
    def rows_in(self) -> int:
        """Rows delivered, readable or not."""
        return self.data.num_rows + len(self.unreadable)
