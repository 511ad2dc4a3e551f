"""Scenarios: forecasts, conditional paths and interventions, each with bands and a guard.

``paths`` is the way in. ``var`` and ``conditional`` say what is expected given what is seen, ``intervention`` what
follows from an act along the edges that survived, ``hindcast`` and ``conformal`` how wide bands must be, ``support``
what past data cannot speak of, ``coverage`` whether the bands kept their word, ``standard`` what every report shows.
``study`` runs graph and scenarios in one piece and keeps the outcome.
"""

from mrie.scenarios.conditions import Observed, Set, Within, observed, set_to
from mrie.scenarios.coverage import coverage_claim, coverage_evidence, coverage_rows, measure_coverage
from mrie.scenarios.paths import Path, path_rows, run_conditional, run_forecast, run_intervention
from mrie.scenarios.standard import STANDARD, ScenarioRun, run_standard
from mrie.scenarios.study import Outcome, commit_study, compute_scenarios, data_hash, keep_scenarios, run_study

__all__ = [
    "STANDARD", "Observed", "Outcome", "Path", "ScenarioRun", "Set", "Within", "commit_study", "compute_scenarios",
    "coverage_claim", "coverage_evidence", "coverage_rows", "data_hash", "keep_scenarios", "measure_coverage",
    "observed", "path_rows", "run_conditional", "run_forecast", "run_intervention", "run_standard", "run_study",
    "set_to",
]  # fmt: skip
