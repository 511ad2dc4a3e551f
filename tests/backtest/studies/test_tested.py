"""A test is an account of its own: it takes a position over and gives one back at what trading has cost so far."""

from types import SimpleNamespace

import numpy as np
import pytest
from study_bench import bars_file, spec

from backtest.holdings import fill_slices
from backtest.run import Request
from backtest.studies import tested
from backtest.studies.packing import unpacked
from backtest.studies.source import load
from backtest.studies.trial import trial
from backtest.studies.walk_forward import KIND

TERMS = Request(strategy=None, cost="bps:5", slippage="spread:2", sizer="equity:0.4")
FAST = {"fast": 3, "slow": 8, "strength": 0.0}


@pytest.fixture(scope="module", params=[("AAA",), ("AAA", "BBB")], ids=len)
def run(request, tmp_path_factory):
    """A run over one or two instruments, long and short, with its fills in the currency."""
    path = bars_file(tmp_path_factory.mktemp("bars"), request.param, count=260)
    asked = spec(KIND, path, "ema_crossover", fixed=FAST, request=TERMS)
    result = trial(asked.question, {}, load(asked.data, panel=False))
    rows = result.session.record.fills()
    return SimpleNamespace(
        result=result, times=result.frame.columns.times, slices=fill_slices(result), number=rows[:, 1] >> 8,
        quantity=rows[:, 3], price=rows[:, 4] / 100, fee=rows[:, 5] / 1e6,
        slipped=np.abs(rows[:, 3] * (rows[:, 4] - rows[:, 6])) / 100,
    )  # fmt: skip


@pytest.fixture(scope="module")
def windows(run):
    """Tests that begin with a slice that trades, each with the slice's number."""
    begins = np.unique(np.searchsorted(run.times, run.times[run.slices]))[4:40:4].tolist()
    return [(at, tested.tested(run.result, [int(run.times[at]), int(run.times[-1]) + 1], "slice")) for at in begins]


def held(run, before: int) -> dict[int, int]:
    """What the fills of the slices before one have led to, by instrument."""
    earlier = run.slices < before
    found = {number: int(run.quantity[earlier & (run.number == number)].sum()) for number in (0, 1)}
    return {number: quantity for number, quantity in found.items() if quantity}


def rate(run, before: int) -> float:
    """What a unit of turnover has cost in the slices before one."""
    earlier = run.slices < before
    cost = (run.fee + run.slipped)[earlier].sum()
    return cost / np.abs(run.quantity * run.price)[earlier].sum()


def last_close(run, number: int, before: int) -> float:
    columns = run.result.frame.columns
    return columns.closes[:before][columns.members[:before] == number][-1] / 100


def test_it_begins_and_ends_flat_and_adds_up_wherever_it_begins(run, windows):
    for _, one in windows:
        fills, returns = unpacked(one["fills"]), unpacked(one["returns"])
        for number in (0, 1):
            assert fills[fills[:, 1] == number, 2].sum() == 0
        earned = -fills[:, 4].sum() - fills[:, 5].sum()
        assert earned == pytest.approx(one["equity"] * (np.prod(1.0 + returns) - 1.0), abs=0.02)


def test_positions_are_taken_over_and_given_back_at_the_last_close_for_what_trading_has_cost(run, windows):
    assert any(min(held(run, at).values(), default=0) < 0 for at, _ in windows)  # some of them short
    whole, end = len(run.times), int(run.times[-1]) + run.result.frame.columns.duration
    for at, one in windows:
        fills, paid = unpacked(one["fills"]), 0.0
        first, last = held(run, at), held(run, whole)
        entry, exit_ = fills[: len(first)], fills[len(fills) - len(last) :]
        for rows, position, place, sign, moment in (
            (entry, first, at, 1, run.times[at]),
            (exit_, last, whole, -1, end),
        ):
            assert {int(row[1]): int(row[2]) for row in rows} == {n: sign * q for n, q in position.items()}
            for ts, number, quantity, price, notional, fee, slippage in rows:
                assert (ts, price, slippage) == (moment, last_close(run, int(number), place), 0.0)
                assert notional == pytest.approx(quantity * price)
                assert fee == pytest.approx(abs(notional) * rate(run, place))
                paid += fee
        assert one["handover"] == pytest.approx(paid / one["equity"])


def test_its_own_fills_are_those_of_the_run(run, windows):
    for at, one in windows:
        inside = run.slices >= at
        fills = unpacked(one["fills"])[len(held(run, at)) :][: inside.sum()]
        columns = (run.quantity, run.price, run.quantity * run.price, run.fee, run.slipped)
        np.testing.assert_allclose(fills[:, 2:], np.stack([each[inside] for each in columns], axis=1))
        assert one["digest"] == run.result.session.record.digest()


def test_exposures_are_of_the_same_period_ends(run, windows):
    equity, moments = run.result.session.record.equity(), run.result.session.record.moments()
    for _, one in windows:
        net, gross = unpacked(one["net"]), unpacked(one["gross"])
        assert len(net) == len(gross) == len(unpacked(one["moments"]))
        assert (gross >= np.abs(net) - 1e-12).all()
        assert (net < 0).any()
        place = np.flatnonzero(moments == unpacked(one["moments"])[0])[-1]
        ended = place + 1
        worth = {n: q * last_close(run, n, ended) for n, q in held(run, ended).items()}
        assert net[0] == pytest.approx(sum(worth.values()) / (equity[place] / 1e6))
        assert gross[0] == pytest.approx(sum(map(abs, worth.values())) / (equity[place] / 1e6))


def test_capacity_sees_of_each_fill_its_share_and_its_own_market_up_to_it(run, windows):
    columns = run.result.frame.columns
    for at, one in windows:
        market, inside = unpacked(one["market"]), np.flatnonzero(run.slices >= at)
        assert len(market) == len(inside)
        for (share, turned, volatility), fill in zip(market, inside, strict=True):
            mine = (columns.members == run.number[fill]) & (columns.times <= run.times[run.slices[fill]])
            closes = columns.closes[mine][-64:] / 100
            assert share == pytest.approx(abs(run.quantity[fill] * run.price[fill]) / one["equity"])
            assert turned == pytest.approx(closes[-1] * columns.volumes[mine][-1] / one["equity"])
            assert volatility == pytest.approx(np.diff(np.log(closes)).std())


def test_an_instrument_s_own_slices_are_the_same_side_by_side_and_one_after_another(tmp_path):
    asked = spec(KIND, bars_file(tmp_path, ("AAA", "BBB"), count=30))
    apart, beside = (load(asked.data, panel=panel).columns for panel in (False, True))
    for number in (0, 1):
        for one, other in zip(tested._own(apart, number), tested._own(beside, number), strict=True):
            assert len(one) == 30
            assert one.tolist() == other.tolist()
