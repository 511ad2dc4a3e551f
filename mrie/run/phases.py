"""The six phases of a run, each a method: it computes what is not kept yet, writes its rows, and may be called again.

    panel         data up to as_of; every claim is committed here, before anything is computed
    regimes       refits and readings                                 mrie.readings, mrie.fits
    causal_graph  every edge and its placebos                         mrie.edges, mrie.claims
    scenarios     over the edges that hold; coverage of the bands     mrie.scenarios, mrie.validations, mrie.claims
    validation    scores, baselines, verdicts                         mrie.validations, mrie.claims
    report        the record of the page                              a file beside the run's others

What a phase computed is kept in the run's folder, which is named by data, question and code: a run that was
interrupted goes on, and one that is over computes nothing. Rows are offered each time and stored once.
"""

import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from mrie.causal import EdgeReading, Graph, edge_rows, evaluate_graph, load_graph, node_frame
from mrie.claims import Judged, Ledger
from mrie.models import DEFAULT, Readings, read_months
from mrie.panel import Panel
from mrie.panel.features import FeatureRows, feature_rows
from mrie.panel.months import month_text, parse_month
from mrie.run.claims import honesty_claim, regime_claims, regime_evidence
from mrie.run.inputs import FIRST, Inputs, Question, month_number
from mrie.run.rows import fit_rows, reading_rows, validation_rows
from mrie.scenarios import ScenarioRun, commit_study, compute_scenarios, keep_scenarios
from mrie.store import MrieStore
from mrie.validation import Validation, score_readings
from warehouse.records import read_records
from warehouse.store import Warehouse
from zeno.clock import Clock
from zeno.settings import Settings

PHASES = ("panel", "regimes", "causal_graph", "scenarios", "validation", "report")

Mapper = Callable[[Callable[[Any], Any], Sequence[Any]], Iterable[Any]]
"""Applies a module's function to each payload, in order; ``map`` is one, ``research.mapping.fan_out`` gives others."""

Watch = Callable[[str, int, int], None]
"""Is told the phase, and how many of how many parts of it are done."""

_Found = TypeVar("_Found")


