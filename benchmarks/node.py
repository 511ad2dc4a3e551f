"""The embedded node: cold and warm start, memory at idle, time to stop."""

import time

from benchmarks.common import Figures, median, scratch_warehouse
from warehouse.store import embedded

RUNS = 5
QUERIES = 50


def run(runs: int = RUNS) -> Figures:
    """Start and stop a node several times; the first start of the process makes the folder."""
    starts: list[float] = []
    stops: list[float] = []
    began = time.perf_counter()
    with scratch_warehouse() as store:
        first = time.perf_counter() - began
        control = embedded(store.settings)
        time.sleep(5)
        client = store.client()
        queries = [_timed(lambda: client.scalar("SELECT 1")) for _ in range(QUERIES)]
        resident = control.status()[0].resident_bytes or 0
        for _ in range(runs):
            store.close()
            stops.append(_timed(control.down))
            starts.append(_timed(control.up))
    return Figures("node", {
        "first_start_with_schema_s": round(first, 2),
        "restart_median_s": round(median(starts), 2),
        "stop_median_s": round(median(stops), 2),
        "empty_query_median_ms": round(median(queries) * 1000, 2),
        "idle_resident_mib": round(resident / 2**20),
    })  # fmt: skip


def _timed(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
