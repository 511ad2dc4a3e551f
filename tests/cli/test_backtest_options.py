"""``zeno backtest``'s options: what a user can get wrong, and what they are told."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli.backtest_commands import compare, report, run
from cli.backtest_options import Options, make_frame, make_request, make_strategy, quantity_scale
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
    "1 / 0": "cannot be loaded: ZeroDivisionError: division by zero",
    "open('nonesuch')": "cannot be loaded: FileNotFoundError",
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


def test_results_need_a_file_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        run(strategy="sma_crossover", journal=tmp_path, **SHARED)
    with pytest.raises(ConfigError, match="is a folder"):
        report(strategy="sma_crossover", output=tmp_path, trials=1, **SHARED)


def test_two_answers_to_how_much_are_refused() -> None:
    with pytest.raises(ConfigError, match="both say how much"):
        make_request(None, Options(quantity="5", sizer="equity:0.5"))


@pytest.mark.parametrize(("options", "lot", "scale"), [
    (Options(), "1", 0),
    (Options(quantity="15"), "1", 0),
    (Options(quantity="0.5"), "0.1", 1),
    (Options(sizer="quantity:0.5"), "0.1", 1),
    (Options(sizer="quantity:0.5", lot="0.25"), "0.25", 2),
    (Options(sizer="equity:0.5"), "1", 0),
])  # fmt: skip
def test_a_lot_is_one_unit_or_the_quantitys_last_decimal(options: Options, lot: str, scale: int) -> None:
    assert (make_request(None, options).lot, quantity_scale(options)) == (Decimal(lot), scale)


def test_a_quantity_is_the_same_either_way() -> None:
    one, other = make_request(None, Options(quantity="0.5")), make_request(None, Options(sizer="quantity:0.5"))
    assert (one.sizer, one.lot) == (other.sizer, other.lot)


def test_trials_count_this_run() -> None:
    with pytest.raises(ConfigError, match="--trials 0"):
        report(strategy="sma_crossover", output=Path("page.html"), trials=0, **SHARED)


def test_a_comparison_of_nothing_fails() -> None:
    with pytest.raises(ConfigError, match="named twice"):
        compare(strategies="sma_crossover,sma_crossover", **SHARED)
    with pytest.raises(ConfigError, match="none of them ran: there is no file"):
        compare(strategies="sma_crossover,ema_crossover", **SHARED)


def test_a_comparison_with_a_name_that_does_not_exist_does_not_begin() -> None:
    with pytest.raises(ConfigError, match=r"^there is no strategy sma_crosover did you mean sma_crossover"):
        compare(strategies="ema_crossover,sma_crosover", **SHARED)
    with pytest.raises(ConfigError, match=r"^there is no file mine\.py"):
        compare(strategies="ema_crossover,mine.py:Mine", **SHARED)


def file_of(folder: Path, count: int) -> dict[str, object]:
    """Return options that read a file of ``count`` bars, which open at the close before them."""
    times = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(count)]
    closes = [1_000 + 10 * (day * 7 % 13) for day in range(count)]
    opens = [1_000, *closes[:-1]]
    table = {"ts": pa.array(times, pa.timestamp("us", "UTC")), "open": opens, "close": closes,
             "high": [max(pair) + 5 for pair in zip(opens, closes, strict=True)],
             "low": [min(pair) - 5 for pair in zip(opens, closes, strict=True)]}  # fmt: skip
    pq.write_table(pa.table(table), folder / "bars.parquet")
    return Options(bars=folder / "bars.parquet", price_scale=2, lane="plain").__dict__


def test_notes_are_printed_under_the_figures_and_are_in_the_json(tmp_path, capsys) -> None:
    given = file_of(tmp_path, 3)
    run(strategy="sma_crossover", journal=None, as_json=False, **given)
    assert "! No order was made: it takes 30 bars" in capsys.readouterr().out
    run(strategy="sma_crossover", journal=None, as_json=True, **given)
    assert "it takes 30 bars" in json.loads(capsys.readouterr().out)["notes"][0]


def test_a_comparison_says_what_holds_for_all_of_it_once(tmp_path, capsys) -> None:
    compare(strategies="buy_and_hold,sma_crossover,vwap_reversion", as_json=False, **file_of(tmp_path, 80))
    out = capsys.readouterr().out
    assert out.count("100% of the days open exactly at the close before them") == 1
    assert "deflated for a choice among 2 of 3 strategies; the others never traded." in out
    assert "each has one bar; give --resolution 1m" in out
