"""The report's record from what the phases found: nothing is computed here that is not shown."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from mrie import report as shown
from mrie.causal import EdgeReading
from mrie.models import Readings
from mrie.models.refit import Fit
from mrie.models.spec import GROUPS
from mrie.panel.cycle import recessions
from mrie.panel.features import columns, feature
from mrie.panel.months import parse_month
from mrie.report.drift import input_alarms, score_alarm
from mrie.run.inputs import Inputs, Release, month_day
from mrie.run.ledger import plain, shown_claims
from mrie.run.phases import Work, span_text
from mrie.run.rows import clipped, one_a_month
from mrie.run.track import calibration, track_records
from mrie.scenarios import STANDARD, ScenarioRun
from mrie.scenarios.paths import Path
from mrie.validation import Validation

CONFIGURATIONS_TRIED = 200
"""About so many fitted configurations were compared before these models were taken: docs/mrie-validation.md."""

STALE_DAYS = 45
"""A monthly series whose newest value came out longer ago than this is overdue."""

_ALWAYS = ("production", "payrolls", "unemployment", "core_inflation")
_SENSES = {"seen": "conditioning", "do": "do", "forecast": "forecast"}


def make_report(work: Work, readings: Readings, edges: Sequence[EdgeReading], scenarios: ScenarioRun,
                validation: Validation) -> shown.RiskReport:  # fmt: skip
    """Return the record of the page."""
    inputs, rows = work.inputs, one_a_month(readings)
    history = tuple(shown.Reading(**_reading(row)) for row in rows[:-1])
    latest = rows[-1]
    current = shown.CurrentReading(**_reading(latest), data_month=month_day(latest["data_month"]),
                                   why=_why(work, readings))  # fmt: skip
    return shown.RiskReport(
        as_of=inputs.as_of,
        reading=current,
        history=history,
        recessions=_recessions(inputs),
        track=track_records(validation),
        calibration=calibration(validation),
        graph=_graph(work, edges),
        scenarios=tuple(_scenarios(work, scenarios)),
        claims=shown_claims(work.ledger.histories().values(), work.run_id),
        freshness=_freshness(work),
        alarms=_alarms(work, readings),
        configurations_tried=CONFIGURATIONS_TRIED,
        caveats=tuple(_caveats(work, readings, edges, validation)),
        run_id=work.run_id,
        data_version=inputs.sha256[:16],
    )


def _reading(row: Mapping[str, Any]) -> dict[str, Any]:
    chances = {name: clipped(row[name]) for name in ("p_hmm", "p_ms", "p_combined", "low", "high")}
    return chances | {"month": month_day(row["data_month"]), "regime": row["regime"]}


def _why(work: Work, readings: Readings) -> str:
    """Say where the composites stand, by the parameters that hold now, and which model is furthest from the others."""
    fit, values = readings.fits[-1].fit, work.features.values
    trend, momentum = (float(part.apply(values)[-1]) for part in (fit.trend, fit.momentum))
    last = readings.table.iloc[-1]
    members = {"hidden Markov model": last["p_hmm"], "Markov switching": last["p_ms"], "logit": last["p_logit"]}
    highest = max(members, key=lambda name: members[name])
    return (
        f"Activity over half a year stands {_above(trend)}, over a quarter {_above(momentum)}; "
        f"of the three models the {highest} gives the highest probability. "
        f"The chance of a recession twelve months on is put at {100 * last['p_ahead']:.0f}%."
    )


def _above(deviations: float) -> str:
    if abs(deviations) < 0.05:
        return "at its usual pace"
    return f"{abs(deviations):.1f} standard deviations {'above' if deviations > 0 else 'below'} its usual pace"


def _recessions(inputs: Inputs) -> tuple[shown.Recession, ...]:
    known = {turn.month: turn.known for turn in inputs.turns}

    def announced(month: int, kind: str) -> date | None:
        day = inputs.announced.get((month, kind))
        return day or (month_day(known[month] + 1) if month >= parse_month("1980-01") else None)

    return tuple(
        shown.Recession(peak=month_day(one.peak), trough=month_day(one.trough),
                        peak_announced=announced(one.peak, "peak"), trough_announced=announced(one.trough, "trough"))
        for one in recessions(inputs.turns)
    )  # fmt: skip


def _graph(work: Work, edges: Sequence[EdgeReading]) -> shown.Graph:
    drawn = tuple(
        shown.Edge(cause=edge.cause, effect=edge.effect, sign=edge.sign, lag_months=edge.lag_months,
                   mechanism=edge.mechanism, status=one.status, reason=plain(one.reason))
        for one in edges for edge in (one.result.edge,)
    )  # fmt: skip
    nodes = tuple(shown.Node(name=node.name, title=node.title, place=(float(node.place[0]), float(node.place[1])))
                  for node in work.graph.nodes.values())  # fmt: skip
    return shown.Graph(edges=drawn, nodes=nodes)


def _scenarios(work: Work, found: ScenarioRun) -> Iterable[shown.Scenario]:
    yield shown.Scenario(name="forecast", sense="forecast", assumption="Nothing is assumed.",
                         paths=_paths(work, found.paths["forecast"], _ALWAYS, with_baseline=False))  # fmt: skip
    for one in STANDARD:
        for way in ("seen", "do"):
            name = f"{one.name}.{way}"
            led_to = found.reached[f"{one.name}.do"]
            nodes = (one.node, *(node for node in _ALWAYS if way == "seen" or node in led_to))
            alone = way == "do" and not led_to
            said = one.statement + (
                " No edge that holds leads on from it: nothing can be said to follow." if alone else ""
            )
            refused = found.refused.get(name, "")
            paths = () if refused else _paths(work, found.paths[name], nodes)
            yield shown.Scenario(name=one.name, sense=_SENSES[way], assumption=said, refused=refused, paths=paths)


def _paths(work: Work, path: Path, nodes: Iterable[str], *, with_baseline: bool = True
           ) -> tuple[shown.ScenarioPath, ...]:  # fmt: skip
    months = tuple(moment.date() for moment in path.value.index)
    return tuple(
        shown.ScenarioPath(node=node, unit=work.graph.nodes[node].unit, months=months, median=_column(path.value, node),
                           low=_column(path.low, node), high=_column(path.high, node), level=path.level,
                           baseline=_column(path.baseline, node) if with_baseline else ())
        for node in dict.fromkeys(nodes)
    )  # fmt: skip


def _column(frame: pd.DataFrame, node: str) -> tuple[float, ...]:
    return tuple(float(value) for value in frame[node])


def _freshness(work: Work) -> tuple[shown.SeriesFreshness, ...]:
    """Return the series that the latest reading and the causal graph are made of."""
    uses = _uses(work)
    return tuple(_fresh(one, ", ".join(uses[one.source, one.series]), work.inputs.as_of.date())
                 for one in work.inputs.releases if (one.source, one.series) in uses)  # fmt: skip


def _uses(work: Work) -> dict[tuple[str, str], list[str]]:
    uses: dict[tuple[str, str], list[str]] = {}
    for row in work.inputs.panel.provenance(work.question.last).to_dict("records"):
        uses.setdefault((row["source"], row["series"]), []).append(f"{row['concept']} of the readings")
    for name, source in work.inputs.chosen.items():
        uses.setdefault((source, name), []).append("causal graph")
    return uses


def _fresh(one: Release, title: str, today: date) -> shown.SeriesFreshness:
    return shown.SeriesFreshness(
        series=one.series, title=title, source=one.source, last_period=one.last_period, known_at=one.known_at,
        real_vintages=one.dated, age_days=(today - one.known_at.date()).days, stale_after_days=STALE_DAYS,
    )  # fmt: skip


def _alarms(work: Work, readings: Readings) -> tuple[shown.DriftAlarm, ...]:
    months, scores = predictive_scores(work, readings)
    fit, values = readings.fits[-1].fit, work.features.values
    inputs = {"Trend of activity": fit.trend.apply(values), "Momentum of activity": fit.momentum.apply(values),
              "Leading index": fit.lead.apply(values), "Unemployment, change over a year": feature(
                  values, "unemployment_12")}  # fmt: skip
    every = [month_day(int(month)) for month in work.features.data_months]
    since = next((at for at, month in enumerate(every) if month.year > 1), 0)
    told = input_alarms(every[since:], {name: list(column[since:]) for name, column in inputs.items()})
    return (score_alarm("Hidden Markov model's forecasts", months, scores), *told)


def predictive_scores(work: Work, readings: Readings) -> tuple[list[date], list[float]]:
    """Return the data months read and the hidden Markov model's predictive log density of each, nats."""
    months, scores = readings.table["month"].to_numpy(np.int64), []
    starts = [*(result.fit.month for result in readings.fits[1:]), work.question.last + 1]
    for result, end in zip(readings.fits, starts, strict=True):
        mine = months[(months >= result.fit.month) & (months < end)]
        scores += _evidence(work, result.fit, parse_month(result.record.first), mine)
    return [month_day(int(month)) for month in readings.table["data_month"]], scores


