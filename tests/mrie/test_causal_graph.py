"""The declared graph: readable, complete, and not to be changed under the claims that were committed with it."""

import json
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from macro_sample import us_macro_monthly

from mrie.causal import load_graph, node_frame
from mrie.claims.predicate import Predicate, canonical, sha256
from zeno.errors import ConfigError

GRAPH = load_graph()
TEXT = files("mrie.causal").joinpath("graph.json").read_text("utf-8")
PREDICATES_OF_VERSION_1 = "404cf29bde110bc83836f09b490742dc91240fd338c0ba03deb5451ef5540af6"


def test_there_are_enough_nodes_and_edges():
    assert len(GRAPH.nodes) >= 11
    assert len(GRAPH.edges) >= 22


def test_the_committed_predicates_are_these():
    """Whoever changes an edge, a threshold or a variable meets this, and gives the graph a new version."""
    hashes = {edge.name: GRAPH.claim(edge).predicate.sha256 for edge in GRAPH.edges}
    assert GRAPH.version == 1
    assert sha256(canonical(hashes)) == PREDICATES_OF_VERSION_1


@pytest.mark.parametrize("edge", GRAPH.edges, ids=lambda edge: edge.name)
def test_every_edge_says_how_it_works_and_what_would_falsify_it(edge):
    claim = GRAPH.claim(edge)
    assert len(edge.mechanism.split()) >= 5
    assert edge.sign in {1, -1}
    assert edge.lag_months >= 1
    limits = {(c.metric, c.limit, c.threshold) for c in claim.predicate.holds_if}
    assert limits == {
        ("signed_t_1962_1989", "at_least", 1.96), ("signed_t_1990_2019", "at_least", 1.96),
        ("eras_with_sign", "at_least", 3.0), ("gain_out_of_sample", "above", 0.0),
    }  # fmt: skip
    assert Predicate.read(claim.predicate.text) == claim.predicate


@pytest.mark.parametrize("change", [
    lambda graph: graph["edges"][0].update(sign="negative" if graph["edges"][0]["sign"] == "positive" else "positive"),
    lambda graph: graph["edges"][0].update(lag_months=graph["edges"][0]["lag_months"] + 1),
    lambda graph: graph["procedure"].update(own_lags=3),
    lambda graph: graph["procedure"]["eras"].update({"2005_2019": ["2005-01", "2018-12"]}),
    lambda graph: graph["predicate"]["holds_if"][0].update(at_least=1.64),
    lambda graph: graph["nodes"][0].update(series="TB3MS"),
], ids=["sign", "lag", "lags", "era", "threshold", "variable"])  # fmt: skip
def test_whatever_decides_a_figure_is_part_of_the_predicate(change):
    changed = json.loads(TEXT)
    change(changed)
    other = load_graph(json.dumps(changed))
    assert GRAPH.claim(GRAPH.edges[0]).predicate.sha256 != other.claim(other.edges[0]).predicate.sha256


def test_where_a_node_is_drawn_is_not():
    moved = json.loads(TEXT)
    moved["nodes"][0]["place"] = [3, 3]
    other = load_graph(json.dumps(moved))
    assert GRAPH.claim(GRAPH.edges[0]) == other.claim(other.edges[0])


@pytest.mark.parametrize(("change", "problem"), [
    ({"effect": "policy_rate"}, "does not cause itself"),
    ({"effect": "moon"}, "no node moon"),
    ({"sign": "maybe"}, "sign is positive or negative"),
    ({"lag_months": 0}, "a lag is one month or more"),
    ({"mechanism": "because"}, "the mechanism is a sentence"),
])  # fmt: skip
def test_a_malformed_edge_is_refused(change, problem):
    broken = json.loads(TEXT)
    broken["edges"][0] |= change
    with pytest.raises(ConfigError, match=problem):
        load_graph(json.dumps(broken))


def test_an_edge_is_adjusted_for_its_causes_other_causes():
    edge = GRAPH.by_name["production->payrolls"]
    assert set(GRAPH.adjusted_for(edge)) == set(GRAPH.parents("production"))
    edge = GRAPH.by_name["production->credit_spread"]
    assert "credit_spread" not in GRAPH.adjusted_for(edge)


def test_variables_are_made_as_declared():
    series = us_macro_monthly()
    nodes = node_frame(series, GRAPH)
    month = pd.Timestamp("2009-03-01")
    before, at = series.loc["2009-02-01"], series.loc[month]
    assert nodes.loc[month, "term_spread"] == at["GS10"] - at["TB3MS"]
    assert nodes.loc[month, "unemployment"] == at["UNRATE"]
    assert nodes.loc[month, "housing_starts"] == pytest.approx(100 * np.log(at["HOUST"]), rel=1e-14)
    growth = 100 * np.log(at["PCE"] / at["PCEPI"] * before["PCEPI"] / before["PCE"])
    assert nodes.loc[month, "consumption"] == pytest.approx(growth, rel=1e-9)


def test_months_may_be_periods():
    series = us_macro_monthly()
    periods = series.set_axis(pd.PeriodIndex(series.index, freq="M"))
    pd.testing.assert_frame_equal(node_frame(periods, GRAPH), node_frame(series, GRAPH), check_freq=False)


def test_a_missing_series_or_month_is_named():
    series = us_macro_monthly()
    with pytest.raises(ConfigError, match="needs the series AHEMAN, HOUST"):
        node_frame(series.drop(columns=["HOUST", "AHEMAN"]), GRAPH)
    with pytest.raises(ConfigError, match="not consecutive months"):
        node_frame(series.drop(series.index[100]), GRAPH)
