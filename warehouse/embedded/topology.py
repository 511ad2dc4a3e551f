"""Which nodes the embedded warehouse has, in which folders and on which ports; recorded once, in ``topology.json``.

A data folder keeps its number of shards for life: rows are placed by it.
"""

import json
import socket
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from warehouse.embedded.credentials import create_private, write_private
from zeno.errors import ConfigError, WarehouseBusy

_FILE = "topology.json"
HOST = "127.0.0.1"
# Outside the range from which systems take the ports of outgoing connections: a recorded port must stay free.
_PORTS = range(20_000, 30_000)


@dataclass(frozen=True)
class Node:
    """One engine: its number from 1, and its ports on loopback."""

    number: int
    http_port: int
    tcp_port: int

    def folder(self, root: Path) -> Path:
        """Return the node's own folder."""
        return root / f"node{self.number}"


@dataclass(frozen=True)
class Topology:
    """All nodes of one embedded warehouse."""

    nodes: tuple[Node, ...]

    @property
    def shards(self) -> int:
        """Number of nodes."""
        return len(self.nodes)

    @classmethod
    def read(cls, path: Path) -> "Topology":
        """Read what was recorded."""
        return cls(tuple(Node(**entry) for entry in json.loads(path.read_text())["nodes"]))


def load(root: Path) -> Topology | None:
    """Return the recorded topology of a warehouse folder, or None if it has none yet."""
    path = root / _FILE
    return Topology.read(path) if path.exists() else None


def load_or_create(root: Path, shards: int | None) -> Topology:
    """Return the recorded topology; record a new one if the folder has none.

    Raises
    ------
    ConfigError
        If the folder was made with another number of shards.
    """
    found = load(root)
    if found is None:
        create_private(root / _FILE, _text(_with_free_ports(root, shards or 1)))
        found = Topology.read(root / _FILE)  # ours, or that of a process that was faster
    if shards is not None and shards != found.shards:
        raise ConfigError(
            f"The warehouse in {root} has {found.shards} shard(s), not {shards}.",
            remedy="Rows are placed by the number of shards: give ZENO_HOME another folder and load into it.",
        )
    return found


def repick_ports(root: Path) -> Topology:
    """Record new free ports for an existing warehouse."""
    found = load(root)
    made = _with_free_ports(root, found.shards if found else 1)
    write_private(root / _FILE, _text(made))
    return made


def check_ports(topology: Topology) -> None:
    """Refuse to start on ports that another process has.

    Raises
    ------
    WarehouseBusy
        Naming the port.
    """
    for node in topology.nodes:
        for port in (node.http_port, node.tcp_port):
            if not _is_free(port):
                raise WarehouseBusy(
                    f"Port {port} on {HOST} is taken by another process.",
                    remedy="End that process, or run: zeno warehouse up --repick-ports",
                )


def _text(topology: Topology) -> str:
    return json.dumps({"nodes": [asdict(node) for node in topology.nodes]}, indent=1)


def _with_free_ports(root: Path, shards: int) -> Topology:
    ports = _free_ports(root)
    return Topology(tuple(Node(number, next(ports), next(ports)) for number in range(1, shards + 1)))


def _free_ports(root: Path) -> Iterator[int]:
    # Starting at a place that depends on the folder keeps two new warehouses from choosing the same port at once.
    start = zlib.crc32(str(root).encode()) % len(_PORTS)
    for step in range(len(_PORTS)):
        port = _PORTS[(start + step) % len(_PORTS)]
        if _is_free(port):
            yield port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
