"""Memory that runs hand on belongs to one of them at a time."""

import mmap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from backtest.core.pages import fresh

WORDS = 300_000  # 2.4 MB: two large pages


def test_memory_that_an_array_looks_at_is_nobody_elses() -> None:
    first = fresh(WORDS)
    first[:] = 7
    part = first[10:20].reshape(2, 5)
    del first
    others = [fresh(WORDS) for _ in range(12)]
    for one in others:
        one[:] = 8
    assert part.tolist() == [[7] * 5] * 2
    assert not any(np.shares_memory(part, one) for one in others)


@pytest.mark.skipif(not hasattr(mmap, "MADV_HUGEPAGE"), reason="the system has no large pages to keep")
def test_memory_that_nothing_looks_at_goes_to_the_next() -> None:
    first = fresh(WORDS)
    where, _ = first.ctypes.data, first.fill(7)
    del first
    assert fresh(WORDS).ctypes.data == where


@pytest.mark.parametrize("words", [0, 1, 1_000, 40_000, WORDS, 3_000_000])
def test_there_is_as_much_as_was_asked_for(words: int) -> None:
    found = fresh(words)
    found[:] = np.arange(words)
    assert (found.dtype, found.shape, found.flags.writeable) == (np.int64, (words,), True)
    assert found.tolist()[-1:] == [words - 1][:words]


def test_threads_share_none_of_it() -> None:
    def work(number: int) -> bool:
        fine = True
        for _ in range(200):
            one = fresh(WORDS if number % 2 else 40_000)
            one[::512] = number
            fine = fine and bool((one[::512] == number).all())
        return fine

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(work, range(6)))
