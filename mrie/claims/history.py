"""A claim's history: events folded in order, and the rules that say which event may come next.

    (nothing)  --commit-->  committed  --evaluate-->  holds | failed  --withdraw-->  withdrawn, for good

Pure: no clock, no store. Every rule returns the next event or raises ``ClaimRefused``.
"""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from mrie.claims.predicate import Evidence, Predicate, Verdict, canonical, sha256
from zeno.errors import ClaimRefused

COMMITTED, EVALUATED, WITHDRAWN = "committed", "evaluated", "withdrawn"
_ORDER = {COMMITTED: 0, EVALUATED: 1, WITHDRAWN: 2}


@dataclass(frozen=True)
class Claim:
    """What is asserted.

    Parameters
    ----------
    claim_id
        A slug with a version, such as ``edge/housing_starts->payrolls/1``.
    statement
        In words, for a person.
    """

    claim_id: str
    statement: str
    predicate: Predicate


@dataclass(frozen=True)
class Event:
    """One thing that happened to a claim; ``recorded_at`` is None until it is stored."""

    claim_id: str
    event: str
    event_id: str
    predicate_sha256: str
    statement: str = ""
    predicate: str = ""
    verdict: str = ""
    evidence: str = ""
    data_sha256: str = ""
    reason: str = ""
    run_id: str = ""
    recorded_at: datetime | None = None


