"""Scenarios from end to end: a forecast, a conditional path, or an intervention, guarded, banded and kept.

    run_forecast      nothing assumed: conformal bands
    run_conditional   assumptions are observations: every variable is revised, causes too; conformal bands from past
                      forecasts that were told the same variables and months
    run_intervention  assumptions are acts: only what surviving edges lead to moves; bootstrap bands of the effect

The three answer different questions and are never mixed: a path says which it is (``sense``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa

from mrie.causal import Graph
from mrie.scenarios import conditions as assumed
from mrie.scenarios.conditional import condition
from mrie.scenarios.conditions import Condition, Observed, Set
from mrie.scenarios.conformal import widths
from mrie.scenarios.hindcast import hindcast
from mrie.scenarios.intervention import DRAWS, effect, equations, reached, structure
from mrie.scenarios.support import check_support
from mrie.scenarios.var import complete_months, fit_var, forecast, path_covariance
from warehouse.schema import table
from warehouse.schema.arrow import arrow_schema
from zeno.errors import ConfigError

HORIZON = 12
LEVEL = 0.9


@dataclass(frozen=True)
class Path:
    """What is expected in the months ahead.

    Parameters
    ----------
    sense
        ``forecast``, ``conditioned`` or ``intervened``.
    value, low, high, baseline
        One row a month ahead (index its first day), one column a variable in its unit. ``low`` and ``high`` equal
        ``value`` where it was assumed. ``baseline`` is the forecast that assumes nothing.
    level
        Nominal coverage of the band.
    band
        ``conformal``: of the outcome; ``bootstrap``: of the effect alone.
    assumptions
        Canonical JSON.
    data_month
        Last month known: its first day.
    """

    sense: str
    value: pd.DataFrame
    low: pd.DataFrame
    high: pd.DataFrame
    baseline: pd.DataFrame
    level: float
    band: str
    assumptions: str
    data_month: date


def run_forecast(nodes: pd.DataFrame, *, horizon: int = HORIZON, level: float = LEVEL) -> Path:
    """Return the path that assumes nothing.

    Parameters
    ----------
    nodes
        ``mrie.causal.node_frame``'s result; used to its last complete month.

    Raises
    ------
    ConfigError
        If there is too little data.
    """
    known = complete_months(nodes)
    baseline = _baseline(known, horizon)
    return _path("forecast", known, baseline, baseline, _half_widths(known, horizon, (), level), level, ())


def run_conditional(nodes: pd.DataFrame, conditions: Sequence[Condition], *, horizon: int = HORIZON,
                    level: float = LEVEL, seed: int = 0) -> Path:  # fmt: skip
    """Return the path expected if the conditions are seen to hold.

    Conditions with noise and ranges leave the band as wide as if they were not there: past forecasts cannot be told a
    range, and too wide is safer than too narrow.

    Parameters
    ----------
    seed
        Of the sampler that ranges need.

    Raises
    ------
    OutOfSupport
        If past data have nothing like the conditions.
    ConfigError
        If they mean nothing: an unknown variable, a month assumed twice.
    """
    known = complete_months(nodes)
    names = tuple(known.columns)
    assumed.check(conditions, names, horizon)
    model = fit_var(known.to_numpy(float), names)
    check_support(model, known, conditions, horizon).require("The condition")
    baseline = forecast(model, known.to_numpy(float), horizon)
    value = condition(baseline, path_covariance(model, horizon), names, conditions, seed=seed)
    told = tuple((one.node, one.step) for one in conditions if isinstance(one, Observed) and one.sd == 0.0)
    half = _half_widths(known, horizon, told, level)
    return _path("conditioned", known, value, baseline, half, level, conditions)


def run_intervention(nodes: pd.DataFrame, interventions: Sequence[Set], graph: Graph, surviving: Iterable[str], *,
                     horizon: int = HORIZON, level: float = LEVEL, seed: int = 0) -> Path:  # fmt: skip
    """Return the path expected if variables are set by hand.

    Parameters
    ----------
    surviving
        Names of the edges that hold (``mrie.causal.surviving``): the only ones that carry an effect.
    seed
        Of the bootstrap.

    Raises
    ------
    OutOfSupport
        If past data have nothing like what is set.
    ConfigError
        If it means nothing: an unknown variable, a month set twice.
    """
    known = complete_months(nodes)
    names = tuple(known.columns)
    assumed.check(interventions, names, horizon)
    model = fit_var(known.to_numpy(float), names)
    check_support(model, known, interventions, horizon).require("The intervention")
    baseline = forecast(model, known.to_numpy(float), horizon)
    acted = {one.node for one in interventions}
    kept = frozenset(surviving)
    may_move = reached(kept, graph, acted) | acted
    every = structure({name: known[name].to_numpy(float) for name in names}, graph, kept)
    rows = {name: found for name, found in every.items() if name in may_move}
    moved = effect(equations(rows), graph, baseline, names, interventions)
    draw = np.random.default_rng(seed)
    drawn = np.array([effect(equations(rows, draw), graph, baseline, names, interventions) for _ in range(DRAWS)])
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return _path("intervened", known, baseline + moved, baseline, (moved - low, high - moved), level, interventions)


def path_rows(paths: Mapping[str, Path]) -> pa.Table:
    """Return paths by scenario name as rows of ``mrie.scenarios``, for ``MrieStore.write_scenarios``."""
    declared = arrow_schema(table("mrie.scenarios"))
    wanted = pa.schema([field for field in declared if field.name not in {"run_id", "recorded_at"}])
    rows = [row for name, path in paths.items() for row in _rows(name, path)]
    return pa.Table.from_pylist(rows, schema=wanted)


def _baseline(known: pd.DataFrame, horizon: int) -> np.ndarray:
    values = known.to_numpy(float)
    return forecast(fit_var(values, tuple(known.columns)), values, horizon)


def _half_widths(known: pd.DataFrame, horizon: int, told: tuple[tuple[str, int], ...], level: float
                 ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    errors = hindcast(known, horizon, told).errors
    half = np.zeros(errors.shape[1:])
    for step in range(horizon):
        for column in range(errors.shape[2]):
            if (known.columns[column], step + 1) not in told:
                half[step, column] = widths(errors[:, step, column], step + 1, level=level)[-1]
    if not np.isfinite(half).all():
        raise ConfigError("There are too few past forecasts to tell how wide the bands must be.",
                          remedy="Give more years, or a shorter horizon.")  # fmt: skip
    return half, half


def _path(
    sense: str,
    known: pd.DataFrame,
    value: np.ndarray,
    baseline: np.ndarray,
    band: tuple[np.ndarray, np.ndarray],
    level: float,
    assumptions: Sequence[assumed.Assumption],
) -> Path:
    last = date.fromisoformat(str(known.index.to_numpy("datetime64[D]")[-1]))
    months = pd.date_range(last, periods=len(value) + 1, freq="MS")[1:]

    def framed(part: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(part, index=months, columns=known.columns)

    return Path(
        sense=sense,
        value=framed(value),
        low=framed(value - band[0]),
        high=framed(value + band[1]),
        baseline=framed(baseline),
        level=level,
        band="bootstrap" if sense == "intervened" else "conformal",
        assumptions=assumed.written(assumptions),
        data_month=last,
    )


def _rows(name: str, path: Path) -> Iterable[dict[str, object]]:
    for step, month in enumerate(path.value.index, 1):
        for node in path.value.columns:
            yield {
                "scenario": name,
                "sense": path.sense,
                "node": node,
                "step": step,
                "month": month.date(),
                "value": float(path.value.at[month, node]),
                "low": float(path.low.at[month, node]),
                "high": float(path.high.at[month, node]),
                "baseline": float(path.baseline.at[month, node]),
                "level": path.level,
                "band": path.band,
                "assumptions": path.assumptions,
                "data_month": path.data_month,
            }