def unwatched(phase: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Work:
    """A run under way.

    Parameters
    ----------
    mapper
        Where refits and edges are computed; the results do not depend on it.
    current
        Whether the inputs are all that is known. Otherwise only the claim on the run's own readings is judged.
    """

    warehouse: Warehouse
    settings: Settings
    clock: Clock
    inputs: Inputs
    question: Question
    mapper: Mapper = map
    watch: Watch = unwatched
    graph: Graph = field(default_factory=load_graph)
    current: bool = True

    @cached_property
    def store(self) -> MrieStore:
        """The tables."""
        return MrieStore(self.warehouse, clock=self.clock)

    @cached_property
    def run_id(self) -> str:
        """The run's name: see ``Question.run_id``."""
        return self.question.run_id(self.inputs, Ledger(self.store, run_id="unnamed"))

    @cached_property
    def ledger(self) -> Ledger:
        """The claims ledger, on this run's behalf."""
        return Ledger(self.store, run_id=self.run_id)

    @cached_property
    def folder(self) -> Path:
        """Where the run keeps what it computed."""
        return run_folder(self.settings, self.run_id)

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """The causal graph's variables."""
        return node_frame(self.inputs.series, self.graph)

    @cached_property
    def features(self) -> FeatureRows:
        """The feature rows behind the readings, from the first month trained on."""
        return feature_rows(self.inputs.panel, range(parse_month(DEFAULT.start), self.question.last + 1))

    @property
    def judges_regimes(self) -> bool:
        """Whether the span is the one that the claims on the readings are of, and ends with the newest data."""
        asked = self.question
        return self.current and asked.first == parse_month(FIRST) and asked.last == self.inputs.panel.last_vintage

    def panel(self) -> Panel:
        """Phase 1: read the data, and commit every claim before anything is computed from them."""
        self.watch("panel", 0, 1)
        commit_study(self.graph, self.ledger)
        self.ledger.commit([*regime_claims(), honesty_claim(self.run_id)])
        self.watch("panel", 1, 1)
        return self.inputs.panel

    def regimes(self) -> Readings:
        """Phase 2: refit every January, read every month, and keep both."""
        inputs, asked = self.inputs, self.question
        found = self._kept("regimes", lambda: read_months(
            inputs.panel, asked.first, asked.last, turns=inputs.turns, mapper=self._counted("regimes")))  # fmt: skip
        self.store.write_readings(reading_rows(found, inputs), run_id=self.run_id)
        self.store.write_fits(fit_rows(found, self.features), run_id=self.run_id)
        return found

    def causal_graph(self) -> list[EdgeReading]:
        """Phase 3: test every edge by its committed predicate."""
        commit_study(self.graph, self.ledger)
        mapper = self._counted("causal_graph")
        found = evaluate_graph(
            self.nodes, self.graph, self.ledger, placebos=self.question.placebos, seed=self.question.seed,
            map_=lambda function, tasks: self._kept("causal_graph", lambda: list(mapper(function, tasks))),
            judge=self.current,
        )  # fmt: skip
        if not self._stored("mrie.edges"):  # a later run may have changed an edge's status: this run's row stays
            self.store.write_edges(edge_rows(found, self.graph), run_id=self.run_id)
        return found

    def scenarios(self, edges: Sequence[EdgeReading]) -> tuple[ScenarioRun, pd.DataFrame]:
        """Phase 4: the standard scenarios over the edges that hold, and how well their bands cover."""
        self.watch("scenarios", 0, 1)
        commit_study(self.graph, self.ledger)
        found = self._kept("scenarios", lambda: compute_scenarios(
            self.nodes, self.graph, edges, seed=self.question.seed))  # fmt: skip
        keep_scenarios(self.nodes, *found, self.store, self.ledger if self.current else None, run_id=self.run_id)
        self.watch("scenarios", 1, 1)
        return found

    def validation(self, readings: Readings) -> Validation:
        """Phase 5: score readings and baselines, rebuild some readings from their own day's data, judge the claims."""
        self.watch("validation", 0, 1)
        found = self._kept("validation", lambda: (
            score_readings(readings, self.inputs.turns, notes=tuple(_notes(self.inputs.panel, readings)),
                           now=month_number(self.inputs.as_of.date())),
            rebuilt(self.inputs, readings)))  # fmt: skip
        validation, differing = found
        self.store.write_validations(validation_rows(validation), run_id=self.run_id)
        judged = [Judged(honesty_claim(self.run_id), {"readings_that_differ": differing}, self.inputs.sha256)]
        if self.judges_regimes:
            evidence = regime_evidence(validation)
            judged += [Judged(claim, evidence, self.inputs.sha256) for claim in regime_claims()]
        self._judge(judged)
        self.watch("validation", 1, 1)
        return validation

    def _judge(self, judged: Sequence[Judged]) -> None:
        self.ledger.commit([one.claim for one in judged])
        known = self.ledger.histories()
        self.ledger.evaluate([one for one in judged if known[one.claim.claim_id].status != "withdrawn"])

    def _stored(self, table: str) -> bool:
        rows = read_records(self.warehouse, table, as_of=self.store.now(), where={"run_id": self.run_id})
        return rows.num_rows > 0

    def _counted(self, phase: str) -> Mapper:
        def apply(function: Callable[[Any], Any], payloads: Sequence[Any]) -> Iterable[Any]:
            self.watch(phase, 0, len(payloads))
            for number, found in enumerate(self.mapper(function, payloads), 1):
                yield found
                self.watch(phase, number, len(payloads))

        return apply

    def _kept(self, phase: str, compute: Callable[[], _Found]) -> _Found:
        """Return what a phase computed; the folder's name says that it is what would be computed now."""
        path = self.folder / f"{phase}.pickle"
        if path.exists():
            return pickle.loads(path.read_bytes())  # noqa: S301 - written below, in the user's own data folder
        found = compute()
        write_whole(path, pickle.dumps(found, protocol=5))
        return found


def run_folder(settings: Settings, run_id: str) -> Path:
    """Return the folder of a run."""
    return settings.home / "mrie" / run_id


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)


def rebuilt(inputs: Inputs, readings: Readings) -> float:
    """Return how many of three readings come out otherwise when nothing later than their month is there at all."""
    table = readings.table.set_index("month")
    months = table.index.to_numpy()[[len(table) // 4, len(table) // 2, -1]]
    return float(sum(not _same(inputs, table.loc[[month]], int(month)) for month in np.unique(months)))


def _same(inputs: Inputs, expected: pd.DataFrame, month: int) -> bool:
    then = Panel(released_by(inputs.rows, month))
    turns = [turn for turn in inputs.turns if turn.known <= month]
    found = read_months(then, month, month, turns=turns).table.set_index("month")
    return found.equals(expected)


def released_by(rows: pd.DataFrame, month: int) -> pd.DataFrame:
    """Return the releases up to a month; of a series without any yet, its first one up to the usual release lag."""
    known, period = rows["known"].to_numpy(np.int64), rows["period"].to_numpy(np.int64)
    first = rows.groupby(["source", "series"])["known"].transform("min").to_numpy(np.int64)
    usual = (known == first) & (first > month) & (period < month)
    return rows.loc[(known <= month) | usual]


def _notes(panel: Panel, readings: Readings) -> Iterable[str]:
    yield from (f"No series measures {name}: it is averaged over." for name in panel.missing)
    if readings.skipped:
        yield f"{len(readings.skipped)} months had too little data, {readings.skipped[0]} to {readings.skipped[-1]}."
    for result in readings.fits:
        if not result.record.hmm_accepted:
            yield f"The refit of {result.record.month} kept a state that had lost its meaning or its months."


def span(inputs: Inputs, first: int | None, last: int | None) -> tuple[int, int]:
    """Return the months asked for; by default from ``FIRST`` to the newest month of data."""
    newest = inputs.panel.last_vintage
    return parse_month(FIRST) if first is None else first, newest if last is None else min(last, newest)


def span_text(question: Question) -> str:
    """Return the months of a question, for people."""
    return f"{month_text(question.first)} to {month_text(question.last)}"
