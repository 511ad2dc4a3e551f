"""Long-short and selecting panel strategies on data where the right choice is known."""

import math

import numpy as np
import pytest
from panels import panel, run, shares, trades

from backtest.core.strategy import PanelStrategy
from backtest.strategies.panel_acceleration import Acceleration
from backtest.strategies.panel_beta import BettingAgainstBeta, MarketModel, ResidualMomentum
from backtest.strategies.panel_carry import CarryRank
from backtest.strategies.panel_crash_filter import MomentumCrashFilter
from backtest.strategies.panel_dual_momentum import DualMomentum
from backtest.strategies.panel_high_52w import High52w
from backtest.strategies.panel_lottery import MaxLottery
from backtest.strategies.panel_low_volatility import LowVolatility
from backtest.strategies.panel_overnight import OvernightPersistence
from backtest.strategies.panel_reversal import ContrarianWeights, XsReversal
from backtest.strategies.panel_seasonality import SameMonth
from zeno.errors import ConfigError

HUNDRED = 10_000  # in cents


def grown(returns: np.ndarray, start: float = 1e7) -> np.ndarray:
    """Return prices from simple returns, shape (n + 1, width), high enough that rounding to cents does not matter."""
    return start * np.vstack([np.ones(returns.shape[1]), np.cumprod(1 + returns, axis=0)])


def signs(session: object) -> list[tuple[int, int, int]]:
    return [(at, number, int(np.sign(quantity))) for at, number, quantity in trades(session)]  # type: ignore[arg-type]


def test_reversal_buys_losers_and_sells_winners() -> None:
    closes = np.array([HUNDRED + t * np.array([200, 100, -100, -200]) for t in range(7)])
    session = run(XsReversal(lookback=4, each=1), panel(closes, every=5))
    assert trades(session) == [(5, 0, -shares(0.5, closes[4, 0])), (5, 3, shares(0.5, closes[4, 3]))]


def test_contrarian_weights_are_distances_to_the_mean() -> None:
    closes = np.array([HUNDRED + t * np.array([300, 100, 0, -100]) for t in range(7)])
    session = run(ContrarianWeights(lookback=4), panel(closes, every=5))
    rises = closes[4] / closes[0] - 1
    apart = rises.mean() - rises
    expected = [shares(one, price) for one, price in zip(apart / abs(apart).sum(), closes[4], strict=True)]
    assert trades(session) == [(5, number, quantity) for number, quantity in enumerate(expected)]


def test_low_volatility_holds_the_calmest_that_moves() -> None:
    wiggle = np.array([(-1) ** t for t in range(12)])
    closes = np.column_stack(
        [HUNDRED + wiggle * 300, HUNDRED + wiggle * 50, np.full(12, HUNDRED), HUNDRED + wiggle * 60]
    )
    session = run(LowVolatility(lookback=8, top=1), panel(closes, every=10))
    assert trades(session) == [(10, 1, shares(0.98, closes[9, 1]))]


def test_high_52w_compares_with_the_highest_high() -> None:
    closes = np.full((9, 3), HUNDRED)
    highs = closes.copy()
    highs[2] += [100, 5000, 2000]  # the high counts, not the close
    session = run(High52w(lookback=8, each=1), panel(closes, every=8, highs=highs))
    assert trades(session) == [(8, 0, shares(0.5, HUNDRED)), (8, 1, -shares(0.5, HUNDRED))]
    assert trades(run(High52w(lookback=6, each=1), panel(closes, every=8, highs=highs))) == trades(session)
    assert trades(run(High52w(lookback=5, each=1), panel(closes, every=8, highs=highs))) == []


