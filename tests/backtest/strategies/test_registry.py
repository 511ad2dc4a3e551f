"""The catalogue is closed: what it refuses, what it says about what is in it."""

import json

import pytest

from backtest.core.flat import parameter
from backtest.core.now import Now
from backtest.core.strategy import Strategy, indicator
from backtest.indicators import EMA, SMA
from backtest.strategies.registry import CATALOGUE, FAMILIES, describe, register, strategy
from zeno.errors import ConfigError


class Model(Strategy):
    """Long above a mean."""

    name = "model"
    family = "trend"
    source = "made for a test"
    n: int = parameter(10, minimum=1)
    mean: float = indicator(SMA, "n")

    def on_bar(self, now: Now) -> None:
        now.hold(1 if now.close > self.mean else 0)


class Renamed(Strategy):
    """Says the same in other words, about twenty bars, with a speed-up."""

    name = "renamed"
    family = "momentum"
    source = "made for a test"
    span: int = parameter(20, minimum=2)
    average: float = indicator(SMA, "span")

    def wake(self, view: Now) -> bool:
        return (view.close > self.average) != (view.position() + view.pending() > 0)

    def on_bar(self, view: Now) -> None:
        """Turn the comparison round."""
        view.hold(5 if self.average < view.close else 0)


class OtherKind(Strategy):
    """Says the same of another mean: that is another strategy."""

    name = "other_kind"
    family = "trend"
    source = "made for a test"
    n: int = parameter(10, minimum=1)
    mean: float = indicator(EMA, "n")

    def on_bar(self, now: Now) -> None:
        now.hold(1 if now.close > self.mean else 0)


class OtherSource(Strategy):
    """Says the same of the highs: that is another strategy."""

    name = "other_source"
    family = "trend"
    source = "made for a test"
    n: int = parameter(10, minimum=1)
    mean: float = indicator(SMA, "n", of="high")

    def on_bar(self, now: Now) -> None:
        now.hold(1 if now.close > self.mean else 0)


class OtherWay(Strategy):
    """Says the opposite: that is another strategy."""

    name = "other_way"
    family = "trend"
    source = "made for a test"
    n: int = parameter(10, minimum=1)
    mean: float = indicator(SMA, "n")

    def on_bar(self, now: Now) -> None:
        now.hold(1 if now.close < self.mean else 0)


class Helped(Strategy):
    """Decides in a helper."""

    name = "helped"
    family = "trend"
    source = "made for a test"
    n: int = parameter(10, minimum=1)
    mean: float = indicator(SMA, "n")

    def on_bar(self, now: Now) -> None:
        self.decide(now, above(now.close, self.mean))

    def decide(self, now: Now, up: bool) -> None:
        now.hold(1 if up else 0)


class HelpedRenamed(Strategy):
    """Decides in a helper of another name, declared before it is used."""

    name = "helped_renamed"
    family = "trend"
    source = "made for a test"
    n: int = parameter(10, minimum=1)
    mean: float = indicator(SMA, "n")

    def act(self, now: Now, so: bool) -> None:
        now.hold(1 if so else 0)

    def on_bar(self, now: Now) -> None:
        self.act(now, beyond(now.close, self.mean))


class HelpedOtherwise(Strategy):
    """Differs in its helper alone."""

    name = "helped_otherwise"
    family = "trend"
    source = "made for a test"
    n: int = parameter(10, minimum=1)
    mean: float = indicator(SMA, "n")

    def on_bar(self, now: Now) -> None:
        self.decide(now, above(now.close, self.mean))

    def decide(self, now: Now, up: bool) -> None:
        now.hold(1 if up else -1)


def above(price: float, mean: float) -> bool:
    return price > mean


def beyond(x: float, y: float) -> bool:
    """Tell the same as ``above``."""
    return x > y


def variant(**changes: object) -> type:
    """Return the model with other attributes."""
    return type("Variant", (Model,), {"__doc__": "A variant.", "__module__": __name__, **changes})


@pytest.mark.parametrize("name", ["", "Model", "two words", "9lives"])
def test_a_name_in_snake_case_is_needed(name: str) -> None:
    with pytest.raises(ConfigError, match="no name in snake case"):
        register(variant(name=name))


def test_names_are_unique() -> None:
    with pytest.raises(ConfigError, match="two strategies are named model"):
        register(Model, type("Other", (OtherKind,), {"__doc__": "Another.", "__module__": __name__, "name": "model"}))


