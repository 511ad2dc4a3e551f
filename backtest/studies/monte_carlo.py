"""Monte-Carlo: what else might have come of a run, had something been a little different.

| method | what differs from draw to draw |
|---|---|
| ``trade_order`` | the order of the closed trades (``draws.trade_draws``): the profit is the same, the way is not |
| ``returns`` | the history of the run's returns: stationary bootstrap, blocks by ``block_length`` |
| ``prices`` | the prices: bars in another order (``resample.bar_path``), traded anew by the strategy |
| ``costs`` | fees and slippage times a factor (``stress``): a draw is a factor, and nothing is random |

A task is a chunk of draws of one method; task 0 is the run itself. A draw depends on the study's seed, the method and
its own number alone, so that how draws are cut into tasks changes nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from backtest.studies.chunks import chunks
from backtest.studies.draws import METHODS, base, cost_draws, price_draws, return_draws, trade_draws
from backtest.studies.monte_carlo_answer import monte_carlo_answer
from backtest.studies.of_strategy import OfStrategy, is_panel
from backtest.studies.resample import bar_path
from backtest.studies.source import load
from backtest.studies.stress import stressed
from research.kinds import Answer, Results, Task
from research.spec import Spec
from zeno.errors import ConfigError

FACTORS = ("0", "0.5", "1", "2", "5")
"""Of the cost stress, unless told otherwise."""

MOST_DRAWS = 1_000_000
"""Of a method: a fan is made of all of them together, half a gigabyte of a million."""

_DRAWS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "base": base,
    "trade_order": trade_draws,
    "returns": return_draws,
    "prices": price_draws,
    "costs": cost_draws,
}


class MonteCarlo(OfStrategy):
    """The kind."""

    name = "monte_carlo"
    function = "backtest.studies.monte_carlo:run_draws"

    def count(self, spec: Spec) -> int:
        """Return the number of tasks."""
        return len(_plan(spec.text))

    def tasks(self, spec: Spec) -> Iterator[Task]:
        """Yield the run itself, then a task a chunk of draws."""
        for number, (name, part) in enumerate(_plan(spec.text)):
            yield Task(number, name, {"data": spec.data, "question": spec.question, **part})

    def answer(self, spec: Spec, results: Results, folder: Path) -> Answer:
        """Put the draws of each method together."""
        return monte_carlo_answer(spec, results, folder)


@lru_cache(8)
def _plan(text: str) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """Return the tasks: names, and what of their payloads differs.

    Raises
    ------
    ConfigError
        When a method is unknown or given twice, has no draws or too many, or cannot be had of these costs or prices.
    """
    spec = Spec.from_text(text)
    asked = spec.question
    _check(spec)
    found: list[tuple[str, Mapping[str, Any]]] = [("the run itself", {"method": "base"})]
    for method in asked["methods"]:
        count = len(asked["factors"]) if method == "costs" else asked["draws"]
        found += [(f"{method.replace('_', ' ')} {first + 1}–{stop}", {"method": method, "first": first, "stop": stop})
                  for first, stop in chunks(count, 1 if method == "costs" else asked["chunk"])]  # fmt: skip
    return tuple(found)


def _check(spec: Spec) -> None:
    asked, methods = spec.question, spec.question["methods"]
    if not methods or len(set(methods)) < len(methods) or not set(methods) <= set(METHODS):
        raise ConfigError(f"{', '.join(methods) or 'Nothing'} are no methods of Monte-Carlo.",
                          remedy=f"Name each once: {', '.join(METHODS)}.")  # fmt: skip
    if asked["draws"] < 1 or not asked["factors"]:
        raise ConfigError("There is nothing to draw.", remedy="Give --draws 1000, and a --factor for costs.")
    if asked["block"] != 0 and asked["block"] < 1:
        raise ConfigError(f"Blocks of {asked['block']} cannot be drawn.", remedy="Give 1 or more, or 0 to choose it.")
    if asked["draws"] > MOST_DRAWS:
        raise ConfigError(f"{asked['draws']:,} draws are too many to judge together.",
                          remedy=f"Give --draws {MOST_DRAWS} or fewer.")  # fmt: skip
    frame = load(spec.data, panel=is_panel(asked))
    if "costs" in methods:
        for factor in asked["factors"]:
            stressed(asked["run"], Decimal(factor), frame.quantity_scale)
    if "prices" in methods:
        bar_path(frame.columns, np.arange(len(frame.columns)))


def run_draws(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Compute a task; see the module's docstring."""
    return {"method": payload["method"], **_DRAWS[payload["method"]](payload)}


KIND = MonteCarlo()
