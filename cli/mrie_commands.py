"""``zeno mrie``: the Macro Regime Intelligence Engine."""

import typer

from cli.mrie_validate import validate

app = typer.Typer(no_args_is_help=True, help="Macro regimes: a risk reading with its disagreement and track record.")


@app.callback()
def mrie() -> None:
    """Macro regimes: a risk reading with its disagreement and its track record."""


app.command()(validate)
