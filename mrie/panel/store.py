"""One series' vintages as a matrix: a row a vintage, a column a period, each row the whole series as it stood then.

    vintages   1990-01  1990-02  1990-03
    1990-02      101.2       .        .
    1990-03      101.4    101.9       .         <- January was revised, February came
    1990-04      101.4    101.7    102.3

Dense rows make an as-of view one look-up, whichever way its values arrived.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrie.panel.months import Months

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Vintages:
    """The vintages of one series of one source.

    ``known`` is ascending, shape (vintages,); ``values`` has shape (vintages, periods), NaN where nothing was known;
    period ``j`` is the month ``first + j``. ``dated`` says whether ``known`` are real vintages or usual release months.
    """

    source: str
    series: str
    known: Months
    first: int
    values: Floats
    dated: bool

    def at(self, month: int) -> int:
        """Return the row that stood at the end of ``month``, or -1 before the first."""
        return int(np.searchsorted(self.known, month, side="right")) - 1

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """The column of each row's first known period; the number of columns where a row has none."""
        known = np.isfinite(self.values)
        return np.where(known.any(axis=1), known.argmax(axis=1), self.values.shape[1])

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """The column of each row's last known period, or -1 where a row has none."""
        known = np.isfinite(self.values)[:, ::-1]
        return np.where(known.any(axis=1), self.values.shape[1] - 1 - known.argmax(axis=1), -1)


def series_vintages(rows: pd.DataFrame) -> Vintages:
    """Return the matrix of one source's series.

    Parameters
    ----------
    rows
        source, series (each one value), period, known, basis, value; in any order.
    """
    ordered = rows.sort_values(["known", "period"], kind="stable")
    known, row_of = np.unique(ordered["known"].to_numpy(np.int64), return_inverse=True)
    periods = ordered["period"].to_numpy(np.int64)
    first, last = int(periods.min()), int(periods.max())
    values = ordered["value"].to_numpy(np.float64)
    matrix = np.full((len(known), last - first + 1), np.nan)
    edges = np.searchsorted(row_of, np.arange(len(known) + 1))
    current = np.full(last - first + 1, np.nan)
    for row in range(len(known)):
        here = slice(edges[row], edges[row + 1])
        current[periods[here] - first] = values[here]
        matrix[row] = current
    dated = bool((ordered["basis"] == "vintage").all())
    return Vintages(str(rows["source"].iloc[0]), str(rows["series"].iloc[0]), known, first, matrix, dated)
