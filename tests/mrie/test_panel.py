"""The panel as of a month: which vintage is read, what is spliced, filled and marked."""

import numpy as np
import pandas as pd
import pytest

from mrie.panel import Panel, feature_rows
from mrie.panel.features import feature
from mrie.panel.interchange import interchange_rows
from mrie.panel.months import month_text, parse_month
from zeno.errors import SourceRejected


def published(*rows: tuple[str, str, str, str, float]) -> Panel:
    """A panel of rows (source, series, period, vintage, value)."""
    table = pd.DataFrame(list(rows), columns=["source", "series", "period", "vintage", "value"])
    return Panel(interchange_rows(table, "rows"))


def a_year(source: str, series: str, vintage: str, last: str, *, start: float = 100.0, months: int = 20):
    """Rows of one vintage: a value for each of the months up to ``last``, growing by one."""
    end = parse_month(last)
    return [(source, series, month_text(end - months + 1 + at), vintage, start + at) for at in range(months)]


REVISED = (
    # vintage     1990-01   1990-02   1990-03
    # 1990-02       101
    # 1990-03       102        111
    # 1990-04       102         .        121        <- February withdrawn
    ("rtdsm", "PAYROLLS", "1990-01", "1990-02", 101.0),
    ("rtdsm", "PAYROLLS", "1990-01", "1990-03", 102.0),
    ("rtdsm", "PAYROLLS", "1990-02", "1990-03", 111.0),
    ("rtdsm", "PAYROLLS", "1990-02", "1990-04", np.nan),
    ("rtdsm", "PAYROLLS", "1990-03", "1990-04", 121.0),
)


@pytest.mark.parametrize(
    ("month", "values"),
    [("1990-02", [101.0]), ("1990-03", [102.0, 111.0]), ("1990-04", [102.0, 111.5, 121.0])],
)
def test_a_month_sees_the_vintage_that_stood_then(month, values):
    view = published(*REVISED).view("payrolls", parse_month(month))
    assert view.values.tolist() == values
    assert view.basis == "vintage"


def test_a_withdrawn_month_between_known_ones_is_interpolated_and_counted():
    view = published(*REVISED).view("payrolls", parse_month("1990-04"))
    assert view.filled == 1


def test_of_two_sources_the_newer_data_win_and_on_a_tie_the_preferred_one():
    rows = a_year("fred-md", "UNRATE", "2000-03", "2000-02") + a_year("rtdsm", "UNEMP_RATE", "2000-02", "2000-01")
    assert published(*rows).view("unemployment", parse_month("2000-02")).series == "UNEMP_RATE"
    assert published(*rows).view("unemployment", parse_month("2000-03")).series == "UNRATE"
    same = a_year("fred-md", "PAYEMS", "2000-03", "2000-02") + a_year("rtdsm", "PAYROLLS", "2000-03", "2000-02")
    assert published(*same).view("payrolls", parse_month("2000-03")).source == "rtdsm"


def test_before_its_first_vintage_a_series_is_read_by_its_usual_lag_and_says_so():
    panel = published(*a_year("fred-md", "CLAIMSx", "1999-08", "1999-07"))
    view = panel.view("claims", parse_month("1999-05"))
    assert (month_text(view.last), view.basis, month_text(view.vintage)) == ("1999-04", "usual_lag", "1999-08")


def test_what_the_usual_lag_lets_in_is_masked_until_its_vintage_exists():
    panel = published(*a_year("fred-md", "CLAIMSx", "1999-08", "1999-07"))
    rows = feature_rows(panel, [parse_month("1999-05"), parse_month("1999-08")])
    assert np.isfinite(feature(rows.values, "claims_3")).tolist() == [True, True]
    assert np.isfinite(feature(rows.as_known(parse_month("1999-05")), "claims_3")).tolist() == [False, True]
    assert np.isfinite(feature(rows.as_known(parse_month("1999-08")), "claims_3")).tolist() == [True, True]


def test_a_vintage_that_starts_late_gets_the_last_longer_one_in_front_and_logs_it():
    long = a_year("rtdsm", "IP_TOTAL", "1990-01", "1989-12")
    short = [(s, n, p, "1990-02", 2 * v) for s, n, p, _, v in long[-4:]]
    gone = [(s, n, p, "1990-02", np.nan) for s, n, p, _, _ in long[:-4]]
    panel = published(*long, *short, *gone)
    view = panel.view("production", parse_month("1990-02"))
    assert view.values.tolist() == [2 * row[4] for row in long]
    described = panel.provenance(parse_month("1990-02")).iloc[0]
    assert (described["spliced_at"], described["donor"], described["adjustment"]) == ("1989-09", "1990-01", 2.0)


def test_a_series_that_stopped_says_nothing_about_now():
    panel = published(*a_year("fred-md", "PERMIT", "2000-01", "1999-12"))
    assert panel.view("permits", parse_month("2000-04")) is not None
    assert panel.view("permits", parse_month("2000-05")) is None


def test_quarterly_vintages_are_read_until_the_next_one():
    rows = a_year("rtdsm", "UNEMP_RATE", "1970-02", "1970-01") + a_year("rtdsm", "UNEMP_RATE", "1970-05", "1970-04")
    assert month_text(published(*rows).view("unemployment", parse_month("1970-04")).last) == "1970-01"


def test_the_frame_has_a_column_a_concept_and_a_row_a_period():
    frame = published(*REVISED).frame(parse_month("1990-03"))
    assert frame["payrolls"].tolist() == [102.0, 111.0]
    assert frame.index.tolist() == ["1990-01", "1990-02"]
    assert frame["claims"].isna().all()


def test_growth_is_percent_a_month():
    level = 100 * np.exp(0.01 * np.arange(20))
    rows = [(*row[:4], value) for row, value in zip(a_year("rtdsm", "IPT", "2000-01", "1999-12"), level, strict=True)]
    values = feature_rows(published(*rows), [parse_month("2000-01")]).values
    assert feature(values, "production_1")[0] == pytest.approx(1.0)
    assert feature(values, "production_12")[0] == pytest.approx(1.0)


def test_the_sahm_gap_is_zero_when_unemployment_stands_and_grows_with_it():
    flat = [(*row[:4], 5.0) for row in a_year("fred-md", "UNRATE", "2000-01", "1999-12")]
    risen = [*flat[:-3], *((*row[:4], 5.6) for row in flat[-3:])]
    gaps = [
        feature(feature_rows(published(*rows), [parse_month("2000-01")]).values, "sahm")[0] for rows in (flat, risen)
    ]
    assert gaps == pytest.approx([0.0, 0.6])


def test_a_panel_of_strangers_is_refused_with_what_it_reads():
    with pytest.raises(SourceRejected, match="It reads IP_TOTAL"):
        published(("x", "EGGS", "1990-01", "1990-02", 1.0))
