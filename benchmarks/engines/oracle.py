"""What is right to the last digit: the rules of ``work`` in plain Python, whole numbers only, written to be read.

Money is counted in millionths of a dollar. A fee is rounded half to even at that unit. Cash is not a limit: a fill at
the next open may cost more than the close at which it was decided.
"""

from dataclasses import dataclass, field
from itertools import accumulate

from benchmarks.engines.work import (
    CASH,
    FAST,
    FEE_PPM,
    INVEST_PERCENT,
    LOOKBACK,
    PAIRS,
    QUANTITY,
    SKIP,
    SLOW,
    TOP,
    Bars,
    month_ends,
)

MONEY = 1_000_000
CENT = MONEY // 100
_SCORE = 1_000_000_000


@dataclass
class Account:
    """Cash in millionths, and what was filled: (bar, symbol, signed quantity, price in cents, fee in millionths)."""

    cash: int = CASH * MONEY
    fills: list[tuple[int, int, int, int, int]] = field(default_factory=list)

    def fill(self, bar: int, symbol: int, quantity: int, price: int) -> None:
        """Pay for, or be paid for, ``quantity`` at ``price``, and pay the fee."""
        notional = quantity * price * CENT
        fee = half_even(abs(notional) * FEE_PPM, 1_000_000)
        self.cash -= notional + fee
        self.fills.append((bar, symbol, quantity, price, fee))


@dataclass(frozen=True)
class Outcome:
    """What a run must come to: how many fills, and the equity at the last close, in dollars."""

    fills: int
    final_equity: float


def half_even(numerator: int, denominator: int) -> int:
    """Divide two whole numbers that are not negative, rounding half to even."""
    quotient, rest = divmod(numerator, denominator)
    return quotient + (2 * rest > denominator or (2 * rest == denominator and quotient % 2 == 1))


def crossover(bars: Bars, fast: int = FAST, slow: int = SLOW) -> tuple[Account, list[int]]:
    """Return the account and the equity at every close, of the rule ``sma``."""
    account, equity = Account(), []
    position, target = 0, 0
    closes = bars.close.tolist()
    sums = [0, *accumulate(closes)]
    for bar, (opened, close) in enumerate(zip(bars.open.tolist(), closes, strict=True)):
        if target != position:
            account.fill(bar, 0, target - position, opened)
            position = target
        if bar + 1 >= slow:
            end = sums[bar + 1]
            target = QUANTITY if (end - sums[bar + 1 - fast]) * slow > (end - sums[bar + 1 - slow]) * fast else 0
        equity.append(account.cash + position * close * CENT)
    return account, equity


def momentum(bars: Bars) -> tuple[Account, list[int]]:
    """Return the account and the equity at every close, of the rule ``portfolio``; ties go to the lower symbol."""
    account, equity = Account(), []
    opened, closes = bars.open.tolist(), bars.close.tolist()
    symbols = range(len(closes[0]))
    position, target = [0] * len(symbols), [0] * len(symbols)
    rebalances = {int(day) for day in month_ends(bars.ts) if day >= LOOKBACK}
    for day, close in enumerate(closes):
        for symbol in symbols:
            if target[symbol] != position[symbol]:
                account.fill(day, symbol, target[symbol] - position[symbol], opened[day][symbol])
        position = list(target)
        worth = account.cash + sum(held * price for held, price in zip(position, close, strict=True)) * CENT
        equity.append(worth)
        if day in rebalances:
            target = _targets(closes[day - SKIP], closes[day - LOOKBACK], close, worth)
    return account, equity


def _targets(recent: list[int], old: list[int], close: list[int], worth: int) -> list[int]:
    scores = [now * _SCORE // then for now, then in zip(recent, old, strict=True)]
    best = sorted(range(len(scores)), key=lambda symbol: (-scores[symbol], symbol))[:TOP]
    each = worth * INVEST_PERCENT // 100 // TOP
    targets = [0] * len(scores)
    for symbol in best:
        targets[symbol] = each // (close[symbol] * CENT)
    return targets


def expected(work: str, bars: Bars) -> Outcome:
    """Return the outcome of a work; of ``sweep`` the sums over its pairs."""
    if work == "portfolio":
        runs = [momentum(bars)]
    else:
        runs = [crossover(bars, fast, slow) for fast, slow in (PAIRS if work == "sweep" else ((FAST, SLOW),))]
    return Outcome(sum(len(account.fills) for account, _ in runs), sum(equity[-1] for _, equity in runs) / MONEY)
