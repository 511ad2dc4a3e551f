"""A sweep gives every point the run that it would have by itself, wherever it is computed, and judges the best."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from study_bench import alone, answer, bars_file, calls, outcomes, results, spec
from walks import MINUTE

from backtest.studies import sweep_answer
from backtest.studies.measured import FIGURES, measured
from backtest.studies.packing import unpacked
from backtest.studies.source import load
from backtest.studies.space import points
from backtest.studies.sweep import KIND
from backtest.studies.sweep_answer import heat_map
from backtest.studies.trial import trial
from research.canonical import canonical
from zeno.errors import ConfigError

AXES = {"fast": [2, 5, 10], "slow": [20, 30]}
GRID = {"axes": AXES, "sample": {"method": "grid", "count": 0, "seed": 0}}


def asked(folder, chunk=4, space=GRID, path=None, **more):
    return spec(KIND, path or bars_file(folder), space=space, chunk=chunk, **more)


def test_the_same_spec_twice_is_the_same_tasks_and_the_same_bytes(tmp_path):
    one, other = asked(tmp_path), asked(tmp_path)
    assert one.id == other.id
    assert calls(KIND, one) == calls(KIND, other)
    assert [each.sha256 for each in outcomes(KIND, one)] == [each.sha256 for each in outcomes(KIND, other)]


@pytest.mark.parametrize("chunk", [1, 4, 5, 25])
def test_how_points_are_cut_into_tasks_changes_none_of_them(tmp_path, chunk):
    whole, parts = results(KIND, asked(tmp_path, chunk=6)), results(KIND, asked(tmp_path, chunk=chunk))
    assert len(parts) == -(-6 // chunk)
    assert canonical([one for part in parts for one in part["points"]]) == canonical(whole[0]["points"])
    told = [answer(KIND, asked(tmp_path, chunk=size), tmp_path).summary for size in (6, chunk)]
    assert canonical(told[0]) == canonical(told[1])


def test_a_task_alone_in_a_fresh_process_gives_the_same_bytes(tmp_path):
    of = asked(tmp_path)
    assert alone(calls(KIND, of)[1]) == outcomes(KIND, of)[1].result


def test_a_point_is_the_run_of_its_parameters(tmp_path):
    of = asked(tmp_path)
    found = [one for part in results(KIND, of) for one in part["points"]]
    assert [one["point"] for one in found] == points(AXES)
    for one in found:
        run = measured(trial(of.question, one["point"], load(of.data, panel=False)), of.question)
        assert canonical(run) == canonical({name: value for name, value in one.items() if name != "point"})


def test_the_best_comes_first_and_of_equals_the_earlier(tmp_path):
    space = {"axes": {"fast": [10, 5, 5, 2]}, "sample": GRID["sample"]}
    table = answer(KIND, asked(tmp_path, space=space), tmp_path).summary["points"]
    assert [one["score"] for one in table] == sorted((one["score"] for one in table), reverse=True)
    fives = [one["number"] for one in table if one["point"] == {"fast": 5}]
    assert fives == [2, 3]


@pytest.mark.parametrize("objective", ["return", "calmar"])
def test_the_objective_decides_which_is_best(tmp_path, objective):
    best = answer(KIND, asked(tmp_path, objective=objective), tmp_path).summary["points"]
    value = [one["return"] / (max(one["max_drawdown"], 1e-9) if objective == "calmar" else 1.0) for one in best]
    assert value == pytest.approx(sorted(value, reverse=True))


def test_the_file_has_every_point_and_the_summary_the_best(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep_answer, "SHOWN", 2)
    found = answer(KIND, asked(tmp_path), tmp_path)
    table = pq.read_table(found.pages["points"])
    assert (len(found.summary["points"]), found.summary["points_tried"], len(table)) == (2, 6, 6)
    assert table.column_names == ["rank", "number", "parameter_fast", "parameter_slow", *FIGURES]
    assert table["rank"].to_pylist() == [1, 2, 3, 4, 5, 6]
    assert table["sharpe"].to_pylist()[:2] == [one["sharpe"] for one in found.summary["points"]]


def test_the_best_is_judged_by_all_that_were_tried(tmp_path):
    found = answer(KIND, asked(tmp_path), tmp_path).summary
    assert found["trials"] == 6
    assert found["deflated_sharpe"]["dsr"] < found["deflated_sharpe"]["psr"]
    assert 0.0 <= found["overfitting"]["pbo"] <= 1.0
    assert found["bars"] == 6 * 400
    alone_ = answer(KIND, asked(tmp_path, space={**GRID, "axes": {"fast": [5]}}), tmp_path).summary
    assert "two trials" in alone_["overfitting"]["reason"]


def test_returns_have_the_length_of_the_history(tmp_path):
    part = results(KIND, asked(tmp_path))[0]
    assert unpacked(part["moments"]).shape == unpacked(part["points"][0]["returns"]).shape == (400,)


def test_a_sample_is_the_same_everywhere(tmp_path):
    space = {"axes": {"fast": {"low": 2, "high": 25}}, "sample": {"method": "latin", "count": 8, "seed": 5}}
    one, other = asked(tmp_path, space=space), asked(tmp_path, space=space)
    assert calls(KIND, one) == calls(KIND, other)
    other_seed = {**space, "sample": {**space["sample"], "seed": 6}}
    assert asked(tmp_path, space=other_seed).id != one.id


def test_a_point_that_the_strategy_refuses_is_told_before_anything_runs(tmp_path):
    space = {**GRID, "axes": {"fast": [5, 0]}}
    with pytest.raises(ConfigError, match="fast must be at least 1"):
        KIND.count(asked(tmp_path, space=space))
    crossed = {**GRID, "axes": {"fast": [5, 20], "slow": [10, 30]}}
    with pytest.raises(ConfigError, match="fast 20 is not below slow 10"):
        KIND.count(asked(tmp_path, space=crossed, strategy="ema_crossover"))
    assert KIND.count(asked(tmp_path, space=crossed)) > 0  # sma_crossover runs its rule for any two


def test_more_than_can_be_judged_together_is_refused(tmp_path):
    space = {**GRID, "axes": {"fast": list(range(1, 401)), "slow": list(range(2, 202))}}
    with pytest.raises(ConfigError, match="80,000 points of 400 returns"):
        KIND.count(asked(tmp_path, space=space))


def test_the_heat_map_has_the_best_of_each_cell():
    axes = {"a": [1, 2], "b": [1, 2], "c": [1, 2]}
    table = [{"point": point, "score": point["a"] * 10 + point["b"] - point["c"]} for point in points(axes)]
    assert heat_map(axes, table[:-2]) == {
        "x": {"name": "a", "values": [1, 2]},
        "y": {"name": "b", "values": [1, 2]},
        "scores": [[10, 20], [11, None]],
    }
    assert "two axes" in heat_map({"a": [1]}, table)["reason"]
    many = [{"point": {"a": n, "b": 0}, "score": 0.0} for n in range(61)]
    assert "60 values" in heat_map({"a": [], "b": []}, many)["reason"]


def test_a_panel_is_swept_like_a_single_instrument(tmp_path):
    path = bars_file(tmp_path, ("AAA", "BBB", "CCC"))
    space = {**GRID, "axes": {"lookback": [20, 60]}}
    of = spec(KIND, path, "xs_momentum", fixed={"skip": 1, "top": 1}, panel=True, space=space, chunk=1)
    found = [part["points"][0] for part in results(KIND, of)]
    assert found[0]["digest"] != found[1]["digest"]
    assert all(np.isfinite(unpacked(one["returns"])).all() for one in found)


def test_a_profit_within_two_hours_has_no_yearly_growth_and_is_told(tmp_path):
    path = bars_file(tmp_path, count=120, step=MINUTE, per_day=120, drift=0.01)
    of = asked(tmp_path, path=path)
    found = answer(KIND, of, tmp_path)
    assert max(row["return"] for row in found.summary["points"]) > 0.2
    assert found.summary["best"]["cagr"] is None
    canonical(found.summary)
    table = pq.read_table(found.pages["points"])
    assert (str(table["cagr"].type), str(table["fills"].type)) == ("double", "int64")
    assert None in table["cagr"].to_pylist()
