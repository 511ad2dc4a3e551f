"""A plain Python loop over whole numbers: no library, no orders, no checks. What an engine has to be worth."""

import platform

import harness
import numpy as np

CENT = 10_000  # in millionths of a dollar


def crossover(opened: list[int], closes: list[int], fast: int, slow: int) -> tuple[int, list[int]]:
    """Return how many fills, and the equity at every close in millionths; 1 bp of a notional in cents is exact."""
    cash, position, target, fills = int(harness.CASH) * 1_000_000, 0, 0, 0
    short = long = 0
    equity = []
    for bar, close in enumerate(closes):
        if target != position:
            notional = (target - position) * opened[bar] * CENT
            cash -= notional + abs(notional) // 10_000
            position = target
            fills += 1
        short += close
        long += close
        if bar >= fast:
            short -= closes[bar - fast]
        if bar >= slow:
            long -= closes[bar - slow]
        if bar >= slow - 1:
            target = harness.QUANTITY if short * slow > long * fast else 0
        equity.append(cash + position * close * CENT)
    return fills, equity


def run(columns: dict[str, np.ndarray], pairs: list[tuple[int, int]]) -> harness.Result:
    """Run every pair, one after another."""
    opened, closes = columns["open"].tolist(), columns["close"].tolist()
    results = [crossover(opened, closes, fast, slow) for fast, slow in pairs]
    return sum(fills for fills, _ in results), sum(equity[-1] for _, equity in results) / 1_000_000


def main() -> None:
    """Print the line."""
    work, columns, _ = harness.request()
    pairs = harness.PAIRS if work == "sweep" else [(harness.FAST, harness.SLOW)]
    bars = len(columns["close"]) * len(pairs)
    note = "no engine: no orders, no journal"
    harness.report("plain Python", platform.python_version(), bars, note, lambda _: run(columns, pairs))


if __name__ == "__main__":
    main()
