"""PBO against a slow, plain reading of the paper, and against trials whose overfitting is known."""

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from backtest.studies.statistics.overfitting import min_backtest_years, overfitting
from zeno.errors import ConfigError


def by_the_paper(returns: np.ndarray, blocks: int) -> dict[str, list[float]]:
    """CSCV step by step, section 2.2: matrices J and J̄ are put together and measured anew for every split."""
    parts = np.array_split(returns[len(returns) % blocks :], blocks)
    found: dict[str, list[float]] = {"logit": [], "inside": [], "outside": []}
    for chosen in combinations(range(blocks), blocks // 2):
        inside = pd.DataFrame(np.vstack([parts[at] for at in chosen]))
        outside = pd.DataFrame(np.vstack([parts[at] for at in range(blocks) if at not in chosen]))
        measured, tested = inside.mean() / inside.std(), outside.mean() / outside.std()
        best = measured.idxmax()
        share = tested.rank()[best] / (returns.shape[1] + 1)
        found["logit"].append(math.log(share / (1 - share)))
        found["inside"].append(measured[best])
        found["outside"].append(tested[best])
    return found


@pytest.mark.parametrize(("periods", "trials", "blocks"), [(40, 5, 4), (61, 9, 6), (83, 2, 8), (24, 30, 2)])
def test_it_is_the_paper_s_by_brute_force(periods, trials, blocks):
    returns = np.random.default_rng(periods).normal(0.0005, 0.01, (periods, trials))
    found, wanted = overfitting(returns, blocks), by_the_paper(returns, blocks)
    np.testing.assert_allclose(found.logits, wanted["logit"], atol=1e-12)
    np.testing.assert_allclose(found.in_sample, wanted["inside"], rtol=1e-9)  # sums in another order
    np.testing.assert_allclose(found.out_of_sample, wanted["outside"], rtol=1e-9, atol=1e-12)
    assert found.pbo == np.mean(np.array(wanted["logit"]) <= 0)
    assert found.loss == np.mean(np.array(wanted["outside"]) < 0)
    slope, intercept = np.polyfit(wanted["inside"], wanted["outside"], 1)
    assert (found.slope, found.intercept) == pytest.approx((slope, intercept))
    assert found.dropped == periods % blocks


def test_trials_without_skill_are_overfit_about_half_of_the_time():
    """Out of sample the best of noise is anywhere; single histories vary much, so the mean of many is asked."""
    found = [overfitting(np.random.default_rng(seed).normal(size=(160, 21)), 8).pbo for seed in range(60)]
    assert np.mean(found) == pytest.approx(0.5, abs=4 * np.std(found) / math.sqrt(60))


def test_one_trial_with_skill_is_no_overfit_choice():
    returns = np.random.default_rng(1).normal(0, 0.01, (1_000, 50))
    returns[:, 17] += 0.004
    found = overfitting(returns)
    assert len(found.logits) == math.comb(16, 8) == 12_870
    assert found.pbo < 0.01
    assert found.loss < 0.01
    assert (found.chosen == 17).mean() > 0.95


def test_trials_that_end_alike_are_always_overfit():
    """Without any mean over the whole history, what is won in one half is lost in the other: full degradation."""
    returns = np.random.default_rng(2).normal(0, 0.01, (480, 30))
    found = overfitting(returns - returns.mean(axis=0), 8)
    assert found.pbo == 1.0
    assert found.loss == 1.0
    assert found.slope == pytest.approx(-1.0, abs=0.35)  # of Sharpe ratios; of means it would be exactly so


def test_idle_and_equal_trials_share_their_ranks():
    idle = overfitting(np.zeros((32, 3)), 4)
    assert (idle.logits == 0).all()
    assert idle.pbo == 1.0
    assert (idle.slope, idle.loss) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("shape", "blocks", "says"),
    [((40, 1), 4, "not two trials"), ((40, 3), 5, "cannot be halved"), ((40, 3), 22, "too many"),
     ((7, 3), 4, "7 periods are too few")],
)  # fmt: skip
def test_impossible_questions_are_refused(shape, blocks, says):
    with pytest.raises(ConfigError, match=says):
        overfitting(np.random.default_rng(0).normal(size=shape), blocks)


def test_a_ruined_trial_must_be_left_out():
    returns = np.ones((40, 3))
    returns[3, 1] = np.nan
    with pytest.raises(ConfigError, match="not numbers"):
        overfitting(returns, 4)


def test_the_minimum_backtest_length_of_the_notices():
    """Section 3: with five years of data, no more than 45 configurations; and the bound 2 ln N years."""
    assert min_backtest_years(45) <= 5.0 < min_backtest_years(46)
    assert all(min_backtest_years(trials) < 2 * math.log(trials) for trials in (10, 100, 10_000))
    assert min_backtest_years(100, sharpe=2.0) == pytest.approx(min_backtest_years(100) / 4)
    assert min_backtest_years(1) == 0.0
