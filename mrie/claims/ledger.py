"""The claims ledger: histories read from ``mrie.claims``, and events added to it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime

import pyarrow as pa

from mrie.claims import history
from mrie.claims.history import Claim, ClaimHistory, Event, fold
from mrie.claims.predicate import Evidence
from mrie.store import MrieStore
from warehouse.schema import table
from warehouse.schema.arrow import arrow_schema

_COLUMNS = [field.name for field in fields(Event)]
_FILLED_BY_STORE = ("run_id", "recorded_at")


def read_claims(store: MrieStore, *, as_of: datetime) -> list[ClaimHistory]:
    """Return every claim with its history as of a moment (with a zone), by id.

    Raises
    ------
    ClaimRefused
        If the stored events contradict each other.
    """
    rows = store.claim_events(as_of=as_of).select(_COLUMNS).to_pylist()
    return list(fold(Event(**row) for row in rows).values())


@dataclass(frozen=True)
class Judged:
    """A claim with the evidence to judge it by, and the hash of the data that the evidence came from."""

    claim: Claim
    evidence: Evidence
    data_sha256: str


class Ledger:
    """Adds events by the rules of ``history``, and gives back what stands.

    The store keeps the last word: a claim's commitment has one key, so that of two programs that commit different
    predicates at once, one is refused.

    Parameters
    ----------
    run_id
        The run on whose behalf events are recorded.
    """

    def __init__(self, store: MrieStore, *, run_id: str) -> None:
        self._store = store
        self._run_id = run_id

    def commit(self, claims: Sequence[Claim]) -> int:
        """Fix the predicates of claims from now on; return how many were new.

        Raises
        ------
        ClaimRefused
            If any of them is committed with another predicate; none is then added.
        """
        known = self.histories()
        return self._add([history.commit(claim, known.get(claim.claim_id)) for claim in claims])

    def require(self, claims: Sequence[Claim]) -> dict[str, ClaimHistory]:
        """Return the histories of claims, by id.

        Raises
        ------
        ClaimRefused
            If any of them is not committed exactly as it is: nothing may be computed for it yet.
        """
        known = self.histories()
        for claim in claims:
            history.check_committed(claim, known.get(claim.claim_id))
        return {claim.claim_id: known[claim.claim_id] for claim in claims}

    def evaluate(self, judged: Sequence[Judged]) -> list[ClaimHistory]:
        """Judge claims by their committed predicates and return their histories, in the order given.

        Raises
        ------
        ClaimRefused
            If any of them is not committed as it is, or is withdrawn; none is then evaluated.
        """
        known = self.histories()
        self._add([history.evaluate(one.claim, known.get(one.claim.claim_id), one.evidence, one.data_sha256)
                   for one in judged])  # fmt: skip
        now = self.histories()
        return [now[one.claim.claim_id] for one in judged]

    def withdraw(self, claim_id: str, reason: str) -> ClaimHistory:
        """Withdraw a claim for good, saying why, and return its history.

        Raises
        ------
        ClaimRefused
            If there is no such claim, or no reason.
        """
        self._add([history.withdraw(self.histories().get(claim_id), claim_id, reason)])
        return self.histories()[claim_id]

    def histories(self) -> dict[str, ClaimHistory]:
        """Return every claim as it stands, by id."""
        return {found.claim.claim_id: found for found in read_claims(self._store, as_of=self._store.now())}

    def _add(self, events: Sequence[Event | None]) -> int:
        rows = [{name: value for name, value in asdict(event).items() if name not in _FILLED_BY_STORE}
                for event in events if event is not None]  # fmt: skip
        if not rows:
            return 0
        declared = arrow_schema(table("mrie.claims"))
        wanted = [field for field in declared if field.name not in _FILLED_BY_STORE]
        return self._store.write_claim_events(pa.Table.from_pylist(rows, schema=pa.schema(wanted)), run_id=self._run_id)
