"""What a reader has to know of a run's data, wherever the run is shown: a backtest, a tear sheet, a study.

Belongs here: sentences on where data come from and what is wrong with them. Not here: what a run did with them
(``notes``).
"""

import numpy as np

from backtest.core.arithmetic import NONE
from backtest.frames import RESOLUTIONS, Frame

_SURVIVORS = "Survivors only: companies that failed or were taken over are missing: returns are flattered."
_OF_SOURCE = {"us_equities_daily": _SURVIVORS, "us_tech_daily": _SURVIVORS}
MOST_UNMOVED = 0.2
"""The share of days that may open at the close before them.

Real opens do so seldom: 0.2 % of the NASDAQ Composite's days from 1999 to 2018, and of the S&P 500's from 2014 on.
Those of the S&P 500 from 1999 to 2005, which the vendor made up, do so on 96 % of the days.
"""
_FEWEST = 20  # days: of fewer, a share says nothing


def caveats_of(frame: Frame) -> list[str]:
    """Return what the data of a run suffer from: what is known of their sources, and what the bars themselves show."""
    found = list(dict.fromkeys(_OF_SOURCE[one] for one in frame.sources if one in _OF_SOURCE))
    if "closes only" in frame.origin:
        found.append(f"Closes alone: {frame.origin['closes only']}.")
    share = unmoved_opens(frame)
    if share > MOST_UNMOVED:
        found.append(f"{share:.0%} of the days open exactly at the close before them: such opens were made up, and "
                     "what trades at or from an open is shaped by that.")  # fmt: skip
    return found


def unmoved_opens(frame: Frame) -> float:
    """Return the share of bars that open at their instrument's close before them; 0 of bars shorter than a day.

    Within a session it is how markets trade. A bar that does not move at all, such as one of a close alone, does not
    count; nor do fewer than twenty.
    """
    columns = frame.columns
    if columns.duration < RESOLUTIONS["1d"]:
        return 0.0
    same, counted = 0, 0
    for opens, highs, lows, closes in _by_instrument(frame):
        moved = highs[1:] > lows[1:]
        counted += int(moved.sum())
        same += int((moved & (opens[1:] == closes[:-1])).sum())
    return same / counted if counted >= _FEWEST else 0.0


def _by_instrument(frame: Frame) -> list[list[np.ndarray]]:
    """Return open, high, low and close of each instrument's own bars."""
    columns = frame.columns
    prices = [columns.opens, columns.highs, columns.lows, columns.closes]
    if columns.closes.ndim == 1:
        return [[one[columns.members == number] for one in prices] for number in range(len(frame.traded))]
    return [[one[columns.closes[:, number] != NONE, number] for one in prices] for number in range(len(frame.traded))]
