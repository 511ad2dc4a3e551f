"""The backtest engine against vectorbt, raptorbt, backtesting.py, nautilus_trader, backtrader and a plain Python loop.

Every round goes once through all of them, each in a process of its own, so that a machine's drift falls on all. The
peers are installed into the cache folder when first needed; one that cannot be has a row that says why.
"""

import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from benchmarks.common import Figures
from benchmarks.engines.entries import ENTRIES, ZENO, Entry, call
from benchmarks.engines.environments import ENVIRONMENTS, PeerError
from benchmarks.engines.oracle import Outcome, expected
from benchmarks.engines.table import Row, render, values
from benchmarks.engines.whole import whole
from benchmarks.engines.work import Bars, daily_bars, minute_bars
from zeno.settings import Settings

ROUNDS = 3


def run(rounds: int = ROUNDS, entries: Sequence[Entry] = ENTRIES) -> Figures:
    """Run every entry once a round, and compare with the oracle."""
    settings = Settings.from_env()
    rows = [Row(entry) for entry in entries]
    with tempfile.TemporaryDirectory(prefix="zeno-bench-") as scratch:
        folders = {"minute": Path(scratch) / "minute", "daily": Path(scratch) / "daily"}
        bars = {
            "minute": minute_bars(max((entry.bars for entry in entries if entry.work != "portfolio"), default=1)),
            "daily": daily_bars(),
        }
        for kind, folder in folders.items():
            bars[kind].save(folder)
        _install(rows, settings.cache)
        for _ in range(rounds):
            for row in rows:
                _once(row, folders[_kind(row.entry)], settings.cache)
        own = any(entry.peer == ZENO for entry in entries)
        rest = whole(bars["minute"], Path(scratch), settings.cache) if own else {}
    _compare(rows, bars)
    lines = "".join(f"\n{name}: {value}" for name, value in rest.items())
    return Figures("engine", values(rows) | rest, render(rows) + lines)


def _install(rows: Sequence[Row], cache_folder: Path) -> None:
    """Make the environments, each tried once; what cannot be installed fails all its rows."""
    for peer in {row.entry.peer for row in rows} & set(ENVIRONMENTS):
        try:
            ENVIRONMENTS[peer].interpreter(cache_folder)
        except PeerError as error:
            for row in rows:
                row.failure = str(error) if row.entry.peer == peer else row.failure


def _once(row: Row, folder: Path, cache_folder: Path) -> None:
    if row.failure:
        return
    try:
        row.lines.append(call(row.entry, folder, cache_folder))
    except PeerError as error:
        row.failure, row.lines = str(error), []


def _compare(rows: Sequence[Row], bars: dict[str, Bars]) -> None:
    @cache
    def outcome(work: str, kind: str, count: int) -> Outcome:
        return expected(work, bars[kind].head(count))

    for row in rows:
        if row.lines:
            row.expected = outcome(row.entry.work, _kind(row.entry), row.entry.bars)


def _kind(entry: Entry) -> str:
    return "daily" if entry.work == "portfolio" else "minute"
