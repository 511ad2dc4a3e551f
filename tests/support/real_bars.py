"""Real daily bars of the S&P 500, 1999-2018, read through the project's own collector."""

from datetime import UTC, datetime
from functools import cache

import numpy as np

from collectors.dataset import Context
from collectors.registry import dataset
from zeno.clock import ManualClock
from zeno.settings import Settings

CENT = 100


@cache
def real_bars() -> dict[str, np.ndarray]:
    """Return 5,031 bars as the engine feeds them: float64 columns of whole numbers, prices in hundredths of a point."""
    context = Context(settings=Settings.from_env(), clock=ManualClock(datetime(2026, 11, 22, tzinfo=UTC)))
    batch = next(one for one in dataset("us_indices_daily").read(context) if one.data["symbol"][0].as_py() == "SP500")
    bars = {}
    for name in ("open", "high", "low", "close"):
        bars[name] = np.rint(batch.data[name].to_numpy(zero_copy_only=False).astype(float) * CENT)
    bars["volume"] = batch.data["volume"].to_numpy(zero_copy_only=False).astype(float)
    bars["x"] = bars["close"]
    for column in bars.values():
        column.setflags(write=False)
    return bars
