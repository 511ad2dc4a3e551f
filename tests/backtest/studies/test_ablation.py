"""An ablation drops what it says and nothing else, pairs what it compares, and finds what was planted."""

from dataclasses import replace

import numpy as np
import pytest
from study_bench import COSTLY, alone, answer, bars_file, calls, idle_strategy, outcomes, results, spec

from backtest.strategies.files import find_strategy
from backtest.strategies.registry import strategy
from backtest.studies.ablation import KIND, sources
from backtest.studies.resample import generator
from backtest.studies.source import load
from backtest.studies.statistics.difference import sharpe_difference
from backtest.studies.trial import trial
from backtest.studies.variants import GROUPS, lengths, parse_rule, variants
from research.canonical import canonical
from zeno.errors import ConfigError

FINANCED = replace(COSTLY, borrow="0.02", interest="0.05")
MOMENTUM = {"lookback": 20, "skip": 1, "top": 1}


def asked(folder, *, groups=GROUPS, without=(), path=None, files=None, **more):
    path = path or bars_file(folder)
    return spec(KIND, path, groups=list(groups), without=[parse_rule(one) for one in without],
                sources=files or {"file": ["AAA"]}, **more)  # fmt: skip


def panel(folder, symbols=("AAA", "BBB", "CCC"), **more):
    return asked(folder, path=bars_file(folder, symbols), strategy="xs_momentum", fixed=MOMENTUM, panel=True, **more)


def rows(folder, of):
    return {one["name"]: one for one in answer(KIND, of, folder).summary["variants"]}


def test_the_same_spec_twice_is_the_same_tasks_and_the_same_bytes(tmp_path):
    one, other = panel(tmp_path), panel(tmp_path)
    assert calls(KIND, one) == calls(KIND, other)
    assert [each.sha256 for each in outcomes(KIND, one)] == [each.sha256 for each in outcomes(KIND, other)]
    assert len({canonical(answer(KIND, of, tmp_path).summary) for of in (one, other)}) == 1


def test_a_task_alone_in_a_fresh_process_gives_the_same_bytes(tmp_path):
    of = panel(tmp_path)
    assert alone(calls(KIND, of)[2]) == outcomes(KIND, of)[2].result


def test_a_parameter_that_does_nothing_makes_no_difference(tmp_path):
    of = asked(tmp_path, strategy=idle_strategy(tmp_path), without=["not idle:idle=3"])
    found = rows(tmp_path, of)
    for name in ("not idle", "no unheard by idle"):
        row = found[name]
        assert row["same_run"]
        differences = [row[one] for one in row if one.endswith("_difference")]
        assert [*differences, row["low"], row["high"]] == [0.0] * 6
    assert not found["no quick by fast"]["same_run"]


def test_each_cost_that_is_paid_is_dropped_and_no_other(tmp_path):
    of = asked(tmp_path, groups=["costs"], strategy="bollinger_reversion", request=FINANCED)
    base, *found = results(KIND, of)
    assert [one["name"] for one in found] == ["no fees", "no slippage", "no borrow", "no interest"]
    fees = {one["name"]: one["fees"] for one in found}
    assert fees["no fees"] == 0.0
    assert all(fees[name] > 0 for name in fees if name != "no fees")
    assert all(one["return"] > base["return"] for one in found[:3])
    frame = load(of.data, panel=False)
    for one, terms in zip(
        found, ({"cost": "zero"}, {"slippage": "none"}, {"borrow": "0"}, {"interest": "0"}), strict=True
    ):
        by_hand = trial({**of.question, "run": {**of.question["run"], **terms}}, {}, frame)
        assert by_hand.session.record.digest() == one["digest"]


def test_a_cost_that_is_not_paid_is_told_and_not_dropped(tmp_path):
    of = asked(tmp_path)
    summary = answer(KIND, of, tmp_path).summary
    assert {"The run pays no borrow.", "The run pays no interest."} <= set(summary["not_dropped"])
    assert "There is one symbol alone." in summary["not_dropped"]
    assert "All data come from one source." in summary["not_dropped"]


@pytest.mark.parametrize("gone", ["AAA", "BBB", "CCC"])
def test_a_symbol_left_out_is_a_run_on_the_others(tmp_path, gone):
    """All trade every day, so that the calendar without one is the calendar."""
    found = {one["name"]: one for one in results(KIND, panel(tmp_path, groups=["symbols"]))}
    others = tuple(one for one in ("AAA", "BBB", "CCC") if one != gone)
    alone_ = panel(tmp_path, others, groups=["symbols"])
    assert found[f"no {gone}"]["digest"] == results(KIND, alone_)[0]["digest"]


def test_interleaved_instruments_are_left_out_as_well(tmp_path):
    path = bars_file(tmp_path, ("AAA", "BBB"))
    found = {one["name"]: one for one in results(KIND, asked(tmp_path, path=path, groups=["symbols"]))}
    single = trial(asked(tmp_path).question, {}, load(asked(tmp_path).data, panel=False))
    assert found["no BBB"]["digest"] == single.session.record.digest()


