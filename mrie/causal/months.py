"""Months as numbers, 12 × year + month − 1: consecutive, comparable, and free of any calendar library."""

import numpy as np
import pandas as pd


def month_number(written: str) -> int:
    """Return the number of a month written ``YYYY-MM``.

    >>> month_number("2022-09") - month_number("2021-12")
    9
    """
    year, month = written.split("-")
    return 12 * int(year) + int(month) - 1


def month_text(number: int) -> str:
    """Return ``YYYY-MM`` of a month's number.

    >>> month_text(month_number("2022-09"))
    '2022-09'
    """
    return f"{number // 12}-{number % 12 + 1:02d}"


def month_numbers(index: pd.Index) -> np.ndarray:
    """Return the numbers of an index of first days of months, shape (months,)."""
    return index.to_numpy("datetime64[M]").astype(np.int64) + 12 * 1970


def in_span(months: np.ndarray, first: str, last: str) -> np.ndarray:
    """Return which months lie between two written ``YYYY-MM``, both included."""
    return (months >= month_number(first)) & (months <= month_number(last))
