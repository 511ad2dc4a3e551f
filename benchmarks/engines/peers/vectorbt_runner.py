"""vectorbt: ``Portfolio.from_signals`` or ``from_orders`` on its Numba or its Rust engine (lane "from_orders rust").

The means come from its own ``MA``; signals are shifted by a bar and filled at the open. Its equity is ``value()``.
"""

from functools import partial

import harness
import numpy as np
import pandas as pd
import vectorbt as vbt

NOTES = {
    "sma": "float money; float means miss exact ties",
    "sweep": "float money; float means miss exact ties; a column a pair, 5 at once (all 100 take twice as long)",
    "portfolio": "float money; targets by percent of the last close, the change (not the target) rounded to units",
}


def above(close: pd.Series, pairs: list[tuple[int, int]]) -> np.ndarray:
    """Return whether the fast mean is above the slow one, (bars, pairs); each window is computed once."""
    windows = sorted({window for pair in pairs for window in pair})
    means = vbt.MA.run(close, windows).ma.to_numpy().reshape(len(close), len(windows))
    column = {window: number for number, window in enumerate(windows)}
    fast, slow = ([column[pair[side]] for pair in pairs] for side in (0, 1))
    return means[:, fast] > means[:, slow]


def delayed(signal: np.ndarray) -> np.ndarray:
    """Return the signal one bar later, when it is filled."""
    late = np.zeros_like(signal)
    late[1:] = signal[:-1]
    return late


def crossover(data: dict[str, pd.Series], pairs: list[tuple[int, int]], method: str, engine: str) -> harness.Result:
    """Trade every pair in a column of its own."""
    held = delayed(above(data["close"], pairs))
    changed = np.diff(held, axis=0, prepend=False)
    close = data["close"] if len(pairs) == 1 else np.broadcast_to(data["close"].to_numpy()[:, None], held.shape)
    price = data["open"].to_numpy()[:, None]
    orders = max(int(changed.sum()), 1)  # without it, room for an order a bar is made
    common = {
        "max_orders": orders,
        "price": price,
        "fees": harness.FEE,
        "init_cash": harness.CASH,
        "engine": engine,
        "freq": "1min",
    }
    if method == "from_orders":
        size = np.where(changed, np.where(held, float(harness.QUANTITY), -float(harness.QUANTITY)), np.nan)
        size = size[:, 0] if len(pairs) == 1 else size
        common["price"] = price[:, 0] if len(pairs) == 1 else price
        folio = vbt.Portfolio.from_orders(close, size, size_type="amount", direction="longonly", **common)
    else:
        entries, exits = changed & held, changed & ~held
        if len(pairs) == 1:
            entries, exits, common["price"] = entries[:, 0], exits[:, 0], price[:, 0]
        folio = vbt.Portfolio.from_signals(close, entries, exits, size=float(harness.QUANTITY), **common)
    return finish(folio)


def sweep(
    data: dict[str, pd.Series], pairs: list[tuple[int, int]], method: str, engine: str, at_once: int = 5
) -> harness.Result:
    """Trade the pairs some at a time, so that the columns stay in the processor's cache."""
    parts = [pairs[first : first + at_once] for first in range(0, len(pairs), at_once)]
    results = [crossover(data, part, method, engine) for part in parts]
    return sum(fills for fills, _ in results), sum(equity for _, equity in results)


def momentum(data: dict[str, np.ndarray], rebalances: np.ndarray, engine: str) -> harness.Result:
    """Rebalance to equal weights of the best by past return, sells before buys, one cash for all."""
    close = data["close"]
    size = np.full(close.shape, np.nan)
    for day in rebalances:
        score = close[day - harness.SKIP] / close[day - harness.LOOKBACK]
        best = np.argsort(-score, kind="stable")[: harness.TOP]
        size[day + 1] = 0.0
        size[day + 1, best] = harness.INVEST / harness.TOP
    folio = vbt.Portfolio.from_orders(
        close, size, size_type="targetpercent", direction="longonly", price=data["open"], val_price=-np.inf,
        size_granularity=1.0, fees=harness.FEE, init_cash=harness.CASH, cash_sharing=True, group_by=True,
        call_seq="auto", max_orders=int(np.isfinite(size).sum()), engine=engine, freq="1D",
    )  # fmt: skip
    return finish(folio)


def finish(folio: vbt.Portfolio) -> harness.Result:
    """Return the fills and the last equity, having made the whole curve."""
    value = folio.value().to_numpy()
    return len(folio.orders.values), value[-1].sum()


def main() -> None:
    """Print the line."""
    work, columns, lane = harness.request()
    method, engine = lane.split()
    vbt.settings["engine"] = engine
    data = harness.dollars(columns)
    if work == "portfolio":
        days = harness.month_ends(data["ts"])
        rebalances = days[days >= harness.LOOKBACK]
        size = data["close"].size
        run = partial(momentum, data, rebalances, engine)
    else:
        pairs = harness.PAIRS if work == "sweep" else [(harness.FAST, harness.SLOW)]
        index = pd.DatetimeIndex(data["ts"].astype("datetime64[us]"))  # with a zone it makes objects: 60 times slower
        series = {name: pd.Series(data[name], index) for name in ("open", "close")}
        size = len(index) * len(pairs)
        run = partial(sweep, series, pairs, method, engine)
    harness.report("vectorbt", vbt.__version__, size, NOTES[work], lambda _: run())


if __name__ == "__main__":
    main()