def test_a_source_is_left_out_with_all_its_symbols(tmp_path):
    files = {"one": ["AAA", "BBB"], "other": ["CCC"], "all": ["AAA", "BBB", "CCC"]}
    of = panel(tmp_path, groups=["sources"], files=files)
    found = {one["name"]: one for one in results(KIND, of)}
    assert set(found) == {"base", "no source one", "no source other"}
    whole = {one["name"]: one for one in results(KIND, panel(tmp_path, groups=["symbols"]))}
    assert found["no source other"]["digest"] == whole["no CCC"]["digest"]
    assert "Without the source all there would be no data." in answer(KIND, of, tmp_path).summary["not_dropped"]


def test_a_file_or_a_named_source_is_one_source(tmp_path):
    assert sources(asked(tmp_path).data) == {"file": ["AAA"]}
    assert sources({"source": "vendor", "symbols": ["B", "A"]}) == {"vendor": ["A", "B"]}


def test_an_indicator_s_length_is_found_by_name_through_functions_and_parts_of_a_name(tmp_path):
    made = find_strategy(idle_strategy(tmp_path))
    assert lengths(made, made()) == {"fast": {"quick": 1}, "slow": {"calm": None}, "idle": {"unheard": 1}}
    bands = strategy("bollinger_breakout")
    assert lengths(bands, bands()) == {"period": {"upper": 2, "middle": 2, "lower": 2}}  # width is no length


def test_indicators_get_the_smallest_length_and_the_rest_is_told(tmp_path):
    of = asked(tmp_path, groups=["indicators"], strategy=idle_strategy(tmp_path))
    found, notes = variants(of.question, ["AAA"])
    assert [one.name for one in found] == ["no quick by fast", "no calm by slow", "no unheard by idle"]
    assert [one.parameters for one in found] == [{"fast": 1}, {"slow": 2}, {"idle": 1}]
    assert found[1].what == "SMA: slow 20 → 2, its minimum"
    assert notes == ["No parameter of the strategy is the length of before."]
    least = asked(tmp_path, groups=["indicators"], strategy=idle_strategy(tmp_path), fixed={"fast": 1})
    assert "quick by fast: 1 has no smaller value." in variants(least.question, ["AAA"])[1]


def test_a_rule_is_what_the_user_names():
    assert parse_rule("no trail:trail=0.0") == {"name": "no trail", "parameters": {"trail": 0.0}}


@pytest.mark.parametrize("text", ["", "x", "x:", ":a=1", "x:a", "x:a=b", "x:a=1,a=2", "x:=1"])
def test_what_is_no_rule_is_refused(text):
    with pytest.raises(ConfigError, match="not a rule"):
        parse_rule(text)


@pytest.mark.parametrize(
    ("change", "match"),
    [({"groups": ["luck"]}, "called luck"), ({"without": ["x:nothing=1"]}, "does not take nothing"),
     ({"without": ["x:fast=3", "x:fast=4"]}, "two things by one name"), ({"groups": []}, "nothing to drop")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(tmp_path, change, match):
    with pytest.raises(ConfigError, match=match):
        KIND.count(asked(tmp_path, **change))


def test_differences_are_against_the_base_run(tmp_path):
    of = panel(tmp_path)
    base, *found = results(KIND, of)
    table = rows(tmp_path, of)
    assert len(table) == len(found) == KIND.count(of) - 1
    for one in found:
        for name in ("sharpe", "return", "max_drawdown", "turnover"):
            assert table[one["name"]][f"{name}_difference"] == pytest.approx(one[name] - base[name], abs=1e-12)
        assert table[one["name"]]["low"] <= table[one["name"]]["sharpe_difference"] <= table[one["name"]]["high"]


def noisy(seed: int, edge: float, count: int = 1_000) -> tuple[np.ndarray, np.ndarray]:
    """Return two histories that share most of what moves them; the first earns ``edge`` more a period."""
    random = np.random.default_rng(seed)
    shared = random.normal(0.0, 1.0, count)
    return shared + random.normal(edge, 0.2, count), shared + random.normal(0.0, 0.2, count)


def test_a_planted_difference_is_found_and_none_is_not():
    hits = dict.fromkeys((0.0, 0.05), 0)
    for edge in hits:
        for seed in range(60):
            found = sharpe_difference(*noisy(seed, edge), 1, random=generator(1, seed), resamples=400)
            hits[edge] += found.low > 0 or found.high < 0
    # 5 % of 60 is 3, with a standard deviation of 1.7. The planted edge is 5.6 standard errors of a paired difference.
    assert hits[0.0] <= 9
    assert hits[0.05] >= 54


def test_pairing_is_what_makes_the_interval_narrow():
    one, base = noisy(1, 0.0)
    paired = sharpe_difference(one, base, 1, random=generator(1, 0))
    broken = sharpe_difference(one, np.random.default_rng(2).permutation(base), 1, random=generator(1, 0))
    assert (paired.high - paired.low) * 3 < broken.high - broken.low


def test_histories_of_other_periods_are_not_compared():
    with pytest.raises(ConfigError, match="cannot be compared"):
        sharpe_difference(np.arange(30.0), np.arange(29.0), 1, random=generator(1, 0))
    with pytest.raises(ConfigError, match="cannot be compared"):
        sharpe_difference(np.arange(9.0), np.arange(9.0), 1, random=generator(1, 0))
