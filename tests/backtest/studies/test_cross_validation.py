"""Purged splits: every slice is tested, and no label of the training shares a slice with a label of the test."""

from math import comb

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backtest.studies.cross_validation import Split, combinatorial_splits, paths, purged_folds
from zeno.errors import ConfigError

SPLITS = {
    "count": st.integers(20, 150),
    "groups": st.integers(2, 7),
    "tested": st.integers(1, 4),
    "purge": st.integers(0, 4),
    "embargo": st.integers(0, 4),
}


def split(count, groups, tested, purge, embargo) -> tuple[Split, ...]:
    assume(tested < groups)
    assume(count // groups > 2 * purge + embargo)  # shorter groups may leave nothing between two tests
    return combinatorial_splits((0, count), groups, tested, purge=purge, embargo=embargo)


def slices(parts) -> list[int]:
    return [at for start, stop in parts for at in range(start, stop)]


@given(**SPLITS)
def test_labels_of_training_and_test_share_no_slice_and_the_embargo_is_kept(count, groups, tested, purge, embargo):
    """By brute force: a label of slice i is known at i + purge."""
    for one in split(count, groups, tested, purge, embargo):
        wanted = []
        tests = slices(one.test)
        for at in range(count):
            shares = any(at <= tested_at + purge and tested_at <= at + purge for tested_at in tests)
            remembers = any(0 <= at - (stop + purge) < embargo for _, stop in one.test)
            if not shares and not remembers:
                wanted.append(at)
        assert slices(one.train) == wanted


@given(**SPLITS)
def test_every_group_is_tested_equally_often(count, groups, tested, purge, embargo):
    splits = split(count, groups, tested, purge, embargo)
    assert len(splits) == comb(groups, tested)
    times = np.bincount([at for one in splits for at in slices(one.test)], minlength=count)
    assert set(times.tolist()) == {comb(groups - 1, tested - 1)}


def test_k_folds_test_each_slice_once():
    tests = [at for one in purged_folds((10, 110), 5, purge=3, embargo=2) for at in slices(one.test)]
    assert tests == list(range(10, 110))
    assert [one.test for one in purged_folds((0, 3), 3)] == [((0, 1),), ((1, 2),), ((2, 3),)]


def test_neighbouring_test_groups_are_purged_as_one():
    first = combinatorial_splits((0, 40), 4, 2, purge=2, embargo=3)[0]
    assert first.test == ((0, 20),)
    assert first.train == ((25, 40),)


def test_six_groups_by_two_make_the_five_paths_of_the_book():
    found = paths(6, 2)  # section 12.4.1, figure 12.1
    assert found.shape == (5, 6)
    chosen = {one.number: one.groups for one in combinatorial_splits((0, 60), 6, 2)}
    pairs = [(number, group) for row in found for group, number in enumerate(row.tolist())]
    assert all(group in chosen[number] for number, group in pairs)
    assert len(set(pairs)) == 30  # each test result is used once


@pytest.mark.parametrize(
    ("groups", "tested", "lengths", "says"),
    [
        (1, 1, {}, "1 of 1 groups cannot be tested"),
        (11, 1, {}, "do not fit 10 slices"),
        (5, 1, {"purge": -1}, "purge is -1"),
        (5, 4, {"purge": 3}, "nothing to train on"),
    ],
)
def test_impossible_splits_are_refused(groups, tested, lengths, says):
    with pytest.raises(ConfigError, match=says):
        combinatorial_splits((0, 10), groups, tested, **lengths)


def test_a_mistyped_number_of_groups_is_refused():
    with pytest.raises(ConfigError, match="splits"):
        combinatorial_splits((0, 1_000), 40, 20)
