"""Two strategies against oracles in plain integers: every fill, fee and mark, to the last digit, in every lane."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import oracles
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from oracles import Books
from real_bars import real_bars
from real_panels import real_panel
from typer.testing import CliRunner

from backtest.core import lanes
from backtest.core.arithmetic import NONE
from backtest.core.columns import Columns
from backtest.core.costs import BASIS_POINTS, Costs
from backtest.core.session import Session, Terms
from backtest.core.sizing import Sizer
from backtest.frames import read_parquet
from backtest.run import Request, run_backtest
from backtest.strategies.sma_crossover import SmaCrossover
from backtest.strategies.xs_momentum import XsMomentum
from cli.main import app
from zeno.errors import ConfigError

MINUTE, DAY = 60_000_000, 86_400_000_000
CASH = 10**12
SINGLE, PANEL = tuple(lanes.LANES), tuple(lanes.PANEL_LANES)


def costs(rate: int) -> Costs:
    return Costs(model=BASIS_POINTS, rate=rate)


def check(session: Session, books: Books) -> None:
    """Compare everything that a run said with the oracle's books."""
    fills = [(row[0], row[1] >> 8, row[3], row[4], row[5]) for row in session.record.fills().tolist()]
    assert fills == books.fills
    assert session.record.equity().tolist() == books.equity
    assert session.number(session.engine.account.ledger, "fees") == books.fees


# --- one instrument


def walk(seed: int, n: int, *, start: int, step: int, flat: float = 0.3) -> Columns:
    """Return minute bars of a random walk that stands still for long, so that means are often exactly equal."""
    draw = random.Random(seed)
    opens, closes, price = [], [], start
    for _ in range(n):
        opens.append(price + (0 if draw.random() < flat else draw.randint(-step, step)))
        price = price if draw.random() < flat else price + draw.randint(-step, step)
        closes.append(price)
    o, c = np.array(opens, np.int64), np.array(closes, np.int64)
    times = np.arange(n, dtype=np.int64) * MINUTE
    return Columns(times, o, np.maximum(o, c) + 1, np.minimum(o, c) - 1, c, np.full(n, 100), duration=MINUTE)


def crossover(columns: Columns, fast: int, slow: int, quantity: int, worth: Fraction, rate: int) -> Books:
    lists = (getattr(columns, name).tolist() for name in ("times", "opens", "closes"))
    books = Books(CASH, worth, Fraction(rate, 10**8))
    return oracles.sma_crossover(*lists, books, fast=fast, slow=slow, quantity=quantity)


def run_crossover(
    columns: Columns, fast: int, slow: int, quantity: int, worth: Fraction, rate: int, lane: str, folder: Path
) -> Session:
    terms = Terms(
        instruments=({"worth": worth.numerator, "per": worth.denominator},),
        cash=(CASH,),
        costs=costs(rate),
        sizer=Sizer(size=quantity),
    )
    session = Session(SmaCrossover(fast=fast, slow=slow), terms, folder)
    lanes.run(session, columns, lane)
    return session


# Start price, largest step, quantity, money units a price unit and quantity unit, fee rate (1e-8 of the value).
MARKETS = {
    "cents": (5_000, 5, 10, Fraction(10_000), 10_000),
    "odd lots": (50_000, 7, 5, Fraction(100), 10_000),  # 5 x 0.0001 x 1 bp: half a millionth
    "negative prices": (-300, 40, 25, Fraction(100), 10_000),
    "fractional quantities": (12_345, 9, 15, Fraction(1, 10), 25_000),
    "standstill": (1_000, 1, 7, Fraction(10_000), 12_345),
}


