"""DDL: declared tables as canonical text, and that text for one node, for shards, and for a replicated cluster.

``create_statement`` renders a declaration once, for a migration file, as on a single node. ``for_layout`` turns such a
statement into what a node of a given layout must execute:

| layout | sharded table ``raw.trades`` | global table ``raw.macro`` |
|---|---|---|
| single | ``MergeTree`` | ``MergeTree`` |
| shards | ``raw.trades_local`` on each node, ``Distributed`` over it | on node 1, ``Distributed`` to it elsewhere |
| replicated | the same with ``ReplicatedMergeTree … ON CLUSTER`` | replicated to every node |
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from warehouse.schema.model import Column, Kind, Placement, Table

LOCAL_SUFFIX = "_local"
_ALIAS_TYPE = Kind.TIMESTAMP.value  # every alias declared so far is a knowledge time


class Layout(StrEnum):
    """How many nodes there are, and whether they replicate."""

    SINGLE = "single"
    SHARDS = "shards"
    REPLICATED = "replicated"


@dataclass(frozen=True)
class Target:
    """The node that a statement is rendered for.

    Parameters
    ----------
    cluster
        Cluster of all shards; ``global_cluster`` is the cluster that holds global tables.
    node
        Number of the node, from 1.
    """

    layout: Layout = Layout.SINGLE
    node: int = 1
    cluster: str = "zeno"
    global_cluster: str = "zeno_global"


def storage_name(table: Table, layout: Layout) -> str:
    """Return the name of the table that holds the rows on a node.

    >>> from warehouse.schema import table
    >>> storage_name(table("raw.trades"), Layout.SHARDS)
    'raw.trades_local'
    """
    sharded = table.placement is Placement.SHARDED and layout is not Layout.SINGLE
    return table.name + LOCAL_SUFFIX if sharded else table.name


def create_statement(table: Table) -> str:
    """Return the canonical CREATE TABLE of a declaration, headed by its placement."""
    columns = [_column(column) for column in table.columns]
    columns += [f"    {name} {_ALIAS_TYPE} ALIAS {expression}" for name, expression in table.aliases.items()]
    body = ",\n".join(columns)
    partition = f"PARTITION BY {table.partition}\n" if table.partition else ""
    return (
        f"-- @{table.placement} {table.name}\n"
        f"CREATE TABLE IF NOT EXISTS {table.name}\n(\n{body}\n)\n"
        f"ENGINE = MergeTree\n{partition}ORDER BY ({', '.join(table.key)})\n"
        f"COMMENT {_quote(_comment(table))};"
    )


def for_layout(statement: str, target: Target) -> list[str]:
    """Return what ``target`` must execute for one canonical statement.

    Raises
    ------
    ValueError
        If the statement is not headed by its placement.
    """
    head = re.match(r"-- @(sharded|global) (\S+)\n", statement)
    if head is None:
        raise ValueError(f"a migration statement must start with its placement, not with {statement[:60]!r}")
    sql = statement[head.end() :].rstrip().rstrip(";")
    if target.layout is Layout.SINGLE:
        return [sql]
    placement, name = Placement(head[1]), head[2]
    if target.layout is Layout.REPLICATED:
        return _replicated(sql, name, placement, target)
    if placement is Placement.SHARDED:
        return [_rename(sql, name, name + LOCAL_SUFFIX), _distributed(name, name + LOCAL_SUFFIX, target.cluster)]
    return [sql] if target.node == 1 else [_proxy(sql, name, target.global_cluster)]


def _replicated(sql: str, name: str, placement: Placement, target: Target) -> list[str]:
    on_cluster = f" ON CLUSTER '{target.cluster}'"
    database, short = name.split(".")
    if placement is Placement.GLOBAL:
        # One replication path without the shard: every node of the cluster is a replica of the whole table.
        engine = f"ReplicatedMergeTree('/clickhouse/tables/global/{database}/{short}', '{{shard}}-{{replica}}')"
        return [_on_cluster(sql, name, on_cluster).replace("ENGINE = MergeTree", f"ENGINE = {engine}", 1)]
    local = name + LOCAL_SUFFIX
    engine = f"ReplicatedMergeTree('/clickhouse/tables/{{shard}}/{database}/{short}', '{{replica}}')"
    create = _on_cluster(_rename(sql, name, local), local, on_cluster)
    return [
        create.replace("ENGINE = MergeTree", f"ENGINE = {engine}", 1),
        _on_cluster(_distributed(name, local, target.cluster), name, on_cluster),
    ]


def _rename(sql: str, name: str, new: str) -> str:
    return re.sub(rf"\b{re.escape(name)}\b", new, sql, count=1)


def _on_cluster(sql: str, name: str, clause: str) -> str:
    return re.sub(rf"\b{re.escape(name)}\b", name + clause, sql, count=1)


def _distributed(name: str, local: str, cluster: str) -> str:
    database, short = local.split(".")
    return (
        f"CREATE TABLE IF NOT EXISTS {name} AS {local}\n"
        f"ENGINE = Distributed('{cluster}', '{database}', '{short}', {_sharding_key(name)})"
    )


def _sharding_key(name: str) -> str:
    return "rand()" if name.startswith("ops.") else "instrument_id"


def _proxy(sql: str, name: str, cluster: str) -> str:
    database, short = name.split(".")
    engine = f"ENGINE = Distributed('{cluster}', '{database}', '{short}')\n"
    return re.sub(r"ENGINE = MergeTree.*?(?=COMMENT|$)", engine, sql, count=1, flags=re.DOTALL)


def _column(column: Column) -> str:
    codec = f" CODEC({column.codec})" if column.codec else ""
    return f"    {column.name} {column.sql_type}{codec} COMMENT {_quote(_described(column))}"


def _described(column: Column) -> str:
    return f"{column.doc} Unit: {column.unit}." if column.unit else column.doc


def _comment(table: Table) -> str:
    return f"{table.grain[0].upper()}{table.grain[1:]}. {table.doc}".strip()


def _quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
