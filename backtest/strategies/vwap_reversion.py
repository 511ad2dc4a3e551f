"""Back to the session's mean price."""

from backtest.core.flat import parameter, state
from backtest.core.now import Now
from backtest.core.strategy import indicator
from backtest.indicators import ATR
from backtest.strategies.intraday import Intraday
from backtest.strategies.rising import refuse_unless_rising


class VwapReversion(Intraday):
    """Long one unit ``width`` average ranges below the session's volume-weighted mean price, short as far above.

    Out at the mean, or ``leave`` minutes into the session; no entry in its first ``quiet`` minutes. The mean is that of
    Berkowitz, Logue and Noser (1988), of typical prices since the session began. That prices return to it has no paper
    behind it here: large orders are worked around this mean, so that trading away from it meets their flow.
    """

    name = "vwap_reversion"
    family = "mean-reversion"
    source = "Rationale: orders worked around the mean of Berkowitz, Logue and Noser 1988 pull prices back to it"

    quiet: int = parameter(30, minimum=0)
    period: int = parameter(14, minimum=1)
    width: float = parameter(3.0, minimum=0.0)
    money: float = state(0.0)
    traded: float = state(0.0)

    reach: float = indicator(ATR, "period")

    def start(self) -> None:
        """Refuse to enter only when it is time to leave."""
        refuse_unless_rising(quiet=self.quiet, leave=self.leave)

    def on_bar(self, now: Now) -> None:
        """Measure the mean, then trade towards it."""
        minutes, mean = self.minutes(now), self.mean(now)
        have, away = now.position(), self.width * self.reach
        if self.over(now, minutes):
            self.go_home(now)
        elif (have > 0 and now.close >= mean) or (have < 0 and now.close <= mean):
            now.hold(0)
        elif minutes >= self.quiet and have == 0:
            if now.close < mean - away:
                now.hold(1)
            elif now.close > mean + away:
                now.hold(-1)

    def mean(self, now: Now) -> float:
        """Take the newest bar; return the session's mean, the close while nothing has traded."""
        if now.session_first():
            self.money, self.traded = 0.0, 0.0
        self.money += float(now.high + now.low + now.close) * now.volume
        self.traded += now.volume
        return self.money / (3.0 * self.traded) if self.traded > 0.0 else float(now.close)
