"""The market model on a panel, and two strategies from it: bet against beta, and momentum of what beta leaves over."""

import math

from backtest.core.flat import Flat, parameter, part, state, window
from backtest.core.now import Slice
from backtest.core.strategy import PanelStrategy
from backtest.indicators.rolling import positive
from backtest.strategies.ranking import Sides, change, hold_sides
from zeno.errors import ConfigError


class MarketModel(Flat):
    """The regression of one instrument's last ``n`` returns on those of the equal-weight index of the panel.

    ``push`` takes the index's return in every slice; ``fit`` regresses an instrument, and fails where a price is
    missing, or where the index does not move.
    """

    n: int = parameter(252, minimum=3)
    seen: int = state()
    head: int = state()
    alpha: float = state(0.0)
    beta: float = state(0.0)
    deviation: float = state(0.0)
    market: list[float] = window(lambda self: self.n)

    def push(self, now: Slice) -> None:
        """Take the mean return of the instruments that have one in this slice; 0 without any."""
        total, count = 0.0, 0
        for number in range(now.width):
            rise = change(now, number, 0, 1)
            if not math.isnan(rise):
                total += rise
                count += 1
        self.market[self.head] = total / count if count > 0 else 0.0
        self.head = 0 if self.head + 1 == self.n else self.head + 1
        self.seen += 1

    def index(self, back: int) -> float:
        """Return the index's return ``back`` slices ago."""
        at = self.head - 1 - back
        return self.market[at if at >= 0 else at + self.n]

    def fit(self, now: Slice, number: int) -> bool:
        """Regress an instrument; tell whether it could be done."""
        x, y, xx, xy, yy = 0.0, 0.0, 0.0, 0.0, 0.0
        for back in range(self.n):
            rise, index = change(now, number, back, back + 1), self.index(back)
            x += index
            y += rise
            xx += index * index
            xy += index * rise
            yy += rise * rise
        spread = xx - x * x / self.n
        if math.isnan(y) or not spread > 1e-15:
            return False
        self.beta = (xy - x * y / self.n) / spread
        self.alpha = (y - self.beta * x) / self.n
        self.deviation = math.sqrt(positive(yy - y * y / self.n - self.beta * self.beta * spread) / (self.n - 2))
        return True


class BettingAgainstBeta(PanelStrategy):
    """Each month, long the ``each`` instruments of lowest beta, levered to a beta of 1, short the highest likewise.

    Beta is of ``lookback`` returns on the equal-weight index, shrunk towards 1 by ``shrink``. Each side holds
    ``invest`` over its mean beta of the equity, at most ``most``; nothing where a side's mean beta is not positive.
    Simplified: Frazzini and Pedersen weight by rank, and estimate correlations over five years and volatilities over
    one.
    """

    name = "betting_against_beta"
    family = "cross-sectional"
    source = "Frazzini and Pedersen 2014, Betting Against Beta"

    lookback: int = parameter(252, minimum=3)
    each: int = parameter(10, minimum=1)
    shrink: float = parameter(0.4, minimum=0.0, maximum=1.0)
    invest: float = parameter(0.5, minimum=0.0)
    most: float = parameter(2.0, minimum=0.0)
    model: MarketModel = part(MarketModel, lambda self: MarketModel(self.lookback))
    sides: Sides = part(Sides, lambda self: Sides(self.each))

    def history(self) -> int:
        """Return the slices looked back on."""
        return self.lookback

    def on_slice(self, now: Slice) -> None:
        """Take the index's return in, and rebalance at the end of a month."""
        self.model.push(now)
        if now.month_last() and now.seen() >= self.lookback:
            self.sides.clear()
            for number in range(now.width):
                if self.model.fit(now, number):
                    self.sides.offer(number, -(self.shrink + (1.0 - self.shrink) * self.model.beta))
            self.sides.settle()
            low, high = 0.0, 0.0
            for place in range(self.sides.size):
                low -= self.sides.best.scores[place]
                high += self.sides.worst.scores[place]
            if low > 0.0 and high > 0.0:
                hold_sides(now, self.sides, self.levered(low), self.levered(high))
            else:
                self.sides.size = 0
                hold_sides(now, self.sides, 0.0, 0.0)

    def levered(self, betas: float) -> float:
        """Return the share of the equity at which a side, whose betas have this sum, has a beta of ``invest``."""
        return min(self.invest * self.sides.size / betas, self.most)


class ResidualMomentum(PanelStrategy):
    """Each month, long the ``each`` instruments whose residual returns were best for their risk, short the worst.

    Residuals of the market model over ``lookback`` returns, its intercept left in the regression; the score is their
    sum from ``formation`` to ``skip`` slices ago over their deviation. Equal weights, half of ``invest`` a side.
    Simplified: Blitz, Huij and Martens regress 36 monthly returns on three factors, and form deciles.
    """

    name = "residual_momentum"
    family = "momentum"
    source = "Blitz, Huij and Martens 2011, Residual Momentum"

    lookback: int = parameter(504, minimum=3)
    formation: int = parameter(252, minimum=1)
    skip: int = parameter(21, minimum=0)
    each: int = parameter(10, minimum=1)
    invest: float = parameter(1.0, minimum=0.0)
    model: MarketModel = part(MarketModel, lambda self: MarketModel(self.lookback))
    sides: Sides = part(Sides, lambda self: Sides(self.each))

    def start(self) -> None:
        """Refuse a formation that is the whole regression (its residuals add up to zero) or that is all skipped."""
        if not self.skip < self.formation < self.lookback:
            raise ConfigError(f"skip {self.skip}, formation {self.formation} and lookback {self.lookback} do not rise",
                              remedy="choose skip below formation, and formation below lookback")  # fmt: skip

    def history(self) -> int:
        """Return the slices looked back on."""
        return self.lookback

    def on_slice(self, now: Slice) -> None:
        """Take the index's return in, and rebalance at the end of a month."""
        self.model.push(now)
        if now.month_last() and now.seen() >= self.lookback:
            self.sides.clear()
            for number in range(now.width):
                if self.model.fit(now, number) and self.model.deviation > 1e-9:
                    self.sides.offer(number, self.residuals(now, number) / self.model.deviation)
            self.sides.settle()
            hold_sides(now, self.sides, self.invest / 2.0, self.invest / 2.0)

    def residuals(self, now: Slice, number: int) -> float:
        """Return the sum of the residuals of the formation, for the instrument that was fitted last."""
        total = 0.0
        for back in range(self.skip, self.formation):
            expected = self.model.alpha + self.model.beta * self.model.index(back)
            total += change(now, number, back, back + 1) - expected
        return total
