"""Walk-forward: a fold knows nothing of what comes after it, chooses on training alone, and pays for what it holds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from real_stocks import as_data, question, real_closes
from study_bench import bars_file

from backtest.studies import answers
from backtest.studies.packing import packed, unpacked
from backtest.studies.source import load
from backtest.studies.space import points
from backtest.studies.trial import history, score, trial
from backtest.studies.walk_forward import KIND, run_fold
from research.canonical import canonical
from research.spec import Spec
from zeno.errors import ConfigError, StudyError

STOCKS, DAYS = 4, 900
HOUR = 3_600_000_000


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return as_data(real_closes(STOCKS, DAYS), tmp_path_factory.mktemp("stocks") / "stocks.parquet")


def spec(data: Mapping[str, Any], **changed: Any) -> Spec:
    return Spec("walk_forward", question(**changed), data, "test", "test").normal()


def folds(data: Mapping[str, Any], **changed: Any) -> list[Mapping[str, Any]]:
    return [task.payload for task in KIND.tasks(spec(data, **changed))]


@pytest.fixture(scope="module")
def found(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What every fold computed."""
    return [run_fold(payload) for payload in folds(data)]


def shuffled_after(table: pa.Table, moment: int, seed: int) -> pa.Table:
    """Return the bars with the prices from a moment on handed out anew, stock by stock."""
    ts = table["ts"].cast(pa.int64()).to_numpy()
    symbols = np.array(table["symbol"].to_pylist())
    random, order = np.random.default_rng(seed), np.arange(len(table))
    for symbol in np.unique(symbols):
        later = np.flatnonzero((ts >= moment) & (symbols == symbol))
        order[later] = random.permutation(later)
    prices = {name: table[name].take(pa.array(order)) for name in ("open", "high", "low", "close")}
    return pa.table({"symbol": table["symbol"], "ts": table["ts"], **prices})


def test_the_same_spec_gives_the_same_tasks(data):
    assert canonical(folds(data)) == canonical(folds(data))
    assert KIND.count(spec(data)) == len(folds(data)) == 5


def test_training_ends_a_purge_before_its_test_and_tests_follow_each_other(data):
    times = np.unique(real_closes(STOCKS, DAYS)["ts"].cast(pa.int64()).to_numpy())
    for before, after in zip(folds(data), folds(data)[1:], strict=False):
        assert before["test"][1] == after["test"][0]
    for payload in folds(data):
        train, test = np.searchsorted(times, payload["train"]), np.searchsorted(times, payload["test"])
        assert (train[1] - train[0], test[0] - train[1], test[1] - test[0]) == (395, 5, 100)


@pytest.mark.parametrize("number", range(5))
def test_shuffling_what_comes_after_a_fold_changes_nothing_in_it(data, found, number, tmp_path):
    payload = folds(data)[number]
    other = as_data(shuffled_after(real_closes(STOCKS, DAYS), payload["test"][1], number), tmp_path / "other.parquet")
    assert number == 4 or other["sha256"] != data["sha256"]
    assert canonical(run_fold({**payload, "data": other})) == canonical(found[number])


@pytest.mark.parametrize("number", range(5))
def test_shuffling_what_comes_after_training_changes_no_choice(data, found, number, tmp_path):
    payload = folds(data)[number]
    other = as_data(shuffled_after(real_closes(STOCKS, DAYS), payload["train"][1], number), tmp_path / "other.parquet")
    again = run_fold({**payload, "data": other})
    assert again["scores"] == found[number]["scores"]
    assert again["chosen"] == found[number]["chosen"]
    assert again["returns"] != found[number]["returns"]


def test_a_fold_that_trains_on_its_test_is_found_out(data, tmp_path):
    """The gate, seen red: let training reach into the test, and the shuffle changes the scores."""
    payload = folds(data)[0]
    leaking = {**payload, "train": [payload["train"][0], payload["test"][1]]}
    other = as_data(shuffled_after(real_closes(STOCKS, DAYS), payload["train"][1], 1), tmp_path / "other.parquet")
    assert run_fold({**leaking, "data": other})["scores"] != run_fold(leaking)["scores"]


