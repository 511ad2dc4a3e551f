"""Checks judge what was loaded: each source and table by its own rows, and none for what another one lacks."""

from datetime import date

import pytest
from builders import trades
from datasets import make_dataset
from sessions import calendar, closes

from assets.raw import table_key
from assets.sources import source_key
from warehouse.store import User

DAYS = [date(2013, 9, day) for day in (3, 4, 5, 6)]


@pytest.fixture
def judged(define, instance, loader):
    """Load what is chosen of some data sets by a run, and return which checks passed, by asset and check."""

    def run(*datasets, only) -> dict[tuple[str, str], bool]:
        job = define(*datasets).resolve_job_def("load_any")
        done = job.execute_in_process(instance=instance, asset_selection=only, raise_on_error=False)
        found = done.get_asset_check_evaluations()
        return {(one.asset_key.path[-1], one.check_name): one.passed for one in found}

    return run


@pytest.mark.parametrize("online", [True, False])
def test_a_live_source_that_fell_silent_is_told_and_an_archive_ends_where_it_ends_i09(judged, loader, online):
    loader.load(calendar("XNYS", DAYS))
    silent = make_dataset("silent", closes("silent", "AAA", DAYS[:2]), online=online)
    current = make_dataset("current", closes("current", "AAA", DAYS), online=online)
    found = judged(silent, current, only=[source_key("silent"), source_key("current")])
    assert found["silent", "freshness"] is not online
    assert found["current", "freshness"]


def test_a_missing_session_is_told_of_its_own_source(judged, loader):
    loader.load(calendar("XNYS", DAYS))
    holed = make_dataset("holed", closes("holed", "AAA", [DAYS[0], DAYS[3]]))
    whole = make_dataset("whole", closes("whole", "AAA", DAYS))
    found = judged(holed, whole, only=[source_key("holed"), source_key("whole"), table_key("raw.bars")])
    assert (found["bars", "gaps_holed"], found["bars", "gaps_whole"]) == (False, True)


def test_rows_beyond_one_in_a_hundred_refused_are_told(judged):
    some = make_dataset("test", trades(3, price=["1", "nan", "1"]))
    none = make_dataset("whole", closes("whole", "AAA", DAYS))
    found = judged(some, none, only=[source_key("test"), source_key("whole")])
    assert (found["test", "quarantine_rate"], found["whole", "quarantine_rate"]) == (False, True)


def test_what_one_table_lacks_is_not_said_of_another(judged, loader, warehouse):
    loader.load(trades())
    loader.load(closes("vendor", "AAA", DAYS))
    warehouse.client(User.ADMIN).command("TRUNCATE TABLE raw.trades")
    found = judged(only=[table_key("raw.trades"), table_key("raw.bars")])
    assert (found["trades", "contract"], found["bars", "contract"]) == (False, True)
