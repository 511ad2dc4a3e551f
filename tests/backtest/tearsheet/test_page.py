import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backtest.tearsheet import RunRecord, render_page, tear_sheet, write_page

NOT_A_NUMBER = re.compile(r"\b([nN]a[nN]|[iI]nf|[iI]nfinity|None|undefined)\b")


def checked(record):
    """Render a record and hold what every page must hold."""
    sheet = tear_sheet(record)
    json.dumps(sheet.to_dict(), allow_nan=False)
    page = render_page(sheet)
    body = re.sub(r"<style>.*?</style>|<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not NOT_A_NUMBER.search(body), NOT_A_NUMBER.search(body)
    assert len(page.encode()) < 400_000
    return page


def test_a_page_needs_nothing_but_itself(walk):
    page = checked(walk)
    assert not re.search(r"https?:|//\w|@import|url\(|<link|<img|<iframe|\bsrc\s*=|\bhref\s*=|fetch\(", page)
    assert page.count("<script") == 2
    assert "prefers-color-scheme:dark" in page


def test_figures_are_in_the_html_without_the_script(walk):
    page = checked(walk)
    sheet = tear_sheet(walk)
    assert f"{sheet.performance.sharpe.value:.2f}" in page
    assert "Deflated Sharpe ratio" in page
    assert page.index("Growth") < page.index("Months") < page.index("Skill or luck") < page.index("Settings")
    assert "digest" in page


def test_the_crosshair_reads_the_strategy_first(walk):
    data = json.loads(re.search(r'id="probes">(.*?)</script>', checked(walk))[1])
    assert list(data["equity"]) == ["x", "t", "Strategy", "Buy and hold"]
    assert len({len(column) for column in data["equity"].values()}) == 1
    assert data["equity"]["x"] == sorted(data["equity"]["x"])


def test_every_drawing_has_a_name_and_a_description(walk):
    page = checked(walk)
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawings) == 5  # a run without fills has no turnover and no histogram
    for drawing in drawings:
        ids = re.search(r'aria-labelledby="(\S+) (\S+)"', drawing)
        assert ids
        assert re.search(rf'<title id="{ids[1]}">[^<]+</title><desc id="{ids[2]}">[^<]+</desc>', drawing)
    assert len(set(re.findall(r'id="([^"]+)"', page))) == len(re.findall(r'id="([^"]+)"', page))


def test_what_comes_from_outside_is_escaped(make):
    page = checked(make([100, 101], title="<script>alert(1)</script>", settings={"a<b": "</style><b>"}, currency="&"))
    assert "<script>alert" not in page
    assert "</style><b>" not in page


EDGES = {
    "empty": [],
    "one mark": [100],
    "constant": [100] * 60,
    "ruin": [100] * 30 + [-20] * 30,
    "ruin at once": [0] * 30,
    "doubling": [100 * 1.5**i for i in range(60)],
    "two values": [100, 101] * 40,
}


@pytest.mark.parametrize("name", EDGES)
def test_edges_give_a_page_with_reasons(make, name):
    page = checked(make(EDGES[name]))
    if name in ("empty", "one mark", "ruin", "ruin at once"):
        assert "–" in page
        assert re.search("fewer than 20 sessions|fell to zero", page)
    if name == "constant":
        assert "returns do not vary" in page


def test_exposure_of_nothing_is_not_drawn_as_a_number(make):
    checked(make([100] * 40, exposure=float("inf")))
    assert tear_sheet(make([100] * 40, exposure=float("nan"))).exposure.mean_gross.value is None


def test_one_day_of_minutes(make):
    moments = [datetime(2024, 5, 6, 13, 30, tzinfo=UTC) + timedelta(minutes=i) for i in range(390)]
    page = checked(make(100 + np.sin(np.arange(390) / 30), moments=moments))
    assert "1 session<" in page
    assert "15:00" in page


def test_a_million_marks_stay_below_the_limit():
    count = 1_000_000
    random = np.random.default_rng(9)
    equity = (100_000 * np.exp(np.cumsum(random.normal(0, 3e-4, count)))).round(2)
    ts = pa.array(np.datetime64("2021-01-01", "us") + np.arange(count) * np.timedelta64(1, "m"))
    marks = pa.table(
        {
            "ts": ts.cast(pa.timestamp("us", "UTC")),
            "equity": pa.array(equity).cast(pa.decimal128(38, 8)),
            "gross_exposure": random.random(count),
            "net_exposure": random.random(count) - 0.5,
        }
    )
    benchmark = pa.table({"ts": marks["ts"], "close": equity[::-1]})
    page = checked(RunRecord("big", {}, "USD", Decimal(100_000), marks, benchmark=benchmark))
    assert len(page) > 50_000


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.one_of(st.floats(-10, 300), st.sampled_from([0.0, 1e-8, 1e15, 100.0])), max_size=90),
    st.integers(1, 10**6),
    st.sampled_from([timedelta(seconds=1), timedelta(hours=5), timedelta(days=1), timedelta(days=40)]),
)
def test_no_run_puts_a_non_number_on_a_page(make, equity, trials, step):
    record = make(equity, trials=trials, step=step)
    sheet = tear_sheet(record)
    checked(record)
    assert all(fall.depth <= 0 for fall in sheet.drawdowns.top)


def test_the_page_is_written_as_utf8(walk, tmp_path):
    target = write_page(tear_sheet(walk), tmp_path / "run.html")
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_text_has_contrast_in_both_schemes():
    css = files("zeno.drawing").joinpath("base.css.j2").read_text(encoding="utf-8")
    schemes = re.findall(r":root\{(--paper[^}]+)\}", css)
    assert len(schemes) == 2
    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+):(#\w{6})", scheme))
        for name in ("ink", "soft", "accent", "gain", "loss"):
            assert contrast(colours[name], colours["paper"]) >= 4.5, name
        assert contrast(colours["other"], colours["paper"]) >= 3.0  # lines only
        assert contrast(colours["ink"], colours["wash"]) >= 4.5


def contrast(one, two):
    """Return the contrast ratio of WCAG 2."""
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
