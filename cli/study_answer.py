"""What a study found, on the terminal: the answer first, in one order for all kinds, with its units; then its rows."""

from collections.abc import Iterator, Mapping
from typing import Any

from cli.output import console, print_table
from zeno.drawing.numerals import number, percent

Summary = Mapping[str, Any]
_PERFORMANCE = {"walk_forward": "out_of_sample", "sweep": "best", "monte_carlo": "run", "ablation": "run"}
_ROWS = {
    "folds": ("fold", "test_from", "test_to", "chosen", "train_score", "return", "sharpe", "max_drawdown"),
    "points": ("rank", "point", "score", "sharpe", "return", "max_drawdown", "turnover", "fills"),
    "quantiles": ("method", "figure", "run", "mean", "q05", "q25", "q50", "q75", "q95"),
    "stress": ("factor", "cost", "slippage", "return", "sharpe", "max_drawdown", "fees"),
    "variants": ("name", "what", "sharpe_difference", "low", "high", "return_difference", "max_drawdown_difference",
                 "turnover_difference"),
    "regimes": ("point", "symbols", "regime", "periods", "share", "mean", "sharpe", "low", "high", "max_drawdown",
                "hit_rate"),
    "runs": ("point", "symbols", "unlabelled", "return", "sharpe", "max_drawdown", "turnover"),
}  # fmt: skip
"""Columns of a summary's rows that fit on a screen."""
_MOST_ROWS = 25
_HEADS = {"mean": "mean a year", "sharpe": "Sharpe", "turnover": "turnover a year", "max_drawdown": "drawdown",
          "sharpe_difference": "Sharpe", "low": "from", "high": "to", "return_difference": "return",
          "max_drawdown_difference": "drawdown", "turnover_difference": "turnover a year", "q05": "5 %", "q25": "25 %",
          "q50": "median", "q75": "75 %", "q95": "95 %"}  # fmt: skip
_NOTES = {
    "folds": "train score: what the choice had on its training, a Sharpe ratio of a period and not of a year unless "
             "--objective says otherwise.",
    "points": "score: what was maximised, a Sharpe ratio of a period and not of a year unless --objective says "
              "otherwise. points.parquet beside the page has all points.",
    "variants": "Differences to the whole run; from … to is the 95 % interval of the Sharpe ratio's.",
    "regimes": "from … to is the 95 % interval of the Sharpe ratio.",
}  # fmt: skip


def print_answer(study: str, kind: str, summary: Summary) -> None:
    """Print an answer: its figures, the first rows of its tables, and how to see the rest."""
    if not summary:
        return
    lines = list(_lines(kind, summary)) if kind in (*_PERFORMANCE, "regime") else list(_flat(summary))
    if lines:
        console.print()
        print_table("", ["", "value"], lines)
    cut = [_print_rows(name, rows) for name, rows in summary.items() if _is_rows(rows)]
    whole = "All rows and figures" if any(cut) else "All figures"
    console.print(f"\n{whole}: zeno study show {study} --json", highlight=False, soft_wrap=True)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _print_rows(name: str, rows: list[Summary]) -> bool:
    """Print the first rows of a table; returns whether there are more."""
    columns = [str(key) for key in _ROWS.get(name, tuple(rows[0])) if key in rows[0]]
    heads = _HEADS | ({"mean": "mean"} if name == "quantiles" else {})
    shown = [[_cell(key, row) for key in columns] for row in rows[:_MOST_ROWS]]
    more = len(rows) > _MOST_ROWS
    console.print()
    print_table(name.replace("_", " ") + (f", {_MOST_ROWS} of {len(rows):,}" if more else ""),
                [heads.get(key, key.replace("_", " ")) for key in columns], shown)  # fmt: skip
    if name in _NOTES:
        console.print(_NOTES[name], highlight=False, markup=False, style="dim")
    return more


