"""The closed catalogue of strategies, and the rules for getting into it.

What belongs here: finding a strategy by name, describing all of them, and refusing what does not belong among them.
What does not: the list itself, which is in ``catalogue``.
"""

import difflib
import re
from typing import Any

from backtest.core.strategy import PanelStrategy, Strategy
from backtest.strategies.catalogue import STRATEGIES
from backtest.strategies.likeness import logic
from zeno.errors import ConfigError

FAMILIES = (
    "trend", "breakout", "mean-reversion", "momentum", "cross-sectional", "carry", "seasonality", "pairs", "volatility",
    "overlay",
)  # fmt: skip
"""What a strategy lives on; there are no others."""


def register(*classes: type) -> dict[str, type]:
    """Return strategies by name.

    Raises
    ------
    ConfigError
        For one that is not a strategy, has no name, family, source or docstring, or has the name or the logic of
        another: ``likeness`` says when two are the same.

    """
    found = _named(*classes)
    known: dict[str, type] = {}
    for one in classes:
        told = logic(one)
        if told in known:
            raise ConfigError(f"{one.__name__} is {known[told].__name__} with other names or numbers",
                              remedy="make the difference a parameter of one strategy")  # fmt: skip
        known[told] = one
    return found


def _named(*classes: type) -> dict[str, type]:
    """Return strategies by name, checked except for their likeness, which takes reading all their sources."""
    found: dict[str, type] = {}
    for one in classes:
        _check(one)
        name = one.name  # type: ignore[attr-defined]
        if name in found:
            raise ConfigError(f"two strategies are named {name}", remedy="rename one of them")
        found[name] = one
    return found


def _check(one: type) -> None:
    where = one.__name__
    if not issubclass(one, Strategy | PanelStrategy):
        raise ConfigError(f"{where} is not a strategy", remedy="derive it from Strategy or PanelStrategy")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", getattr(one, "name", "")):
        raise ConfigError(f"{where} has no name in snake case", remedy='give the class a name, such as "sma_crossover"')
    if getattr(one, "family", "") not in FAMILIES:
        raise ConfigError(f"{where} is of no known family", remedy=f"choose from: {', '.join(FAMILIES)}")
    if not getattr(one, "source", "").strip():
        raise ConfigError(f"{where} has no source", remedy="name author, year and title, or say why it should work")
    if not (one.__doc__ or "").strip():
        raise ConfigError(f"{where} has no docstring", remedy="state the rule in full, and what is simplified")


CATALOGUE: dict[str, type] = _named(*STRATEGIES)
"""Every strategy, by name. That no two are alike is for ``register`` to say, and a test has it say so."""


def strategy(name: str) -> type:
    """Return a strategy's class by its name.

    Raises
    ------
    ConfigError
        When there is none, with the nearest names.

    """
    if name not in CATALOGUE:
        near = difflib.get_close_matches(name, CATALOGUE, n=3, cutoff=0.5)
        raise ConfigError(f"there is no strategy {name}",
                          remedy=f"did you mean {', '.join(near)}?" if near else "list them all first")  # fmt: skip
    return CATALOGUE[name]


def describe() -> list[dict[str, Any]]:
    """Return what a list of strategies shows, in the catalogue's order; plain data, ready to be written as JSON.

    Each has ``name``, ``family``, ``source``, ``summary`` (the docstring's first line), ``shape`` (``single`` or
    ``panel``), and ``parameters``: each with ``name``, ``type`` (``int`` or ``float``), ``default``, ``minimum`` and
    ``maximum`` (None where there is no bound).
    """
    return [_described(one) for one in CATALOGUE.values()]


def _described(one: Any) -> dict[str, Any]:
    return {
        "name": one.name,
        "family": one.family,
        "source": one.source,
        "summary": one.__doc__.strip().splitlines()[0],
        "shape": "panel" if one.panel else "single",
        "parameters": [
            {"name": name, "type": field.kind.value, "default": field.initial, "minimum": field.minimum,
             "maximum": field.maximum}
            for name, field in one.parameters().items()
        ],
    }  # fmt: skip
