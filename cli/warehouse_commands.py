"""``zeno warehouse …``: the store itself."""

from dataclasses import asdict, replace
from typing import Annotated

import typer
from rich.markup import escape

from cli.output import console, megabytes, print_json, print_table
from warehouse.audit import audit
from warehouse.store import connect, embedded
from zeno.errors import WarehouseDown
from zeno.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Start, stop and examine the warehouse.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@app.command()
def up(
    shards: Annotated[int | None, typer.Option(help="Nodes of a new warehouse; kept for the folder's life.")] = None,
    repick_ports: Annotated[bool, typer.Option(help="Choose other ports, if another process took ours.")] = False,
    as_json: Json = False,
) -> None:
    """Start the embedded warehouse, create or migrate its schema, and wait until it answers."""
    settings = _with_shards(Settings.from_env(), shards)
    embedded(settings).up(repick_ports=repick_ports)
    connect(settings).close()
    _print_status(settings, as_json=as_json)


@app.command()
def down(as_json: Json = False) -> None:
    """Stop the embedded warehouse in good order."""
    stopped = embedded(Settings.from_env()).down()
    if as_json:
        print_json({"stopped": stopped})
    else:
        console.print("The warehouse has stopped." if stopped else "The warehouse was not running.")


@app.command()
def status(as_json: Json = False) -> None:
    """Show nodes, ports, processes and memory; exit with 4 if a node is down."""
    settings = Settings.from_env()
    healthy = _print_status(settings, as_json=as_json)
    if not healthy:
        raise WarehouseDown("The warehouse is not running.", remedy="Run: zeno warehouse up")


@app.command("audit")
def audit_command(as_json: Json = False) -> None:
    """Compare every table with the load ledger; exit with 1 if a batch is missing, doubled or out of balance."""
    differences = audit(connect())
    if as_json:
        print_json([asdict(entry) for entry in differences])
    else:
        for entry in differences:
            console.print(f"[red]✗[/] {escape(str(entry))}", highlight=False, soft_wrap=True)
        console.print("Every batch in the ledger is in its table." if not differences else "Load those batches again.")
    if differences:
        raise typer.Exit(1)


def _with_shards(settings: Settings, shards: int | None) -> Settings:
    return settings if shards is None else replace(settings, shards=shards)


def _print_status(settings: Settings, *, as_json: bool) -> bool:
    control = embedded(settings)
    nodes = control.status()
    if as_json:
        print_json({"folder": str(control.root), "nodes": [asdict(node) for node in nodes]})
    else:
        rows = [(n.number, n.healthy, f"http://127.0.0.1:{n.http_port}", str(n.tcp_port), n.pid and str(n.pid),
                 megabytes(n.resident_bytes)) for n in nodes]  # fmt: skip
        print_table(f"Embedded ClickHouse in {control.root}", ["node", "up", "HTTP", "TCP", "pid", "memory"], rows)
    return bool(nodes) and all(node.healthy for node in nodes)
