"""Splits, dividends, rates and deposits: what they do to an account, to the last unit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from backtest.actions import Action, read_actions
from backtest.core import events
from backtest.core.strategy import Strategy
from backtest.frames import Frame, Traded, frame_of
from backtest.run import Request, Result, run_backtest
from zeno.errors import ConfigError

START = datetime(2024, 1, 1, tzinfo=UTC)


class Once(Strategy):
    """Buy, or sell short, seven units after the first bar, and protect them; the quantity is the sizer's sign."""

    def on_bar(self, now: Any) -> None:
        if now.seen() == 0:
            now.buy(now.unit())
            now.stop(-now.unit(), now.close // 2)


class Short(Strategy):
    """Sell seven units short after the first bar."""

    def on_bar(self, now: Any) -> None:
        if now.seen() == 0:
            now.sell(now.unit())


def frame(prices: list[str], traded: tuple[Traded, ...] = (), symbol: str = "X") -> Frame:
    price = pa.array([Decimal(one) for one in prices], pa.decimal128(18, 2))
    times = [START + timedelta(days=day) for day in range(len(prices))]
    return frame_of(pa.table({"ts": pa.array(times, pa.timestamp("us", "UTC")), "symbol": [symbol] * len(prices),
                              "open": price, "high": price, "low": price, "close": price}),
                    panel=False, duration=86_400_000_000, traded=traded)  # fmt: skip


def at(day: int) -> int:
    return int((START + timedelta(days=day)).timestamp()) * 1_000_000


def ran(tmp_path: Path, prices: list[str], *actions: Action, strategy: Any = Once, lane: str = "plain") -> Result:
    request = Request(strategy(), sizer="quantity:7", lane=lane, actions=actions)
    return run_backtest(request, frame(prices), kernels=tmp_path)


def test_a_split_keeps_the_value_and_pays_the_fraction_in_cash(tmp_path: Path) -> None:
    result = ran(tmp_path, ["100.00", "100.00", "66.67", "66.67"], Action(at(2), "split", "X", Fraction(3, 2)))
    record = result.session.record
    split, paid = record.of_kind(events.SPLIT)[0], record.of_kind(events.CASH)[0]
    assert (split[3], split[4], split[5]) == (10, 3, 2)  # 7 * 3/2 = 10.5
    assert paid[4] == 33_335_000  # half a unit at 100 * 2/3 = 66.67
    assert result.final_equity == Decimal(1_000_000) - 700 + 10 * Decimal("66.67") + Decimal("33.335")


def test_a_split_rescales_orders_at_work(tmp_path: Path) -> None:
    split = Action(at(2), "split", "X", Fraction(2, 1))
    result = ran(tmp_path, ["100.00", "100.00", "50.00", "24.00"], split)
    stopped = result.session.record.fills()[-1]
    assert (stopped[3], stopped[4]) == (-14, 2400)  # the stop at 50 became one at 25: only the last bar reaches it


class Stopped(Strategy):
    """Waits to sell five short far below, and does nothing else."""

    def on_bar(self, now: Any) -> None:
        if now.seen() == 0:
            now.stop(-5, 1)


def test_an_order_of_which_a_split_leaves_nothing_ends(tmp_path: Path) -> None:
    split = Action(at(2), "split", "X", Fraction(1, 10))
    record = ran(tmp_path, ["10.00", "10.00", "100.00", "0.01"], split, strategy=Stopped).session.record
    assert record.of_kind(events.CANCEL)[:, [3, 5]].tolist() == [[0, events.BY_SPLIT]]
    assert len(record.fills()) == 0


def test_a_dividend_is_received_long_and_paid_short(tmp_path: Path) -> None:
    paid = Action(at(2), "dividend", "X", Fraction("0.24"))
    prices = ["10.00"] * 4
    assert ran(tmp_path, prices, paid).final_equity == Decimal(1_000_000) + 7 * Decimal("0.24")
    assert ran(tmp_path, prices, paid, strategy=Short).final_equity == Decimal(1_000_000) - 7 * Decimal("0.24")


def test_the_same_action_twice_counts_once(tmp_path: Path) -> None:
    paid = Action(at(2), "dividend", "X", Fraction("0.24"))
    again = ran(tmp_path, ["10.00"] * 4, paid, replace(paid))
    assert len(again.session.record.of_kind(events.CASH)) == 1


def test_a_split_and_a_dividend_of_one_day_both_happen(tmp_path: Path) -> None:
    both = (Action(at(2), "split", "X", Fraction(2)), Action(at(2), "dividend", "X", Fraction("1")))
    kinds = [row[1] & 255 for row in ran(tmp_path, ["10.00", "10.00", "5.00"], *both).session.record.rows()]
    assert kinds.count(events.SPLIT) == kinds.count(events.CASH) == 1


def test_actions_are_the_same_compiled(tmp_path: Path) -> None:
    both = (Action(at(2), "split", "X", Fraction(3, 2)), Action(at(3), "deposit", "USD", Fraction(500)))
    prices = ["100.00", "100.00", "66.67", "66.67", "70.00"]
    digests = {ran(tmp_path, prices, *both, lane=lane).session.record.digest() for lane in ("batch", "live", "plain")}
    assert len(digests) == 1


def test_a_position_in_another_currency_is_valued_at_its_rate(tmp_path: Path) -> None:
    abroad = frame(["10.00", "10.00", "12.00", "12.00"], (Traded("X", currency="EUR"),))
    rates = (Action(at(0), "rate", "EUR", Fraction("1.10")), Action(at(3), "rate", "EUR", Fraction("1.20")))
    request = Request(Once(), sizer="quantity:7", lane="plain", actions=rates, currency="USD")
    record = run_backtest(request, abroad, kernels=tmp_path).session.record
    # 70 EUR of stock, paid for with 70 EUR borrowed, gain 14 EUR: worth 15.40 USD, then 16.80
    gained = [(one - 10**12) / 10**6 for one in record.equity().tolist()]
    assert gained == [0, 0, 15.40, 16.80]
    assert record.of_kind(events.RATE)[-1][4] == 1_200_000_000


def test_no_rate_no_valuation(tmp_path: Path) -> None:
    abroad = frame(["10.00"] * 4, (Traded("X", currency="EUR"),))
    late = (Action(at(1), "rate", "EUR", Fraction("1.10")),)
    with pytest.raises(ConfigError, match="no rate of EUR in USD"):
        run_backtest(Request(Once(), lane="plain", currency="USD", actions=late), abroad, kernels=tmp_path)


def test_an_action_on_what_the_run_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="split of Y, which the run does not have"):
        ran(tmp_path, ["10.00"] * 4, Action(at(2), "split", "Y", Fraction(2)))


