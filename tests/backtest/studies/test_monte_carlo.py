"""Monte-Carlo: a draw is its seed, method and number; permuting keeps the sum; a factor of one is the run itself."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from study_bench import COSTLY, alone, answer, bars_file, calls, outcomes, results, spec
from walks import DAY, MINUTE, intraday

from backtest import options
from backtest.core.columns import Columns
from backtest.run import Request
from backtest.sessions import flags_of
from backtest.studies import draws
from backtest.studies.draws import METHODS, drawn_slices, generator, trade_profits
from backtest.studies.measured import measured
from backtest.studies.monte_carlo import FACTORS, KIND
from backtest.studies.moves import moves
from backtest.studies.packing import unpacked
from backtest.studies.source import load
from backtest.studies.stress import stressed
from backtest.studies.trial import trial
from research.canonical import canonical
from zeno.errors import ConfigError


def asked(folder, *, methods=METHODS, number=12, chunk=5, factors=FACTORS, block=0.0, path=None, **more):
    return spec(KIND, path or bars_file(folder), fixed={"fast": 3, "slow": 15}, methods=list(methods), draws=number,
                chunk=chunk, factors=list(factors), block=block, **more)  # fmt: skip


def drawn(found, method):
    """Return the figures and paths of all draws of a method, in order."""
    mine = [one for one in found if one["method"] == method]
    return tuple(np.concatenate([unpacked(one[name]) for one in mine]) for name in ("figures", "paths"))


def test_the_same_spec_twice_is_the_same_tasks_and_the_same_bytes(tmp_path):
    one, other = asked(tmp_path), asked(tmp_path)
    assert calls(KIND, one) == calls(KIND, other)
    assert [each.sha256 for each in outcomes(KIND, one)] == [each.sha256 for each in outcomes(KIND, other)]


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_how_draws_are_cut_into_tasks_changes_none_of_them(tmp_path, chunk):
    whole, parts = (results(KIND, asked(tmp_path, chunk=size)) for size in (12, chunk))
    for method in ("trade_order", "returns", "prices"):
        for one, other in zip(drawn(whole, method), drawn(parts, method), strict=True):
            assert one.tobytes() == other.tobytes()
    told = [answer(KIND, asked(tmp_path, chunk=size), tmp_path).summary for size in (12, chunk)]
    assert canonical(told[0]) == canonical(told[1])


def test_a_task_alone_in_a_fresh_process_gives_the_same_bytes(tmp_path):
    of = asked(tmp_path, methods=["returns", "prices"])
    assert alone(calls(KIND, of)[-1]) == outcomes(KIND, of)[-1].result


def test_a_draw_depends_on_its_seed_method_and_number_alone(tmp_path):
    few, many = (results(KIND, asked(tmp_path, number=count)) for count in (4, 12))
    only = results(KIND, asked(tmp_path, methods=["prices"], number=4))
    for method in ("trade_order", "returns", "prices"):
        assert drawn(few, method)[0].tobytes() == drawn(many, method)[0][:4].tobytes()
    assert drawn(only, "prices")[0].tobytes() == drawn(few, "prices")[0].tobytes()
    other = results(KIND, asked(tmp_path, number=4, seed=4))
    assert (drawn(other, "returns")[0] != drawn(few, "returns")[0]).all()


def test_no_two_draws_share_their_randomness():
    seen = {int(generator(seed, method, draw).integers(2**62)) for seed in (0, 1) for method in METHODS
            for draw in range(50)}  # fmt: skip
    assert len(seen) == 2 * len(METHODS) * 50


def test_permuting_trades_of_fixed_sizes_keeps_their_sum_and_changes_the_way(tmp_path):
    of = asked(tmp_path, methods=["trade_order"], number=40, request=replace(COSTLY, sizer="quantity:1000"))
    found = results(KIND, of)
    assert found[1].get("permuted", "money") == "money"
    figures, paths = drawn(found, "trade_order")
    result = trial(of.question, {}, load(of.data, panel=False))
    profits = trade_profits(result)
    assert len(profits) == found[1]["trades"] > 10
    ends = (10**12 + int(profits.sum())) / 10**12
    assert (paths[:, -1] == ends).all()
    assert (figures[:, 0] == ends - 1.0).all()
    assert len(set(figures[:, 1])) > 20


def test_trades_whose_sizes_grow_with_the_equity_are_permuted_as_returns_on_it(tmp_path):
    path = bars_file(tmp_path, count=2_000, drift=0.003)  # the account grows fiftyfold
    of = asked(tmp_path, path=path, methods=["trade_order"], number=200)
    figures, paths = drawn(results(KIND, of), "trade_order")
    result = trial(of.question, {}, load(of.data, panel=False))
    profits = trade_profits(result)
    end = (10**12 + int(profits.sum())) / 10**12
    assert end > 40
    # Whatever their order, they never lose nearly all there was, and they end where the run did.
    assert (figures[:, 1] < 0.9).all()
    assert paths[:, -1] == pytest.approx(end, rel=1e-9)
    assert figures[:, 0] == pytest.approx(end - 1.0, rel=1e-9)
    assert len(set(figures[:, 1])) > 20
    told = answer(KIND, of, tmp_path).summary["methods"]["trade_order"]
    assert (told["permuted"], told["trades"]) == ("returns", len(profits))


def test_the_order_in_which_they_were_is_the_account_of_closed_trades_itself():
    profits = np.array([100, -50, 300], np.int64)
    before, after = draws.trade_equity(profits, 1000)
    assert (before.tolist(), after.tolist()) == ([1000, 1100, 1050], [1100, 1050, 1350])
    assert np.cumprod(1.0 + profits / before) * 1000 == pytest.approx(after)


def test_closed_trades_that_lost_all_there_was_have_no_returns(tmp_path, monkeypatch):
    monkeypatch.setattr(draws, "trade_profits", lambda result: np.array([-(2 * 10**12), 3 * 10**12]))
    found = answer(KIND, asked(tmp_path, methods=["trade_order"]), tmp_path).summary
    assert "lost all there was" in found["methods"]["trade_order"]["reason"]


def test_profits_of_trades_and_what_is_open_make_the_account_s_profit(tmp_path):
    of = asked(tmp_path, methods=["trade_order"])
    result = trial(of.question, {}, load(of.data, panel=False))
    found = results(KIND, of)[1]
    # Sharing a fill between trades rounds at twelve decimals, a trade's profit at six: half a unit for each.
    made = Decimal(int(trade_profits(result).sum())).scaleb(-6) + Decimal(found["open"])
    assert float(made) == pytest.approx(float(result.final_equity - 1_000_000), abs=1e-6)


def test_resampled_returns_are_the_run_s_own_and_spread_about_it(tmp_path):
    of = asked(tmp_path, methods=["returns"], number=300)
    found = results(KIND, of)
    figures, _ = drawn(found, "returns")
    run = found[0]
    own = unpacked(run["returns"])
    # The mean over draws of the Sharpe ratio: 300 draws leave a sixth of a standard deviation at three errors.
    assert figures[:, 2].mean() == pytest.approx(run["sharpe"], abs=figures[:, 2].std() / 5)
    assert found[1]["block"] >= 1.0
    mine = np.random.Generator(generator(3, "returns", 7).bit_generator)
    rows = draws.stationary_rows(len(own), found[1]["block"], 1, mine)[0]
    assert figures[7, 0] == np.cumprod(1.0 + own[rows])[-1] - 1.0


def test_a_price_path_is_traded_anew_and_the_same_bars_are_the_run_itself(tmp_path, monkeypatch):
    of = asked(tmp_path, methods=["prices"], number=3)
    found = results(KIND, of)
    assert len(set(drawn(found, "prices")[0][:, 0])) == 3
    assert found[1]["bars"] == 3 * 400
    monkeypatch.setattr(draws, "drawn_slices", lambda columns, block, random: np.arange(len(columns)))
    same = results(KIND, of)
    assert set(drawn(same, "prices")[0][:, 0]) == {same[0]["return"]}


def test_paths_within_a_day_are_drawn_by_whole_sessions():
    columns = intraday(days=8)
    rows = drawn_slices(columns, 2.0, np.random.default_rng(1)).reshape(8, 39)
    assert (np.diff(rows, axis=1) == 1).all()
    assert (rows[:, 0] % 39 == 0).all()
    moved = moves(columns)[1]
    frame = type("F", (), {"columns": columns})
    assert draws._unit_moves(frame) == pytest.approx(moved.reshape(8, 39).sum(axis=1))


def uneven(lengths):
    """Bars of a minute in sessions of these lengths, a day apart."""
    times = np.concatenate([day * DAY + 810 * MINUTE + np.arange(count) * MINUTE for day, count in enumerate(lengths)])
    closes = 10_000 + np.arange(len(times))
    return Columns(times, closes, closes, closes, closes, closes, flags=flags_of(times, MINUTE), duration=MINUTE)


@pytest.mark.parametrize("block", [1.0, 5.0])
def test_sessions_of_other_lengths_open_with_openings_and_keep_their_order(block):
    lengths = np.random.default_rng(2).integers(380, 391, 60)
    lengths[[7, 30]] = 210, 1  # half a day, and a lone bar
    places, sessions = np.concatenate([np.arange(count) for count in lengths]), np.repeat(np.arange(60), lengths)
    seen = set()
    for seed in range(5):
        rows = drawn_slices(uneven(lengths), block, np.random.default_rng(seed))
        assert (places[rows] == places).all()
        drawn = sessions[rows[places == 0]]
        for target, one in enumerate(drawn):
            whole = rows[sessions == target][: lengths[one]]
            assert (np.diff(whole) == 1).all()  # a session is drawn whole, or cut at its end
        seen |= set(drawn.tolist())
    assert len(seen) > 50


def test_what_a_short_session_lacks_comes_from_the_next_that_has_it():
    """Sessions of 4, 2, 3 and 4 bars, in the order 1, 2, 3, 0."""
    columns = uneven([4, 2, 3, 4])
    rows = draws._fitted(np.array([1, 2, 3, 0]), draws._session_starts(columns), len(columns))
    assert rows.tolist() == [4, 5, 8, 12, 6, 7, 9, 10, 11, 0, 1, 2, 3]


@pytest.mark.parametrize("tick", [None, 0])  # as the data have it; 0 where instruments' differ
def test_paths_are_quoted_in_the_data_s_ticks(tmp_path, monkeypatch, tick):
    cents = np.random.default_rng(1).integers(9_000, 11_000, 200)
    price = pa.array([Decimal(int(one)).scaleb(-2) for one in cents], pa.decimal128(18, 8))
    path = tmp_path / "cents.parquet"
    pq.write_table(pa.table({"ts": pa.array(np.arange(200) * DAY, pa.timestamp("us", "UTC")), "symbol": ["A"] * 200,
                             **dict.fromkeys(("open", "high", "low", "close"), price)}), path)  # fmt: skip
    of = asked(tmp_path, path=path, methods=["prices"])
    frame = load({**of.data, "price_scale": None}, panel=False)
    assert frame.tick == 10_000  # units of a millionth
    frame = frame if tick is None else replace(frame, tick=tick)
    traded, run = [], draws.trial
    monkeypatch.setattr(draws, "load", lambda data, panel: frame)
    monkeypatch.setattr(draws, "trial", lambda *told: traded.append(told[2]) or run(*told))
    draws.price_draws({"question": of.question, "data": of.data, "method": "prices", "first": 0, "stop": 2})
    on_tick = [(one.columns.closes % 10_000 == 0).all() for one in traded]
    assert on_tick == [tick is None] * 2


def test_a_panel_moves_together(tmp_path):
    path = bars_file(tmp_path, ("AAA", "BBB"))
    of = spec(KIND, path, "xs_momentum", fixed={"lookback": 20, "skip": 1, "top": 1}, panel=True, methods=["prices"],
              draws=2, chunk=1, factors=["1"], block=5.0)  # fmt: skip
    found = results(KIND, of)
    assert [one.get("block") for one in found] == [None, 5.0, 5.0]


def test_a_factor_of_one_is_the_run_itself_and_more_costs_more(tmp_path):
    found = results(KIND, asked(tmp_path, methods=["costs"], factors=["0", "1", "2", "5"]))
    base, runs = found[0], [one["runs"][0] for one in found[1:]]
    assert {name: runs[1][name] for name in ("digest", "returns", "fees")} == {
        name: base[name] for name in ("digest", "returns", "fees")}  # fmt: skip
    assert runs[0]["fees"] == 0.0
    equity = [one["return"] for one in runs]
    assert equity == sorted(equity, reverse=True)
    assert (runs[2]["cost"], runs[2]["slippage"]) == ("bps:10", "spread:4")


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        ("zero", "zero"),
        ("share:0.005,min=1", "share:0.01,min=2"),
        ("bps:5", "bps:10"),
        ("bps:5,1000000=3,5000000=1.5", "bps:10,1000000=6,5000000=3"),
        ("maker_taker:2,maker=0.5", "maker_taker:4,maker=1"),
        ("maker_taker:2,maker=-0.5", "maker_taker:4,maker=-0.5"),
    ],
)
def test_every_fee_model_is_scaled_by_its_amounts(model, wanted):
    run = {"cost": model, "slippage": "none"}
    assert stressed(run, Decimal(2), 0)["cost"] == wanted
    assert stressed(run, Decimal(1), 0) == run
    one, two = (options.costs(text, 0) for text in (model, wanted))
    assert [at for at, _ in one[1]] == [at for at, _ in two[1]]
    assert (two[0].rate, two[0].least) == (2 * one[0].rate, 2 * one[0].least)


@pytest.mark.parametrize("model", ["none", "ticks:3", "spread:2.5", "sqrt:0.1"])
def test_every_slippage_model_is_scaled_by_its_size(model):
    found = stressed({"cost": "zero", "slippage": model}, Decimal(2), 0)["slippage"]
    assert options.slippage(found).size == 2 * options.slippage(model).size


def test_no_model_of_the_engine_is_forgotten():
    """A new model has to say here what scaling it means."""
    names = {one.split(":")[0] for text in (options.COSTS, options.SLIPPAGES) for one in text.split(", ")}
    assert names == {"zero", "share", "bps", "maker_taker", "none", "ticks", "spread", "sqrt"}


def test_a_rebate_shrinks_with_costs_and_never_grows():
    run = {"cost": "maker_taker:2,maker=-0.5", "slippage": "none"}
    assert stressed(run, Decimal("0.5"), 0)["cost"] == "maker_taker:1,maker=-0.25"
    assert stressed(run, Decimal(0), 0)["cost"] == "maker_taker:0,maker=0"


def test_what_cannot_be_scaled_is_refused_before_anything_runs(tmp_path):
    with pytest.raises(ConfigError, match=r"times 0\.5"):
        KIND.count(asked(tmp_path, request=Request(strategy=None, slippage="ticks:1")))
    with pytest.raises(ConfigError, match="pay you"):
        KIND.count(asked(tmp_path, factors=["-1"]))


@pytest.mark.parametrize(
    ("change", "match"),
    [({"methods": ["luck"]}, "no methods"), ({"methods": []}, "no methods"),
     ({"methods": ["costs", "costs"]}, "no methods"),
     ({"number": 0}, "nothing to draw"), ({"block": 0.5}, "cannot be drawn"), ({"chunk": 0}, "0 parts")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(tmp_path, change, match):
    with pytest.raises(ConfigError, match=match):
        KIND.count(asked(tmp_path, **change))


def test_interleaved_instruments_have_no_joint_paths(tmp_path):
    with pytest.raises(ConfigError, match="Interleaved"):
        KIND.count(asked(tmp_path, path=bars_file(tmp_path, ("AAA", "BBB"))))


def test_a_run_without_trades_says_so(tmp_path):
    of = asked(tmp_path, path=bars_file(tmp_path, count=12), methods=["trade_order", "returns", "prices"])
    found = answer(KIND, of, tmp_path).summary
    assert found["probability_of_loss"] == {"trade_order": None, "returns": None, "prices": None}
    assert "closed" in found["methods"]["trade_order"]["reason"]
    assert "too few" in found["methods"]["returns"]["reason"]


def test_the_answer_has_bands_that_rise_and_a_row_a_draw(tmp_path):
    found = answer(KIND, asked(tmp_path, number=30), tmp_path)
    for row in found.summary["quantiles"]:
        values = [row[name] for name in ("q05", "q25", "q50", "q75", "q95")]
        assert values == sorted(values)
    for name, fan in found.summary["fans"].items():
        assert fan["bands"].shape == (5, draws.POINTS)
        assert (np.diff(fan["bands"], axis=0) >= 0).all()
        assert (fan["bands"][:, 0] == 1.0).all()
        assert (np.diff(fan["at"]) >= 0).all(), name
    assert len(pq.read_table(found.pages["draws"])) == 3 * 30
    assert [one["factor"] for one in found.summary["stress"]] == [0.0, 0.5, 1.0, 2.0, 5.0]


def test_the_base_run_is_the_run_that_a_backtest_gives(tmp_path):
    of = asked(tmp_path, methods=["costs"])
    run = measured(trial(of.question, {}, load(of.data, panel=False)), of.question)
    found = results(KIND, of)[0]
    assert all(canonical(found[name]) == canonical(value) for name, value in run.items())
    assert COSTLY.cost == of.question["run"]["cost"]


def test_intraday_bars_from_a_file_are_resampled_too(tmp_path):
    path = bars_file(tmp_path, count=600, step=10 * MINUTE, per_day=30)
    of = asked(tmp_path, path=path, methods=["prices"], number=2)
    assert load(of.data, panel=False).columns.duration < DAY
    assert len(set(drawn(results(KIND, of), "prices")[0][:, 0])) == 2