@pytest.mark.parametrize("lane", SINGLE)
@pytest.mark.parametrize("market", MARKETS)
def test_crossover_is_exact_on_random_bars(market: str, lane: str, kernels: Path) -> None:
    start, step, quantity, worth, rate = MARKETS[market]
    fills = 0
    for seed in range(8):
        fast, slow = random.Random(seed).choice([(1, 2), (3, 7), (2, 30), (10, 30), (9, 4), (5, 5)])
        columns = walk(seed, 400, start=start, step=step)
        books = crossover(columns, fast, slow, quantity, worth, rate)
        check(run_crossover(columns, fast, slow, quantity, worth, rate, lane, kernels), books)
        fills += len(books.fills)
    assert fills > 100


def test_crossover_is_exact_on_many_random_bars(kernels: Path) -> None:
    for seed in range(300):
        draw = random.Random(seed)
        start, step, quantity, worth, rate = MARKETS[draw.choice(sorted(MARKETS))]
        fast, slow, n = draw.randint(1, 12), draw.randint(2, 40), draw.choice([0, 1, 2, 39, 40, 250, 1025])
        columns = walk(seed, n, start=start, step=step, flat=draw.random())
        given = (columns, fast, slow, quantity, worth, rate)
        check(run_crossover(*given, "batch", kernels), crossover(*given))


def test_the_random_bars_have_what_they_are_for() -> None:
    """Fees half-way between two millionths, rounded both ways; equal means; prices of both signs."""
    ties, negative = {True: 0, False: 0}, 0
    for seed in range(8):
        start, step, quantity, worth, rate = MARKETS["odd lots"]
        books = crossover(walk(seed, 400, start=start, step=step), 3, 7, quantity, worth, rate)
        ties = {way: ties[way] + books.ties[way] for way in ties}
        start, step, quantity, worth, rate = MARKETS["negative prices"]
        negative += sum(
            price < 0 for *_, price, _ in crossover(walk(seed, 400, start=start, step=step), 3, 7, 1, worth, rate).fills
        )
    assert ties[True] >= 10
    assert ties[False] >= 10
    assert negative >= 100
    closes = walk(0, 400, start=1_000, step=1).closes.tolist()
    equal = [7 * sum(closes[t - 2 : t + 1]) == 3 * sum(closes[t - 6 : t + 1]) for t in range(6, 400)]
    assert sum(equal) >= 20


def real_columns() -> Columns:
    """Return the S&P 500's daily bars."""
    bars = real_bars()
    o, h, l, c, v = (bars[name].astype(np.int64) for name in ("open", "high", "low", "close", "volume"))  # noqa: E741
    return Columns(
        np.arange(len(c)) * DAY, o, np.maximum.reduce([o, h, c]), np.minimum.reduce([o, l, c]), c, v, duration=DAY
    )


@pytest.mark.parametrize("lane", SINGLE)
@pytest.mark.parametrize(("fast", "slow"), [(10, 30), (50, 200)])
def test_crossover_is_exact_on_the_real_index(fast: int, slow: int, lane: str, kernels: Path) -> None:
    given = (real_columns(), fast, slow, 3, Fraction(10_000), 12_345)
    books = crossover(*given)
    assert len(books.fills) >= 20
    check(run_crossover(*given, lane, kernels), books)


# --- a panel


Row = list[int | None]


def business_days(n: int) -> list[datetime]:
    days = (datetime(2015, 1, 1, tzinfo=UTC) + timedelta(days=k) for k in range(2 * n))
    return [day for day in days if day.weekday() < 5][:n]


def month_ends(days: Sequence[datetime]) -> set[int]:
    """Return the last sessions of months that are known to be over."""
    return {t for t in range(len(days) - 1) if days[t].month != days[t + 1].month}


def random_panel(seed: int, n: int, width: int, missing: float) -> tuple[list[Row], list[Row]]:
    """Return opens and closes of small numbers, some instruments equal or in proportion, some days without a price."""
    draw = random.Random(seed)
    closes: list[Row] = [[draw.randint(20, 60) for _ in range(width)]]
    for _ in range(n - 1):
        row = [max(one + draw.choice([-1, 0, 0, 1]), 1) for one in closes[-1]]
        row[1], row[3] = row[0], 2 * row[2]  # deliberate ties, one of them between different prices
        closes.append(row)
    opens = [[max(one + draw.choice([-1, 0, 1]), 1) for one in row] for row in closes]
    for t in range(n):
        for number in range(width):
            if draw.random() < missing:
                opens[t][number] = closes[t][number] = None
    return opens, closes


