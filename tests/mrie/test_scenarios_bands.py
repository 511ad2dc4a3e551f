"""Bands: made from errors known by then, adapted to misses, and as wide as they say on the shipped data."""

import numpy as np
import pandas as pd
import pytest
from builders import NOW
from macro_sample import us_macro_monthly

from mrie.causal import load_graph, node_frame
from mrie.claims import Judged, Ledger
from mrie.scenarios import coverage as bands
from mrie.scenarios import (
    coverage_claim,
    coverage_evidence,
    coverage_rows,
    measure_coverage,
    observed,
    path_rows,
    run_conditional,
    run_standard,
)
from mrie.scenarios.conformal import MIN_SCORES, inside, widths
from mrie.scenarios.coverage import TOLERANCE
from mrie.scenarios.hindcast import Hindcast, hindcast
from mrie.store import MrieStore
from zeno.clock import ManualClock
from zeno.errors import ConfigError, OutOfSupport

GRAPH = load_graph()
HOLDS = ("credit_spread->production", "credit_spread->payrolls", "housing_starts->payrolls")


@pytest.fixture(scope="module")
def nodes():
    return node_frame(us_macro_monthly(), GRAPH)


@pytest.fixture(scope="module")
def found(nodes):
    return measure_coverage(nodes)


@pytest.fixture(scope="module")
def run(nodes):
    return run_standard(nodes, GRAPH, HOLDS)


@pytest.fixture
def store(warehouse):
    return MrieStore(warehouse, clock=ManualClock(NOW, tick=1.0))


def test_a_band_is_the_quantile_of_errors_known_at_its_origin():
    errors = np.random.default_rng(0).standard_normal(300)
    made = widths(errors, 3, rate=0.0)
    at = 150
    known = np.sort(np.abs(errors[: at - 3 + 1]))
    assert made[at] == known[int(np.ceil((len(known) + 1) * 0.9)) - 1]
    assert np.flatnonzero(np.isfinite(made))[0] == MIN_SCORES + 3 - 1


@pytest.mark.parametrize("ahead", [1, 12])
def test_a_band_does_not_see_the_future(ahead):
    errors = np.random.default_rng(0).standard_normal(300)
    later = errors.copy()
    at = 200
    later[at - ahead + 1 :] *= 100.0  # known only after the origin
    np.testing.assert_array_equal(widths(errors, ahead)[: at + 1], widths(later, ahead)[: at + 1])
    assert widths(errors, ahead)[at + 1 :].max() < widths(later, ahead)[at + 1 :].max()


def test_bands_keep_their_word_when_errors_grow_where_unadapted_ones_do_not():
    scale = np.linspace(1.0, 4.0, 2_000)
    errors = np.random.default_rng(0).standard_normal(2_000) * scale
    adapted, count = inside(errors, widths(errors, 1))
    unadapted, _ = inside(errors, widths(errors, 1, rate=0.0))
    assert 0.88 < adapted / count < 0.92
    assert unadapted / count < 0.85


def test_a_missing_error_is_neither_a_hit_nor_a_miss():
    errors = np.random.default_rng(0).standard_normal(300)
    errors[100:120] = np.nan
    _, count = inside(errors, widths(errors, 1))
    assert count == 300 - MIN_SCORES - 20
    assert np.isfinite(widths(errors, 1)[110])


def test_coverage_out_of_sample_on_the_shipped_data(found):
    """Every variable's 90% bands cover 87 to 93%; Gaussian bands of the same model do not."""
    assert found["conformal"].between(*TOLERANCE).all(), found["conformal"].to_dict()
    assert found["observations"].min() > 6_000
    assert found["gaussian"].min() < 0.8


def test_gaussian_bands_are_judged_on_the_months_of_conformal_ones(monkeypatch):
    """A band 12 months ahead waits for 60 errors that were known at its origin, so for 71 origins."""
    errors, ahead = np.zeros((200, 12, 1)), 12
    errors[: MIN_SCORES + ahead - 1] = 9.0  # misses, in months that no conformal band is judged on
    errors[100] = np.nan
    made = Hindcast(("one",), np.arange(200), errors, np.ones((200, 12, 1)))
    monkeypatch.setattr(bands, "hindcast", lambda nodes, horizon, told: made)
    found = measure_coverage(pd.DataFrame()).loc["one"]
    judged = [np.arange(MIN_SCORES + step, 200) for step in range(12)]
    assert found["observations"] == sum(len(one) - 1 for one in judged)
    held = sum(int((errors[one, step, 0] == 0).sum()) for step, one in enumerate(judged))
    assert found["gaussian"] == held / found["observations"]


