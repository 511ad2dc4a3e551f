"""From what a user asks to a spec: the data named exactly, every default written down."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backtest.caveats import caveats_of
from backtest.frames import read_parquet
from backtest.notes import without_effect
from backtest.run import Request
from backtest.strategies.files import file_of, find_strategy
from backtest.studies.source import load
from backtest.studies.space import check_seed
from backtest.studies.trial import PERIODS, check_objective
from research.code import code_version
from research.files import track
from research.kinds import kind
from research.spec import Spec
from warehouse.snapshot import bars_snapshot
from warehouse.store import connect
from zeno.errors import ConfigError
from zeno.settings import Settings

_RUN = ("cash", "sizer", "cost", "slippage", "fill", "latency", "participation", "margin", "borrow", "interest", "lot",
        "currency")  # fmt: skip
_DAY = 86_400_000_000


@dataclass(frozen=True)
class Asked:
    """The data of a study, named.

    Attributes
    ----------
    data
        For the spec: everything that a worker needs to read the same rows.
    snapshot
        The id of what they are read from.
    detail
        The loads or the file behind it, for people.
    """

    data: Mapping[str, Any]
    snapshot: str
    detail: Mapping[str, Any]


def members(universe: str) -> list[str]:
    """Return all symbols of a data set.

    Raises
    ------
    ConfigError
        When it has none.
    """
    sql = "SELECT DISTINCT toString(symbol) FROM ref.symbols WHERE namespace = {name:String} ORDER BY 1"
    found = [row[0] for row in connect().client().rows(sql, {"name": universe})]
    if not found:
        raise ConfigError(f"No data set {universe!r} has symbols.",
                          remedy='zeno query "SELECT DISTINCT namespace FROM ref.symbols" shows which do.')  # fmt: skip
    return found


def from_warehouse(symbols: Sequence[str], resolution: str, start: datetime, end: datetime, *,
                   as_of: datetime | None = None, source: str | None = None, panel: bool = False,
                   price_scale: int | None = None, quantity_scale: int = 0) -> Asked:  # fmt: skip
    """Name bars of the warehouse, as they were known at ``as_of``; by default when the last of them landed.

    The warehouse is that of the environment, as it is for the workers who will read the bars.

    Raises
    ------
    ConfigError, WarehouseError
        When there are no such bars.
    """
    now = datetime.now(UTC)
    snapshot = bars_snapshot(symbols, resolution, start, end, as_of=as_of or now, source=source)
    vendor = all(one["table"] == "raw.bars" for one in snapshot.loads)
    data: dict[str, Any] = {
        "symbols": sorted(symbols),
        "resolution": resolution,
        "start": start.isoformat(),
        "end": end.isoformat(),
        "as_of": (as_of or snapshot.landed).isoformat(),
        "source": next(iter(snapshot.sources)) if len(snapshot.sources) == 1 else "",
        "vendor": vendor,
        "loads": list(snapshot.batches),
        "quantity_scale": quantity_scale,
    }
    if not data["source"]:
        data["sources"] = dict(snapshot.sources)
    if price_scale is not None:
        data["price_scale"] = price_scale
    frame = load(data, panel=panel)
    data["currency"] = frame.traded[0].currency
    data["caveats"] = caveats_of(frame)
    return Asked(data, snapshot.id, {"loads": snapshot.loads})


def from_file(path: Path, settings: Settings, *, price_scale: int | None, panel: bool = False, quantity_scale: int = 0
              ) -> Asked:  # fmt: skip
    """Name a Parquet file of bars by its content, and keep that content with DVC: the file itself may change.

    Raises
    ------
    ConfigError
        When it is not a file of bars.
    """
    frame = read_parquet(path, price_scale=price_scale, panel=panel, quantity_scale=quantity_scale)
    (version,) = track([path], settings)
    data = {"file": str(path.resolve()), "sha256": version.sha256, "version": asdict(version),
            "price_scale": price_scale, "quantity_scale": quantity_scale, "symbols": list(frame.symbols),
            "resolution": _resolution(frame.columns.duration), "currency": frame.traded[0].currency,
            "caveats": caveats_of(frame)}  # fmt: skip
    return Asked(data, version.sha256[:16], {"files": [asdict(version)]})


def _resolution(duration: int) -> str:
    return f"{duration / 1e6:g} s" if duration else "ticks"


def run_terms(request: Request) -> dict[str, str | int]:
    """Return the terms of a request, but for its strategy, as a spec holds them.

    Raises
    ------
    ConfigError
        When it has account actions or a lane, which studies do not take.
    """
    if request.actions:
        raise ConfigError("A study takes no account actions.", remedy="Leave out --actions.")
    if request.lane != "auto":
        raise ConfigError(f"A study takes no lane, and would ignore {request.lane}: all of them give the same results.",
                          remedy="Leave out --lane; zeno backtest run takes it, to look into one run.")  # fmt: skip
    values = {name: getattr(request, name) for name in _RUN}
    return {name: value if isinstance(value, int | str) else f"{value:f}" for name, value in values.items()}


def question(strategy: str, fixed: Mapping[str, float], request: Request, *, period: str, objective: str = "sharpe",
             seed: int = 0) -> dict[str, Any]:  # fmt: skip
    """Return what all kinds of studies ask of a strategy.

    Raises
    ------
    ConfigError
        When there is no such strategy, parameter, period or objective, or nothing can be drawn from the seed.
    """
    if period not in PERIODS:
        raise ConfigError(f"There is no period {period!r}.", remedy=f"One of {', '.join(PERIODS)}.")
    check_objective(objective)
    check_seed(seed)
    find_strategy(strategy)(**fixed)
    path = file_of(strategy)
    name = strategy if path is None else f"{path}:{strategy.rpartition(':')[2]}"
    return {"strategy": name, "fixed": dict(fixed), "run": run_terms(request), "period": period, "seed": seed,
            "objective": objective}  # fmt: skip


def default_period(asked: Asked, panel: bool) -> str:
    """Return in what steps returns are measured: slices of a day or longer; days or hours of shorter ones."""
    columns = load(asked.data, panel=panel).columns
    if columns.duration >= _DAY:
        return "slice"
    return "1d" if int(columns.times[-1] - columns.times[0]) > 60 * _DAY else "1h"


def spec(name: str, asked: Asked, about: Mapping[str, Any]) -> Spec:
    """Return the spec of a study of a kind; the user's own strategy file counts as code.

    What of the question has no effect joins the data's caveats.

    Raises
    ------
    ConfigError
        When a number is not finite, or a parameter is fixed and searched at once.
    """
    _refuse_infinite(about)
    if both := sorted(set(about["fixed"]) & set(about.get("space", {}).get("axes", ()))):
        raise ConfigError(f"{both[0]} is fixed and searched at once.", remedy=f"Leave out --param or --grid {both[0]}.")
    path = file_of(about["strategy"])
    code = code_version(kind(name).rooms, () if path is None else (path,))
    without = without_effect(find_strategy(about["strategy"]), _most(about), about["run"]["sizer"],
                             len(asked.data["symbols"]))  # fmt: skip
    data = {**asked.data, "caveats": [*asked.data["caveats"], *without]}
    return Spec(name, about, data, asked.snapshot, code).normal()


def _most(about: Mapping[str, Any]) -> dict[str, float]:
    """Return the parameters that a question fixes, and the largest values of those that it searches."""
    axes = about.get("space", {}).get("axes", {})
    largest = {name: axis["high"] if isinstance(axis, Mapping) else max(axis) for name, axis in axes.items()}
    return {**about["fixed"], **largest}


def _refuse_infinite(about: Mapping[str, Any]) -> None:
    for name, value in about.items():
        if isinstance(value, Mapping):
            _refuse_infinite(value)
        elif isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"{name} is {value}, which nothing can be asked with.", remedy="Give a finite number.")
