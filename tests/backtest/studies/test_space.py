"""The space of parameters: what is written is what is searched, once each, the same everywhere."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.studies.space import parse_axis, points
from zeno.errors import ConfigError


def test_an_axis_is_values_a_range_with_a_step_or_a_range_to_sample():
    assert parse_axis("fast=5,10") == ("fast", [5, 10])
    assert parse_axis("share=0.1:0.5:0.1") == ("share", [0.1, 0.2, 0.3, 0.4, 0.5])
    assert parse_axis("share=0.0:0.3:0.1") == ("share", [0.0, 0.1, 0.2, 0.3])  # though 0.3 / 0.1 < 3
    assert parse_axis("rate=1e-3:0.1") == ("rate", {"low": 0.001, "high": 0.1})


@pytest.mark.parametrize("text", ["fast", "=1", "fast=", "fast=a", "fast=1:2:3:4", "fast=1,,2", "a=1e999"])
def test_what_is_no_axis_is_refused(text):
    with pytest.raises(ConfigError, match="is not an axis"):
        parse_axis(text)


@pytest.mark.parametrize("text", ["fast=5:5", "fast=9:1", "fast=1:9:0", "fast=1:9:-1"])
def test_an_axis_rises(text):
    with pytest.raises(ConfigError, match="does not rise"):
        parse_axis(text)


@pytest.mark.parametrize("text", ["fast=5,5", "fast=5,10,5.0"])
def test_a_value_is_given_once(text):
    with pytest.raises(ConfigError, match="has 5 twice"):
        parse_axis(text)


@pytest.mark.parametrize("text", ["fast=1:100000000000:1", "fast=0:1e308:1e-308", f"fast=1:1{'0' * 400}:1"])
def test_an_axis_too_long_is_refused_before_it_is_made(text):
    with pytest.raises(ConfigError, match=r"too many|is not an axis"):
        parse_axis(text)


@pytest.mark.parametrize("method", ["random", "latin"])
def test_a_sample_too_large_is_refused_before_it_is_drawn(method):
    with pytest.raises(ConfigError, match="100,000,000,000 points"):
        points({"a": [1, 2]}, method=method, count=100_000_000_000)


@pytest.mark.parametrize("method", ["random", "latin"])
def test_a_sample_has_a_seed_from_zero_and_something_to_sample(method):
    with pytest.raises(ConfigError, match="seed -1"):
        points({"a": [1, 2]}, method=method, count=2, seed=-1)
    with pytest.raises(ConfigError, match="nothing to sample"):
        points({}, method=method, count=2)


def test_a_grid_has_every_combination_once_the_last_axis_fastest():
    assert points({"a": [1, 2], "b": [0.5, 1.5]}) == [
        {"a": 1, "b": 0.5}, {"a": 1, "b": 1.5}, {"a": 2, "b": 0.5}, {"a": 2, "b": 1.5}]  # fmt: skip
    assert points({}) == [{}]


def test_a_grid_takes_no_range_and_has_an_end():
    with pytest.raises(ConfigError, match="a range without a step"):
        points({"a": {"low": 1, "high": 2}})
    with pytest.raises(ConfigError, match="1,002,001 points"):
        points({"a": list(range(1001)), "b": list(range(1001))})
    with pytest.raises(ConfigError, match="no method"):
        points({}, method="guess")
    with pytest.raises(ConfigError, match="number of points"):
        points({"a": [1]}, method="random")


@given(st.integers(1, 60), st.integers(0, 2**31))
def test_a_latin_hypercube_has_one_point_in_every_slice_of_an_axis(count, seed):
    found = points({"x": {"low": 0.0, "high": 1.0}, "y": {"low": 0.0, "high": 1.0}}, method="latin", count=count,
                   seed=seed)  # fmt: skip
    for name in "xy":
        # A point on the edge between two slices may be rounded into either.
        slices = sorted(int(np.floor(one[name] * count + 1e-9)) for one in found)
        assert slices == list(range(count))


def test_whole_numbers_and_values_are_sampled_evenly_the_last_as_often_as_the_first():
    axes = {"whole": {"low": 1, "high": 3}, "value": [10, 20, 30], "share": {"low": 0.0, "high": 1.0}}
    found = points(axes, method="latin", count=30, seed=1)
    assert Counter(one["whole"] for one in found) == dict.fromkeys((1, 2, 3), 10)
    assert Counter(one["value"] for one in found) == dict.fromkeys((10, 20, 30), 10)


@pytest.mark.parametrize("method", ["random", "latin"])
def test_a_sample_is_its_seed_s(method):
    axes = {"a": {"low": 0.0, "high": 1.0}, "b": [1, 2, 3]}
    first = points(axes, method=method, count=10, seed=4)
    assert points(axes, method=method, count=10, seed=4) == first
    assert points(axes, method=method, count=10, seed=5) != first


@given(st.integers(-50, 50), st.integers(1, 50), st.integers(0, 99))
def test_whole_numbers_stay_whole_within_the_ends_and_none_comes_twice(low, width, seed):
    found = points({"a": {"low": low, "high": low + width}}, method="random", count=30, seed=seed)
    values = [one["a"] for one in found]
    assert all(isinstance(one, int) and low <= one <= low + width for one in values)
    assert len(set(values)) == len(values)
