"""A map over executors: the same results in order, bit for bit, and errors that name the call."""

import threading
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from study_kinds import ran
from threadpoolctl import threadpool_limits

from research.executors import executor
from research.executors.local import LocalExecutor
from research.mapping import call_packed, fan_out, mapped, packed, unpacked
from research.worker import Call, Outcome, _single_threaded, crashed, perform
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


def test_a_call_that_raised_would_raise_again_and_is_not_tried_again(tmp_path):
    asked = {"number": 0, "to": [0], "what": "raise", "trace": str(tmp_path / "trace")}
    with pytest.raises(StudyError, match="task 0 is poison"):
        list(mapped("study_kinds:answer", [asked], LocalExecutor()))
    assert ran(tmp_path / "trace") == Counter([0])


def test_an_interrupt_is_the_drivers_and_no_outcome_of_a_task():
    with pytest.raises(KeyboardInterrupt):
        perform([Call(0, "interrupted", "study_kinds:answer", '{"number":0,"to":[0],"what":"KeyboardInterrupt"}')])


def test_closing_waits_a_moment_for_the_chunk_underway():
    made = LocalExecutor()
    made.submit([Call(0, "short", "study_kinds:answer", '{"number":0,"seconds":0.2}')])
    made.close()
    assert [one.task for chunk in made.finished(0.001) for one in chunk] == [0]


def test_a_call_that_kills_its_worker_is_given_up_after_three_tries(dask):
    with pytest.raises(StudyError, match="os:_exit 0 did not return: The Dask worker died"):
        list(mapped("os:_exit", [9], dask))


class Dying(LocalExecutor):
    """Has two slots; its workers die under the first chunks, ``deaths`` times."""

    slots = 2

    def __init__(self, deaths: int) -> None:
        super().__init__()
        self.deaths, self.underway = deaths, 0

    def submit(self, calls: Sequence[Call]) -> None:
        self.underway += 1
        assert self.underway <= self.slots
        self.deaths -= 1
        if self.deaths >= 0:
            self._done.put(crashed(calls, "The worker died."))
        else:
            super().submit(calls)

    def finished(self, timeout: float) -> list[list[Outcome]]:
        found = super().finished(timeout)
        self.underway -= len(found)
        return found


def test_calls_that_others_die_beside_are_tried_again_and_no_slot_gets_two():
    made = Dying(deaths=2)
    assert list(mapped("json:loads", [str(number) for number in range(64)], made)) == list(range(64))
    with pytest.raises(StudyError, match="did not return: The worker died"):
        list(mapped("json:loads", ["1"], Dying(deaths=3)))


def test_linear_algebra_runs_in_one_thread_whatever_it_ran_in_before():
    """The order of a sum is part of its last digits."""
    with threadpool_limits(limits=2):
        _single_threaded.cache_clear()
        (found,) = perform([Call(0, "threads", "study_kinds:threads", "{}")])
    assert found.result == "1"


def test_the_executor_is_closed_at_the_end_even_after_an_error():
    before = set(threading.enumerate())
    with pytest.raises(StudyError, match="did not return"), fan_out("local") as mapper:
        list(mapper(len, [1]))
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive()


def test_nothing_is_started_for_nothing():
    with fan_out("nowhere") as mapper:
        assert list(mapper(len, [])) == []
    with pytest.raises(ConfigError, match="no executor"), fan_out("nowhere") as mapper:
        list(mapper(len, [[1]]))
