"""nautilus_trader: ``BacktestEngine`` with its own indicators. Lane "bars", or "opens and bars".

A market order sent at a bar's close is filled at that close when there are only bars. For a fill at the next open the
lane "opens and bars" gives a trade at each open, a millisecond after the bar before it ended, and the order a latency.
"""

import importlib.metadata
from decimal import Decimal

import harness
import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.backtest.models import LatencyModel
from nautilus_trader.common.config import LoggingConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar, BarType, TradeTick
from nautilus_trader.model.enums import AccountType, AggressorSide, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TradeId, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

VENUE = Venue("SIM")
ID = InstrumentId(Symbol("AAA"), VENUE)
BARS = BarType.from_str(f"{ID}-1-MINUTE-LAST-EXTERNAL")
NOTES = {
    "bars": "fills at the signal's close, not the next open; fees rounded to cents",
    "opens and bars": "two events a bar, so that the fill is at the next open; fees rounded to cents",
}


class Crossover(Strategy):
    """Long while the fast mean is above the slow one."""

    def on_start(self) -> None:
        """Subscribe."""
        self.fast, self.slow = SimpleMovingAverage(harness.FAST), SimpleMovingAverage(harness.SLOW)
        self.register_indicator_for_bars(BARS, self.fast)
        self.register_indicator_for_bars(BARS, self.slow)
        self.subscribe_bars(BARS)
        self.held, self.fills, self.equity = 0, 0, []
        self.size = Quantity.from_int(harness.QUANTITY)
        self.money = self.cache.account_for_venue(VENUE)

    def on_bar(self, bar: Bar) -> None:
        """Note the equity, and order."""
        self.equity.append(self.money.balance_total(USD).as_double() + self.held * bar.close.as_double())
        if not self.slow.initialized:
            return
        above = self.fast.value > self.slow.value
        if above != (self.held > 0):
            side = OrderSide.BUY if above else OrderSide.SELL
            self.submit_order(self.order_factory.market(ID, side, self.size))

    def on_order_filled(self, event: object) -> None:
        """Count, and keep the position."""
        self.fills += 1
        self.held += harness.QUANTITY if event.order_side == OrderSide.BUY else -harness.QUANTITY


def instrument() -> Equity:
    """Return a share priced in cents."""
    return Equity(
        instrument_id=ID, raw_symbol=Symbol("AAA"), currency=USD, price_precision=2, price_increment=Price(0.01, 2),
        lot_size=Quantity.from_int(1), ts_event=0, ts_init=0,
        maker_fee=Decimal(str(harness.FEE)), taker_fee=Decimal(str(harness.FEE)),
    )  # fmt: skip


def events(columns: dict[str, np.ndarray], opens: bool) -> list[object]:
    """Return the bars, each stamped at its end, with or without a trade at each open before it."""
    data, made = harness.dollars(columns), []
    prices = zip(*(data[name].tolist() for name in ("open", "high", "low", "close", "volume")), strict=True)
    for number, (start, (first, high, low, last, volume)) in enumerate(
        zip(columns["ts"].tolist(), prices, strict=True)
    ):
        began, ended = start * 1_000 + 1_000_000, (start + 60_000_000) * 1_000
        if opens:
            side, size = AggressorSide.NO_AGGRESSOR, Quantity(100, 0)
            made.append(TradeTick(ID, Price(first, 2), size, side, TradeId(str(number)), began, began))
        values = (Price(first, 2), Price(high, 2), Price(low, 2), Price(last, 2), Quantity(volume, 0))
        made.append(Bar(BARS, *values, ended, ended))
    return made


def prepare(data: list[object], opens: bool) -> tuple[BacktestEngine, Crossover]:
    """Return an engine that has everything but has not run."""
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False))
    engine.add_venue(
        VENUE, OmsType.NETTING, AccountType.CASH, starting_balances=[Money(harness.CASH, USD)], base_currency=USD,
        latency_model=LatencyModel(base_latency_nanos=1_000) if opens else None,
    )  # fmt: skip
    engine.add_instrument(instrument())
    engine.add_data(data)
    strategy = Crossover()
    engine.add_strategy(strategy)
    return engine, strategy


def run(prepared: tuple[BacktestEngine, Crossover]) -> harness.Result:
    """Run it."""
    engine, strategy = prepared
    engine.run()
    fills, equity = strategy.fills, strategy.equity[-1]
    engine.dispose()
    return fills, equity


def main() -> None:
    """Print the line."""
    _, columns, lane = harness.request()
    opens = lane == "opens and bars"
    data = events(columns, opens)
    version = importlib.metadata.version("nautilus_trader")
    harness.report("nautilus_trader", version, len(columns["ts"]), NOTES[lane], run, lambda: prepare(data, opens))


if __name__ == "__main__":
    main()
