"""Is it luck? The probabilistic and the deflated Sharpe ratio, with the fewest sessions that would convince.

Bailey & López de Prado (2012), "The Sharpe Ratio Efficient Frontier", J. of Risk 15(2): PSR and the minimum track
record. Bailey & López de Prado (2014), "The Deflated Sharpe Ratio", J. of Portfolio Management 40(5): DSR. Both work on
the Sharpe ratio of one session, not annualised, and on the kurtosis that is 3 for a normal law.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from backtest.tearsheet.figure import Figure, figure, undefined
from backtest.tearsheet.returns import Performance
from backtest.tearsheet.sessions import Sessions

_NORMAL = NormalDist()
_EULER = float(np.euler_gamma)
MOST_SHARPE = 1.0
"""Of one session, about 16 a year. Beyond it returns vary less than their own mean: they are a fee or an interest that
is paid session by session, and no bet whose luck could be asked after."""


@dataclass(frozen=True)
class Significance:
    """``psr`` and ``dsr`` are probabilities; ``luck_sharpe`` is annualised; ``min_sessions`` is for PSR ≥ 95 %.

    ``variance_assumed`` says that the spread of the trials' Sharpe ratios was not given and chance alone was taken.
    """

    psr: Figure
    dsr: Figure
    luck_sharpe: Figure
    trials: int
    variance_assumed: bool
    min_sessions: Figure
    sessions: int


def probabilistic_sharpe(sharpe: float, against: float, count: int, skew: float, kurtosis: float) -> float:
    """Return the probability that the true Sharpe ratio exceeds ``against``: Φ of the distance in standard errors.

    PSR(SR*) = Φ((SR − SR*) √(n − 1) / √(1 − γ₃ SR + (γ₄ − 1)/4 SR²)), all of one session.

    >>> round(probabilistic_sharpe(0.458, 0.0, 24, -2.448, 10.164), 3)
    0.913
    """
    return _NORMAL.cdf((sharpe - against) * math.sqrt(count - 1) / math.sqrt(_spread(sharpe, skew, kurtosis)))


def expected_best_sharpe(trials: int, variance: float) -> float:
    """Return the best Sharpe ratio to expect of ``trials`` strategies without skill (their "false strategy theorem").

    SR₀ = √V ((1 − γ) Φ⁻¹(1 − 1/N) + γ Φ⁻¹(1 − 1/(N e))), γ = 0.5772…; zero for a single trial.

    >>> round(expected_best_sharpe(100, 0.5 / 250), 4)
    0.1132
    """
    if trials < 2:
        return 0.0
    best = (1 - _EULER) * _NORMAL.inv_cdf(1 - 1 / trials) + _EULER * _NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    return math.sqrt(variance) * best


def tells_skill(sharpe: float, per_year: float) -> bool:
    """Tell whether an annualised Sharpe ratio may count as a trial's: at most ``MOST_SHARPE`` a session, up or down.

    >>> tells_skill(1.6, 252), tells_skill(-1089.0, 252)
    (True, False)
    """
    return abs(sharpe) <= MOST_SHARPE * math.sqrt(per_year)


def min_track_record(sharpe: float, skew: float, kurtosis: float, confidence: float = 0.95) -> float:
    """Return the sessions needed for PSR(0) to reach ``confidence``; ``sharpe`` > 0 of one session."""
    return 1 + _spread(sharpe, skew, kurtosis) * (_NORMAL.inv_cdf(confidence) / sharpe) ** 2


def significance(sessions: Sessions, measured: Performance, trials: int, variance: float | None) -> Significance:
    """Judge a run that was picked from ``trials`` variants whose annualised Sharpe ratios had this variance.

    Without a variance, the one of a Sharpe ratio whose true value is zero is taken, 1 / (n − 1) a session: the least
    that independent trials can show.
    """
    count, assumed = len(sessions.returns), variance is None
    sharpe, skew, kurtosis = measured.sharpe, measured.skew.value, measured.kurtosis.value
    if sharpe.value is None or skew is None or kurtosis is None:
        none = undefined(sharpe.reason)
        return Significance(none, none, none, trials, assumed, none, count)
    one = sharpe.value / math.sqrt(sessions.per_year)
    if _spread(one, skew, kurtosis) <= 1e-12:
        none = undefined("returns take two values only")
        return Significance(none, none, none, trials, assumed, none, count)
    luck = expected_best_sharpe(trials, 1 / (count - 1) if variance is None else variance / sessions.per_year)
    return Significance(
        psr=figure(probabilistic_sharpe(one, 0.0, count, skew, kurtosis)),
        dsr=figure(probabilistic_sharpe(one, luck, count, skew, kurtosis)),
        luck_sharpe=figure(luck * math.sqrt(sessions.per_year)),
        trials=trials,
        variance_assumed=assumed,
        min_sessions=figure(min_track_record(one, skew, kurtosis)) if one > 0 else undefined("Sharpe is not positive"),
        sessions=count,
    )


def _spread(sharpe: float, skew: float, kurtosis: float) -> float:
    return 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2
