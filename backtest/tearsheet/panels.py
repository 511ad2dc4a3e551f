"""The words and the rows of a page: each panel's figures as text, the reason beside a figure that does not exist."""

from collections.abc import Callable
from dataclasses import dataclass

from backtest.tearsheet.costs import CostItem, Costs
from backtest.tearsheet.figure import Figure, Interval
from backtest.tearsheet.sheet import TearSheet
from backtest.tearsheet.text import DASH, duration, number, number_range, percent, percent_range, probability
from zeno.drawing.chart import Tile

CONVINCING = 0.95


@dataclass(frozen=True)
class Whisker:
    """An interval as a strip: positions in percent of its width."""

    name: str
    text: str
    point: str
    left: float
    width: float
    dot: float
    zero: float | None


def headline(sheet: TearSheet) -> list[Tile]:
    """The four figures to read first, with their intervals."""
    it, odds = sheet.performance, sheet.bootstrap
    deepest = sheet.drawdowns.deepest
    return [
        Tile("Total return", percent(it.total_return.value), _money_line(sheet), _tone(it.total_return)),
        Tile("CAGR", percent(it.cagr.value), _note(it.cagr, odds.cagr, percent_range(odds.cagr)), _tone(it.cagr)),
        Tile("Sharpe ratio", number(it.sharpe.value), _note(it.sharpe, odds.sharpe, number_range(odds.sharpe))),
        Tile("Max drawdown", percent(deepest.value),
             _note(deepest, odds.max_drawdown, percent_range(odds.max_drawdown))),
    ]  # fmt: skip


def secondary(sheet: TearSheet) -> list[Tile]:
    """The second row of figures."""
    it = sheet.performance
    return [
        tile("Volatility", it.volatility, percent),
        tile("Sortino", it.sortino, number),
        tile("Calmar", it.calmar, number),
        tile("Mean exposure", sheet.exposure.mean_gross, percent),
        tile("In the market", sheet.exposure.time_in_market, percent),
        Tile("Turnover a year", _times(sheet.costs.turnover_a_year), sheet.costs.turnover_a_year.reason),
    ]


def trade_tiles(sheet: TearSheet) -> list[Tile]:
    """What the round trips say."""
    it, currency = sheet.trades, sheet.account.currency
    held = it.mean_holding_seconds
    return [
        Tile("Round trips", number(it.count, 0), f"{it.open_lots} lots open at the end" if it.open_lots else ""),
        tile("Hit rate", it.hit_rate, percent),
        tile("Profit factor", it.profit_factor, number),
        tile("Payoff", it.payoff, number),
        Tile(f"Expectancy, {currency}", number(it.expectancy.value, 2), it.expectancy.reason),
        Tile("Mean holding", duration(held.value), held.reason),
        Tile(f"Best, {currency}", number(it.best.value, 2), it.best.reason),
        Tile(f"Worst, {currency}", number(it.worst.value, 2), it.worst.reason),
        Tile("Longest losing streak", number(it.longest_losing_streak, 0), ""),
    ]


def benchmark_tiles(sheet: TearSheet) -> list[Tile]:
    """The comparison with buying and holding; nothing without a benchmark."""
    it = sheet.benchmark
    if it is None:
        return []
    return [
        tile("Benchmark return", it.total_return, percent),
        tile("Relative wealth", it.relative, percent),
        tile("Beta", it.beta, number),
        tile("Alpha a year", it.alpha, percent),
        tile("Correlation", it.correlation, number),
        tile("Information ratio", it.information_ratio, number),
    ]


def whiskers(sheet: TearSheet) -> list[Whisker]:
    """The bootstrap intervals as strips; nothing where they do not exist."""
    odds, it = sheet.bootstrap, sheet.performance
    rows = (
        ("CAGR", odds.cagr, it.cagr, percent, percent_range),
        ("Sharpe ratio", odds.sharpe, it.sharpe, number, number_range),
        ("Max drawdown", odds.max_drawdown, sheet.drawdowns.deepest, percent, percent_range),
    )
    return [
        _whisker(name, span.low, span.high, point.value, write_range(span), write(point.value))
        for name, span, point, write, write_range in rows
        if span.low is not None and span.high is not None and point.value is not None
    ]