def test_coverage_of_conditional_bands_on_the_shipped_data(nodes):
    told = [("policy_rate", step) for step in range(1, 7)]
    conditional = measure_coverage(nodes, horizon=6, told=told)
    assert "policy_rate" not in conditional.index
    assert conditional["conformal"].between(*TOLERANCE).all(), conditional["conformal"].to_dict()


def test_telling_a_forecast_what_happened_makes_it_better(nodes):
    told = [("policy_rate", step) for step in range(1, 13)]
    free, informed = hindcast(nodes, 12), hindcast(nodes, 12, told)
    spread = free.names.index("term_spread")
    root = [np.sqrt(np.nanmean(made.errors[:500, 11, spread] ** 2)) for made in (free, informed)]
    assert root[1] < 0.8 * root[0]


def test_a_hindcast_does_not_see_what_it_forecasts(nodes):
    changed = nodes.copy()
    changed.loc["2004-06-01":] *= 1.5  # in the middle of a year whose model was fitted in January
    forecasts = []
    for frame in (nodes, changed):
        made = hindcast(frame, 1)
        through = made.origins < np.datetime64("2004-06")
        told = np.isin(frame.index.to_numpy("datetime64[M]"), made.origins[through] + 1)
        forecasts.append(frame.to_numpy()[told] - made.errors[through, 0])
    np.testing.assert_allclose(*forecasts, rtol=1e-12, atol=1e-12)


def test_too_little_past_gives_no_bands(nodes):
    with pytest.raises(ConfigError, match="too little past"):
        hindcast(nodes.loc["1960":"1973"], 12)
    with pytest.raises(ConfigError, match="too few past forecasts"):
        run_standard(nodes.loc["1990":"2008"], GRAPH, HOLDS)


def test_the_claim_on_coverage_goes_through_the_ledger(store, found, nodes):
    ledger = Ledger(store, run_id="run-1")
    ledger.commit([coverage_claim()])
    (history,) = ledger.evaluate([Judged(coverage_claim(), coverage_evidence(found), "d1")])
    assert (history.status, history.reason) == ("holds", "")
    assert store.write_validations(coverage_rows(found, nodes), run_id="run-1") == 3 * len(found)


def test_every_standard_scenario_is_run_in_both_senses(run):
    assert set(run.paths) == {"forecast", *(f"{name}.{sense}" for name in ("credit_stress", "housing_slump",
                              "tightening") for sense in ("seen", "do"))}  # fmt: skip
    assert run.refused == {}
    assert run.reached["credit_stress.do"] == {"production", "payrolls"}
    assert run.reached["tightening.do"] == frozenset()
    for name, path in run.paths.items():
        assert path.sense == {"seen": "conditioned", "do": "intervened"}.get(name.split(".")[-1], "forecast")


def test_paths_begin_after_the_last_month_known(run):
    path = run.paths["forecast"]
    assert path.data_month.isoformat() == "2022-09-01"
    assert [path.value.index[0], path.value.index[-1]] == [pd.Timestamp("2022-10-01"), pd.Timestamp("2023-09-01")]


def test_bands_contain_the_path_and_are_closed_where_it_was_assumed(run):
    for path in run.paths.values():
        assert ((path.low <= path.value) & (path.value <= path.high)).all(axis=None)
    seen = run.paths["credit_stress.seen"]
    width = (seen.high - seen.low)["credit_spread"]
    assert (width.iloc[:6] == 0).all()
    assert (width.iloc[6:] > 0).all()


def test_paths_are_kept(run, store):
    rows = path_rows(run.paths)
    assert store.write_scenarios(rows, run_id="run-1") == 7 * 12 * 15
    assert store.write_scenarios(path_rows(run.paths), run_id="run-1") == 0
    kept = store.scenarios(as_of=store.now()).to_pandas()
    one = kept[(kept["scenario"] == "credit_stress.seen") & (kept["node"] == "production") & (kept["step"] == 3)]
    assert one["value"].item() == run.paths["credit_stress.seen"].value["production"].iloc[2]
    assert one["month"].item().isoformat() == "2022-12-01"


def test_a_tightening_too_fast_for_the_past_is_refused_with_its_reason(nodes):
    with pytest.raises(OutOfSupport, match=r"policy_rate 22\.6 in month 1 was never seen"):
        run_conditional(nodes, observed("policy_rate", [22.6]))
