"""A map over executors: the same results in order, bit for bit, and errors that name the call."""

import numpy as np
import pytest

from research.executors import executor
from research.mapping import call_packed, fan_out, mapped, packed, unpacked
from zeno.errors import ConfigError, StudyError


def test_results_come_in_order_whatever_their_shape():
    payloads = [np.arange(size, dtype=float) for size in (5, 1, 0, 40)]
    with fan_out("local") as mapper:
        found = list(mapper(len, payloads))
    assert found == [5, 1, 0, 40]


def test_what_travels_comes_back_bit_for_bit():
    value = {"a": np.asfortranarray(np.random.default_rng(1).normal(size=(4, 3))), "b": float("nan")}
    again = unpacked(packed(value))
    assert again["a"].tobytes("A") == value["a"].tobytes("A")
    assert again["a"].flags.f_contiguous
    assert unpacked(call_packed(["math:sqrt", packed(2.0)])) == 2.0**0.5


@pytest.fixture
def dask():
    made = executor("dask", 1)
    yield made
    made.close()


def test_an_error_names_the_call_and_its_cause(dask):
    with pytest.raises(StudyError, match=r"json:loads 1 did not return: .*JSONDecodeError"):
        list(mapped("json:loads", ["1", "{"], dask))


def test_a_call_that_kills_its_worker_is_given_up_after_three_tries(dask):
    with pytest.raises(StudyError, match="os:_exit 0 did not return: The Dask worker died"):
        list(mapped("os:_exit", [9], dask))


def test_nothing_is_started_for_nothing():
    with fan_out("nowhere") as mapper:
        assert list(mapper(len, [])) == []
    with pytest.raises(ConfigError, match="no executor"), fan_out("nowhere") as mapper:
        list(mapper(len, [[1]]))
