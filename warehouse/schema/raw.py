"""Raw tables: what sources delivered, checked at the door and otherwise untouched."""

from warehouse.schema import columns as c
from warehouse.schema.model import Column, Kind, Placement, Role, Table

_DAY = "toYYYYMMDD(ts)"
_PERCENT_OF_ANYTHING = 1e300  # a statistic may be large; a value near the float limit is an overflow upstream

TRADES = Table(
    name="raw.trades",
    grain="one row per trade",
    placement=Placement.SHARDED,
    partition=_DAY,
    key=("instrument_id", "ts", "ord"),
    columns=(
        c.instrument_id(),
        c.event_time("When the venue says the trade happened."),
        c.order_key(),
        c.price("price", "Traded price."),
        c.size("size", "Traded size."),
        Column(name="side", kind=Kind.ENUM, values=("unknown", "buy", "sell"), doc="The aggressor's side.",
               codec="ZSTD(1)"),
        c.knowledge_lag(),
        c.source(),
        c.batch(),
    ),
    aliases=c.KNOWN_AT_ALIAS,
)  # fmt: skip

CORRECTIONS = Table(
    name="raw.corrections",
    grain="one row per correction or cancellation of a trade",
    doc="Trades themselves are never changed: readers as of a later moment see the latest correction known by then.",
    placement=Placement.SHARDED,
    partition=_DAY,
    key=("instrument_id", "ts", "ord", "known_at"),
    columns=(
        c.instrument_id(),
        c.event_time("The corrected trade's event time."),
        c.order_key(),
        c.known_at("When the correction was published."),
        Column(name="action", kind=Kind.ENUM, values=("correct", "cancel"), doc="What it does to the trade."),
        c.price("price", "The price it should have had."),
        c.size("size", "The size it should have had."),
        c.source(),
        c.batch(),
    ),
)

QUOTES = Table(
    name="raw.quotes",
    grain="one row per change of the best bid or offer",
    placement=Placement.SHARDED,
    partition=_DAY,
    key=("instrument_id", "ts", "ord"),
    columns=(
        c.instrument_id(),
        c.event_time("When the venue says the quote changed."),
        c.order_key(),
        c.price("bid_price", "Best bid."),
        c.size("bid_size", "Size at the best bid."),
        c.price("ask_price", "Best offer."),
        c.size("ask_size", "Size at the best offer."),
        c.knowledge_lag(),
        c.source(),
        c.batch(),
    ),
    aliases=c.KNOWN_AT_ALIAS,
)

BOOK_EVENTS = Table(
    name="raw.book_events",
    grain="one row per change of a resting order",
    placement=Placement.SHARDED,
    partition=_DAY,
    key=("instrument_id", "ts", "ord"),
    columns=(
        c.instrument_id(),
        c.event_time("When the venue says the order changed."),
        c.order_key(),
        Column(name="order_id", kind=Kind.COUNT, doc="The venue's order id.", codec="Delta(8), ZSTD(1)"),
        Column(name="action", kind=Kind.ENUM, values=("created", "changed", "deleted"), doc="What happened to it."),
        Column(name="side", kind=Kind.ENUM, values=("bid", "ask"), doc="The order's side."),
        c.price("price", "Limit price."),
        c.size("size", "Size that rests after the event; on a deletion, what was left."),
        c.knowledge_lag(),
        c.source(),
        c.batch(),
    ),
    aliases=c.KNOWN_AT_ALIAS,
)

BARS = Table(
    name="raw.bars",
    grain="one row per vendor bar and revision",
    doc="Bars as vendors deliver them. Bars built from our own ticks are marts.bars_*.",
    placement=Placement.SHARDED,
    partition="toYear(ts)",
    key=("instrument_id", "resolution", "source", "ts", "known_at"),
    columns=(
        c.instrument_id(),
        Column(name="resolution", kind=Kind.ENUM, values=("1s", "1m", "1h", "1d"), doc="Length of the bar."),
        c.source(),
        c.event_time("Start of the bar; a daily bar's session date at midnight UTC.", earliest=c.EARLIEST_BAR),
        c.known_at("When the bar was complete, or was revised."),
        c.price("open", "First price.", nullable=True),
        c.price("high", "Highest price.", nullable=True),
        c.price("low", "Lowest price.", nullable=True),
        c.price("close", "Last price, as traded.", nullable=True),
        c.price("adj_close", "Last price, adjusted by the vendor for splits and dividends.", nullable=True),
        Column(name="volume", kind=Kind.QUANTITY, nullable=True, unit="shares, contracts or units", minimum=0,
               doc="Traded volume.", codec="ZSTD(1)"),
        c.batch(),
    ),
)  # fmt: skip

