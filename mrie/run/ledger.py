"""The claims ledger as the page shows it, and withdrawals by hand."""

import json
import re
from collections.abc import Iterable

from mrie.claims import ClaimHistory, Ledger, Predicate
from mrie.claims.history import EVALUATED, WITHDRAWN, Event
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
        reason=history.reason if history.events[-1].event == WITHDRAWN else plain(history.reason),
    )


_METRICS = {
    "eras_with_sign": "eras with the stated sign",
    "opposite_eras": "pairs of periods with opposite signs",
}


def _words(predicate: Predicate) -> str:
    limits, struck = (", ".join(f"{one.metric} {one.limit} {one.threshold:g}" for one in conditions)
                      for conditions in (predicate.holds_if, predicate.withdrawn_if))  # fmt: skip
    return plain(f"Holds if {limits}" + (f"; withdrawn if {struck}." if struck else "."))


def _evaluation(event: Event, predicate: Predicate) -> Evaluation:
    if event.recorded_at is None:
        raise ValueError(f"{event.claim_id} was read from no store")
    found = json.loads(event.evidence)
    named = [(one.metric, found[one.metric]) for one in predicate.holds_if if one.metric in found]
    detail = plain(", ".join(f"{name} {value:.3g}" for name, value in named))
    return Evaluation(at=event.recorded_at, verdict=event.verdict, detail=detail)


def plain(text: str) -> str:
    """Return the names of metrics as a person reads them.

    >>> plain("signed_t_1990_2019 at least 1.96, found -0.3; opposite_eras at least 1, found 3")
    'signed t in 1990–2019 at least 1.96, found −0.3; pairs of periods with opposite signs at least 1, found 3'
    """
    for name, words in _METRICS.items():
        text = re.sub(rf"\b{name}\b", words, text)
    text = re.sub(r"\bsigned_t_(\d{4})_(\d{4})\b", r"signed t in \1–\2", text)
    return re.sub(r"(?<= )-(?=\d)", "−", text).replace("_", " ")
