"""The ``zeno`` command: the composition root. Commands live beside this file, one module a group.

A command's module is imported when it is called, so that a backtest does not wait for what loads data, nor a query for
what compiles.
"""

import importlib
import logging
import os
import sys
import threading
from importlib.metadata import version
from typing import Annotated, Any, Never

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


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"zeno {version('zeno')}\n")
        raise typer.Exit


@app.callback()
def zeno(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Zeno: a market data warehouse and a backtest engine that run from one command."""


def _log(settings: Settings) -> None:
    try:
        log_to(settings.logs)
    except OSError as error:
        raise ConfigError(f"The data folder {settings.home} cannot be written: {error.strerror}.",
                          remedy="Change its rights, or set ZENO_HOME to another folder.") from error  # fmt: skip


def run() -> None:
    """Run the command line; a known failure ends with its own exit code and its remedy."""
    as_json = "--json" in sys.argv
    try:
        with correlated():
            _log(Settings.from_env())
            _for_programs() if as_json else _for_people()
    except ZenoError as error:
        print_error(error, as_json=as_json)
        _end(error.exit_code)
    except SystemExit as ended:
        if ended.code == _INTERRUPTED:
            _tell_interrupted(sys.argv[1:])
        _end(ended.code)


def _for_people() -> None:
    tell_of_compiling()
    app()


def _for_programs() -> None:
    """Run the command so that every failure is an error of ours, which is printed as JSON.

    Raises
    ------
    ConfigError
        When the command line is wrong.
    ZenoError
        When anything unforeseen happened; the log has the traceback.
    """
    try:
        sys.exit(app(standalone_mode=False))  # which returns the code it would have ended with
    except ZenoError:
        raise
    except Exception as error:
        if tell := getattr(error, "format_message", None):  # a usage error; typer hides its class
            context = getattr(error, "ctx", None)
            remedy = f"{context.command_path if context else 'zeno'} --help lists what it takes."
            raise ConfigError(tell(), remedy=remedy) from error
        logging.getLogger("cli").exception("%s failed", " ".join(sys.argv[1:3]))
        raise ZenoError(f"{type(error).__name__}: {error}", remedy="zeno logs zeno has the traceback.") from error


def _tell_interrupted(arguments: list[str]) -> None:
    """Say what an interrupted command leaves: nothing at all unless it loads or computes something that is kept."""
    if arguments[:1] == ["study"]:  # which has said which command goes on
        return
    keeps = arguments[:1] in (["elt"], ["demo"], ["mrie"], ["data"])
    rest = " What has landed stays; the same command again does the rest." if keeps else ""
    errors.print(f"Interrupted.{rest}", highlight=False)


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
