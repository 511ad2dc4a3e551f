"""The list of all strategies: one line each, by family. ``registry`` checks it and gives it names.

To add one: import the class, and write one line under its family.
"""

from backtest.strategies.bollinger import BollingerBreakout, BollingerReversion
from backtest.strategies.buy_and_hold import BuyAndHold
from backtest.strategies.donchian_breakout import DonchianBreakout
from backtest.strategies.ema_crossover import EmaCrossover
from backtest.strategies.keltner_breakout import KeltnerBreakout
from backtest.strategies.rsi_mean_reversion import RsiMeanReversion
from backtest.strategies.sma_crossover import SmaCrossover
from backtest.strategies.time_series_momentum import TimeSeriesMomentum
from backtest.strategies.xs_momentum import XsMomentum

SINGLE: tuple[type, ...] = (
    # trend
    SmaCrossover,
    EmaCrossover,
    # breakout
    DonchianBreakout,
    BollingerBreakout,
    KeltnerBreakout,
    # mean-reversion
    RsiMeanReversion,
    BollingerReversion,
    # momentum
    TimeSeriesMomentum,
    # overlay
    BuyAndHold,
)
"""On one instrument."""

PANEL: tuple[type, ...] = (
    # ---- panel strategies (files panel_*.py): one line each here, their imports above ----
    # cross-sectional
    XsMomentum,
)
"""On many instruments at once."""

STRATEGIES: tuple[type, ...] = SINGLE + PANEL
