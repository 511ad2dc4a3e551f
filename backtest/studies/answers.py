"""From the results of folds to an answer: one out-of-sample history, and whether to believe it."""

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from backtest.studies.packing import unpacked
from backtest.studies.resample import generator
from backtest.studies.statistics.capacity import capacity, turnover
from backtest.studies.statistics.overfitting import min_backtest_years, overfitting
from backtest.studies.statistics.sharpe import deflated_sharpe, sharpe_interval
from backtest.studies.statistics.stitching import Stitched, stitched
from backtest.studies.trial import drawdown, per_year
from backtest.tearsheet import FILLS, MARKS, RunRecord, tear_sheet, write_page
from backtest.tearsheet.figure import figure
from research.kinds import Answer, Part, Results
from research.spec import Spec
from zeno.errors import ConfigError

Floats = NDArray[Any]
_BLOCKS = 16
_INTERVAL_TASK = 0  # of the seed's generators, the one of the interval


def walk_forward(spec: Spec, results: Results, folder: Path) -> Answer:
    """Return the answer of a walk-forward study, its tear sheet written into ``folder``."""
    folds = [found for _, found in results()]
    whole = stitched([(unpacked(one["moments"]), unpacked(one["returns"])) for one in folds])
    yearly = per_year(whole.moments, _idle(folds))
    trials = np.concatenate([unpacked(one["trials"]) for one in folds])
    sharpes = _sharpes(trials, yearly)
    rows = [_fold(one, yearly) for one in folds]
    summary = {
        "out_of_sample": _performance(whole, yearly),
        **judged(whole.returns, trials, sharpes, yearly, int(spec.question["seed"])),
        "runs": len(folds) * trials.shape[1] * 2,
        "turnover": _turnover(folds, whole, yearly),
        "costs": _costs(folds),
        "capacity": _capacity(folds, whole),
        "caveats": spec.data["caveats"],
        "folds": rows,
    }
    record = _record(spec, folds, whole, summary["trials"], sharpes)
    page = write_page(tear_sheet(record), folder / "tearsheet.html")
    return Answer(summary, [_part(row) for row in rows], {"tear sheet": page})


def _idle(folds: Sequence[Mapping[str, Any]]) -> int:
    """Return the µs between tests: with a step longer than a test, slices that no fold trades.

    A test ends where the next slice begins, so that the night or weekend after it is its own.
    """
    return sum(after["test"][0] - before["test"][1] for before, after in pairwise(folds))


def _part(row: Mapping[str, Any]) -> Part:
    parameters = {**row["chosen"], **{name: row[name] for name in ("train_from", "train_to", "test_from", "test_to")}}
    metrics = {name: row[name] for name in ("train_score", "sharpe", "return", "max_drawdown", "turnover")}
    return Part(f"fold {row['fold'] + 1}", parameters, metrics)


def judged(returns: Floats, trials: Floats, sharpes: Floats, yearly: float, seed: int) -> dict[str, Any]:
    """Return how much of a result may be luck; what cannot be said is None, with the reason.

    Parameters
    ----------
    returns
        Of the choice, shape (periods,).
    trials
        Of every trial actually run, shape (periods, trials).
    sharpes
        Their Sharpe ratios, annualised.
    """
    count = trials.shape[1]
    found: dict[str, Any] = {"trials": count, "min_backtest_years": min_backtest_years(count) if count > 1 else None}
    found["sharpe_interval"] = _or_reason(lambda: _interval(returns, yearly, seed))
    found["deflated_sharpe"] = _or_reason(lambda: _deflated(returns, sharpes, yearly))
    found["overfitting"] = _or_reason(lambda: _overfit(trials))
    return found


def _interval(returns: Floats, yearly: float, seed: int) -> dict[str, float]:
    one = sharpe_interval(returns, yearly, random=generator(seed, _INTERVAL_TASK))
    return {"estimate": one.estimate, "low": one.low, "high": one.high, "confidence": one.confidence,
            "block": one.block, "resamples": one.resamples}  # fmt: skip


