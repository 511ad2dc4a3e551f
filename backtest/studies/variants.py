"""What an ablation drops, one thing at a time.

| group | dropped |
|---|---|
| costs | fees, slippage, borrow, interest: each that the run pays |
| sources | a data source with all its symbols, where there are several |
| symbols | a symbol, where there are several |
| indicators | an indicator, by giving the parameter that is its length its minimum |
| rules | what the user names: other values of parameters |

An indicator's length is a whole-number parameter of its class. The parameter of the strategy that feeds it, by name or
through a function, gets the smallest value that both allow: the indicator then says next to nothing of the past. One
that feeds several indicators drops them together. What cannot be dropped is told, with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from backtest.core.flat import Field, Kind
from backtest.strategies.files import find_strategy
from backtest.studies.space import parse_number
from zeno.errors import ConfigError

GROUPS = ("costs", "sources", "symbols", "indicators")
_COSTS = {"cost": ("fees", "zero"), "slippage": ("slippage", "none"), "borrow": ("borrow", "0"),
          "interest": ("interest", "0")}  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """A run without something.

    Attributes
    ----------
    what
        What was done, in words.
    run, parameters
        Terms and parameters that differ from the base run's.
    without
        Symbols left out.
    """

    name: str
    group: str
    what: str
    run: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)
    without: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return the variant as JSON has it."""
        return {**asdict(self), "without": list(self.without)}


def variants(question: Mapping[str, Any], symbols: Sequence[str]) -> tuple[list[Variant], list[str]]:
    """Return all variants of a question, and notes on what could not be dropped.

    Raises
    ------
    ConfigError
        When a group is unknown, a rule is not one of the strategy, two variants have one name, or there is none.
    """
    if unknown := sorted(set(question["groups"]) - set(GROUPS)):
        raise ConfigError(f"There is nothing called {', '.join(unknown)} to drop.",
                          remedy=f"Choose from: {', '.join(GROUPS)}.")  # fmt: skip
    notes: list[str] = []
    found: list[Variant] = []
    for group in question["groups"]:
        found += {
            "costs": lambda: _costs(question, notes),
            "sources": lambda: _sources(question, symbols, notes),
            "symbols": lambda: _symbols(symbols, notes),
            "indicators": lambda: _indicators(question, notes),
        }[group]()
    found += [_rule(question, one) for one in question["without"]]
    names = [one.name for one in found]
    if not found or len(set(names)) < len(names):
        raise ConfigError("There is nothing to drop, or two things by one name. " + " ".join(notes),
                          remedy="Give costs, several symbols, or --without NAME:param=value.")  # fmt: skip
    return found, notes


def parse_rule(text: str) -> dict[str, Any]:
    """Return a rule to be dropped as a spec holds it.

    Raises
    ------
    ConfigError
        When it cannot be read.

    >>> parse_rule("no stop:stop=0,trail=0.5")
    {'name': 'no stop', 'parameters': {'stop': 0, 'trail': 0.5}}
    """
    name, _, rest = text.partition(":")
    parameters: dict[str, float] = {}
    try:
        for one in rest.split(","):
            key, equals, value = one.partition("=")
            if not (name and key and equals) or key in parameters:
                raise ValueError
            parameters[key] = parse_number(value)
    except ValueError:
        raise ConfigError(f"{text} is not a rule.", remedy='Write --without "no stop:stop=0"') from None
    return {"name": name, "parameters": parameters}


def _costs(question: Mapping[str, Any], notes: list[str]) -> list[Variant]:
    run, found = question["run"], []
    for term, (name, none) in _COSTS.items():
        paid = Decimal(run[term]) != 0 if none == "0" else run[term] != none
        if paid:
            found.append(Variant(f"no {name}", "costs", f"{term} {run[term]} → {none}", run={term: none}))
        else:
            notes.append(f"The run pays no {name}.")
    return found


