"""Operational tables: what the warehouse knows about itself."""

from warehouse.schema.model import Column, Kind, Placement, Table

RECONCILE = Table(
    name="ops.reconcile",
    grain="one row per check of one day of one bar table against its ticks",
    doc="Bars are right when bars_hash equals ticks_hash. A day is clean when its newest check is equal and covers "
    "the batches that touch the day now; every other day is dirty and is rebuilt.",
    placement=Placement.SHARDED,
    key=("bar_table", "day", "checked_at"),
    columns=(
        Column(name="bar_table", kind=Kind.LABEL, doc="The bar table, such as bars_1m."),
        Column(name="day", kind=Kind.DATE, doc="The event day, UTC."),
        Column(name="bars", kind=Kind.COUNT, doc="Bars found in the table.", unit="rows"),
        Column(name="ticks", kind=Kind.COUNT, doc="Ticks that they were checked against.", unit="rows"),
        Column(name="bars_hash", kind=Kind.COUNT, doc="Order-free hash of the stored bars."),
        Column(name="ticks_hash", kind=Kind.COUNT, doc="The same hash of the bars computed anew from the ticks."),
        Column(name="batches", kind=Kind.COUNT, doc="Order-free hash of the batches that touched the day."),
        Column(name="checked_at", kind=Kind.TIMESTAMP, doc="When it was checked."),
    ),
)

MIGRATIONS = Table(
    name="ops.migrations",
    grain="one row per migration applied",
    key=("version",),
    columns=(
        Column(name="version", kind=Kind.COUNT, doc="Number of the migration."),
        Column(name="name", kind=Kind.TEXT, doc="Its file name."),
        Column(name="sha256", kind=Kind.TEXT, doc="Hash of the file as it was applied."),
        Column(name="applied_at", kind=Kind.TIMESTAMP, doc="When."),
    ),
)

OPS = (RECONCILE, MIGRATIONS)
