"""The commands of README and documentation do something: what they name exists, selects, and has an effect."""

import re
import shlex
from pathlib import Path

import pytest

from assets.studies import WalkForwardConfig
from backtest.notes import without_effect
from backtest.strategies.registry import strategy
from backtest.studies.space import parse_axis

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
STOCKS = 20  # of us_equities_daily
COMMANDS = [
    shlex.split(one.replace("\\\n", " "), comments=True)
    for page in PAGES
    for one in re.findall(r"^(?:\.venv/bin/)?(zeno study start (?:[^\n]*\\\n)*[^\n]*)$", page.read_text(), re.MULTILINE)
]


def given(command: list[str], *options: str) -> list[str]:
    return [command[at + 1] for at, one in enumerate(command) if one in options]


def largest(axes: list[str]) -> dict[str, float]:
    return {name: max(values) for name, values in map(parse_axis, axes) if isinstance(values, list)}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one[3])
def test_nothing_that_a_study_asks_is_without_effect(command: list[str]) -> None:
    parameters = largest([*given(command, "-p", "--param"), *given(command, "-g", "--grid")])
    sizer = [*given(command, "--sizer"), "quantity:1"][0]
    width = STOCKS if given(command, "--universe") == ["us_equities_daily"] else 1
    assert without_effect(strategy(given(command, "--strategy", "-s")[0]), parameters, sizer, width) == []


def test_all_examples_are_found() -> None:
    assert {one[3] for one in COMMANDS} == {"walk-forward", "sweep", "monte-carlo", "ablation", "regime"}


def test_the_study_of_the_asset_which_is_the_demo_s_selects() -> None:
    asset = WalkForwardConfig()
    assert without_effect(strategy(asset.strategy), largest(asset.grid), asset.sizer, STOCKS) == []
    assert largest(asset.grid)["top"] < STOCKS
