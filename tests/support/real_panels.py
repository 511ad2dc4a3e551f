"""Real daily bars of the S&P 500, the Nasdaq, the VIX and oil, side by side: they trade on different days."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

from collectors.dataset import Context
from collectors.registry import dataset
from zeno.clock import ManualClock
from zeno.settings import Settings

Bar = tuple[int, int, int, int]


@cache
def real_panel() -> tuple[tuple[str, ...], dict[int, dict[str, Bar]]]:
    """Return the symbols and, by day (µs UTC, ascending), each one's open, high, low and close in hundredths.

    Series of closes alone, as VIX and oil are, have four equal prices.
    """
    context = Context(settings=Settings.from_env(), clock=ManualClock(datetime(2026, 11, 22, tzinfo=UTC)))
    days: dict[int, dict[str, Bar]] = {}
    symbols = []
    for batch in dataset("us_indices_daily").read(context):
        symbols.append(batch.data["symbol"][0].as_py())
        columns = [batch.data[name].to_pylist() for name in ("ts", "open", "high", "low", "close")]
        for ts, *prices in zip(*columns, strict=True):
            bar = tuple(int(Decimal(one or prices[3]) * 100) for one in prices)
            if ts.year >= 1999 and bar[3] > 0:
                days.setdefault(int(ts.timestamp()) * 1_000_000, {})[symbols[-1]] = bar
    return tuple(symbols), dict(sorted(days.items()))
