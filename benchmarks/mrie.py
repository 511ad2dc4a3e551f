"""MRIE on the shipped macro sample: which causal edges hold, how often luck passes for cause, and what bands cover.

The track record of the regime readings is measured by ``zeno mrie validate`` (docs/mrie-validation.md).
"""

import sys
from collections import Counter

import pandas as pd
from scipy.stats import beta

from benchmarks.common import Figures
from mrie.causal import edge_tasks, evaluate_edge, load_graph, node_frame, placebo_rates, placebo_tasks
from mrie.scenarios import measure_coverage
from zeno.settings import PROJECT_ROOT

_PLACEBOS, _SEED, _CONFIDENCE = 200, 20221031, 0.95
_BANDS = {"conformal": "adaptive conformal", "split": "split conformal", "gaussian": "Gaussian"}


def run() -> Figures:
    """Measure all three."""
    sys.path.insert(0, str(PROJECT_ROOT / "tests" / "support"))
    from macro_sample import us_macro_monthly

    graph = load_graph()
    nodes = node_frame(us_macro_monthly(), graph)
    tasks = edge_tasks(nodes, graph)
    verdicts = Counter(str(evaluate_edge(task).verdict) for task in tasks)
    values: dict[str, float | int | str] = {f"edges: {verdict}": count for verdict, count in sorted(verdicts.items())}
    rates = placebo_rates(evaluate_edge(task) for task in placebo_tasks(tasks, _PLACEBOS, seed=_SEED)).values()
    tried = sum(count for count, _ in rates)
    values |= _share(round(sum(count * rate for count, rate in rates)), tried)
    values |= _coverage(measure_coverage(nodes), "")
    told = [("policy_rate", month) for month in range(1, 13)]
    values |= _coverage(measure_coverage(nodes, told=told)[["conformal", "observations"]], ", told the policy rate")
    return Figures("mrie", values)


def _share(passed: int, tried: int) -> dict[str, float | int | str]:
    """Return a share with its Clopper-Pearson interval."""
    tail = (1 - _CONFIDENCE) / 2
    low = float(beta.ppf(tail, passed, tried - passed + 1)) if passed else 0.0
    high = float(beta.ppf(1 - tail, passed + 1, tried - passed))
    return {"placebos: tried": tried, "placebos: passed": passed, "placebos: rate": round(passed / tried, 6),
            "placebos: 95% interval": f"{low:.4%} to {high:.4%}"}  # fmt: skip


def _coverage(found: pd.DataFrame, note: str) -> dict[str, float | int | str]:
    """Return the coverage of 90% bands: of the worst and best variable, and of all outcomes together."""
    values: dict[str, float | int | str] = {}
    for column, name in _BANDS.items():
        if column in found:
            one = found[column]
            whole = (one * found["observations"]).sum() / found["observations"].sum()
            values[f"{name}{note}"] = f"{one.min():.3f} {one.idxmin()}, {one.max():.3f} {one.idxmax()}, all {whole:.3f}"
    return values | {f"outcomes a variable{note}": int(found["observations"].min())}
