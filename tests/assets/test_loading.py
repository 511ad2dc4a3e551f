"""Sources and tables in a real warehouse: what a run records, and what it does about errors."""

from dataclasses import replace
from datetime import UTC, datetime

import dagster as dg
import pyarrow as pa
import pytest
from builders import NOW, trades
from datasets import make_dataset

from assets.progress import Checked, Failed, Finished, Materialized, Said, Started, Watch
from assets.raw import table_key
from assets.run import EltResult, run_elt, run_research
from assets.sources import source_key
from assets.studies import STUDY
from zeno.errors import SourceRejected, SourceUnavailable, WarehouseDown

TWO = [source_key("test"), table_key("raw.trades"), table_key("raw.loads"), table_key("raw.quarantine")]


def run(define, instance, *datasets, only=TWO):
    job = define(*datasets).resolve_job_def("load_any")
    return job.execute_in_process(instance=instance, asset_selection=only, raise_on_error=False)


def value(instance, key: dg.AssetKey, name: str):
    return instance.get_latest_materialization_event(key).asset_materialization.metadata[name].value


def test_a_run_records_what_was_loaded_and_what_the_table_holds(define, instance, loader):
    bad = ["1640.25", "NaN", "1640.50"]
    later = pa.array([datetime(2013, 9, 2, 12, minute, tzinfo=UTC) for minute in (0, 1, 2)], pa.timestamp("us", "UTC"))
    assert run(define, instance, make_dataset("test", trades(price=bad, ord=[7, 8, 9], ts=later), trades())).success
    source = {name: value(instance, TWO[0], name) for name in ("rows in", "rows stored", "rows quarantined", "batches")}
    assert source == {"rows in": 6, "rows stored": 5, "rows quarantined": 1, "batches": 2}
    assert value(instance, TWO[0], "first event") == "2013-09-02T00:00:00+00:00"
    assert value(instance, TWO[0], "last event") == "2013-09-02T12:02:00+00:00"
    assert value(instance, TWO[1], "dagster/row_count") == 5
    assert "2013-09-02" in value(instance, TWO[1], "first")
    assert "1640.25" in value(instance, TWO[1], "last rows")
    assert value(instance, TWO[1], "picture").startswith("![raw.trades](data:image/png;base64,")


def test_a_picture_that_cannot_be_drawn_is_left_out(define, instance, loader, monkeypatch):
    def stop(*_args: object) -> None:
        raise ValueError("Matplotlib dates must be between year 0001 and 9999.")

    monkeypatch.setattr("assets.describe.draw", stop)
    assert run(define, instance).success
    metadata = instance.get_latest_materialization_event(TWO[1]).asset_materialization.metadata
    assert "last rows" in metadata
    assert "picture" not in metadata


def test_a_second_run_changes_nothing(define, instance, loader, warehouse):
    for _ in range(2):
        assert run(define, instance).success
    assert warehouse.client().scalar("SELECT count() FROM raw.trades") == 3
    assert warehouse.client().scalar("SELECT count() FROM raw.loads WHERE state = 'landed' AND source = 'test'") == 3


def test_a_run_can_be_found_from_the_ledger(define, instance, loader, warehouse):
    done = run(define, instance)
    found = warehouse.client().scalar("SELECT any(correlation_id) FROM raw.loads WHERE table_name = 'raw.trades'")
    assert found == done.run_id


def failing(error: Exception, times: int):
    calls = []

    def read(_context):
        calls.append(NOW)
        if len(calls) <= times:
            raise error
        yield trades()

    return make_dataset("test", trades(), read=read), calls


@pytest.mark.parametrize("away", [SourceUnavailable, WarehouseDown])
def test_what_is_away_is_asked_again(define, instance, loader, away):
    dataset, calls = failing(away("It did not answer."), 1)
    assert run(define, instance, dataset).success
    assert len(calls) == 2


def test_a_source_that_answers_wrongly_is_not_asked_again_and_the_remedy_is_shown(define, settings, loader):
    dataset, calls = failing(SourceRejected("HTML.", remedy="Look at it."), 9)
    events = []
    result = run_elt(settings, definitions=define(dataset), on_event=events.append)
    assert not result.success
    assert len(calls) == 1
    assert Failed("sources__test", "HTML.", "Look at it.") in result.failures
    assert [skip.step for skip in result.skipped][-1] == "build_marts"


def test_progress_is_reported_as_it_happens(define, settings, loader):
    events = []
    result = run_elt(settings, definitions=define(), on_event=events.append)
    assert result.success, result.failures
    kinds = [type(event) for event in events]
    assert {Started, Finished, Materialized, Checked} <= set(kinds)
    assert kinds.index(Started) < kinds.index(Finished)
    assert result.loads == {"test": 3}
    assert result.tables["raw.trades"] == 3
    assert not result.red


def test_what_happened_is_told_to_the_last_event_and_a_failed_step_by_the_error_at_its_root(monkeypatch):
    monkeypatch.setattr("assets.progress._PAGE", 1)
    events = []

    @dg.asset
    def broken():
        raise ValueError("no such thing")

    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize([broken], instance=instance, raise_on_error=False)
        with Watch(instance, done.run_id, events.append):
            pass
    assert events == [Started("broken"), Failed("broken", "ValueError: no such thing")]


def test_what_a_step_logs_of_its_progress_and_the_files_that_it_writes_are_told(tmp_path):
    events = []

    @dg.asset
    def page(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        context.log.info("3 of 9 folds")
        context.log.debug("not of interest")
        return dg.MaterializeResult(metadata={"page": dg.MetadataValue.path(str(tmp_path / "page.html"))})

    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize([page], instance=instance)
        with Watch(instance, done.run_id, events.append):
            pass
    assert [one for one in events if not isinstance(one, Finished)] == [
        Started("page"), Said("page", "3 of 9 folds"), Materialized("page", None, {"page": tmp_path / "page.html"}),
    ]  # fmt: skip


def test_what_has_rows_and_files_counts_for_both(tmp_path):
    result = EltResult()
    result.take(Materialized("raw.trades", 3, {"plot": tmp_path / "plot.html"}))
    assert result.tables == {"raw.trades": 3}
    assert result.paths == {"raw.trades": {"plot": tmp_path / "plot.html"}}


def test_research_runs_as_the_jobs_of_the_ui_where_the_settings_say_and_gives_its_pages(settings, tmp_path):
    driven = []

    class Where(dg.Config):
        executor: str
        workers: int

    @dg.asset(key=STUDY)
    def walk_forward(config: Where) -> dg.MaterializeResult:
        driven.append((config.executor, config.workers))
        return dg.MaterializeResult(metadata={"tearsheet": dg.MetadataValue.path(str(tmp_path / "study.html"))})

    @dg.asset
    def report() -> None:
        driven.append("report")

    jobs = [dg.define_asset_job("walk_forward", [walk_forward]), dg.define_asset_job("mrie", [report])]
    defined = dg.Definitions([walk_forward, report], jobs=jobs)
    result = run_research(replace(settings, executor="spark", workers=None), definitions=defined)
    assert result.success, result.failures
    assert driven == [("spark", 0), "report"]
    assert result.paths == {"research.walk_forward": {"tearsheet": tmp_path / "study.html"}}
    assert len(result.runs) == 2
