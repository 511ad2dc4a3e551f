"""A refit is a pure function: the same bits wherever it runs, from its window alone; 2020 does not break it."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from multiprocessing import get_context

import numpy as np
from macro_vintages import economy

from mrie.models import DEFAULT, choose_states, refit, run_refits
from mrie.models.composites import MOMENTUM, fit_composite
from mrie.models.readings import KnownRows, refit_payloads
from mrie.models.refit import RefitPayload, parameters_hash
from mrie.models.scaling import fit_scaler, mean_known
from mrie.panel import Panel, default_turns, feature_rows
from mrie.panel.interchange import interchange_rows
from mrie.panel.months import parse_month


@cache
def panel(last: str = "1990-06") -> Panel:
    """The small economy."""
    return Panel(interchange_rows(economy(last=last), "economy"))


@cache
def payloads(first: str = "1988-01", last: str = "1989-12", until: str = "1990-06") -> tuple[RefitPayload, ...]:
    """The refits of a span."""
    rows = feature_rows(panel(until), range(parse_month("1961-01"), parse_month(last) + 1))
    months = np.arange(parse_month(first), parse_month(last) + 1)
    return tuple(refit_payloads(KnownRows(rows, False), months, default_turns(), DEFAULT))


def hashes(results) -> list[str]:
    """The parameters' hashes, as logged."""
    return [result.record.parameters for result in results]


def test_a_refit_twice_is_the_same_to_the_bit():
    assert hashes(run_refits(payloads())) == hashes(run_refits(payloads()))


def test_other_processes_return_the_same_bits():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert hashes(pool.map(refit, payloads())) == hashes(run_refits(payloads()))


def test_the_hash_sees_every_parameter():
    fit = refit(payloads()[0]).fit
    moved = replace(fit, logit=replace(fit.logit, intercept=np.nextafter(fit.logit.intercept, 9)))
    assert parameters_hash(moved) != parameters_hash(fit)


def test_the_log_tells_what_was_fitted():
    record = refit(payloads()[0]).record
    assert (record.month, record.first, record.last, record.months) == ("1988-01", "1961-01", "1987-12", 324)
    assert record.labelled == 324 - 22  # data months after 1986-01 wait for the embargo; the first row's is 1960-12
    assert record.hmm_starts == 1 + DEFAULT.restarts


def test_a_scalers_statistics_are_its_windows():
    window = np.random.default_rng(0).normal(3, 2, (400, 3))
    scaler = fit_scaler(window, clip=3.5)
    np.testing.assert_array_equal(scaler.center, np.median(window, axis=0))
    spread = 1.4826 * np.median(np.abs(window - scaler.center), axis=0)
    np.testing.assert_allclose(
        scaler.scale, np.clip(window, scaler.center - 4 * spread, scaler.center + 4 * spread).std(axis=0)
    )


def test_a_refits_statistics_are_those_of_its_window_whatever_follows():
    payload = payloads()[0]
    rows = feature_rows(panel(), range(parse_month("1961-01"), parse_month("1987-12") + 1))
    expected = fit_composite(rows.values, MOMENTUM, DEFAULT.clip)
    fitted = refit(payload).fit.momentum
    for name in ("features", "groups", "whole"):
        np.testing.assert_array_equal(getattr(fitted, name).center, getattr(expected, name).center)
        np.testing.assert_array_equal(getattr(fitted, name).scale, getattr(expected, name).scale)
    # The gate would see one month too many:
    peeked = fit_composite(np.vstack([rows.values, rows.values[-1] + 1]), MOMENTUM, DEFAULT.clip)
    assert not np.array_equal(fitted.features.center, peeked.features.center, equal_nan=True)


def test_a_composite_averages_over_what_is_missing():
    payload = payloads()[0]
    composite = refit(payload).fit.momentum
    without = payload.values.copy()
    without[-1, [at for group in composite.members.groups[2:3] for at in group]] = np.nan  # claims
    assert np.isfinite(composite.apply(without)[-1])
    assert mean_known(np.array([[np.nan, np.nan]]))[0] != mean_known(np.array([[np.nan, np.nan]]))[0]


def test_april_2020_neither_breaks_a_refit_nor_moves_the_labels():
    """A shock of ten recessions: with and without it the earlier months keep their labels."""
    before, after = payloads("2020-01", "2022-06", "2022-12")[0], payloads("2020-01", "2022-06", "2022-12")[-1]
    old, new = refit(before), refit(after)
    assert np.isfinite(new.fit.hmm.parameters.means).all()
    assert np.abs(new.fit.hmm.parameters.means - old.fit.hmm.parameters.means).max() < 0.5
    assert np.isfinite(new.fit.switching.parameters.vector()).all()
    first, second = (result.fit.states(before.values).argmax(axis=1) for result in (old, new))
    assert np.mean(first == second) >= 0.95


def test_without_labels_of_both_kinds_the_logit_reads_a_constant():
    payload = replace(payloads()[0], labels=np.zeros_like(payloads()[0].labels))
    fit = refit(payload).fit
    reading = fit.logit.apply(fit.composites(payload.values))
    assert np.ptp(reading) == 0
    assert 0 < reading[0] < 0.01


def test_the_number_of_states_comes_with_its_evidence():
    choice = choose_states(panel(), parse_month("1985-01"), parse_month("1989-12"), spec=replace(DEFAULT, restarts=0))
    assert choice.evidence["states"].tolist() == [2, 3, 4, 5]
    assert choice.evidence["chosen"].sum() == 1
    chosen = choice.evidence.set_index("states").loc[choice.states]
    rivals = choice.evidence[choice.evidence["stable"]]
    assert chosen["predictive"] == rivals["predictive"].max()
