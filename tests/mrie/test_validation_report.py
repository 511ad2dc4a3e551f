"""The whole evaluation and its command, on the small economy; and on real vintages where they are at hand."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from macro_vintages import economy
from typer.testing import CliRunner

from cli.mrie_commands import app
from mrie.models import Readings, read_months
from mrie.panel import Panel, default_turns, read_interchange, truth
from mrie.panel.cycle import Turn
from mrie.panel.months import parse_month
from mrie.validation import Validation, auc, score_readings, validate
from mrie.validation.report import AHEAD, MODELS
from zeno.errors import ConfigError, SourceRejected

REAL = next(
    (
        folder / "shared/data/macro_vintages_to_2014.parquet"
        for folder in Path(__file__).resolve().parents
        if (folder / "shared/data/macro_vintages_to_2014.parquet").is_file()
    ),
    None,
)
FIGURES = {
    "months", "recessions", "auc", "auc_low", "auc_high", "brier", "log_loss", "ece", "peak_lags", "trough_lags",
    "false_calls", "missed",
}  # fmt: skip


@pytest.fixture(scope="module")
def vintages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small economy's vintages, as a file."""
    path = tmp_path_factory.mktemp("vintages") / "economy.parquet"
    economy("1957-01", "1993-01").to_parquet(path)
    return path


@cache
def report(path: Path) -> Validation:
    """Two years of readings, scored."""
    return validate(Panel(read_interchange(path)), parse_month("1989-06"), parse_month("1992-06"))


def run(*arguments: str):
    """Run the command as a person does."""
    return CliRunner().invoke(app, ["validate", *arguments])


def test_every_model_is_scored_on_the_same_months(vintages: Path):
    summary = report(vintages).summary()
    assert FIGURES | {"label_agreement", "baselines"} <= set(summary)
    assert set(summary["baselines"]) == {"p_hmm", "p_ms", "p_logit", "term_spread", "sahm", "unemployment"}
    assert all(figures["months"] == 37 and set(figures) >= FIGURES for figures in summary["baselines"].values())
    assert set(summary["ahead"]) == {"p_ahead", "term_spread_ahead"}
    assert summary["ahead"]["p_ahead"]["months"] == 37 - 12  # what lies ahead must have happened
    assert (summary["recessions"], summary["missed"]) == (1, 0)


def test_shuffled_labels_lose_what_the_readings_know(vintages: Path):
    table = report(vintages).readings.table
    score = table["p_combined"].to_numpy()
    labels = truth(table["data_month"].to_numpy(), default_turns())
    random = np.random.default_rng(0)
    assert auc(labels, score) > 0.9
    assert np.mean([auc(random.permutation(labels), score) for _ in range(200)]) == pytest.approx(0.5, abs=0.03)


def test_a_logit_taught_shuffled_labels_learns_nothing():
    """Recessions moved to where there were none: the supervised member must not find the true ones by itself."""
    table = economy("1957-01", "1993-01")
    panel = Panel(read_rows(table))
    months = [parse_month(text) for text in ("1963-03", "1967-02", "1972-06", "1977-03", "1985-01")]
    moved = tuple(Turn(month + shift, shift == 0, month + 14) for month in months for shift in (0, 11))
    span = parse_month("1989-06"), parse_month("1992-06")
    taught = score_readings(read_months(panel, *span, turns=moved), default_turns())
    honest = score_readings(read_months(panel, *span), default_turns())
    logits = [next(score.auc for score in one.scores if score.model == "p_logit") for one in (taught, honest)]
    assert logits[1] > 0.9
    assert logits[0] < logits[1]


def test_the_command_prints_json_and_writes_readings(vintages: Path, tmp_path: Path):
    target = tmp_path / "readings.csv"
    done = run("--vintages", str(vintages), "--from", "1990-01", "--to", "1991-12", "--json", "--readings", str(target))
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert set(summary) >= FIGURES
    rows = pd.read_csv(target)
    assert list(rows) == ["month", "data_month", "p_hmm", "p_ms", "p_combined", "low", "high", "regime"]
    assert rows["month"].tolist()[::23] == ["1990-01", "1991-12"]
    assert len(rows) == summary["months"] == 24


