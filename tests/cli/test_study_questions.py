"""``zeno study start``: a question that cannot be meant is refused with a remedy, and leaves no study behind."""

from functools import cache
from pathlib import Path

import pytest
from study_bench import bars_file
from typer.testing import CliRunner

from backtest.studies import ask
from cli.study_start import app
from research.files import FileVersion, track
from research.study import Studies
from zeno.errors import ConfigError
from zeno.settings import Settings

COMMON = ["--strategy", "sma_crossover", "--price-scale", "2"]
WALK = ["walk-forward", *COMMON, "--train", "200", "--test", "50"]
SWEEP = ["sweep", *COMMON]
MONTE_CARLO = ["monte-carlo", *COMMON]
ABLATION = ["ablation", *COMMON, "--cost", "bps:1"]
REGIME = ["regime", *COMMON]
GRID = ["-g", "fast=5,10"]


@pytest.fixture
def studies(warehouse, monkeypatch) -> Studies:
    """The studies of the warehouse that the commands write to; what they write is not driven."""
    monkeypatch.setenv("ZENO_HOME", str(warehouse.settings.home))
    monkeypatch.setattr("cli.study.drive", lambda *_: None)
    monkeypatch.setattr(ask, "track", lambda paths, settings: [tracked(*paths, settings)])
    return Studies()


@cache
def tracked(path: Path, settings: Settings) -> FileVersion:
    """Keep a file once for all questions about it."""
    return track([path], settings)[0]


@pytest.fixture(scope="module")
def bars(tmp_path_factory) -> str:
    """A file of bars."""
    return str(bars_file(tmp_path_factory.mktemp("bars")))


def refused(bars: str, arguments: list[str]) -> ConfigError:
    """Return the error with which a question over a file of bars is refused."""
    with pytest.raises(ConfigError) as caught:
        CliRunner().invoke(app, [*arguments, "--bars", bars], catch_exceptions=False)
    return caught.value


@pytest.mark.parametrize(("arguments", "said"), [
    ([*WALK, "-g", "nosuch=5,10"], "does not take nosuch"),
    ([*WALK, "-g", "fast=0,10"], "fast must be at least 1"),
    ([*WALK, *GRID, "--objective", "foo"], "no objective 'foo'"),
    ([*SWEEP, *GRID, "--objective", "foo"], "no objective 'foo'"),
    ([*MONTE_CARLO, "--objective", "foo"], "no objective 'foo'"),
    ([*WALK, *GRID, "--period", "5d"], "no period '5d'"),
    ([*SWEEP, *GRID, "--period", "5d"], "no period '5d'"),
    ([*SWEEP, *GRID, "--seed", "-1"], "seed -1"),
    ([*SWEEP, "-g", "fast=5:50", "--method", "latin", "--points", "3", "--seed", "-1"], "seed -1"),
    ([*MONTE_CARLO, "--seed", "-1"], "seed -1"),
    ([*MONTE_CARLO, "--block", "nan"], "block is nan"),
    ([*MONTE_CARLO, "--block", "inf"], "block is inf"),
    ([*MONTE_CARLO, "--draws", "100000000000"], "100,000,000,000 draws"),
    ([*ABLATION, "--without", "x:fast=1e999"], "is not a rule"),
    ([*SWEEP, *GRID, "--points", "3"], "samples nothing"),
    ([*REGIME, *GRID, "--points", "3"], "samples nothing"),
    ([*SWEEP, *GRID, "--lane", "plain"], "no lane"),
    ([*MONTE_CARLO, "--lane", "batch"], "no lane"),
    ([*SWEEP, *GRID, "-p", "fast=3"], "fast is fixed"),
    ([*WALK, *GRID, "-p", "fast=3"], "fast is fixed"),
    ([*REGIME, *GRID, "-p", "fast=3"], "fast is fixed"),
    ([*SWEEP, "-g", "fast=5,5"], "twice"),
    ([*SWEEP, *GRID, "--cost", "dear"], "dear"),
    ([*SWEEP, *GRID, "--fill", "never"], "fill model never"),
])  # fmt: skip
def test_a_question_that_cannot_be_meant_is_refused_and_not_written_down(studies, bars, arguments, said):
    error = refused(bars, arguments)
    assert said in error.message
    assert error.remedy
    assert studies.states() == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--from", "2020-01-01"),
        ("--to", "2020-01-01"),
        ("--as-of", "2020-01-01"),
        ("--symbols", "ES"),
        ("--universe", "us_equities_daily"),
    ],
)
def test_what_asks_the_warehouse_is_not_silently_ignored_with_a_file(studies, bars, option, value):
    error = refused(bars, [*SWEEP, *GRID, option, value])
    assert f"{option} asks the warehouse, and --bars is a file" in error.message
    assert "cut the file" in error.remedy
    assert studies.states() == []


def test_readings_of_macro_regimes_are_asked_as_of_a_moment_beside_a_file_too(studies, bars):
    error = refused(bars, [*REGIME, "--by", "mrie", "--as-of", "2020-01-01"])
    assert "No readings of the macro regimes" in error.message
