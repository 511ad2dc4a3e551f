"""The shipped sample of US macro series as a plain frame: what the causal graph and scenarios are given."""

import gzip
from functools import cache
from io import BytesIO

import numpy as np
import pandas as pd

from collectors.samples import sample


@cache
def us_macro_monthly() -> pd.DataFrame:
    """Return 69 FRED series to 2022-09, as of 2022-10-31: one column a series, index first days of months."""
    rows = pd.read_csv(BytesIO(gzip.decompress(sample("us_macro_monthly.csv.gz"))))
    frame = rows.pivot_table(index="period", columns="series_id", values="value")
    frame.index = pd.DatetimeIndex(frame.index + "-01")
    months = np.arange(frame.index[0], frame.index[-1] + pd.DateOffset(months=1), dtype="datetime64[M]")
    return frame.reindex(pd.DatetimeIndex(months.astype("datetime64[ns]"))).loc["1947":]
