"""What the round trips of a run say: how often it was right, by how much, for how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from itertools import groupby

import numpy as np

from backtest.tearsheet.figure import Figure, figure, ratio, undefined
from backtest.tearsheet.trades import RoundTrip
from zeno.drawing.scales import round_step

_ZERO = Decimal(0)
_BARS = 28
_LEAST = 1e-9  # of money: narrower bars mean nothing, and the steps of floats end somewhere
_TAIL = 100
"""From this many trades on, the histogram gathers the outermost percent on either side into its end bars."""


@dataclass(frozen=True)
class Histogram:
    """Counts of trades by P&L in money; ``edges`` has one more than ``counts``, and zero is one of them.

    ``clipped`` says that the first and the last bar also hold everything beyond them.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    clipped: bool


@dataclass(frozen=True)
class TradeStatistics:
    """Money in the account's currency, net of fees. A trade with a P&L of exactly zero is neither won nor lost.

    ``closed_pnl`` + ``open_pnl`` + ``unexplained`` + other cash = the change of equity. ``open_pnl`` is what is left
    while lots are open; if none is, what is left is ``unexplained`` and ought to be zero.
    """

    count: int
    open_lots: int
    closed_pnl: Decimal
    open_pnl: Decimal
    unexplained: Decimal
    hit_rate: Figure
    profit_factor: Figure
    payoff: Figure
    expectancy: Figure
    best: Figure
    worst: Figure
    mean_holding_seconds: Figure
    longest_losing_streak: int
    histogram: Histogram


def trade_statistics(
    trips: Sequence[RoundTrip], open_lots: int, equity_change: Decimal, other_cash: Decimal
) -> TradeStatistics:
    """Summarise closed trades and reconcile them with the change of equity."""
    with localcontext(Context(prec=90)):
        closed = sum((trip.pnl for trip in trips), _ZERO)
        rest = equity_change - other_cash - closed
    pnl = np.array([float(trip.pnl) for trip in trips])
    won, lost = pnl[pnl > 0], pnl[pnl < 0]
    holding = [(trip.closed - trip.opened).total_seconds() for trip in trips]
    none = "no closed trades"
    return TradeStatistics(
        count=len(trips),
        open_lots=open_lots,
        closed_pnl=closed,
        open_pnl=rest if open_lots else _ZERO,
        unexplained=_ZERO if open_lots else rest,
        hit_rate=figure(len(won) / len(pnl)) if len(pnl) else undefined(none),
        profit_factor=ratio(won.sum(), -lost.sum(), "no losing trade" if len(pnl) else none),
        payoff=_payoff(won, lost, none),
        expectancy=figure(pnl.mean()) if len(pnl) else undefined(none),
        best=figure(pnl.max()) if len(pnl) else undefined(none),
        worst=figure(pnl.min()) if len(pnl) else undefined(none),
        mean_holding_seconds=figure(float(np.mean(holding))) if holding else undefined(none),
        longest_losing_streak=max((len(list(run)) for bad, run in groupby(pnl < 0) if bad), default=0),
        histogram=histogram(pnl),
    )


def histogram(pnl: np.ndarray) -> Histogram:
    """Count trades in bars of a round width, one edge at zero.

    >>> histogram(np.array([-1.0, 2.0, 2.5])).counts[:2]
    (1, 0)
    """
    if not len(pnl):
        return Histogram((), (), clipped=False)
    low, high = (np.quantile(pnl, [0.01, 0.99]) if len(pnl) >= _TAIL else (pnl.min(), pnl.max()))  # fmt: skip
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    width = round_step((high - low) / _BARS) if (high - low) / _BARS > _LEAST else 1.0
    first, last = int(np.floor(low / width)), max(int(np.ceil(high / width)), int(np.floor(low / width)) + 1)
    edges = np.arange(first, last + 1) * width
    counts, _ = np.histogram(np.clip(pnl, edges[0], edges[-1]), bins=edges)
    clipped = bool(pnl.min() < edges[0] or pnl.max() > edges[-1])
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()), clipped)


def _payoff(won: np.ndarray, lost: np.ndarray, none: str) -> Figure:
    if len(won) and len(lost):
        return ratio(won.mean(), -lost.mean(), none)
    return undefined("no losing trade" if len(won) else "no winning trade" if len(lost) else none)
