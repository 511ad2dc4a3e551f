"""Tables of the Macro Regime Intelligence Engine: what it computed, when, in which run. Rows are only ever added."""

from warehouse.schema import columns as c
from warehouse.schema.model import Column, Kind, Table

_REGIME = r"[a-z][a-z0-9_]{0,31}"
_APPEND_ONLY = "Rows are only added; readers take the latest run recorded by the moment they ask about."


def _run_id() -> Column:
    return c.label("run_id", "The run that computed the row: a hash of its inputs and code, or a name of its own.")


def _recorded_at() -> Column:
    return Column(name="recorded_at", kind=Kind.TIMESTAMP, doc="When the row was written.", unit="us")


def _hash(name: str, doc: str) -> Column:
    return Column(name=name, kind=Kind.TEXT, doc=f"{doc} SHA-256, in hex.")


def _data_month() -> Column:
    return Column(name="data_month", kind=Kind.DATE, doc="Last month of the data used: its first day.")


def _number(name: str, doc: str, unit: str, *, nullable: bool = False) -> Column:
    return Column(name=name, kind=Kind.FLOAT, doc=doc, unit=unit, nullable=nullable)


def _count(name: str, doc: str, unit: str) -> Column:
    return Column(name=name, kind=Kind.COUNT, doc=doc, unit=unit)


READINGS = Table(
    name="mrie.readings",
    grain="one row per run and month read",
    doc=_APPEND_ONLY,
    key=("run_id", "month"),
    columns=(
        _run_id(),
        Column(name="month", kind=Kind.DATE, doc="The month that the reading is about: its first day."),
        _data_month(),
        c.known_at("When everything that the reading used was known."),
        c.label("model", "The model, or combination of models, that gives p_combined."),
        _number("p_hmm", "Filtered recession probability of the hidden Markov model.", "probability", nullable=True),
        _number("p_ms", "Filtered recession probability of the Markov regression.", "probability", nullable=True),
        _number("p_combined", "Recession probability of both together.", "probability"),
        _number("low", "Lower end of the band around p_combined.", "probability", nullable=True),
        _number("high", "Upper end of the band around p_combined.", "probability", nullable=True),
        c.label("regime", "Name of the most probable regime.", pattern=_REGIME),
        _recorded_at(),
    ),
)

FITS = Table(
    name="mrie.fits",
    grain="one row per run, model and refit",
    doc=_APPEND_ONLY,
    key=("run_id", "model", "refit_month"),
    columns=(
        _run_id(),
        c.label("model", "The model fitted."),
        Column(name="refit_month", kind=Kind.DATE, doc="Last month of the data fitted on: its first day."),
        _count("restarts", "Starts of the optimiser.", "starts"),
        _number("likelihood_best", "Log-likelihood of the best start.", "nats"),
        _number("likelihood_spread", "Best less worst log-likelihood of the starts.", "nats", nullable=True),
        Column(name="converged", kind=Kind.BOOL, doc="Whether the best start converged."),
        Column(name="seed", kind=Kind.INT, doc="Seed of the starts."),
        _hash("parameters_sha256", "Hash of the fitted parameters."),
        _recorded_at(),
    ),
)

EDGES = Table(
    name="mrie.edges",
    grain="one row per run and causal edge",
    doc=_APPEND_ONLY,
    key=("run_id", "edge"),
    columns=(
        _run_id(),
        c.label("edge", "The edge as cause->effect.", pattern=r"[a-z0-9_]+->[a-z0-9_]+"),
        c.label("cause", "The causing node."),
        c.label("effect", "The node acted on."),
        Column(name="sign", kind=Kind.INT, doc="Declared sign: 1 or -1."),
        _count("lag_months", "Declared lag.", "months"),
        Column(name="status", kind=Kind.ENUM, values=("holds", "failed", "withdrawn"), doc="What became of it."),
        Column(name="failed", kind=Kind.TEXT, doc="The conditions that failed, or why it was withdrawn; else empty."),
        _number("beta_first", "Estimate in the first half.", "effect units a cause unit", nullable=True),
        _number("t_first", "Its t with HAC errors.", "t ratio", nullable=True),
        _number("beta_second", "Estimate in the second half.", "effect units a cause unit", nullable=True),
        _number("t_second", "Its t with HAC errors.", "t ratio", nullable=True),
        _count("eras_with_sign", "Eras whose estimate has the declared sign.", "eras"),
        _count("opposite_eras", "Pairs of periods whose estimates differ in sign, both significantly.", "pairs"),
        _number("gain_out_of_sample", "Share of squared forecast error removed.", "share", nullable=True),
        _number("placebo_rate", "Share of phase-randomised causes that pass.", "share", nullable=True),
        _count("placebos", "Phase-randomised causes tried.", "placebos"),
        Column(name="evidence", kind=Kind.TEXT, doc="Every metric of the evaluation, as canonical JSON."),
        _hash("predicate_sha256", "Hash of the predicate judged by."),
        _hash("data_sha256", "Hash of the months and values used."),
        _data_month(),
        _recorded_at(),
    ),
)

