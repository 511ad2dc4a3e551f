"""How much money a strategy bears before its own trades move prices away: the square-root law of impact.

A purchase or sale of Q in a market that turns over V a session at a volatility σ costs about Y σ √(Q / V) of its value,
with Y near 1: Grinold & Kahn (2000), "Active Portfolio Management", chapter 16; Tóth et al. (2011), "Anomalous Price
Impact and the Critical Nature of Liquidity in Financial Markets", Phys. Rev. X 1, 021006. With trades in proportion to
the capital C, costs grow as C^(3/2) and gross profits as C. So the share of gross that costs eat is (C / C₁)^(1/2),
where C₁ is the capital at which nothing is left.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zeno.errors import ConfigError

Floats = NDArray[np.float64]

IMPACT = 1.0
"""Y: measured between about a half and one in most markets."""


@dataclass(frozen=True)
class Capacity:
    """Amounts are in the currency of the volumes.

    Attributes
    ----------
    size
        Capital at which impact eats ``share`` of the gross return.
    share
        That share, 0 to 1.
    break_even
        Capital at which it eats all.
    most_profitable
        Capital at which the profit in money is largest: 4/9 of ``break_even``, where impact eats two thirds.
    participation
        The largest trade at ``size``, as a fraction of its market's volume. The law was measured up to about a tenth.
    """

    size: float
    share: float
    break_even: float
    most_profitable: float
    participation: float

    def eaten(self, capital: float) -> float:
        """Return the share of the gross return that impact eats at some capital."""
        return (capital / self.break_even) ** 0.5


def capacity(traded: Floats, volumes: Floats, volatilities: Floats, gross: float, *, share: float = 0.5,
             impact: float = IMPACT) -> Capacity:  # fmt: skip
    """Estimate the capital that a strategy bears.

    Parameters
    ----------
    traded
        Value bought and sold, as a fraction of capital, of every session and instrument; any shape.
    volumes
        What the market turned over in them, in currency; the same shape.
    volatilities
        Standard deviation of a session's return, as a fraction; the same shape.
    gross
        Sum of the strategy's returns before impact over the same sessions, as a fraction of capital.
    share
        Of the gross return, that impact may eat.
    impact
        Y of the law.

    Raises
    ------
    ConfigError
        When nothing was earned or traded, the share is not above 0 and up to 1, or something was traded in a market
        without volume.
    """
    size = np.abs(traded)
    active = size > 0
    if not 0 < share <= 1:
        raise ConfigError(f"The share is {share}.", remedy="Give a fraction above 0 and up to 1.")
    if gross <= 0 or not active.any():
        raise ConfigError("A strategy that earns or trades nothing has no capacity.",
                          remedy="Ask for the capacity of trials with a positive gross return.")  # fmt: skip
    if not (volumes[active] > 0).all() or not (volatilities[active] >= 0).all():
        raise ConfigError("Something was traded in a session without volume or volatility.",
                          remedy="Give the volume and volatility of every session with trades.")  # fmt: skip
    fraction = size[active] / volumes[active]
    at_one = impact * float(np.sum(size[active] * volatilities[active] * np.sqrt(fraction)))
    if at_one == 0.0:
        raise ConfigError("Nothing moves: all volatilities are zero.", remedy="Give the volatilities of returns.")
    break_even = (gross / at_one) ** 2
    bearable = share**2 * break_even
    return Capacity(bearable, share, break_even, 4.0 / 9.0 * break_even, bearable * float(fraction.max()))


def turnover(traded: Floats, per_year: float) -> float:
    """Return how often a year the capital is traded: purchases and sales together, so that 2 is once in and once out.

    Parameters
    ----------
    traded
        Value bought and sold in each session as a fraction of capital, shape (n,) or (n, instruments).
    per_year
        Sessions in a year.

    >>> turnover(np.array([1.0, 0.0, -1.0, 0.0]), per_year=252)
    126.0
    """
    return float(np.abs(traded).sum() / len(traded) * per_year) if len(traded) else 0.0
