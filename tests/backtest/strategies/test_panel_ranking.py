"""The order that panel strategies choose by: exact, whatever is offered, with ties in the order of the instruments."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.strategies.ranking import Ranking, Sides

SCORES = st.lists(st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, math.nan]), max_size=12)


def filled(thing: Ranking | Sides, scores: list[float]) -> Ranking | Sides:
    thing.clear()
    for number, score in enumerate(scores):
        thing.offer(number, score)
    return thing


def sorted_out(scores: list[float]) -> list[int]:
    known = [number for number, score in enumerate(scores) if not math.isnan(score)]
    return sorted(known, key=lambda number: (-scores[number], number))


@given(SCORES, st.integers(1, 5))
def test_best_are_the_first_of_a_stable_sort(scores: list[float], room: int) -> None:
    best = filled(Ranking(room, 0), scores)
    order = sorted_out(scores)
    assert best.numbers[: best.count] == order[:room]
    assert best.offered == len(order)
    assert [number for number in range(len(scores)) if best.has(number)] == sorted(order[:room])


@given(SCORES, st.integers(1, 5))
def test_sides_are_the_ends_of_one_order(scores: list[float], each: int) -> None:
    sides = filled(Sides(each), scores)
    sides.settle()
    order = sorted_out(scores)
    size = min(each, len(order) // 2)
    size = size if size and scores[order[0]] != scores[order[-1]] else 0
    expected = dict.fromkeys(order[:size], 1) | dict.fromkeys(order[len(order) - size :], -1)
    assert {number: sides.side(number) for number in range(len(scores)) if sides.side(number)} == expected


def test_a_ranking_is_used_again_after_clearing() -> None:
    best = filled(Ranking(2, 0), [1.0, 2.0, 3.0])
    assert filled(best, [5.0]).numbers[:1] == [0]
    assert (best.count, best.offered, best.has(2)) == (1, 1, False)


@pytest.mark.parametrize("each", [1, 3])
def test_equal_scores_take_no_side(each: int) -> None:
    sides = filled(Sides(each), [0.0] * 8)
    sides.settle()
    assert sides.size == 0
