"""Record a study in MLflow, or track files with DVC; killed at random moments by the tests of both.

python track_worker.py mlflow HOME CHILDREN | dvc HOME FILE…
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from research import files, tracking
from zeno.clock import ManualClock
from zeno.settings import Settings

STUDY_ID = "5f1d"


def study(home: Path, children: int) -> str:
    """Record a study whose numbers follow from their places."""
    page = home / "tearsheet.html"
    parts = [
        tracking.TrackedRun(name=f"fold {at}", parameters={"fold": at}, metrics={"sharpe": at / 8, "trades": at + 1.0})
        for at in range(children)
    ]
    whole = tracking.TrackedRun(
        name="walk-forward", parameters={"strategy": "sma_crossover"}, metrics={"sharpe": 1.25, "drawdown": -0.125}
    )
    clock = ManualClock(datetime(2026, 1, 2, tzinfo=UTC), tick=0.001)
    return tracking.track(whole, STUDY_ID, parts, {"tearsheet.html": page}, settings(home), clock)


def settings(home: Path) -> Settings:
    """Return settings whose data folder is ``home``."""
    return Settings(home=home, cache=home / "cache", drop=home / "drop")


if __name__ == "__main__":
    what, where, *rest = sys.argv[1:]
    if what == "mlflow":
        study(Path(where), int(rest[0]))
    else:
        files.track([Path(name) for name in rest], settings(Path(where)))
