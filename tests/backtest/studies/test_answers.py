"""The answer of a walk forward: folds stitched as one account, and figures that are those of all folds and trials."""

from decimal import Decimal

import numpy as np
import pytest
from real_stocks import question

from backtest.studies import answers
from backtest.studies.answers import judged, performance
from backtest.studies.packing import packed
from backtest.studies.resample import generator
from backtest.studies.statistics.sharpe import deflated_sharpe
from backtest.studies.statistics.stitching import stitched
from backtest.tearsheet import tear_sheet
from research.canonical import canonical
from research.spec import Spec

DAY = 86_400_000_000
DATA = {"symbols": ["A", "B"], "currency": "USD", "caveats": ["Survivors only."]}
SPEC = Spec("walk_forward", question(), DATA, "test", "test")
COSTS = 0.5, 0.25  # fee and slippage of each fill


def fold(number: int, equity: float, days: int = 40, volumes: float = 0.0, step: int = 40) -> dict:
    """A fold of ``days`` days, ``step`` after the one before; it buys 10 units of B at 10 and sells them at 12."""
    start = (100 + number * step) * DAY
    random = generator(7, number)
    fills = np.array([[start, 1, 10, 10, 100, *COSTS], [start + 5 * DAY, 1, -10, 12, -120, *COSTS]], float)
    return {
        "fold": number,
        "train": [start - 50 * DAY, start - 3 * DAY],
        "test": [start, start + days * DAY],
        "chosen": {"fast": number},
        "number": 1,
        "scores": packed(np.array([0.1, 0.3, 0.2])),
        "trials": packed(random.normal(0.001, 0.01, (days, 3))),
        "moments": packed(start + np.arange(1, days + 1) * DAY),
        "returns": packed(random.normal(0.001, 0.01, days)),
        "net": packed(np.full(days, 0.25)),
        "gross": packed(np.full(days, 0.75)),
        "fills": packed(fills),
        "handover": 0.125,
        "equity": equity,
        "market": packed(np.array([[0.1, volumes / equity, 0.01]])) if volumes else packed(np.zeros((0, 3))),
        "symbols": ["A", "B"],
        "digest": "d",
    }


FOLDS = [fold(0, 1000.0), fold(1, 2000.0)]
WHOLE = stitched([(answers.unpacked(one["moments"]), answers.unpacked(one["returns"])) for one in FOLDS])


@pytest.fixture(scope="module")
def summary(tmp_path_factory):
    return answers.walk_forward(SPEC, lambda: enumerate(FOLDS), tmp_path_factory.mktemp("answer")).summary


def test_figures_of_returns_are_annualised():
    found = performance(np.array([0.1, -0.5, 0.2, 0.0]), 2.0)
    assert found["return"] == pytest.approx(1.1 * 0.5 * 1.2 - 1.0)
    assert found["cagr"] == pytest.approx((1.1 * 0.5 * 1.2) ** 0.5 - 1.0)  # over two years
    assert found["volatility"] == pytest.approx(np.std([0.1, -0.5, 0.2, 0.0], ddof=1) * 2.0**0.5)
    assert found["sharpe"] == pytest.approx(2.0 * -0.05 / found["volatility"])
    assert found["max_drawdown"] == pytest.approx(0.5)
    assert performance(np.array([-1.0, 0.5]), 252.0)["cagr"] == -1.0


def test_what_grows_beyond_all_numbers_in_a_year_has_no_yearly_growth():
    """Thirty minutes at 0.2 % each: half a million minutes a year of that are more than a float holds."""
    found = performance(np.full(30, 0.002), 525_600)
    assert found["cagr"] is None
    assert found["return"] == pytest.approx(1.002**30 - 1.0)
    assert performance(np.full(5_000, 1.0), 252.0)["return"] is None
    canonical(found | performance(np.full(5_000, 1.0), 252.0))


def test_a_fold_tells_its_days_both_included_and_its_own_figures(summary):
    first, second = summary["folds"]
    assert (first["train_from"], first["train_to"]) == ("1970-02-20", "1970-04-07")
    assert (first["test_from"], first["test_to"], second["test_from"]) == ("1970-04-11", "1970-05-20", "1970-05-21")
    assert (summary["out_of_sample"]["from"], summary["out_of_sample"]["to"]) == ("1970-04-11", second["test_to"])
    assert (first["chosen"], first["train_score"]) == ({"fast": 0}, 0.3)
    assert first["turnover"] == pytest.approx(220 / 1000 * 365.25 / 40)
    assert second["turnover"] == pytest.approx(220 / 2000 * 365.25 / 40)
    assert summary["turnover"] == pytest.approx((0.22 + 0.11) * 365.25 / 80)


