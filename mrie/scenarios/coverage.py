"""Do the bands keep their word? Their coverage out of sample, beside that of Gaussian bands, and the claim on it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.special import ndtri

from mrie.claims import Claim, Condition, Predicate
from mrie.scenarios.conformal import MIN_SCORES, RATE, inside, widths
from mrie.scenarios.hindcast import FIRST_TRAINING_YEARS, Hindcast, hindcast
from mrie.scenarios.var import CLIP, LAGS, TIGHTNESS
from warehouse.schema import table
from warehouse.schema.arrow import arrow_schema

MODEL = "var_conformal"
TOLERANCE = (0.87, 0.93)
"""Where the coverage of a 90% band must lie for every variable."""


def measure_coverage(nodes: pd.DataFrame, *, horizon: int = 12, level: float = 0.9,
                     told: Sequence[tuple[str, int]] = ()) -> pd.DataFrame:  # fmt: skip
    """Return the share of outcomes inside the bands that were made before them.

    Parameters
    ----------
    nodes
        ``mrie.causal.node_frame``'s result.
    told
        Variables and months ahead that every forecast is told: the coverage of conditional bands.

    Returns
    -------
    pandas.DataFrame
        One row a variable: ``conformal``, ``split`` (the same without adaptation), ``gaussian`` (the model's own
        bands, on the same months) and ``observations``, over all months ahead.
    """
    made = hindcast(nodes, horizon, told)
    rows = {name: _node_coverage(made, column, level) for column, name in enumerate(made.names)}
    return pd.DataFrame.from_dict(rows, orient="index").loc[lambda found: found["observations"] > 0]


def coverage_rows(found: pd.DataFrame, nodes: pd.DataFrame, *, level: float = 0.9) -> pa.Table:
    """Return ``measure_coverage``'s result as rows of ``mrie.validations``."""
    declared = arrow_schema(table("mrie.validations"))
    wanted = pa.schema([field for field in declared if field.name not in {"run_id", "recorded_at"}])
    window = f"{nodes.index[0]:%Y-%m}..{nodes.index[-1]:%Y-%m}"
    rows = [
        {"model": MODEL, "metric": f"coverage_{kind}/{node}", "window": window, "value": float(row[kind]),
         "low": None, "high": None, "observations": int(row["observations"]),
         "detail": f"share of outcomes inside bands of nominal coverage {level:g}, out of sample, 1 to 12 months ahead"}
        for node, row in found.iterrows() for kind in ("conformal", "split", "gaussian")
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=wanted)


def coverage_claim() -> Claim:
    """Return the claim that every variable's 90% bands cover 87 to 93% of outcomes, for the ledger."""
    procedure = {
        "bands": "adaptive conformal",
        "level": 0.9,
        "rate": RATE,
        "min_scores": MIN_SCORES,
        "horizon": 12,
        "first_training_years": FIRST_TRAINING_YEARS,
        "lags": LAGS,
        "tightness": TIGHTNESS,
        "clip": CLIP,
    }
    conditions = (Condition("coverage_least", "at_least", TOLERANCE[0]),
                  Condition("coverage_greatest", "at_most", TOLERANCE[1]))  # fmt: skip
    return Claim("scenarios/coverage/1", "Bands of nominal coverage 0.9 cover 0.87 to 0.93 of what happened, out of "
                 "sample, for every variable.", Predicate(conditions, (), procedure))  # fmt: skip


def coverage_evidence(found: pd.DataFrame) -> dict[str, float]:
    """Return what ``coverage_claim`` is judged by."""
    by_node = {f"coverage/{node}": float(value) for node, value in found["conformal"].items()}
    return by_node | {"coverage_least": min(by_node.values()), "coverage_greatest": max(by_node.values())}


def _node_coverage(made: Hindcast, column: int, level: float) -> dict[str, float]:
    quantile = float(ndtri((1 + level) / 2))
    counts = np.zeros((3, 2), dtype=np.int64)
    for step in range(made.errors.shape[1]):
        errors = made.errors[:, step, column]
        adapted = widths(errors, step + 1, level=level)
        split = widths(errors, step + 1, level=level, rate=0.0)
        gaussian = np.where(np.isfinite(adapted), quantile * made.deviations[:, step, column], np.nan)
        counts += [inside(errors, bands) for bands in (adapted, split, gaussian)]
    shares = counts[:, 0] / max(int(counts[0, 1]), 1)
    return {"conformal": shares[0], "split": shares[1], "gaussian": shares[2], "observations": float(counts[0, 1])}
