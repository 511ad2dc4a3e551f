"""The loader: batches into tables, exactly once.

    content hash -> ledger -> contract -> quarantine -> landing on each node -> ledger

For every batch, rows in = rows stored + rows quarantined. A load that was interrupted anywhere is resumed by loading
the batch again; one that had landed is checked against the table and left alone.
"""

import fcntl
import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pyarrow as pa

from warehouse import ledger, quarantine
from warehouse.batch import Batch, Rejection
from warehouse.contract import Checked, check
from warehouse.landing import Landed, count_landed, land
from warehouse.ledger import ContentId, Load
from warehouse.migrate import shipped
from warehouse.schema import Kind, Placement, Role, Table, table
from warehouse.store import User, Warehouse
from warehouse.symbols import SymbolMap
from zeno.arrow_compute import pc
from zeno.clock import Clock, SystemClock
from zeno.errors import ContractError, WarehouseDown

_PATIENCE_SECONDS = 120.0
_PAUSE_SECONDS = 0.2
_MICROS_PER_DAY = 86_400_000_000


class Loader:
    """Loads batches into one warehouse. Loaders on one machine take turns at a table.

    Parameters
    ----------
    patience
        Seconds for which a load goes on trying while the warehouse is down.
    """

    def __init__(
        self, warehouse: Warehouse, *, clock: Clock | None = None, patience: float = _PATIENCE_SECONDS
    ) -> None:
        self._warehouse = warehouse
        self._clock = clock or SystemClock()
        self._patience = patience
        self._symbols: SymbolMap | None = None

    def load(self, batch: Batch) -> Load:
        """Load one batch and return its ledger entry.

        Raises
        ------
        ContractError
            If its columns are not the table's: the whole batch is quarantined as one entry and the load has failed.
        WarehouseError
            If the warehouse refused or stayed away; load the batch again.
        """
        declared = table(batch.table)
        with self._turn(declared), ThreadPoolExecutor(1) as beside:
            # Hashing and checking both run outside the interpreter's lock, so they share the machine's cores.
            hashing = beside.submit(ledger.identify, batch)
            checked = self._check(batch, hashing)
            content = hashing.result()
            prior = ledger.latest(self._client, batch.table, content)
            if prior is not None and self._still_holds(declared, prior, content, checked):
                return prior
            return self._land(declared, batch, content, checked)

    @property
    def _client(self):
        return self._warehouse.client(User.WRITER)

    def _check(self, batch: Batch, hashing: Future[ContentId]) -> Checked:
        try:
            return check(batch, self._symbol_map(), self._clock.now())
        except ContractError as error:
            rejection = Rejection(-1, "contract", error.message, json.dumps(str(batch.data.schema)))
            failed = Load(batch.table, batch.source, "failed", batch.rows_in, 0, 0, batch.rows_in)
            self._quarantine(batch, hashing.result(), (rejection,))
            self._record(failed, hashing.result())
            raise

    def _symbol_map(self) -> SymbolMap:
        if self._symbols is None:
            self._symbols = SymbolMap.read(self._client)
        return self._symbols

    def _still_holds(self, declared: Table, prior: Load, content: ContentId, checked: Checked) -> bool:
        """Whether an earlier load landed, the contract says the same of it today, and the rows are still there."""
        if prior.state != "landed":
            return False
        if quarantine.refused_by_contract(self._client, declared.name, content) != len(checked.rejections):
            return False
        return landed_rows(self._warehouse, declared, content.batch, prior) == prior.rows_inserted

    def _land(self, declared: Table, batch: Batch, content: ContentId, checked: Checked) -> Load:
        days = _days(declared, checked.data)
        # The days are on record before the first row is visible: an interrupted load makes them dirty too.
        span = _span(declared, checked.data)
        started = Load(batch.table, batch.source, "started", batch.rows_in, 0, 0, 0, *span, days)
        self._record(started, content)
        rows = _with_batch(declared, checked.data, content.batch)
        placed = enumerate(_placed(declared, rows, self._warehouse.shards))
        parts = [self._land_on(number, declared, part, content) for number, part in placed if part.num_rows]
        conflicts = [entry for part in parts for entry in _conflict_rejections(declared, part.conflicting, checked)]
        rejections = (*checked.rejections, *conflicts)
        self._quarantine(batch, content, rejections)
        landed = replace(
            started,
            state="landed",
            rows_stored=checked.data.num_rows - len(conflicts) + checked.repeated,
            rows_present=sum(part.present for part in parts) + checked.repeated,
            rows_quarantined=len(rejections),
            days=days if any(part.inserted for part in parts) else (),
        )
        self._record(landed, content)
        if batch.table in {"ref.symbols", "ref.instruments"}:
            self._symbols = None
        return landed

    def _land_on(self, number: int, declared: Table, rows: pa.Table, content: ContentId) -> Landed:
        node, name = self._warehouse.holders(declared, User.WRITER)[number]
        return self._patiently(lambda: land(node, declared, name, rows, content.batch))

    def _quarantine(self, batch: Batch, content: ContentId, rejections: tuple[Rejection, ...]) -> None:
        self._patiently(lambda: quarantine.replace(self._client, batch.table, batch.source, content, rejections,
                                                   self._clock.now()))  # fmt: skip

    def _record(self, load: Load, content: ContentId) -> None:
        ledger.record(self._client, load, content, self._clock.now(), schema_version=len(shipped()))

    def _patiently(self, step: Any) -> Any:
        """Repeat a step that asks what landed before it inserts, until the warehouse is back."""
        deadline = self._clock.monotonic() + self._patience
        while True:
            try:
                return step()
            except WarehouseDown:
                if self._clock.monotonic() > deadline:
                    raise
                self._clock.sleep(_PAUSE_SECONDS)
                if self._warehouse.recover is not None:
                    self._warehouse.recover()

    @contextmanager
    def _turn(self, declared: Table) -> Iterator[None]:
        """Wait for other loaders of this table on this machine: two could both find that nothing has landed."""
        folder = self._warehouse.settings.home / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{declared.name}.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def landed_rows(warehouse: Warehouse, declared: Table, batch: int, load: Load) -> int:
    """Count the rows that a load's table holds under its batch, over all nodes."""
    span = (load.ts_min, load.ts_max) if load.ts_min is not None else None
    holders = warehouse.holders(declared, User.WRITER)
    return sum(count_landed(node, declared, name, batch, span) for node, name in holders)


