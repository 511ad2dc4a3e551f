"""The audit: does every table still hold what the ledger says was loaded into it?

A part that a crash or a disk lost, or a batch that landed twice, shows as a difference between the ledger's count and
the table's. So do rows of a load that began and did not end. The remedy is to load the batch again: the loader finds
what is missing.
"""

from dataclasses import dataclass

from warehouse.ledger import UNFINISHED
from warehouse.schema import Table, table
from warehouse.store import User, Warehouse

_UNENDED = "rows of a load that did not end"
_BALANCE = f"""
    SELECT toString(table_name), batch, toString(argMax(source, at)), argMax(rows_in, at),
           argMax(rows_stored, at), argMax(rows_present, at), argMax(rows_quarantined, at), {UNFINISHED}
    FROM raw.loads
    GROUP BY table_name, batch
    HAVING argMax(state, at) = 'landed' OR {UNFINISHED}
"""


@dataclass(frozen=True)
class Difference:
    """One batch for which ledger and table disagree.

    Parameters
    ----------
    unfinished
        Whether its load began and did not end: it may be running now.
    """

    table_name: str
    batch: int
    source: str
    expected: int
    found: int
    what: str
    unfinished: bool = False

    def __str__(self) -> str:
        return (
            f"{self.table_name}: batch {self.batch:016x} of {self.source} has {self.found} {self.what}, "
            f"the ledger says {self.expected}"
        )


def audit(warehouse: Warehouse) -> list[Difference]:
    """Compare ledger, tables and quarantine; return every difference, or an empty list."""
    loads = warehouse.client(User.WRITER).rows(_BALANCE)
    held = {name: _held(warehouse, table(name)) for name in {row[0] for row in loads}}
    quarantined = {
        (name, batch): rows
        for name, batch, rows in warehouse.client(User.WRITER).rows(
            "SELECT toString(table_name), batch, count() FROM raw.quarantine GROUP BY table_name, batch"
        )
    }
    found: list[Difference] = []
    for name, batch, source, rows_in, stored, present, refused, unfinished in loads:
        if unfinished:
            rows = held[name].get(batch, 0)
            found += [Difference(name, batch, source, 0, rows, _UNENDED, unfinished=True)] if rows else []
            continue
        expectations = (
            (stored - present, held[name].get(batch, 0), "rows"),
            (refused, quarantined.get((name, batch), 0), "quarantined rows"),
            (rows_in, stored + refused, "rows stored or quarantined"),
        )
        found += [Difference(name, batch, source, want, got, what) for want, got, what in expectations if want != got]
    return found


def _held(warehouse: Warehouse, declared: Table) -> dict[int, int]:
    counts: dict[int, int] = {}
    for node, name in warehouse.holders(declared, User.WRITER):
        for batch, rows in node.rows(f"SELECT batch, count() FROM {name} GROUP BY batch"):
            counts[batch] = counts.get(batch, 0) + rows
    return counts
