"""The engine's memory: typed writers and readers of the ``mrie.*`` tables, in Arrow.

    write_X(rows, run_id=…)  ->  mrie.X, stamped with run and clock  ->  X(as_of=…): the latest run recorded by then

Rows are only added. Writing the same rows of the same run again adds nothing; writing other values under a key that is
taken is refused. All rows that a run has for a table are written in one call: readers then see all of a run or none.
Columns, units and grains are declared in ``warehouse.schema.mrie``; ``run_id`` and ``recorded_at`` are added here.
"""

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from warehouse.records import append, read_records
from warehouse.schema import table
from warehouse.schema.arrow import arrow_schema
from warehouse.store import Warehouse
from zeno.clock import Clock, SystemClock

_STAMPS = ("run_id", "recorded_at")


class MrieStore:
    """The tables of one warehouse.

    Parameters
    ----------
    clock
        Stamps ``recorded_at``.
    """

    def __init__(self, warehouse: Warehouse, *, clock: Clock | None = None) -> None:
        self._warehouse = warehouse
        self._clock = clock or SystemClock()

    def write_readings(self, rows: pa.Table, *, run_id: str) -> int:
        """Add a run's readings (``month``, ``data_month``, ``known_at``, probabilities, ``regime``); return how many.

        Raises
        ------
        ContractError
            If the columns or values do not fit the table.
        LoadError
            If the run has another reading of the month.
        """
        return self._write("mrie.readings", rows, run_id)

    def write_fits(self, rows: pa.Table, *, run_id: str) -> int:
        """Add a run's log of fits, one row a model and refit month; return how many were new. Raises as readings."""
        return self._write("mrie.fits", rows, run_id)

    def write_edges(self, rows: pa.Table, *, run_id: str) -> int:
        """Add a run's evaluated edges (``mrie.causal.edge_rows``); return how many were new. Raises as readings."""
        return self._write("mrie.edges", rows, run_id)

    def write_scenarios(self, rows: pa.Table, *, run_id: str) -> int:
        """Add a run's paths (``mrie.scenarios.path_rows``); return how many rows were new. Raises as readings."""
        return self._write("mrie.scenarios", rows, run_id)

    def write_validations(self, rows: pa.Table, *, run_id: str) -> int:
        """Add a run's measures, one row a model, metric and window; return how many were new. Raises as readings."""
        return self._write("mrie.validations", rows, run_id)

    def write_claim_events(self, rows: pa.Table, *, run_id: str) -> int:
        """Add events of claims; return how many were new. Only ``mrie.claims.Ledger`` calls this: it keeps the rules.

        An event that is there already is left alone whichever run offers it again.

        Raises
        ------
        LoadError
            If a claim is committed, or withdrawn, already and with other content.
        """
        return self._write("mrie.claims", rows, run_id, stamps=_STAMPS)

    def readings(self, *, as_of: datetime) -> pa.Table:
        """Return the latest run's readings as of a moment (with a zone), by month."""
        return self._read("mrie.readings", as_of, ())

    def fits(self, *, as_of: datetime) -> pa.Table:
        """Return the fit log of each model's latest run."""
        return self._read("mrie.fits", as_of, ("model",))

    def edges(self, *, as_of: datetime) -> pa.Table:
        """Return the latest run's evaluation of every edge."""
        return self._read("mrie.edges", as_of, ())

    def scenarios(self, *, as_of: datetime) -> pa.Table:
        """Return each scenario's paths in the latest run that has it, by scenario, node and month ahead."""
        found = self._read("mrie.scenarios", as_of, ("scenario",))
        return found.sort_by([(name, "ascending") for name in ("scenario", "node", "step")])

    def validations(self, *, as_of: datetime) -> pa.Table:
        """Return the measures of each model's latest run."""
        return self._read("mrie.validations", as_of, ("model",))

    def claim_events(self, *, as_of: datetime) -> pa.Table:
        """Return every event of every claim recorded by a moment, whichever run recorded it."""
        return self._read("mrie.claims", as_of, None)

    def now(self) -> datetime:
        """Return the store's clock: a reading as of it sees everything written so far."""
        return self._clock.now()

    def _write(self, name: str, rows: pa.Table, run_id: str, *, stamps: Sequence[str] = ("recorded_at",)) -> int:
        schema = arrow_schema(table(name))
        stamped = rows
        for column, value in (("run_id", run_id), ("recorded_at", self._clock.now())):
            values = pa.repeat(pa.scalar(value, schema.field(column).type), rows.num_rows)
            stamped = stamped.append_column(schema.field(column), values)
        return append(self._warehouse, name, stamped, stamps=stamps, clock=self._clock)

    def _read(self, name: str, as_of: datetime, latest_by: Sequence[str] | None) -> pa.Table:
        return read_records(self._warehouse, name, as_of=as_of, latest_by=latest_by)
