"""Run dbt: staging views and marts, on every node that holds rows, and the surfaces over them on a cluster.

Models tagged ``sharded`` are built on each node from that node's own rows; the others on node 1 alone. On a cluster
``marts.bars_1m`` is then a Distributed table over the nodes' ``marts.bars_1m_local``, and a global mart is readable
from every node. dbt runs as its own process, so that its state and its logging stay out of ours; its folders are under
the data folder, never in the checkout.
"""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

import psutil

from warehouse.client import Client
from warehouse.embedded.config import GLOBAL_CLUSTER
from warehouse.schema.ddl import LOCAL_SUFFIX, Layout
from warehouse.store import User, Warehouse
from zeno.errors import WarehouseError
from zeno.settings import PROJECT_ROOT

PROJECT = PROJECT_ROOT / "dbt"
_TAIL_LINES = 40
MAX_DAYS = 400  # in one run: a query names them a dozen times and may be 256 KiB long
_SURFACES = ("staging", "marts")


class TransformError(WarehouseError):
    """dbt did not end well; what it had not reached yet is as it was before."""


def dbt_env(warehouse: Warehouse, node_index: int, days: Sequence[date] | None = None) -> dict[str, str]:
    """Return the environment in which dbt works on one node, as the writer.

    Parameters
    ----------
    node_index
        From 0, in shard order.
    days
        As in ``build``.
    """
    address = warehouse.addresses[User.WRITER][node_index]
    folder = _folder(warehouse, node_index)
    return {
        "ZENO_DBT_HOST": address.host,
        "ZENO_DBT_PORT": str(address.port),
        "ZENO_DBT_USER": address.user,
        "ZENO_DBT_PASSWORD": address.password,
        "ZENO_DBT_SECURE": str(address.secure),
        "ZENO_DBT_DAYS": json.dumps(None if days is None else [str(day) for day in days]),
        "ZENO_DBT_LOCAL_SUFFIX": "" if warehouse.layout is Layout.SINGLE else LOCAL_SUFFIX,
        "DBT_PROJECT_DIR": str(PROJECT),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
    }


def build(
    warehouse: Warehouse,
    *,
    days: Sequence[date] | None = None,
    select: Sequence[str] = (),
    thorough: bool = False,
    full_refresh: bool = False,
) -> None:
    """Build the models and run their data tests, on every node; then renew the surfaces.

    Parameters
    ----------
    days
        Event days (UTC) whose bars are rebuilt; None for all that have trades, an empty list for none.
    select
        dbt selectors, such as ``tag:bars``; empty for all models.
    thorough
        Also run dbt's unit tests and the tests tagged ``slow``.
    full_refresh
        Make incremental tables anew, as after a change of their columns. Takes no ``days``: it would lose the others.

    Raises
    ------
    TransformError
        If dbt fails on a node, with the nodes and the end of what dbt said; or if arguments contradict each other.
    """
    if full_refresh and days is not None:
        raise TransformError("A full refresh makes all days anew.", remedy="Leave out days or full_refresh.")
    options = _options(thorough, full_refresh)
    with one_at_a_time(warehouse):
        for chunk in _chunks(days):
            _run_on(warehouse, range(warehouse.shards), select, options, chunk)
        if warehouse.layout is not Layout.SINGLE:
            make_surfaces(warehouse)


def build_rest(warehouse: Warehouse, *, days: Sequence[date] | None) -> None:
    """Do what ``build`` does after node 1, for a caller that is inside ``one_at_a_time`` and ran node 1 itself.

    Raises
    ------
    TransformError
        As ``build``.
    """
    if warehouse.layout is Layout.SINGLE:
        return
    _run_on(warehouse, range(1, warehouse.shards), (), _options(False, False), days)
    make_surfaces(warehouse)


def make_surfaces(warehouse: Warehouse) -> None:
    """Make what a cluster is read through, or renew it where columns changed; what is right is left alone."""
    nodes = warehouse.nodes(User.ADMIN)
    tables = _tables(nodes[0])
    cluster = warehouse.settings.clickhouse_cluster or "zeno"
    for number, node in enumerate(nodes, 1):
        existing = _tables(node)
        for name, columns in tables.items():
            local = name.endswith(LOCAL_SUFFIX)
            surface = name.removesuffix(LOCAL_SUFFIX)
            if (local or number > 1) and existing.get(surface) != columns:
                _create_surface(node, surface, columns, cluster if local else GLOBAL_CLUSTER, name)