@dataclass(frozen=True)
class ClaimHistory:
    """A claim and all its events, oldest first.

    Parameters
    ----------
    status
        ``open`` until it is evaluated, then the last verdict; ``withdrawn`` stays.
    """

    claim: Claim
    events: tuple[Event, ...]
    status: str

    @property
    def committed_at(self) -> datetime | None:
        """When its predicate was fixed, UTC."""
        return self.events[0].recorded_at

    @property
    def reason(self) -> str:
        """Why it failed or was withdrawn, "" if it holds or is open."""
        return self.events[-1].reason

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can write it."""
        events = [asdict(event) | {"recorded_at": _iso(event.recorded_at)} for event in self.events]
        return {
            "claim_id": self.claim.claim_id,
            "statement": self.claim.statement,
            "predicate_sha256": self.claim.predicate.sha256,
            "status": self.status,
            "committed_at": _iso(self.committed_at),
            "reason": self.reason,
            "events": events,
        }


def commit(claim: Claim, history: ClaimHistory | None) -> Event | None:
    """Return the commitment of a claim; None if exactly this was committed before.

    Raises
    ------
    ClaimRefused
        If the claim is committed with another predicate or statement.
    """
    if history is not None:
        if history.claim.predicate.sha256 != claim.predicate.sha256:
            raise ClaimRefused(f"{claim.claim_id} was committed with another predicate "
                               f"({history.claim.predicate.sha256[:12]}, now {claim.predicate.sha256[:12]}).",
                               remedy="Withdraw it, and commit the new one under a new version.")  # fmt: skip
        if history.claim.statement != claim.statement:
            raise ClaimRefused(f"{claim.claim_id} was committed with another statement.",
                               remedy="Commit the new one under a new version.")  # fmt: skip
        return None
    return Event(claim.claim_id, COMMITTED, COMMITTED, claim.predicate.sha256, claim.statement, claim.predicate.text)


def check_committed(claim: Claim, history: ClaimHistory | None) -> ClaimHistory:
    """Return the history of a claim that was committed exactly as it is.

    Raises
    ------
    ClaimRefused
        If it was not committed, or with another predicate or statement.
    """
    if history is None:
        raise ClaimRefused(f"{claim.claim_id} was not committed before it was evaluated.",
                           remedy="Commit its predicate first, then evaluate it.")  # fmt: skip
    commit(claim, history)
    return history


def evaluate(claim: Claim, history: ClaimHistory | None, evidence: Evidence, data_sha256: str) -> Event | None:
    """Return the judgement of evidence by the committed predicate; None if exactly this was judged last.

    Parameters
    ----------
    evidence
        Every metric that the predicate names, and whatever else explains them. What is not finite keeps no limit and
        is left out of the record.
    data_sha256
        Hash of the data that the metrics were computed from.

    Raises
    ------
    ClaimRefused
        If the claim is not committed, was committed with another predicate, or is withdrawn.
    """
    known = check_committed(claim, history)
    written = canonical({name: value for name, value in evidence.items() if math.isfinite(value)})
    verdict, reason = claim.predicate.judge(evidence)
    judged = Event(claim.claim_id, EVALUATED, "", claim.predicate.sha256, verdict=verdict, evidence=written,
                   data_sha256=data_sha256, reason=reason)  # fmt: skip
    identity = _identity(judged)
    alike = [event for event in known.events if _named_by(identity, event.event_id)]
    if alike and (alike[-1] is known.events[-1] or known.status == WITHDRAWN):
        return None
    # Data that came back after others were judged are judged anew: the last verdict is the one that stands.
    judged = replace(judged, event_id=f"{identity}.{len(alike) + 1}" if alike else identity)
    if known.status == WITHDRAWN:
        raise ClaimRefused(f"{claim.claim_id} was withdrawn: {known.reason}.",
                           remedy="A withdrawn claim is a finding; commit a new version to test anew.")  # fmt: skip
    return judged


def withdraw(history: ClaimHistory | None, claim_id: str, reason: str) -> Event | None:
    """Return the withdrawal of a claim; None if it is withdrawn already.

    Raises
    ------
    ClaimRefused
        If there is no such claim, or no reason.
    """
    if history is None:
        raise ClaimRefused(f"There is no claim {claim_id} to withdraw.", remedy="See: zeno mrie claims")
    if not reason.strip():
        raise ClaimRefused(f"{claim_id} cannot be withdrawn without a reason.", remedy="Say what contaminated it.")
    if history.status == WITHDRAWN:
        return None
    return Event(claim_id, WITHDRAWN, WITHDRAWN, history.claim.predicate.sha256, verdict=Verdict.WITHDRAWN,
                 reason=reason)  # fmt: skip


def fold(events: Iterable[Event]) -> dict[str, ClaimHistory]:
    """Return the history of every claim, by id.

    Raises
    ------
    ClaimRefused
        If an event belongs to no commitment, or to another predicate than its claim's: the ledger was tampered with.
    """
    histories: dict[str, ClaimHistory] = {}
    for event in sorted(events, key=_moment):
        before = histories.get(event.claim_id)
        histories[event.claim_id] = _begin(event) if before is None else _continue(before, event)
    return dict(sorted(histories.items()))


def _begin(event: Event) -> ClaimHistory:
    if event.event != COMMITTED or sha256(event.predicate) != event.predicate_sha256:
        raise ClaimRefused(f"The ledger is damaged: {event.claim_id} begins with no commitment that fits its hash.",
                           remedy="Restore mrie.claims from a backup.")  # fmt: skip
    claim = Claim(event.claim_id, event.statement, Predicate.read(event.predicate))
    return ClaimHistory(claim, (event,), "open")


def _continue(before: ClaimHistory, event: Event) -> ClaimHistory:
    if event.event == COMMITTED or event.predicate_sha256 != before.claim.predicate.sha256:
        raise ClaimRefused(f"The ledger is damaged: {event.claim_id} has an event of another predicate.",
                           remedy="Restore mrie.claims from a backup.")  # fmt: skip
    if event.event == EVALUATED and not _named_by(_identity(event), event.event_id):
        raise ClaimRefused(f"The ledger is damaged: evidence of {event.claim_id} is not what was judged.",
                           remedy="Restore mrie.claims from a backup.")  # fmt: skip
    status = WITHDRAWN if before.status == WITHDRAWN else event.verdict
    return replace(before, events=(*before.events, event), status=status)


def _identity(event: Event) -> str:
    return sha256(canonical([event.predicate_sha256, event.data_sha256, event.evidence, event.verdict]))


def _named_by(identity: str, event_id: str) -> bool:
    return event_id.partition(".")[0] == identity


def _moment(event: Event) -> tuple[str, str, int, str]:
    at = "" if event.recorded_at is None else event.recorded_at.isoformat(timespec="microseconds")
    return event.claim_id, at, _ORDER[event.event], event.event_id


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
