"""The data of a study are those it names: no slice more than a task may see, and nothing that landed later."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from builders import trades

from backtest.studies import ask, source
from backtest.studies.source import cut, load
from warehouse.batch import Batch
from zeno.errors import StudyError

START, END = datetime(2013, 9, 2, tzinfo=UTC), datetime(2013, 10, 2, tzinfo=UTC)
DAY = 86_400_000_000


def closes(values: list[int], first: int = 0, known: int = 0) -> Batch:
    days = [START + timedelta(days=first + at) for at in range(len(values))]
    return Batch("raw.bars", "vendor", pa.table({
        "symbol": ["AAA"] * len(values), "resolution": ["1d"] * len(values),
        "ts": pa.array(days, pa.timestamp("us", "UTC")),
        "known_at": pa.array([day + timedelta(days=known, hours=21) for day in days], pa.timestamp("us", "UTC")),
        "close": [str(value) for value in values],
    }), namespace="test")  # fmt: skip


@pytest.fixture(autouse=True)
def _here(warehouse, monkeypatch):
    """Workers read the warehouse of their environment: let it be the tests' one, and nothing remembered."""
    monkeypatch.setenv("ZENO_HOME", str(warehouse.settings.home))
    source._load.cache_clear()


def named(symbol: str = "AAA", resolution: str = "1d") -> ask.Asked:
    return ask.from_warehouse([symbol], resolution, START, END)


def prices(frame) -> list[int]:
    return (frame.columns.closes // 10**frame.price_scale).tolist()


def test_what_lands_later_is_not_read(loader, warehouse):
    loader.load(closes([10, 11, 12, 13]))
    asked = named()
    loader.load(closes([14, 15], first=4))
    loader.load(closes([99], known=1))
    source._load.cache_clear()
    assert prices(load(asked.data, panel=False)) == [10, 11, 12, 13]


def test_the_same_question_names_the_same_data_until_something_lands(loader, warehouse):
    loader.load(closes([10, 11, 12, 13]))
    first = named()
    assert named().data == first.data
    loader.load(closes([14], first=4))
    assert named().snapshot != first.snapshot


def test_a_task_reads_its_own_interval_and_no_more(loader, warehouse):
    loader.load(closes(list(range(10, 20))))
    asked, begin = named(), int(START.timestamp()) * 1_000_000
    frame = load(asked.data, panel=False, start=begin + 2 * DAY, end=begin + 5 * DAY)
    assert prices(frame) == [12, 13, 14]


def test_a_cut_has_memory_of_its_own(loader, warehouse):
    loader.load(closes(list(range(10, 20))))
    whole = load(named().data, panel=False)
    part = cut(whole, 2, 5)
    assert not np.shares_memory(part.columns.closes, whole.columns.closes)
    assert part.columns.closes.base is None


def test_bars_of_ticks_that_have_changed_are_refused(loader, warehouse, monkeypatch):
    loader.load(trades(3))
    monkeypatch.setattr(
        ask, "load", lambda data, panel: type("F", (), {"origin": {}, "traded": [type("T", (), {"currency": "USD"})]})
    )  # fmt: skip - the marts are not built here, and not asked
    asked = named("ES", "1m")
    loader.load(trades(3, ord=[10, 11, 12]))
    with pytest.raises(StudyError, match="have changed since it began"):
        load(asked.data, panel=False)
