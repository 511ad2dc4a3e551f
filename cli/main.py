"""The ``zeno`` command: the composition root. Commands live beside this file, one module a group.

A command's module is imported when it is called, so that a backtest does not wait for what loads data, nor a query for
what compiles.
"""

import importlib
import logging
import os
import sys
import threading
from typing import Any, Never

import typer
from typer.core import TyperGroup

from cli.output import errors, print_error, tell_of_compiling
from zeno.errors import ConfigError, ZenoError
from zeno.settings import Settings
from zeno.telemetry import correlated, log_to

_COMMANDS = {
    "demo": ("cli.demo", "demo"),
    "up": ("cli.services", "up"),
    "down": ("cli.services", "down"),
    "logs": ("cli.services", "logs"),
    "status": ("cli.status", "status"),
    "query": ("cli.query", "query"),
    "elt": ("cli.elt", "app"),
    "data": ("cli.data", "app"),
    "backtest": ("cli.backtest_commands", "app"),
    "study": ("cli.study", "app"),
    "mrie": ("cli.mrie_commands", "app"),
    "warehouse": ("cli.warehouse_commands", "app"),
}
"""Where each command lives, in the order of the help."""


_INTERRUPTED = 130


class _Lazy(TyperGroup):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the framework's signature
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        found = getattr(importlib.import_module(module), name)
        if not isinstance(found, typer.Typer):
            single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            single.command(cmd_name)(found)
            found = single
        found._add_completion = False  # one program completes, not each of its groups
        command = typer.main.get_command(found)
        command.name = cmd_name
        return command


app = typer.Typer(cls=_Lazy, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def zeno() -> None:
    """Zeno: a market data warehouse and a backtest engine that run from one command."""


def _log(settings: Settings) -> None:
    try:
        log_to(settings.logs)
    except OSError as error:
        raise ConfigError(f"The data folder {settings.home} cannot be written: {error.strerror}.",
                          remedy="Change its rights, or set ZENO_HOME to another folder.") from error  # fmt: skip


def run() -> None:
    """Run the command line; a known failure ends with its own exit code and its remedy."""
    try:
        with correlated():
            _log(Settings.from_env())
            if "--json" not in sys.argv:
                tell_of_compiling()
            app()
    except ZenoError as error:
        print_error(error, as_json="--json" in sys.argv)
        _end(error.exit_code)
    except SystemExit as ended:
        if ended.code == _INTERRUPTED and sys.argv[1:2] != ["study"]:  # a study has said which command goes on
            errors.print("Interrupted. What has landed stays; the same command again does the rest.", highlight=False)
        _end(ended.code)


def _end(code: Any) -> Never:
    """End the process; at once if a task is still at work: the interpreter would abort in its native code."""
    local = sys.modules.get("research.executors.local")
    if local and any(thread.name == local.THREAD for thread in threading.enumerate()):
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else bool(code))
    sys.exit(code)


if __name__ == "__main__":
    run()
