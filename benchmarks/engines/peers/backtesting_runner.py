"""backtesting.py: a ``Strategy`` whose means are declared with ``I``; ``run`` returns its statistics, too."""

import os

os.environ["TQDM_DISABLE"] = "1"

import backtesting
import harness
import numpy as np
import pandas as pd

NOTE = "float money; float means miss exact ties; a Python call a bar; computes statistics, too"


def mean(values: np.ndarray, window: int) -> pd.Series:
    """Return the moving mean."""
    return pd.Series(values).rolling(window).mean()


class Crossover(backtesting.Strategy):
    """Long while the fast mean is above the slow one."""

    def init(self) -> None:
        """Declare the means."""
        self.fast = self.I(mean, self.data.Close, harness.FAST, plot=False)
        self.slow = self.I(mean, self.data.Close, harness.SLOW, plot=False)

    def next(self) -> None:
        """Order at the close; it is filled at the next open."""
        above, held = self.fast[-1] > self.slow[-1], bool(self.position)
        if above and not held:
            self.buy(size=harness.QUANTITY)
        elif held and not above:
            self.position.close()


def run(test: backtesting.Backtest) -> harness.Result:
    """Run it."""
    stats = test.run()
    strategy = stats["_strategy"]
    fills = 2 * len(strategy.closed_trades) + len(strategy.trades)
    return fills, stats["_equity_curve"]["Equity"].iloc[-1]


def main() -> None:
    """Print the line."""
    _, columns, _ = harness.request()
    data = harness.dollars(columns)
    frame = pd.DataFrame(
        {name.capitalize(): data[name] for name in ("open", "high", "low", "close", "volume")},
        index=pd.DatetimeIndex(data["ts"].astype("datetime64[us]")),
    )

    def prepare() -> backtesting.Backtest:
        return backtesting.Backtest(frame, Crossover, cash=harness.CASH, commission=harness.FEE)

    harness.report("backtesting.py", backtesting.__version__, len(frame), NOTE, run, prepare)


if __name__ == "__main__":
    main()