def panel_columns(times: list[int], opens: list[Row], closes: list[Row], ends: set[int]) -> Columns:
    o, c = (
        np.array([[NONE if one is None else one for one in row] for row in rows], np.int64) for rows in (opens, closes)
    )
    flags = np.array([3 + 4 * (t in ends) for t in range(len(times))])
    high, low = np.maximum(o, c), np.minimum(o, c)
    return Columns(np.array(times), o, high, low, c, np.full(c.shape, 100), flags=flags, duration=DAY)


def run_panel(columns: Columns, worth: Fraction, rate: int, lane: str, folder: Path, strategy: XsMomentum) -> Session:
    one = {"worth": worth.numerator, "per": worth.denominator}
    terms = Terms(instruments=(one,) * columns.width, cash=(CASH,), costs=costs(rate))
    session = Session(strategy, terms, folder)
    lanes.run(session, columns, lane)
    return session


def micros(days: Sequence[datetime]) -> list[int]:
    return [int(day.timestamp()) * 1_000_000 for day in days]


@pytest.mark.parametrize("lane", PANEL)
@pytest.mark.parametrize("missing", [0.0, 0.1, 0.6])
def test_momentum_is_exact_on_random_panels(missing: float, lane: str, kernels: Path) -> None:
    days = business_days(300)
    ends = month_ends(days)
    fills = 0
    for seed in range(6):
        lookback, skip, top = random.Random(seed).choice([(60, 5, 3), (21, 0, 1), (1, 0, 4), (40, 40, 12), (63, 21, 2)])
        opens, closes = random_panel(seed, len(days), 8, missing)
        books = oracles.xs_momentum(
            micros(days),
            opens,
            closes,
            ends,
            Books(CASH, Fraction(10_000), Fraction(7, 10**5)),
            lookback=lookback,
            skip=skip,
            top=top,
            invest=Fraction(98, 100),
        )
        columns = panel_columns(micros(days), opens, closes, ends)
        strategy = XsMomentum(lookback=lookback, skip=skip, top=top, invest=0.98)
        check(run_panel(columns, Fraction(10_000), 7_000, lane, kernels, strategy), books)
        fills += len(books.fills)
    assert fills > 100


def test_the_random_panels_have_ties_that_decide() -> None:
    """The last of those chosen and the first of those left out rose by the same ratio, of different prices too."""
    decided, different = 0, 0
    for seed in range(6):
        _, closes = random_panel(seed, 300, 8, 0.1)
        for t in range(60, 300):
            best = oracles.ranked(closes, t, 60, 5)
            if len(best) > 3:
                (late, early), (other, before) = ((closes[t - 5][one], closes[t - 60][one]) for one in best[2:4])
                decided += late * before == other * early
                different += late * before == other * early and late != other
    assert decided >= 50
    assert different >= 10


