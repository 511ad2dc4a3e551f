"""Months as whole numbers, so that a panel's arithmetic is integer arithmetic: year * 12 + month - 1.

A quarter stands at its last month. Belongs here: reading and writing months. Not here: release lags (``concepts``).
"""

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zeno.errors import ConfigError

Months = NDArray[np.int64]

_MONTH = r"\d{4}-(?:0[1-9]|1[0-2])"
_PERIOD = re.compile(rf"({_MONTH})(?:-\d{{2}})?|(\d{{4}})[-:]?Q([1-4])")


def parse_month(text: str) -> int:
    """Return the number of a month written YYYY-MM.

    Raises
    ------
    ConfigError
        If it is not a month.

    >>> parse_month("1970-01") - parse_month("1969-12")
    1
    """
    if not re.fullmatch(_MONTH, text):
        raise ConfigError(f"{text!r} is not a month.", remedy="Write it as YYYY-MM, for example 1990-07.")
    return int(text[:4]) * 12 + int(text[5:]) - 1


def month_text(month: int) -> str:
    """Return a month's number as YYYY-MM.

    >>> month_text(parse_month("2007-12"))
    '2007-12'
    """
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def month_texts(months: Iterable[int]) -> list[str]:
    """Return months' numbers as YYYY-MM."""
    return [month_text(int(month)) for month in months]


def period_numbers(column: pd.Series) -> Months:
    """Return periods as months: YYYY-MM, YYYY-MM-DD or YYYYQn; -1 where a text is none of these.

    >>> period_numbers(pd.Series(["2000-03", "2000Q1", "2000-3"])).tolist()
    [24002, 24002, -1]
    """
    known = {text: _number(str(text)) for text in column.unique()}
    return column.map(known).to_numpy(np.int64)


def _number(text: str) -> int:
    found = _PERIOD.fullmatch(text)
    if found is None:
        return -1
    month, year, quarter = found.groups()
    return parse_month(month) if month else int(year) * 12 + int(quarter) * 3 - 1