def _deflated(returns: Floats, sharpes: Floats, yearly: float) -> dict[str, float | None]:
    one = deflated_sharpe(returns, sharpes, yearly)
    return {"dsr": one.dsr, "psr": one.psr, "luck": one.luck,
            "min_returns": one.min_returns if math.isfinite(one.min_returns) else None}  # fmt: skip


def _overfit(trials: Floats) -> dict[str, Any]:
    alive = trials[:, trials.std(axis=0) > 0]
    one = overfitting(alive, _BLOCKS)
    counts, edges = np.histogram(one.logits, bins=21, range=(-5.0, 5.0))
    return {"pbo": one.pbo, "loss": one.loss, "slope": one.slope, "blocks": one.blocks, "splits": len(one.logits),
            "trials_that_traded": alive.shape[1], "histogram": {"edges": edges, "counts": counts}}  # fmt: skip


def _or_reason(compute: Any) -> dict[str, Any]:
    try:
        return compute()
    except ConfigError as error:
        return {"reason": error.message}


def _sharpes(trials: Floats, yearly: float) -> Floats:
    """Return annualised Sharpe ratios of columns; 0 for those that do not vary."""
    spread = trials.std(axis=0, ddof=1)
    return np.divide(trials.mean(axis=0), spread, out=np.zeros(len(spread)), where=spread > 0) * math.sqrt(yearly)


def performance(returns: Floats, yearly: float) -> dict[str, Any]:
    """Return the usual figures of returns: annualised, and the deepest drawdown as a share.

    What no float holds is None: a profit of minutes, repeated for a year.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        curve = np.cumprod(1.0 + returns)
        years, last = len(returns) / yearly, float(curve[-1]) if len(curve) else 1.0
        found = {
            "return": last - 1.0,
            "cagr": float(np.expm1(np.log(last) / years)) if last > 0 and years > 0 else -1.0,
            "volatility": float(returns.std(ddof=1)) * math.sqrt(yearly) if len(returns) > 1 else 0.0,
            "sharpe": float(_sharpes(returns[:, None], yearly)[0]) if len(returns) > 1 else 0.0,
            "max_drawdown": drawdown(curve),
        }
    return {name: figure(value).value for name, value in found.items()}


def _performance(whole: Stitched, yearly: float) -> dict[str, Any]:
    first, last = (_day(int(moment) - 1) for moment in whole.moments[[0, -1]])
    return {**performance(whole.returns, yearly), "periods": len(whole.returns), "from": first, "to": last}


def _day(moment: int) -> str:
    """Return the day of a moment in µs UTC."""
    return str(np.datetime64(moment, "us").astype("datetime64[D]"))


def _fold(one: Mapping[str, Any], yearly: float) -> dict[str, Any]:
    returns, scores, fills = unpacked(one["returns"]), unpacked(one["scores"]), unpacked(one["fills"])
    ends = {f"{part}_{side}": _day(moment) for part in ("train", "test")
            for side, moment in (("from", one[part][0]), ("to", one[part][1] - 1))}  # fmt: skip
    traded = float(np.abs(fills[:, 4]).sum()) / one["equity"] if one["equity"] > 0 else 0.0
    return {"fold": one["fold"], **ends, "chosen": one["chosen"], "train_score": float(scores[one["number"]]),
            **performance(returns, yearly), "handover": one["handover"], "digest": one["digest"],
            "turnover": traded * yearly / max(len(returns), 1)}  # fmt: skip


def _turnover(folds: Sequence[Mapping[str, Any]], whole: Stitched, yearly: float) -> float:
    shares = [float(np.abs(unpacked(one["fills"])[:, 4]).sum()) / one["equity"] for one in folds if one["equity"] > 0]
    return turnover(np.array([sum(shares), *np.zeros(len(whole.returns) - 1)]), yearly)


def _costs(folds: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return what trading cost over all tests, as shares of the equity at the start of each."""
    parts = [(unpacked(one["fills"]), one["equity"], one["handover"]) for one in folds if one["equity"] > 0]
    return {
        "fees": sum(float(rows[:, 5].sum()) / equity for rows, equity, _ in parts),
        "slippage": sum(float(rows[:, 6].sum()) / equity for rows, equity, _ in parts),
        "of_which_handover": sum(handover for _, _, handover in parts),
    }


