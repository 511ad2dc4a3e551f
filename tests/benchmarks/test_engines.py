"""The engine benchmark without its peers: the oracle by hand, the plain runner against it, the table, environments."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks import engine
from benchmarks.engines.entries import ENTRIES, Entry, call, parse
from benchmarks.engines.environments import ENVIRONMENTS, FOLDER, Environment, PeerError
from benchmarks.engines.oracle import Outcome, crossover, expected, half_even, momentum
from benchmarks.engines.peers import harness
from benchmarks.engines.table import Row, render, values
from benchmarks.engines.work import (
    CASH,
    FAST,
    LOOKBACK,
    PAIRS,
    QUANTITY,
    SKIP,
    SLOW,
    TOP,
    Bars,
    daily_bars,
    minute_bars,
    month_ends,
)

MONEY = 1_000_000
LINE = {
    "engine": "some", "version": "1.0", "work": "sma", "lane": "fast", "bars": 1_000, "seconds": 0.5,
    "cpu_seconds": 0.25, "fills": 3, "final_equity": 999.25, "note": "float money",
}  # fmt: skip


def bars_of(opened: list[int], closed: list[int]) -> Bars:
    first, last = np.array(opened, np.int64), np.array(closed, np.int64)
    ts = np.arange(len(first), dtype=np.int64) * 60_000_000
    return Bars(ts, first, np.maximum(first, last), np.minimum(first, last), last, np.ones_like(first))


def test_half_goes_to_the_even_neighbour():
    assert [half_even(number, 2) for number in (1, 2, 3, 4, 5, 7)] == [0, 1, 2, 2, 2, 4]


def test_crossover_by_hand():
    # bar 1: 11.00 is above the mean of two, 10.50: buy; bar 2 fills at 11.10, and 10.50 is below 10.75: sell;
    # bar 3 fills at 10.40, and 10.50 equals the mean of two: a tie is not above.
    account, equity = crossover(bars_of([1000, 1090, 1110, 1040], [1000, 1100, 1050, 1050]), fast=1, slow=2)
    assert account.fills == [(2, 0, 10, 1110, 11_100), (3, 0, -10, 1040, 10_400)]
    start = CASH * MONEY
    bought = start - 111_000_000 - 11_100
    assert equity == [start, start, bought + 105_000_000, bought + 104_000_000 - 10_400]


def test_momentum_by_hand():
    # Prices never move, so every score ties: the first 50 symbols, 1,000,000 × 0.98 / 50 / 100.00 = 196 units each.
    days, symbols = 275, TOP + 10
    still = np.full((days, symbols), 10_000, np.int64)
    bars = Bars(daily_bars(days, 1).ts, still, still, still, still, still)
    (rebalance,) = [day for day in month_ends(bars.ts).tolist() if day >= LOOKBACK]
    account, equity = momentum(bars)
    assert account.fills == [(rebalance + 1, symbol, 196, 10_000, 1_960_000) for symbol in range(TOP)]
    assert equity[rebalance] == CASH * MONEY
    assert equity[-1] == CASH * MONEY - 98 * MONEY


def test_bars_are_the_same_everywhere_and_hold_together():
    bars = minute_bars(2_000)
    assert bars.close[:4].tolist() == [99_996, 100_000, 100_000, 100_003]
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert np.array_equal(minute_bars(500).close, bars.head(500).close)


def test_runners_are_told_the_same_work():
    assert (CASH, QUANTITY, FAST, SLOW) == (harness.CASH, harness.QUANTITY, harness.FAST, harness.SLOW)
    assert (list(PAIRS), LOOKBACK, SKIP, TOP) == (harness.PAIRS, harness.LOOKBACK, harness.SKIP, harness.TOP)
    assert len(PAIRS) == 100
    assert all(entry.script.is_file() for entry in ENTRIES)
    assert {entry.peer for entry in ENTRIES} == {"zeno", "plain", *ENVIRONMENTS}


@pytest.mark.parametrize(("work", "count"), [("sma", 3_000), ("sweep", 400)])
def test_the_plain_runner_agrees_with_the_oracle(tmp_path: Path, work: str, count: int):
    bars = minute_bars(count)
    bars.save(tmp_path)
    line = call(Entry("plain", work, "loop", count), tmp_path, tmp_path)
    assert Outcome(line["fills"], line["final_equity"]) == expected(work, bars)
    assert line["fills"] > 20


def test_a_failed_peer_has_a_row_that_says_why():
    good = Row(Entry("zeno", "sma", "batch", 1_000), [LINE | {"engine": "zeno"}], expected=Outcome(3, 999.25))
    slow = Row(Entry("plain", "sma", "loop", 1_000), [LINE | {"seconds": 2.0, "fills": 5}], expected=Outcome(3, 999.0))
    failed = Row(Entry("backtrader", "sma", "runonce", 1_000), failure="not installed: no such version")
    lines = render([good, slow, failed]).splitlines()
    assert len({lines[0].index("note"), lines[2].index("float money"), lines[4].index("not installed")}) == 1
    assert "1/4.0" in lines[3]
    assert "+2" in lines[3]
    assert "+0.250000" in lines[3]
    figures = values([good, slow, failed])
    assert figures["sma_zeno_batch_bars_per_s"] == 2_000
    assert figures["sma_backtrader_runonce_failure"] == "not installed: no such version"


@pytest.mark.parametrize(("output", "reason"), [
    ("", "printed no line of JSON"), ("warning\nnot json", "printed no line of JSON"),
    ('{"error": "not built yet"}', "not built yet"),
])  # fmt: skip
def test_what_a_runner_prints_may_be_no_result(output: str, reason: str):
    with pytest.raises(PeerError, match=reason):
        parse(output)


def test_an_environment_is_used_again_while_its_pins_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[tuple[str, ...]] = []

    def install(words: tuple[str, ...], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(words)
        python = tmp_path / FOLDER / "some" / "bin" / "python"
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()
        return subprocess.CompletedProcess(words, 0, "", "")

    monkeypatch.setattr(subprocess, "run", install)
    first, second = Environment("some", ("some==1",)), Environment("some", ("some==2",))
    assert first.interpreter(tmp_path) == first.interpreter(tmp_path)
    assert len(asked) == 2
    second.interpreter(tmp_path)
    assert asked[-1][-1] == "some==2"
    assert len(asked) == 4


def test_a_failed_installation_says_why_and_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(words: tuple[str, ...], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(words, 1, "", "ERROR: No matching distribution found for some==9\nnotice\n")

    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(PeerError, match="not installed: ERROR: No matching distribution"):
        Environment("some", ("some==9",)).interpreter(tmp_path)
    assert not (tmp_path / FOLDER / "some" / "pins.txt").exists()


def test_the_table_goes_on_without_a_peer_that_cannot_be_installed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engine, "ENVIRONMENTS", {"raptorbt": Environment("raptorbt", ("raptorbt==none",))})
    monkeypatch.setattr(Environment, "interpreter", refuse)
    entries = (Entry("plain", "sma", "loop", 300), Entry("raptorbt", "sma", "single", 300))
    figures = engine.run(rounds=2, entries=entries)
    assert figures.values["sma_plain_loop_equity_off"] == 0
    assert figures.values["sma_raptorbt_single_failure"] == "not installed: no such version"
    assert "not installed: no such version" in figures.table


def refuse(*_: object) -> Path:
    raise PeerError("not installed: no such version")
