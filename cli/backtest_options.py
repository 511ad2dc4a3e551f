"""The options that ``zeno backtest run``, ``report`` and ``compare`` share, and what is made of them."""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from zeno.errors import ConfigError


@dataclass(frozen=True)
class Options:
    """What a user asked for, word for word."""

    symbols: Annotated[str, typer.Option(help="Symbols in the warehouse, separated by commas.")] = ""
    resolution: Annotated[str, typer.Option(help="tick, 1s, 1m, 1h or 1d.")] = "1d"
    start: Annotated[str, typer.Option("--from", help="First moment, UTC: 2020-01-01 or 2020-01-01T09:30.")] = (
        "1900-01-01"
    )
    end: Annotated[str, typer.Option("--to", help="First moment that is too late, UTC.")] = "2200-01-01"
    as_of: Annotated[str, typer.Option(help="What was known then; now, unless given.")] = ""
    source: Annotated[str, typer.Option(help="The data set to read, where several have the same bars.")] = ""
    bars: Annotated[Path | None, typer.Option(help="A Parquet file of bars instead of the warehouse.")] = None
    price_scale: Annotated[int | None, typer.Option(help="Decimals of the prices: 2 for cents.")] = None
    param: Annotated[list[str] | None, typer.Option("--param", "-p", help="A parameter, as name=value.")] = None
    cash: Annotated[str, typer.Option(help="What the account starts with.")] = "1000000"
    quantity: Annotated[str, typer.Option(help="One unit of position; short for --sizer quantity:N.")] = ""
    sizer: Annotated[
        str, typer.Option(help="quantity:N, notional:AMOUNT, equity:SHARE, volatility:YEARLY, kelly:F.")
    ] = ""
    lot: Annotated[
        str, typer.Option(help="Smallest quantity that is traded, such as 0.001; 1, or the quantity's last decimal.")
    ] = ""
    cost: Annotated[
        str, typer.Option(help="zero, share:0.005,min=1, bps:1[,TURNOVER=RATE…], maker_taker:2,maker=-0.5.")
    ] = "zero"
    slippage: Annotated[str, typer.Option(help="none, ticks:N, spread:BPS, sqrt:FACTOR.")] = "none"
    fill: Annotated[str, typer.Option(help="next_open, same_close or touch.")] = "next_open"
    latency: Annotated[int, typer.Option(help="Microseconds from decision to venue.")] = 0
    participation: Annotated[str, typer.Option(help="Most of a slice's volume to take: 0.1 is a tenth; 0 for all.")] = (
        "0"
    )
    margin: Annotated[str, typer.Option(help="Margin a position needs, as a share of its value; 0 for no limit.")] = "0"
    borrow: Annotated[str, typer.Option(help="Yearly cost of short positions, as a share of their value.")] = "0"
    interest: Annotated[str, typer.Option(help="Yearly interest on negative cash.")] = "0"
    actions: Annotated[Path | None, typer.Option(help="CSV or Parquet of splits, dividends, rates, deposits.")] = None
    currency: Annotated[str, typer.Option(help="The account's currency; the first instrument's, unless given.")] = ""
    lane: Annotated[str, typer.Option(help="auto, batch, live, wake, dense or plain.")] = "auto"


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options; it receives them as one argument, ``options``."""
    return with_fields(Options, "options")(command)


def with_fields(of: type, under: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the fields of a dataclass as options; it receives them as one argument of that name."""
    hints = get_type_hints(of, include_extras=True)
    shared = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=hints[name], default=field.default)
              for name, field in of.__dataclass_fields__.items()]  # type: ignore[attr-defined]  # fmt: skip

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        own = [one for one in inspect.signature(command).parameters.values() if one.name != under]
        annotations = {one.name: one.annotation for one in own}

        def call(**given: Any) -> None:
            command(**{under: of(**{name: given.pop(name) for name in hints}), **given})

        call.__name__, call.__doc__ = command.__name__, command.__doc__
        ordered = [one.replace(kind=one.KEYWORD_ONLY) for one in own] + shared
        call.__signature__ = inspect.Signature(ordered)  # type: ignore[attr-defined]
        call.__annotations__ = {**annotations, **hints}
        return call

    return decorated


def make_strategy(name: str, options: Options) -> Any:
    """Return the strategy of a name, or of ``file.py:Class``, with the parameters that were given.

    Raises
    ------
    ConfigError
        When there is no such strategy or parameter, or the strategy's own code fails.
    """
    from backtest.stopped import explained
    from backtest.strategies.files import find_strategy

    found = find_strategy(name)
    with explained(found):  # its ``start`` is a user's code
        return found(**parameters_of(options.param or []))


