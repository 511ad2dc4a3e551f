"""A hundred ``kill -9`` of drivers and workers during a walk-forward study: the same results, each of them once."""

import sys
import tempfile
from pathlib import Path

from benchmarks.common import Figures
from zeno.settings import PROJECT_ROOT

_KILLS = 100


def run() -> Figures:
    """Run the campaign of ``tests/support/study_kills.py``, on Dask and, with fewer kills, on Spark."""
    sys.path.insert(0, str(PROJECT_ROOT / "tests" / "support"))
    values: dict[str, float | int | str] = {}
    for where, kills in (("dask", _KILLS), ("spark", _KILLS // 10)):
        with tempfile.TemporaryDirectory(prefix="zeno-kills-") as folder:
            values |= _campaign(Path(folder), where, kills)
    return Figures("study_kills", values)


def _campaign(folder: Path, where: str, kills: int) -> dict[str, float | int | str]:
    from study_kills import Campaign

    campaign = Campaign(folder, where, seed=20)
    try:
        undisturbed = campaign.undisturbed()
        told = campaign.disturbed(kills)
    finally:
        campaign.close()
    return {
        f"{where}: drivers killed": told.drivers_killed,
        f"{where}: workers killed": told.workers_killed,
        f"{where}: same results as undisturbed": str(told.result == undisturbed and undisturbed is not None),
        f"{where}: tasks": len(told.counts),
        f"{where}: results of a task, most": max(told.counts.values()),
    }
