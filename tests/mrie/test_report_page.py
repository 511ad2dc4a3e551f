"""The page of the risk report: the finding first, every section with something to say, nothing from outside trusted."""

import json
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from importlib.resources import files
from xml.etree import ElementTree as ET

import pytest
from risk_reports import bare, history, month, reading, report

from mrie.report import CalibrationBin, Edge, Graph, Recession, Scenario, render_page, write_page
from mrie.report.page import SECTIONS
from mrie.report.words import finding
from zeno.errors import ContractError

NOT_A_NUMBER = re.compile(r"\b([nN]a[nN]|[iI]nf|[iI]nfinity|None|undefined)\b")
SCRIPT = "<script>alert(1)</script>"
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Balanced(HTMLParser):
    """Holds that every element is closed where it was opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())


def checked(given=None) -> str:
    """Render a report and hold what every page must hold."""
    page = render_page(given or report())
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ET.fromstring(drawing)
    body = re.sub(r"<style>.*?</style>|<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not NOT_A_NUMBER.search(body), NOT_A_NUMBER.search(body)
    assert len(page.encode()) < 400_000
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    return page


def section(page: str, key: str) -> str:
    return page.split(f'<section id="{key}">')[1].split("</section>")[0]


class TestWhole:
    @pytest.mark.parametrize("made", [report, bare])
    def test_a_page_needs_nothing_but_itself(self, made) -> None:
        page = checked(made())
        assert not re.search(r"https?:|//\w|@import|url\((?!#)|<link|<img|<iframe|\bsrc\s*=|fetch\(", page)
        assert all(target.startswith("#") for target in re.findall(r'\bhref\s*=\s*"([^"]*)"', page))
        assert page.count("<script") == 2
        assert "prefers-color-scheme:dark" in page

    @pytest.mark.parametrize("made", [report, bare])
    def test_every_section_is_there_in_order_and_in_the_contents(self, made) -> None:
        page = checked(made())
        places = [page.index(f'<section id="{key}"><h2>{name}</h2>') for key, name in SECTIONS]
        assert places == sorted(places)
        assert re.findall(r'<a href="#(\w+)">', page) == [key for key, _ in SECTIONS]

    def test_the_finding_comes_before_everything_else(self) -> None:
        page = checked()
        told = page.index(finding(report().reading).sentence)
        assert told < page.index("Risk monitoring, never a trade signal") < page.index('class="gauge')
        assert page.index('class="gauge') < page.index("<nav") < page.index("History</h2>")

    def test_it_says_what_it_is_and_what_it_is_not(self) -> None:
        page = checked()
        for words in ("never a trade signal", "United States only", "Filtered probabilities", "No strategy reads it"):
            assert words in page
        assert "1 of 2 series are as revised since" in page
        dated = tuple(replace(one, real_vintages=True) for one in report().freshness)
        assert "the data are the vintages of the day" in checked(report(freshness=dated))

    def test_it_is_written_as_utf8(self, tmp_path) -> None:
        assert write_page(report(), tmp_path / "risk.html").read_text(encoding="utf-8").startswith("<!doctype html>")

    def test_its_colours_have_contrast_in_both_schemes(self) -> None:
        paper = re.findall(r":root\{--paper:(#\w{6})", files("zeno.drawing").joinpath("base.css.j2").read_text())
        schemes = re.findall(r":root\{(--hmm[^}]+)\}", files("mrie.report").joinpath("style.css.j2").read_text())
        assert len(paper) == len(schemes) == 2
        for ground, scheme in zip(paper, schemes, strict=True):
            colours = dict(re.findall(r"--(\w+):(#\w{6})", scheme))
            assert all(contrast(colours[name], ground) >= 4.5 for name in ("hmm", "ms", "combined"))


class TestFinding:
    def test_models_that_agree_give_one_probability(self) -> None:
        found = finding(reading())
        assert found.headline == "Recession risk in February\u00a02009: 93\u00a0%, range 88\u00a0% to 97\u00a0%"
        assert (
            "the three agree (Gaussian HMM 88\u00a0%, Markov switching 97\u00a0%; the third is a logit)"
            in found.sentence
        )
        assert "in February 2009 is put at 93\u00a0%" in found.sentence

    @pytest.mark.parametrize(
        ("low", "high", "apart"),
        [(0.05, 0.24, False), (0.05, 0.25, True), (0.48, 0.53, True), (0.5, 0.6, False), (0.3, 0.49, False)],
    )
    def test_models_disagree_when_far_apart_or_on_both_sides_of_even_odds(self, low, high, apart) -> None:
        made = reading(p_hmm=low, p_ms=high, p_combined=(low + high) / 2, low=low, high=high)
        assert finding(made).disagree == apart

    def test_a_disagreement_is_the_headline_and_its_reason_follows(self) -> None:
        made = reading(p_hmm=0.08, p_ms=0.61, p_combined=0.34, low=0.08, high=0.61, why="Spreads are calm.")
        page = checked(report(reading=made))
        assert "<h1>The models disagree: recession risk in February\u00a02009 from 8\u00a0% to 61\u00a0%</h1>" in page
        assert "(Gaussian HMM 8\u00a0%, Markov switching 61\u00a0%; the third is a logit). Spreads are calm." in page
        assert 'class="gauge apart"' in page

    def test_a_silent_model_is_said_to_be_silent(self) -> None:
        made = reading(p_hmm=None)
        page = checked(report(reading=made))
        assert "there is no reading of Gaussian HMM, so agreement cannot be judged" in page
        assert 'aria-label="Markov switching 97\u00a0%, Combined 93\u00a0%"' in page

    def test_no_probability_is_told_as_certain(self) -> None:
        made = reading(p_hmm=0.0, p_ms=1.0000000000000002, p_combined=0.999, low=0.0, high=1.0000000000000002)
        sentence = finding(made).sentence
        assert "<\u202f1\u00a0%" in sentence
        assert ">\u202f99\u00a0%" in sentence
        checked(report(reading=made))


class TestSections:
    def test_history_shows_readings_range_and_recessions(self) -> None:
        text = section(checked(), "history")
        assert text.count('class="recession"') == 2
        assert text.count('class="range"') == 2
        assert all(f'class="line {css}"' in text for css in ("hmm", "ms", "combined"))
        probes = json.loads(re.search(r'id="probes">(.*?)</script>', checked())[1])
        assert list(probes["recent"]) == ["x", "t", "Combined", "Gaussian HMM", "Markov switching"]
        assert len(probes["history"]["x"]) == 110

    def test_a_recession_is_shown_only_once_it_was_announced(self) -> None:
        given = report()
        first, second = given.known_recessions
        assert first == given.recessions[0]
        assert (second.trough, second.trough_announced) == (None, None)
        before = replace(given, as_of=given.as_of.replace(year=2008, month=11))
        assert before.known_recessions == (first,)
        assert "2009-06" not in section(checked(), "track")

    def test_the_track_record_has_the_combination_first_and_its_turning_points(self) -> None:
        text = section(checked(), "track")
        assert text.index("Both models") < text.index("Sahm rule")
        assert "48 configurations were tried" in text
        for words in ("0.978", "0.95–0.99", "0.036", "3 (2 to 4)", "97\u00a0%", "12 months after", "4 months after"):
            assert words in text
        assert text.index("2007-12") < text.index("2001-03")
        assert "not called" in text

    def test_calibration_is_drawn_and_listed_by_probability(self) -> None:
        text = section(checked(), "calibration")
        assert text.index("5\u00a0%</th><td>1\u00a0%</td><td>89") < text.index("90\u00a0%</th><td>80\u00a0%</td><td>20")
        assert re.findall(r'class="spot" style="left:([\d.]+)%;top:([\d.]+)%', text) == [
            ("5.0", "99.0"),
            ("90.0", "20.0"),
        ]

    def test_the_graph_is_drawn_and_every_edge_listed_with_why_it_fell(self) -> None:
        text = section(checked(), "graph")
        assert text.count('class="node"') == 3
        assert len(re.findall(r'<path class="edge (?:holds|withdrawn) ', text)) == 2
        assert text.index("✓ holds") < text.index("⊘ withdrawn")
        assert "Its sign turned between eras." in text
        assert re.search(r">Nonfarm payrolls of</tspan><tspan [^>]*>all establishments</tspan>", text)

    def test_scenarios_tell_conditioning_from_do_and_why_one_was_refused(self) -> None:
        text = section(checked(), "scenarios")
        assert text.index("conditioning</span>") < text.index("do()</span>")
        assert "<b>Refused.</b> Outside the support." in text
        assert "Housing starts, thousand a year" in text
        assert "Bands are 90\u00a0% bands" in text
        assert 'class="line without"' in text

    def test_withdrawn_claims_come_first_with_their_reason_and_hash(self) -> None:
        text = section(checked(), "claims")
        assert text.index("Peaks are called in two months.") < text.index("Both are better than each.")
        assert "2007-12 took four." in text
        assert "cdcdcdcdcdcd" in text
        assert "2 claims committed before being judged: 1 hold, 0 failed, 1 withdrawn, 0 not judged yet." in text

    def test_claims_that_the_graph_has_told_are_folded_and_withdrawn_ones_never(self) -> None:
        first, *others = (one for one in report().claims if one.status == "holds")
        edge = replace(first, claim_id="edge/a->b/1", statement="a raises b")
        gone = replace(next(one for one in report().claims if one.status == "withdrawn"), claim_id="edge/c->d/1")
        text = section(render_page(replace(report(), claims=(first, edge, gone, *others))), "claims")
        assert text.index(gone.statement) < text.index("<details>") < text.index("a raises b")
        assert "1 claim on edges of the graph above" in text

    def test_data_say_their_vintage_and_what_is_overdue(self) -> None:
        text = section(checked(), "data")
        assert "1 of 2 series with dated vintages" in text
        assert "Overdue: GS10." in text
        assert text.count('<tr class="late">') == 1

    def test_drift_tells_ringing_quiet_and_not_running_apart(self) -> None:
        text = section(checked(), "drift")
        assert "1 of 3 alarms on." in text
        assert text.index("! since 2008-10") < text.index("✓ quiet") < text.index("– not running")

    def test_warnings_are_counted_at_the_top(self) -> None:
        assert re.search(
            r'>Warnings</dt><dd class="num bad">2</dd><dd class="note">1 drift, 1 late; 1 claim', checked()
        )

    @pytest.mark.parametrize(
        ("key", "words"),
        [
            ("history", "only the current reading is there"),
            ("track", "nothing has been validated yet"),
            ("calibration", "no months with a probability and an outcome"),
            ("graph", "no causal graph was tested"),
            ("scenarios", "no scenario was asked for"),
            ("claims", "nothing was claimed"),
            ("data", "no inputs were recorded"),
            ("drift", "no alarm is running"),
        ],
    )
    def test_an_empty_section_says_why(self, key, words) -> None:
        text = section(checked(bare()), key)
        assert 'class="empty"' in text
        assert words in text


class TestDistrust:
    def test_what_comes_from_outside_is_escaped_everywhere(self) -> None:
        def poisoned(value):
            if isinstance(value, str) and value not in {
                "holds",
                "withdrawn",
                "combined",
                "baseline",
                "do",
                "conditioning",
            }:
                return value + SCRIPT
            if isinstance(value, tuple):
                return tuple(poisoned(item) for item in value)
            if hasattr(value, "__dataclass_fields__") and not isinstance(value, date):
                changes = {name: poisoned(getattr(value, name)) for name in value.__dataclass_fields__}
                return replace(value, **changes)
            return value

        given = poisoned(report())
        given = replace(given, graph=replace(given.graph, svg=""), scenarios=tuple(
            replace(one, refused="" if one.paths else one.refused) for one in given.scenarios))  # fmt: skip
        page = checked(given)
        assert "<script>alert" not in page
        assert page.count("&lt;script&gt;alert") > 40

    def test_a_drawing_made_elsewhere_is_shown(self) -> None:
        svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><g><rect width="3" height="3"/></g></svg>'
        text = section(checked(report(graph=replace(report().graph, svg=svg))), "graph")
        assert '<svg viewBox="0 0 9 9"><g><rect width="3" height="3" /></g></svg>' in text

    @pytest.mark.parametrize(
        "inside",
        [
            "<script>alert(1)</script>",
            "<foreignObject/>",
            "<image/>",
            "<style>@import 'x'</style>",
            '<rect onload="alert(1)"/>',
            '<rect ONCLICK="alert(1)"/>',
            '<g xmlns:l="http://www.w3.org/1999/xlink" l:href="x"/>',
            '<rect fill="url(http://a)"/>',
            '<rect style="background:url(//a)"/>',
            "<rect>",
        ],
    )
    def test_a_drawing_that_could_act_or_fetch_is_refused(self, inside) -> None:
        svg = f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>'
        with pytest.raises(ContractError, match="drawing cannot be shown"):
            render_page(report(graph=replace(report().graph, svg=svg)))

    @pytest.mark.parametrize("svg", ["<div/>", '<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>', "text"])
    def test_what_is_no_drawing_is_refused(self, svg) -> None:
        with pytest.raises(ContractError, match="drawing cannot be shown"):
            render_page(report(graph=Graph(svg=svg)))

    @pytest.mark.parametrize(
        ("changes", "fault"),
        [
            ({"reading": reading(p_hmm=1.2)}, "p_hmm of 2009-02 is 1.2, no probability"),
            ({"reading": reading(p_combined=float("nan"))}, "reading.p_combined is nan"),
            ({"reading": reading(low=0.95)}, "range of 2009-02 does not hold its reading"),
            ({"history": history()[::-1]}, "the history have 2008-12 after 2009-01"),
            ({"history": (*history(), replace(history()[0], month=month(110)))}, "beyond the current reading"),
            ({"recessions": (Recession(peak=month(9), trough=None),) * 2}, "the recessions have"),
            ({"calibration": (CalibrationBin(0.5, 1.5, 3),)}, "calibration bin at 0.5"),
            ({"as_of": report().as_of.replace(tzinfo=None)}, "as_of has no time zone"),
            ({"claims": (replace(report().claims[0], status="true"),)}, "'true' is none of holds"),
            ({"scenarios": (replace(report().scenarios[0], sense="see"),)}, "'see' is none of forecast"),
            ({"scenarios": (Scenario(name="x", sense="do", assumption=""),)}, "x needs paths or a reason"),
            (
                {"scenarios": (replace(report().scenarios[0], paths=(replace(
                    report().scenarios[0].paths[0], low=(900.0,) * 3),)),)},
                "its band does not hold its path",
            ),
            (
                {"scenarios": (replace(report().scenarios[0], paths=(replace(
                    report().scenarios[0].paths[0], low=(1.0,)),)),)},
                "not of one length",
            ),
            (
                {"scenarios": (replace(report().scenarios[0], paths=(replace(
                    report().scenarios[0].paths[0], baseline=(1.0,)),)),)},
                "its baseline is not as long as it is",
            ),
        ],
    )  # fmt: skip
    def test_a_record_that_cannot_be_true_is_not_shown(self, changes, fault) -> None:
        with pytest.raises(ContractError, match=re.escape(fault)):
            render_page(report(**changes))

    def test_all_faults_are_named_at_once(self) -> None:
        with pytest.raises(ContractError, match=r"p_ms.*as_of") as caught:
            render_page(report(reading=reading(p_ms=-0.5), as_of=report().as_of.replace(tzinfo=None)))
        assert caught.value.remedy

    def test_an_edge_of_an_unknown_node_is_listed_and_not_drawn(self) -> None:
        odd = Edge(cause="gold", effect="payrolls", sign=1, lag_months=1, mechanism="?", status="open")
        given = report(graph=replace(report().graph, edges=(*report().graph.edges, odd)))
        text = section(checked(given), "graph")
        assert "gold → payrolls" in text
        assert 'class="edge open ' not in text


def contrast(one: str, two: str) -> float:
    """Return the contrast ratio of WCAG 2."""
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
