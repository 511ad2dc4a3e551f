"""The warehouse as the rest of Zeno sees it: its nodes, by role, started and migrated when first needed.

    connect()  ->  Warehouse  ->  client(role) for queries, nodes(role) for what must happen on each shard

Embedded by default; ``ZENO_CLICKHOUSE_URL`` (and ``ZENO_CLICKHOUSE_CLUSTER``) point it at an external server.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from warehouse.client import Address, Client, Recover
from warehouse.embedded.control import EmbeddedWarehouse
from warehouse.embedded.topology import HOST
from warehouse.migrate import migrate
from warehouse.schema import Placement, Table
from warehouse.schema.ddl import Layout, storage_name
from zeno.errors import ConfigError
from zeno.settings import Settings


class User(StrEnum):
    """As whom to connect: each may do only what its work needs."""

    ADMIN = "admin"
    WRITER = "writer"
    RESEARCHER = "researcher"


@dataclass(frozen=True)
class Warehouse:
    """A warehouse that is up and migrated.

    Parameters
    ----------
    addresses
        For each user, the address of every node, in shard order.
    asked
        Which node ``client`` asks, from 0.
    """

    layout: Layout
    addresses: dict[User, tuple[Address, ...]]
    settings: Settings
    recover: Recover | None = None
    asked: int = 0
    _clients: dict[tuple[User, int], Client] = field(default_factory=dict)

    @property
    def shards(self) -> int:
        """Number of nodes that hold a part of every sharded table."""
        return len(self.addresses[User.ADMIN])

    def client(self, user: User = User.RESEARCHER) -> Client:
        """Return a client of node 1, or of the one chosen by ``asking``: each sees all rows of all tables."""
        return self.nodes(user)[self.asked]

    def asking(self, shard: int) -> "Warehouse":
        """Return the same warehouse, asked at another node: what that one holds itself needs no second hop."""
        return replace(self, asked=shard)

    def nodes(self, user: User) -> list[Client]:
        """Return a client for each node, in shard order."""
        return [self._client(user, number) for number in range(self.shards)]

    def holders(self, table: Table, user: User) -> list[tuple[Client, str]]:
        """Return, for each node that holds rows of ``table``, a client and the name of the table there."""
        name = storage_name(table, self.layout)
        nodes = self.nodes(user)
        return [(node, name) for node in (nodes if table.placement is Placement.SHARDED else nodes[:1])]

    def close(self) -> None:
        """Drop all connections; the server goes on."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def _client(self, user: User, number: int) -> Client:
        key = (user, number)
        if key not in self._clients:
            self._clients[key] = Client(self.addresses[user][number], recover=self.recover)
        return self._clients[key]


def embedded(settings: Settings) -> EmbeddedWarehouse:
    """Return the control of this data folder's embedded warehouse.

    Raises
    ------
    ConfigError
        If an external server is configured instead.
    """
    if settings.clickhouse_url:
        raise ConfigError("ZENO_CLICKHOUSE_URL is set: the warehouse is not embedded.",
                          remedy="Unset it, or use that server's own tools.")  # fmt: skip
    return EmbeddedWarehouse(settings.home / "warehouse", settings.shards)


def connect(settings: Settings | None = None) -> Warehouse:
    """Return the warehouse, after starting it if it is embedded and down, and migrating it if it is behind.

    Raises
    ------
    WarehouseError, ConfigError, UnsupportedPlatform
        With what to do about it.
    """
    chosen = settings or Settings.from_env()
    found = _external(chosen) if chosen.clickhouse_url else _embedded(chosen)
    migrate(found.nodes(User.ADMIN), found.layout, cluster=chosen.clickhouse_cluster or "zeno")
    return found


def _embedded(settings: Settings) -> Warehouse:
    control = embedded(settings)
    control.up()
    nodes, secrets = control.topology.nodes, control.credentials
    addresses = {
        user: tuple(Address(HOST, node.http_port, user, getattr(secrets, user)) for node in nodes) for user in User
    }
    layout = Layout.SHARDS if len(nodes) > 1 else Layout.SINGLE
    return Warehouse(layout, addresses, settings, recover=_starter(control))


def _starter(control: EmbeddedWarehouse) -> Recover:
    def start() -> None:
        control.up()

    return start


def _external(settings: Settings) -> Warehouse:
    first = _address(settings.clickhouse_url or "")
    hosts = [first.host] if not settings.clickhouse_cluster else _hosts(first, settings.clickhouse_cluster)
    nodes = tuple(Address(host, first.port, first.user, first.password, first.secure) for host in hosts)
    layout = Layout.REPLICATED if settings.clickhouse_cluster else Layout.SINGLE
    return Warehouse(layout, dict.fromkeys(User, nodes), settings)


def _address(url: str) -> Address:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError("ZENO_CLICKHOUSE_URL is not an HTTP address.",
                          remedy="Write it as http[s]://user:password@host:port")  # fmt: skip
    secure = parts.scheme == "https"
    port = parts.port or (8443 if secure else 8123)
    return Address(parts.hostname, port, unquote(parts.username or "default"), unquote(parts.password or ""), secure)


def _hosts(first: Address, cluster: str) -> list[str]:
    rows = Client(first).rows(
        "SELECT host_name FROM system.clusters WHERE cluster = {cluster:String} AND replica_num = 1 ORDER BY shard_num",
        {"cluster": cluster},
    )
    if not rows:
        raise ConfigError(f"The server knows no cluster {cluster!r}.", remedy="Check ZENO_CLICKHOUSE_CLUSTER.")
    return [row[0] for row in rows]
