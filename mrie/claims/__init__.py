"""Claims: what is asserted, what would falsify it, when that was fixed, and what became of it.

    Claim  ->  commit (predicate hashed, clock)  ->  evaluate (evidence judged by the predicate)  ->  … or withdraw

``predicate`` judges numbers by committed conditions, ``history`` folds events and holds the rules, ``ledger`` keeps
events in ``mrie.claims``. Nothing is ever deleted: a claim that turns out contaminated is withdrawn with the reason.
"""

from mrie.claims.history import Claim, ClaimHistory, Event
from mrie.claims.ledger import Judged, Ledger, read_claims
from mrie.claims.predicate import Condition, Predicate, Verdict

__all__ = ["Claim", "ClaimHistory", "Condition", "Event", "Judged", "Ledger", "Predicate", "Verdict", "read_claims"]
