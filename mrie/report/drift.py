"""Alarms that a model or its inputs have changed: two statistics over the past alone.

- ``PageHinkley`` on the one-step predictive log score: has the model begun to forecast worse than it used to?
- ``stability`` of each input: are its last months spread over the values that it had before?

Both are read month by month; what they said of a month does not change when later months come.

References: Page (1954), "Continuous inspection schemes", Biometrika 41; Hinkley (1971), "Inference about the
change-point from cumulative sum tests", Biometrika 58; in the recursive form of Gama et al. (2014), "A survey on
concept drift adaptation", ACM Computing Surveys 46, section 4.2. Population stability: Siddiqi (2006), "Credit Risk
Scorecards", and for its distribution Yurdakul and Naranjo (2020), "Statistical properties of the population stability
index", Journal of Risk Model Validation 14.

Belongs here: statistics. Not here: scores and inputs themselves, and what to do about an alarm.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from mrie.report.inputs import DriftAlarm

Floats = NDArray[np.float64]

BURN_IN = 60
"""Months from which the usual score and its spread are learned, before the test begins."""

_FEWEST_BINS = 3


@dataclass(frozen=True, kw_only=True)
class PageHinkley:
    """A test for a fall of the mean, one score at a time; memory does not grow.

    Scores are standardised by the mean and standard deviation of the first ``burn_in``, so that ``slack`` and
    ``threshold`` are in standard deviations of the score. With the running mean x̄ of the standardised scores,

        U_t = U_{t-1} + (x̄_t - x_t - slack),   PH_t = U_t - min_{s ≤ t} U_s,   alarm while PH_t > threshold.

    Parameters
    ----------
    slack
        The fall that is not worth an alarm.
    threshold
        With the defaults, at most 6% of series of 600 independent normal scores ring, and a fall by one standard
        deviation rings within two years in the median (tests/mrie/test_report_drift.py).
    clip
        Standardised scores are cut at ± this: one month alone, such as April 2020, is no drift.
    """

    burn_in: int = BURN_IN
    slack: float = 0.25
    threshold: float = 15.0
    clip: float = 4.0
    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    running: float = 0.0
    total: float = 0.0
    lowest: float = 0.0

    @property
    def value(self) -> float:
        """PH_t; 0 during the burn-in."""
        return self.total - self.lowest

    @property
    def rings(self) -> bool:
        """Whether the alarm is on."""
        return self.value > self.threshold

    def step(self, score: float) -> "PageHinkley":
        """Return the test after one more score (the higher the better).

        Raises
        ------
        ValueError
            If the score is not finite.

        >>> test = PageHinkley(burn_in=2, threshold=3.0)
        >>> for score in [1.0, -1.0, 0.0, -4.0, -4.0]:
        ...     test = test.step(score)
        >>> round(test.value, 3), test.rings
        (3.318, True)
        """
        if not math.isfinite(score):
            raise ValueError(f"a log score of {score}")
        count = self.count + 1
        if count <= self.burn_in:  # Welford (1962)
            mean = self.mean + (score - self.mean) / count
            squares = self.squares + (score - self.mean) * (score - mean)
            return _after(self, count=count, mean=mean, squares=squares)
        spread = math.sqrt(self.squares / max(self.burn_in - 1, 1)) or 1.0
        x = min(max((score - self.mean) / spread, -self.clip), self.clip)
        running = self.running + (x - self.running) / count  # the burn-in counts with its mean, which is 0
        total = self.total + running - x - self.slack
        return _after(self, count=count, running=running, total=total, lowest=min(self.lowest, total))


def _after(test: PageHinkley, **changes: float) -> PageHinkley:
    return PageHinkley(**{**vars(test), **changes})


def score_alarm(name: str, months: Sequence[date], scores: Sequence[float], test: PageHinkley | None = None
                ) -> DriftAlarm:  # fmt: skip
    """Run the test over a model's one-step predictive log scores.

    Parameters
    ----------
    months, scores
        Ascending, of one length; scores in nats.
    test
        Its settings, at its start.

    Returns
    -------
    DriftAlarm
        ``since`` is the first month of the alarm that is on in the last month.
    """
    state, since = test or PageHinkley(), None
    for month, score in zip(months, scores, strict=True):
        state = state.step(score)
        since = (since or month) if state.rings else None
    learned = state.count > state.burn_in
    return DriftAlarm(
        name=name,
        value=state.value if learned else None,
        threshold=state.threshold,
        since=since,
        meaning="Rings when forecasts are worse than the model's first ones were (Page-Hinkley on the log score)."
        if learned
        else f"Not running yet: {state.count} of {state.burn_in} scores to learn from.",
    )


def stability(reference: Floats, recent: Floats, bins: int = 5) -> float:
    """Return the population stability index of two samples, zero where they are spread alike.

    Σ (q_b - p_b) ln(q_b / p_b) over bins of equal share of the reference. Half a month is added to every bin, so that
    an empty one does not make it infinite.

    Raises
    ------
    ValueError
        If a sample is empty, or the reference has too few different values for three bins.
    """
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, bins + 1)[1:-1])) if reference.size else np.array([])
    if not recent.size or len(edges) + 1 < _FEWEST_BINS:
        raise ValueError(f"{reference.size} and {recent.size} values in {len(edges) + 1} bins")
    p, q = (_shares(edges, sample) for sample in (reference, recent))
    return float(np.sum((q - p) * np.log(q / p)))


def _shares(edges: Floats, sample: Floats) -> Floats:
    counts = np.bincount(np.searchsorted(edges, sample, side="right"), minlength=len(edges) + 1) + 0.5
    return counts / counts.sum()


def months_to_forget(reference: Floats, bins: int = 5) -> float:
    """Return how many months of a series are worth one independent month, for counting values in bins; at least 1.

    The mean over bins of 1 + 2 Σ ρ_k, ρ_k being the autocorrelations of "the value is in this bin" up to the first
    that is not positive (Geyer 1992, "Practical Markov chain Monte Carlo", Statistical Science 7, initial positive
    sequence; here of single lags).
    """
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, bins + 1)[1:-1]))
    places = np.searchsorted(edges, reference, side="right")
    return max(1.0, float(np.mean([_memory((places == b).astype(float)) for b in range(len(edges) + 1)])))


def _memory(inside: Floats) -> float:
    centred = inside - inside.mean()
    power = float(centred @ centred)
    if not power:
        return 1.0
    size = 2 ** math.ceil(math.log2(2 * len(centred)))
    spectrum = np.abs(np.fft.rfft(centred, size)) ** 2
    rho = np.fft.irfft(spectrum, size)[1 : len(centred)] / power
    ends = np.flatnonzero(rho <= 0)
    return 1.0 + 2.0 * float(rho[: ends[0] if len(ends) else len(rho)].sum())


def stability_threshold(reference: Floats, recent_months: int, level: float, bins: int = 5) -> float:
    """Return the index that two samples of one stable series exceed with probability ``level``, about.

    (1/n + 1/m) χ²_{B-1}(1 - level) for independent samples (Yurdakul and Naranjo 2020). Months of a macro series are
    not independent: n and m are divided by ``months_to_forget``. At a level of 1%, 60 months against 540 of a stable
    series exceed it in few samples without memory, and in up to 14% with an AR(1) coefficient of 0.9
    (tests/mrie/test_report_drift.py).
    """
    memory = months_to_forget(reference, bins)
    independent = 1 / len(reference) + 1 / recent_months
    return float(memory * independent * chi2.ppf(1 - level, bins - 1))


@dataclass(frozen=True, kw_only=True)
class StabilityRule:
    """How inputs are watched.

    Parameters
    ----------
    recent
        Months that are compared with all months before them.
    fewest
        Months that must come before them.
    bins
        Of equal share of the months before.
    level
        Probability of a false alarm in a month, over all inputs together (Bonferroni).
    """

    recent: int = 60
    fewest: int = 120
    bins: int = 5
    level: float = 0.01


def input_alarms(
    months: Sequence[date], inputs: Mapping[str, Sequence[float]], rule: StabilityRule | None = None
) -> tuple[DriftAlarm, ...]:
    """Return an alarm for every input, as of the last month.

    Parameters
    ----------
    months
        Ascending.
    inputs
        A value a month and input, as the models see it; NaN where there is none.
    """
    rule = rule or StabilityRule()
    level = rule.level / max(len(inputs), 1)
    return tuple(_input_alarm(name, months, np.asarray(values, float), rule, level) for name, values in inputs.items())


def _input_alarm(name: str, months: Sequence[date], values: Floats, rule: StabilityRule, level: float) -> DriftAlarm:
    if len(values) != len(months):
        raise ValueError(f"{name} has {len(values)} values for {len(months)} months")
    there = np.flatnonzero(np.isfinite(values))
    fit = _judged(values[there], rule, level)
    if fit is None:
        meaning = f"Not running yet: it needs {rule.fewest + rule.recent} months of different values."
        return DriftAlarm(name=name, value=None, threshold=0.0, meaning=meaning)
    since, end = None, len(there)
    while (judged := _judged(values[there[:end]], rule, level)) is not None and judged[0] > judged[1]:
        since, end = months[there[end - 1]], end - 1
    meaning = f"Rings when its last {rule.recent} months lie elsewhere than those before (population stability index)."
    return DriftAlarm(name=name, value=fit[0], threshold=fit[1], since=since, meaning=meaning)


def _judged(values: Floats, rule: StabilityRule, level: float) -> tuple[float, float] | None:
    """Return index and threshold of the last months; None before there are enough."""
    reference, recent = values[: -rule.recent], values[-rule.recent :]
    if len(reference) < rule.fewest:
        return None
    try:
        return stability(reference, recent, rule.bins), stability_threshold(reference, rule.recent, level, rule.bins)
    except ValueError:  # a series that hardly varies has no bins
        return None
