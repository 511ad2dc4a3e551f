"""Trades and corrections for tests of the marts: how to load them, and what their bars must be, in plain Python."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from warehouse.bars_from_ticks import COLUMNS, LATENESS_SECONDS
from warehouse.schema import table
from warehouse.schema.arrow import arrow_schema
from warehouse.store import User, Warehouse, connect
from zeno.settings import Settings

FOREVER = datetime(2299, 12, 31, tzinfo=UTC)
LATENESS = timedelta(seconds=LATENESS_SECONDS)


@dataclass(frozen=True)
class Trade:
    instrument: int
    ts: datetime
    ord: int
    price: Decimal
    size: Decimal
    known: datetime

    @property
    def key(self) -> tuple[int, datetime, int]:
        return (self.instrument, self.ts, self.ord)


@dataclass(frozen=True)
class Correction:
    trade: tuple[int, datetime, int]
    known: datetime
    price: Decimal
    size: Decimal
    cancels: bool = False


def start(home: Path, shards: int = 1) -> Warehouse:
    return connect(Settings(home=home, cache=home / "cache", drop=home / "drop", shards=shards))


def load(
    warehouse: Warehouse, trades: Sequence[Trade] = (), corrections: Sequence[Correction] = (), batch: int = 1
) -> None:
    """Insert rows and the ledger entries that say so."""
    if trades:
        rows = [{"instrument_id": t.instrument, "ts": t.ts, "ord": t.ord, "price": t.price, "size": t.size,
                 "side": "buy", "known_lag_us": (t.known - t.ts) // timedelta(microseconds=1)}
                for t in trades]  # fmt: skip
        _land(warehouse, "raw.trades", rows, batch)
    if corrections:
        rows = [{"instrument_id": c.trade[0], "ts": c.trade[1], "ord": c.trade[2], "known_at": c.known,
                 "price": c.price, "size": c.size, "action": "cancel" if c.cancels else "correct"}
                for c in corrections]  # fmt: skip
        _land(warehouse, "raw.corrections", rows, batch)


def _land(warehouse: Warehouse, name: str, rows: list[dict[str, Any]], batch: int) -> None:
    client = warehouse.client(User.WRITER)
    full = [row | {"source": "test", "batch": batch} for row in rows]
    client.insert(name, pa.Table.from_pylist(full, schema=arrow_schema(table(name))),
                  settings={"distributed_foreground_insert": 1})  # fmt: skip
    days = sorted({row["ts"].date().isoformat() for row in rows})
    entry = {"table_name": name, "batch": batch, "content_sha256": "", "source": "test", "state": "landed",
             "rows_in": len(rows), "rows_stored": len(rows), "rows_present": 0, "rows_quarantined": 0,
             "ts_min": None, "ts_max": None, "days": days, "schema_version": 1,
             "correlation_id": "", "at": datetime.now(UTC)}  # fmt: skip
    client.insert("raw.loads", pa.Table.from_pylist([entry], schema=arrow_schema(table("raw.loads"))))


def stored(warehouse: Warehouse, bars: str, where: str = "1 = 1") -> set[tuple[Any, ...]]:
    found = warehouse.client(User.ADMIN).arrow(f"SELECT {', '.join(COLUMNS)} FROM marts.{bars} WHERE {where}")
    rows = {tuple(row.values()) for row in found.to_pylist()}
    assert len(rows) == found.num_rows
    return rows


def expected(trades: Iterable[Trade], corrections: Iterable[Correction], length: int) -> set[tuple[Any, ...]]:
    """Every version of every bar of ``length`` seconds: slow, literal, exact."""
    said = defaultdict(list)
    for correction in corrections:
        said[correction.trade].append(correction)
    bars = defaultdict(list)
    for trade in trades:
        seconds = int(trade.ts.timestamp()) // length * length
        bars[trade.instrument, datetime.fromtimestamp(seconds, UTC)].append((trade, said[trade.key]))
    return {row for (instrument, ts), members in bars.items() for row in _versions(instrument, ts, length, members)}


def _versions(instrument: int, ts: datetime, length: int, members: list) -> Iterable[tuple[Any, ...]]:
    end = ts + timedelta(seconds=length)
    heard = [max(trade.known, one.known) for trade, corrections in members for one in (trade, *corrections)]
    on_time = [at for at in heard if at <= end + LATENESS]
    late = {at for at in heard if at > end + LATENESS}
    moments = sorted(late | ({max(end, *on_time)} if on_time else set()))
    for moment, following in zip(moments, [*moments[1:], FOREVER], strict=True):
        standing = [entry for trade, corrections in members if (entry := as_held(trade, corrections, moment))]
        if standing:
            yield _bar(instrument, ts, standing, moment, following, end + LATENESS)


def as_held(trade: Trade, corrections: list[Correction], moment: datetime) -> tuple[Any, ...] | None:
    if trade.known > moment:
        return None
    known = [c for c in corrections if c.known <= moment]
    if not known:
        return (trade.ts, trade.ord, trade.price, trade.size, trade.known)
    newest = max(known, key=lambda c: c.known)
    since = max(trade.known, newest.known)
    return None if newest.cancels else (trade.ts, trade.ord, newest.price, newest.size, since)


def _bar(
    instrument: int, ts: datetime, standing: list, known: datetime, until: datetime, deadline: datetime
) -> tuple[Any, ...]:
    ordered = sorted(standing)
    prices = [entry[2] for entry in ordered]
    volume = sum((entry[3] for entry in ordered), Decimal(0))
    notional = sum((entry[2] * entry[3] for entry in ordered), Decimal(0))
    vwap = (notional / volume).quantize(Decimal("1e-8"), rounding=ROUND_DOWN) if volume else prices[-1]
    return (instrument, ts, prices[0], max(prices), min(prices), prices[-1], volume, len(ordered), notional, vwap,
            ordered[0][1], ordered[-1][1], known, until, sum(entry[4] > deadline for entry in ordered))  # fmt: skip


def random_day(
    seed: int, day: date, instruments: Sequence[int] = (1, 2, 3), count: int = 120
) -> tuple[list[Trade], list[Correction]]:
    """Trades in bursts over a UTC day, to its last microsecond; one in ten late, one in ten corrected or cancelled."""
    rng = random.Random(seed * 1000 + day.toordinal())
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    trades, corrections = [], []
    for instrument in instruments:
        offsets = sorted(_offset(rng) for _ in range(count))
        for position, offset in enumerate(offsets):
            ts = midnight + timedelta(microseconds=min(offset, 86_400 * 10**6 - 1))
            # One in twenty is numbered after later ones, as a trade reported out of order is.
            number = position * 7 + (1 if rng.random() < 0.95 else 5000)
            trades.append(_trade(rng, instrument, ts, number))
            if rng.random() < 0.1:
                corrections += _corrections(rng, trades[-1])
    return trades, corrections


def _offset(rng: random.Random) -> int:
    burst = rng.choice((0, 9 * 3600, 86_399)) * 10**6
    within = rng.randrange(10**6 if rng.random() < 0.5 else 1)
    return burst + within + (rng.randrange(3000) * 10**6 if rng.random() < 0.5 else 0)


def _trade(rng: random.Random, instrument: int, ts: datetime, position: int) -> Trade:
    lag = rng.choice((0, 900, 4_999_999, 5_000_000, 5_000_001, 70_000_000, 3_600_000_000, 90_000_000_000))
    known = ts + timedelta(microseconds=lag if rng.random() < 0.2 else rng.randrange(2000))
    price = Decimal(rng.randrange(-400, 40_000)) / 4 + Decimal(rng.randrange(3)).scaleb(-8)
    return Trade(instrument, ts, position, price, Decimal(rng.choice((0, 1, 3, 7))) + Decimal("0.00000001"), known)


def _corrections(rng: random.Random, trade: Trade) -> list[Correction]:
    times = {
        trade.known + timedelta(seconds=rng.choice((-1, 0, 1, 30, 4000, 200_000))) for _ in range(rng.randrange(1, 4))
    }
    return [Correction(trade.key, at, trade.price + rng.randrange(-4, 5), trade.size + 1, rng.random() < 0.3)
            for at in sorted(times)]  # fmt: skip
