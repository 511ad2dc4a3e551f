"""The graph's evaluation: nothing is computed before it is committed, verdicts are the ledger's, results are kept."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from builders import NOW
from planted_graph import planted_graph, planted_series

from mrie.causal import commit_graph, edge_rows, evaluate_graph, load_graph, node_frame, surviving
from mrie.causal.picture import STYLES, graph_picture
from mrie.claims import Ledger
from mrie.store import MrieStore
from zeno.clock import ManualClock
from zeno.errors import ClaimRefused

PLANTED = planted_graph()
NODES = node_frame(planted_series(), PLANTED)


@pytest.fixture
def store(warehouse):
    return MrieStore(warehouse, clock=ManualClock(NOW, tick=1.0))


@pytest.fixture
def ledger(store):
    return Ledger(store, run_id="run-1")


def never(function, tasks):
    raise AssertionError("an edge was evaluated")


def test_no_edge_is_evaluated_before_it_is_committed(ledger):
    with pytest.raises(ClaimRefused, match="not committed before it was evaluated"):
        evaluate_graph(NODES, PLANTED, ledger, map_=never)


def test_no_edge_is_evaluated_by_another_predicate_than_the_committed(ledger):
    commit_graph(PLANTED, ledger)
    easier = planted_graph(flip_t=3.0)
    with pytest.raises(ClaimRefused, match="committed with another predicate"):
        commit_graph(easier, ledger)
    with pytest.raises(ClaimRefused, match="committed with another predicate"):
        evaluate_graph(NODES, easier, ledger, map_=never)


def test_commitments_come_before_evaluations_in_the_ledger(ledger):
    assert commit_graph(PLANTED, ledger) == 3
    evaluate_graph(NODES, PLANTED, ledger)
    for history in ledger.histories().values():
        committed, evaluated = history.events
        assert (committed.event, evaluated.event) == ("committed", "evaluated")
        assert committed.recorded_at < evaluated.recorded_at
        assert json.loads(evaluated.evidence)["eras_with_sign"] >= 0


def test_the_verdicts_and_what_survives(ledger):
    commit_graph(PLANTED, ledger)
    readings = evaluate_graph(NODES, PLANTED, ledger)
    assert [reading.status for reading in readings] == ["holds", "failed", "withdrawn"]
    assert surviving(readings) == {"driver->follower"}


def test_the_same_graph_twice_is_once(ledger, store):
    commit_graph(PLANTED, ledger)
    first = evaluate_graph(NODES, PLANTED, ledger)
    again = Ledger(store, run_id="run-2")
    assert commit_graph(PLANTED, again) == 0
    assert evaluate_graph(NODES, PLANTED, again) == first
    assert {len(history.events) for history in again.histories().values()} == {2}


def test_what_was_withdrawn_stays_withdrawn_whatever_later_data_say(ledger):
    commit_graph(PLANTED, ledger)
    evaluate_graph(NODES, PLANTED, ledger)
    kinder = planted_series()
    kinder["TURNCOAT"] = kinder["FOLLOWER"] + 0.1
    readings = evaluate_graph(node_frame(kinder, PLANTED), PLANTED, ledger)
    turncoat = readings[2]
    assert turncoat.result.verdict == "holds"
    assert turncoat.status == "withdrawn"
    assert "opposite_eras" in turncoat.reason
    assert len(ledger.histories()["edge/driver->turncoat/1"].events) == 2


def test_readings_are_kept_with_their_placebos(ledger, store):
    commit_graph(PLANTED, ledger)
    readings = evaluate_graph(NODES, PLANTED, ledger, placebos=4, seed=2)
    rows = edge_rows(readings, PLANTED)
    assert store.write_edges(rows, run_id="run-1") == 3
    assert store.write_edges(edge_rows(readings, PLANTED), run_id="run-1") == 0
    kept = {row["edge"]: row for row in store.edges(as_of=store.now()).to_pylist()}
    follower = kept["driver->follower"]
    assert (follower["status"], follower["placebos"], follower["failed"]) == ("holds", 4, "")
    assert follower["placebo_rate"] <= 0.25
    assert follower["t_first"] == readings[0].result.metrics["t_1962_1989"]
    assert json.loads(follower["evidence"])["gain_out_of_sample"] == follower["gain_out_of_sample"]
    assert follower["predicate_sha256"] == PLANTED.claim(PLANTED.edges[0]).predicate.sha256


def test_an_edge_without_enough_data_is_kept_as_failed(ledger, store):
    short = NODES.copy()
    short.loc[:"1985", "driver"] = float("nan")
    commit_graph(PLANTED, ledger)
    readings = evaluate_graph(short, PLANTED, ledger)
    store.write_edges(edge_rows(readings, PLANTED), run_id="run-1")
    kept = store.edges(as_of=store.now()).to_pylist()[0]
    assert (kept["edge"], kept["status"]) == ("driver->follower", "failed")
    assert json.loads(kept["evidence"])["t_1962_1975"] is None
    assert kept["t_first"] is None


def test_the_picture_shows_every_node_and_edge_and_needs_nothing_else():
    graph = load_graph()
    statuses = {edge.name: list(STYLES)[at % 3] for at, edge in enumerate(graph.edges)}
    text = graph_picture(graph, statuses)
    root = ElementTree.fromstring(text)
    edges = [found for found in root.iter() if (found.get("class") or "").startswith("edge")]
    assert len(edges) == len(graph.edges)
    for node in graph.nodes:
        assert f">{node.replace('_', ' ')}<" in text
    assert not re.search(r"<script|<image|href|url\((?!#)|@import|https?://(?!www\.w3\.org/2000/svg)", text)


def test_status_is_read_without_colour():
    assert len({(style.width, style.dash) for style in STYLES.values()}) == len(STYLES)
    graph = load_graph()
    text = graph_picture(graph, {edge.name: "withdrawn" for edge in graph.edges})
    assert text.count(f'stroke-dasharray="{STYLES["withdrawn"].dash}"') == len(graph.edges) + 1  # and the legend
    assert "changes sign between eras (30)" in text
    assert "holds:" not in text


def test_words_of_the_graph_are_escaped():
    graph = load_graph()
    edge = replace(graph.edges[0], mechanism='A <b>"sentence"</b> & more.')
    text = graph_picture(replace(graph, edges=(edge,)))
    assert "<b>" not in text
    ElementTree.fromstring(text)
