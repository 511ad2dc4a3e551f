"""What a user writes for costs, slippage and sizes, in the engine's terms: ``bps:1``, ``ticks:2``, ``volatility:0.15``.

A choice is a name, then ``:`` and its main number, then ``,`` and named ones, each as ``name=number``.
"""

from decimal import Decimal, InvalidOperation

from backtest.core.costs import (
    BASIS_POINTS,
    MAKER_TAKER,
    NO_SLIPPAGE,
    PER_SHARE,
    SPREAD,
    SQUARE_ROOT,
    TICKS,
    ZERO,
    Costs,
    Slippage,
)
from backtest.core.matching import NEXT_OPEN, SAME_CLOSE, TOUCH
from backtest.core.sizing import EQUITY, FIXED, KELLY, NOTIONAL, VOLATILITY, Sizer
from backtest.scaling import to_units
from zeno.errors import ConfigError

FILLS = {"next_open": NEXT_OPEN, "same_close": SAME_CLOSE, "touch": TOUCH}
COSTS = "zero, share:AMOUNT[,min=AMOUNT], bps:RATE[,TURNOVER=RATE…], maker_taker:TAKER,maker=RATE"
SLIPPAGES = "none, ticks:N, spread:BPS, sqrt:FACTOR"
SIZERS = "quantity:N, notional:AMOUNT, equity:SHARE, volatility:YEARLY, kelly:FRACTION"


def _parts(text: str, choices: str) -> tuple[str, Decimal | None, dict[str, Decimal]]:
    name, _, rest = text.partition(":")
    first, *others = rest.split(",") if rest else [""]
    try:
        main = Decimal(first) if first else None
        named = {key: Decimal(value) for key, _, value in (one.partition("=") for one in others)}
    except InvalidOperation:
        raise ConfigError(f"{text} is not a number where there must be one", remedy=f"choose from: {choices}") from None
    if not all(one.is_finite() for one in (main or Decimal(0), *named.values())):
        raise ConfigError(f"{text} is not a number where there must be one", remedy=f"choose from: {choices}")
    if len(named) != len(others):
        raise ConfigError(f"{text} says something twice", remedy=f"choose from: {choices}")
    return name, main, named


def _unknown(text: str, choices: str) -> ConfigError:
    return ConfigError(f"there is no {text}", remedy=f"choose from: {choices}")


def costs(text: str, quantity_scale: int) -> tuple[Costs, tuple[tuple[int, int], ...]]:
    """Return the fee model and its tiers (turnover in money units, rate)."""
    name, main, named = _parts(text, COSTS)
    if name == "zero" and main is None:
        return Costs(model=ZERO), ()
    if main is None:
        raise _unknown(f"cost {text}", COSTS)
    if main < 0 and name != "maker_taker":
        raise ConfigError(
            f"a cost of {main} would pay you", remedy="only maker_taker has rebates: maker_taker:2,maker=-0.5"
        )
    if name == "share" and set(named) <= {"min"}:
        least = to_units(named.get("min", Decimal(0)), 6, "the minimum fee")
        return Costs(model=PER_SHARE, rate=to_units(main, 6, "the fee"), least=least, per=10**quantity_scale), ()
    if name == "bps" and all(_is_number(at) for at in named):
        tiers = sorted((to_units(Decimal(at), 6, "a tier"), _rate(rate)) for at, rate in named.items())
        return Costs(model=BASIS_POINTS, rate=_rate(main)), tuple(tiers)
    if name == "maker_taker" and set(named) <= {"maker"}:
        return Costs(model=MAKER_TAKER, rate=_rate(main), maker=_rate(named.get("maker", Decimal(0)))), ()
    raise _unknown(f"cost {text}", COSTS)


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _rate(basis_points: Decimal) -> int:
    return to_units(basis_points, 4, "a rate in basis points")


def slippage(text: str) -> Slippage:
    """Return the slippage model."""
    name, main, named = _parts(text, SLIPPAGES)
    if name == "none" and main is None:
        return Slippage(model=NO_SLIPPAGE)
    models = {"ticks": (TICKS, 0), "spread": (SPREAD, 4), "sqrt": (SQUARE_ROOT, 8)}
    if name not in models or main is None or named:
        raise _unknown(f"slippage {text}", SLIPPAGES)
    model, scale = models[name]
    return Slippage(model=model, size=to_units(main, scale, "slippage"))


def sizer(text: str, quantity_scale: int, yearly: float) -> Sizer:
    """Return the sizer; ``yearly`` is how many slices there are in a year."""
    name, main, named = _parts(text, SIZERS)
    if main is None or main < 0:
        raise _unknown(f"sizer {text}", SIZERS)
    if not set(named) <= ({"most", "memory"} if name in ("equity", "volatility", "kelly") else set()):
        raise _unknown(f"sizer {text}", SIZERS)
    if name == "quantity":
        return Sizer(model=FIXED, size=to_units(main, quantity_scale, "the quantity"))
    if name == "notional":
        return Sizer(model=NOTIONAL, size=to_units(main, 6, "the notional"))
    models = {"equity": EQUITY, "volatility": VOLATILITY, "kelly": KELLY}
    if name not in models:
        raise _unknown(f"sizer {text}", SIZERS)
    extra = {key: float(value) for key, value in named.items()}
    return Sizer(model=models[name], share=float(main), yearly=yearly, **extra)
