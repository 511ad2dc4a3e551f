"""Money that is easy to get wrong: margins of small positions, costs of long gaps, against exact fractions."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import walks
from hypothesis import given
from hypothesis import strategies as st

from backtest.core import events, lanes
from backtest.core.arithmetic import scaled_far
from backtest.core.columns import Columns
from backtest.core.now import Now
from backtest.core.session import Session, Terms
from backtest.core.strategy import Strategy
from backtest.frames import frame_of
from backtest.run import Request, run_backtest
from zeno.errors import ConfigError

YEAR = 360 * 100_000_000


@given(st.integers(-(10**15), 10**15), st.integers(0, 10**11))
def test_scaling_by_a_large_factor_is_exact_and_half_even(value: int, factor: int) -> None:
    if abs(value * factor // YEAR) < 2**62:
        assert scaled_far(value, factor, YEAR) == round(Fraction(value * factor, YEAR))


class Word(int):
    """An integer that does not fit a word fails instead of growing, as compiled code would wrap."""

    def __new__(cls, value: int) -> "Word":
        assert -(2**63) <= value < 2**63
        return super().__new__(cls, value)

    def __mul__(self, other: int) -> "Word":
        return Word(int(self) * int(other))

    __rmul__ = __mul__

    def __add__(self, other: int) -> "Word":
        return Word(int(self) + int(other))

    __radd__ = __add__

    def __sub__(self, other: int) -> "Word":
        return Word(int(self) - int(other))

    def __floordiv__(self, other: int) -> "Word":
        return Word(int(self) // int(other))


@pytest.mark.parametrize("factor", [10**8, 3 * 10**8, 31 * 10**8, 365 * 10**8])
def test_no_step_of_it_leaves_a_word(factor: int) -> None:
    value = YEAR - 1
    assert scaled_far(Word(value), Word(factor), Word(YEAR)) == round(Fraction(value * factor, YEAR))


class Once(Strategy):
    """Buys one unit, once."""

    def on_bar(self, now: Now) -> None:
        if now.seen() == 0:
            now.buy(1)


@pytest.mark.parametrize(("cash", "refused"), [(99_999_999, 1), (100_000_000, 0)])
def test_a_position_worth_less_than_a_hundred_needs_its_margin(cash: int, refused: int) -> None:
    flat = np.full(3, 9_999)  # 99.99 in cents
    columns = Columns(np.arange(3) * walks.DAY, flat, flat, flat, flat, flat, duration=walks.DAY)
    whole = 100_000_000 * 100_000_000 // 99_990_000 + 1  # a margin of just over 100%: 100.00 for a position of 99.99
    terms = Terms(instruments=({"worth": 10_000, "margin": whole - 1},), cash=(cash,), margined=True)
    session = Session(Once(), terms, Path("unused"))
    lanes.run(session, columns, "plain")
    assert session.record.of_kind(events.REJECT)[:, 5].tolist() == [events.NO_MARGIN] * refused


def test_prices_too_large_to_hold_a_single_unit_of_are_refused(tmp_path: Path) -> None:
    huge = pa.array([6 * 10**12] * 3)
    times = pa.array([walks.START + day * walks.DAY for day in range(3)], pa.timestamp("us", "UTC"))
    table = pa.table({"ts": times, "open": huge, "high": huge, "low": huge, "close": huge})
    frame = frame_of(table, panel=False, price_scale=0)
    with pytest.raises(ConfigError, match="too large to hold"):
        run_backtest(Request(Once(), lane="plain"), frame, kernels=tmp_path)
