"""The drop folder: a file put down is seen by the sensor, loaded by its job, and settled."""

import os
import time

import dagster as dg
import pytest

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


def tick(define, instance, cursor: str | None = None):
    repository = define().get_repository_def()
    context = dg.build_sensor_context(instance=instance, cursor=cursor, repository_def=repository)
    return repository.get_sensor_def("drop_folder").evaluate_tick(context)


def load(define, instance):
    return define().resolve_job_def("load_drop_folder").execute_in_process(
        instance=instance, raise_on_error=False, asset_selection=[dg.AssetKey(["sources", "drop_folder"])]
    )  # fmt: skip


def test_a_file_is_seen_once_loaded_and_moved_away(define, instance, settings, put, loader, warehouse):
    assert not tick(define, instance).run_requests
    put("ref.symbols", "symbols.csv", SYMBOLS)
    assert load(define, instance).success
    put("raw.trades", "ticks.csv", GOOD)
    seen = tick(define, instance)
    assert len(seen.run_requests) == 1
    assert not tick(define, instance, seen.cursor).run_requests, "the same files are asked for once"
    assert load(define, instance).success
    assert warehouse.client().scalar("SELECT count() FROM raw.trades") == 2
    assert (settings.drop / "raw.trades" / "done" / "ticks.csv").exists()
    assert not tick(define, instance, seen.cursor).run_requests
    put("raw.trades", "ticks.csv", GOOD)
    assert tick(define, instance, seen.cursor).run_requests, "another file under the same name"


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
    assert (settings.drop / "raw.trades" / "rejected" / "broken.csv").exists()
    assert (settings.drop / "raw.trades" / "rejected" / "refused.csv").exists()
    assert (settings.drop / "raw.trades" / "done" / "ticks.csv").exists()
    assert warehouse.client().scalar("SELECT count() FROM raw.trades") == 2
