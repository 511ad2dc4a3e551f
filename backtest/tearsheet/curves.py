"""What the charts draw: the lines of a run, thinned so that a million marks fit a page and no spike is lost.

The period is cut into columns of equal time, about one a pixel; of each column the first, the lowest, the highest and
the last mark stay, in their order. A drawn line is then the same as with every mark.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from backtest.tearsheet.drawdowns import depths
from backtest.tearsheet.inputs import RunRecord
from backtest.tearsheet.returns import Rolling
from backtest.tearsheet.sessions import Floats, Sessions, epoch_us
from zeno.arrow_compute import pc
from zeno.drawing.chart import Line

COLUMNS = 500


@dataclass(frozen=True)
class Curves:
    """The lines of a page; ``benchmark`` is money, as if the equity of its first day had been put into it."""

    equity: Line
    benchmark: Line
    drawdown: Line
    gross_exposure: Line
    net_exposure: Line
    rolling_sharpe: Line
    rolling_volatility: Line


def curves(record: RunRecord, sessions: Sessions, rolled: Rolling) -> Curves:
    """Thin the lines of a run."""
    moments, days = sessions.moments, np.array(rolled.days, dtype="datetime64[us]").astype(np.int64)
    return Curves(
        equity=thin(moments, sessions.equity),
        benchmark=_benchmark(record.benchmark, sessions),
        drawdown=thin(moments, depths(sessions.wealth, sessions.initial) if sessions.equity.size else sessions.equity),
        gross_exposure=thin(moments, floats(record.marks["gross_exposure"])),
        net_exposure=thin(moments, floats(record.marks["net_exposure"])),
        rolling_sharpe=thin(days, np.array(rolled.sharpe, dtype=float)),
        rolling_volatility=thin(days, np.array(rolled.volatility, dtype=float)),
    )


def thin(moments: NDArray[np.int64], values: Floats, columns: int = COLUMNS) -> Line:
    """Keep at most four points a column. Values that are not finite break the line."""
    if len(moments) <= 2 * columns:
        keep = np.arange(len(moments))
    else:
        edges = np.linspace(float(moments[0]), float(moments[-1]), columns + 1)[1:-1]
        starts = np.unique(np.concatenate([[0], np.searchsorted(moments, edges)]))
        ends = np.append(starts[1:], len(moments))
        keep = np.concatenate([_extremes(values, int(a), int(b)) for a, b in zip(starts, ends, strict=True) if b > a])
    finite = np.isfinite(values[keep])
    kept = tuple(float(value) if good else None for value, good in zip(values[keep], finite, strict=True))
    return Line(tuple(moments[keep].tolist()), kept)


def floats(column: pa.ChunkedArray) -> Floats:
    """Return a column as floats, nulls as NaN."""
    return pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)


def _extremes(values: Floats, start: int, end: int) -> NDArray[np.int64]:
    part = values[start:end]
    finite = np.flatnonzero(np.isfinite(part))
    if not finite.size:
        return np.array([start])
    low, high = finite[np.argmin(part[finite])], finite[np.argmax(part[finite])]
    return start + np.unique([0, low, high, len(part) - 1])


def _benchmark(benchmark: pa.Table | None, sessions: Sessions) -> Line:
    if benchmark is None or not sessions.moments.size:
        return Line((), ())
    moments, closes = epoch_us(benchmark["ts"]), floats(benchmark["close"])
    usable = np.isfinite(closes) & (closes > 0)
    usable &= (moments >= sessions.moments[0]) & (moments <= sessions.moments[-1])
    if not usable.any():
        return Line((), ())
    moments, closes = moments[usable], closes[usable]
    base = sessions.equity[np.searchsorted(sessions.moments, moments[0], side="right") - 1]
    return thin(moments, closes / closes[0] * base)
