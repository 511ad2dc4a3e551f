"""What it costs to rebuild a day's bars at all four lengths, swap them in, and prove them equal to their ticks.

Makes seeded trades (a walk in ticks of 0.25) in a warehouse of its own, builds the day once more than it measures (what
is measured is the rebuild, as after a late batch), and reads what the server spent from its query log: user and system
CPU-seconds of the queries of each step. dbt's own process is reported beside, and so are dbt's data tests. Of several
rounds it reports the one that cost least, since other work on the machine only ever adds.
"""

import resource
import time
from collections import defaultdict
from datetime import date

from benchmarks.common import Figures, scratch_warehouse
from warehouse.client import Client
from warehouse.reconcile import reconcile
from warehouse.store import User, Warehouse
from warehouse.transform import build
from zeno.telemetry import correlated

DAY = date(2024, 3, 4)
TRADES, INSTRUMENTS, ROUNDS = 4_000_000, 4, 3
SESSIONS = {"day_session": 390, "long_session": 1380}
"""Minutes over which the trades are spread: of a stock exchange, and of a futures exchange."""


def run(trades: int = TRADES, rounds: int = ROUNDS) -> Figures:
    """Rebuild the day several times for each length of session, and return CPU-seconds by step."""
    values: dict[str, float | int | str] = {"trades": trades}
    for label, minutes in SESSIONS.items():
        with scratch_warehouse() as store:
            make_trades(store.client(User.WRITER), trades, minutes)
            build(store, days=[DAY], select=["tag:bars", "staging"])
            best = min((one_round(store) for _ in range(rounds)), key=lambda figures: figures["total_cpu_s"])
            bars = store.client().scalar("SELECT count() FROM marts.bars_1s")
        values |= {f"{label}_{name}": value for name, value in {"bars_1s": bars, **best}.items()}
    return Figures("rebuild", values)


def make_trades(client: Client, trades: int, minutes: int) -> None:
    """Insert the day's trades: by server-side hashes of the row number, so that every run makes the same."""
    step = minutes * 60_000_000 * INSTRUMENTS // trades
    client.command(
        f"""
        INSERT INTO raw.trades
        SELECT instrument_id, ts, ord, toDecimal64(4000, 8) + toDecimal64(0.25, 8) * sum(toInt64(h % 3) - 1) OVER (
                PARTITION BY instrument_id ORDER BY ord ROWS UNBOUNDED PRECEDING), toDecimal64(1 + h % 20, 8),
            if(h % 2 = 0, 'buy', 'sell'), 200 + intHash64(h) % 5000, 'bench', 1
        FROM (
            SELECT toUInt32(number % {INSTRUMENTS} + 1) AS instrument_id,
                intDiv(number, {INSTRUMENTS}) AS ord, intHash64(number + 42) AS h,
                toDateTime64('{DAY}', 6, 'UTC') + toIntervalMicrosecond(ord * {step} + h % {step}) AS ts
            FROM numbers({trades})
        )"""
    )
    client.command("OPTIMIZE TABLE raw.trades FINAL")


def one_round(warehouse: Warehouse) -> dict[str, float]:
    """Rebuild and reconcile once."""
    admin = warehouse.client(User.ADMIN)
    started, since = children_cpu(), admin.scalar("SELECT toString(now64(6))")
    wall = time.monotonic()
    build(warehouse, days=[DAY], select=["tag:bars"])
    wall = time.monotonic() - wall
    with correlated() as identifier:
        results = reconcile(warehouse, [DAY])
    wrong = [result.message for result in results if not result.ok]
    if wrong:
        raise SystemExit("\n".join(wrong))
    spent = server_cpu(admin, since, identifier)
    total = round(spent["rebuild"] + spent["swap"] + spent["reconcile"], 3)
    return {
        "rebuild_cpu_s": round(spent["rebuild"], 3),
        "swap_cpu_s": round(spent["swap"], 3),
        "reconcile_cpu_s": round(spent["reconcile"], 3),
        "total_cpu_s": total,
        "dbt_other_queries_cpu_s": round(spent["other"], 3),
        "dbt_process_cpu_s": round(children_cpu() - started, 3),
        "dbt_wall_s": round(wall, 3),
    }


def server_cpu(admin: Client, since: str, reconciliation: str) -> dict[str, float]:
    """Return the server's CPU-seconds since a moment, by what they were spent on."""
    admin.command("SYSTEM FLUSH LOGS query_log")
    rows = admin.rows(
        """
        SELECT multiIf(log_comment = {reconciliation:String}, 'reconcile', query_kind = 'Insert', 'rebuild',
            query_kind = 'Alter', 'swap', 'other') AS step,
            sum(ProfileEvents['UserTimeMicroseconds'] + ProfileEvents['SystemTimeMicroseconds']) / 1e6
        FROM system.query_log
        WHERE type = 'QueryFinish' AND user = 'writer' AND is_initial_query
            AND event_time_microseconds >= toDateTime64({since:String}, 6) GROUP BY step""",
        {"reconciliation": reconciliation, "since": since},
    )
    return defaultdict(float, {step: seconds for step, seconds in rows})  # noqa: C416 - typed


def children_cpu() -> float:
    """Return the CPU-seconds of all finished child processes: dbt's."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