def _sources(question: Mapping[str, Any], symbols: Sequence[str], notes: list[str]) -> list[Variant]:
    sources: Mapping[str, Sequence[str]] = question["sources"]
    if len(sources) < 2:
        notes.append("All data come from one source.")
        return []
    found = []
    for name, own in sorted(sources.items()):
        if set(own) >= set(symbols):
            notes.append(f"Without the source {name} there would be no data.")
        else:
            found.append(Variant(f"no source {name}", "sources", f"without {', '.join(own)}", without=tuple(own)))
    return found


def _symbols(symbols: Sequence[str], notes: list[str]) -> list[Variant]:
    if len(symbols) < 2:
        notes.append("There is one symbol alone.")
        return []
    return [Variant(f"no {one}", "symbols", f"without {one}", without=(one,)) for one in symbols]


def _rule(question: Mapping[str, Any], rule: Mapping[str, Any]) -> Variant:
    find_strategy(question["strategy"])(**{**question["fixed"], **rule["parameters"]})
    what = ", ".join(f"{name} = {value}" for name, value in rule["parameters"].items())
    return Variant(rule["name"], "rules", what, parameters=rule["parameters"])


def _indicators(question: Mapping[str, Any], notes: list[str]) -> list[Variant]:
    strategy: Any = find_strategy(question["strategy"])
    made, declared, found = strategy(**question["fixed"]), strategy.parameters(), []
    fed = lengths(strategy, made)
    constant = sorted(set(strategy.readings) - {name for least in fed.values() for name in least})
    notes += [f"No parameter of the strategy is the length of {name}." for name in constant]
    for parameter, least in fed.items():
        value, now = _least(declared[parameter], list(least.values())), getattr(made, parameter)
        told = f"{', '.join(least)} by {parameter}"
        if value is None or value >= now:
            notes.append(f"{told}: {now} has no smaller value.")
            continue
        try:
            strategy(**{**question["fixed"], parameter: value})
        except ConfigError as error:
            notes.append(f"{told}: {error.message}.")
            continue
        kinds = ", ".join(dict.fromkeys(strategy.readings[name].kind.__name__ for name in least))
        found.append(Variant(f"no {told}", "indicators", f"{kinds}: {parameter} {now} → {value}, its minimum",
                             parameters={parameter: value}))  # fmt: skip
    return found


def lengths(strategy: Any, made: Any) -> dict[str, dict[str, float | None]]:
    """Return, by parameter of a strategy, the indicators whose length it feeds and the smallest value each allows.

    Where it feeds one through a function, what that allows of the parameter is not known: None.
    """
    found: dict[str, dict[str, float | None]] = {}
    for name, reading in strategy.readings.items():
        for argument, target in zip(reading.arguments, reading.kind.parameters().values(), strict=False):
            if target.kind is Kind.INT:
                for parameter in _feeding(argument, made):
                    minimum = target.minimum if isinstance(argument, str) else None
                    earlier = found.setdefault(parameter, {}).get(name)
                    found[parameter][name] = max((one for one in (earlier, minimum) if one is not None), default=None)
    return found


def _feeding(argument: Any, made: Any) -> list[str]:
    """Return the strategy's parameters that an argument of an indicator is made of."""
    if isinstance(argument, str):
        return [argument]
    if not callable(argument):
        return []
    watched = _Watched(made)
    argument(watched)
    return [name for name in watched.read if name in type(made).parameters()]


class _Watched:
    """Stands in for a strategy and writes down which of its attributes are read."""

    def __init__(self, made: Any) -> None:
        self._made = made
        self.read: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name not in self.read:
            self.read.append(name)
        return getattr(self._made, name)


def _least(declared: Field, allowed: Sequence[float | None]) -> float | None:
    """Return the smallest value that the strategy and its indicators take; None where there is no bound."""
    bounds = [one for one in (declared.minimum, *allowed) if one is not None]
    if declared.minimum is None or declared.kind is not Kind.INT:
        return None
    return int(max(bounds))
