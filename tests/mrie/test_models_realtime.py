"""No look-ahead: a reading is a function of what was published by its month, and of nothing else."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from macro_vintages import corrupted_after, economy, known_by

from mrie.models import read_months
from mrie.panel import Panel
from mrie.panel.interchange import interchange_rows
from mrie.panel.months import parse_month
from zeno.errors import ConfigError

FIRST, CUT, LAST = "1989-10", "1990-11", "1991-06"
CUTS = ("1990-01", CUT)
"""The month of a refit, where a refit that peeks shows, and one between."""

PUBLISHED = economy(last="1991-12")


def panel(table: pd.DataFrame) -> Panel:
    """A panel of vintages."""
    return Panel(interchange_rows(table, "economy"))


def readings(table: pd.DataFrame, first: str = FIRST, last: str = LAST, **options) -> pd.DataFrame:
    """Readings of a span, by month."""
    return read_months(panel(table), parse_month(first), parse_month(last), **options).table.set_index("month")


@cache
def honest() -> pd.DataFrame:
    """The readings that the gates compare with."""
    return readings(PUBLISHED)


def until(table: pd.DataFrame, month: str) -> pd.DataFrame:
    """The readings made by ``month``."""
    return table[table.index <= parse_month(month)]


@pytest.mark.parametrize("cut", CUTS)
def test_corrupting_every_later_vintage_moves_no_reading(cut: str):
    corrupted = readings(corrupted_after(PUBLISHED, cut))
    pd.testing.assert_frame_equal(until(corrupted, cut), until(honest(), cut), check_exact=True)
    assert not until(corrupted, LAST)["p_combined"].equals(honest()["p_combined"])  # it did corrupt


def test_the_gate_catches_a_peek_of_one_month():
    """Plant the peek: the value of the next vintage is put where this month's stood."""
    peeked = PUBLISHED.assign(vintage=_a_month_early(PUBLISHED["vintage"]))
    spoiled = corrupted_after(PUBLISHED, CUT).assign(vintage=peeked["vintage"])
    moved = until(readings(peeked), CUT)["p_combined"] - until(readings(spoiled), CUT)["p_combined"]
    assert moved.abs().max() > 1e-6


@pytest.mark.parametrize("cut", CUTS)
def test_a_reading_is_rebuilt_bit_for_bit_from_its_as_of_view(cut: str):
    rebuilt = readings(known_by(PUBLISHED, cut), last=cut)
    pd.testing.assert_frame_equal(rebuilt, until(honest(), cut), check_exact=True)


def test_a_reading_does_not_depend_on_the_span_asked_for():
    alone = readings(PUBLISHED, first=CUT, last=CUT)
    pd.testing.assert_frame_equal(alone, honest().loc[[parse_month(CUT)]], check_exact=True)


def test_the_range_holds_the_members_and_the_combination():
    table = honest()
    members = table[["p_hmm", "p_ms", "p_logit"]]
    np.testing.assert_array_equal(table["low"], members.min(axis=1))
    np.testing.assert_array_equal(table["high"], members.max(axis=1))
    assert table["p_combined"].between(table["low"], table["high"]).all()


def test_a_reading_is_made_a_month_after_its_data():
    assert (honest().index - honest()["data_month"]).eq(1).all()


def test_vintages_only_ignores_what_is_known_by_its_usual_lag():
    claims = PUBLISHED["series"] == "CLAIMSx"
    late = PUBLISHED[~claims | (PUBLISHED["vintage"] >= "1991-12")]
    late = pd.concat([late, PUBLISHED[claims & (PUBLISHED["vintage"] < "1991-12")].assign(vintage="1991-12")])
    late = late.drop_duplicates(["series", "period", "vintage"])
    moved = late.assign(value=np.where(late["series"] == "CLAIMSx", late["value"] ** 1.5, late["value"]))
    strict = [readings(table, first=CUT, last=CUT, vintages_only=True) for table in (late, moved)]
    usual = [readings(table, first=CUT, last=CUT) for table in (late, moved)]
    pd.testing.assert_frame_equal(*strict, check_exact=True)
    assert not usual[0].equals(usual[1])


def test_missing_series_and_gaps_are_read_over():
    few = PUBLISHED[PUBLISHED["series"].isin(["PAYROLLS", "IP_TOTAL"])]
    gappy = few[~((few["series"] == "IP_TOTAL") & few["vintage"].isin(["1990-05", "1990-06"]))]
    table = readings(gappy, first="1990-04", last="1990-09")
    assert len(table) == 6
    assert table[["p_hmm", "p_ms", "p_combined"]].notna().all(axis=None)


def test_months_after_the_vintages_are_skipped_and_none_at_all_is_an_error():
    short = read_months(panel(known_by(PUBLISHED, CUT)), parse_month(CUT), parse_month("1992-12"))
    assert short.skipped[-1] == "1992-12"
    assert short.table["month"].max() == parse_month(CUT) + 3
    with pytest.raises(ConfigError, match="vintages end in 1990-11"):
        read_months(panel(known_by(PUBLISHED, CUT)), parse_month("1995-01"), parse_month("1995-12"))
    with pytest.raises(ConfigError, match="before"):
        read_months(panel(PUBLISHED), parse_month("1990-02"), parse_month("1990-01"))


def _a_month_early(vintages: pd.Series) -> list[str]:
    from mrie.panel.months import month_text

    return [month_text(parse_month(text) - 1) for text in vintages]
