"""Resamples: seeded by study and task, made of what was there, and bars that the engine takes."""

import numpy as np
import pytest
import walks
from hypothesis import given
from hypothesis import strategies as st

from backtest.core.arithmetic import NONE
from backtest.core.columns import PRICES, Columns
from backtest.studies.resample import (
    bands,
    bar_path,
    circular_rows,
    compounded,
    generator,
    permuted,
    stationary_rows,
)
from zeno.errors import ConfigError

SEEDS = st.integers(0, 2**64 - 1)


@given(seed=SEEDS, task=st.integers(0, 10_000))
def test_a_draw_depends_on_seed_and_task_alone(seed, task):
    first = generator(seed, task).integers(2**63, size=4)
    generator(seed, task + 1).random(1_000)  # what others draw in between is nothing to it
    np.random.seed(5)
    assert (generator(seed, task).integers(2**63, size=4) == first).all()
    assert (generator(seed, task + 1).integers(2**63, size=4) != first).any()
    assert (generator(seed + 1, task).integers(2**63, size=4) != first).any()


def test_the_draws_of_a_task_are_pinned():
    """A stored result can be computed again only while these numbers stay."""
    assert generator(7, 3).integers(1_000, size=5).tolist() == [214, 133, 749, 86, 516]
    assert stationary_rows(6, 2.0, 1, generator(7, 3)).tolist() == [[5, 3, 4, 0, 5, 2]]


@given(count=st.integers(1, 60), resamples=st.integers(1, 20), seed=SEEDS)
def test_permuted_trades_are_the_same_trades(count, resamples, seed):
    rows = permuted(count, resamples, generator(seed, 0))
    assert (np.sort(rows, axis=1) == np.arange(count)).all()


def test_every_order_of_trades_is_equally_likely():
    codes = permuted(3, 60_000, generator(1, 0)) @ [9, 3, 1]
    counts = np.unique(codes, return_counts=True)[1]
    assert len(counts) == 6
    assert np.abs(counts - 10_000).max() < 4 * np.sqrt(10_000 * 5 / 6)  # four standard errors


@given(count=st.integers(1, 80), block=st.integers(1, 100), seed=SEEDS)
def test_circular_blocks_are_runs_of_neighbours_wrapped_round_the_end(count, block, seed):
    rows = circular_rows(count, block, 5, generator(seed, 0))
    assert rows.shape == (5, count)
    steps = np.diff(rows, axis=1) % count
    inside = (np.arange(1, count) % block) != 0
    assert (steps[:, inside] == 1 % count).all()


def test_every_row_is_drawn_equally_often():
    for rows in (stationary_rows(50, 7.0, 4_000, generator(2, 0)), circular_rows(50, 7, 4_000, generator(2, 0))):
        counts = np.bincount(rows.ravel(), minlength=50)
        assert np.abs(counts / 4_000 - 1).max() < 4 * np.sqrt(7 / 4_000)  # neighbours come together


@pytest.mark.parametrize("draw", [stationary_rows, circular_rows])
@pytest.mark.parametrize(("count", "block"), [(0, 2), (10, 0)])
def test_impossible_blocks_are_refused(draw, count, block):
    with pytest.raises(ConfigError, match="cannot be drawn"):
        draw(count, block, 1, generator(0, 0))


def test_the_order_of_trades_changes_the_path_and_not_the_end():
    returns = generator(3, 0).normal(0.01, 0.05, 40)
    equity = compounded(returns, permuted(40, 200, generator(3, 1)))
    np.testing.assert_allclose(equity[:, -1], np.prod(1 + returns), rtol=1e-12)  # products in another order
    low, high = bands(equity, levels=(0.1, 0.9))
    assert (low[:-1] < high[:-1]).all()
    assert high[-1] == pytest.approx(low[-1])