def _cell(column: str, row: Summary) -> Any:
    from backtest.studies.page import written

    value = row.get(column)
    if "figure" in row and isinstance(value, float):  # a row of quantiles is all of one figure
        return written(row["figure"], value)
    if column in ("score", "train_score") and value is not None:
        return number(value, 4)
    return value if isinstance(value, int) else written(column, value)


def _lines(kind: str, summary: Summary) -> Iterator[tuple[str, str]]:
    """Yield what a kind of ours answers, the most asked for first."""
    if kind in _PERFORMANCE:
        yield from _performance(summary[_PERFORMANCE[kind]], summary)
    for method, share in summary.get("probability_of_loss", {}).items():
        reason = summary["methods"][method].get("reason", "")
        yield f"probability of a loss, {method.replace('_', ' ')}", reason if share is None else percent(share)
    if "by" in summary:
        yield "regimes by", str(summary["by"])
    yield from (("not dropped", text) for text in summary.get("not_dropped", ()))
    yield from (("caveat", text) for text in summary.get("caveats", ()))


def _performance(found: Summary, summary: Summary) -> Iterator[tuple[str, str]]:
    from backtest.studies.page import written

    if "from" in found:
        yield "out of sample", f"{found['from']} to {found['to']}, {found['periods']:,} periods"
    if "point" in found:
        yield "best point", written("point", found["point"])
    yield "return, in all", percent(found["return"])
    yield "return, a year", written("cagr", found.get("cagr"))
    yield "Sharpe ratio, a year", number(found["sharpe"]) + _interval(summary)
    yield from _luck(summary)
    yield "deepest drawdown", percent(found["max_drawdown"])
    yield "volatility, a year", percent(found["volatility"])
    turnover = summary.get("turnover", found.get("turnover"))
    if turnover is not None:
        yield "turnover, a year", f"{number(turnover, 1)} times the equity"
    yield from _money(found, summary)


def _interval(summary: Summary) -> str:
    one = summary.get("sharpe_interval", {})
    return f" ({one['confidence']:.0%}: {number(one['low'])} to {number(one['high'])})" if "low" in one else ""


def _luck(summary: Summary) -> Iterator[tuple[str, str]]:
    """Yield how much of the result may come from having had the choice."""
    if "trials" not in summary:
        return
    one, over = summary["deflated_sharpe"], summary["overfitting"]
    yield (
        "deflated Sharpe ratio",
        one["reason"]
        if "reason" in one
        else (
            f"{percent(one['dsr'])} likely to be more than the {number(one['luck'])} that luck gives in "
            f"{summary['trials']:,} trials"
        ),
    )
    yield "probability of overfitting", over["reason"] if "reason" in over else f"{percent(over['pbo'])} (PBO)"
    if summary["min_backtest_years"] is not None:
        years = number(summary["min_backtest_years"], 1)
        yield "history needed", f"{years} years: on less, as many trials without skill reach a Sharpe ratio of 1"


def _money(found: Summary, summary: Summary) -> Iterator[tuple[str, str]]:
    if "fees" in found:
        yield "fees", number(found["fees"], 0)
    if "costs" in summary:
        costs = summary["costs"]
        yield "costs, of the equity", (f"{percent(costs['fees'])} fees, {percent(costs['slippage'])} slippage; "
                                       f"{percent(costs['of_which_handover'])} of it to change parameters")  # fmt: skip
    if "capacity" in summary:
        one = summary["capacity"]
        yield (
            "capacity",
            one["reason"]
            if "reason" in one
            else (f"{number(one['size'], 0)}, where impact eats {percent(one['share'], 0)} of the gross return"),
        )


def _flat(value: Summary, before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the single figures of a kind that another package brings, as it names them."""
    for name, one in value.items():
        if isinstance(one, dict):
            yield from _flat(one, f"{before}{name}: ")
        elif not isinstance(one, list):
            yield (before + name).replace("_", " "), f"{one:,.4g}" if isinstance(one, float) else one