def test_a_fold_knows_nothing_of_what_came_before_its_training(data, found, tmp_path):
    payload, table = folds(data)[3], real_closes(STOCKS, DAYS)
    later = table.filter(pc.greater_equal(table["ts"].cast(pa.int64()), payload["train"][0]))
    assert len(later) < len(table)
    assert canonical(run_fold({**payload, "data": as_data(later, tmp_path / "later.parquet")})) == canonical(found[3])


@pytest.mark.parametrize("objective", ["sharpe", "return"])
def test_a_score_is_that_of_the_training_slices_that_are_not_embargoed_by_the_objective_asked(data, objective):
    payload = folds(data, embargo=40, objective=objective)[-1]
    asked, (begin, end) = payload["question"], payload["train"]
    for place, point in enumerate(points(asked["space"]["axes"])):
        made = history(trial(asked, point, load(data, panel=False, start=begin, end=end)), "slice")
        kept = np.ones(len(made.moments), bool)
        for start, stop in payload["embargoed"]:
            kept &= (made.moments <= start) | (made.moments > stop)
        assert 0 < kept.sum() < len(kept)
        expected = score(made.returns[kept], objective)
        assert unpacked(run_fold(payload)["scores"])[place] == pytest.approx(expected, rel=1e-12)


def test_the_best_in_training_is_chosen(found):
    for one in found:
        assert one["number"] == int(np.argmax(unpacked(one["scores"])))


def test_what_is_tested_is_the_choice(data, found):
    assert any(one["number"] for one in found)
    for payload, one in zip(folds(data), found, strict=True):
        whole = load(data, panel=False, start=one["train"][0], end=one["test"][1])
        assert one["digest"] == trial(payload["question"], one["chosen"], whole).session.record.digest()


def test_a_step_leaves_slices_between_tests_and_a_sample_is_of_the_number_asked(data):
    times = np.unique(real_closes(STOCKS, DAYS)["ts"].cast(pa.int64()).to_numpy())
    sample = {"axes": {"fast": {"low": 5, "high": 20}, "slow": [30, 60]},
              "sample": {"method": "latin", "count": 3, "seed": 1}}  # fmt: skip
    first, second, *_ = folds(data, step=150, space=sample)
    assert np.searchsorted(times, second["test"][0]) - np.searchsorted(times, first["test"][0]) == 150
    assert len(unpacked(run_fold(first)["scores"])) == 3


def test_a_step_longer_than_a_test_makes_no_year_shorter(data, tmp_path):
    found = [run_fold(payload) for payload in folds(data, step=200)]
    summary = KIND.answer(spec(data, step=200), lambda: enumerate(found), tmp_path).summary
    returns = np.concatenate([unpacked(one["returns"]) for one in found])
    times = np.unique(real_closes(STOCKS, DAYS)["ts"].cast(pa.int64()).to_numpy())
    per_year = (len(times) - 1) / (times[-1] - times[0]) * 365.25 * 24 * HOUR
    # A hundred slices hold a weekend more or less: a hundredth.
    assert summary["out_of_sample"]["volatility"] == pytest.approx(returns.std(ddof=1) * per_year**0.5, rel=0.01)


def test_a_point_that_the_strategy_refuses_is_told_before_anything_runs(data):
    crossed = {"axes": {"fast": [5, 60], "slow": [30]}, "sample": question()["space"]["sample"]}
    with pytest.raises(ConfigError, match="fast 60 is not below slow 30"):
        folds(data, space=crossed, strategy="ema_crossover")


def test_of_equals_the_first_is_chosen(data):
    twice = {"axes": {"fast": [5, 5], "slow": [30]}, "sample": question()["space"]["sample"]}
    one = run_fold(folds(data, space=twice)[0])
    assert len(set(unpacked(one["scores"]).tolist())) == 1
    assert one["number"] == 0


def test_an_account_of_tests_begins_and_ends_flat_and_adds_up(found):
    """What came in and went out with fills is what was earned: nothing is traded for free."""
    for one in found:
        fills, returns = unpacked(one["fills"]), unpacked(one["returns"])
        for number in range(STOCKS):
            assert fills[fills[:, 1] == number, 2].sum() == pytest.approx(0.0, abs=1e-9)
        earned = -fills[:, 4].sum() - fills[:, 5].sum()
        assert earned == pytest.approx(one["equity"] * (np.prod(1.0 + returns) - 1.0), abs=0.02)
        assert (np.diff(fills[:, 0]) >= 0).all()


