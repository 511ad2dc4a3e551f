-- @sharded raw.trades
CREATE TABLE IF NOT EXISTS raw.trades
(
    instrument_id UInt32 CODEC(ZSTD(1)) COMMENT 'Permanent id (ref.instruments).',
    ts DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'When the venue says the trade happened. Unit: us.',
    ord UInt64 CODEC(Delta(8), ZSTD(1)) COMMENT 'The producer\'s sequence: monotonic within an instrument.',
    price Decimal(18, 8) CODEC(GCD, Delta(8), ZSTD(1)) COMMENT 'Traded price. Unit: currency units.',
    size Decimal(18, 8) CODEC(GCD, T64, ZSTD(1)) COMMENT 'Traded size. Unit: contracts or units.',
    side Enum8('unknown' = 0, 'buy' = 1, 'sell' = 2) CODEC(ZSTD(1)) COMMENT 'The aggressor\'s side.',
    known_lag_us Int64 CODEC(T64, ZSTD(1)) COMMENT 'Receive time minus event time. Unit: us.',
    source LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The data set that delivered the row.',
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'First 8 bytes of the batch\'s content hash (raw.loads).',
    known_at DateTime64(6, 'UTC') ALIAS addMicroseconds(ts, known_lag_us)
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(ts)
ORDER BY (instrument_id, ts, ord)
COMMENT 'One row per trade.';

-- @sharded raw.corrections
CREATE TABLE IF NOT EXISTS raw.corrections
(
    instrument_id UInt32 CODEC(ZSTD(1)) COMMENT 'Permanent id (ref.instruments).',
    ts DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'The corrected trade\'s event time. Unit: us.',
    ord UInt64 CODEC(Delta(8), ZSTD(1)) COMMENT 'The producer\'s sequence: monotonic within an instrument.',
    known_at DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'When the correction was published. Unit: us.',
    action Enum8('correct' = 0, 'cancel' = 1) COMMENT 'What it does to the trade.',
    price Decimal(18, 8) CODEC(GCD, Delta(8), ZSTD(1)) COMMENT 'The price it should have had. Unit: currency units.',
    size Decimal(18, 8) CODEC(GCD, T64, ZSTD(1)) COMMENT 'The size it should have had. Unit: contracts or units.',
    source LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The data set that delivered the row.',
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'First 8 bytes of the batch\'s content hash (raw.loads).'
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(ts)
ORDER BY (instrument_id, ts, ord, known_at)
COMMENT 'One row per correction or cancellation of a trade. Trades themselves are never changed: readers as of a later moment see the latest correction known by then.';

-- @sharded raw.quotes
CREATE TABLE IF NOT EXISTS raw.quotes
(
    instrument_id UInt32 CODEC(ZSTD(1)) COMMENT 'Permanent id (ref.instruments).',
    ts DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'When the venue says the quote changed. Unit: us.',
    ord UInt64 CODEC(Delta(8), ZSTD(1)) COMMENT 'The producer\'s sequence: monotonic within an instrument.',
    bid_price Decimal(18, 8) CODEC(GCD, Delta(8), ZSTD(1)) COMMENT 'Best bid. Unit: currency units.',
    bid_size Decimal(18, 8) CODEC(GCD, T64, ZSTD(1)) COMMENT 'Size at the best bid. Unit: contracts or units.',
    ask_price Decimal(18, 8) CODEC(GCD, Delta(8), ZSTD(1)) COMMENT 'Best offer. Unit: currency units.',
    ask_size Decimal(18, 8) CODEC(GCD, T64, ZSTD(1)) COMMENT 'Size at the best offer. Unit: contracts or units.',
    known_lag_us Int64 CODEC(T64, ZSTD(1)) COMMENT 'Receive time minus event time. Unit: us.',
    source LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The data set that delivered the row.',
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'First 8 bytes of the batch\'s content hash (raw.loads).',
    known_at DateTime64(6, 'UTC') ALIAS addMicroseconds(ts, known_lag_us)
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(ts)
ORDER BY (instrument_id, ts, ord)
COMMENT 'One row per change of the best bid or offer.';

-- @sharded raw.book_events
CREATE TABLE IF NOT EXISTS raw.book_events
(
    instrument_id UInt32 CODEC(ZSTD(1)) COMMENT 'Permanent id (ref.instruments).',
    ts DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'When the venue says the order changed. Unit: us.',
    ord UInt64 CODEC(Delta(8), ZSTD(1)) COMMENT 'The producer\'s sequence: monotonic within an instrument.',
    order_id UInt64 CODEC(Delta(8), ZSTD(1)) COMMENT 'The venue\'s order id.',
    action Enum8('created' = 0, 'changed' = 1, 'deleted' = 2) COMMENT 'What happened to it.',
    side Enum8('bid' = 0, 'ask' = 1) COMMENT 'The order\'s side.',
    price Decimal(18, 8) CODEC(GCD, Delta(8), ZSTD(1)) COMMENT 'Limit price. Unit: currency units.',
    size Decimal(18, 8) CODEC(GCD, T64, ZSTD(1)) COMMENT 'Size that rests after the event; on a deletion, what was left. Unit: contracts or units.',
    known_lag_us Int64 CODEC(T64, ZSTD(1)) COMMENT 'Receive time minus event time. Unit: us.',
    source LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The data set that delivered the row.',
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'First 8 bytes of the batch\'s content hash (raw.loads).',
    known_at DateTime64(6, 'UTC') ALIAS addMicroseconds(ts, known_lag_us)
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(ts)
ORDER BY (instrument_id, ts, ord)
COMMENT 'One row per change of a resting order.';

-- @sharded raw.bars
CREATE TABLE IF NOT EXISTS raw.bars
(
    instrument_id UInt32 CODEC(ZSTD(1)) COMMENT 'Permanent id (ref.instruments).',
    resolution Enum8('1s' = 0, '1m' = 1, '1h' = 2, '1d' = 3) COMMENT 'Length of the bar.',
    source LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The data set that delivered the row.',
    ts DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'Start of the bar; a daily bar\'s session date at midnight UTC. Unit: us.',
    known_at DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'When the bar was complete, or was revised. Unit: us.',
    open Nullable(Decimal(18, 8)) CODEC(GCD, Delta(8), ZSTD(1)) COMMENT 'First price. Unit: currency units.',
    high Nullable(Decimal(18, 8)) CODEC(GCD, Delta(8), ZSTD(1)) COMMENT 'Highest price. Unit: currency units.',
    low Nullable(Decimal(18, 8)) CODEC(GCD, Delta(8), ZSTD(1)) COMMENT 'Lowest price. Unit: currency units.',
    close Nullable(Decimal(18, 8)) CODEC(GCD, Delta(8), ZSTD(1)) COMMENT 'Last price, as traded. Unit: currency units.',
    adj_close Nullable(Decimal(18, 8)) CODEC(GCD, Delta(8), ZSTD(1)) COMMENT 'Last price, adjusted by the vendor for splits and dividends. Unit: currency units.',
    volume Nullable(Decimal(38, 8)) CODEC(ZSTD(1)) COMMENT 'Traded volume. Unit: shares, contracts or units.',
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'First 8 bytes of the batch\'s content hash (raw.loads).'
)
ENGINE = MergeTree
PARTITION BY toYear(ts)
ORDER BY (instrument_id, resolution, source, ts, known_at)
COMMENT 'One row per vendor bar and revision. Bars as vendors deliver them. Bars built from our own ticks are marts.bars_*.';

-- @global raw.macro
CREATE TABLE IF NOT EXISTS raw.macro
(
    source LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The data set that delivered the row.',
    series LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The source\'s series id.',
    frequency Enum8('D' = 0, 'W' = 1, 'M' = 2, 'Q' = 3, 'S' = 4, 'A' = 5) COMMENT 'Length of the period: day, week, month, quarter, semester, year.',
    period Date32 CODEC(Delta(4), ZSTD(1)) COMMENT 'First day of the period that the value describes.',
    released_at DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'When the value was released, or the usual time when only that is known: see basis. Unit: us.',
    basis Enum8('usual_lag' = 0, 'vintage' = 1, 'announced' = 2) COMMENT 'How released_at is known: the usual lag after the period, a dated vintage, or an announcement.',
    value Nullable(Float64) CODEC(Gorilla, ZSTD(1)) COMMENT 'The value in the series\' own unit; null withdraws it. Unit: as the series says.',
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'First 8 bytes of the batch\'s content hash (raw.loads).'
)
ENGINE = MergeTree
ORDER BY (source, series, period, frequency, released_at)
COMMENT 'One row per series, period and release. Every revision is its own row; as of a moment, a period\'s value is its latest release by then.';

-- @global raw.alt
CREATE TABLE IF NOT EXISTS raw.alt
(
    source LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The data set that delivered the row.',
    entity LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'What the metric is about: a country, a company, a term.',
    metric LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'What is measured.',
    ts DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'Start of the period that the value describes. Unit: us.',
    known_at DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'When the value was published. Unit: us.',
    value Float64 CODEC(Gorilla, ZSTD(1)) COMMENT 'The value. Unit: as the metric says.',
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'First 8 bytes of the batch\'s content hash (raw.loads).'
)
ENGINE = MergeTree
ORDER BY (source, entity, metric, ts, known_at)
COMMENT 'One row per source, entity, metric, time and revision.';

-- @global raw.quarantine
CREATE TABLE IF NOT EXISTS raw.quarantine
(
    table_name LowCardinality(String) COMMENT 'The table that the row was meant for.',
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'First 8 bytes of the batch\'s content hash (raw.loads).',
    row Int64 COMMENT 'Position in the batch, from 0; -1 for a whole file.',
    source LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The data set that delivered the row.',
    reason LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'Which rule refused it.',
    detail String COMMENT 'The rule and the offending value.',
    payload String COMMENT 'The row as JSON, or the head of the file.',
    quarantined_at DateTime64(6, 'UTC') COMMENT 'When it was refused.'
)
ENGINE = MergeTree
ORDER BY (table_name, batch, row)
COMMENT 'One row per refused row, or per refused file. What contracts refused, with the reason and the row as it came. rows in = rows stored + rows here, always.';

-- @global raw.loads
CREATE TABLE IF NOT EXISTS raw.loads
(
    table_name LowCardinality(String) COMMENT 'The table loaded.',
    batch UInt64 COMMENT 'First 8 bytes of content_sha256.',
    content_sha256 String COMMENT 'Hash of table, source and rows, in hex.',
    source LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The data set that delivered the row.',
    state Enum8('started' = 0, 'landed' = 1, 'failed' = 2) COMMENT 'The state reached.',
    rows_in UInt64 COMMENT 'Rows delivered. Unit: rows.',
    rows_stored UInt64 COMMENT 'Rows of the batch that are in the table. Unit: rows.',
    rows_present UInt64 COMMENT 'Of those, rows that were there already. Unit: rows.',
    rows_quarantined UInt64 COMMENT 'Rows refused. Unit: rows.',
    ts_min Nullable(DateTime64(6, 'UTC')) COMMENT 'Earliest event time.',
    ts_max Nullable(DateTime64(6, 'UTC')) COMMENT 'Latest event time.',
    days Array(LowCardinality(String)) COMMENT 'Event days that inserted rows touch, for tables with daily partitions: what must be rebuilt.',
    schema_version UInt64 COMMENT 'Migration in force.',
    correlation_id String COMMENT 'The command or run that loaded it.',
    at DateTime64(6, 'UTC') COMMENT 'When the state was reached.'
)
ENGINE = MergeTree
ORDER BY (table_name, batch, at)
COMMENT 'One row per state that a load reached. The load ledger. A batch is its content: its id is the hash of its rows, so the same batch twice is one load.';

-- @global ref.instruments
CREATE TABLE IF NOT EXISTS ref.instruments
(
    instrument_id UInt32 CODEC(ZSTD(1)) COMMENT 'Permanent id (ref.instruments).',
    security_type Enum8('equity' = 0, 'index' = 1, 'future' = 2, 'option' = 3, 'fx' = 4, 'crypto' = 5, 'bond' = 6, 'commodity' = 7) COMMENT 'One of the eight kinds.',
    name LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'What people call it.',
    currency LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'Currency of its prices (ISO 4217).',
    price_rule Enum8('positive' = 0, 'any' = 1) COMMENT 'Which prices it may have.',
    tick_size Nullable(Decimal(18, 8)) CODEC(GCD, Delta(8), ZSTD(1)) COMMENT 'Smallest price step, if it has one. Unit: currency units.',
    multiplier Decimal(18, 8) CODEC(GCD, Delta(8), ZSTD(1)) COMMENT 'Currency units per point of price and contract. Unit: currency units.',
    calendar LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'Its exchange calendar (ref.calendar).',
    timezone LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'IANA time zone of its venue.',
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'First 8 bytes of the batch\'s content hash (raw.loads).'
)
ENGINE = MergeTree
ORDER BY (instrument_id)
COMMENT 'One row per instrument.';

-- @global ref.symbols
CREATE TABLE IF NOT EXISTS ref.symbols
(
    namespace LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'Whose symbols these are: a source, or an exchange.',
    symbol LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The symbol.',
    valid_from Date32 COMMENT 'First day it means this instrument.',
    valid_to Date32 COMMENT 'First day it no longer does; 2299-12-31 while it does.',
    instrument_id UInt32 CODEC(ZSTD(1)) COMMENT 'Permanent id (ref.instruments).',
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'First 8 bytes of the batch\'s content hash (raw.loads).'
)
ENGINE = MergeTree
ORDER BY (namespace, symbol, valid_from)
COMMENT 'One row per namespace, symbol and interval. Symbols are not identity: the same text can be another instrument at another time, or at another source.';

-- @global ref.calendar
CREATE TABLE IF NOT EXISTS ref.calendar
(
    calendar LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'Exchange calendar (ISO 10383 code).',
    session Date32 COMMENT 'The session\'s date.',
    opens_at DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'Open. Unit: us.',
    closes_at DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'Close; earlier on half days. Unit: us.',
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'First 8 bytes of the batch\'s content hash (raw.loads).'
)
ENGINE = MergeTree
ORDER BY (calendar, session)
COMMENT 'One row per calendar and session.';

-- @global ref.membership
CREATE TABLE IF NOT EXISTS ref.membership
(
    index_symbol LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The index.',
    day Date32 COMMENT 'The day the change took effect.',
    symbol LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The member\'s symbol on that day.',
    action Enum8('added' = 0, 'removed' = 1) COMMENT 'What happened.',
    reason String COMMENT 'As the source gives it.',
    source LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The data set that delivered the row.',
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'First 8 bytes of the batch\'s content hash (raw.loads).'
)
ENGINE = MergeTree
ORDER BY (index_symbol, day, symbol, action)
COMMENT 'One row per index, day, symbol and action.';

-- @global ref.turning_points
CREATE TABLE IF NOT EXISTS ref.turning_points
(
    country LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'ISO 3166 code.',
    month Date32 COMMENT 'First day of the month.',
    kind Enum8('peak' = 0, 'trough' = 1) COMMENT 'Which turn.',
    known_at DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'When it was announced, or for turns before announcements began, one year after: see basis. Unit: us.',
    basis Enum8('usual_lag' = 0, 'vintage' = 1, 'announced' = 2) COMMENT 'How known_at is known.',
    source LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The data set that delivered the row.',
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'First 8 bytes of the batch\'s content hash (raw.loads).'
)
ENGINE = MergeTree
ORDER BY (country, month, kind)
COMMENT 'One row per business-cycle turning point.';

-- @global ref.lexicon
CREATE TABLE IF NOT EXISTS ref.lexicon
(
    lexicon LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The word list.',
    category LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'What the word signals: negative, positive, uncertainty and others.',
    word String COMMENT 'The word, in capitals.',
    since UInt16 COMMENT 'Year in which the list took the word up. Unit: year.',
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'First 8 bytes of the batch\'s content hash (raw.loads).'
)
ENGINE = MergeTree
ORDER BY (lexicon, category, word)
COMMENT 'One row per lexicon, word and category.';

-- @sharded ops.reconcile
CREATE TABLE IF NOT EXISTS ops.reconcile
(
    bar_table LowCardinality(String) COMMENT 'The bar table, such as bars_1m.',
    day Date32 COMMENT 'The event day, UTC.',
    bars UInt64 COMMENT 'Bars found in the table. Unit: rows.',
    ticks UInt64 COMMENT 'Ticks that they were checked against. Unit: rows.',
    bars_hash UInt64 COMMENT 'Order-free hash of the stored bars.',
    ticks_hash UInt64 COMMENT 'The same hash of the bars computed anew from the ticks.',
    batches UInt64 COMMENT 'Order-free hash of the batches that touched the day.',
    checked_at DateTime64(6, 'UTC') COMMENT 'When it was checked.'
)
ENGINE = MergeTree
ORDER BY (bar_table, day, checked_at)
COMMENT 'One row per check of one day of one bar table against its ticks. Bars are right when bars_hash equals ticks_hash. A day is clean when its newest check is equal and covers the batches that touch the day now; every other day is dirty and is rebuilt.';
