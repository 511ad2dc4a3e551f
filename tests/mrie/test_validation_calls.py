"""Turning points as called: a calendar, and what counts as late, false or missed.

data months   0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 ...
NBER                   P  r  r  r  T
"""

from dataclasses import replace

import numpy as np
import pytest

from mrie.panel.cycle import Recession
from mrie.panel.months import month_text
from mrie.validation import call_turns

START = 24_000
RECESSION = Recession(START + 3, START + 7)


def calls(*called: int, months: int = 30, recession: Recession = RECESSION):
    """Calls where the readings of these data months are above one half; readings come a month after their data."""
    data_months = START + np.arange(months)
    score = np.isin(np.arange(months), called).astype(float)
    return call_turns(data_months + 1, data_months, score, (recession,))


def test_a_call_in_the_first_months_data_has_a_lag_of_two():
    found = calls(4, 5, 6, 7)
    assert (found.lags("peak"), found.lags("trough")) == ([2], [2])
    assert (found.data_lags("peak"), found.data_lags("trough")) == ([1], [1])
    assert found.turns[0].called == month_text(START + 5)
    assert (found.missed, found.false_calls) == ((), ())


def test_a_recession_under_way_is_not_missed_yet_and_has_no_trough_to_call():
    under_way = replace(RECESSION, open=True)
    assert calls(recession=RECESSION).missed == (month_text(RECESSION.peak),)
    assert calls(recession=under_way).missed == ()
    called = calls(4, 5, recession=under_way)
    assert (called.lags("peak"), called.lags("trough")) == ([2], [])


def test_lags_are_counted_to_the_publication_not_to_the_data():
    data_months = START + np.arange(30)
    score = np.isin(np.arange(30), [4, 5, 6, 7]).astype(float)
    late = call_turns(data_months + 3, data_months, score, (RECESSION,))
    assert late.lags("peak") == [4]


def test_the_trough_is_the_end_of_the_last_spell():
    assert calls(5, 7, 8, 9).lags("trough") == [4]
    assert calls(4, 5).lags("trough") == [0]


@pytest.mark.parametrize(
    ("called", "false_calls"), [((0,), 0), ((4, 10), 0), ((4, 11), 1), ((4, 20, 21), 1), ((4, 20, 22), 2)]
)
def test_early_calls_and_echoes_are_no_false_calls(called, false_calls):
    assert len(calls(*called).false_calls) == false_calls


def test_early_means_within_six_months():
    later = Recession(START + 12, START + 16)
    assert len(calls(7, recession=later).false_calls) == 0
    assert len(calls(6, recession=later).false_calls) == 1


def test_an_uncalled_recession_is_missed():
    assert calls(0).missed == (month_text(RECESSION.peak),)


def test_a_recession_before_the_span_or_beyond_it_does_not_count():
    assert calls(recession=Recession(START - 9, START - 1)).missed == ()
    assert calls(recession=Recession(START + 29, START + 34)).missed == ()
    half = calls(0, 1, recession=Recession(START - 3, START + 1))
    assert (half.lags("peak"), half.lags("trough")) == ([], [2])
