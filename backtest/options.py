"""What a user writes for costs, slippage and sizes, in the engine's terms: ``bps:1``, ``ticks:2``, ``volatility:0.15``.

A choice is a name, then ``:`` and its main number, then ``,`` and named ones, each as ``name=number``. Rates are
bounded: what costs more than all that is traded is a slip, and its products would not fit the engine's words.
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
_MOST_SLIPPAGE = {"ticks": 10**9, "spread": 20_000, "sqrt": 100}
COSTS = "zero, share:AMOUNT[,min=AMOUNT], bps:RATE[,TURNOVER=RATE…], maker_taker:TAKER,maker=RATE"
SLIPPAGES = "none, ticks:N, spread:BPS, sqrt:FACTOR"
_ALL = Decimal(10_000)  # basis points: the whole value
_AMOUNT = Decimal(1_000_000)
_TIMES = Decimal(1_000)
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


def bounded(value: Decimal, most: Decimal | int, name: str) -> Decimal:
    """Return a number that is at most so large, either way.

    Raises
    ------
    ConfigError
        When it is larger.
    """
    if abs(value) > most:
        raise ConfigError(f"{name} of {value} is beyond {most}", remedy="give a smaller one")
    return value


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
        least = to_units(bounded(named.get("min", Decimal(0)), _AMOUNT, "a minimum fee"), 6, "the minimum fee")
        rate = to_units(bounded(main, _AMOUNT, "a fee a unit"), 6, "the fee")
        return Costs(model=PER_SHARE, rate=rate, least=least, per=10**quantity_scale), ()
    if name == "bps" and all(_is_number(at) for at in named):
        _refuse_paid_tiers(text, named)
        tiers = sorted((to_units(Decimal(at), 6, "a tier"), _rate(rate)) for at, rate in named.items())
        return Costs(model=BASIS_POINTS, rate=_rate(main)), tuple(tiers)
    if name == "maker_taker" and set(named) <= {"maker"}:
        return Costs(model=MAKER_TAKER, rate=_rate(main), maker=_rate(named.get("maker", Decimal(0)))), ()
    raise _unknown(f"cost {text}", COSTS)


def _refuse_paid_tiers(text: str, tiers: dict[str, Decimal]) -> None:
    if any(rate < 0 or Decimal(turnover) < 0 for turnover, rate in tiers.items()):
        raise ConfigError(f"a tier of {text} is below zero",
                          remedy="only maker_taker has rebates: maker_taker:2,maker=-0.5")  # fmt: skip


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _rate(basis_points: Decimal) -> int:
    return to_units(bounded(basis_points, _ALL, "a rate in basis points"), 4, "a rate in basis points")


def slippage(text: str, tick: int = 1) -> Slippage:
    """Return the slippage model; ``tick`` is how many price units a tick is, 0 when nobody knows."""
    name, main, named = _parts(text, SLIPPAGES)
    if name == "none" and main is None:
        return Slippage(model=NO_SLIPPAGE)
    models = {"ticks": (TICKS, 0), "spread": (SPREAD, 4), "sqrt": (SQUARE_ROOT, 8)}
    if name not in models or main is None or named:
        raise _unknown(f"slippage {text}", SLIPPAGES)
    model, scale = models[name]
    size = to_units(bounded(main, _MOST_SLIPPAGE[name], f"slippage {name}"), scale, "slippage")
    if model == TICKS and size and not tick:
        raise ConfigError("the instruments' ticks differ",
                          remedy="give --price-scale, of which a tick is then one unit, or spread:BPS")  # fmt: skip
    return Slippage(model=model, size=size * tick if model == TICKS else size)


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
    extra = {key: float(bounded(value, _TIMES, key)) for key, value in named.items()}
    return Sizer(model=models[name], share=float(bounded(main, _TIMES, name)), yearly=yearly, **extra)
