"""Money that is easy to get wrong: margins of small positions, costs of long gaps, against exact fractions."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import walks
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from backtest.core import events, lanes
from backtest.core.arithmetic import floored, scaled_far
from backtest.core.columns import Columns
from backtest.core.compiler import compiled
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


WIDE = st.integers(1, 2**60)


@given(st.integers(-(2**62), 2**62), WIDE, WIDE)
def test_scaling_is_exact_however_wide_factor_and_divisor_are(value: int, factor: int, divisor: int) -> None:
    exact = Fraction(value * factor, divisor)
    if abs(exact) < 2**62:
        assert scaled_far(Word(value), Word(factor), Word(divisor)) == round(exact)


@given(st.integers(0, 2**62), WIDE, WIDE)
def test_rounding_down_is_exact_until_it_is_too_much_for_any_order(value: int, factor: int, divisor: int) -> None:
    found = floored(Word(value), Word(factor), Word(divisor))
    assert found == value * factor // divisor or found == 2**62 <= 2 * (value * factor // divisor) + 2 * factor


def test_it_is_the_same_compiled() -> None:
    far, down = compiled(scaled_far), compiled(floored)

    @njit
    def both(value, factor, divisor):
        return far(value, factor, divisor), down(abs(value), factor, divisor)

    draw = np.random.default_rng(3)
    for _ in range(500):
        value, factor, divisor = (int(2 ** draw.uniform(0, 60)) for _ in range(3))
        if value * factor // divisor < 2**61:
            sign = int(draw.choice([-1, 1]))
            assert both(sign * value, factor, divisor) == (
                round(Fraction(sign * value * factor, divisor)), value * factor // divisor)  # fmt: skip


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

    def __mod__(self, other: int) -> "Word":
        return Word(int(self) % int(other))

    def __rshift__(self, other: int) -> "Word":
        return Word(int(self) >> int(other))

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


class Weigh(Strategy):
    """Buys three, sells one, and waits at its mean price; tells that price by the limit."""

    def on_bar(self, now: Now) -> None:
        if now.seen() == 0:
            now.buy(3_000_000_000)
        elif now.seen() == 2:
            now.sell(1_000_000_000)
        elif now.seen() == 4:
            now.limit(1, now.entry())


def test_the_mean_price_of_a_large_position_is_the_same_compiled(kernels: Path) -> None:
    flat = np.full(6, 5_100_000)
    columns = Columns(np.arange(6) * walks.DAY, flat, flat, flat, flat, flat, duration=walks.DAY)
    told = []
    for lane in ("plain", "batch"):
        session = Session(Weigh(), Terms(cash=(2**60,), instruments=({"worth": 1, "per": 10_000},)), kernels)
        lanes.run(session, columns, lane)
        told.append(session.record.rows().tolist())
    assert told[0] == told[1]
    assert [row[5 - 1] for row in told[0] if row[1] & 255 == events.FILL][-1] == 5_100_000


def test_a_share_of_a_large_volume_is_the_same_compiled(kernels: Path) -> None:
    flat, volume = np.full(3, 5_100_000), np.full(3, 20_000 * 10**8)  # 20,000 BTC in units of 1e-8
    columns = Columns(np.arange(3) * walks.DAY, flat, flat, flat, flat, volume, duration=walks.DAY)
    terms = Terms(cash=(2**50,), participation=10_000_000, instruments=({"worth": 1, "per": 10_000},))
    for lane in ("plain", "batch"):
        session = Session(Once(), terms, kernels)
        lanes.run(session, columns, lane)
        assert session.record.fills()[:, 3].tolist() == [1]


def test_a_margin_in_a_currency_of_small_units_is_the_same_compiled(kernels: Path) -> None:
    flat = np.full(3, 9_999)
    columns = Columns(np.arange(3) * walks.DAY, flat, flat, flat, flat, flat, duration=walks.DAY)
    one = {"worth": 10_000, "margin": 100_000_000, "currency": 1}
    told = []
    for lane in ("plain", "batch"):
        session = Session(Once(), Terms(instruments=(one,), cash=(10**10, 0), margined=True), kernels)
        session.act(
            lambda account: account.revalue(0, 1, 150 * 10**9)
        )  # a dollar in yen: 99.99 dollars need more than 10,000 yen
        lanes.run(session, columns, lane)
        told.append(session.record.of_kind(events.REJECT)[:, 5].tolist())
    assert told == [[events.NO_MARGIN]] * 2
