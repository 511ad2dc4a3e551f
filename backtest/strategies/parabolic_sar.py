"""Parabolic stop and reverse."""

from backtest.core.flat import parameter
from backtest.core.now import Now
from backtest.core.strategy import Strategy, indicator
from backtest.indicators import ParabolicSAR


class ParabolicReversal(Strategy):
    """Long one unit while the parabolic stop is below the close, short while it is above: always in the market.

    Wilder (1978), New Concepts in Technical Trading Systems. Simplified: Wilder reverses inside the bar at the stop,
    this at the open after the bar that met it.
    """

    name = "parabolic_sar"
    family = "trend"
    source = "Wilder 1978, New Concepts in Technical Trading Systems"

    step: float = parameter(0.02, minimum=0.0)
    limit: float = parameter(0.2, minimum=0.0)

    turn: float = indicator(ParabolicSAR, "step", "limit")

    def on_bar(self, now: Now) -> None:
        """Be on the far side of the stop."""
        if self.turn < now.close:
            now.hold(1)
        elif self.turn > now.close:
            now.hold(-1)
