"""The ``zeno`` command: the composition root. Commands live beside this file, one module a group."""

import sys

import typer

from cli import backtest_commands, demo, elt, query, services, status, warehouse_commands
from cli.output import print_error
from zeno.errors import ZenoError
from zeno.settings import Settings
from zeno.telemetry import correlated, log_to

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Zeno: a market data warehouse that runs from one command.")  # fmt: skip
app.add_typer(warehouse_commands.app, name="warehouse")
app.add_typer(elt.app, name="elt")
app.add_typer(backtest_commands.app, name="backtest")
app.command()(demo.demo)
app.command()(services.up)
app.command()(services.down)
app.command()(services.logs)
app.command()(query.query)
app.command()(status.status)


def run() -> None:
    """Run the command line; a known failure ends with its own exit code and its remedy."""
    try:
        with correlated():
            log_to(Settings.from_env().logs)
            app()
    except ZenoError as error:
        print_error(error, as_json="--json" in sys.argv)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    run()