MACRO = Table(
    name="raw.macro",
    grain="one row per series, period and release",
    doc="Every revision is its own row; as of a moment, a period's value is its latest release by then.",
    key=("source", "series", "period", "frequency", "released_at"),
    columns=(
        c.source(),
        c.label("series", "The source's series id."),
        Column(name="frequency", kind=Kind.ENUM, values=("D", "W", "M", "Q", "S", "A"),
               doc="Length of the period: day, week, month, quarter, semester, year."),
        Column(name="period", kind=Kind.DATE, doc="First day of the period that the value describes.",
               role=Role.EVENT_TIME, codec="Delta(4), ZSTD(1)", minimum="1900-01-01"),
        c.known_at("When the value was released, or the usual time when only that is known: see basis.",
                   name="released_at"),
        Column(name="basis", kind=Kind.ENUM, values=("usual_lag", "vintage", "announced"),
               doc="How released_at is known: the usual lag after the period, a dated vintage, or an announcement."),
        Column(name="value", kind=Kind.FLOAT, nullable=True, unit="as the series says",
               doc="The value in the series' own unit; null withdraws it.", codec="Gorilla, ZSTD(1)",
               minimum=-_PERCENT_OF_ANYTHING, maximum=_PERCENT_OF_ANYTHING),
        c.batch(),
    ),
)  # fmt: skip

ALT = Table(
    name="raw.alt",
    grain="one row per source, entity, metric, time and revision",
    key=("source", "entity", "metric", "ts", "known_at"),
    columns=(
        c.source(),
        c.label("entity", "What the metric is about: a country, a company, a term."),
        c.label("metric", "What is measured."),
        c.event_time("Start of the period that the value describes.", earliest=c.EARLIEST_BAR),
        c.known_at("When the value was published."),
        Column(name="value", kind=Kind.FLOAT, unit="as the metric says", doc="The value.", codec="Gorilla, ZSTD(1)",
               minimum=-_PERCENT_OF_ANYTHING, maximum=_PERCENT_OF_ANYTHING),
        c.batch(),
    ),
)  # fmt: skip

QUARANTINE = Table(
    name="raw.quarantine",
    grain="one row per refused row, or per refused file",
    doc="What contracts refused, with the reason and the row as it came. rows in = rows stored + rows here, always.",
    key=("table_name", "batch", "row"),
    columns=(
        Column(name="table_name", kind=Kind.LABEL, doc="The table that the row was meant for."),
        c.batch(),
        Column(name="row", kind=Kind.INT, doc="Position in the batch, from 0; -1 for a whole file."),
        c.source(),
        c.label("reason", "Which rule refused it."),
        Column(name="detail", kind=Kind.TEXT, doc="The rule and the offending value."),
        Column(name="payload", kind=Kind.TEXT, doc="The row as JSON, or the head of the file."),
        Column(name="quarantined_at", kind=Kind.TIMESTAMP, doc="When it was refused."),
    ),
)

LOADS = Table(
    name="raw.loads",
    grain="one row per state that a load reached",
    doc="The load ledger. A batch is its content: its id is the hash of its rows, so the same batch twice is one load.",
    key=("table_name", "batch", "at"),
    columns=(
        Column(name="table_name", kind=Kind.LABEL, doc="The table loaded."),
        Column(name="batch", kind=Kind.COUNT, doc="First 8 bytes of content_sha256."),
        Column(name="content_sha256", kind=Kind.TEXT, doc="Hash of table, source and rows, in hex."),
        c.source(),
        Column(name="state", kind=Kind.ENUM, values=("started", "landed", "failed"), doc="The state reached."),
        Column(name="rows_in", kind=Kind.COUNT, doc="Rows delivered.", unit="rows"),
        Column(name="rows_stored", kind=Kind.COUNT, doc="Rows of the batch that are in the table.", unit="rows"),
        Column(name="rows_present", kind=Kind.COUNT, doc="Of those, rows that were there already.", unit="rows"),
        Column(name="rows_quarantined", kind=Kind.COUNT, doc="Rows refused.", unit="rows"),
        Column(name="ts_min", kind=Kind.TIMESTAMP, nullable=True, doc="Earliest event time."),
        Column(name="ts_max", kind=Kind.TIMESTAMP, nullable=True, doc="Latest event time."),
        Column(name="days", kind=Kind.LABELS, doc="Event days that inserted rows touch, for tables with daily "
               "partitions: what must be rebuilt."),
        Column(name="schema_version", kind=Kind.COUNT, doc="Migration in force."),
        Column(name="correlation_id", kind=Kind.TEXT, doc="The command or run that loaded it."),
        Column(name="at", kind=Kind.TIMESTAMP, doc="When the state was reached."),
    ),
)  # fmt: skip

RAW = (TRADES, CORRECTIONS, QUOTES, BOOK_EVENTS, BARS, MACRO, ALT, QUARANTINE, LOADS)
