"""The report in words: the finding first, then what stands beside every figure.

Belongs here: sentences made from the record. Not here: the author's own (``why``, reasons, caveats), which the page
shows as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from mrie.report.inputs import Claim, CurrentReading, DriftAlarm, Lag, Reading, RiskReport, SeriesFreshness
from zeno.drawing.chart import Tile
from zeno.drawing.numerals import DASH, number

HMM, SWITCHING, LOGIT, COMBINED = "Gaussian HMM", "Markov switching", "logit", "Combined"

EN = "\u202f–\u202f"

DISAGREE = 0.20
"""Models that are at least this far apart disagree; so do models on different sides of even odds."""


@dataclass(frozen=True)
class Finding:
    """What the page says first.

    Parameters
    ----------
    headline
        The probability; where the models disagree, their range.
    sentence
        Probability, range and agreement in one sentence.
    disagree
        Whether the models do.
    """

    headline: str
    sentence: str
    disagree: bool


def finding(reading: CurrentReading) -> Finding:
    """Return the finding of a reading."""
    disagree = models_disagree(reading)
    span = f"{chance(reading.low)} to {chance(reading.high)}"
    month = month_name(reading.month).replace(" ", "\u00a0")
    headline = (
        f"The models disagree: recession risk in {month} from {span}"
        if disagree
        else f"Recession risk in {month}: {chance(reading.p_combined)}, range {span}"
    )
    sentence = (
        f"The chance that the United States was in recession in {month_name(reading.month)} is put at "
        f"{chance(reading.p_combined)} by three models together, in a range of {span}: {_agreement(reading, disagree)}."
    )
    return Finding(headline, sentence, disagree)


def models_disagree(reading: Reading) -> bool:
    """Whether the models are far apart, or on different sides of even odds."""
    return reading.high - reading.low >= DISAGREE or reading.low < 0.5 <= reading.high


def _agreement(reading: Reading, disagree: bool) -> str:
    if reading.p_hmm is None or reading.p_ms is None:
        silent = [name for name, p in ((HMM, reading.p_hmm), (SWITCHING, reading.p_ms)) if p is None]
        return f"there is no reading of {' and '.join(silent)}, so agreement cannot be judged"
    each = f"{HMM} {chance(reading.p_hmm)}, {SWITCHING} {chance(reading.p_ms)}"
    return f"the three {'disagree' if disagree else 'agree'} ({each}; the third is a {LOGIT})"


def scope(report: RiskReport) -> str:
    """Say what the probabilities are, and whether the data under them were those of the day."""
    text = (
        "United States only. Filtered probabilities: no month is read with later months, and none is improved since. "
    )
    undated = sum(not one.real_vintages for one in report.freshness)
    if not report.freshness:
        return text + "Whether the data were those of the day is not recorded."
    if undated:
        return text + f"But {undated} of {len(report.freshness)} series are as revised since, not as first published."
    return text + "In real time: the data are the vintages of the day."


def headline_tiles(report: RiskReport) -> list[Tile]:
    """Return the four large figures."""
    reading = report.reading
    ringing = [alarm for alarm in report.alarms if alarm.since]
    overdue = [one for one in report.freshness if one.stale]
    withdrawn = [claim for claim in report.claims if claim.status == "withdrawn"]
    return [
        Tile(COMBINED, chance(reading.p_combined), _change(report)),
        Tile("Range", f"{chance(reading.low, unit=False)}{EN}{chance(reading.high)}", _width(reading)),
        Tile("Regime", reading.regime.replace("_", " "), f"most probable in {month_name(reading.month)}"),
        Tile(
            "Warnings",
            str(len(ringing) + len(overdue)),
            f"{len(ringing)} drift, {len(overdue)} late; {plural(len(withdrawn), 'claim')} withdrawn",
            "bad" if ringing or overdue else "",
        ),
    ]


def _change(report: RiskReport) -> str:
    before = [row for row in report.history if months_between(row.month, report.reading.month) == 3]
    if not before:
        return "no reading of three months before"
    points = 100 * (report.reading.p_combined - before[0].p_combined)
    return f"{number(points, 0, sign=True)} points in three months"


def _width(reading: Reading) -> str:
    return f"over three models, {plural(round(100 * (reading.high - reading.low)), 'point')} wide"


def chance(p: float | None, *, unit: bool = True) -> str:
    r"""Write a probability without claiming certainty.

    >>> chance(0.123), chance(0.0004), chance(1.0), chance(0.5, unit=False)
    ('12\xa0%', '<\u202f1\xa0%', '>\u202f99\xa0%', '50')
    """
    if p is None:
        return DASH
    text = "<\u202f1" if p < 0.01 else ">\u202f99" if p > 0.99 else number(100 * p, 0)
    return text + "\u00a0%" if unit else text


def month_name(day: date | None) -> str:
    """Write a month, ``March 2008``."""
    return f"{day:%B %Y}" if day else DASH


def short_month(day: date | None) -> str:
    """Write a month for tables, ``2008-03``."""
    return f"{day:%Y-%m}" if day else DASH


def plural(count: int, noun: str) -> str:
    """Write a count with its noun.

    >>> plural(1, "claim"), plural(0, "claim")
    ('1 claim', '0 claims')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def months_between(first: date, last: date) -> int:
    """Return the months from one to another."""
    return 12 * (last.year - first.year) + last.month - first.month


def lags(given: Sequence[Lag]) -> str:
    r"""Write turning-point lags: the median, and the range; missed ones are counted elsewhere.

    >>> lags([Lag(date(2001, 3, 1), 2), Lag(date(2007, 12, 1), 4), Lag(date(2020, 2, 1), None)])
    '3 (2 to 4)'
    """
    known = sorted(lag.months for lag in given if lag.months is not None)
    if not known:
        return DASH
    middle = number(median(known), 0 if median(known) == int(median(known)) else 1)
    return f"{middle} ({number(known[0], 0)} to {number(known[-1], 0)})" if len(known) > 1 else middle


def lag_words(months: int | None) -> str:
    """Write one lag."""
    if months is None:
        return "not called"
    return "the same month" if months == 0 else f"{plural(abs(months), 'month')} {'after' if months > 0 else 'before'}"


def claim_counts(claims: Sequence[Claim]) -> str:
    """Count claims by what became of them."""
    counts = {status: sum(claim.status == status for claim in claims) for status in ("holds", "failed", "open")}
    withdrawn = sum(claim.status == "withdrawn" for claim in claims)
    return (
        f"{plural(len(claims), 'claim')} committed before being judged: {counts['holds']} hold, "
        f"{counts['failed']} failed, {withdrawn} withdrawn, {counts['open']} not judged yet."
    )


def freshness_summary(series: Sequence[SeriesFreshness]) -> str:
    """Say how old the data are, and how much of it has dated revisions."""
    dated = sum(one.real_vintages for one in series)
    late = [one.series for one in series if one.stale]
    text = f"{dated} of {len(series)} series with dated vintages"
    if dated < len(series):
        text += "; the others are as revised since, with usual release lags assumed"
    return text + (f". Overdue: {', '.join(late)}." if late else ". None is overdue.")


def alarm_summary(alarms: Sequence[DriftAlarm]) -> str:
    """Say how many alarms ring."""
    ringing = sum(alarm.since is not None for alarm in alarms)
    return f"{ringing} of {plural(len(alarms), 'alarm')} on." if alarms else ""
