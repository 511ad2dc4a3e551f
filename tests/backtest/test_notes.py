"""A run says what of its request had no effect, and why nothing was traded; so does a study."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from study_bench import bars_file

from backtest.compare import compare_strategies
from backtest.core.strategy import Strategy, indicator
from backtest.frames import frame_of
from backtest.indicators import EMA, SMA
from backtest.report import run_record
from backtest.run import Request, Result, run_backtest
from backtest.strategies.registry import CATALOGUE
from backtest.studies import ask
from backtest.tearsheet import tear_sheet
from zeno.settings import Settings

START = datetime(2024, 1, 1, tzinfo=UTC)


class Half(Strategy):
    """Hold half of the equity: the sizer is never asked."""

    def on_bar(self, now: Any) -> None:
        now.weight(0.5)


class Helped(Strategy):
    """Ask the sizer in a helper of the module's."""

    def on_bar(self, now: Any) -> None:
        enter(now)


def enter(now: Any) -> None:
    now.hold(1)


class Chained(Strategy):
    """Needs five bars, and four more."""

    first: float = indicator(EMA, 5)
    second: float = indicator(SMA, 5, of="first")

    def on_bar(self, now: Any) -> None:
        if self.second > 0.0:
            now.hold(1)


class FarAway(Strategy):
    """Bid at half of the price."""

    def on_bar(self, now: Any) -> None:
        now.limit(1, now.close * 0.5)


class Nothing(Strategy):
    """Ask for orders of nothing, which are refused."""

    def on_bar(self, now: Any) -> None:
        now.buy(0)


def bars(count: int, *symbols: str) -> pa.Table:
    closes = [1_000 + 10 * day + 10 * (day * 7 % 13) for day in range(count)]
    rows = [{"ts": START + timedelta(days=day), "symbol": symbol, "open": close + 3 + number, "close": close,
             "high": close + 20, "low": close - 20}
            for day, close in enumerate(closes) for number, symbol in enumerate(symbols or ("X",))]  # fmt: skip
    table = pa.Table.from_pylist(rows)
    return table.set_column(0, "ts", table["ts"].cast(pa.timestamp("us", "UTC")))


def ran(strategy: Any, table: pa.Table, **asked: Any) -> Result:
    market = frame_of(table, panel=bool(type(strategy).panel), price_scale=2)
    return run_backtest(Request(strategy, **{"lane": "plain", **asked}), market, kernels=Path("unused"))


def told(strategy: Any, table: pa.Table, **asked: Any) -> list[str]:
    return ran(strategy, table, **asked).summary().get("notes", [])


def test_a_choice_of_all_there_are_is_none() -> None:
    momentum = CATALOGUE["xs_momentum"]
    four = bars(70, *"ABCD")
    result = ran(momentum(lookback=20, skip=0), four)
    (note,) = result.summary()["notes"]
    assert note == "Nothing is selected: top is 50, and there are 4 instruments. Give fewer, such as -p top=1."
    assert tear_sheet(run_record(result)).notes[0] == note
    assert told(momentum(lookback=20, skip=0, top=4), four) != []
    assert told(momentum(lookback=20, skip=0, top=3), four) == []


def test_a_sizer_that_is_never_asked_has_no_effect_and_says_so() -> None:
    one, other = (ran(Half(), bars(30), sizer=sizer) for sizer in ("equity:0.05", "equity:0.5"))
    assert one.summary()["digest"] == other.summary()["digest"]
    assert one.summary()["notes"] == [
        "The sizer equity:0.05 has no effect: the strategy itself says how much it holds."
    ]
    assert told(Half(), bars(30)) == []  # none was given
    assert told(Helped(), bars(30), sizer="equity:0.5") == []


