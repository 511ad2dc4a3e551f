"""``zeno up`` and ``zeno down``: warehouse, Dagster's webserver and daemon, together; ``zeno logs``."""

from collections import deque
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import console, errors, print_json, print_table
from warehouse.store import connect, embedded
from zeno.errors import ConfigError
from zeno.settings import Settings

if TYPE_CHECKING:
    from assets.services import ServiceStatus

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def up(
    port: Annotated[
        int | None, typer.Option(help="Port of the Dagster UI, or the next free one; from 3000 on.", min=1, max=65_535)
    ] = None,
    as_json: Json = False,
) -> None:
    """Start warehouse, Dagster UI and daemon; what runs already is left alone."""
    from assets.services import Services

    settings = Settings.from_env()
    with errors.status("starting the warehouse"):
        connect(settings).close()
    with errors.status("starting Dagster's UI and daemon; ten to thirty seconds"):
        services = Services(settings).start(port=port)
    where = next((entry.url for entry in services if entry.url), None)
    if port is not None and where is not None and not where.endswith(f":{port}"):
        errors.print(
            f"[yellow]![/] The UI is at {where}: it ran there already, or port {port} is taken.", highlight=False
        )
    _print(settings, services, as_json=as_json)


def down(as_json: Json = False) -> None:
    """Stop Dagster and the warehouse in good order."""
    from assets.services import Services

    settings = Settings.from_env()
    stopped = {"dagster": Services(settings).stop()}
    if not settings.clickhouse_url:
        stopped["warehouse"] = embedded(settings).down()
    if as_json:
        print_json(stopped)
    else:
        names = [name for name, was_running in stopped.items() if was_running]
        console.print(f"Stopped: {', '.join(names)}." if names else "Nothing was running.")


def logs(
    name: Annotated[
        str, typer.Argument(help="zeno, dagster-webserver, dagster-daemon, node1, …; without one, those there are.")
    ] = "",
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last lines.")] = 50,
) -> None:
    """Print the end of a log, or which logs there are."""
    settings = Settings.from_env()
    files = {path.stem: path for path in settings.logs.glob("*.*l*")}
    files |= {path.parent.parent.name: path for path in settings.home.glob("warehouse/node*/log/error.log")}
    if not name and files:
        print_table("Logs", ["name", "written", "where"], [_log_row(one, files[one]) for one in sorted(files)])
        return
    if name in ("", "zeno") and name not in files:
        errors.print("Zeno has had nothing to log yet.", highlight=False)
        return
    if name not in files:
        raise ConfigError(f"There is no log {name!r}.", remedy=f"Logs: {', '.join(sorted(files)) or 'none yet'}.")
    with files[name].open(errors="replace") as handle:
        for line in deque(handle, maxlen=lines):
            console.print(line.rstrip(), highlight=False, markup=False)


def _log_row(name: str, path: Path) -> tuple[str, datetime, Path]:
    return name, datetime.fromtimestamp(int(path.stat().st_mtime), UTC), path


def _print(settings: Settings, services: "list[ServiceStatus]", *, as_json: bool) -> None:
    nodes = [] if settings.clickhouse_url else embedded(settings).status()
    if as_json:
        print_json({"services": [asdict(entry) for entry in services], "nodes": [asdict(node) for node in nodes]})
        return
    rows = [(entry.name, entry.healthy, entry.url) for entry in services]
    rows += [(f"clickhouse node {node.number}", node.healthy, f"http://127.0.0.1:{node.http_port}/play")
             for node in nodes]  # fmt: skip
    print_table("Running", ["what", "up", "where"], rows)
