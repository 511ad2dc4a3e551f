"""The drop folder: a file put down is seen by the sensor, loaded by its job, and settled."""

import os
import time

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets import drop, run
from assets.drop import JOB, LISTING_TAG, load_file, next_attempt
from assets.loading import Loaded
from collectors import drop_folder
from warehouse.batch import Batch
from warehouse.loader import Loader
from zeno.errors import LoadError, WarehouseDown

STARTED, FAILURE = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE
CSV = "symbol,ts,ord,price,size,side\n"
REFUSED = "DROPPED,2013-09-02T10:00:02Z,3,nan,1,buy\n"
GOOD = CSV + "DROPPED,2013-09-02T10:00:00Z,1,1640.25,2,buy\nDROPPED,2013-09-02T10:00:01Z,2,1640.50,1,sell\n"
SYMBOLS = "namespace,symbol,valid_from,valid_to,instrument_id\ndrop,DROPPED,1970-01-01,2299-12-31,7\n"


@pytest.fixture
def put(settings):
    def write(table: str, name: str, text: str) -> None:
        path = settings.drop / table / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (time.time() - 60,) * 2)  # quiet for long enough to be complete

    return write


@pytest.fixture
def symbols(loader):
    days = pa.array([0], pa.date32()), pa.array([120_000], pa.date32())
    loader.load(Batch("ref.symbols", "test", pa.table({
        "namespace": ["drop"], "symbol": ["DROPPED"], "valid_from": days[0], "valid_to": days[1], "instrument_id": [7],
    })))  # fmt: skip


def tick(define, instance):
    repository = define().get_repository_def()
    context = dg.build_sensor_context(instance=instance, repository_def=repository)
    return repository.get_sensor_def("drop_folder").evaluate_tick(context)


def ask(define, instance, status: dg.DagsterRunStatus) -> dg.DagsterRun:
    """Do what the daemon does with the request of a tick, up to a status of the run."""
    (request,) = tick(define, instance).run_requests
    job = define().resolve_job_def("load_drop_folder")
    return instance.create_run_for_job(job, status=status, tags=dict(request.tags))


def load(define, instance):
    return define().resolve_job_def("load_drop_folder").execute_in_process(
        instance=instance, raise_on_error=False, asset_selection=[dg.AssetKey(["sources", "drop_folder"])]
    )  # fmt: skip


def test_a_file_is_seen_once_loaded_and_moved_away(define, instance, settings, put, loader, warehouse):
    assert not tick(define, instance).run_requests
    put("ref.symbols", "symbols.csv", SYMBOLS)
    assert load(define, instance).success
    put("raw.trades", "ticks.csv", GOOD)
    run = ask(define, instance, STARTED)
    assert run.run_id in tick(define, instance).skip_message, "the same files are asked for once"
    assert load(define, instance).success
    instance.delete_run(run.run_id)
    assert warehouse.client().scalar("SELECT count() FROM raw.trades") == 2
    assert (settings.drop / "raw.trades" / "done" / "ticks.csv").exists()
    assert not tick(define, instance).run_requests
    put("raw.trades", "ticks.csv", GOOD)
    assert tick(define, instance).run_requests, "another file under the same name"


def test_files_whose_run_died_are_tried_again_later_each_time_and_not_for_ever(define, instance, put):
    put("raw.trades", "ticks.csv", GOOD)
    (first,) = tick(define, instance).run_requests
    listing = first.tags[LISTING_TAG]
    for attempt, pause in ((1, 60), (2, 300)):
        assert next_attempt(instance, listing, time.time() + 1e6) == attempt
        run = instance.create_run_for_job(define().resolve_job_def(JOB), status=STARTED, tags={LISTING_TAG: listing})
        assert run.run_id in next_attempt(instance, listing, time.time() + 1e6), "it is still at it"
        instance.report_run_failed(run, "Reaped.")
        assert "Try" in next_attempt(instance, listing, time.time() + pause - 10)
        assert next_attempt(instance, listing, time.time() + pause + 10) == attempt + 1
    instance.create_run_for_job(define().resolve_job_def(JOB), status=FAILURE, tags={LISTING_TAG: listing})
    assert "zeno elt run drop" in next_attempt(instance, listing, time.time() + 1e6)
    put("raw.trades", "more.csv", GOOD)
    (other,) = tick(define, instance).run_requests
    assert other.run_key != first.run_key, "another listing has tries of its own"


def test_a_run_that_was_never_launched_is_asked_for_again_under_the_same_key(define, instance, put):
    put("raw.trades", "ticks.csv", GOOD)
    (first,) = tick(define, instance).run_requests
    ask(define, instance, dg.DagsterRunStatus.NOT_STARTED)
    assert [request.run_key for request in tick(define, instance).run_requests] == [first.run_key]


def test_a_bad_file_is_rejected_with_its_reason_and_the_next_one_still_loads(
    define, instance, settings, put, loader, warehouse
):
    put("ref.symbols", "symbols.csv", SYMBOLS)
    put("raw.nothing", "a.csv", GOOD)
    put("raw.trades", "broken.csv", "not,what\nit,should be\n")
    put("raw.trades", "ticks.csv", GOOD + REFUSED)
    put("raw.trades", "refused.csv", CSV + REFUSED)
    assert load(define, instance).success
    assert (
        (settings.drop / "raw.nothing" / "rejected" / "a.csv.reason.txt").read_text().startswith("'raw.nothing' is not")
    )
    why = (settings.drop / "raw.trades" / "rejected" / "broken.csv.reason.txt").read_text()
    assert why.startswith("The file does not fit raw.trades: columns missing: ['symbol'"), (
        "the reason, not where to look"
    )
    assert (settings.drop / "raw.trades" / "rejected" / "refused.csv").exists()
    assert (settings.drop / "raw.trades" / "done" / "ticks.csv").exists()
    assert warehouse.client().scalar("SELECT count() FROM raw.trades") == 2


