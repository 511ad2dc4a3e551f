"""``zeno backtest``'s options: what a user can get wrong, and what they are told."""

from pathlib import Path

import pytest

from cli.backtest_commands import compare, report, run
from cli.backtest_options import Options, make_frame, make_strategy
from zeno.errors import ConfigError


@pytest.mark.parametrize(
    "given",
    [
        ["fast=nan"],
        ["fast=inf"],
        ["fast=abc"],
        ["fast"],
        ["fast=5", "fast=7"],
        ["fast=2.5"],
        ["nonesuch=1"],
        ["fast=0"],
        ["fast=1e30"],
        ["fast=1e12"],
    ],
)
def test_parameters_that_cannot_be_meant_are_refused(given: list[str]) -> None:
    with pytest.raises(ConfigError):
        make_strategy("sma_crossover", Options(param=given))


FILES = {
    "import nonesuch": "cannot be loaded: No module named 'nonesuch'",
    "class X(:": "cannot be loaded",
    "X = 3": "has no strategy X",
    "def X(): pass": "has no strategy X",
    "class X: pass": "has no strategy X",
    "Y = 1": "has no strategy X",
    "from backtest.core.strategy import Strategy as X": "has no strategy X",
}


@pytest.mark.parametrize("text", FILES)
def test_a_file_without_the_strategy_says_so(text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(ConfigError, match=FILES[text]):
        make_strategy(f"{tmp_path / 'mine.py'}:X", Options())


def test_a_file_without_a_class_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not say which class"):
        make_strategy("mine.py", Options())


@pytest.mark.parametrize(
    "options",
    [Options(symbols="ES"), Options(start="2020-01-01"), Options(end="2020-01-01"), Options(as_of="2020-01-01")],
)
def test_what_asks_the_warehouse_is_not_silently_ignored_with_a_file(options: Options) -> None:
    asked = Options(**{**options.__dict__, "bars": Path("bars.parquet")})
    with pytest.raises(ConfigError, match="asks the warehouse"):
        make_frame(make_strategy("sma_crossover", Options()), asked)


SHARED = Options(bars=Path("nonesuch.parquet")).__dict__


def test_results_need_a_folder_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match="there is no folder"):
        run(strategy="sma_crossover", journal=Path("nonesuch/journal.jsonl"), **SHARED)
    with pytest.raises(ConfigError, match="there is no folder"):
        report(strategy="sma_crossover", output=Path("nonesuch/page.html"), trials=1, **SHARED)


def test_trials_count_this_run() -> None:
    with pytest.raises(ConfigError, match="--trials 0"):
        report(strategy="sma_crossover", output=Path("page.html"), trials=0, **SHARED)


def test_a_comparison_of_nothing_fails() -> None:
    with pytest.raises(ConfigError, match="named twice"):
        compare(strategies="sma_crossover,sma_crossover", **SHARED)
    with pytest.raises(ConfigError, match="none of them ran: there is no file"):
        compare(strategies="sma_crossover,ema_crossover", **SHARED)
