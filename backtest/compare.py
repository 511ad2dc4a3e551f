"""Several strategies over the same data, ranked, with the Sharpe ratio deflated for having had the choice.

Bailey and López de Prado (2014) deflate by the number of trials and the variance of *their* Sharpe ratios. A trial that
made no trade, or whose returns hardly vary (``significance.tells_skill``), has no such ratio: nobody would choose it,
and one ratio of a thousand among the others would set the variance alone, and with it deflate all of them to nothing.
It is left out of both, ranks after the others, and says so.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from backtest.notes import own_notes
from backtest.report import run_record
from backtest.run import Result, run_backtest
from backtest.stopped import explained
from backtest.tearsheet import tear_sheet
from backtest.tearsheet.significance import tells_skill
from zeno.errors import ConfigError


def compare_strategies(
    names: list[str],
    make: Callable[[str], Any],
    frame_for: Callable[[Any], Any],
    request_for: Callable[[Any], Any],
    progress: Callable[[str, int], None],
) -> list[dict[str, Any]]:
    """Run strategies and return one row each, best first; ``note`` says why one cannot run, or does nothing.

    ``counted`` tells whether a row is among the ``trials`` that its Sharpe ratio, and that of all others, was deflated
    for; ``notes`` are those of the run.
    """
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
    sharpes = [_sharpe(result) for _, result in ran]
    known = [one for one in sharpes if one is not None]
    variance = float(np.var(known, ddof=1)) if len(known) > 1 else None
    rows = [
        _measured(name, result, len(known), variance, counted=one is not None)
        for (name, result), one in zip(ran, sharpes, strict=True)
    ]
    return sorted(rows, key=lambda row: (not row["counted"], -(row["sharpe"] or 0.0))) + failed


def _sharpe(result: Result) -> float | None:
    """Return the annualised Sharpe ratio of a trial that there was to choose; None where it has none that means any."""
    sheet = tear_sheet(run_record(result))
    value = sheet.performance.sharpe.value
    traded = result.summary()["fills"] > 0
    return value if traded and value is not None and tells_skill(value, sheet.period.per_year) else None


def _measured(name: str, result: Result, trials: int, variance: float | None, *, counted: bool) -> dict[str, Any]:
    sheet = tear_sheet(run_record(result, trials=max(trials, 1), trials_sharpe_variance=variance)).to_dict()
    summary = result.summary()
    still = ["Its returns hardly vary: it is not among the trials."] if summary["fills"] and not counted else []
    return _row(name, **{key: summary[key] for key in ("final_equity", "trades", "fees", "lane", "digest", "notes")},
                sharpe=_figure(sheet, "sharpe"), max_drawdown=_figure(sheet, "max_drawdown"),
                deflated_sharpe=_figure(sheet, "deflated_sharpe") if counted else None, counted=counted,
                trials=trials, note=" ".join([*own_notes(result), *still]))  # fmt: skip


def _row(name: str, **known: Any) -> dict[str, Any]:
    empty = dict.fromkeys(
        ("final_equity", "trades", "fees", "sharpe", "max_drawdown", "deflated_sharpe", "lane", "digest")
    )
    return {"strategy": name, **empty, "note": "", "notes": [], "counted": False, "trials": 0, **known}


_PLACES = {"sharpe": ("performance", "sharpe"), "max_drawdown": ("drawdowns", "deepest"),
           "deflated_sharpe": ("significance", "dsr")}  # fmt: skip


def _figure(sheet: dict[str, Any], name: str) -> float | None:
    section, figure = _PLACES[name]
    value = sheet[section][figure]["value"]
    return None if value is None else round(value, 4)