def write_parquet(settings, ts: list[int], table: str = "raw.trades", **columns):
    rows = len(ts)
    path = settings.drop / table / "x.parquet"
    path.parent.mkdir(parents=True)
    data = {"symbol": ["DROPPED"] * rows, "ts": pa.array(ts, pa.timestamp("ns", "UTC")), "ord": range(rows),
            "price": ["1"] * rows, "size": ["1"] * rows, "side": ["buy"] * rows}  # fmt: skip
    pq.write_table(pa.table(data | columns), path)
    os.utime(path, (time.time() - 60,) * 2)
    return path


def test_one_bad_time_in_a_late_chunk_costs_its_row_and_no_other(monkeypatch, settings, loader, symbols, warehouse):
    monkeypatch.setattr(drop_folder, "PARQUET_ROWS", 5)
    start = 1_378_116_000_000_000_000
    path = write_parquet(settings, [start + 1000 * n for n in range(11)] + [start + 12_001])
    total = Loaded()
    assert load_file(path, loader, total) == ""
    assert (total.rows_in, total.rows_stored, total.rows_quarantined) == (12, 11, 1)
    assert warehouse.client().scalar("SELECT count() FROM raw.trades") == 11
    assert warehouse.client().scalar("SELECT any(reason) FROM raw.quarantine") == "over_precise"
    assert not path.exists()


def test_a_file_that_ends_badly_after_rows_of_it_landed_is_rejected(monkeypatch, settings, put, loader, symbols):
    monkeypatch.setattr(drop_folder, "BLOCK_BYTES", len(GOOD))
    monkeypatch.setattr(drop_folder, "read_chunks", lambda raw: iter(lambda: raw.read(len(GOOD)), b""))
    monkeypatch.setattr(drop_folder, "check_text", lambda *_: None)  # as if it had been damaged since
    put("raw.trades", "ticks.csv", GOOD + "\x00" * len(GOOD))
    reason = load_file(settings.drop / "raw.trades" / "ticks.csv", loader, Loaded())
    assert "NUL bytes" in reason
    assert "The 2 rows before that were loaded." in reason
    assert (settings.drop / "raw.trades" / "rejected" / "ticks.csv").exists()


def test_a_file_that_breaks_the_reader_does_not_hold_up_the_next(
    monkeypatch, define, instance, settings, put, symbols, warehouse
):
    read = drop.read_file

    def breaks(path):
        if path.name == "a.csv":
            raise pa.ArrowNotImplementedError("never thought of")
        return read(path)

    monkeypatch.setattr(drop, "read_file", breaks)
    put("raw.trades", "a.csv", GOOD)
    put("raw.trades", "b.csv", GOOD)
    assert load(define, instance).success
    why = (settings.drop / "raw.trades" / "rejected" / "a.csv.reason.txt").read_text()
    assert "ArrowNotImplementedError: never thought of" in why
    assert warehouse.client().scalar("SELECT count() FROM raw.trades") == 2


@pytest.mark.parametrize(("error", "loaded"), [(LoadError("The stage holds less."), 2), (WarehouseDown("Gone."), 0)])
def test_a_file_that_the_warehouse_does_not_take_stays_and_fails_the_run(
    monkeypatch, define, instance, settings, put, symbols, warehouse, error, loaded
):
    take = Loader.load

    def refuse(self, batch):
        if batch.data["ord"][0].as_py() == "7":
            raise error
        return take(self, batch)

    monkeypatch.setattr(Loader, "load", refuse)
    monkeypatch.setattr(drop.drop_folder.op, "_retry_policy", None)
    put("raw.trades", "a.csv", GOOD.replace(",1,1640", ",7,1640"))
    put("raw.trades", "b.csv", GOOD)
    assert not load(define, instance).success
    assert (settings.drop / "raw.trades" / "a.csv").exists()
    assert warehouse.client().scalar("SELECT count() FROM raw.trades") == loaded


@pytest.mark.parametrize("change", ["replaced", "written to", "taken away"])
def test_a_file_that_changes_while_it_is_loaded_is_not_settled(monkeypatch, settings, put, loader, symbols, change):
    put("raw.trades", "ticks.csv", GOOD)
    path = settings.drop / "raw.trades" / "ticks.csv"
    read = drop.read_file

    def meanwhile(given):
        yield from read(given)
        if change == "replaced":
            os.utime(path.with_suffix(".tmp"), ns=(path.stat().st_mtime_ns,) * 2)
            path.with_suffix(".tmp").rename(path)
        elif change == "written to":
            path.write_text(GOOD + REFUSED)
        else:
            path.unlink()

    path.with_suffix(".tmp").write_text(GOOD.replace("1640", "1641"))
    monkeypatch.setattr(drop, "read_file", meanwhile)
    assert load_file(path, loader, Loaded()) == ""
    assert not (path.parent / "done").exists()
    assert path.exists() == (change != "taken away")


def test_the_drop_folder_is_loaded_by_command(monkeypatch, define, instance, settings, put, symbols, warehouse):
    monkeypatch.setattr(run, "_is_current", lambda *_: True)  # the marts are not looked at here
    put("raw.trades", "ticks.csv", GOOD)
    assert run.run_elt(settings, datasets=["drop"], definitions=define()).loads == {"drop_folder": 2}
    assert (settings.drop / "raw.trades" / "done" / "ticks.csv").exists()