def parameters_of(given: list[str]) -> Mapping[str, float]:
    """Return name=value pairs as numbers.

    Raises
    ------
    ConfigError
        When one is not a number, or given twice.
    """
    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not equals or not math.isfinite(number):
            raise ConfigError(f"{one} is not name=number", remedy="write --param fast=10")
        if name in found:
            raise ConfigError(f"--param {name} is given twice", remedy="give each parameter once")
        found[name] = int(number) if number == int(number) and "." not in value else number
    return found


def make_frame(strategy: Any, options: Options) -> Any:
    """Return the market data that was asked for.

    Raises
    ------
    ConfigError
        When neither symbols nor a file were given, or they have nothing.
    """
    panel, scale = bool(type(strategy).panel), quantity_scale(options)
    if options.bars is not None:
        refuse_with_file(options)
        from backtest.frames import read_parquet

        return read_parquet(options.bars, price_scale=options.price_scale, panel=panel, quantity_scale=scale)
    if not options.symbols:
        raise ConfigError("there is nothing to trade", remedy="give --symbols ES,SP500 … or --bars FILE.parquet")
    from backtest.market import read_market

    symbols = [one.strip() for one in options.symbols.split(",")]
    as_of = moment(options.as_of) if options.as_of else None
    return read_market(symbols, options.resolution, moment(options.start), moment(options.end), as_of=as_of,
                       source=options.source or None, panel=panel, price_scale=options.price_scale,
                       quantity_scale=scale)  # fmt: skip


def refuse_with_file(options: Options, universe: str = "") -> None:
    """Refuse what would be ignored beside a file of bars.

    Raises
    ------
    ConfigError
        When something is asked of the warehouse.
    """
    fields = Options.__dataclass_fields__
    ignored = {"symbols": "--symbols", "start": "--from", "end": "--to", "as_of": "--as-of"}
    given = [option for name, option in ignored.items() if getattr(options, name) != fields[name].default]
    given += ["--universe"] if universe else []
    if given:
        raise ConfigError(f"{', '.join(given)} asks the warehouse, and --bars is a file",
                          remedy="leave it out, or cut the file")  # fmt: skip


def quantity_scale(options: Options) -> int:
    """Return how many decimals quantities need."""
    from backtest.scaling import decimals_in

    return max(decimals_in(_quantity(options)), decimals_in(_lot(options)))


def _sizer(options: Options) -> str:
    if options.quantity and options.sizer:
        raise ConfigError("--quantity and --sizer both say how much to trade", remedy="give one of them")
    return options.sizer or f"quantity:{number(options.quantity or '1', '--quantity')}"


def _quantity(options: Options) -> Decimal:
    """Return the quantity that is traded, where it is a fixed one; 1 where it is not."""
    name, _, rest = _sizer(options).partition(":")
    return number(rest, "--sizer quantity:") if name == "quantity" else Decimal(1)


def _lot(options: Options) -> Decimal:
    """Return the lot: unless given, one unit, or the last decimal of a quantity that has any."""
    from backtest.scaling import decimals_in

    return number(options.lot, "--lot") if options.lot else Decimal(1).scaleb(-decimals_in(_quantity(options)))


def make_request(strategy: Any, options: Options) -> Any:
    """Return the request for the engine."""
    from backtest.run import Request

    return Request(
        strategy=strategy,
        cash=number(options.cash, "--cash"),
        sizer=_sizer(options),
        cost=options.cost,
        slippage=options.slippage,
        fill=options.fill,
        lane=options.lane,
        latency=options.latency,
        participation=number(options.participation, "--participation"),
        margin=number(options.margin, "--margin"),
        borrow=number(options.borrow, "--borrow"),
        interest=number(options.interest, "--interest"),
        lot=_lot(options),
        actions=_actions(options),
        currency=options.currency,
    )


def _actions(options: Options) -> Any:
    if options.actions is None:
        return ()
    from backtest.actions import read_actions

    if not options.actions.is_file():
        raise ConfigError(f"there is no file {options.actions}", remedy="give --actions a CSV or Parquet file")
    return tuple(read_actions(options.actions))


def number(text: str, name: str) -> Decimal:
    """Return a decimal number, or an error that names the option."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ConfigError(f"{name} {text} is not a number", remedy=f"write {name} 1000") from None
    if not value.is_finite():
        raise ConfigError(f"{name} {text} is not a number", remedy=f"write {name} 1000")
    return value


def moment(text: str) -> datetime:
    """Return a moment in UTC from ISO 8601 text.

    Raises
    ------
    ConfigError
        When it cannot be read.
    """
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{text} is not a moment", remedy="write 2020-01-31 or 2020-01-31T09:30, in UTC") from None
    return value if value.tzinfo else value.replace(tzinfo=UTC)
