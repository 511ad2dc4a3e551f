"""Streaming indicators, one file each. A new one: see CONTRIBUTING, "Add an indicator"."""

from backtest.indicators.sma import SMA

__all__ = ["SMA"]