@pytest.mark.parametrize("lane", PANEL)
def test_momentum_is_exact_on_real_series(lane: str, kernels: Path) -> None:
    symbols, bars = real_panel()
    days = [datetime.fromtimestamp(ts // 1_000_000, UTC) for ts in bars]
    opens, closes = (
        [[row[one][at] if one in row else None for one in symbols] for row in bars.values()] for at in (0, 3)
    )
    ends = month_ends(days)
    books = oracles.xs_momentum(
        list(bars),
        opens,
        closes,
        ends,
        Books(CASH, Fraction(10_000), Fraction(12_345, 10**8)),
        lookback=252,
        skip=21,
        top=2,
        invest=Fraction(98, 100),
    )
    assert len(books.fills) >= 300
    columns = panel_columns(list(bars), opens, closes, ends)
    check(run_panel(columns, Fraction(10_000), 12_345, lane, kernels, XsMomentum(top=2)), books)


# --- from files


def written(path: Path, columns: Columns, kind: str) -> Path:
    """Write bars in cents as integers, floats or decimals of four places."""
    table = {"ts": pa.array(columns.times, pa.timestamp("us", "UTC"))}
    for name in ("open", "high", "low", "close"):
        cents = getattr(columns, name + "s")
        table[name] = {
            "integers": lambda cents=cents: pa.array(cents),
            "floats": lambda cents=cents: pa.array(cents / 100.0),
            "decimals": lambda cents=cents: pa.array(
                [Decimal(int(one)).scaleb(-2) for one in cents], pa.decimal128(18, 4)
            ),
        }[kind]()
    pq.write_table(pa.table({**table, "volume": columns.volumes}), path)
    return path


@pytest.mark.parametrize("scale", [2, 4])
def test_files_of_integers_floats_and_decimals_give_the_same_run(scale: int, tmp_path: Path, kernels: Path) -> None:
    columns = walk(5, 600, start=5_001, step=5)
    books = crossover(columns, 10, 30, 7, Fraction(10_000), 12_345)
    request = Request(SmaCrossover(), cash=Decimal(CASH // 10**6), sizer="quantity:7", cost="bps:1.2345")
    digests = set()
    for kind in ("integers", "floats", "decimals"):
        if kind == "integers" and scale != 2:
            continue  # integers are in units of the scale already
        frame = read_parquet(written(tmp_path / f"{kind}.parquet", columns, kind), price_scale=scale, panel=False)
        result = run_backtest(request, frame, kernels=kernels)
        digests.add(result.session.record.digest())
        assert result.lane == "batch"
        assert result.session.record.equity().tolist() == books.equity
        if scale == 2:
            check(result.session, books)
    assert len(digests) == 1


def test_decimals_bring_their_scale(tmp_path: Path, kernels: Path) -> None:
    columns = walk(5, 600, start=5_001, step=5)
    frame = read_parquet(written(tmp_path / "bars.parquet", columns, "decimals"), price_scale=None, panel=False)
    assert frame.price_scale == 4
    result = run_backtest(Request(SmaCrossover(), cash=Decimal(CASH // 10**6), cost="bps:1"), frame, kernels=kernels)
    books = crossover(columns, 10, 30, 1, Fraction(10_000), 10_000)
    assert result.session.record.equity().tolist() == books.equity
    assert result.session.record.fills()[:, 4].tolist() == [100 * one[3] for one in books.fills]


def test_a_float_that_is_not_exact_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "bars.parquet", walk(5, 60, start=5_001, step=5), "floats")
    with pytest.raises(ConfigError, match="not exact at a scale of 1"):
        read_parquet(path, price_scale=1, panel=False)


def test_the_command_line_says_the_same(tmp_path: Path, kernels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENO_HOME", str(tmp_path))
    columns = walk(5, 600, start=5_001, step=5)
    path = written(tmp_path / "bars.parquet", columns, "integers")
    given = [
        "backtest",
        "run",
        "--strategy",
        "sma_crossover",
        "--bars",
        str(path),
        "--price-scale",
        "2",
        "--cash",
        str(CASH // 10**6),
        "--quantity",
        "7",
        "--cost",
        "bps:1.2345",
        "--lane",
        "plain",
        "--param",
        "fast=3",
        "--json",
    ]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    books = crossover(columns, 3, 30, 7, Fraction(10_000), 12_345)
    assert said["final_equity"] == f"{Decimal(books.equity[-1]).scaleb(-6):f}"
    assert said["fees"] == f"{Decimal(books.fees).scaleb(-6):f}"
    assert said["fills"] == len(books.fills)
    assert said["bars"] == 600
    session = run_crossover(columns, 3, 30, 7, Fraction(10_000), 12_345, "batch", kernels)
    assert said["digest"] == session.record.digest()
