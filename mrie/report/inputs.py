"""What a risk report is made from: plain records, whichever models and ledgers fill them.

Probabilities are filtered, in real time: of a month, by what was known at the end of the month that the reading was
made in. Months are their first day. A figure that does not exist is None, never NaN.

Belongs here: the shape of the input. Not here: its check (``mrie.report.check``), where the figures come from, and how
they are shown.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

SENSES = ("forecast", "conditioning", "do")
STATUSES = ("holds", "failed", "withdrawn", "open")
KINDS = ("combined", "model", "baseline")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The recession probability of one month.

    Parameters
    ----------
    month
        The month that the reading is about.
    p_hmm, p_ms, p_combined
        Of the Gaussian hidden Markov model, of the Markov-switching regression, and of both together; None where a
        model gave none.
    low, high
        The range over the models.
    regime
        Name of the most probable regime.
    """

    month: date
    p_hmm: float | None
    p_ms: float | None
    p_combined: float
    low: float
    high: float
    regime: str


@dataclass(frozen=True, kw_only=True)
class CurrentReading(Reading):
    """The latest reading.

    Parameters
    ----------
    data_month
        The last month of the data that it used.
    why
        In words: what drives the models, and apart where they are.
    """

    data_month: date
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Recession:
    """A US recession as the NBER dates it: from the month after ``peak`` through ``trough`` (None: not over).

    ``peak_announced`` and ``trough_announced`` are the days on which the committee said so; None before 1980.
    """

    peak: date
    trough: date | None
    peak_announced: date | None = None
    trough_announced: date | None = None


@dataclass(frozen=True)
class Lag:
    """A turning point and the months after it until it was called; None if it was missed. Negative is early."""

    turn: date
    months: int | None


@dataclass(frozen=True, kw_only=True)
class TrackRecord:
    """How one model, combination or baseline did out of sample, in real time.

    Parameters
    ----------
    kind
        ``combined``, ``model`` or ``baseline``.
    months
        Months judged.
    auc, auc_low, auc_high
        Area under the ROC curve against NBER months, and its confidence interval.
    brier, log_loss, ece
        Mean squared error of the probability; mean negative log-likelihood, nats; expected calibration error.
    peak_lags, trough_lags
        By turning point.
    false_calls, missed
        Recessions called that were none; recessions never called.
    label_agreement
        Share of months whose regime kept its name between refits.
    """

    name: str
    kind: str
    months: int
    auc: float | None
    auc_low: float | None = None
    auc_high: float | None = None
    brier: float | None = None
    log_loss: float | None = None
    ece: float | None = None
    peak_lags: tuple[Lag, ...] = ()
    trough_lags: tuple[Lag, ...] = ()
    false_calls: int | None = None
    missed: int | None = None
    label_agreement: float | None = None


@dataclass(frozen=True)
class CalibrationBin:
    """Months grouped by their probability: its mean, the share that were recession months, and how many months."""

    predicted: float
    observed: float
    count: int


@dataclass(frozen=True, kw_only=True)
class Node:
    """A variable of the causal graph; ``place`` is its column and row in the drawing, from 0."""

    name: str
    title: str
    place: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A causal edge.

    Parameters
    ----------
    sign
        Declared: 1 or -1.
    status
        One of ``STATUSES``.
    reason
        Why it failed or was withdrawn.
    """

    cause: str
    effect: str
    sign: int
    lag_months: int
    mechanism: str
    status: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The causal graph: drawn as ``svg`` if that is given, or from the places of ``nodes``."""

    edges: tuple[Edge, ...] = ()
    nodes: tuple[Node, ...] = ()
    svg: str = ""


@dataclass(frozen=True, kw_only=True)
class ScenarioPath:
    """One variable's path, month by month, with a band of nominal coverage ``level``.

    ``baseline`` is the path without the condition or the intervention; empty where there is none to compare with.
    """

    node: str
    unit: str
    months: tuple[date, ...]
    median: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    baseline: tuple[float, ...] = ()
    level: float = 0.9


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A question to the graph.

    Parameters
    ----------
    sense
        ``forecast``: nothing assumed; ``conditioning``: a path seen, and what goes with it; ``do``: a path set by
        hand, and what follows.
    assumption
        The path asked for, in words.
    refused
        Why there is no answer, such as a path outside what was ever seen; "" if there is one.
    """

    name: str
    sense: str
    assumption: str
    refused: str = ""
    paths: tuple[ScenarioPath, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A claim judged: when, what came out, and the figures."""

    at: datetime
    verdict: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim of the ledger.

    Parameters
    ----------
    predicate
        The condition under which it fails, in words; fixed at ``committed_at``.
    sha256
        Of the predicate, hex.
    status
        One of ``STATUSES``.
    reason
        Why it failed or was withdrawn.
    """

    claim_id: str
    statement: str
    predicate: str
    committed_at: datetime
    sha256: str
    status: str
    evaluations: tuple[Evaluation, ...] = ()
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class SeriesFreshness:
    """How recent one input is.

    Parameters
    ----------
    last_period
        Its last month or quarter with a value.
    known_at
        When that value became known.
    real_vintages
        Whether revisions are dated; otherwise release times are usual lags and values are as revised since.
    age_days
        Days from ``known_at`` to the report.
    stale_after_days
        Age from which it is overdue; None if there is no such rule.
    """

    series: str
    title: str
    source: str
    last_period: date
    known_at: datetime
    real_vintages: bool
    age_days: int
    stale_after_days: int | None = None

    @property
    def stale(self) -> bool:
        """Whether it is overdue."""
        return self.stale_after_days is not None and self.age_days > self.stale_after_days


@dataclass(frozen=True, kw_only=True)
class DriftAlarm:
    """A statistic that watches for change; it rings while ``since`` (the first month of the alarm) is given."""

    name: str
    value: float | None
    threshold: float
    since: date | None = None
    meaning: str = ""


@dataclass(frozen=True, kw_only=True)
class RiskReport:
    """Everything on the page.

    Parameters
    ----------
    as_of
        The moment of knowledge; with a zone.
    history
        Earlier readings and the current one, ascending, each as it was made.
    recessions
        By peak; the page shows only what was announced by ``as_of``.
    configurations_tried
        How many model configurations were compared before this one was taken.
    caveats
        Sentences.
    run_id, data_version
        Of the run and of its data; shown, so that it can be repeated.
    """

    as_of: datetime
    reading: CurrentReading
    history: tuple[Reading, ...] = ()
    recessions: tuple[Recession, ...] = ()
    track: tuple[TrackRecord, ...] = ()
    calibration: tuple[CalibrationBin, ...] = ()
    graph: Graph = field(default_factory=Graph)
    scenarios: tuple[Scenario, ...] = ()
    claims: tuple[Claim, ...] = ()
    freshness: tuple[SeriesFreshness, ...] = ()
    alarms: tuple[DriftAlarm, ...] = ()
    configurations_tried: int | None = None
    caveats: tuple[str, ...] = ()
    run_id: str = ""
    data_version: str = ""

    @property
    def known_recessions(self) -> tuple[Recession, ...]:
        """The recessions as they were known at ``as_of``: no peak or trough that was announced only later.

        Turning points without an announcement are of before 1980, and known.
        """
        today = self.as_of.date()
        seen = (one for one in self.recessions if one.peak_announced is None or one.peak_announced <= today)
        return tuple(
            replace(one, trough=None, trough_announced=None)
            if one.trough_announced is not None and one.trough_announced > today
            else one
            for one in seen
        )
