"""The interval of a Sharpe ratio: the textbook's where the textbook holds, and honest where returns have memory."""

import math

import numpy as np
import pytest

from backtest.studies.resample import generator
from backtest.studies.statistics.block_length import block_length
from backtest.studies.statistics.sharpe import deflated_sharpe, sharpe_interval
from backtest.tearsheet.returns import moment
from backtest.tearsheet.significance import expected_best_sharpe, probabilistic_sharpe
from zeno.errors import ConfigError


def autoregressive(rho: float, count: int, seed: int, mean: float = 0.0) -> np.ndarray:
    shocks = np.random.default_rng(seed).normal(size=count + 200)
    values = np.zeros(count + 200)
    for at in range(1, count + 200):
        values[at] = rho * values[at - 1] + shocks[at]
    return mean + values[200:]


@pytest.mark.parametrize("rho", [0.3, 0.5, 0.7])
def test_the_block_length_of_an_autoregression_is_the_one_of_the_theory(rho):
    """R(k) ∝ ρ^|k| gives G / g(0) = 2ρ / (1 − ρ²), and so b = (2ρ / (1 − ρ²))^(2/3) n^(1/3)."""
    count = 4_000
    found = [block_length(autoregressive(rho, count, seed)) for seed in range(20)]
    wanted = (2 * rho / (1 - rho**2)) ** (2 / 3) * count ** (1 / 3)
    # The estimate of a density at zero converges slowly: Politis & White find spreads of a quarter and more.
    assert np.median([one.stationary for one in found]) == pytest.approx(wanted, rel=0.2)
    assert all(one.circular == pytest.approx(one.stationary * 1.5 ** (1 / 3)) for one in found)


def test_blocks_of_independent_values_are_short_and_no_block_is_longer_than_allowed():
    short = [block_length(np.random.default_rng(seed).normal(size=2_000)).stationary for seed in range(20)]
    assert np.median(short) < 5
    differences = np.diff(np.random.default_rng(1).normal(size=301))  # no density at zero: b grows beyond all bounds
    assert block_length(differences).circular == math.ceil(3 * math.sqrt(300))
    assert block_length(np.full(50, 0.1)).stationary == 1.0
    with pytest.raises(ConfigError, match="too few"):
        block_length(np.arange(19.0))


def test_the_interval_of_independent_returns_is_lo_s():
    """Lo (2002): the standard error of a Sharpe ratio of n independent normal returns is √((1 + S²/2) / n)."""
    returns = np.random.default_rng(4).normal(0.1, 1.0, 2_500)
    found = sharpe_interval(returns, 252, random=generator(1, 0), block=1.0, resamples=4_000)
    sharpe = returns.mean() / returns.std(ddof=1)
    error = math.sqrt((1 + sharpe**2 / 2) / 2_500) * math.sqrt(252)
    assert found.estimate == pytest.approx(sharpe * math.sqrt(252))
    # A quantile of 4,000 resamples has a standard error of 0.04 standard deviations; four of them on each side.
    assert found.low == pytest.approx(found.estimate - 1.96 * error, abs=0.16 * error)
    assert found.high == pytest.approx(found.estimate + 1.96 * error, abs=0.16 * error)


def coverage(block: float | None) -> float:
    """Return how often a 90 % interval of an AR(1) with ρ = 0.5 has the true Sharpe ratio, in 200 histories."""
    truth = 0.2 / math.sqrt(1 / (1 - 0.25))
    hits = 0
    for seed in range(200):
        returns = autoregressive(0.5, 400, seed, mean=0.2)
        one = sharpe_interval(returns, 1, random=generator(9, seed), confidence=0.9, resamples=300, block=block)
        hits += one.low <= truth <= one.high
    return hits / 200


def test_blocks_make_the_interval_cover_what_it_claims_and_single_rows_do_not():
    # The standard error of a share of 0.9 in 200 is 0.02; the bootstrap of 400 dependent rows is known to fall short.
    assert coverage(None) > 0.82
    assert coverage(1.0) < 0.75


def test_the_seed_decides_the_interval():
    returns = autoregressive(0.1, 300, 1, mean=0.1)
    first = sharpe_interval(returns, 252, random=generator(5, 2))
    assert sharpe_interval(returns, 252, random=generator(5, 2)) == first
    assert sharpe_interval(returns, 252, random=generator(5, 3)).low != first.low


@pytest.mark.parametrize("returns", [np.full(100, 0.01), np.r_[np.zeros(50), np.nan], np.arange(5.0)])
def test_what_cannot_be_judged_is_refused(returns):
    with pytest.raises(ConfigError, match=r"do not vary|too few"):
        sharpe_interval(returns, 252, random=generator(0, 0))
    with pytest.raises(ConfigError, match=r"do not vary|too few"):
        deflated_sharpe(returns, np.array([1.0, 2.0]), 252)


def test_the_deflated_ratio_is_the_tear_sheet_s_with_the_spread_of_the_trials():
    rng = np.random.default_rng(6)
    trials = rng.normal(0.02, 1.0, (750, 40))
    sharpes = trials.mean(axis=0) / trials.std(axis=0, ddof=1) * math.sqrt(252)
    best = trials[:, sharpes.argmax()]
    found = deflated_sharpe(best, sharpes, 252)
    luck = expected_best_sharpe(40, sharpes.var(ddof=1) / 252)
    one = sharpes.max() / math.sqrt(252)
    assert found.sharpe == pytest.approx(sharpes.max())
    assert found.dsr == pytest.approx(probabilistic_sharpe(one, luck, 750, moment(best, 3), moment(best, 4)))
    assert found.dsr < found.psr
    assert found.trials == 40


def test_a_single_trial_is_not_deflated_and_a_loser_never_convinces():
    returns = np.random.default_rng(7).normal(0.0, 1.0, 500)
    returns += 0.1 - returns.mean()
    alone = deflated_sharpe(returns, np.array([1.6]), 252)
    assert alone.dsr == alone.psr
    assert alone.luck == 0.0
    assert deflated_sharpe(-returns, np.array([-1.6]), 252).min_returns == math.inf
