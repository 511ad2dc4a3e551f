"""Folds walk forward: training ends before its test, tests follow each other, and what leaks is left out."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backtest.studies.folds import Fold, walk_forward
from zeno.errors import ConfigError

LENGTHS = {
    "start": st.integers(-50, 50),
    "count": st.integers(1, 300),
    "train": st.integers(1, 60),
    "test": st.integers(1, 40),
    "spare": st.integers(0, 20),
    "purge": st.integers(0, 20),
    "embargo": st.integers(0, 20),
    "anchored": st.booleans(),
}


def walked(start, count, train, test, spare, purge, embargo, anchored) -> tuple[Fold, ...]:
    assume(purge < train and count >= train + test)
    # A longer embargo may leave a rolling window nothing.
    assume(anchored or embargo < min(train - purge, test + spare))
    return walk_forward((start, start + count), train=train, test=test, step=test + spare, purge=purge,
                        embargo=embargo, anchored=anchored)  # fmt: skip


def slices(parts) -> set[int]:
    return {at for start, stop in parts for at in range(start, stop)}


@given(**LENGTHS)
def test_no_fold_trains_on_its_test_its_purge_or_what_follows(**lengths):
    for fold in walked(**lengths):
        assert max(slices(fold.train_parts)) < fold.test[0] - lengths["purge"]


@given(**LENGTHS)
def test_tests_are_disjoint_a_step_apart_and_as_many_as_fit(**lengths):
    folds = walked(**lengths)
    step = lengths["test"] + lengths["spare"]
    assert [fold.number for fold in folds] == list(range(len(folds)))
    assert [fold.test[0] for fold in folds] == [folds[0].test[0] + step * number for number in range(len(folds))]
    assert all(fold.test[1] - fold.test[0] == lengths["test"] for fold in folds)
    end = lengths["start"] + lengths["count"]
    assert folds[0].test[0] == lengths["start"] + lengths["train"]
    assert folds[-1].test[1] <= end < folds[-1].test[1] + step


@given(**LENGTHS)
def test_rolling_windows_keep_their_length_and_anchored_ones_their_start(**lengths):
    for fold in walked(**lengths):
        if lengths["anchored"]:
            assert fold.train[0] == lengths["start"]
        else:
            assert fold.train[1] - fold.train[0] == lengths["train"] - lengths["purge"]


@given(**LENGTHS)
def test_what_follows_a_test_is_embargoed_in_every_later_fold_and_nothing_else_is(**lengths):
    folds = walked(**lengths)
    for fold in folds:
        after = [(one.test[1], one.test[1] + lengths["embargo"]) for one in folds[: fold.number]]
        assert slices(fold.train_parts) == slices([fold.train]) - slices(after)


def test_a_walk_without_a_step_tests_every_slice_once():
    folds = walk_forward((0, 103), train=20, test=10)
    assert [at for fold in folds for at in range(*fold.test)] == list(range(20, 100))
    assert folds[0].train_parts == ((0, 20),)


@pytest.mark.parametrize(
    ("lengths", "says", "remedy"),
    [
        ({"train": 90, "test": 20}, "No fold fits: train and test take 110, and there are 100", "longer period"),
        ({"train": 0, "test": 20}, "train is 0", "at least 1"),
        ({"train": 50, "test": 10, "step": 5}, "tests overlap", "Leave step out"),
        ({"train": 10, "test": 10, "purge": 10}, "leaves nothing", "Shorten purge"),
        ({"train": 10, "test": 10, "purge": -1}, "purge is -1", "from 0"),
        ({"train": 10, "test": 10, "purge": 2, "embargo": 9}, "leaves fold 2 nothing to train", "Shorten the embargo"),
    ],
)  # fmt: skip
def test_what_cannot_be_says_why_and_what_to_do(lengths, says, remedy):
    with pytest.raises(ConfigError, match=says) as caught:
        walk_forward((0, 100), **lengths)
    assert remedy in caught.value.remedy