def test_the_command_prints_a_table_for_people_and_parquet(vintages: Path, tmp_path: Path):
    target = tmp_path / "readings.parquet"
    done = run("--vintages", str(vintages), "--from", "1990-10", "--to", "1990-12", "--readings", str(target))
    assert done.exit_code == 0, done.output
    assert "combined" in done.stdout
    assert len(pd.read_parquet(target)) == 3


def test_a_span_without_a_recession_has_no_auc(vintages: Path):
    done = run("--vintages", str(vintages), "--from", "1989-01", "--to", "1989-04", "--json")
    summary = json.loads(done.stdout)
    assert (summary["recessions"], summary["auc"], summary["missed"]) == (0, None, 0)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--from", "1990"], ConfigError),
        (["--from", "1991-01", "--to", "1990-01"], ConfigError),
        (["--from", "2020-01", "--to", "2020-12"], ConfigError),
        (["--readings", "readings.xlsx"], ConfigError),
        (["--vintages", "none.parquet"], ConfigError),
    ],
)
def test_wrong_requests_name_the_remedy(vintages: Path, arguments: list[str], error: type[Exception]):
    given = arguments if "--vintages" in arguments else ["--vintages", str(vintages), *arguments]
    failure = run(*given).exception
    assert isinstance(failure, error)
    assert failure.remedy


def test_a_file_without_a_column_is_refused(tmp_path: Path):
    path = tmp_path / "narrow.csv"
    path.write_text("source,series,period,value\nrtdsm,PAYROLLS,1990-01,1.0\n")
    failure = run("--vintages", str(path)).exception
    assert isinstance(failure, SourceRejected)
    assert "vintage" in failure.message


@pytest.mark.skipif(REAL is None, reason="the development vintages (macro_vintages_to_2014.parquet) are not here")
def test_real_vintages_reach_the_targets_of_discrimination():
    """Fifteen years that the settings were chosen on too: a guard against getting worse, not a track record."""
    found = validate(Panel(read_interchange(REAL)), parse_month("2000-01"), parse_month("2010-12")).summary()
    assert found["auc"] >= 0.985
    assert found["brier"] <= 0.03
    assert found["missed"] == 0
    assert found["label_agreement"] >= 0.98


def read_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the interchange form."""
    from mrie.panel.interchange import interchange_rows

    return interchange_rows(table, "economy")


def perfect_reader(first: str, last: str) -> Readings:
    """Readings that say .95 in recessions and .02 else, of every model; ahead, too."""
    data_months = np.arange(parse_month(first), parse_month(last) + 1)
    said = np.where(truth(data_months, default_turns()) == 1, 0.95, 0.02)
    ahead = np.where(truth(data_months + 12, default_turns()) == 1, 0.95, 0.02)
    columns = dict.fromkeys(MODELS, said) | dict.fromkeys(AHEAD, ahead)
    return Readings(pd.DataFrame({"month": data_months + 1, "data_month": data_months, **columns}), (), (), ())


@pytest.mark.parametrize("now", ["2008-10", "2009-01", "2009-05", "2010-08", "2011-06", "2014-12"])
def test_who_is_right_is_right_at_every_moment(now: str):
    month = parse_month(now)
    known = [turn for turn in default_turns() if turn.known <= month]
    found = score_readings(perfect_reader("1973-01", now), known)
    combined = found.scores[0]
    assert (combined.auc, combined.false_calls, combined.missed) == (1.0, 0, 0)
    assert combined.brier == pytest.approx(0.0025 * 0.14 + 0.0004 * 0.86, rel=0.2)
    assert found.ahead[0].auc == 1.0
    assert found.calls.lags("peak")[0] == 2


def test_months_that_nobody_can_judge_yet_are_left_out_and_said_to_be():
    known = [turn for turn in default_turns() if turn.known <= parse_month("2009-05")]
    found = score_readings(perfect_reader("1973-01", "2009-05"), known)
    assert found.scores[0].months == 12 * 35  # to 2007-12: the peak is announced, and how long it lasts is not known
    assert "17 months after 2007-12 are not scored: a turn in them may not be announced yet." in found.warnings


def test_a_recession_under_way_has_a_peak_to_call_and_no_trough():
    known = [turn for turn in default_turns() if turn.known <= parse_month("2010-08")]
    found = score_readings(perfect_reader("2007-01", "2010-08"), known).calls
    assert [(turn.kind, turn.month, turn.lag) for turn in found.turns] == [("peak", "2007-12", 2)]
    assert not found.false_calls
    assert not found.missed
