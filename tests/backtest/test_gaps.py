"""Panels whose instruments have no price yet, or miss one: nothing is done at a price that is not there."""

from pathlib import Path

import numpy as np

from backtest.core import events, lanes
from backtest.core.arithmetic import NONE
from backtest.core.columns import Columns
from backtest.core.now import Slice
from backtest.core.session import Session, Terms
from backtest.core.strategy import PanelStrategy
from backtest.sessions import flags_of
from backtest.strategies.xs_momentum import XsMomentum

DAY = 86_400_000_000


def rows(prices: list[list[int]], first: int = 0) -> Columns:
    """Return daily rows, each instrument at one price or none (NONE), from day ``first`` since 1970."""
    table = np.array(prices, np.int64)
    times = (np.arange(len(table)) + first) * DAY
    return Columns(times, table, table, table, table, np.zeros_like(table), flags=flags_of(times, DAY), duration=DAY)


def session(strategy: PanelStrategy, columns: Columns, **terms: object) -> Session:
    made = Session(
        strategy, Terms(**{"cash": (1_000_000,), "instruments": ({},) * columns.width, **terms}), Path("unused")
    )
    made.feed(columns)
    return made


class BuysSecond(PanelStrategy):
    def on_slice(self, now: Slice) -> None:
        if now.seen() == 0:
            now.target(1, 5)


def test_without_a_price_there_is_no_margin_to_be_had() -> None:
    columns = rows([[100, NONE], [100, 300_000]])
    dear = ({"margin": 100_000_000},) * 2
    made = session(BuysSecond(), columns, margined=True, instruments=dear)
    lanes.run(made, columns, "plain")
    assert made.record.of_kind(events.REJECT)[:, 5].tolist() == [events.BAD_PRICE]


class Reads(PanelStrategy):
    def on_slice(self, now: Slice) -> None:
        closes.append(now.close(1))


closes: list[int] = []


def test_a_split_of_what_is_not_held_scales_the_price_that_is_remembered() -> None:
    columns = rows([[100, 80], [100, NONE], [100, NONE]])
    made = session(Reads(), columns)
    closes.clear()
    lanes.proceed(made, 2, "plain")
    made.act(lambda account: account.split(2 * DAY, 1, 2, 1))
    lanes.proceed(made, 3, "plain")
    assert closes == [80, 80, 40]


def test_what_still_waits_to_be_bought_is_given_up_with_its_place_among_the_winners() -> None:
    # The second is the winner of January and has no price until March; the first is February's.
    first = (np.datetime64("2020-01-30") - np.datetime64("1970-01-01")).astype(int)
    prices = [[100, 110], [100, 200], *[[100 + k, NONE] for k in range(1, 30)], [130, 210], [130, 210], [130, 210]]
    columns = rows(prices, int(first))
    made = session(XsMomentum(lookback=1, skip=0, top=1), columns)
    lanes.run(made, columns, "plain")
    held = [made.number(one, "position") for one in made.engine.account.ledger.instruments]
    assert held[0] > 0
    assert held[1] == 0
