"""A run from raw.macro to its page: named by what it is made from, done once, told by its ledger."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from mrie_bench import FIRST, LAST, load_macro, short_run, work

from mrie.claims import read_claims
from mrie.panel import Panel
from mrie.panel.months import parse_month
from mrie.report import RiskReport, render_page
from mrie.run import PHASES, load_report, record, withdraw
from mrie.run.inputs import graph_series
from mrie.run.phases import rebuilt, released_by
from mrie.run.whole import latest_run
from mrie.store import MrieStore
from warehouse.records import read_records
from zeno.clock import ManualClock
from zeno.errors import ClaimRefused, ConfigError

pytestmark = pytest.mark.long

TABLES = ("readings", "fits", "edges", "scenarios", "validations", "claims")
LATER = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def filled(running):
    load_macro(running)
    shutil.rmtree(running.settings.home / "mrie", ignore_errors=True)
    return running


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def found(filled, told):
    return short_run(filled, watch=lambda *one: told.append(one))


def rows(store, **where) -> dict[str, int]:
    return {name: read_records(store, f"mrie.{name}", as_of=LATER, where=where).num_rows for name in TABLES}


def refuse(function, payloads):
    raise AssertionError("computed again")


def test_six_phases_are_told_in_order_and_each_ends(found, told):
    assert tuple(dict.fromkeys(phase for phase, _, _ in told)) == PHASES
    for phase in PHASES:
        done, total = [one[1:] for one in told if one[0] == phase][-1]
        assert done == total > 0


def test_everything_is_kept_under_one_name(found, filled):
    kept = rows(filled, run_id=found.run_id)
    assert (kept["readings"], kept["fits"], kept["edges"], kept["scenarios"]) == (LAST - FIRST + 1, 4, 30, 7 * 12 * 15)
    assert kept["validations"] > 60


def test_a_reading_is_about_its_data_month_and_known_when_its_own_month_ended(found, filled):
    first = MrieStore(filled).readings(as_of=LATER).to_pylist()[0]
    assert f"{first['month']:%Y-%m}" == f"{first['data_month']:%Y-%m}" == "2000-05"
    assert first["known_at"] == datetime(2000, 6, 30, 23, 59, 59, 999999, tzinfo=UTC)


def test_every_claim_was_committed_before_anything_was_judged(found, filled):
    histories = read_claims(MrieStore(filled), as_of=LATER)
    judged = [event.recorded_at for one in histories for event in one.events if event.event == "evaluated"]
    assert len(histories) == 42
    assert max(one.committed_at for one in histories) < min(judged)


def test_the_same_run_again_computes_nothing_and_writes_nothing(found, filled):
    before = rows(filled)
    again = short_run(filled, mapper=refuse)
    assert (again.run_id, rows(filled)) == (found.run_id, before)
    assert again.report.reading == found.report.reading


def test_it_gives_the_same_bits_when_nothing_of_it_is_kept(found, filled):
    before = rows(filled)
    shutil.rmtree(filled.settings.home / "mrie" / found.run_id)
    again = short_run(filled)  # other values under the same key would be refused
    assert (again.run_id, rows(filled)) == (found.run_id, before)


def test_a_later_moment_is_the_same_run_and_an_earlier_one_is_not(found, filled):
    later = ManualClock(LATER + timedelta(days=900))
    assert work(filled, clock=later).run_id == found.run_id
    assert work(filled, as_of=datetime(2015, 1, 1, tzinfo=UTC)).run_id != found.run_id


def test_nothing_released_after_as_of_is_read_to_the_day(filled):
    moment = datetime(2001, 6, 10, tzinfo=UTC)  # payrolls of May are out, production of May is not
    inputs = work(filled, as_of=moment).inputs
    newest = inputs.rows.groupby("series")["period"].max()
    assert newest["PAYEMS"] == parse_month("2001-05")
    assert newest["INDPRO"] == parse_month("2001-04")
    assert f"{inputs.series['PAYEMS'].last_valid_index():%Y-%m}" == "2001-05"
    assert max(release.newest for release in inputs.releases) <= moment
    assert datetime(2001, 6, 1, tzinfo=UTC) < inputs.known_at(parse_month("2001-06")) <= moment
    assert max(turn.known for turn in inputs.turns) <= parse_month("2001-06")


def test_a_turn_is_known_from_the_day_of_its_announcement(filled):
    inputs = work(filled).inputs  # the peak of March 2001 was announced on 26 November
    peak = parse_month("2001-03")
    days = [datetime(2001, 11, day, 23, tzinfo=UTC) for day in (25, 26)]
    assert [peak in {turn.month for turn in replace(inputs, as_of=day).turns} for day in days] == [False, True]
    unsaid = replace(inputs, announced={})  # without the day, from when the month is over
    days = [datetime(2001, 11, 30, 23, tzinfo=UTC), datetime(2001, 12, 1, tzinfo=UTC)]
    assert [peak in {turn.month for turn in replace(unsaid, as_of=day).turns} for day in days] == [False, True]
    assert min(inputs.announced) == (parse_month("1980-01"), "peak")  # before that nothing was announced


def test_what_is_released_after_as_of_moves_no_reading(found, filled):
    then = work(filled, as_of=datetime(2001, 6, 30, 23, 59, 59, tzinfo=UTC), last=parse_month("2001-06"))
    read = then.regimes().table
    same = found.readings.table.iloc[: len(read)]
    pd.testing.assert_frame_equal(read, same, check_exact=True)
    assert len(read) == 13


def test_readings_are_rebuilt_from_their_own_month(found, filled):
    asked = work(filled)
    assert rebuilt(asked.inputs, found.readings) == 0.0
    peeked = asked.inputs.rows.assign(known=asked.inputs.rows["known"] - 1)  # every release a month early
    assert rebuilt(replace(asked.inputs, rows=peeked), found.readings) == 3.0


def test_a_series_without_releases_yet_is_its_first_one_up_to_the_usual_lag():
    months = pd.DataFrame({"source": "a", "series": "X", "period": [1, 2, 3, 2], "known": [9, 9, 9, 10], "value": 1.0})
    assert released_by(months, 3)["period"].tolist() == [1, 2]
    assert released_by(months, 9)["period"].tolist() == [1, 2, 3]
    assert len(released_by(months, 10)) == 4


def test_claims_on_the_readings_are_judged_on_the_whole_span_alone(found, filled):
    short = {one.claim_id: one.status for one in found.report.claims}
    assert {status for name, status in short.items() if name.startswith("regimes/")} == {"open"}
    assert any("not judged" in one for one in found.report.caveats)
    whole = replace(work(filled, first=None, last=None, as_of=datetime(1975, 12, 31, tzinfo=UTC)), current=True)
    whole.panel()
    validation = whole.validation(whole.regimes())
    after = {name: one.status for name, one in whole.ledger.histories().items()}
    assert after["regimes/recessions/1"] == ("holds" if validation.scores[0].missed == 0 else "failed")
    assert "open" not in {status for name, status in after.items() if name.startswith("regimes/")}


def test_a_run_as_of_an_earlier_moment_leaves_what_is_known_to_hold_alone(found, filled):
    store = MrieStore(filled)
    before = {one.claim.claim_id: one.to_dict() for one in read_claims(store, as_of=LATER)}
    clock = ManualClock(datetime(2026, 2, 2, tzinfo=UTC), tick=0.001)
    then = short_run(filled, as_of=datetime(2001, 11, 30, tzinfo=UTC), clock=clock)
    after = {one.claim.claim_id: one.to_dict() for one in read_claims(store, as_of=LATER)}
    own = f"readings/{then.run_id}/1"
    assert {name for name, told in after.items() if before.get(name) != told} == {own}
    assert after[own]["status"] == "holds"
    assert any("no claim but that on these readings" in one for one in then.report.caveats)
    # Its own edges, and with them its scenarios, go by the verdicts on its own data; what is withdrawn stays so.
    stands = [after[f"edge/{one.result.edge.name}/1"]["status"] for one in then.edges]
    status = [one.status for one in then.edges]
    assert status != stands
    assert status == [
        "withdrawn" if told == "withdrawn" else one.result.verdict for one, told in zip(then.edges, stands, strict=True)
    ]


def test_a_run_as_of_an_earlier_moment_is_not_the_latest(found, filled):
    clock = ManualClock(datetime(2026, 2, 3, tzinfo=UTC), tick=0.001)
    short_run(filled, as_of=datetime(2001, 11, 30, tzinfo=UTC), clock=clock)
    assert latest_run(MrieStore(filled), LATER) == found.run_id


def test_the_page_says_what_the_data_are_not(found):
    page = found.page.read_text("utf-8")
    assert "18 of 18 series are as revised since" in page
    assert "dated vintages" in found.report.caveats[0]
    assert not any(one.real_vintages for one in found.report.freshness)
    assert all(one.stale for one in found.report.freshness)
    assert {one.sense for one in found.report.scenarios} == {"forecast", "conditioning", "do"}


def test_the_record_comes_back_from_json_as_it_was(found):
    again = record.read(RiskReport, record.written(found.report))
    assert again == found.report
    assert render_page(again) == render_page(found.report)


def test_withdrawn_readings_say_so_first_and_what_was_known_before_does_not_change(found, filled):
    store = MrieStore(filled, clock=ManualClock(LATER, tick=0.001))
    before = load_report(store, filled.settings, as_of=LATER - timedelta(days=1))
    history = withdraw(store, f"readings/{found.run_id}/1", "payrolls were loaded from the wrong vintage")
    assert history.status == "withdrawn"
    after = load_report(store, filled.settings, as_of=LATER + timedelta(days=1))
    assert "wrong vintage" in after.reading.why
    assert "withdrawn" in after.caveats[0]
    assert load_report(store, filled.settings, as_of=LATER - timedelta(days=1)) == before
    with pytest.raises(ClaimRefused, match="reason"):
        withdraw(store, "scenarios/coverage/1", " ")


def test_over_an_edge_withdrawn_by_hand_nothing_travels_any_more(found, filled):
    store = MrieStore(filled, clock=ManualClock(LATER, tick=0.001))
    withdraw(store, "edge/housing_starts->payrolls/1", "starts are redefined")
    later = ManualClock(LATER + timedelta(days=2), tick=0.001)
    asked = work(filled, clock=later, as_of=datetime(2026, 2, 1, tzinfo=UTC))
    assert asked.run_id != found.run_id
    asked.panel()
    edges = asked.causal_graph()
    assert {one.result.edge.name: one.status for one in edges}["housing_starts->payrolls"] == "withdrawn"
    paths, _ = asked.scenarios(edges)
    assert paths.reached["housing_slump.do"] == found.scenarios.reached["housing_slump.do"] - {"payrolls"}


def test_the_graph_is_made_from_the_source_that_reaches_back_and_is_newest():
    def source(name: str, first: str, last: str) -> pd.DataFrame:
        periods = np.arange(parse_month(first), parse_month(last) + 1)
        return pd.DataFrame({"source": name, "series": "UNRATE", "period": periods, "known": periods + 1, "value": 4.0})

    many = [
        source("old", "1950-01", "2015-01"),
        source("long", "1948-01", "2020-01"),
        source("new", "1999-01", "2024-01"),
    ]
    revised = source("long", "2019-12", "2019-12").assign(known=parse_month("2021-01"), value=5.0)
    frame, chosen = graph_series(pd.concat([*many, revised]))
    assert chosen == {"UNRATE": "long"}
    assert (f"{frame.index[0]:%Y-%m}", f"{frame.index[-1]:%Y-%m}") == ("1948-01", "2020-01")
    assert frame.loc["2019-12-01", "UNRATE"] == 5.0


def test_mistakes_are_told_with_a_remedy(filled):
    with pytest.raises(ConfigError, match="time zone"):
        work(filled, as_of=datetime(2015, 1, 1))  # noqa: DTZ001 - the mistake
    with pytest.raises(ConfigError, match="before the first"):
        work(filled, first=LAST, last=FIRST)


def test_the_panel_of_a_run_is_that_of_its_rows(filled):
    asked = work(filled)
    assert asked.inputs.panel.missing == Panel(asked.inputs.rows).missing