@pytest.mark.parametrize(
    "columns", [walks.daily(), walks.intraday(gap=40), walks.panel()], ids=["day", "minutes", "panel"]
)
def test_the_same_rows_give_the_same_bars(columns):
    path = bar_path(columns, np.arange(len(columns)))
    for name in Columns.names():
        assert (getattr(path, name) == getattr(columns, name)).all(), name
    assert path.duration == columns.duration


@pytest.mark.parametrize("make", [walks.daily, walks.panel])
@given(seed=SEEDS, block=st.floats(1, 40), tick=st.sampled_from([1, 5, 25]))
def test_a_path_is_one_that_the_engine_takes(make, seed, block, tick):
    columns = make(60)
    (rows,) = stationary_rows(60, block, 1, generator(seed, 0))
    path = bar_path(columns, rows, tick=tick)
    path.check()  # shapes, order, highs and lows
    assert path.times is columns.times or (path.times == columns.times).all()
    assert (path.volumes == columns.volumes[rows]).all()
    assert ((path.closes == NONE) == (columns.closes == NONE)[rows]).all()
    traded = path.closes != NONE
    for name in PRICES:
        values = getattr(path, name)
        assert ((values == NONE) == ~traded).all()
        assert (values[traded] >= tick).all()
        assert (values[traded] % tick == 0).all()


def test_instruments_move_together_and_returns_are_those_of_the_rows():
    columns = walks.panel(200, width=3)
    (rows,) = stationary_rows(200, 8.0, 1, generator(4, 0))
    path = bar_path(columns, rows)
    solid = slice(0, 1)  # the first instrument misses no day
    moved = np.log(path.closes[1:, solid] / path.closes[:-1, solid])
    own = np.log(columns.closes[1:, solid] / columns.closes[:-1, solid])
    known = rows[1:] > 0  # the first bar has no close before it
    np.testing.assert_allclose(moved[known], own[rows[1:][known] - 1], atol=2 / path.closes[:, 0].min())  # rounding


def test_a_bar_keeps_its_shape_over_the_close_before_it():
    columns = walks.daily(50)
    rows = np.array([7, 30, *range(48)])
    path = bar_path(columns, rows)
    before = path.closes[0]
    for name in PRICES:
        wanted = before * getattr(columns, name)[30] / columns.closes[29]
        assert getattr(path, name)[1] == pytest.approx(wanted, abs=1.0)  # the close before was rounded, and so is this


def test_a_gap_in_trading_is_bridged_by_the_last_close():
    """An instrument that misses a day resumes from where it stood, on the path as in the market."""
    prices = np.array([[100], [NONE], [200]], np.int64)
    columns = Columns(np.arange(3), prices, prices, prices, prices, np.array([[1], [0], [2]], np.int64))
    path = bar_path(columns, np.array([2, 1, 2]))
    assert path.closes[:, 0].tolist() == [200, NONE, 400]
    assert path.volumes[:, 0].tolist() == [2, 0, 2]


def refused(**changes) -> Columns:
    one = np.array([3, 4], np.int64)
    return Columns(**({"times": np.arange(2), "opens": one, "highs": one, "lows": one, "closes": one, "volumes": one}
                      | changes))  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (refused(lows=np.array([-1, 4])), "not positive"),
        (refused(lows=np.array([0, 4])), "not positive"),
        (refused(quotes=True), "Quotes"),
        (refused(members=np.array([0, 1])), "Interleaved"),
    ],
)
def test_what_has_no_path_is_refused(columns, says):
    with pytest.raises(ConfigError, match=says):
        bar_path(columns, np.arange(2))


def test_a_path_that_outgrows_the_prices_is_refused():
    closes = np.array([1, 10**9], np.int64)
    columns = refused(opens=closes, highs=closes, lows=closes, closes=closes)
    with pytest.raises(ConfigError, match="outgrows"):
        bar_path(columns, np.array([1, 1]))
    with pytest.raises(ConfigError, match="3 rows for 2 times"):
        bar_path(columns, np.array([1, 1, 1]))
