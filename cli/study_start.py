"""``zeno study start``: one command a kind of study."""

from typing import Annotated, Any

import typer

from cli.backtest_options import Options, with_fields, with_options
from cli.study_options import Driving, Space, asked_data, asked_question

app = typer.Typer(no_args_is_help=True, help="Start a study; the same question twice is the same study.")
Name = Annotated[str, typer.Option("--strategy", "-s", help="A name of the catalogue, or FILE.py:Class.")]
Universe = Annotated[str, typer.Option(help="A data set, for all its symbols: us_equities_daily.")]


@app.command("walk-forward")
@with_fields(Driving, "driving")
@with_fields(Space, "space")
@with_options
def walk_forward(
    options: Options,
    space: Space,
    driving: Driving,
    strategy: Name,
    universe: Universe = "",
    train: Annotated[int, typer.Option(help="Slices to choose parameters on.")] = 1260,
    test: Annotated[int, typer.Option(help="Slices to trade the choice on.")] = 252,
    step: Annotated[int, typer.Option(help="Slices from one test to the next; as long as a test unless given.")] = 0,
    purge: Annotated[int, typer.Option(help="Slices left out at the end of training.")] = 0,
    embargo: Annotated[int, typer.Option(help="Slices left out of later training after a test.")] = 0,
    anchored: Annotated[bool, typer.Option("--anchored", help="Train on all the past instead of a window.")] = False,
) -> None:
    """Choose parameters on the past, trade them on what came next, move on."""
    more = {"space": space.spec(), "train": train, "test": test, "step": step or None, "purge": purge,
            "embargo": embargo, "anchored": anchored}  # fmt: skip
    begin("walk_forward", strategy, universe, options, space, driving, more)


def begin(name: str, strategy: str, universe: str, options: Options, space: Space, driving: Driving,
          more: dict[str, Any]) -> None:  # fmt: skip
    """Write a study down, and drive it."""
    from backtest.strategies.files import find_strategy
    from backtest.studies import ask
    from cli.output import errors
    from cli.study import drive
    from research.kinds import kind
    from research.study import Studies

    panel = bool(find_strategy(strategy).panel)  # type: ignore[attr-defined]
    with errors.status("naming the data"):
        asked = asked_data(options, panel, universe)
        spec = ask.spec(name, asked, asked_question(strategy, options, space, asked, panel) | more)
        studies = Studies()
        study = studies.create(spec, asked.detail)
    with errors.status("compiling"):
        kind(name).prepare(spec)
    drive(studies, study, driving)
