"""Migrations: numbered, checksummed SQL files, applied in order, each exactly once.

A file holds canonical statements (``warehouse.schema.ddl``): it says what changed, on one node; each node executes
them as its layout needs. Statements are idempotent, and a file is recorded only when every node has executed all of
it, so that a kill half-way is repaired by running it again.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import pyarrow as pa

from warehouse.client import Client
from warehouse.embedded.config import DATABASES
from warehouse.schema import table
from warehouse.schema.arrow import arrow_schema
from warehouse.schema.ddl import Layout, Target, create_statement, for_layout
from zeno.clock import Clock, SystemClock
from zeno.errors import MigrationError

_FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


@dataclass(frozen=True)
class Migration:
    """One file: its number, name and text."""

    version: int
    name: str
    text: str

    @property
    def sha256(self) -> str:
        """Hash of the text, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def statements(self) -> list[str]:
        """The canonical statements."""
        return [part.strip() for part in re.split(r";\n(?=\n|$)", self.text) if part.strip()]


def shipped() -> list[Migration]:
    """Return the migrations of this version, in order.

    Raises
    ------
    MigrationError
        If their numbers are not 1, 2, 3, ….
    """
    folder = resources.files("warehouse") / "migrations"
    files = sorted(entry.name for entry in folder.iterdir() if _FILE_NAME.fullmatch(entry.name))
    found = [Migration(int(name[:4]), name, (folder / name).read_text()) for name in files]
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise MigrationError(f"Migrations are not numbered without a gap: {', '.join(files)}.")
    return found


def migrate(nodes: Sequence[Client], layout: Layout, *, cluster: str = "zeno", clock: Clock | None = None) -> list[str]:
    """Bring every node to the schema of this version.

    Returns
    -------
    list of str
        Names of the files applied now; empty if there was nothing to do.

    Raises
    ------
    MigrationError
        If a recorded file has since been changed, or the store is newer than this version.
    """
    targets = _targets(nodes, layout, cluster)
    _bootstrap(targets)
    recorded = {version: (name, sha) for version, name, sha in
                nodes[0].rows("SELECT version, name, sha256 FROM ops.migrations")}  # fmt: skip
    migrations = shipped()
    _check_recorded(recorded, migrations)
    pending = [migration for migration in migrations if migration.version not in recorded]
    for migration in pending:
        for statement in migration.statements:
            _execute(targets, statement)
        _record(nodes[0], migration, clock or SystemClock())
    return [migration.name for migration in pending]


def _targets(nodes: Sequence[Client], layout: Layout, cluster: str) -> list[tuple[Client, Target]]:
    # On a replicated cluster one node executes for all: ON CLUSTER carries it to the others.
    reached = nodes[:1] if layout is Layout.REPLICATED else nodes
    return [(node, Target(layout, number, cluster)) for number, node in enumerate(reached, 1)]


def _bootstrap(targets: list[tuple[Client, Target]]) -> None:
    for node, target in targets:
        on_cluster = f" ON CLUSTER '{target.cluster}'" if target.layout is Layout.REPLICATED else ""
        for database in DATABASES:
            node.command(f"CREATE DATABASE IF NOT EXISTS {database}{on_cluster}")
    _execute(targets, create_statement(table("ops.migrations")))


def _execute(targets: list[tuple[Client, Target]], statement: str) -> None:
    for node, target in targets:
        for sql in for_layout(statement, target):
            node.command(sql)


def _check_recorded(recorded: dict[int, tuple[str, str]], migrations: list[Migration]) -> None:
    known = {migration.version: migration for migration in migrations}
    for version, (name, sha) in recorded.items():
        if version not in known:
            raise MigrationError(f"The warehouse has migration {name}, which this version of Zeno does not know.",
                                 remedy="Use the version that made it, or a newer one.")  # fmt: skip
        if known[version].sha256 != sha:
            raise MigrationError(f"Migration {name} was changed after it was applied.",
                                 remedy="Restore the file, and put the change into a new migration.")  # fmt: skip


def _record(node: Client, migration: Migration, clock: Clock) -> None:
    row = {"version": migration.version, "name": migration.name, "sha256": migration.sha256, "applied_at": clock.now()}
    node.insert("ops.migrations", pa.Table.from_pylist([row], schema=arrow_schema(table("ops.migrations"))))
