"""Every panel strategy trades on 3,000 real days with gaps, and says the same compiled and interpreted, bit for bit."""

from pathlib import Path

import pytest
from panels import real_panel, run, trades

from backtest.core.strategy import PanelStrategy
from backtest.strategies.panel_acceleration import Acceleration
from backtest.strategies.panel_allocation import EqualWeightRebalance, InverseVolatility
from backtest.strategies.panel_beta import BettingAgainstBeta, ResidualMomentum
from backtest.strategies.panel_carry import CarryRank
from backtest.strategies.panel_crash_filter import MomentumCrashFilter
from backtest.strategies.panel_dual_momentum import DualMomentum
from backtest.strategies.panel_high_52w import High52w
from backtest.strategies.panel_lottery import MaxLottery
from backtest.strategies.panel_low_volatility import LowVolatility
from backtest.strategies.panel_overnight import OvernightPersistence
from backtest.strategies.panel_pairs import PairsDistance
from backtest.strategies.panel_pairs_ratio import PairsRatio
from backtest.strategies.panel_reversal import ContrarianWeights, XsReversal
from backtest.strategies.panel_seasonality import SameMonth
from backtest.strategies.panel_trend_filter import BreadthTiming, TacticalAllocation

pytestmark = pytest.mark.long

FAMILIES = {"trend", "breakout", "mean-reversion", "momentum", "cross-sectional", "carry", "seasonality", "pairs",
            "volatility", "overlay"}  # fmt: skip

STRATEGIES = (
    Acceleration(top=3), BettingAgainstBeta(lookback=126, each=2), BreadthTiming(), CarryRank(each=1),
    ContrarianWeights(), DualMomentum(top=2, safe=7), EqualWeightRebalance(), High52w(each=2), InverseVolatility(),
    LowVolatility(top=3), MaxLottery(each=2), MomentumCrashFilter(each=2), OvernightPersistence(each=2),
    PairsDistance(), PairsRatio(), ResidualMomentum(lookback=252, formation=126, each=2), SameMonth(each=2),
    TacticalAllocation(), XsReversal(each=2),
)  # fmt: skip


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
def test_compiled_and_interpreted_are_one(strategy: PanelStrategy, kernels: Path) -> None:
    batch, plain = (run(strategy, real_panel(), lane, kernels) for lane in ("batch", "plain"))
    assert batch.record.digest() == plain.record.digest()
    assert batch.snapshot() == plain.snapshot()
    assert len(trades(plain)) > 0
    assert len(batch.record.equity()) == 3000


def test_each_says_what_it_is() -> None:
    assert len({one.name for one in STRATEGIES}) == len(STRATEGIES)
    for one in STRATEGIES:
        assert one.family in FAMILIES
        assert one.source
        assert one.__doc__
