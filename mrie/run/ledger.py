"""The claims ledger as the page shows it, and withdrawals by hand."""

import json
from collections.abc import Iterable

from mrie.claims import ClaimHistory, Ledger, Predicate
from mrie.claims.history import EVALUATED, Event
from mrie.report import Claim, Evaluation
from mrie.store import MrieStore

BY_HAND = "by-hand"
"""The run under which a person's withdrawals are recorded."""


def withdraw(store: MrieStore, claim_id: str, reason: str) -> ClaimHistory:
    """Withdraw a claim for good, saying why.

    The readings of a run are the claim ``readings/RUN/1``: withdrawn, its page says so before anything else.

    Raises
    ------
    ClaimRefused
        If there is no such claim, or no reason.
    """
    return Ledger(store, run_id=BY_HAND).withdraw(claim_id, reason)


def shown_claims(histories: Iterable[ClaimHistory], run_id: str) -> tuple[Claim, ...]:
    """Return the claims that concern a run: all but those on the readings of others."""
    own = f"readings/{run_id}/"
    concerned = (one for one in histories if not one.claim.claim_id.startswith("readings/")
                 or one.claim.claim_id.startswith(own))  # fmt: skip
    return tuple(map(_claim, concerned))


def _claim(history: ClaimHistory) -> Claim:
    committed, predicate = history.committed_at, history.claim.predicate
    if committed is None:
        raise ValueError(f"{history.claim.claim_id} was read from no store")
    judged = [event for event in history.events if event.event == EVALUATED]
    return Claim(
        claim_id=history.claim.claim_id,
        statement=history.claim.statement,
        predicate=_words(predicate),
        committed_at=committed,
        sha256=predicate.sha256,
        status=history.status,
        evaluations=tuple(_evaluation(event, predicate) for event in judged),
        reason=history.reason,
    )


def _words(predicate: Predicate) -> str:
    limits = [f"{one.metric} {one.limit.replace('_', ' ')} {one.threshold:g}" for one in predicate.holds_if]
    struck = [f"{one.metric} {one.limit.replace('_', ' ')} {one.threshold:g}" for one in predicate.withdrawn_if]
    text = f"Holds if {', '.join(limits)}".replace("_", " ")
    return text + (f"; withdrawn if {', '.join(struck)}.".replace("_", " ") if struck else ".")


def _evaluation(event: Event, predicate: Predicate) -> Evaluation:
    if event.recorded_at is None:
        raise ValueError(f"{event.claim_id} was read from no store")
    found = json.loads(event.evidence)
    named = [(one.metric, found[one.metric]) for one in predicate.holds_if if one.metric in found]
    detail = ", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in named)
    return Evaluation(at=event.recorded_at, verdict=event.verdict, detail=detail)
