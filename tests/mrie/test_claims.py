"""Claims: fixed before they are judged, judged by what was fixed, and never deleted."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOW

from mrie.claims import Claim, Condition, Judged, Ledger, Predicate, Verdict, read_claims
from mrie.claims.history import commit, evaluate, fold, withdraw
from mrie.store import MrieStore
from zeno.clock import ManualClock
from zeno.errors import ClaimRefused, ConfigError, LoadError

AUC = Predicate((Condition("auc", "at_least", 0.9),), (Condition("flips", "above", 0.0),), {"window": "1973-2022"})
CLAIM = Claim("reading/auc/1", "The reading tells recessions from expansions.", AUC)
LAXER = replace(CLAIM, predicate=replace(AUC, holds_if=(Condition("auc", "at_least", 0.8),)))
GOOD, BAD = {"auc": 0.95, "flips": 0.0}, {"auc": 0.85, "flips": 0.0}


@pytest.fixture
def clock():
    return ManualClock(NOW, tick=1.0)


@pytest.fixture
def store(warehouse, clock):
    return MrieStore(warehouse, clock=clock)


@pytest.fixture
def ledger(store):
    return Ledger(store, run_id="run-1")


def test_evaluation_before_commitment_is_refused(ledger):
    with pytest.raises(ClaimRefused, match="was not committed before it was evaluated"):
        ledger.evaluate([Judged(CLAIM, GOOD, "d1")])
    assert ledger.histories() == {}


def test_a_predicate_cannot_change_after_commitment(ledger):
    ledger.commit([CLAIM])
    with pytest.raises(ClaimRefused, match="committed with another predicate"):
        ledger.commit([LAXER])
    with pytest.raises(ClaimRefused, match="committed with another predicate"):
        ledger.evaluate([Judged(LAXER, BAD, "d1")])
    assert ledger.histories()[CLAIM.claim_id].claim == CLAIM


@pytest.mark.parametrize("change", [{"procedure": {"window": "1990-2022"}}, {"withdrawn_if": ()}])
def test_the_procedure_and_every_condition_are_part_of_what_is_committed(ledger, change):
    ledger.commit([CLAIM])
    with pytest.raises(ClaimRefused):
        ledger.commit([replace(CLAIM, predicate=replace(AUC, **change))])


def test_a_statement_cannot_change_either(ledger):
    ledger.commit([CLAIM])
    with pytest.raises(ClaimRefused, match="another statement"):
        ledger.commit([replace(CLAIM, statement="Something easier.")])


def test_a_claim_is_judged_by_its_committed_conditions(ledger):
    ledger.commit([CLAIM])
    (found,) = ledger.evaluate([Judged(CLAIM, BAD, "d1")])
    assert (found.status, found.reason) == ("failed", "auc at least 0.9, found 0.85")
    (found,) = ledger.evaluate([Judged(CLAIM, GOOD, "d2")])
    assert (found.status, found.reason) == ("holds", "")
    assert [event.event for event in found.events] == ["committed", "evaluated", "evaluated"]


def test_the_same_evaluation_twice_is_one(ledger, store):
    ledger.commit([CLAIM])
    ledger.evaluate([Judged(CLAIM, GOOD, "d1")])
    again = Ledger(store, run_id="run-2")
    assert again.commit([CLAIM]) == 0
    (found,) = again.evaluate([Judged(CLAIM, GOOD, "d1")])
    assert [event.run_id for event in found.events] == ["run-1", "run-1"]


def test_the_same_figures_from_other_data_are_another_evaluation(ledger):
    ledger.commit([CLAIM])
    ledger.evaluate([Judged(CLAIM, GOOD, "d1")])
    (found,) = ledger.evaluate([Judged(CLAIM, GOOD, "d2")])
    assert len(found.events) == 3


def test_data_that_came_back_are_judged_anew_so_that_the_last_verdict_stands(ledger, store):
    ledger.commit([CLAIM])
    for evidence, data in ((BAD, "d1"), (GOOD, "d2"), (BAD, "d1"), (BAD, "d1"), (GOOD, "d2")):
        (found,) = ledger.evaluate([Judged(CLAIM, evidence, data)])
        assert found.status == ("holds" if evidence is GOOD else "failed")
    assert [event.verdict for event in found.events[1:]] == ["failed", "holds", "failed", "holds"]
    assert read_claims(store, as_of=store.now()) == [found]


def test_a_withdrawn_claim_stays_in_the_ledger_and_is_not_judged_again(ledger):
    ledger.commit([CLAIM])
    ledger.evaluate([Judged(CLAIM, GOOD, "d1")])
    found = ledger.withdraw(CLAIM.claim_id, "The labels were known to the model.")
    assert (found.status, found.reason) == ("withdrawn", "The labels were known to the model.")
    assert [event.verdict for event in found.events] == ["", "holds", "withdrawn"]
    with pytest.raises(ClaimRefused, match="was withdrawn: The labels were known"):
        ledger.evaluate([Judged(CLAIM, GOOD, "d2")])
    assert len(ledger.withdraw(CLAIM.claim_id, "Again.").events) == 3


def test_a_withdrawal_has_a_claim_and_a_reason(ledger):
    with pytest.raises(ClaimRefused, match="no claim"):
        ledger.withdraw("nothing", "why")
    ledger.commit([CLAIM])
    with pytest.raises(ClaimRefused, match="without a reason"):
        ledger.withdraw(CLAIM.claim_id, " ")


def test_contaminating_evidence_withdraws_a_claim_that_would_hold(ledger):
    ledger.commit([CLAIM])
    (found,) = ledger.evaluate([Judged(CLAIM, GOOD | {"flips": 2.0}, "d1")])
    assert (found.status, found.reason) == ("withdrawn", "flips above 0, found 2")


def test_one_refused_claim_of_many_leaves_the_ledger_as_it_was(ledger):
    other = replace(CLAIM, claim_id="other/1")
    ledger.commit([CLAIM])
    with pytest.raises(ClaimRefused):
        ledger.commit([other, LAXER])
    assert list(ledger.histories()) == [CLAIM.claim_id]


def test_a_reader_sees_the_ledger_as_it_was(ledger, store):
    ledger.commit([CLAIM])
    committed = read_claims(store, as_of=store.now())
    moment = committed[0].committed_at
    ledger.evaluate([Judged(CLAIM, GOOD, "d1")])
    assert read_claims(store, as_of=moment - timedelta(microseconds=1)) == []
    assert [found.status for found in read_claims(store, as_of=moment)] == ["open"]
    assert [found.status for found in read_claims(store, as_of=store.now())] == ["holds"]


def test_of_two_predicates_committed_at_once_one_is_refused(store):
    def attempt(claim: Claim) -> str:
        try:
            Ledger(store, run_id="run-1").commit([claim])
        except (ClaimRefused, LoadError):
            return "refused"
        return claim.predicate.sha256

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(attempt, [CLAIM, LAXER] * 3))
    kept = Ledger(store, run_id="run-1").histories()[CLAIM.claim_id]
    assert set(outcomes) == {"refused", kept.claim.predicate.sha256}


def test_a_history_is_json(ledger):
    ledger.commit([CLAIM])
    (found,) = ledger.evaluate([Judged(CLAIM, GOOD, "d1")])
    read = json.loads(json.dumps(found.to_dict()))
    assert (read["status"], read["predicate_sha256"]) == ("holds", AUC.sha256)
    assert [event["event"] for event in read["events"]] == ["committed", "evaluated"]
    assert read["committed_at"] == read["events"][0]["recorded_at"]


def test_a_tampered_ledger_is_noticed():
    event = commit(CLAIM, None)
    with pytest.raises(ClaimRefused, match="damaged"):
        fold([replace(event, predicate=LAXER.predicate.text)])
    history = fold([event])[CLAIM.claim_id]
    judged = evaluate(CLAIM, history, GOOD, "d1")
    with pytest.raises(ClaimRefused, match="damaged"):
        fold([judged])
    with pytest.raises(ClaimRefused, match="damaged"):
        fold([event, replace(judged, predicate_sha256=LAXER.predicate.sha256)])
    for change in ({"evidence": judged.evidence.replace("0.95", "0.99")}, {"verdict": "failed"}, {"data_sha256": "d2"}):
        with pytest.raises(ClaimRefused, match="not what was judged"):
            fold([event, replace(judged, **change)])


def test_the_order_of_events_at_one_moment_is_that_of_a_claims_life():
    event = replace(commit(CLAIM, None), recorded_at=NOW)
    history = fold([event])[CLAIM.claim_id]
    later = [replace(found, recorded_at=NOW) for found in
             (withdraw(history, CLAIM.claim_id, "why"), evaluate(CLAIM, history, GOOD, "d1"))]  # fmt: skip
    assert [e.event for e in fold([*later, event])[CLAIM.claim_id].events] == ["committed", "evaluated", "withdrawn"]


@pytest.mark.parametrize(("limit", "value", "holds"), [
    ("at_least", 1.0, True), ("above", 1.0, False), ("at_most", 1.0, True), ("below", 1.0, False),
    ("at_least", float("nan"), False), ("below", float("nan"), False),
])  # fmt: skip
def test_limits_mean_what_they_say(limit, value, holds):
    assert Condition("x", limit, 1.0).holds({"x": value}) is holds


def test_a_figure_that_is_none_fails_and_is_left_out_of_the_record(ledger):
    ledger.commit([CLAIM])
    (found,) = ledger.evaluate([Judged(CLAIM, {"auc": float("nan"), "flips": 0.0}, "d1")])
    assert found.status == Verdict.FAILED
    assert json.loads(found.events[-1].evidence) == {"flips": 0.0}


def test_evidence_must_have_what_the_predicate_names():
    with pytest.raises(ConfigError, match="no auc"):
        AUC.judge({"flips": 0.0})


def test_a_predicate_is_read_back_as_it_was_written():
    assert Predicate.read(AUC.text) == AUC
    with pytest.raises(ConfigError, match="one limit"):
        Condition.read({"metric": "auc", "at_least": 1, "below": 2})
