"""Bars of one day computed anew from the ticks, in other words than dbt's: what reconciliation compares stored bars to.

dbt scans the trades once a length, in Decimals, and works with intervals of knowledge. Here:

1. ``seconds``  one scan folds trades into seconds, in integers; a second is *loose* if a trade of it was late or has
                corrections
2. ``loose``    the statements (trades and corrections) of loose seconds, one by one
3. ``bars_sql`` seconds folded into longer bars; where a bar holds loose trades, every version is computed from what
                had been stated by its moment, trade by trade

A mistake in either way shows as a difference. Both tables are temporary: they live in one session of one node.
"""

from datetime import date

COLUMNS = {
    "instrument_id": "UInt32", "ts": "DateTime64(6, 'UTC')", "open": "Decimal(18, 8)", "high": "Decimal(18, 8)",
    "low": "Decimal(18, 8)", "close": "Decimal(18, 8)", "volume": "Decimal(38, 8)", "trades": "UInt64",
    "notional": "Decimal(38, 16)", "vwap": "Decimal(18, 8)", "first_ord": "UInt64", "last_ord": "UInt64",
    "known_at": "DateTime64(6, 'UTC')", "superseded_at": "DateTime64(6, 'UTC')", "late_trades": "UInt64",
}  # fmt: skip
"""A bar's columns and types, in the order in which they are hashed."""

LENGTHS = {"bars_1s": 1, "bars_1m": 60, "bars_1h": 3600, "bars_1d": 86_400}
"""Bar tables and their length in seconds."""

LATENESS_SECONDS = 5
"""How long after its end a bar waits for ticks; the same as dbt's variable lateness_seconds."""

_FOREVER = "toDateTime64('2299-12-31 00:00:00', 6, 'UTC')"
_LATE = LATENESS_SECONDS * 1_000_000
# One number that orders trades by (ts, ord): argMin over a tuple costs six times as much.
_ORDER = "bitShiftLeft(toUInt128(toUnixTimestamp64Micro(ts)), 64) + ord"
_FOLDED = """
    argMin(piece.open, piece.first) AS open, max(piece.high) AS high, min(piece.low) AS low,
    argMax(piece.close, piece.last) AS close, sum(piece.volume) AS volume, sum(piece.trades) AS trades,
    sum(piece.notional) AS notional, min(piece.first) AS first, max(piece.last) AS last"""

# A second that is not loose is its bar already.
_FOLD_NOTHING = f"""
        SELECT instrument_id, second AS bar, greatest(second + INTERVAL 1 SECOND, last_known) AS known_at,
            {_FOREVER} AS superseded_at, toUInt64(0) AS late_trades, open, high, low, close, volume, trades, notional,
            first, last
        FROM seconds WHERE NOT loose"""


def seconds_table(trades: str, corrections: str, day: date) -> str:
    """Return the statement that folds a day's trades into seconds.

    Parameters
    ----------
    trades, corrections
        Names of the tables on the node.
    day
        UTC day.
    """
    return f"""
CREATE TEMPORARY TABLE seconds ENGINE = Memory AS
SELECT instrument_id, toDateTime64(unix, 6, 'UTC') AS second, * EXCEPT (instrument_id, unix),
    last_known > addMicroseconds(second + INTERVAL 1 SECOND, {_LATE})
    OR (instrument_id, unix) IN (SELECT instrument_id, toUnixTimestamp(ts) FROM {corrections} WHERE {_on(day)}) AS loose
FROM (
    SELECT instrument_id, toUnixTimestamp(ts) AS unix,
        argMin(price, {_ORDER}) AS open, max(price) AS high, min(price) AS low, argMax(price, {_ORDER}) AS close,
        sum(toInt128(reinterpret(size, 'Int64'))) AS volume, count() AS trades,
        sum(toInt128(reinterpret(price, 'Int64')) * reinterpret(size, 'Int64')) AS notional,
        min({_ORDER}) AS first, max({_ORDER}) AS last, max(known_at) AS last_known
    FROM {trades} WHERE {_on(day)} GROUP BY instrument_id, unix
)
SETTINGS optimize_aggregation_in_order = 1"""


def loose_table(trades: str, corrections: str, day: date) -> str:
    """Return the statement that lists what was stated about the trades of loose seconds, and when."""
    return f"""
CREATE TEMPORARY TABLE loose ENGINE = Memory AS
WITH ticks AS (
    SELECT instrument_id, ts, ord, price, size, known_at FROM {trades}
    WHERE {_on(day)} AND (instrument_id, {_start("ts", 1)}) IN (SELECT instrument_id, second FROM seconds WHERE loose)
)
SELECT instrument_id, ts, ord, price, size, false AS cancelled, known_at AS known, (0, known_at) AS rank FROM ticks
UNION ALL
SELECT c.instrument_id, c.ts, c.ord, c.price, c.size, c.action = 'cancel' AS cancelled,
    greatest(c.known_at, ticks.known_at) AS known, (1, c.known_at) AS rank
FROM {corrections} AS c
INNER JOIN ticks ON c.instrument_id = ticks.instrument_id AND c.ts = ticks.ts AND c.ord = ticks.ord
WHERE {_on(day, "c.ts")}"""


