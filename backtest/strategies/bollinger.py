"""Both ways to trade Bollinger's bands: with what leaves them, and against it."""

from backtest.core.flat import parameter
from backtest.core.now import Now
from backtest.core.strategy import Strategy, indicator
from backtest.indicators import Bollinger, Lag


class BollingerBreakout(Strategy):
    """Long one unit above the upper band, short below the lower one, out when the close crosses the mean.

    Bollinger (2001), Bollinger on Bollinger Bands, method I, without the squeeze that he waits for first.
    """

    name = "bollinger_breakout"
    family = "breakout"
    source = "Bollinger 2001, Bollinger on Bollinger Bands"

    period: int = parameter(20, minimum=2)
    width: float = parameter(2.0, minimum=0.0)

    upper: float = indicator(Bollinger, "period", "width", output="upper")
    middle: float = indicator(Bollinger, "period", "width", output="middle")
    lower: float = indicator(Bollinger, "period", "width", output="lower")

    def on_bar(self, now: Now) -> None:
        """Follow the close out of the bands, back to the mean."""
        have = now.position()
        if now.close > self.upper:
            now.hold(1)
        elif now.close < self.lower:
            now.hold(-1)
        elif (have > 0 and now.close < self.middle) or (have < 0 and now.close > self.middle):
            now.hold(0)


class BollingerReversion(Strategy):
    """Long one unit once the close is back above the lower band, short once it is back below the upper one.

    Back means: the bar before closed beyond the band, this one inside. Out at the mean, or when the close is beyond
    the band once more. The "tags" of Bollinger (2001), Bollinger on Bollinger Bands, without the confirming indicator.
    """

    name = "bollinger_reversion"
    family = "mean-reversion"
    source = "Bollinger 2001, Bollinger on Bollinger Bands"

    period: int = parameter(20, minimum=2)
    width: float = parameter(2.0, minimum=0.0)

    upper: float = indicator(Bollinger, "period", "width", output="upper")
    middle: float = indicator(Bollinger, "period", "width", output="middle")
    lower: float = indicator(Bollinger, "period", "width", output="lower")

    close_before: float = indicator(Lag, 1)
    upper_before: float = indicator(Lag, 1, of="upper")
    lower_before: float = indicator(Lag, 1, of="lower")

    def on_bar(self, now: Now) -> None:
        """Enter on the way back, leave at the mean."""
        have = now.position()
        if (have > 0 and (now.close >= self.middle or now.close < self.lower)) or (
            have < 0 and (now.close <= self.middle or now.close > self.upper)
        ):
            now.hold(0)
        elif self.close_before < self.lower_before and self.lower <= now.close < self.middle:
            now.hold(1)
        elif self.close_before > self.upper_before and self.middle < now.close <= self.upper:
            now.hold(-1)
