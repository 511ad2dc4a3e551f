"""Several strategies over the same data, ranked, with the Sharpe ratio deflated for having had the choice."""

from collections.abc import Callable
from typing import Any

import numpy as np

from backtest.report import run_record
from backtest.run import Result, run_backtest
from backtest.stopped import explained
from backtest.tearsheet import tear_sheet
from zeno.errors import ConfigError


def compare_strategies(
    names: list[str],
    make: Callable[[str], Any],
    frame_for: Callable[[Any], Any],
    request_for: Callable[[Any], Any],
    progress: Callable[[str, int], None],
) -> list[dict[str, Any]]:
    """Run strategies and return one row each, best first; one that cannot run says why in ``note``."""
    ran: list[tuple[str, Result]] = []
    failed: list[dict[str, Any]] = []
    frames: dict[bool, Any] = {}
    for number, name in enumerate(names):
        progress(name, number)
        try:
            made = make(name)
            frame = frames.setdefault(bool(type(made).panel), None) or frame_for(made)
            frames[bool(type(made).panel)] = frame
            with explained(made):
                ran.append((name, run_backtest(request_for(made), frame)))
        except ConfigError as error:
            failed.append(_row(name, note=str(error)))
    variance = _variance(ran)
    rows = [_measured(name, result, len(ran), variance) for name, result in ran]
    return sorted(rows, key=lambda row: (row["sharpe"] is None, -(row["sharpe"] or 0.0))) + failed


def _variance(ran: list[tuple[str, Result]]) -> float | None:
    """Return the variance of the annualised Sharpe ratios that were there to choose from."""
    values = [_figure(tear_sheet(run_record(result)).to_dict(), "sharpe") for _, result in ran]
    known = [value for value in values if value is not None]
    return float(np.var(known, ddof=1)) if len(known) > 1 else None


def _measured(name: str, result: Result, trials: int, variance: float | None) -> dict[str, Any]:
    sheet = tear_sheet(run_record(result, trials=trials, trials_sharpe_variance=variance)).to_dict()
    summary = result.summary()
    return _row(name, **{key: summary[key] for key in ("final_equity", "trades", "fees", "lane", "digest")},
                sharpe=_figure(sheet, "sharpe"), max_drawdown=_figure(sheet, "max_drawdown"),
                deflated_sharpe=_figure(sheet, "deflated_sharpe"))  # fmt: skip


def _row(name: str, **known: Any) -> dict[str, Any]:
    empty = dict.fromkeys(
        ("final_equity", "trades", "fees", "sharpe", "max_drawdown", "deflated_sharpe", "lane", "digest")
    )
    return {"strategy": name, **empty, "note": "", **known}


_PLACES = {"sharpe": ("performance", "sharpe"), "max_drawdown": ("drawdowns", "deepest"),
           "deflated_sharpe": ("significance", "dsr")}  # fmt: skip


def _figure(sheet: dict[str, Any], name: str) -> float | None:
    section, figure = _PLACES[name]
    value = sheet[section][figure]["value"]
    return None if value is None else round(value, 4)
