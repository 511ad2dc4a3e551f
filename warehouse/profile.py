"""What a table looks like, for a person: its last rows, how many rows there are over time, and a price through it.

Cheap on purpose: previews and histories read the sorted key or one column, and at most a few dozen points come back.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from warehouse.client import Client
from warehouse.store import Warehouse

_EVENTS = ("ts", "session", "period", "month", "day", "at", "quarantined_at")
_PRICES = ("price", "close")
_BUCKETS = 60
_POINTS = 200

Moment = date | datetime


@dataclass(frozen=True)
class History:
    """Rows by time bucket, and the price of the instrument with the most rows; empty where a table has no such."""

    rows: list[tuple[Moment, int]] = field(default_factory=list)
    prices: list[tuple[Moment, float]] = field(default_factory=list)
    label: str = ""


@dataclass(frozen=True)
class Profile:
    """Rows, time range, last rows and history of one table."""

    name: str
    rows: int
    first: Moment | None
    last: Moment | None
    columns: list[str]
    latest: list[tuple[Any, ...]]
    history: History


def profile(warehouse: Warehouse, name: str, *, previewed: int = 5) -> Profile:
    """Look at one table or view, ``raw.*``, ``ref.*``, ``staging.*`` or ``marts.*``.

    Raises
    ------
    WarehouseError
        If there is no such table.
    """
    client = warehouse.client()
    types = _columns(client, name)
    event = next((column for column in _EVENTS if column in types), None)
    span = f"min({event}), max({event})" if event else "NULL, NULL"
    rows, first, last = client.rows(f"SELECT count(), {span} FROM {name}")[0]
    if not rows:
        return Profile(name, 0, None, None, list(types), [], History())
    order = f" ORDER BY {event} DESC" if event else ""
    latest = client.rows(f"SELECT * FROM {name}{order} LIMIT {previewed}")
    history = _history(client, name, event, types) if event and first != last else History()
    return Profile(name, rows, first, last, list(types), latest, history)


def _columns(client: Client, name: str) -> dict[str, str]:
    database, short = name.split(".")
    return dict(
        client.rows(
            "SELECT name, type FROM system.columns WHERE database = {database:String} AND table = {table:String} "
            "AND default_kind != 'ALIAS' ORDER BY position",
            {"database": database, "table": short},
        )
    )


def _history(client: Client, name: str, event: str, types: dict[str, str]) -> History:
    number = f"toFloat64({_as_number(event, types[event])})"
    rows = client.rows(
        f"WITH (SELECT (min({number}), max({number})) FROM {name}) AS span "
        f"SELECT least(floor(({number} - span.1) / (span.2 - span.1) * {_BUCKETS}), {_BUCKETS - 1}) AS bucket, "
        f"min({event}), count() FROM {name} GROUP BY bucket ORDER BY bucket"
    )
    price = next((column for column in _PRICES if column in types), None)
    if price is None or "instrument_id" not in types:
        return History([(start, count) for _, start, count in rows])
    label, points = _price(client, name, event, number, price)
    return History([(start, count) for _, start, count in rows], points, label)


def _price(client: Client, name: str, event: str, number: str, price: str) -> tuple[str, list[tuple[Moment, float]]]:
    """Return the last price in each of many buckets, of the instrument with the most rows."""
    busiest = client.scalar(
        f"SELECT instrument_id FROM {name} WHERE {price} IS NOT NULL "
        "GROUP BY instrument_id ORDER BY count() DESC, 1 LIMIT 1"
    )
    if busiest is None:
        return "", []
    where = f"instrument_id = {busiest:d} AND {price} IS NOT NULL"
    points = client.rows(
        f"WITH (SELECT (min({number}), max({number})) FROM {name} WHERE {where}) AS span "
        f"SELECT floor(({number} - span.1) / greatest(span.2 - span.1, 1e-6) * {_POINTS}) AS bucket, max({event}), "
        f"toFloat64(argMax({price}, {event})) FROM {name} WHERE {where} GROUP BY bucket ORDER BY bucket"
    )
    named = client.scalar(
        "SELECT toString(name) FROM ref.instruments WHERE instrument_id = {id:UInt32}", {"id": busiest}
    )
    return f"{named or busiest}", [(at, value) for _, at, value in points]


def _as_number(event: str, kind: str) -> str:
    return f"toUnixTimestamp64Micro({event}) / 1e6" if "DateTime64" in kind else f"toInt64({event})"
