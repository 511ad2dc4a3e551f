"""Cost stress: a run's fee and slippage models with every amount times a factor.

| model | what is multiplied |
|---|---|
| ``zero``, ``none`` | nothing: there is nothing to stress |
| ``share:AMOUNT,min=AMOUNT`` | both amounts |
| ``bps:RATE,TURNOVER=RATE…`` | all rates; the turnovers at which they begin stay |
| ``maker_taker:TAKER,maker=RATE`` | both rates; a rebate is income, and never grows |
| ``ticks:N``, ``spread:BPS``, ``sqrt:FACTOR`` | their size |

Financing (borrow, interest) and margin are terms of the account, and stay.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from backtest import options
from zeno.errors import ConfigError


def stressed(run: Mapping[str, Any], factor: Decimal, quantity_scale: int) -> dict[str, Any]:
    """Return the terms of a run with its fees and slippage times a factor; 1 gives the same terms.

    Raises
    ------
    ConfigError
        When the factor is negative, or the engine's units are too coarse for the amount: half a tick, say.

    >>> stressed({"cost": "bps:5,1000000=3", "slippage": "ticks:1"}, Decimal(2), 0)
    {'cost': 'bps:10,1000000=6', 'slippage': 'ticks:2'}
    """
    if factor < 0:
        raise ConfigError(f"Costs times {factor} would pay you.", remedy="Give factors from 0.")
    if factor == 1:
        return dict(run)
    made = {**run, "cost": _times(run["cost"], factor), "slippage": _times(run["slippage"], factor)}
    try:
        options.costs(made["cost"], quantity_scale)
        options.slippage(made["slippage"])
    except ConfigError as error:
        raise ConfigError(f"{run['cost']} and {run['slippage']} cannot be had times {factor:f}: {error.message}.",
                          remedy="Leave that factor out: --factor 0 --factor 1 --factor 2") from error  # fmt: skip
    return made


def _times(text: str, factor: Decimal) -> str:
    """Return a model as a user writes it with its amounts multiplied."""
    name, colon, rest = text.partition(":")
    if not colon:
        return text
    main, *named = rest.split(",")
    pairs = [one.partition("=") for one in named]
    return f"{name}:{','.join([_amount(main, factor), *(f'{key}={_amount(one, factor)}' for key, _, one in pairs)])}"


def _amount(text: str, factor: Decimal) -> str:
    amount = Decimal(text)
    scaled = amount * (min(factor, Decimal(1)) if amount < 0 else factor)
    return f"{scaled.normalize() + 0:f}"  # adding 0 makes -0 plain