def test_dual_momentum_escapes_to_what_is_safe() -> None:
    rise = [HUNDRED + 100 * min(t, 40 - t) for t in range(36)]  # up to slice 20, then down
    closes = np.column_stack([rise, np.full(36, HUNDRED), HUNDRED + np.arange(36) // 12])
    session = run(DualMomentum(lookback=10, top=1, safe=1, invest=0.5), panel(closes, every=5))
    # 14: the riser has the better of two rises; 29: it has fallen, but instrument 2 has risen from 10,001 to 10,002
    assert signs(session)[0] == (15, 0, 1)
    assert [one for one in signs(session) if one[0] == 30] == [(30, 0, -1), (30, 2, 1)]
    session = run(DualMomentum(lookback=10, top=1, safe=1, hurdle=0.01, invest=0.5), panel(closes, every=5))
    assert [one for one in signs(session) if one[0] == 30] == [(30, 0, -1), (30, 1, 1)]
    session = run(DualMomentum(lookback=10, top=1, hurdle=0.01, invest=0.5), panel(closes, every=5))
    assert [one for one in signs(session) if one[0] == 30] == [(30, 0, -1)]


def test_max_lottery_sells_what_jumped() -> None:
    returns = np.full((10, 3), 0.01)
    returns[6, 2] = 0.2
    returns[:, 0] = [0.0, 0.3] + [0.005] * 8  # its jump is out of the window
    session = run(MaxLottery(days=6, each=1), panel(grown(returns), every=10))
    assert signs(session) == [(10, 0, 1), (10, 2, -1)]


def test_betting_against_beta_levers_both_sides_to_one() -> None:
    market = np.array([0.01, -0.008, 0.012, -0.011, 0.009, 0.004, -0.006, 0.007, -0.01, 0.013])
    closes = grown(market[:, None] * np.array([0.5, 0.8, 1.2, 1.5]))
    session = run(BettingAgainstBeta(lookback=9, each=1, shrink=0.0, invest=0.5), panel(closes, every=10))
    (_, low, bought), (_, high, sold) = trades(session)
    assert (low, high) == (0, 3)
    assert bought == pytest.approx(shares(0.5 / 0.5, closes[9, 0]), rel=1e-3)  # the index's own rounding: cents on 1e5
    assert sold == pytest.approx(-shares(0.5 / 1.5, closes[9, 3]), rel=1e-3)


def test_market_model_is_least_squares() -> None:
    random = np.random.default_rng(3)
    market, returns = random.normal(0, 0.01, 40), random.normal(0, 0.01, (40, 2))
    model = MarketModel(40)
    model.market = market[::-1].tolist()[::-1]
    columns = panel(grown(returns, 1e10), every=100)

    class Now:
        """Just enough of a view: closes by how long ago they were."""

        def past_close(self, number: int, back: int) -> int:
            return int(columns.closes[len(columns) - 1 - back, number])

    assert model.fit(Now(), 1)  # type: ignore[arg-type]
    slope, start = np.polyfit(market, returns[:, 1], 1)
    left = returns[:, 1] - start - slope * market
    assert model.beta == pytest.approx(slope, rel=1e-6)
    assert model.alpha == pytest.approx(start, rel=1e-6)
    assert model.deviation == pytest.approx(math.sqrt((left**2).sum() / 38), rel=1e-6)


def test_residual_momentum_ranks_what_the_market_does_not_explain() -> None:
    random = np.random.default_rng(5)
    market, noise = random.normal(0.0, 0.02, 60), random.normal(0, 0.001, (60, 4))
    drift = np.zeros((60, 4))
    drift[40:, 1], drift[40:, 2] = 0.004, -0.004
    betas = np.array([3.0, 0.2, 0.2, 0.6])
    market[40:] = 0.01  # instrument 0 rises most, by its beta alone
    closes = grown(market[:, None] * betas + noise + drift)
    assert np.argmax(closes[-2] / closes[40]) == 0
    session = run(ResidualMomentum(lookback=59, formation=20, skip=0, each=1), panel(closes, every=60))
    assert signs(session) == [(60, 1, 1), (60, 2, -1)]


def test_residual_momentum_refuses_a_formation_that_says_nothing() -> None:
    with pytest.raises(ConfigError, match="do not rise"):
        ResidualMomentum(lookback=100, formation=100)


def test_acceleration_is_not_momentum() -> None:
    slow, fast = np.full(5, 0.01), np.full(5, 0.03)
    returns = np.column_stack([np.r_[fast, slow], np.r_[slow / 4, slow / 2], np.r_[fast, fast]])
    closes = grown(np.vstack([returns, returns[-1:]]))
    session = run(Acceleration(half=5, top=3), panel(closes, every=11))
    assert trades(session) == [
        (11, 1, shares(0.98, np.rint(closes[10, 1])))
    ]  # the others have slowed, or go on as before


def test_overnight_gains_are_told_from_the_day() -> None:
    closes = np.array([[10_000, 10_000, 10_000]] * 8)
    opens = closes + np.array([100, 0, -100])  # up at night and down by day, and the reverse
    session = run(OvernightPersistence(lookback=5, each=1), panel(closes, every=7, opens=opens))
    assert trades(session) == [(7, 0, shares(0.5, 10_000)), (7, 2, -shares(0.5, 10_000))]


def test_same_month_buys_the_coming_season() -> None:
    returns = np.zeros((26, 3))
    returns[[1, 2, 13, 14], 0] = 0.05  # slices 2, 3, 14 and 15: twelve and 24 before 26 and 27
    returns[[3, 4, 15, 16], 1] = 0.09
    returns[[1, 2, 13, 14], 2] = -0.05
    session = run(SameMonth(years=2, year=12, month=2, each=1), panel(grown(returns), every=26))
    assert signs(session) == [(26, 0, 1), (26, 2, -1)]


def test_carry_trades_near_contracts_by_the_slope_of_their_curve() -> None:
    closes = np.array([[10_200, 10_000, 10_500, 10_500, 9_900, 10_000]] * 4)
    session = run(CarryRank(each=1), panel(closes, every=3))
    assert trades(session) == [(3, 0, shares(0.5, 10_200)), (3, 4, -shares(0.5, 9_900))]


def test_crash_filter_holds_what_its_volatility_allows() -> None:
    closes = np.rint(grown(np.tile([0.01, -0.01, 0.0], (16, 1)), 1e5))
    session = run(MomentumCrashFilter(lookback=5, skip=0, each=1, memory=5, target=0.12), panel(closes, every=5))
    # ranked on slice 9, for there has to be a past; then five returns of about 2 % are known on slice 14
    rises = closes[10:15] / closes[9:14] - 1
    scale = 0.12 / np.sqrt(((rises[:, 0] - rises[:, 1]) ** 2).mean() * 252)
    assert 0.37 < scale < 0.38
    assert trades(session) == [(15, 0, shares(scale, closes[14, 0])), (15, 1, -shares(scale, closes[14, 1]))]
    assert trades(run(MomentumCrashFilter(lookback=5, skip=0, each=1, memory=6), panel(closes, every=5))) == []
    session = run(MomentumCrashFilter(lookback=5, skip=0, each=1, memory=5, most=0.1), panel(closes, every=5))
    assert trades(session) == [(15, 0, shares(0.1, closes[14, 0])), (15, 1, -shares(0.1, closes[14, 1]))]


@pytest.mark.parametrize(
    "strategy",
    [XsReversal(lookback=4), ContrarianWeights(lookback=4), LowVolatility(lookback=4), High52w(lookback=4),
     DualMomentum(lookback=4), MaxLottery(days=4), BettingAgainstBeta(lookback=4), Acceleration(half=2),
     ResidualMomentum(lookback=6, formation=3, skip=0), OvernightPersistence(lookback=4), CarryRank(),
     SameMonth(years=1, year=6, month=2), MomentumCrashFilter(lookback=4, skip=0, memory=4)],
    ids=lambda strategy: strategy.name,
)  # fmt: skip
def test_where_nothing_moves_nothing_trades(strategy: PanelStrategy) -> None:
    assert trades(run(strategy, panel(np.full((40, 5), HUNDRED), every=5))) == []
