"""Instruments that start later, pause or end: NaN here is a slice without a price.

slice        0 1 2 3 | 4 5 6 7 | 8 9 10 11 | 12      (decisions at 3, 7 and 11; trades a slice later)
whole        x x x x | x x x x | x x x  x  | x
later        . . . . | . x x x | x x x  x  | x
ended        x x x x | x x . . | . . .  .  | .
paused       x x x x | x x x . | . x x  x  | x
"""

import numpy as np
from panels import panel, run, shares, trades

from backtest.strategies.panel_allocation import EqualWeightRebalance, InverseVolatility
from backtest.strategies.panel_beta import BettingAgainstBeta
from backtest.strategies.panel_crash_filter import MomentumCrashFilter
from backtest.strategies.panel_low_volatility import LowVolatility
from backtest.strategies.panel_pairs import PairsDistance
from backtest.strategies.panel_reversal import ContrarianWeights, XsReversal

HUNDRED = 10_000
WHOLE, LATER, ENDED, PAUSED = range(4)


def with_gaps(closes: np.ndarray) -> np.ndarray:
    closes = closes.astype(float)
    closes[:5, LATER], closes[6:, ENDED], closes[7:9, PAUSED] = np.nan, np.nan, np.nan
    return closes


def test_equal_weights_of_those_that_trade() -> None:
    session = run(EqualWeightRebalance(invest=0.5), panel(with_gaps(np.full((13, 4), HUNDRED)), every=4))
    third, half = shares(0.5 / 3, HUNDRED), shares(0.25, HUNDRED)
    assert trades(session) == [
        (4, WHOLE, third), (4, ENDED, third), (4, PAUSED, third),
        (8, WHOLE, half - third), (8, LATER, half),  # only these two have prices on slice 7
        (9, PAUSED, -third),  # told to go on slice 7, and it does at its first price; the one that ended never can
        (12, WHOLE, third - half), (12, LATER, third - half), (12, PAUSED, third),
    ]  # fmt: skip


def test_an_order_waits_once() -> None:
    session = run(EqualWeightRebalance(), panel(with_gaps(np.full((60, 4), HUNDRED)), every=4))
    assert session.number(session.engine.account.orders, "working") == 1


def test_reversal_ranks_those_with_both_prices() -> None:
    fall = np.arange(13)[:, None] * np.array([50, -100, -200, 100])
    session = run(XsReversal(lookback=3, each=1), panel(with_gaps(HUNDRED + fall), every=4))
    done = [(at, number, int(np.sign(quantity))) for at, number, quantity in trades(session)]
    # 3: the one that will have ended fell most, the one that will pause rose most
    # 7: no two prices three slices apart but of the first: nothing to rank, all goes as far as it can trade
    # 11: first, later and paused do have prices on slice 8 or 11; the paused one lacks slice 8
    assert done == [(4, ENDED, 1), (4, PAUSED, -1), (9, PAUSED, 1), (12, WHOLE, -1), (12, LATER, 1)]


def test_contrarian_weights_leave_out_what_has_no_return() -> None:
    fall = np.arange(13)[:, None] * np.array([50, -100, -200, 100])
    session = run(ContrarianWeights(lookback=3), panel(with_gaps(HUNDRED + fall), every=4))
    assert {number for at, number, _ in trades(session) if at == 4} == {WHOLE, ENDED, PAUSED}
    assert {number for at, number, _ in trades(session) if at == 12} == {WHOLE, LATER}


def test_volatility_needs_its_own_past() -> None:
    closes = with_gaps(HUNDRED + np.array([(-1) ** t for t in range(13)])[:, None] * np.array([50, 10, 20, 30]))
    calm = run(LowVolatility(lookback=3, top=1), panel(closes, every=4))
    done = [(at, number, int(np.sign(quantity))) for at, number, quantity in trades(calm)]
    assert done == [
        (4, ENDED, 1),
        (8, WHOLE, 1),
        (12, WHOLE, -1),
        (12, LATER, 1),
    ]  # three returns of the later one at 8
    weighed = trades(run(InverseVolatility(lookback=3), panel(closes, every=4)))
    assert [number for at, number, _ in weighed if at == 12] == [WHOLE, LATER, PAUSED]


def test_betas_need_all_returns() -> None:
    market = np.array([0.01, -0.02, 0.03, -0.01, 0.02, -0.03, 0.01, 0.02, -0.01, 0.03, -0.02, 0.01])
    closes = 1e7 * np.vstack([np.ones(4), np.cumprod(1 + market[:, None] * np.array([0.5, 1.5, 1.0, 1.0]), axis=0)])
    session = run(BettingAgainstBeta(lookback=6, each=2), panel(with_gaps(closes), every=4))
    assert [(at, number) for at, number, _ in trades(session)] == [(12, WHOLE), (12, LATER)]


def test_a_pair_does_not_count_slices_without_both_prices() -> None:
    first = [HUNDRED + 10 * (-1) ** t for t in range(20)] + [HUNDRED, HUNDRED + 30, HUNDRED + 15, HUNDRED - 5, HUNDRED]
    closes = np.column_stack([first, np.full(len(first), HUNDRED)]).astype(float)
    gapped = np.insert(
        closes, [10, 22, 22], np.array([[np.nan, HUNDRED], [np.nan, HUNDRED], [HUNDRED - 5, np.nan]]), axis=0
    )
    whole, broken = (trades(run(PairsDistance(formation=20), panel(one, every=99))) for one in (closes, gapped))
    (_, _, short), (_, _, long), *_ = whole
    assert whole == [(22, 0, short), (22, 1, long), (24, 0, -short), (24, 1, -long)]
    # decided on slice 22 and 26; each leg trades at its next price
    assert broken == [(23, 1, long), (24, 0, short), (27, 0, -short), (27, 1, -long)]


def test_momentum_holds_nothing_that_has_ended() -> None:
    closes = 1e6 * (1 + np.array([0.001, -0.001, 0.004, 0.002])) ** np.arange(40)[:, None]
    closes[19:, 2] = np.nan
    strategy = MomentumCrashFilter(lookback=4, skip=1, each=1, memory=3)
    done = trades(run(strategy, panel(closes, every=5)))
    assert [number for at, number, _ in done if at == 10] == [1, 2]
    assert {number for at, number, _ in done if at == 20} == {1, 3}  # the next best; what has ended cannot be sold
