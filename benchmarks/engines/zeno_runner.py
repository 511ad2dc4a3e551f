"""Zeno's own row, by the protocol of the peers: ``python zeno_runner.py WORK FOLDER BARS LANE``.

Everything that knows the engine's interface is in ``prepare`` and ``run``.
"""

import json
from importlib.metadata import version
from typing import Any

from benchmarks.engines.peers import harness

try:
    import backtest
except ImportError:
    backtest = None

NOTE = "whole numbers"


def prepare(work: str, columns: dict[str, Any], lane: str) -> tuple[Any, dict[str, Any]]:
    """Return bars in the engine's form, and what to run on them."""
    options = {"cash": int(harness.CASH), "fee_ppm": 100, "lane": lane}
    if work == "sma":
        options |= {"strategy": "sma_cross", "fast": harness.FAST, "slow": harness.SLOW, "quantity": harness.QUANTITY}
    elif work == "sweep":
        options |= {"strategy": "sma_cross", "pairs": harness.PAIRS, "quantity": harness.QUANTITY}
    else:
        options |= {"strategy": "momentum", "lookback": harness.LOOKBACK, "skip": harness.SKIP, "top": harness.TOP}
    return backtest.BarFrame(**columns), options


def run(prepared: tuple[Any, dict[str, Any]]) -> harness.Result:
    """Run it: fills, and the last equity in dollars."""
    frame, options = prepared
    result = backtest.run_backtest(frame, **options)
    return result.fills, result.final_equity


def main() -> None:
    """Print the line, or the reason for none."""
    if backtest is None:
        print(json.dumps({"error": "not built yet"}))
        return
    work, columns, lane = harness.request()
    bars = columns["close"].size * (len(harness.PAIRS) if work == "sweep" else 1)
    harness.report("zeno", version("zeno"), bars, NOTE, run, lambda: prepare(work, columns, lane))


if __name__ == "__main__":
    main()
