"""What returns have to do with the calendar: days of the month, days of the week, months of the year."""

from backtest.core.flat import parameter, state
from backtest.core.now import Now
from backtest.core.strategy import Strategy
from zeno.errors import ConfigError

DAY = 86_400_000_000


def month_of(moment: int) -> int:
    """Return the month, 1 to 12, of a moment in µs UTC: days to civil date, after Hinnant (2013)."""
    day_of_era = (moment // DAY + 719_468) % 146_097
    year = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * day_of_year + 2) // 153  # months since March
    return shifted + 3 if shifted < 10 else shifted - 9


class TurnOfMonth(Strategy):
    """Long one unit from the end of a month's last session to the end of the next month's ``days``-th session.

    Lakonishok and Smidt (1988), Are Seasonal Anomalies Real?, find the return on the last session and the first three.
    Simplified: bought after the last session, as nothing says one session ahead that the month will end.
    """

    name = "turn_of_month"
    family = "seasonality"
    source = "Lakonishok and Smidt 1988, Are Seasonal Anomalies Real?"

    days: int = parameter(3, minimum=1, maximum=15)
    since: int = state(31)  # as if in the middle of a month

    def on_bar(self, now: Now) -> None:
        """Count the sessions since the month's end."""
        if now.session_last():
            self.since = 0 if now.month_last() else self.since + 1
            now.hold(1 if self.since < self.days else 0)


class WeekendEffect(Strategy):
    """Long one unit within the week, flat from its last session's end to the end of the session of weekday ``back``.

    Monday is 0. French (1980), Stock Returns and the Weekend Effect, finds the loss from Friday's close to Monday's:
    let the run fill at the close to measure just that. When it fills at the next open, the weekend is still held.
    """

    name = "weekend_effect"
    family = "seasonality"
    source = "French 1980, Stock Returns and the Weekend Effect"

    back: int = parameter(0, minimum=0, maximum=6)

    def on_bar(self, now: Now) -> None:
        """Decide once a session, at its end."""
        if now.session_last():
            now.hold(1 if now.weekday() >= self.back and not now.week_last() else 0)


class Halloween(Strategy):
    """Long one unit from the end of month ``enter``, October, to the end of month ``leave``, April; else flat.

    Decided at the end of every month, UTC; a run that begins in winter buys at the first one. Bouman and Jacobsen
    (2002), The Halloween Indicator, "Sell in May and Go Away", who hold cash at interest in summer.
    """

    name = "halloween"
    family = "seasonality"
    source = "Bouman and Jacobsen 2002, The Halloween Indicator"

    enter: int = parameter(10, minimum=1, maximum=12)
    leave: int = parameter(4, minimum=1, maximum=12)

    def start(self) -> None:
        """Refuse a winter that ends as it begins."""
        if self.enter == self.leave:
            raise ConfigError(f"enter and leave are both month {self.enter}", remedy="choose two months")

    def on_bar(self, now: Now) -> None:
        """Tell winter from summer, counting months from the one that begins it."""
        if now.month_last():
            since = (month_of(now.time() - now.duration) - self.enter) % 12
            now.hold(1 if since < (self.leave - self.enter) % 12 else 0)
