"""backtrader: a ``Strategy`` with its own ``SMA``, bars preloaded and indicators vectorised (its fast settings)."""

import backtrader as bt
import harness
import pandas as pd

NOTE = "float money; float means miss exact ties; a Python call a bar; filling its lines from the frame is timed"


class Crossover(bt.Strategy):
    """Long while the fast mean is above the slow one."""

    def __init__(self) -> None:
        self.fast = bt.indicators.SMA(self.data.close, period=harness.FAST)
        self.slow = bt.indicators.SMA(self.data.close, period=harness.SLOW)
        self.fills, self.equity = 0, []

    def notify_order(self, order: bt.Order) -> None:
        """Count fills."""
        self.fills += order.status == order.Completed

    def next(self) -> None:
        """Note the equity; order at the close, to be filled at the next open."""
        self.equity.append(self.broker.getvalue())
        above, held = self.fast[0] > self.slow[0], self.position.size > 0
        if above and not held:
            self.buy(size=harness.QUANTITY)
        elif held and not above:
            self.close()


def run(frame: pd.DataFrame) -> harness.Result:
    """Run it."""
    cerebro = bt.Cerebro(stdstats=False, preload=True, runonce=True)
    cerebro.adddata(bt.feeds.PandasData(dataname=frame))
    cerebro.addstrategy(Crossover)
    cerebro.broker.setcash(harness.CASH)
    cerebro.broker.setcommission(commission=harness.FEE)
    (strategy,) = cerebro.run()
    return strategy.fills, strategy.equity[-1]


def main() -> None:
    """Print the line."""
    _, columns, _ = harness.request()
    data = harness.dollars(columns)
    names = ("open", "high", "low", "close", "volume")
    index = pd.DatetimeIndex(data["ts"].astype("datetime64[us]"))
    frame = pd.DataFrame({name: data[name] for name in names}, index=index)
    harness.report("backtrader", bt.__version__, len(frame), NOTE, lambda _: run(frame))


if __name__ == "__main__":
    main()