def verdicts(sheet: TearSheet) -> list[Tile]:
    """PSR and DSR in plain words."""
    it, sharpe = sheet.significance, sheet.performance.sharpe
    if it.psr.value is None or it.dsr.value is None:
        return [
            Tile("Probabilistic Sharpe ratio", DASH, it.psr.reason),
            Tile("Deflated Sharpe ratio", DASH, it.dsr.reason),
        ]
    needed = ""
    if it.min_sessions.value is not None:
        enough = "has" if it.min_sessions.value <= it.sessions else "has only"
        needed = f" 95 % would take {number(it.min_sessions.value, 0)} sessions; the run {enough} {it.sessions:,}."
    psr = f"Confidence that the true Sharpe ratio is above zero, given length, skew and fat tails.{needed}"
    return [
        Tile("Probabilistic Sharpe ratio", probability(it.psr), psr, _verdict(it.psr.value)),
        Tile("Deflated Sharpe ratio", probability(it.dsr), _deflated(sheet, sharpe), _verdict(it.dsr.value)),
    ]


def cost_rows(costs: Costs) -> list[tuple[CostItem, float, float]]:
    """Cost items with the left end and the width of their bar, in percent around a common zero."""
    amounts = [float(item.amount) for item in costs.items]
    low, high = min([*amounts, 0.0]), max([*amounts, 0.0])
    span = (high - low) or 1.0
    return [(item, 100 * (min(amount, 0.0) - low) / span, 100 * abs(amount) / span)
            for item, amount in zip(costs.items, amounts, strict=True)]  # fmt: skip


def tile(name: str, value: Figure, write: Callable[[float | None], str]) -> Tile:
    """Write a figure, or a dash with the reason under it."""
    return Tile(name, write(value.value), value.reason)


def _deflated(sheet: TearSheet, sharpe: Figure) -> str:
    it = sheet.significance
    if it.trials == 1:
        return "One variant was tried, so nothing is deflated. State the number of trials if there were more."
    assumed = " The spread of their Sharpe ratios was not given; the least that chance allows is assumed."
    return (
        f"The best of {it.trials:,} variants without any skill would show a Sharpe ratio near "
        f"{number(it.luck_sharpe.value)}. This is the confidence that {number(sharpe.value)} is more than that luck."
        + (assumed if it.variance_assumed else "")
    )


def _verdict(probability: float) -> str:
    return "good" if probability >= CONVINCING else "weak" if probability >= 0.5 else "bad"


def _whisker(name: str, low: float, high: float, point: float, text: str, said: str) -> Whisker:
    first, last = min(low, point, 0.0), max(high, point, 0.0)
    room = (last - first or 1.0) * 0.06
    first, span = first - room, last - first + 2 * room
    return Whisker(name, text, said, *(round(100 * part / span, 2) for part in
                   (low - first, high - low, point - first, -first)))  # fmt: skip


def _note(value: Figure, odds: Interval, text: str) -> str:
    return value.reason or (text if odds.low is not None else f"no interval: {odds.reason}")


def _money_line(sheet: TearSheet) -> str:
    if sheet.performance.total_return.value is None:
        return sheet.performance.total_return.reason
    account = sheet.account
    paid = f", {number(account.paid_in, 2, sign=True)} of it paid in or out" if account.paid_in else ""
    return f"{number(account.result, 2, sign=True)} {account.currency}{paid}"


def _times(value: Figure) -> str:
    return DASH if value.value is None else number(value.value, 1) + "\u00a0×"


def _tone(value: Figure) -> str:
    return "" if value.value is None or value.value == 0 else "up" if value.value > 0 else "down"