def test_taking_over_a_position_is_paid_for(found):
    assert any(one["handover"] > 0 for one in found)
    for one in found:
        fills = unpacked(one["fills"])
        first = fills[fills[:, 0] == one["test"][0]]
        assert (first[:, 5] >= 0).all()
    assert any((unpacked(one["fills"])[:, 0] == one["test"][0]).any() for one in found)


def test_every_trial_is_kept_for_the_odds_of_overfitting(data, found):
    for one in found:
        assert unpacked(one["trials"]).shape == (100, 6)
        assert len(unpacked(one["scores"])) == 6


def test_an_embargo_leaves_slices_out_of_later_choices(data):
    plain, kept = folds(data), folds(data, embargo=40)
    assert kept[0]["embargoed"] == []
    assert kept[-1]["embargoed"]
    assert run_fold(kept[-1])["scores"] != run_fold(plain[-1])["scores"]


def test_anchored_folds_train_on_all_the_past(data):
    assert {payload["train"][0] for payload in folds(data, anchored=True)} == {folds(data)[0]["train"][0]}


def test_a_file_that_is_another_one_is_refused(data, tmp_path):
    payload = folds(data)[0]
    changed = as_data(real_closes(STOCKS, DAYS - 1), tmp_path / "stocks.parquet")
    with pytest.raises(StudyError, match="is not the file that the study names"):
        run_fold({**payload, "data": {**changed, "sha256": data["sha256"]}})


def test_windows_longer_than_the_data_are_refused(data):
    with pytest.raises(ConfigError):
        list(KIND.tasks(spec(data, train=5000)))


def test_the_answer_judges_what_was_run(data, found, tmp_path: Path):
    answer = KIND.answer(spec(data), lambda: enumerate(found), tmp_path)
    summary = answer.summary
    assert summary["trials"] == 6
    assert summary["runs"] == 5 * 6 * 2
    assert summary["out_of_sample"]["periods"] == 500
    assert (
        summary["sharpe_interval"]["low"]
        <= summary["sharpe_interval"]["estimate"]
        <= summary["sharpe_interval"]["high"]
    )
    assert 0.0 <= summary["overfitting"]["pbo"] <= 1.0
    assert summary["capacity"] == {"reason": "The data have no volumes."}
    assert [row["chosen"] for row in summary["folds"]] == [one["chosen"] for one in found]
    assert len(answer.parts) == 5
    page = answer.pages["tear sheet"].read_text()
    assert "sma_crossover, out of sample" in page
    assert "open at the end" not in page
    canonical(summary)


def test_a_fold_ends_flat_to_the_last_digit_whatever_its_size_is_scaled_by():
    rows = np.array([[float(at), at % 2, quantity, 10.0, quantity * 10.0, 0.0, 0.0]
                     for at, quantity in enumerate([7.0, 1.0, -3.0, -0.5, -4.0, -0.5])])  # fmt: skip
    fold = {"fills": packed(rows), "equity": 3.0, "symbols": ["A", "B"]}
    table = answers._fills(fold, 1.0)
    for symbol in ("A", "B"):
        mine = [one["quantity"] for one in table.to_pylist() if one["symbol"] == symbol]
        assert len(mine) == 3
        assert sum(mine) == 0


def test_a_test_that_begins_within_a_day_has_none_of_the_day_before_it(tmp_path):
    """Hours before a test were trained on, purged, or earned by the test before it already."""
    path = bars_file(tmp_path, count=24 * 30, step=HOUR, per_day=24)
    hourly = {"train": 250, "test": 100, "purge": 5, "period": "1d"}
    data = {**as_data(pq.read_table(path), tmp_path / "hours.parquet"), "price_scale": 2}
    for one in map(run_fold, folds(data, **hourly)):
        fills, returns = unpacked(one["fills"]), unpacked(one["returns"])
        earned = -fills[:, 4].sum() - fills[:, 5].sum()
        assert earned == pytest.approx(one["equity"] * (np.prod(1.0 + returns) - 1.0), abs=0.02)