def test_what_lies_between_tests_is_no_part_of_a_year(tmp_path):
    """The same tests end to end and with as much time again between them: the same figures a year."""
    both = ([fold(number, 1000.0, step=step) for number in range(3)] for step in (40, 80))
    plain, apart = (answers.walk_forward(SPEC, lambda folds=folds: enumerate(folds), tmp_path) for folds in both)
    for name in ("volatility", "sharpe", "cagr"):
        assert apart.summary["out_of_sample"][name] == pytest.approx(plain.summary["out_of_sample"][name])
        assert apart.summary["folds"][1][name] == pytest.approx(plain.summary["folds"][1][name])
    assert apart.summary["sharpe_interval"] == pytest.approx(plain.summary["sharpe_interval"])
    assert apart.summary["deflated_sharpe"]["luck"] == pytest.approx(plain.summary["deflated_sharpe"]["luck"])
    assert apart.summary["turnover"] == pytest.approx(plain.summary["turnover"])


def test_the_tear_sheet_s_year_leaves_out_what_lies_between_tests():
    folds = [fold(number, 1000.0, step=80) for number in range(3)]
    whole = stitched([(answers.unpacked(one["moments"]), answers.unpacked(one["returns"])) for one in folds])
    sheet = tear_sheet(answers._record(SPEC, folds, whole, 3, np.array([0.1, 0.2, 0.4])))
    assert sheet.period.per_year == 365.0
    assert sheet.period.years == pytest.approx(120 / 365.25)
    assert sheet.performance.cagr.value == pytest.approx(np.prod(1.0 + whole.returns) ** (365.25 / 120) - 1.0)


def test_costs_are_shares_of_what_each_fold_began_with(summary):
    assert summary["costs"] == pytest.approx({"fees": 1 / 1000 + 1 / 2000, "slippage": 0.5 / 1000 + 0.5 / 2000,
                                              "of_which_handover": 0.25})  # fmt: skip
    assert summary["caveats"] == ["Survivors only."]


def test_the_account_of_the_tear_sheet_is_stitched_each_fold_in_the_size_that_those_before_have_left():
    record = answers._record(SPEC, FOLDS, WHOLE, 3, np.array([0.1, 0.2, 0.4]))
    left = float(np.prod(1.0 + WHOLE.returns[:40]))
    sizes = [float(one) for one in record.fills["quantity"].to_pylist()]
    assert sizes == pytest.approx([10_000, -10_000, 5_000 * left, -5_000 * left])
    assert record.fills["price"].to_pylist() == [Decimal(10), Decimal(12)] * 2
    assert record.fills["symbol"].to_pylist() == ["B"] * 4
    assert float(record.marks["equity"][-1].as_py()) == pytest.approx(1e6 * np.prod(1.0 + WHOLE.returns))
    assert f"{record.marks['ts'][0].as_py():%Y-%m-%d}" == "1970-04-11"  # a close belongs to the day that it ends
    assert set(record.marks["gross_exposure"].to_pylist()) == {0.75}
    assert set(record.marks["net_exposure"].to_pylist()) == {0.25}
    assert record.trials_sharpe_variance == pytest.approx(np.var([0.1, 0.2, 0.4], ddof=1))


def test_luck_is_that_of_all_trials_and_overfitting_that_of_those_that_traded():
    trials = np.concatenate([answers.unpacked(one["trials"]) for one in FOLDS])
    idle = np.c_[trials, np.zeros(len(trials))]
    sharpes = np.array([0.5, 1.5, -0.5, 0.0])
    found = judged(WHOLE.returns, idle, sharpes, 252.0, 1)
    assert found["trials"] == 4
    assert found["deflated_sharpe"]["luck"] == deflated_sharpe(WHOLE.returns, sharpes, 252.0).luck
    assert found["overfitting"]["trials_that_traded"] == 3
    assert found["overfitting"]["pbo"] == judged(WHOLE.returns, trials, sharpes[:3], 252.0, 1)["overfitting"]["pbo"]


@pytest.mark.parametrize("equities", [(1e6, 4e6), (4e6, 1e6), (1e6, 1e5)])
def test_capacity_does_not_hang_on_what_each_fold_began_with(equities):
    """Each fold trades a tenth of its account in the same market."""
    alike, unlike = ([fold(at, one, volumes=1e9) for at, one in enumerate(many)] for many in ((1e6, 1e6), equities))
    assert answers._capacity(unlike, WHOLE) == pytest.approx(answers._capacity(alike, WHOLE))


def test_capacity_is_in_the_currency_whatever_the_account_was_tested_with():
    small, large = (answers._capacity([fold(0, equity, volumes=1e6)], WHOLE) for equity in (1e3, 1e4))
    assert small["size"] == pytest.approx(large["size"])
    idle = {"market": packed(np.array([[0.1, 1e3, 0.01], [0.9, 0.0, 0.01], [0.9, 1e3, 0.0]]))}
    assert answers._capacity([{**fold(0, 1e3), **idle}], WHOLE) == small  # no figure where nothing was turned over
    assert answers._capacity(FOLDS, WHOLE) == {"reason": "The data have no volumes."}