def test_every_strategy_that_the_sizer_moves_is_known_to_ask_it() -> None:
    from backtest.sizes import asks_sizer, compounds

    deaf = {name for name, one in CATALOGUE.items() if not asks_sizer(one)}
    assert deaf == {name for name, one in CATALOGUE.items() if one.panel} | {"volatility_target"}  # type: ignore[attr-defined]
    growing = {name for name, one in CATALOGUE.items() if compounds(one, "quantity:1")}
    assert growing == deaf  # an indicator's weight is not the account's
    assert compounds(CATALOGUE["sma_crossover"], "equity:0.5")
    assert not compounds(CATALOGUE["sma_crossover"], "notional:5000")


def test_a_study_says_what_has_no_effect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENO_HOME", str(tmp_path / "home"))
    asked = ask.from_file(bars_file(tmp_path, ("AAA", "BBB")), Settings.from_env(), price_scale=2, panel=True)

    def caveats(axes: dict[str, Any], sizer: str, **fixed: float) -> list[str]:
        about = ask.question("xs_momentum", fixed, Request(None, sizer=sizer), period="slice")
        space = {"axes": axes, "sample": {"method": "grid", "count": 0, "seed": 0}}
        return ask.spec("sweep", asked, about | {"space": space, "chunk": 25}).data["caveats"]

    assert [one.split(":")[0] for one in caveats({}, "equity:0.5")] == [
        "Nothing is selected", "The sizer equity"]  # fmt: skip
    assert caveats({}, "quantity:1", top=1) == []
    assert "top is 2" in caveats({"top": [1, 2]}, "quantity:1")[0]
    assert "top is 3" in caveats({"top": {"low": 1, "high": 3}}, "quantity:1")[0]


IDLE = {
    "a mean of more bars": (lambda: CATALOGUE["sma_crossover"](), 3, {}, "it takes 30 bars until .* there are 3"),
    "a mean of a mean": (Chained, 8, {}, "it takes 9 bars until .* there are 8"),
    "a past that is longer": (lambda: CATALOGUE["xs_momentum"](top=1), 252, {}, "it takes 253 bars .* there are 252"),
    "a sizer that estimates": (Helped, 20, {"sizer": "volatility:0.1"}, "it takes 21 bars .* there are 20"),
    "ranks of one": (lambda: CATALOGUE["xs_reversal"](), 60, {}, "about several instruments, and there is one"),
    "sessions of one bar": (lambda: CATALOGUE["vwap_reversion"](), 60, {}, "trades within a session"),
    "nothing to do": (Strategy, 60, {}, "what the strategy waits for did not happen"),
    "prices out of reach": (FarAway, 60, {}, "None of 60 orders was filled"),
    "orders of nothing": (Nothing, 60, {}, "All 60 orders were refused"),
}


@pytest.mark.parametrize("what", IDLE)
def test_a_run_that_trades_nothing_says_why(what: str) -> None:
    make, count, asked, why = IDLE[what]
    result = ran(make(), bars(count), **asked)
    (note,) = result.summary()["notes"]
    assert re.search(why, note)
    assert note in tear_sheet(run_record(result)).notes


def test_as_many_bars_as_it_takes_are_enough() -> None:
    assert ran(Chained(), bars(10)).summary()["fills"] == 1  # decided at the ninth, filled at the tenth


def test_a_comparison_says_why_a_strategy_did_nothing() -> None:
    made = {"far": FarAway, "half": Half}
    rows = compare_strategies(list(made), lambda name: made[name](),
                              lambda _: frame_of(bars(40), panel=False, price_scale=2),
                              lambda one: Request(one, lane="plain", sizer="equity:1"), lambda *_: None)  # fmt: skip
    notes = {row["strategy"]: row["note"] for row in rows}
    assert notes["far"].startswith("The sizer equity:1 has no effect")
    assert "None of 40 orders was filled" in notes["far"]
    assert notes["half"] == "The sizer equity:1 has no effect: the strategy itself says how much it holds."


def test_parameters_the_wrong_way_round_are_said_to_be_where_the_rule_is_run_for_them():
    assert told(CATALOGUE["sma_crossover"](fast=10, slow=30), bars(80)) == []
    said = told(CATALOGUE["sma_crossover"](fast=30, slow=10), bars(80))
    assert said[0].startswith("fast 30 is not below slow 10")
