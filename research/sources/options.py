"""A query as text options, for a framework that passes nothing else.

| option | meaning |
|---|---|
| ``table`` | ``bars``, ``trades`` or ``macro`` |
| ``symbols`` (of macro ``series``) | with commas between them |
| ``resolution`` | of bars: ``1s``, ``1m``, ``1h`` or ``1d`` (``tick`` gives trades) |
| ``from``, ``to``, ``as_of`` | days, or ISO 8601 times with their offset |
| ``source`` | the data set, where several have the rows |
| ``days`` | the longest stretch of time of a partition; all by default |
| ``names_a_part`` | symbols or series of a partition; 20 by default |
| ``home`` | the data folder of the warehouse, if it is not the environment's |
"""

import re
from collections.abc import Mapping
from datetime import datetime

import pyarrow as pa

from research.sources.plan import Query, bars, macro, trades
from zeno.errors import ConfigError
from zeno.times import parse_timestamps

_KNOWN = {"table", "symbols", "series", "resolution", "from", "to", "as_of", "source", "days", "names_a_part", "home"}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def options_of(query: Query) -> dict[str, str]:
    """Return the options that ask for a query: ``query_of`` backwards."""
    options = {"table": query.table, "series" if query.table == "macro" else "symbols": ",".join(query.names),
               "as_of": _text(query.as_of)}  # fmt: skip
    if query.timed:
        options |= {"from": _text(query.start), "to": _text(query.end)}
    given = {"resolution": query.resolution, "source": query.source}
    return options | {name: value for name, value in given.items() if value}


def query_of(options: Mapping[str, str]) -> Query:
    """Return the query that options ask for.

    Raises
    ------
    ConfigError
        If one is missing, unknown or malformed.

    >>> query_of({"table": "macro", "series": "PAYEMS, CPIAUCSL", "as_of": "2020-01-01"}).names
    ('PAYEMS', 'CPIAUCSL')
    """
    if unknown := sorted(set(map(str.lower, options)) - _KNOWN):
        raise ConfigError(f"There is no option {', '.join(unknown)}.", remedy=f"Options: {', '.join(sorted(_KNOWN))}.")
    table, as_of, source = options.get("table"), _moment(options, "as_of"), options.get("source")
    if table == "macro":
        return macro(_list(options, "series"), as_of=as_of, source=source)
    if table not in ("bars", "trades"):
        raise ConfigError(f"There is no table {table!r} to read.", remedy="Give table: bars, trades or macro.")
    symbols, start, end = _list(options, "symbols"), _moment(options, "from"), _moment(options, "to")
    if table == "trades":
        return trades(symbols, start, end, as_of=as_of)
    return bars(symbols, _given(options, "resolution"), start, end, as_of=as_of, source=source)


def _given(options: Mapping[str, str], name: str) -> str:
    value = options.get(name)
    if not value:
        raise ConfigError(f"The option {name} is missing.", remedy=f'Add .option("{name}", …).')
    return value


def _list(options: Mapping[str, str], name: str) -> list[str]:
    return [one.strip() for one in _given(options, name).split(",") if one.strip()]


def number_of(options: Mapping[str, str], name: str, default: int) -> int:
    """Return a whole number from 1, or the default.

    Raises
    ------
    ConfigError
        If it is anything else.
    """
    text = options.get(name)
    if text is None:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise ConfigError(f"The option {name} is {text!r}.", remedy="Give a whole number from 1.")
    return int(text)


def _moment(options: Mapping[str, str], name: str) -> datetime:
    text = _given(options, name)
    parsed = parse_timestamps(pa.array([f"{text}T00:00:00Z" if _DAY.fullmatch(text) else text]))
    if parsed.reasons:
        raise ConfigError(f"The option {name} is {text!r}: {parsed.reasons[0]}.",
                          remedy="Write 2024-01-31 or 2024-01-31T14:30:00Z.")  # fmt: skip
    return parsed.values[0].as_py()


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
