"""Loads a fixed sequence of batches, and may be killed at any moment: run it again and it goes on.

    python load_worker.py <data folder> <batches>

Prints a line a batch. Nothing is remembered between runs but what the warehouse remembers.
"""

import random
import sys
from pathlib import Path

import pyarrow as pa
from builders import make_settings, register

from warehouse.batch import Batch
from warehouse.loader import Loader
from warehouse.store import connect

ROWS = 20_000
DAYS = 3
_START = 1_378_080_000_000_000
_DAY = 86_400_000_000


def batch(number: int) -> Batch:
    """Return batch ``number``: the same rows whenever it is asked for, over three days, one row in 500 refused."""
    rng = random.Random(number)
    first = number * ROWS
    ord_ = range(first, first + ROWS)
    prices = [f"{rng.randrange(160_000, 170_000)}e-2" for _ in ord_]
    prices[::500] = ["nan"] * len(prices[::500])
    times = [_START + (at % DAYS) * _DAY + at * 1000 for at in ord_]
    return Batch("raw.trades", "kills", pa.table({
        "symbol": ["ES"] * ROWS,
        "ts": pa.array(times, pa.timestamp("us", "UTC")),
        "ord": list(ord_),
        "price": prices,
        "size": [rng.randrange(1, 50) for _ in ord_],
        "side": ["buy"] * ROWS,
        "known_lag_us": [0] * ROWS,
    }), namespace="test")  # fmt: skip


def main(home: Path, batches: int) -> None:
    """Load every batch."""
    loader = Loader(connect(make_settings(home)))
    register(loader)
    for number in range(batches):
        load = loader.load(batch(number))
        print(number, load.rows_stored, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
