"""One backtest from end to end: what a user asks for, into terms, through the engine, to a result."""

import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from backtest import exchange, options
from backtest.actions import Action, in_order, perform
from backtest.core import lanes
from backtest.core.arithmetic import FX
from backtest.core.columns import Columns
from backtest.core.costs import PER_SHARE, TICKS, Costs, Slippage
from backtest.core.kernels import CannotCompile
from backtest.core.session import Session, Terms
from backtest.core.sizing import FIXED, Sizer
from backtest.frames import Frame
from backtest.notes import notes_of
from backtest.scaling import decimals_in, money, to_units, worth
from zeno.errors import ConfigError
from zeno.settings import Settings

_YEAR = 365.25 * 86_400_000_000
_MOST_SHARE = 100  # the most a share of a position's value may be: ten thousand per cent


@dataclass(frozen=True)
class Request:
    """What to run, in a user's words; see ``options`` for how costs, slippage and sizers are written.

    ``lane`` is one of ``lanes.LANES``, or ``auto``: compiled where the strategy compiles, dense where it does not.
    ``latency`` is in microseconds, ``margin`` and ``borrow`` are shares of the position's value (a year, for borrow),
    ``participation`` is a share of each slice's volume.
    """

    strategy: Any
    cash: Decimal = Decimal(1_000_000)
    sizer: str = "quantity:1"
    cost: str = "zero"
    slippage: str = "none"
    fill: str = "next_open"
    lane: str = "auto"
    latency: int = 0
    participation: Decimal = Decimal(0)
    margin: Decimal = Decimal(0)
    borrow: Decimal = Decimal(0)
    interest: Decimal = Decimal(0)
    lot: Decimal = Decimal(1)
    actions: tuple[Action, ...] = ()
    currency: str = ""

    @property
    def quantity_scale(self) -> int:
        """Return how many decimals quantities need."""
        name, _, rest = self.sizer.partition(":")
        return decimals_in(Decimal(rest.split(",")[0])) if name == "quantity" and rest else 0


@dataclass(frozen=True)
class Result:
    """What came of it."""

    request: Request
    frame: Frame
    session: Session
    lane: str
    engine_seconds: float

    @property
    def final_equity(self) -> Decimal:
        """Return the equity after the last slice, exactly."""
        return money(self.session.equity())

    def summary(self) -> dict[str, Any]:
        """Return the figures that the command line prints."""
        session, ledger = self.session, self.session.engine.account.ledger
        bars = self.frame.bars
        return {
            "strategy": getattr(type(session.strategy), "name", type(session.strategy).__name__),
            "parameters": {name: getattr(session.strategy, name) for name in session.strategy.parameters()},
            "symbols": list(self.frame.symbols),
            "bars": bars,
            "fills": session.number(ledger, "fills"),
            "trades": session.number(ledger, "trips"),
            "rejected": session.number(session.engine.account.orders, "rejected"),
            "final_equity": f"{self.final_equity:f}",
            "fees": f"{money(exchange.fees(session)):f}",
            "digest": session.record.digest(),
            "engine_seconds": round(self.engine_seconds, 6),
            "bars_per_second": round(bars / self.engine_seconds) if self.engine_seconds > 0 else 0,
            "lane": self.lane,
            "notes": notes_of(self),
        }


def run_backtest(request: Request, frame: Frame, *, kernels: Path | None = None) -> Result:
    """Run a strategy over a frame.

    Parameters
    ----------
    kernels
        Where compiled kernels are kept between runs; in the cache folder by default.

    Raises
    ------
    ConfigError
        When the request contradicts itself or the frame.
    CannotCompile
        When a compiled lane is asked for and the strategy has no compiled form.
    """
    if not frame.traded:
        raise ConfigError("there are no bars to run over", remedy="choose another interval, or look at zeno status")
    _refuse_for(request, frame.columns)
    if request.fill == "same_close" and request.latency:
        raise ConfigError("an order that takes time cannot fill at the close it was decided at",
                          remedy="drop --latency, or use --fill next_open")  # fmt: skip
    folder = kernels or Settings.from_env().cache / "kernels"
    terms = terms_of(request, frame)
    panel = bool(type(request.strategy).panel)
    known = lanes.PANEL_LANES if panel else lanes.LANES
    if request.lane not in ("auto", *known):
        raise ConfigError(f"there is no lane {request.lane} for this strategy",
                          remedy=f"choose from: auto, {', '.join(known)}")  # fmt: skip
    choices = [request.lane] if request.lane != "auto" else ["batch", "plain" if panel else "dense"]
    for number, lane in enumerate(choices):
        session = Session(request.strategy, terms, folder)
        session.feed(frame.columns)
        try:
            lanes.prepare(session, lane)
        except CannotCompile:
            if number + 1 == len(choices):
                raise
            continue
        start = time.perf_counter()
        _through(session, request, frame, lane)
        return Result(request, frame, session, lane, time.perf_counter() - start)
    raise AssertionError("unreachable")


def _refuse_for(request: Request, columns: Columns) -> None:
    """Refuse what these slices cannot answer, and would answer wrongly without a word."""
    if request.fill == "touch" and not columns.quotes and (columns.highs != columns.lows).any():
        raise ConfigError("touch fills at bid and ask, and a bar's low and high are neither",
                          remedy="give quotes (ts, bid, ask), or use --fill next_open")  # fmt: skip
    if request.participation > 0 and not columns.volumes.any():
        raise ConfigError("participation is a share of the volume, and these data have none",
                          remedy="give a volume column, or drop --participation")  # fmt: skip


