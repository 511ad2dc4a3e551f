"""Both phases in one piece, on the shipped data and a real warehouse."""

import numpy as np
import pytest
from builders import NOW, empty
from macro_sample import us_macro_monthly

from mrie.causal.picture import graph_picture
from mrie.claims import read_claims
from mrie.scenarios import run_study
from mrie.store import MrieStore
from zeno.clock import ManualClock


@pytest.fixture(scope="module")
def store(running):
    empty(running)
    return MrieStore(running, clock=ManualClock(NOW, tick=1.0))


@pytest.fixture(scope="module")
def outcome(store):
    return run_study(us_macro_monthly(), store, run_id="run-1", placebos=1, seed=1)


def test_everything_is_kept_under_one_run(outcome, store):
    now = store.now()
    kept = {"edges": store.edges(as_of=now), "scenarios": store.scenarios(as_of=now),
            "validations": store.validations(as_of=now)}  # fmt: skip
    assert {name: rows.num_rows for name, rows in kept.items()} == {
        "edges": 30, "scenarios": 7 * 12 * 15, "validations": 45,
    }  # fmt: skip
    assert all(set(rows["run_id"].to_pylist()) == {"run-1"} for rows in kept.values())


def test_every_claim_was_committed_before_it_was_judged(outcome, store):
    histories = read_claims(store, as_of=store.now())
    assert len(histories) == 31
    for history in histories:
        assert [event.event for event in history.events] == ["committed", "evaluated"]
        assert history.events[0].recorded_at < history.events[1].recorded_at


def test_effects_are_those_of_edges_that_hold(outcome):
    holds = {name for name, status in outcome.statuses.items() if status == "holds"}
    path = outcome.scenarios.paths["credit_stress.do"]
    moved = (path.value - path.baseline).abs().max()
    led_to = {name.split("->")[1] for name in holds if name.startswith("credit_spread->")}
    assert set(moved.index[moved > 0]) == led_to | {"credit_spread"}
    assert np.all((path.value - path.baseline)["production"].iloc[2:] < 0)


def test_the_same_run_again_adds_nothing(outcome, store):
    before = store.claim_events(as_of=store.now()).num_rows
    again = run_study(us_macro_monthly(), store, run_id="run-1", placebos=1, seed=1)
    assert again.edges == outcome.edges
    assert store.claim_events(as_of=store.now()).num_rows == before


def test_the_picture_is_of_what_was_found(outcome):
    text = graph_picture(outcome.graph, outcome.statuses)
    assert "holds: every predicate (5)" in text
    assert "withdrawn: changes sign between eras (2)" in text
