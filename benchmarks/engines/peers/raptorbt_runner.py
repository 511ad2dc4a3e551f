"""raptorbt: ``run_single_backtest`` on precomputed signals, its fast path; a sweep by ``batch_single_backtest``.

It sizes by capital. With 15,000 of it and lots of 10 a position is 10 units, as long as a price is from 750 to 1,500.
"""

import importlib.metadata

import harness
import numpy as np
import raptorbt

NOTE = "float money; float means miss exact ties; returns 48 metrics, too"


def signals(close: np.ndarray, pairs: list[tuple[int, int]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return entries and exits of every pair; each window's mean is computed once."""
    means = {window: raptorbt.sma(close, window) for window in {window for pair in pairs for window in pair}}
    found = []
    for fast, slow in pairs:
        above = means[fast] > means[slow]
        changed = np.diff(above, prepend=False)
        found.append((changed & above, changed & ~above))
    return found


def config() -> raptorbt.BacktestConfig:
    """Return cash, fee and the rule of filling."""
    return raptorbt.BacktestConfig(initial_capital=harness.CASH, fees=harness.FEE, fill_timing="next_bar_open")


def outcome(result: raptorbt.BacktestResult) -> harness.Result:
    """Return fills and last equity; a trade is two fills, but the last when only the data's end closed it."""
    trades, equity = result.trades(), result.equity_curve()
    open_at_end = bool(trades) and trades[-1].exit_reason == "EndOfData"
    return 2 * len(trades) - open_at_end, float(equity[-1])


def single(ts: np.ndarray, data: dict[str, np.ndarray]) -> harness.Result:
    """Run one pair."""
    ((entries, exits),) = signals(data["close"], [(harness.FAST, harness.SLOW)])
    sizing = raptorbt.InstrumentConfig(lot_size=float(harness.QUANTITY), alloted_capital=15_000.0)
    prices = (data[name] for name in ("open", "high", "low", "close", "volume"))
    return outcome(raptorbt.run_single_backtest(
        ts, *prices, entries, exits, config=config(), instrument_config=sizing,
    ))  # fmt: skip


def sweep(ts: np.ndarray, data: dict[str, np.ndarray]) -> harness.Result:
    """Run all pairs, on all cores."""
    sizing = raptorbt.InstrumentConfig(lot_size=float(harness.QUANTITY), alloted_capital=15_000.0)
    items = [
        raptorbt.BatchSingleItem(str(number), entries, exits, instrument_config=sizing)
        for number, (entries, exits) in enumerate(signals(data["close"], harness.PAIRS))
    ]
    prices = (data[name] for name in ("open", "high", "low", "close", "volume"))
    results = [outcome(result) for _, result in raptorbt.batch_single_backtest(ts, *prices, items, config())]
    return sum(fills for fills, _ in results), sum(equity for _, equity in results)


def main() -> None:
    """Print the line."""
    work, columns, _ = harness.request()
    ts, data = columns["ts"] * 1_000, harness.dollars(columns)
    run, sets, more = (sweep, len(harness.PAIRS), "; all cores") if work == "sweep" else (single, 1, "")
    version = importlib.metadata.version("raptorbt")
    harness.report("raptorbt", version, len(ts) * sets, NOTE + more, lambda _: run(ts, data))


if __name__ == "__main__":
    main()
