"""Seasonality across instruments."""

from backtest.core.flat import parameter, part
from backtest.core.now import Slice
from backtest.core.strategy import PanelStrategy
from backtest.strategies.ranking import Sides, change, hold_sides
from backtest.strategies.rising import refuse_unless_rising


class SameMonth(PanelStrategy):
    """Each month, long the ``each`` instruments that did best in past years' coming month, short the worst.

    The score is the mean return of the ``month`` slices that began ``year`` slices ago, and two years, up to
    ``years``; an instrument needs all of them. Equal weights, half of ``invest`` a side. Simplified: Heston and Sadka
    use calendar months and form deciles; here a year is a number of slices, so that the season shifts by a few days
    over the years.
    """

    name = "same_month"
    family = "seasonality"
    source = "Heston and Sadka 2008, Seasonality in the Cross-Section of Stock Returns"

    years: int = parameter(3, minimum=1)
    year: int = parameter(252, minimum=1)
    month: int = parameter(21, minimum=1)
    each: int = parameter(10, minimum=1)
    invest: float = parameter(1.0, minimum=0.0)
    sides: Sides = part(Sides, lambda self: Sides(self.each))

    def start(self) -> None:
        """Refuse a month that is longer than the year."""
        refuse_unless_rising(True, month=self.month, year=self.year)

    def history(self) -> int:
        """Return the slices looked back on."""
        return self.years * self.year

    def on_slice(self, now: Slice) -> None:
        """Rebalance at the end of a month."""
        if now.month_last() and now.seen() >= self.years * self.year:
            self.sides.clear()
            for number in range(now.width):
                if now.traded(number):
                    self.sides.offer(number, self.season(now, number))
            self.sides.settle()
            hold_sides(now, self.sides, self.invest / 2.0, self.invest / 2.0)

    def season(self, now: Slice, number: int) -> float:
        """Return the mean return of the coming month in past years; NaN where a price is missing."""
        total = 0.0
        for back in range(1, self.years + 1):
            total += change(now, number, max(back * self.year - self.month, 0), back * self.year)
        return total / self.years
