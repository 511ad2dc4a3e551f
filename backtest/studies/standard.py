"""Studies as the Dagster asset and the demo ask for them: by plain values, with the options' defaults."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from backtest.run import Request
from backtest.strategies.files import find_strategy
from backtest.studies import ask
from backtest.studies.space import parse_axis
from research.kinds import kind
from research.study import Studies


def walk_forward_study(studies: Studies, *, strategy: str, universe: str, grid: Sequence[str], train: int, test: int,
                       purge: int, cost: str, sizer: str = "quantity:1", resolution: str = "1d",
                       start: str = "1990-01-01", end: str = "2200-01-01", source: str = "") -> str:  # fmt: skip
    """Compile a strategy, write down a walk-forward study of it over all symbols of a data set, and return its id.

    Raises
    ------
    ConfigError, WarehouseError
        When there is no such strategy or data, or the study cannot run.
    """
    panel = bool(find_strategy(strategy).panel)  # type: ignore[attr-defined]
    asked = ask.from_warehouse(ask.members(universe), resolution, _day(start), _day(end), source=source or universe,
                               panel=panel)  # fmt: skip
    request = Request(strategy=None, sizer=sizer, cost=cost)
    about = ask.question(strategy, {}, request, period=ask.default_period(asked, panel)) | walk_terms(
        dict(map(parse_axis, grid)), train=train, test=test, purge=purge
    )
    spec = ask.spec("walk_forward", asked, about)
    made = kind(spec.kind)
    made.count(spec)  # refuses what cannot run, before anything is compiled or written down
    made.prepare(spec)
    return studies.create(spec, asked.detail)


def walk_terms(axes: dict[str, Any], **windows: int) -> dict[str, Any]:
    """Return what a walk-forward question asks beside the strategy: all of a grid, rolling windows."""
    sample = {"method": "grid", "count": 0, "seed": 0}
    return {"space": {"axes": axes, "sample": sample}, "step": None, "embargo": 0, "anchored": False, **windows}


def _day(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
