"""Streaming indicators, one small file an indicator or close family. A new one: see CONTRIBUTING, "Add an indicator".

Inputs are numbers: prices and volumes as the engine feeds them, never NaN or infinite. To feed one indicator with
another, begin when the first has warmed up, as ``DEMA`` does.
"""

from backtest.core.indicator import Indicator
from backtest.indicators.adx import ADX
from backtest.indicators.aroon import Aroon
from backtest.indicators.atr import ATR, Keltner, TrueRange
from backtest.indicators.cci import CCI
from backtest.indicators.dispersion import Bollinger, RollingStd, ZScore
from backtest.indicators.ema import DEMA, EMA, TEMA, TRIX
from backtest.indicators.extremes import Donchian, Highest, Lowest
from backtest.indicators.flow import MFI, OBV, VWAP
from backtest.indicators.kama import KAMA, EfficiencyRatio
from backtest.indicators.lag import ROC, Lag, Momentum
from backtest.indicators.macd import MACD
from backtest.indicators.rsi import RSI
from backtest.indicators.sar import ParabolicSAR
from backtest.indicators.sma import SMA
from backtest.indicators.stochastic import Stochastic, WilliamsR
from backtest.indicators.volatility import EwmaVolatility, RealisedVolatility
from backtest.indicators.wma import HMA, WMA, LinearRegressionSlope
from zeno.errors import ConfigError


def registry(*classes: type[Indicator]) -> dict[str, type[Indicator]]:
    """Return indicators by lower-case name.

    Raises
    ------
    ConfigError
        If two share a name.

    """
    found: dict[str, type[Indicator]] = {}
    for one in classes:
        name = one.__name__.lower()
        if name in found:
            raise ConfigError(f"two indicators are named {name}", remedy="rename one of them")
        found[name] = one
    return found


INDICATORS = registry(
    ADX, ATR, Aroon, Bollinger, CCI, DEMA, Donchian, EMA, EfficiencyRatio, EwmaVolatility, HMA, Highest, KAMA,
    Keltner, Lag, LinearRegressionSlope, Lowest, MACD, MFI, Momentum, OBV, ParabolicSAR, ROC, RSI, RealisedVolatility,
    RollingStd, SMA, Stochastic, TEMA, TRIX, TrueRange, VWAP, WMA, WilliamsR, ZScore,
)  # fmt: skip
"""Every indicator, by lower-case name."""

__all__ = [
    "INDICATORS", "ADX", "ATR", "Aroon", "Bollinger", "CCI", "DEMA", "Donchian", "EMA", "EfficiencyRatio",
    "EwmaVolatility", "HMA", "Highest", "KAMA", "Keltner", "Lag", "LinearRegressionSlope", "Lowest", "MACD", "MFI",
    "Momentum", "OBV", "ParabolicSAR", "ROC", "RSI", "RealisedVolatility", "RollingStd", "SMA", "Stochastic", "TEMA",
    "TRIX", "TrueRange", "VWAP", "WMA", "WilliamsR", "ZScore", "registry",
]  # fmt: skip