def bars_sql(length: int) -> str:
    """Return the query for the day's bars of ``length`` seconds, from the two tables, with ``COLUMNS``."""
    end = f"bar + toIntervalSecond({length})"
    pieces = f"""
        SELECT instrument_id, {_start("second", length)} AS bar, * EXCEPT (instrument_id, second, loose)
        FROM seconds WHERE NOT loose"""
    touched = f"(SELECT instrument_id, {_start('ts', length)} FROM loose)"
    folded = (
        _FOLD_NOTHING
        if length == 1
        else f"""
        SELECT instrument_id, bar, greatest({end}, max(last_known)) AS known_at, {_FOREVER} AS superseded_at,
            toUInt64(0) AS late_trades, {_FOLDED}
        FROM ({pieces}) AS piece WHERE (instrument_id, bar) NOT IN {touched} GROUP BY instrument_id, bar"""
    )
    return f"""
SELECT {", ".join(_typed(name) for name in COLUMNS)} FROM (
    {folded}
    UNION ALL
    {_versions(length, pieces, touched)}
)"""


def _versions(length: int, pieces: str, touched: str) -> str:
    deadline = f"addMicroseconds(bar + toIntervalSecond({length}), {_LATE})"
    loose = f"SELECT *, {_start('ts', length)} AS bar FROM loose"
    moments = f"""
        SELECT instrument_id, bar, arraySort(groupUniqArray(moment)) AS moments,
            arrayJoin(arrayZip(moments, arrayPushBack(arrayPopFront(moments), {_FOREVER}))) AS version
        FROM (
            SELECT instrument_id, bar, if(known > {deadline}, known, greatest(bar + toIntervalSecond({length}),
                maxIf(known, known <= {deadline}) OVER (PARTITION BY instrument_id, bar))) AS moment
            FROM (
                SELECT instrument_id, bar, known FROM ({loose})
                UNION ALL SELECT instrument_id, bar, last_known FROM ({pieces}) WHERE (instrument_id, bar) IN {touched}
            )
        ) GROUP BY instrument_id, bar"""
    stated = f"""
        SELECT instrument_id, bar, version, argMax((price, size, cancelled, known), rank) AS said,
            {_ORDER} AS position, reinterpret(said.1, 'Int64') AS price_units,
            reinterpret(said.2, 'Int64') AS size_units
        FROM ({loose}) AS l INNER JOIN ({moments}) AS m USING (instrument_id, bar)
        WHERE known <= version.1 GROUP BY instrument_id, bar, version, ts, ord HAVING NOT said.3"""
    return f"""
    SELECT instrument_id, bar, version.1 AS known_at, version.2 AS superseded_at,
        sum(piece.late) AS late_trades, {_FOLDED}
    FROM (
        SELECT instrument_id, bar, version, toUInt64(said.4 > {deadline}) AS late, said.1 AS open, said.1 AS high,
            said.1 AS low, said.1 AS close, toInt128(size_units) AS volume, toUInt64(1) AS trades,
            toInt128(price_units) * size_units AS notional, position AS first, position AS last
        FROM ({stated})
        UNION ALL
        SELECT instrument_id, bar, version, toUInt64(0), open, high, low, close, volume, trades, notional, first, last
        FROM ({pieces}) AS p INNER JOIN ({moments}) AS m USING (instrument_id, bar)
    ) AS piece GROUP BY instrument_id, bar, version"""


def _typed(name: str) -> str:
    units = {
        "ts": "bar",
        "volume": "reinterpret(volume, 'Decimal(38, 8)')",
        "notional": "reinterpret(notional, 'Decimal(38, 16)')",
        "vwap": "if(volume = 0, close, reinterpret(toInt64(intDiv(notional, if(volume = 0, 1, volume))), "
        "'Decimal(18, 8)'))",
        "first_ord": "bitAnd(first, toUInt128(18446744073709551615))",
        "last_ord": "bitAnd(last, toUInt128(18446744073709551615))",
    }
    return f"CAST({units.get(name, name)} AS {COLUMNS[name]}) AS bar_{name}"


def _start(column: str, length: int) -> str:
    return f"toDateTime64(intDiv(toUnixTimestamp({column}), {length}) * {length}, 6, 'UTC')"


def _on(day: date, column: str = "ts") -> str:
    return f"toYYYYMMDD({column}) = {day:%Y%m%d}"