def test_actions_are_read_from_csv(tmp_path: Path) -> None:
    path = tmp_path / "actions.csv"
    path.write_text("ts,kind,name,value\n2024-01-03T00:00:00,split,X,3/2\n2024-01-04T00:00:00,dividend,X,0.24\n")
    assert read_actions(path) == [
        Action(at(2), "split", "X", Fraction(3, 2)),
        Action(at(3), "dividend", "X", Fraction("0.24")),
    ]


HEAD = "ts,kind,name,value\n"
UNREADABLE = {
    "": "cannot be read: Empty CSV",
    HEAD + "2024-01-03,split\n": "cannot be read: CSV parse error",
    HEAD + "soon,split,X,2\n": "ts are no moments",
    HEAD + "2024-01-03T00:00:00.123456789,split,X,2\n": "ts are no moments",
    HEAD + "2024,split,X,2\n": "not microseconds since 1970",
    HEAD + "2024-01-03,split,X,2\n,split,X,2\n": "ts has 1 missing",
    HEAD + "2024-01-03,split,,2\n": "names no symbol or currency",
    HEAD + "2024-01-03,,X,2\n": "there is no action",
}


@pytest.mark.parametrize("text", UNREADABLE)
def test_a_file_of_actions_with_a_defect_is_refused_by_its_name(text: str, tmp_path: Path) -> None:
    (tmp_path / "actions.csv").write_text(text)
    with pytest.raises(ConfigError, match=UNREADABLE[text]):
        read_actions(tmp_path / "actions.csv")


@pytest.mark.parametrize("value", ["1e-10", "1e9", "1e400"])
def test_a_rate_that_the_engine_cannot_hold_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match="a rate of EUR is too small or too large"):
        Action(at(0), "rate", "EUR", Fraction(value))


@pytest.mark.parametrize("value", ["1e400", "1e11", "1e-30"])
def test_a_split_beyond_what_can_be_held_is_refused(value: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"a split of .*(too many digits|more than can be held)"):
        ran(tmp_path, ["100.00"] * 4, Action(at(2), "split", "X", Fraction(value)))


def test_a_dividend_beyond_what_an_account_can_hold_is_refused(tmp_path: Path) -> None:
    huge = Action(at(2), "dividend", "X", Fraction(10**11))
    request = Request(Once(), sizer="quantity:10000000", lane="plain", actions=(huge,))
    with pytest.raises(ConfigError, match="a dividend of X is too large for the account"):
        run_backtest(request, frame(["100.00"] * 4), kernels=tmp_path)


@pytest.mark.parametrize(("row", "complaint"), [("bonus,X,1", "no action bonus"), ("split,X,0", "makes no sense"),
                                                ("dividend,X,x", "x is not a number")])  # fmt: skip
def test_actions_that_cannot_be_are_refused(row: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "actions.csv"
    path.write_text(f"ts,kind,name,value\n2024-01-03T00:00:00,{row}\n")
    with pytest.raises(ConfigError, match=complaint):
        read_actions(path)
