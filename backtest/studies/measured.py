"""What studies keep of one whole run: its figures, and the returns behind them."""

from collections.abc import Mapping
from typing import Any

from backtest.run import Result
from backtest.studies.answers import performance
from backtest.studies.packing import packed
from backtest.studies.trial import History, history, per_year, score

_MONEY = 1e6  # money units in one of the currency
FIGURES = ("score", "sharpe", "return", "cagr", "volatility", "max_drawdown", "turnover", "fees", "fills", "trips")
"""Figures of a run in the order in which tables have them; see ``measured``."""


def measured(result: Result, question: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of a run as canonical values: the same run gives the same bytes.

    Returns
    -------
    dict
        ``score`` by the question's objective, ``return`` over all, ``cagr`` (None where a year of it is more than any
        number), ``volatility`` and ``sharpe`` a year, ``max_drawdown`` as a share of the peak, ``turnover`` (bought and
        sold over the mean equity) a year, ``fees`` in the account's currency, numbers of ``fills``, ``trips`` and
        ``bars``, ``digest`` of the journal, and packed ``returns``, one a period.
    """
    kept, session = history(result, question["period"]), result.session
    returns, yearly, ledger = kept.returns, per_year(kept.moments), session.engine.account.ledger
    return {
        "score": score(returns, question["objective"]),
        **performance(returns, yearly),
        "turnover": _turnover(kept, session.number(ledger, "turnover"), yearly),
        "fees": session.number(ledger, "fees") / _MONEY,
        "fills": int(session.number(ledger, "fills")),
        "trips": int(session.number(ledger, "trips")),
        "bars": result.frame.bars,
        "digest": session.record.digest(),
        "returns": packed(returns),
    }


def figures(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of ``measured`` belongs into a table."""
    return {name: run[name] for name in FIGURES}


def _turnover(kept: History, traded: int, yearly: float) -> float:
    mean = float(kept.equity.mean()) if len(kept.equity) else 0.0
    return traded / mean * yearly / len(kept.equity) if mean > 0 else 0.0
