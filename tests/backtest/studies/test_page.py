"""The pages of studies: what a reader needs is there, nothing comes from outside, and names cannot break them."""

import re
from html.parser import HTMLParser

import pytest
from study_bench import answer, bars_file, spec

from backtest.studies import ablation, monte_carlo, regime, sweep
from backtest.studies.page import Page, Tile, fan_chart, heat_of, table, whiskers, write_page

GRID = {"axes": {"fast": [2, 5], "slow": [20, 30]}, "sample": {"method": "grid", "count": 0, "seed": 0}}
ASKED = {
    "sweep": (sweep.KIND, {"space": GRID, "chunk": 3}, ["Probability of overfitting", "fast 2, slow 20", "In sample"]),
    "monte_carlo": (monte_carlo.KIND, {"methods": ["trade_order", "returns", "prices", "costs"], "draws": 5, "chunk": 5,
                                       "factors": ["1", "2"], "block": 0.0}, ["Cost stress", "Quantiles", "bps:10"]),
    "ablation": (ablation.KIND, {"groups": ["costs", "indicators"], "without": [], "sources": {}},
                 ["no fees", "no quick by fast", "Difference of the Sharpe ratio"]),
    "regime": (regime.KIND, {"space": GRID, "each_symbol": False, "readings": [],
                             "regime": {"source": "trend", "window": 20, "warm": 1}}, ["up", "as known when each"]),
}  # fmt: skip
VOID = {"meta", "br"}


class Balanced(HTMLParser):
    """Collects what is not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.wrong.append(tag)


@pytest.mark.parametrize("name", ASKED)
def test_a_page_says_what_came_of_it_and_needs_nothing_else(tmp_path, name):
    kind, more, words = ASKED[name]
    page = answer(kind, spec(kind, bars_file(tmp_path), **more), tmp_path).pages["page"].read_text()
    assert [word for word in words if word not in page] == []
    assert re.findall(r"(?:src|href)=|url\(|@import|https?://(?!www\.w3\.org)", page) == []
    assert not re.search(r"\bnan\b|\binf\b|None", page)
    parser = Balanced()
    parser.feed(page)
    assert (parser.open, parser.wrong) == ([], [])


def test_what_comes_from_outside_is_escaped(tmp_path):
    evil = "<script>alert(1)</script>"
    page = Page(evil, evil, (evil,), (evil,), (Tile(evil, evil),), tables=(table(evil, [{"name": evil}], ["name"]),),
                whiskers_title=evil, whiskers=whiskers([(evil, 0.0, 1.0, 2.0)]))  # fmt: skip
    text = write_page(page, tmp_path / "page.html").read_text()
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 8


def test_whiskers_share_a_scale_that_has_zero():
    one, two = whiskers([("a", 1.0, 2.0, 4.0), ("none", None, 1.0, None), ("b", -4.0, -1.0, 0.0)])
    assert (one.low, one.middle, one.high, one.zero) == (62.5, 75.0, 100.0, 50.0)
    assert (two.low, two.high, two.zero) == (0.0, 50.0, 50.0)
    assert whiskers([]) == ()


def test_a_heat_map_has_its_largest_score_as_the_strongest_colour():
    found = {
        "x": {"name": "a", "values": [1, 2]},
        "y": {"name": "b", "values": [5, 6]},
        "scores": [[1.0, None], [-2.0, 0.0]],
    }
    heat = heat_of("scores", found, str)
    assert heat is not None
    assert heat.rows == (("b 6", (("-2.0", -1.0), ("0.0", 0.0))), ("b 5", (("1.0", 0.5), ("–", None))))
    assert heat_of("scores", {"reason": "one axis"}, str) is None


def test_a_fan_ends_where_its_quantiles_end():
    fan = {"axis": "trades", "at": [0, 5, 10], "levels": (0.05, 0.5, 0.95), "bands": [[1, 1, 1], [1, 2, 3], [1, 3, 6]]}
    chart = fan_chart("k", "Fan", fan)
    assert "5% at 1.00, 50% at 3.00, 95% at 6.00" in chart.description
    assert [text for _, text, _ in chart.x_labels] == ["0", "2", "5", "7", "10"]
    assert str(chart.shapes).count("area soft") == 1


def test_a_column_without_a_word_is_left_out():
    assert table("t", [{"a": 1, "b": ""}, {"a": 2, "b": ""}], ["a", "b"]).columns == ("a",)
    assert table("t", [{"a": 1, "b": ""}, {"a": 2, "b": "x"}], ["a", "b"]).columns == ("a", "b")