def _through(session: Session, request: Request, frame: Frame, lane: str) -> None:
    """Run all slices, with what happens between them."""
    currencies = currencies_of(request, frame)
    for place, action in in_order(request.actions, frame):
        if place > session.at:
            lanes.proceed(session, place, lane)
        perform(session, frame, currencies, action)
    lanes.proceed(session, len(frame.columns), lane)


def currencies_of(request: Request, frame: Frame) -> list[str]:
    """Return the account's currency and those of the instruments, in the order in which the ledger numbers them."""
    own = request.currency or frame.traded[0].currency
    return [own, *sorted({one.currency for one in frame.traded} - {own})]


def _first_rates(request: Request, frame: Frame) -> tuple[int, ...]:
    """Return what each currency is worth when the run begins: as its actions say, never invented.

    Raises
    ------
    ConfigError
        When a currency has no rate by the first slice.
    """
    begin = int(frame.columns.times[0]) if len(frame.columns) else 0
    own, *others = currencies_of(request, frame)
    known = {one.name: one.value for one in sorted(request.actions) if one.kind == "rate" and one.ts <= begin}
    missing = [name for name in others if name not in known]
    if missing:
        raise ConfigError(f"there is no rate of {', '.join(missing)} in {own} when the run begins",
                          remedy="give --actions a rate at or before the first slice")  # fmt: skip
    return (FX, *(round(known[name] * FX) for name in others))


def terms_of(request: Request, frame: Frame) -> Terms:
    """Return a request in the engine's terms for a frame."""
    scale = frame.quantity_scale
    if request.fill not in options.FILLS:
        raise ConfigError(f"there is no fill model {request.fill}", remedy=f"choose from: {', '.join(options.FILLS)}")
    if request.cash < 0:
        raise ConfigError(f"an account cannot start with {request.cash}", remedy="give --cash 0 or more")
    currencies = currencies_of(request, frame)
    costs, tiers = options.costs(request.cost, scale)
    sizer = options.sizer(request.sizer, scale, _per_year(frame))
    lot = _lot(request, scale, sizer)
    most = _bound(frame)
    slippage = options.slippage(request.slippage, frame.tick)
    instruments = tuple(_instrument(request, frame, number, most, lot) for number in range(len(frame.traded)))
    _refuse_beyond_prices(request, costs, slippage, most, max(one["max_position"] for one in instruments))
    return Terms(
        instruments=instruments,
        cash=(to_units(request.cash, 6, "cash"), *[0] * (len(currencies) - 1)),
        rates=_first_rates(request, frame),
        costs=costs,
        tiers=tiers,
        slippage=slippage,
        sizer=sizer,
        fill=options.FILLS[request.fill],
        participation=to_units(request.participation, 8, "participation"),
        latency=request.latency,
        margined=request.margin > 0,
        interest=to_units(options.bounded(request.interest, _MOST_SHARE, "interest"), 8, "interest"),
        most=most,
    )


def _bound(frame: Frame) -> int:
    """Return a bound on prices with room to spare: a power of two, so that a growing data set rarely changes it."""
    return 1 << max(frame.columns.check().bit_length() + 4, 20)


def _refuse_beyond_prices(request: Request, costs: Costs, slippage: Slippage, most: int, held: int) -> None:
    """Refuse amounts above all prices, of which the ``held`` units of the largest position would not fit 64 bits."""
    if slippage.model == TICKS and slippage.size > most // 2:
        raise ConfigError(f"slippage {request.slippage} is more than any price", remedy="give fewer ticks")
    if costs.model == PER_SHARE and costs.rate > 2**62 // max(costs.per, held):
        raise ConfigError(f"a fee of {request.cost} is more than any price", remedy="give a smaller one")


def _lot(request: Request, scale: int, sizer: Sizer) -> int:
    """Return the lot in quantity units.

    Raises
    ------
    ConfigError
        When there is no such lot, or the quantity is not a whole number of them.
    """
    lot = to_units(request.lot, scale, "the lot")
    if lot <= 0:
        raise ConfigError(f"a lot of {request.lot} cannot be traded", remedy="give --lot 1, or 0.001")
    if sizer.model == FIXED and sizer.size % lot:
        raise ConfigError(f"{request.sizer} is not a whole number of lots of {request.lot}",
                          remedy="give a multiple of --lot, or another --lot")  # fmt: skip
    return lot


def _instrument(request: Request, frame: Frame, number: int, most: int, lot: int) -> dict[str, int]:
    factor, per = worth(frame.traded[number].multiplier, frame.price_scale, frame.quantity_scale)
    if most * factor > 2**62:
        raise ConfigError(f"prices of {frame.traded[number].symbol} are too large to hold a single unit exactly",
                          remedy="check --price-scale and the multiplier")  # fmt: skip
    currency = currencies_of(request, frame).index(frame.traded[number].currency)
    return {"lot": lot, "currency": currency, "worth": factor, "per": per, "max_position": 2**62 // (most * factor),
            "margin": to_units(options.bounded(request.margin, _MOST_SHARE, "margin"), 8, "margin"),
            "borrow": to_units(options.bounded(request.borrow, _MOST_SHARE, "borrow"), 8, "borrow")}  # fmt: skip


def _per_year(frame: Frame) -> float:
    times = frame.columns.times
    if len(times) < 3:
        return 252.0
    slices = len(times) / len(frame.traded) if frame.columns.closes.ndim == 1 else len(times)
    return float(slices * _YEAR / max(int(times[-1] - times[0]), 1))