def _placed(declared: Table, rows: pa.Table, shards: int) -> list[pa.Table]:
    """Split rows by the node that must hold them."""
    if declared.placement is Placement.GLOBAL or shards == 1:
        return [rows]
    ids = rows["instrument_id"].to_numpy()
    return [rows.filter(pa.array(ids % shards == number)) for number in range(shards)]


def _with_batch(declared: Table, data: pa.Table, batch: int) -> pa.Table:
    column = declared.with_role(Role.BATCH)
    if column is None:
        raise ContractError(f"{declared.name} is not loaded from batches.")
    return data.append_column(pa.field(column.name, pa.uint64(), nullable=False),
                              pa.repeat(pa.scalar(batch, pa.uint64()), data.num_rows))  # fmt: skip


def _span(declared: Table, data: pa.Table) -> tuple[Any, Any]:
    event = declared.with_role(Role.EVENT_TIME)
    if event is None or not data.num_rows or event.kind is not Kind.TIMESTAMP:
        return None, None
    bounds = pc.min_max(data[event.name]).as_py()
    return bounds["min"], bounds["max"]


def _days(declared: Table, data: pa.Table) -> tuple[str, ...]:
    """Return the event days of a table with daily partitions: those whose bars must be rebuilt."""
    if not declared.partition.startswith("toYYYYMMDD"):
        return ()
    days = pc.unique(pc.divide(data["ts"].cast(pa.int64()), _MICROS_PER_DAY)).cast(pa.int32()).cast(pa.date32())
    return tuple(sorted(day.as_py().isoformat() for day in days))


def _conflict_rejections(declared: Table, conflicting: pa.Table, checked: Checked) -> list[Rejection]:
    if not conflicting.num_rows:
        return []
    return [
        Rejection(row, quarantine.CONFLICT, "the table has this key with other values, from another batch",
                  json.dumps(payload))
        for row, payload in zip(_rows_of(declared, conflicting, checked), conflicting.to_pylist(), strict=True)
    ]  # fmt: skip


def _rows_of(declared: Table, conflicting: pa.Table, checked: Checked) -> list[int]:
    """Return where in the batch the rows with these keys were; the node gives keys as text."""
    keys = list(declared.key)
    given = checked.data.select(keys).append_column("row", pa.array(checked.rows))
    asked = pa.table({name: _read_back(conflicting[name], given.schema.field(name).type) for name in keys})
    asked = asked.append_column("place", pa.array(range(asked.num_rows)))
    return asked.join(given, keys, join_type="inner").sort_by("place")["row"].to_pylist()


def _read_back(text: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    # The node writes times in UTC, and without saying so.
    return text.cast(pa.timestamp("us")).cast(kind) if pa.types.is_timestamp(kind) else text.cast(kind)