def _capacity(folds: Sequence[Mapping[str, Any]], whole: Stitched) -> dict[str, Any]:
    # A fold's market is in units of what that fold began with, which is another amount in every fold.
    market = np.concatenate([unpacked(one["market"]) * [1.0, one["equity"], 1.0] for one in folds])
    if not len(market):
        return {"reason": "The data have no volumes."}
    market = market[(market[:, 1] > 0) & (market[:, 2] > 0)]

    def estimate() -> dict[str, float]:
        one = capacity(*market.T, gross=float(whole.returns.sum()))
        return {"size": one.size, "share": one.share, "break_even": one.break_even, "participation": one.participation}

    return _or_reason(estimate)


def _record(spec: Spec, folds: Sequence[Mapping[str, Any]], whole: Stitched, trials: int, sharpes: Floats) -> RunRecord:
    """Return the stitched account as one run: what each fold traded, scaled to what the folds before it had left."""
    cash = Decimal(spec.question["run"]["cash"])
    starts = np.r_[1.0, whole.equity[np.flatnonzero(np.diff(whole.folds))]] * float(cash)
    settings = {"study": f"walk-forward, {len(folds)} folds", "strategy": spec.question["strategy"],
                "universe": ", ".join(spec.data["symbols"]), "trials": str(trials), "data snapshot": spec.snapshot,
                "code": spec.code, **{name: str(value) for name, value in spec.question["run"].items()},
                **{f"caveat {at + 1}": text for at, text in enumerate(spec.data["caveats"])}}  # fmt: skip
    marks = pa.table({
        "ts": pa.array(whole.moments - 1, pa.timestamp("us", "UTC")),
        "equity": pa.array([_money(value) for value in whole.equity * float(cash)], MARKS.field("equity").type),
        "gross_exposure": np.concatenate([unpacked(one["gross"]) for one in folds]),
        "net_exposure": np.concatenate([unpacked(one["net"]) for one in folds]),
    })  # fmt: skip
    fills = [_fills(one, start) for one, start in zip(folds, starts, strict=True) if one["equity"] > 0]
    return RunRecord(
        title=f"{spec.question['strategy']}, out of sample",
        settings=settings,
        currency=spec.data["currency"],
        initial_cash=cash,
        marks=marks,
        fills=pa.concat_tables([FILLS.empty_table(), *fills]),
        trials=max(trials, 1),
        idle=timedelta(microseconds=_idle(folds)),
        trials_sharpe_variance=float(np.var(sharpes, ddof=1)) if trials > 1 else None,
    )


def _fills(fold: Mapping[str, Any], start: float) -> pa.Table:
    """Return a fold's fills in the size of an account that comes into it with ``start``."""
    rows, factor = unpacked(fold["fills"]), start / fold["equity"]
    columns: dict[str, Any] = {
        "ts": rows[:, 0].astype(np.int64),
        "symbol": [fold["symbols"][int(at)] for at in rows[:, 1]],
    }
    for place, name in enumerate(("quantity", "price", "notional", "fee", "slippage"), 2):
        values = rows[:, place] * (1.0 if name == "price" else factor)
        columns[name] = [_money(value) for value in values]
    _flat_at_the_end(columns["quantity"], columns["symbol"])
    return pa.table({name: pa.array(columns[name], FILLS.field(name).type) for name in FILLS.names}, schema=FILLS)


def _flat_at_the_end(quantities: list[Decimal], symbols: Sequence[str]) -> None:
    """Let the last fill of each symbol take what rounding left: a fold's account ends flat."""
    left, last = dict.fromkeys(symbols, Decimal(0)), dict[str, int]()
    for place, symbol in enumerate(symbols):
        left[symbol] += quantities[place]
        last[symbol] = place
    for symbol, place in last.items():
        quantities[place] -= left[symbol]


def _money(value: float) -> Decimal:
    return Decimal(f"{value:.8f}")
