"""What users write for costs, slippage and sizes: what is refused, with the choices in the remedy."""

from decimal import Decimal

import pytest

from backtest.options import costs, sizer, slippage
from backtest.scaling import to_units
from zeno.errors import ConfigError


@pytest.mark.parametrize(
    "text",
    [
        "bogus",
        "bps",
        "bps:x",
        "bps:nan",
        "bps:inf",
        "bps:-1",
        "bps:1,foo=2",
        "bps:1e30",
        "bps:1,nan=2",
        "bps:1,1000=0.5,1000=0.2",
        "bps:1,1000=-5",
        "bps:1,-1000=5",
        "bps:10001",
        "share:1e7",
        "share:1,min=1e7",
        "maker_taker:1e12",
        "maker_taker:1,maker=-1e12",
        "share:-1",
        "share:0.005,max=2",
        "share:1,min=nan",
        "maker_taker:2,taker=1",
        "zero:1",
    ],
)
def test_costs_that_cannot_be_meant_are_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        costs(text, 0)


@pytest.mark.parametrize(
    "text",
    [
        "zero",
        "bps:1.5",
        "bps:2,1000000=1,5000000=0.5",
        "share:0.005,min=1",
        "share:0.01",
        "maker_taker:2,maker=-0.5",
        "maker_taker:-1",
    ],
)
def test_costs_that_can_be_meant_are_taken(text: str) -> None:
    assert costs(text, 0)[0].model >= 0


@pytest.mark.parametrize(
    "text",
    [
        "ticks",
        "ticks:-1",
        "ticks:1.5",
        "ticks:nan",
        "ticks:1e15",
        "ticks:1,x=2",
        "spread:1e40",
        "spread:1e6",
        "sqrt:inf",
        "sqrt:1e6",
    ],
)
def test_slippage_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        slippage(text)


def test_a_tick_is_as_many_price_units_as_the_data_say() -> None:
    assert [slippage("ticks:2", tick).size for tick in (1, 25)] == [2, 50]
    with pytest.raises(ConfigError, match="ticks differ"):
        slippage("ticks:2", 0)
    assert slippage("spread:2", 0).size == 20_000


@pytest.mark.parametrize(
    "text",
    [
        "quantity:x",
        "quantity:-3",
        "quantity:nan",
        "quantity:1e30",
        "quantity:1,most=2",
        "volatility:nan",
        "volatility:inf",
        "equity:0.5,most=nan",
        "equity:0.5,foo=3",
        "equity:1,most=1,most=2",
        "equity:1e15",
        "kelly:1,most=1e9",
    ],
)
def test_sizers_that_cannot_be_meant_are_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        sizer(text, 0, 252.0)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e13", "-1e13", "0.0000001"])
def test_money_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        to_units(Decimal(text), 6, "cash")


def test_the_largest_money_is_exact() -> None:
    assert to_units(Decimal("999999999999.999999"), 6, "cash") == 10**18 - 1
