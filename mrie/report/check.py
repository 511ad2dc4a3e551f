"""Whether a report may be shown: every fault of its record, found before a word of it is written."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from itertools import pairwise

from mrie.report.inputs import KINDS, SENSES, STATUSES, Reading, RiskReport, ScenarioPath
from zeno.errors import ContractError

_SLACK = 1e-9  # filters leave probabilities such as 1.0000000000000002
_SHOWN = 8


def check_report(report: RiskReport) -> None:
    """Refuse a record that cannot be true.

    Raises
    ------
    ContractError
        If a number is not finite, a probability is none, a month is out of order, a band is crossed, or a name is not
        one of its set; the faults are named together.
    """
    faults = [*_numbers(report, "report"), *_readings(report), *_names(report), *_paths(report)]
    if report.as_of.tzinfo is None:
        faults.append("as_of has no time zone")
    if faults:
        more = f", and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        raise ContractError(
            f"The risk report cannot be shown: {'; '.join(faults[:_SHOWN])}{more}.",
            remedy="Give None for a figure that does not exist, and correct the others where they are made.",
        )


def _numbers(value: object, where: str) -> Iterator[str]:
    """Find numbers that are not finite, anywhere in the record."""
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{where} is {value}"
    elif isinstance(value, tuple):
        for place, item in enumerate(value):
            yield from _numbers(item, f"{where}[{place}]")
    elif is_dataclass(value):
        for entry in fields(value):
            yield from _numbers(getattr(value, entry.name), f"{where}.{entry.name}")


def _readings(report: RiskReport) -> Iterator[str]:
    for reading in (report.reading, *report.history):
        given = {name: getattr(reading, name) for name in ("p_hmm", "p_ms", "p_combined", "low", "high")}
        for name, value in given.items():
            if value is not None and not -_SLACK <= value <= 1 + _SLACK:
                yield f"{name} of {reading.month:%Y-%m} is {value}, no probability"
        if not _ordered(reading):
            yield f"the range of {reading.month:%Y-%m} does not hold its reading"
    yield from _ascending("the history", (reading.month for reading in report.history))
    yield from _ascending("the recessions", (recession.peak for recession in report.recessions))
    if report.history and report.history[-1].month > report.reading.month:
        yield "the history goes beyond the current reading"
    for one in report.calibration:
        if not (0 <= one.predicted <= 1 and 0 <= one.observed <= 1 and one.count > 0):
            yield f"the calibration bin at {one.predicted} is none"


def _ordered(reading: Reading) -> bool:
    return reading.low - _SLACK <= reading.p_combined <= reading.high + _SLACK


def _ascending(what: str, months: Iterable[date]) -> Iterator[str]:
    for before, after in pairwise(months):
        if after <= before:
            yield f"{what} have {after:%Y-%m} after {before:%Y-%m}"
            return


def _names(report: RiskReport) -> Iterator[str]:
    given = [(one.kind, KINDS) for one in report.track]
    given += [(one.status, STATUSES) for one in (*report.graph.edges, *report.claims)]
    given += [(one.sense, SENSES) for one in report.scenarios]
    for name, known in given:
        if name not in known:
            yield f"{name!r} is none of {', '.join(known)}"


def _paths(report: RiskReport) -> Iterator[str]:
    for scenario in report.scenarios:
        if bool(scenario.refused) == bool(scenario.paths):
            yield f"the scenario {scenario.name} needs paths or a reason, and only one of them"
        for path in scenario.paths:
            if fault := _path(path):
                yield f"{scenario.name}, {path.node}: {fault}"


def _path(path: ScenarioPath) -> str:
    if not len(path.months) == len(path.median) == len(path.low) == len(path.high) > 0:
        return "its columns are not of one length"
    if len(path.baseline) not in (0, len(path.months)):
        return "its baseline is not as long as it is"
    rows = zip(path.low, path.median, path.high, strict=True)
    if any(not low - _SLACK <= middle <= high + _SLACK for low, middle, high in rows):
        return "its band does not hold its path"
    return ""
