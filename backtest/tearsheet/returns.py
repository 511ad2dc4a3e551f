"""Growth and risk of a run from its session returns, by month and over a rolling window.

The risk-free rate is zero throughout; interest that the account earned is in the returns already.
"""

from dataclasses import dataclass

import numpy as np

from backtest.tearsheet.figure import Figure, figure, ratio, undefined
from backtest.tearsheet.sessions import Floats, Sessions

ROLLING_WINDOW = 126
FLAT = 1e-12
"""A standard deviation of returns below this is rounding, not risk."""
_STILL = "returns do not vary"


@dataclass(frozen=True)
class Performance:
    """Fractions, not percent. Ratios are annualised; skew and kurtosis (3 for a normal law) are of session returns."""

    total_return: Figure
    cagr: Figure
    volatility: Figure
    sharpe: Figure
    sortino: Figure
    calmar: Figure
    best_session: Figure
    worst_session: Figure
    positive_sessions: Figure
    skew: Figure
    kurtosis: Figure


@dataclass(frozen=True)
class YearRow:
    """Returns of twelve calendar months (None where the run has no session) and of the year."""

    year: int
    months: tuple[float | None, ...]
    total: float


@dataclass(frozen=True)
class Rolling:
    """Annualised Sharpe ratio and volatility of the last ``window`` sessions; None where returns did not vary."""

    window: int
    days: tuple[str, ...]
    sharpe: tuple[float | None, ...]
    volatility: tuple[float | None, ...]
    reason: str = ""


def performance(sessions: Sessions, max_drawdown: Figure) -> Performance:
    """Measure a run.

    CAGR is over calendar time; Sharpe is mean over standard deviation (n − 1); Sortino divides by the root mean square
    of the losses (Sortino & Price 1994, target zero); Calmar is CAGR over the deepest drawdown of any mark.
    """
    returns, scale = sessions.returns, np.sqrt(sessions.per_year)
    cagr = _cagr(sessions)
    spread = std(returns)
    reason = sessions.too_short or _STILL
    still = sessions.too_short or (_STILL if spread < FLAT else "")
    mean = float(returns.mean()) if returns.size else 0.0
    downside = float(np.sqrt(np.mean(np.minimum(returns, 0.0) ** 2))) if returns.size else 0.0
    return Performance(
        total_return=_total(sessions),
        cagr=cagr,
        volatility=undefined(sessions.too_short) if sessions.too_short else figure(spread * scale),
        sharpe=undefined(still) if still else figure(mean / spread * scale),
        sortino=undefined(reason) if still else ratio(mean * scale, downside, "no losing session"),
        calmar=_calmar(cagr, max_drawdown),
        best_session=figure(returns.max()) if returns.size else undefined("no sessions"),
        worst_session=figure(returns.min()) if returns.size else undefined("no sessions"),
        positive_sessions=figure(float(np.mean(returns > 0))) if returns.size else undefined("no sessions"),
        skew=undefined(still) if still else figure(moment(returns, 3)),
        kurtosis=undefined(still) if still else figure(moment(returns, 4)),
    )


def std(values: Floats) -> float:
    """Return the sample standard deviation (n − 1), zero for fewer than two values."""
    return float(values.std(ddof=1)) if values.size > 1 else 0.0


def moment(values: Floats, order: int) -> float:
    """Return the standardised central moment of the population: 3 gives the skew, 4 the kurtosis (not the excess)."""
    centred = values - values.mean()
    return float(np.mean(centred**order) / np.mean(centred**2) ** (order / 2))


def months(sessions: Sessions) -> tuple[YearRow, ...]:
    """Return the compounded returns of calendar months and years."""
    stamps = sessions.days.astype("datetime64[M]").astype(int)
    table: dict[int, list[float | None]] = {}
    for stamp in np.unique(stamps):
        row = table.setdefault(1970 + int(stamp) // 12, [None] * 12)
        row[int(stamp) % 12] = float(np.prod(1.0 + sessions.returns[stamps == stamp]) - 1.0)
    return tuple(
        YearRow(year, tuple(row), float(np.prod([1.0 + value for value in row if value is not None]) - 1.0))
        for year, row in sorted(table.items())
    )


def rolling(sessions: Sessions) -> Rolling:
    """Measure 126 sessions at a time, half the run if it is shorter than 252, and nothing below 40."""
    count = len(sessions.returns)
    window = min(ROLLING_WINDOW, count // 2)
    if window < 20:
        return Rolling(0, (), (), (), "fewer than 40 sessions")
    views = np.lib.stride_tricks.sliding_window_view(sessions.returns, window)
    spread, mean = views.std(axis=1, ddof=1), views.mean(axis=1)
    scale = np.sqrt(sessions.per_year)
    sharpe = np.divide(mean * scale, spread, out=np.full_like(mean, np.nan), where=spread > FLAT)
    days = tuple(str(day) for day in sessions.days[window - 1 :])
    return Rolling(window, days, _optional(sharpe), _optional(spread * scale))


def _total(sessions: Sessions) -> Figure:
    if not sessions.closes.size:
        return undefined("no marks")
    return figure(sessions.grown[-1] / sessions.initial - 1.0)


def _cagr(sessions: Sessions) -> Figure:
    if sessions.too_short:
        return undefined(sessions.too_short)
    with np.errstate(over="ignore"):
        return figure(np.expm1(np.log(sessions.grown[-1] / sessions.initial) / sessions.years))


def _calmar(cagr: Figure, max_drawdown: Figure) -> Figure:
    if cagr.value is None:
        return undefined(cagr.reason)
    return ratio(cagr.value, -(max_drawdown.value or 0.0), "no drawdown")


def _optional(values: Floats) -> tuple[float | None, ...]:
    return tuple(float(value) if np.isfinite(value) else None for value in values)