def _create_surface(node: Client, surface: str, columns: tuple[tuple[str, str], ...], cluster: str, over: str) -> None:
    listed = ", ".join(f"`{name}` {kind}" for name, kind in columns)
    database, short = over.split(".")
    node.command(
        f"CREATE OR REPLACE TABLE {surface} ({listed}) ENGINE = Distributed('{cluster}', '{database}', '{short}')"
    )


def _tables(node: Client) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return the columns of all tables and views of dbt's schemas, without dbt's own temporary ones."""
    rows = node.rows(
        "SELECT database || '.' || table, groupArray((name, type)) "
        "FROM (SELECT * FROM system.columns ORDER BY position) "
        f"WHERE database IN {_SURFACES} AND position(table, '__dbt') = 0 GROUP BY 1"
    )
    return {name: tuple((column, kind) for column, kind in columns) for name, columns in rows}


def _end_orphans(warehouse: Warehouse) -> None:
    orphans = [process for process in psutil.process_iter() if _is_dbt_of(process, warehouse)]
    for process in orphans:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(orphans)


def _is_dbt_of(process: psutil.Process, warehouse: Warehouse) -> bool:
    # Its environment alone would not tell: a node that is started while dbt's variables are exported has them, too.
    try:
        target = process.environ().get("DBT_TARGET_PATH", "")
        return Path(target).is_relative_to(warehouse.settings.home / "dbt") and any(
            Path(word).name == "dbt" for word in process.cmdline()[:2]
        )
    except psutil.Error:
        return False


def _sweep(warehouse: Warehouse) -> None:
    # dbt names its temporary tables after the run, so that nobody else would ever drop those of a run that died.
    for node in warehouse.nodes(User.WRITER):
        for (name,) in node.rows(
            "SELECT database || '.`' || name || '`' FROM system.tables "
            f"WHERE database IN {_SURFACES} AND position(name, '__dbt') > 0"
        ):
            node.command(f"DROP TABLE IF EXISTS {name}")


def _run_on(warehouse: Warehouse, nodes: Iterable[int], select: Sequence[str], options: list[str],
            days: Sequence[date] | None) -> None:  # fmt: skip
    failures = {}
    for index in nodes:
        chosen = list(select) if index == 0 else [f"{one},tag:sharded" for one in select] or ["tag:sharded"]
        selection = ["--select", *chosen] if chosen else []
        done = _dbt(dbt_env(warehouse, index, days), ["build", *selection, *options])
        if done.returncode != 0:
            failures[f"node {index + 1}"] = "\n".join((done.stdout + done.stderr).splitlines()[-_TAIL_LINES:])
    if failures:
        told = "\n".join(f"{node}:\n{tail}" for node, tail in failures.items())
        raise TransformError(f"dbt failed on {', '.join(failures)}.\n{told}\n",
                             remedy=f"dbt's logs are under {warehouse.settings.home / 'dbt'}.")  # fmt: skip


def _dbt(variables: dict[str, str], arguments: list[str]) -> subprocess.CompletedProcess[str]:
    executable = Path(sys.executable).parent / "dbt"
    # Nobody reads the artifacts of these builds.
    environment = {**os.environ, **variables, "DBT_WRITE_JSON": "False"}  # noqa: TID251 - handed on, not read
    return subprocess.run([str(executable), "--no-use-colors", *arguments], env=environment, cwd=PROJECT_ROOT,
                          capture_output=True, text=True, check=False)  # fmt: skip


def _options(thorough: bool, full_refresh: bool) -> list[str]:
    refresh = ["--full-refresh"] if full_refresh else []
    return refresh if thorough else [*refresh, "--exclude-resource-type", "unit_test", "--exclude", "tag:slow"]


def _chunks(days: Sequence[date] | None) -> Iterator[Sequence[date] | None]:
    if days is None or len(days) <= MAX_DAYS:
        yield days
        return
    for start in range(0, len(days), MAX_DAYS):
        yield days[start : start + MAX_DAYS]


def _folder(warehouse: Warehouse, node_index: int) -> Path:
    return warehouse.settings.home / "dbt" / f"node{node_index + 1}"


@contextmanager
def one_at_a_time(warehouse: Warehouse) -> Iterator[None]:
    """Wait for other builds of this data folder, and keep them waiting; what a build that died left behind goes.

    Two rebuilds of days in one month would each carry over the other's old rows. That is why a build that was killed
    takes its dbt along here: it runs on as an orphan, which the lock does not see.
    """
    path = warehouse.settings.home / "dbt" / "build.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _end_orphans(warehouse)
        _sweep(warehouse)
        yield