def _evidence(work: Work, fit: Fit, first: int, months: np.ndarray) -> list[float]:
    rows = work.features.since(int(np.searchsorted(work.features.months, first)))
    density = fit.hmm.parameters.filter(fit.composites(rows.values))[1]
    return density[np.searchsorted(rows.months, months)].tolist()


def _caveats(work: Work, readings: Readings, edges: Sequence[EdgeReading], validation: Validation) -> Iterable[str]:
    vintaged = float(readings.table["vintaged"].mean())
    if vintaged < 1.0:
        yield (
            f"Only {100 * vintaged:.1f}% of the inputs were dated vintages. The others are values as revised since, "
            "taken as known from their usual release day on: revisions that nobody had then are in these readings, and "
            "the track record is better for it than a reader of the day could have had."
        )
    yield (
        f"Read: {span_text(work.question)}. Edges, scenarios and the coverage of their bands are of values as revised."
    )
    yield (
        "Bands of scenarios are as wide as past errors were, those of April 2020 among them, and do not know that a "
        "rate of unemployment cannot be negative."
    )
    yield from validation.warnings
    if absent := _absent_groups(work):
        yield f"The composites lack {absent} now, and average over the rest."
    if not work.current:
        yield "Newer data are known: no claim but that on these readings was judged by this run."
    elif not work.judges_regimes:
        yield "The claims on the readings were not judged: they are of the whole span to the newest month of data."
    if luck := [one.placebo_rate for one in edges if one.placebo_rate is not None]:
        yield (
            f"Of {sum(one.placebos for one in edges):,} causes with random phases, {100 * float(np.mean(luck)):.2f}% "
            "passed every test of an edge: that is how often luck alone does."
        )


def _absent_groups(work: Work) -> str:
    last = work.features.values[-1]
    return ", ".join(group.name for group in GROUPS if not np.isfinite(last[columns(group.momentum)]).any())
