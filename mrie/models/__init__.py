"""Phase 2: two regime models and a supervised member, filtered in real time, refitted every January.

composites   two indices of the cycle, its trend and its momentum, from past-only statistics     composites
hmm          five states with means anchored by a prior: the regime and its label                hmm
switching    two states with their own mean (Hamilton 1989): an independent second reading       switching
logit        recession labels as announced by then                                               supervised
refit        all of them on one window: a pure function, so that any executor may run it         refit
readings     refits over the years and what they say month by month                              readings
states       how many states: out-of-sample predictive likelihood and stability, with evidence    states
"""

from mrie.models.readings import Readings, read_months, run_refits
from mrie.models.refit import Fit, RefitPayload, RefitResult, refit
from mrie.models.spec import DEFAULT, ModelSpec
from mrie.models.states import StateChoice, choose_states

__all__ = [
    "DEFAULT",
    "Fit",
    "ModelSpec",
    "Readings",
    "RefitPayload",
    "RefitResult",
    "StateChoice",
    "choose_states",
    "read_months",
    "refit",
    "run_refits",
]
