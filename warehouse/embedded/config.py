"""ClickHouse's own configuration of a node: ``config.xml`` and ``users.xml``, rendered anew at every start.

Users: ``admin`` (migrations), ``writer`` (loads, dbt), ``researcher`` (reads, within limits), and ``default``, which
the engine runs its own start-up session as and which cannot have a password there. Its quota ends with the two
statements of that session and it may read no table, so that no other client can use it.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import psutil

from warehouse.embedded.credentials import Credentials, write_private
from warehouse.embedded.topology import HOST, Node, Topology

CLUSTER = "zeno"
"""Cluster of all shards: what Distributed tables of sharded data span."""
GLOBAL_CLUSTER = "zeno_global"
"""Cluster of node 1 alone: where global tables live."""

DATABASES = ("raw", "ref", "ops", "staging", "marts", "research", "mrie")

_MEMORY_SHARE = 0.6  # of the machine, for all nodes together; the rest is for Python beside them
_RESEARCHER_LIMITS = {
    "max_execution_time": 300,
    "max_result_rows": 50_000_000,
    "max_rows_to_read": 20_000_000_000,
    "max_concurrent_queries_for_user": 8,
}
_START_UP_STATEMENTS = 2
_YEARS_IN_SECONDS = 315_360_000

Tree = Mapping[str, "Tree | list[Tree | str] | str | int | float"]


def write_config(root: Path, topology: Topology, node: Node, credentials: Credentials) -> None:
    """Write both files of ``node`` into its folder, mode 0600."""
    folder = node.folder(root)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "log").mkdir(exist_ok=True)
    write_private(folder / "config.xml", _render(_server(folder, topology, node, credentials)))
    write_private(folder / "users.xml", _render(_users(topology, credentials)))


def grants_enough(root: Path, node: Node) -> bool:
    """Tell whether a running node grants all that this version of Zeno needs: an older one knew fewer databases."""
    path = node.folder(root) / "users.xml"
    users = path.read_text() if path.exists() else ""
    return all(f"<query>GRANT {grant}</query>" in users for grant in (*_writer_grants(), *_reader_grants()))


def _server(folder: Path, topology: Topology, node: Node, credentials: Credentials) -> Tree:
    return {
        "logger": {
            "level": "warning",
            "log": str(folder / "log" / "server.log"),
            "errorlog": str(folder / "log" / "error.log"),
            "size": "20M",
            "count": 3,
        },
        # The engine reads its level here, not in <logger>, and logs everything otherwise.
        "log-level": "warning",
        "path": f"{folder / 'data'}/",
        "listen_host": HOST,
        "http_port": node.http_port,
        "tcp_port": node.tcp_port,
        "shutdown_wait_unfinished": 2,
        "keep_alive_timeout": 3,
        "users_config": str(folder / "users.xml"),
        "max_server_memory_usage": _memory(topology.shards),
        "mark_cache_size": 268_435_456,
        "background_pool_size": 4,
        "background_schedule_pool_size": 8,
        "query_log": {
            "database": "system",
            "table": "query_log",
            "ttl": "event_date + INTERVAL 14 DAY DELETE",
            "flush_interval_milliseconds": 5000,
        },
        "macros": {"shard": node.number, "replica": "1"},
        "remote_servers": {
            CLUSTER: _cluster(topology.nodes, credentials),
            GLOBAL_CLUSTER: _cluster(topology.nodes[:1], credentials),
        },
    }


def _cluster(nodes: tuple[Node, ...], credentials: Credentials) -> Tree:
    # With a secret, a query on another node runs as the user who asked, under that user's limits.
    return {
        "secret": credentials.interserver,
        "shard": [{"replica": {"host": HOST, "port": node.tcp_port}} for node in nodes],
    }


def _users(topology: Topology, credentials: Credentials) -> Tree:
    memory = _memory(topology.shards)
    limits = _RESEARCHER_LIMITS | {"max_memory_usage": memory // 2}
    return {
        "profiles": {
            "default": {"max_partitions_per_insert_block": 0, "join_use_nulls": 0},
            "researcher": {
                **limits,
                "readonly": 2,
                # Zero means no limit at all, and is less than every maximum. Nodes ask one another with some limits at
                # zero: a minimum would raise these to 1, what is disallowed falls back to the limit.
                "constraints": {name: {"max": value, "disallowed": 0} for name, value in limits.items()},
            },
        },
        "quotas": {
            "default": "",
            "start_up": {"interval": {"duration": _YEARS_IN_SECONDS, "queries": _START_UP_STATEMENTS}},
        },
        "users": {
            "default": {
                "no_password": "",
                "networks": {"ip": HOST},
                "profile": "default",
                "quota": "start_up",
                "grants": _grants("SYSTEM LISTEN ON *.*", "READ ON FILE", "CREATE TEMPORARY TABLE ON *.*"),
            },
            "admin": _user(credentials.admin, "default", {"access_management": 1}),
            "writer": _user(credentials.writer, "default", {"grants": _grants(*_writer_grants())}),
            "researcher": _user(credentials.researcher, "researcher", {"grants": _grants(*_reader_grants())}),
        },
    }


def _user(password: str, profile: str, extra: Tree) -> Tree:
    return {
        "password_sha256_hex": hashlib.sha256(password.encode()).hexdigest(),
        "networks": {"ip": HOST},
        "profile": profile,
        "quota": "default",
        **extra,
    }


def _grants(*grants: str) -> Tree:
    return {"query": [f"GRANT {grant}" for grant in grants]}


def _writer_grants() -> list[str]:
    owned = [f"SELECT, INSERT, ALTER, CREATE, DROP, TRUNCATE, OPTIMIZE, SHOW ON {db}.*" for db in DATABASES]
    engines = [f"TABLE ENGINE ON {engine}" for engine in ("MergeTree", "Distributed", "Memory", "Null")]
    return [*owned, *engines, "SELECT ON system.*", "CREATE TEMPORARY TABLE, CREATE DATABASE, KILL QUERY ON *.*"]


def _reader_grants() -> list[str]:
    return [f"SELECT, SHOW ON {db}.*" for db in (*DATABASES, "system")]


def _memory(shards: int) -> int:
    return int(psutil.virtual_memory().total * _MEMORY_SHARE / shards)


def _render(tree: Tree) -> str:
    root = ElementTree.Element("clickhouse")
    _fill(root, tree)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _fill(parent: ElementTree.Element, tree: Tree) -> None:
    for name, value in tree.items():
        for entry in value if isinstance(value, list) else [value]:
            child = ElementTree.SubElement(parent, name)
            if isinstance(entry, Mapping):
                _fill(child, entry)
            else:
                child.text = str(entry)
