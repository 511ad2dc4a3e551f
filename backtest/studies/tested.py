"""What a run did inside a test window, as an account of its own that begins and ends flat.

A run comes into its test with the position that it has from before. The account that is stitched from tests takes that
position over at the last close before the test and gives the last one back at the end of it, and pays for both what a
unit of turnover has cost the run so far: fees and slippage together. So no fold trades for free, and every fill of the
stitched account has its counterpart.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from backtest.core.arithmetic import NONE
from backtest.core.columns import Columns
from backtest.holdings import closes_of, exposures, fill_slices
from backtest.run import Result
from backtest.studies.packing import packed
from backtest.studies.trial import during

Floats = NDArray[Any]
_MONEY = 1e6  # money units in one of the currency
_VOLATILITY_SLICES = 63


def tested(result: Result, test: list[int], period: str) -> dict[str, Any]:
    """Return a test window, [start, end) in µs UTC, of a run that ends with it.

    Returns
    -------
    dict
        ``moments`` (µs) and ``returns`` of its periods after handing over, ``net`` and ``gross`` exposure at their ends
        (multiples of equity), ``fills`` of shape (n, 7): ts, instrument, quantity, price, notional, fee, slippage in
        the account's currency, handing over included; ``handover`` the share of equity that it cost; ``equity`` at the
        start; ``market`` of shape (fills, 3): traded share of equity, the market's turnover over the equity, and its
        volatility, for the capacity; ``symbols`` by number; ``digest`` of the run.
    """
    columns = result.frame.columns
    first, end = int(np.searchsorted(columns.times, test[0])), int(columns.times[-1] + columns.duration)
    kept = during(result, period, test[0], test[1])
    rows = result.session.record.fills()
    inside = fill_slices(result) >= first
    fills = _valued(result, rows[inside])
    entry = _position(result, rows[~inside], first - 1, test[0])
    exit_ = _position(result, rows, len(columns) - 1, end)
    exit_[:, [2, 4]] *= -1.0
    start = kept.initial / _MONEY
    ends = np.r_[kept.initial, kept.equity] / _MONEY
    ends[1:] -= entry[:, 5].sum()
    ends[-1] -= exit_[:, 5].sum()
    alive = np.logical_and.accumulate(ends[:-1] > 0)
    net, gross = (one[_places(result, kept.moments)] for one in exposures(result, result.session.record.equity()))
    return {
        "moments": packed(kept.moments),
        "returns": packed(np.divide(np.diff(ends), ends[:-1], out=np.zeros(len(ends) - 1), where=alive)),
        "net": packed(net),
        "gross": packed(gross),
        "fills": packed(np.concatenate([entry, fills, exit_])),
        "handover": float(entry[:, 5].sum() + exit_[:, 5].sum()) / start if start > 0 else 0.0,
        "equity": start,
        "market": packed(_market(result, fills, start)),
        "symbols": list(result.frame.symbols),
        "digest": result.session.record.digest(),
    }


def _places(result: Result, moments: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the last slice that had ended at each moment."""
    return np.maximum(np.searchsorted(result.session.record.moments(), moments, side="right") - 1, 0)


def _worth(result: Result) -> Floats:
    """Return what a quantity unit times a price unit is worth, by instrument, in the account's currency."""
    return np.array([one.worth / one.per for one in result.session.engine.account.ledger.instruments]) / _MONEY


def _valued(result: Result, rows: NDArray[np.int64]) -> Floats:
    """Return fills of the journal as floats: ts, instrument, quantity, price, notional, fee, slippage."""
    number, quantity, price = rows[:, 1] >> 8, rows[:, 3].astype(np.float64), rows[:, 4].astype(np.float64)
    notional = quantity * price * _worth(result)[number]
    slipped = np.abs(quantity) * np.abs(price - rows[:, 6]) * _worth(result)[number]
    frame = result.frame
    return np.stack([rows[:, 0].astype(np.float64), number.astype(np.float64), quantity / 10.0**frame.quantity_scale,
                     price / 10.0**frame.price_scale, notional, rows[:, 5] / _MONEY, slipped], axis=1)  # fmt: skip


def _position(result: Result, rows: NDArray[np.int64], place: int, moment: int) -> Floats:
    """Return the fills that would buy, at the closes of a slice, what the fills in ``rows`` have led to.

    Each pays what a unit of turnover has cost in ``rows``, fees and slippage together, as its fee.
    """
    before = _valued(result, rows)
    traded = float(np.abs(before[:, 4]).sum())
    rate = float(before[:, 5:].sum()) / traded if traded else 0.0
    found = []
    for number in range(len(result.frame.traded)):
        quantity = int(rows[rows[:, 1] >> 8 == number, 3].sum())
        if quantity == 0:
            continue
        price = float(closes_of(result, number)[place])
        notional = quantity * price * float(_worth(result)[number])
        found.append([float(moment), number, quantity / 10.0**result.frame.quantity_scale,
                      price / 10.0**result.frame.price_scale, notional, abs(notional) * rate, 0.0])  # fmt: skip
    return np.array(found, np.float64).reshape(len(found), 7)


def _market(result: Result, fills: Floats, equity: float) -> Floats:
    """Return of each fill what capacity is estimated from; nothing where the data have no volumes."""
    columns, rows = result.frame.columns, []
    if equity <= 0 or not columns.volumes.any():
        return np.zeros((0, 3))
    markets = [_own(columns, number) for number in range(len(result.frame.traded))]
    for ts, number, _, _, notional, _, _ in fills:
        times, closes, volumes = markets[int(number)]
        place = max(int(np.searchsorted(times, ts, side="right")) - 1, 0)
        recent = closes[max(place - _VOLATILITY_SLICES, 0) : place + 1]
        changes = np.diff(np.log(recent[recent > 0]))
        turned = float(volumes[place]) * float(closes[place]) * float(_worth(result)[int(number)])
        rows.append([abs(notional) / equity, turned / equity, float(changes.std()) if len(changes) > 1 else 0.0])
    return np.array(rows, np.float64).reshape(len(rows), 3)


def _own(columns: Columns, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return when an instrument's own slices began, their closes and volumes: those in which it traded."""
    if columns.closes.ndim == 2:
        traded = columns.closes[:, number] != NONE
        return columns.times[traded], columns.closes[traded, number], columns.volumes[traded, number]
    mine = columns.members == number
    return columns.times[mine], columns.closes[mine], columns.volumes[mine]