CLAIMS = Table(
    name="mrie.claims",
    grain="one row per event of a claim",
    doc="The claims ledger: a claim's commitment comes first and cannot be repeated with another predicate. Rows are "
    "only added. A claim's state is the fold of its events in the order of recorded_at.",
    key=("claim_id", "event_id"),
    columns=(
        c.label("claim_id", "The claim: a slug, with its version."),
        Column(name="event_id", kind=Kind.TEXT, doc="committed, withdrawn, or the hash of what was evaluated."),
        Column(name="event", kind=Kind.ENUM, values=("committed", "evaluated", "withdrawn"), doc="What happened."),
        Column(name="statement", kind=Kind.TEXT, doc="What is claimed, in words; with the commitment, else empty."),
        Column(name="predicate", kind=Kind.TEXT, doc="Canonical JSON of what decides it; with the commitment."),
        _hash("predicate_sha256", "Hash of the predicate in force."),
        Column(name="verdict", kind=Kind.LABEL, doc="holds, failed or withdrawn; empty for a commitment."),
        Column(name="evidence", kind=Kind.TEXT, doc="Canonical JSON of the metrics judged; empty unless evaluated."),
        Column(name="data_sha256", kind=Kind.TEXT, doc="Hash of the data evaluated on, in hex; else empty."),
        Column(name="reason", kind=Kind.TEXT, doc="Why it failed or was withdrawn; else empty."),
        _run_id(),
        _recorded_at(),
    ),
)

SCENARIOS = Table(
    name="mrie.scenarios",
    grain="one row per run, scenario, node and month ahead",
    doc=_APPEND_ONLY,
    key=("run_id", "scenario", "node", "step"),
    columns=(
        _run_id(),
        c.label("scenario", "Name of the scenario."),
        Column(name="sense", kind=Kind.ENUM, values=("forecast", "conditioned", "intervened"),
               doc="Nothing assumed; a path observed and everything consistent with it; or a path set by hand."),
        c.label("node", "The variable."),
        _count("step", "Months ahead, from 1.", "months"),
        Column(name="month", kind=Kind.DATE, doc="The month described: its first day."),
        _number("value", "The path.", "as the node says"),
        _number("low", "Lower end of the band.", "as the node says"),
        _number("high", "Upper end of the band.", "as the node says"),
        _number("baseline", "The path without the condition or intervention.", "as the node says"),
        _number("level", "Nominal coverage of the band.", "probability"),
        c.label("band", "How the band was made: conformal or bootstrap."),
        Column(name="assumptions", kind=Kind.TEXT, doc="Conditions or interventions, as canonical JSON."),
        _data_month(),
        _recorded_at(),
    ),
)  # fmt: skip

VALIDATIONS = Table(
    name="mrie.validations",
    grain="one row per run, model, metric and window",
    doc=_APPEND_ONLY,
    key=("run_id", "model", "metric", "window"),
    columns=(
        _run_id(),
        c.label("model", "What was validated."),
        c.label("metric", "Name of the measure."),
        Column(name="window", kind=Kind.TEXT, doc="The months measured over, such as 1973-01..2022-09."),
        _number("value", "Its value.", "as the metric says"),
        _number("low", "Lower end of its confidence interval.", "as the metric says", nullable=True),
        _number("high", "Upper end of its confidence interval.", "as the metric says", nullable=True),
        _count("observations", "What it was computed from.", "observations"),
        Column(name="detail", kind=Kind.TEXT, doc="How it was measured, for a person."),
        _recorded_at(),
    ),
)

MRIE = (READINGS, FITS, EDGES, CLAIMS, SCENARIOS, VALIDATIONS)