@pytest.mark.parametrize("family", ["", "magic"])
def test_the_families_are_a_closed_set(family: str) -> None:
    with pytest.raises(ConfigError, match=r"of no known family.*cross-sectional"):
        register(variant(family=family))


@pytest.mark.parametrize("source", ["", "  "])
def test_a_source_is_needed(source: str) -> None:
    with pytest.raises(ConfigError, match="no source"):
        register(variant(source=source))


def test_a_docstring_is_needed_and_not_inherited() -> None:
    with pytest.raises(ConfigError, match="no docstring"):
        register(variant(__doc__=None))


def test_only_strategies_are_registered() -> None:
    with pytest.raises(ConfigError, match="SMA is not a strategy"):
        register(SMA)


@pytest.mark.parametrize(("first", "second"), [(Model, Renamed), (Helped, HelpedRenamed)])
def test_other_names_and_numbers_do_not_make_another_strategy(first: type, second: type) -> None:
    with pytest.raises(ConfigError, match=f"{second.__name__} is {first.__name__} with other names or numbers"):
        register(first, second)


def test_other_indicators_inputs_and_decisions_do() -> None:
    found = register(Model, OtherKind, OtherSource, OtherWay, Helped, HelpedOtherwise)
    assert list(found) == ["model", "other_kind", "other_source", "other_way", "helped", "helped_otherwise"]


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    assert strategy("sma_crossover") is CATALOGUE["sma_crossover"]
    with pytest.raises(ConfigError, match="there is no strategy sma_crosover did you mean sma_crossover"):
        strategy("sma_crosover")
    with pytest.raises(ConfigError, match="list them all"):
        strategy("zzzzzzzz")


def test_the_description_is_plain_data_and_complete() -> None:
    told = {one["name"]: one for one in json.loads(json.dumps(describe()))}
    assert list(told) == list(CATALOGUE)
    assert {one["family"] for one in told.values()} <= set(FAMILIES)
    assert told["xs_momentum"]["shape"] == "panel"
    crossover = told["sma_crossover"]
    assert (crossover["shape"], crossover["family"]) == ("single", "trend")
    assert crossover["source"] == "Brock, Lakonishok and LeBaron 1992"
    assert crossover["summary"].startswith("Long one unit while the fast mean")
    assert crossover["parameters"] == [
        {"name": "fast", "type": "int", "default": 10, "minimum": 1, "maximum": None},
        {"name": "slow", "type": "int", "default": 30, "minimum": 2, "maximum": None},
    ]


def test_no_two_strategies_of_the_catalogue_are_alike() -> None:
    assert len(register(*CATALOGUE.values())) == len(CATALOGUE) >= 24


SENSELESS = {
    "ema_crossover": ({"fast": 50, "slow": 10}, {"fast": 10, "slow": 10}),
    "macd_signal": ({"fast": 50, "slow": 10}, {"fast": 10, "slow": 10}),
    "kama_trend": ({"fast": 50, "slow": 10}, {"fast": 10, "slow": 10}),
    "zscore_reversion": ({"leave": 3.0}, {"enter": 5.0}, {"give_up": 2.0}),
    "stochastic_pullback": ({"low": 90.0},),
    "ibs_reversion": ({"low": 0.6, "high": 0.5},),
    "halloween": ({"enter": 4, "leave": 4},),
    "opening_range_breakout": ({"span": 375},),
    "vwap_reversion": ({"quiet": 400},),
    "momentum_crash_filter": ({"skip": 252}, {"lookback": 10, "skip": 21}),
    "residual_momentum": ({"skip": 252},),
    "same_month": ({"month": 253},),
    "pairs_distance": ({"entry": 4.0}, {"stop": 1.0}),
    "pairs_ratio": ({"entry": 4.0}, {"stop": 1.0}),
}


@pytest.mark.parametrize(("name", "given"), [(name, one) for name, each in SENSELESS.items() for one in each])
def test_parameters_that_make_no_sense_together_are_refused(name, given):
    with pytest.raises(ConfigError, match=r"below|above|both month|rise"):
        CATALOGUE[name](**given)


def test_bounds_that_meet_are_no_contradiction():
    CATALOGUE["ibs_reversion"](low=0.5, high=0.5)
    CATALOGUE["stochastic_pullback"](low=50.0, high=50.0)
    CATALOGUE["xs_momentum"](lookback=1, skip=0)
