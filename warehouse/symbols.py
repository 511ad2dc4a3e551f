"""Symbols to permanent instrument ids, over intervals, and the rules of those instruments.

A symbol means an instrument within a namespace and an interval of days; outside it, and for text that nobody
registered, there is no instrument and the row is refused.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from warehouse.client import Client
from zeno.instruments import PriceRule

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Interval:
    """Days [start, end) since 1970-01-01 during which a symbol means an instrument."""

    start: int
    end: int
    instrument_id: int


@dataclass(frozen=True)
class SymbolMap:
    """All that is known about symbols and instruments at the moment it was read.

    Parameters
    ----------
    intervals
        By namespace, then symbol.
    price_rules
        By instrument id.
    """

    intervals: dict[str, dict[str, list[Interval]]] = field(default_factory=dict)
    price_rules: dict[int, PriceRule] = field(default_factory=dict)

    def resolve(self, namespace: str, symbols: pa.Array, days: np.ndarray) -> pa.Array:
        """Return the instrument ids of ``symbols`` on ``days`` (since 1970-01-01); null where there is none."""
        encoded = symbols.dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        ids = np.zeros(len(symbols), np.uint32)
        known = self.intervals.get(namespace, {})
        for code, symbol in enumerate(encoded.dictionary.to_pylist()):
            for interval in known.get(symbol, ()):
                ids[(codes == code) & (days >= interval.start) & (days < interval.end)] = interval.instrument_id
        return pa.array(ids, mask=ids == 0)

    @classmethod
    def read(cls, client: Client) -> "SymbolMap":
        """Read the reference tables."""
        intervals: dict[str, dict[str, list[Interval]]] = {}
        for namespace, symbol, start, end, number in client.rows(
            "SELECT namespace, symbol, valid_from, valid_to, instrument_id FROM ref.symbols"
        ):
            found = intervals.setdefault(namespace, {}).setdefault(symbol, [])
            found.append(Interval(_day(start), _day(end), number))
        rules = client.rows("SELECT instrument_id, toString(price_rule) FROM ref.instruments")
        return cls(intervals, {number: PriceRule(rule) for number, rule in rules})


def _day(value: date) -> int:
    return (value - _EPOCH) // timedelta(days=1)
