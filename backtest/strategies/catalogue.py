"""The list of all strategies: one line each, by family. ``registry`` checks it and gives it names.

To add one: import the class, and write one line under its family.
"""

from backtest.strategies.bollinger import BollingerBreakout, BollingerReversion
from backtest.strategies.bracketed_atr_breakout import BracketedAtrBreakout
from backtest.strategies.buy_and_hold import BuyAndHold
from backtest.strategies.calendar_effects import Halloween, TurnOfMonth, WeekendEffect
from backtest.strategies.chandelier_exit import ChandelierExit
from backtest.strategies.donchian_breakout import DonchianBreakout
from backtest.strategies.ema_crossover import EmaCrossover
from backtest.strategies.gap_fade import GapFade
from backtest.strategies.ibs_reversion import IbsReversion
from backtest.strategies.kama_trend import KamaTrend
from backtest.strategies.keltner_breakout import KeltnerBreakout
from backtest.strategies.macd_signal import MacdSignal
from backtest.strategies.opening_range_breakout import OpeningRangeBreakout
from backtest.strategies.overnight_hold import OvernightHold
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
from backtest.strategies.parabolic_sar import ParabolicReversal
from backtest.strategies.rsi_mean_reversion import RsiMeanReversion
from backtest.strategies.sma_crossover import SmaCrossover
from backtest.strategies.stochastic_pullback import StochasticPullback
from backtest.strategies.time_series_momentum import TimeSeriesMomentum
from backtest.strategies.volatility_breakout import VolatilityBreakout
from backtest.strategies.volatility_target import VolatilityTarget
from backtest.strategies.vwap_reversion import VwapReversion
from backtest.strategies.xs_momentum import XsMomentum
from backtest.strategies.zscore_reversion import ZscoreReversion

SINGLE: tuple[type, ...] = (
    # trend
    SmaCrossover,
    EmaCrossover,
    MacdSignal,
    KamaTrend,
    ParabolicReversal,
    ChandelierExit,
    # breakout
    DonchianBreakout,
    BollingerBreakout,
    KeltnerBreakout,
    VolatilityBreakout,
    BracketedAtrBreakout,
    OpeningRangeBreakout,
    # mean-reversion
    RsiMeanReversion,
    BollingerReversion,
    ZscoreReversion,
    IbsReversion,
    StochasticPullback,
    GapFade,
    VwapReversion,
    # momentum
    TimeSeriesMomentum,
    # seasonality
    TurnOfMonth,
    WeekendEffect,
    Halloween,
    OvernightHold,
    # volatility
    VolatilityTarget,
    # overlay
    BuyAndHold,
)
"""On one instrument."""

PANEL: tuple[type, ...] = (
    # trend
    TacticalAllocation,
    # mean-reversion
    ContrarianWeights,
    # momentum
    Acceleration,
    ResidualMomentum,
    MomentumCrashFilter,
    DualMomentum,
    High52w,
    # cross-sectional
    XsMomentum,
    BettingAgainstBeta,
    MaxLottery,
    OvernightPersistence,
    XsReversal,
    # carry
    CarryRank,
    # seasonality
    SameMonth,
    # pairs
    PairsDistance,
    PairsRatio,
    # volatility
    InverseVolatility,
    LowVolatility,
    # overlay
    EqualWeightRebalance,
    BreadthTiming,
)
"""On many instruments at once."""

STRATEGIES: tuple[type, ...] = SINGLE + PANEL
