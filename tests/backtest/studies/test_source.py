"""The data of a study are those it names: no slice more than a task may see, and nothing that landed later."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from builders import make_settings, trades
from study_bench import bars_file

from backtest.run import Request
from backtest.studies import ask, source
from backtest.studies.source import cut, load
from backtest.studies.standard import walk_forward_study
from research.store import StudyStore
from research.study import Studies
from warehouse.batch import Batch
from zeno.errors import ConfigError, StudyError

START, END = datetime(2013, 9, 2, tzinfo=UTC), datetime(2013, 10, 2, tzinfo=UTC)
DAY = 86_400_000_000
HOUR = DAY // 24


def closes(values: list[int], first: int = 0, known: int = 0, source: str = "vendor", symbol: str = "AAA") -> Batch:
    days = [START + timedelta(days=first + at) for at in range(len(values))]
    return Batch("raw.bars", source, pa.table({
        "symbol": [symbol] * len(values), "resolution": ["1d"] * len(values),
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


def test_a_source_that_comes_later_is_not_read(loader, warehouse):
    loader.load(closes([10, 11, 12, 13]))
    asked = named()
    loader.load(closes([50, 51, 52, 53], source="another"))  # now nobody could say which is meant
    source._load.cache_clear()
    assert asked.data["source"] == "vendor"
    assert prices(load(asked.data, panel=False)) == [10, 11, 12, 13]
    loader.load(trades(3, symbol=["AAA"] * 3))
    source._load.cache_clear()
    assert prices(load(asked.data, panel=False)) == [10, 11, 12, 13]


def test_symbols_of_several_sources_are_refused_once_one_has_another(loader, warehouse):
    loader.load(closes([10, 11, 12, 13]))
    loader.load(closes([20, 21, 22, 23], source="another", symbol="ES"))
    asked = ask.from_warehouse(["ES", "AAA"], "1d", START, END, panel=True)
    assert (asked.data["source"], asked.data["sources"]) == ("", {"another": ["ES"], "vendor": ["AAA"]})
    assert load(asked.data, panel=True).columns.closes.shape == (4, 2)
    loader.load(closes([50, 51, 52, 53], source="another"))
    source._load.cache_clear()
    with pytest.raises(StudyError, match="ambiguous"):
        load(asked.data, panel=True)


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
    monkeypatch.setattr(ask, "caveats_of", lambda frame: [])
    asked = named("ES", "1m")
    loader.load(trades(3, ord=[10, 11, 12]))
    with pytest.raises(StudyError, match="have changed since it began"):
        load(asked.data, panel=False)


def test_what_is_known_later_than_asked_is_not_named(loader, warehouse):
    loader.load(closes([10, 11]))
    loader.load(closes([12, 13], first=2))
    moment = START + timedelta(days=2)
    asked = ask.from_warehouse(["AAA"], "1d", START, END, as_of=moment)
    assert prices(load(asked.data, panel=False)) == [10, 11]
    assert asked.data["as_of"] == moment.isoformat()
    assert len(asked.data["loads"]) == 1
    assert asked.data["caveats"] == ["Closes alone: 2 bars; their orders fill at the next close."]


def test_a_universe_is_the_symbols_of_its_data_set(loader):
    assert ask.members("test") == ["AAA", "ES"]
    with pytest.raises(ConfigError, match="No data set 'nowhere'"):
        ask.members("nowhere")


def test_a_study_by_plain_values_asks_what_was_said_of_the_universe_s_own_bars(loader, warehouse):
    for at, vendor in ((10, "test"), (50, "another")):
        loader.load(closes(list(range(at, at + 30)), source=vendor))
    studies = Studies(StudyStore(warehouse), warehouse.settings)
    study = walk_forward_study(studies, strategy="sma_crossover", universe="test", grid=["fast=2,3", "slow=5"],
                               train=12, test=6, purge=2, sizer="equity:0.5", cost="bps:5",
                               start="2013-09-02")  # fmt: skip
    spec, _ = studies.store.spec(study)
    asked = spec.question
    assert (asked["train"], asked["test"], asked["purge"], asked["embargo"]) == (12, 6, 2, 0)
    assert asked["space"]["axes"] == {"fast": [2, 3], "slow": [5]}
    assert (asked["run"]["sizer"], asked["run"]["cost"], asked["period"]) == ("equity:0.5", "bps:5", "slice")
    assert (spec.data["symbols"], spec.data["source"], spec.data["start"]) == (["AAA", "ES"], "test", START.isoformat())
    assert studies.state(study).total == 3


@pytest.mark.parametrize(("step", "per_day", "days", "period"), [(DAY, 1, 90, "slice"), (HOUR, 24, 90, "1d"),
                                                                 (HOUR, 24, 30, "1h")])  # fmt: skip
def test_returns_are_measured_in_steps_that_the_data_s_length_bears(tmp_path, step, per_day, days, period):
    path = bars_file(tmp_path, count=days * per_day, step=step, per_day=per_day)
    asked = ask.from_file(path, make_settings(tmp_path), price_scale=2)
    assert ask.default_period(asked, panel=False) == period


def test_a_study_takes_no_account_actions():
    request = Request(strategy=None, actions=({"at": START},))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="no account actions"):
        ask.run_terms(request)
