"""``zeno study start``: one command a kind of study."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import typer

from cli.backtest_options import Options, moment, number, with_fields, with_options
from cli.study_options import Driving, Judging, Space, asked_data, asked_question
from zeno.clock import SystemClock

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


@app.command()
@with_fields(Driving, "driving")
@with_fields(Space, "space")
@with_options
def sweep(
    options: Options,
    space: Space,
    driving: Driving,
    strategy: Name,
    universe: Universe = "",
    chunk: Annotated[int, typer.Option(help="Points a task.", min=1)] = 25,
) -> None:
    """Run every point of a space over the same slices, and tell how much of the best may be luck."""
    begin("sweep", strategy, universe, options, space, driving, {"space": space.spec(), "chunk": chunk})


@app.command("monte-carlo")
@with_fields(Driving, "driving")
@with_fields(Judging, "judging")
@with_options
def monte_carlo(
    options: Options,
    judging: Judging,
    driving: Driving,
    strategy: Name,
    universe: Universe = "",
    method: Annotated[
        list[str] | None,
        typer.Option(help="trade_order, returns, prices or costs; all but prices unless given."),
    ] = None,
    draws: Annotated[int, typer.Option(help="Draws of each method.", min=1)] = 1000,
    factor: Annotated[list[str] | None, typer.Option(help="Of costs; 0, 0.5, 1, 2 and 5 unless given.")] = None,
    block: Annotated[float, typer.Option(help="Mean length of blocks; chosen by the data unless given.")] = 0.0,
    chunk: Annotated[int, typer.Option(help="Draws a task.", min=1)] = 100,
) -> None:
    """Ask what else might have come of a run: other orders, histories, prices and costs."""
    from backtest.studies.monte_carlo import FACTORS

    factors = [f"{number(one, '--factor').normalize():f}" for one in factor or FACTORS]
    more = {"methods": method or ["trade_order", "returns", "costs"], "draws": draws, "factors": factors,
            "block": block, "chunk": chunk}  # fmt: skip
    begin("monte_carlo", strategy, universe, options, judging, driving, more)


@app.command()
@with_fields(Driving, "driving")
@with_fields(Judging, "judging")
@with_options
def ablation(
    options: Options,
    judging: Judging,
    driving: Driving,
    strategy: Name,
    universe: Universe = "",
    drop: Annotated[
        list[str] | None, typer.Option(help="costs, sources, symbols or indicators; all of them unless given.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help='A rule to drop, as values of parameters: "no stop:stop=0,trail=0".')
    ] = None,
) -> None:
    """Drop one thing at a time, and compare with the whole."""
    from backtest.studies.ablation import sources
    from backtest.studies.variants import GROUPS, parse_rule

    rules = [parse_rule(one) for one in without or []]
    begin("ablation", strategy, universe, options, judging, driving, lambda asked: {
        "groups": drop or list(GROUPS), "without": rules, "sources": sources(asked.data)})  # fmt: skip


@app.command()
@with_fields(Driving, "driving")
@with_fields(Space, "space")
@with_options
def regime(
    options: Options,
    space: Space,
    driving: Driving,
    strategy: Name,
    universe: Universe = "",
    by: Annotated[str, typer.Option(help="volatility, trend or mrie, as known at the time.")] = "volatility",
    window: Annotated[int, typer.Option(help="Periods that volatility or trend look back on.", min=2)] = 63,
    warm: Annotated[int, typer.Option(help="Readings of volatility that make a past to compare with.", min=1)] = 252,
    each_symbol: Annotated[bool, typer.Option("--each-symbol", help="A run a symbol instead of all together.")] = False,
) -> None:
    """Tell what a strategy earned in each regime, as regimes were known when periods began."""

    from backtest.studies.readings import mrie_readings

    as_of = moment(options.as_of) if options.as_of else SystemClock().now()
    more = {"space": space.spec(), "each_symbol": each_symbol, "readings": mrie_readings(as_of) if by == "mrie" else [],
            "regime": {"source": by, "window": window, "warm": warm}}  # fmt: skip
    if by == "mrie" and options.bars is not None:
        options = replace(options, as_of="")  # what readings were known as of; the file is what it is
    begin("regime", strategy, universe, options, space, driving, more)


def begin(name: str, strategy: str, universe: str, options: Options, judging: Space | Judging,
          driving: Driving, more: dict[str, Any] | Callable[[Any], dict[str, Any]]) -> None:  # fmt: skip
    """Write a study down, and drive it; ``more`` may ask the named data. What cannot run is refused before."""
    from backtest.stopped import explained
    from backtest.strategies.files import find_strategy
    from backtest.studies import ask
    from cli.output import errors
    from cli.study import drive
    from research.kinds import kind
    from research.study import Studies

    found = find_strategy(strategy)
    panel = bool(found.panel)  # type: ignore[attr-defined]
    with errors.status("naming the data"), explained(found):
        asked = asked_data(options, panel, universe)
        about = asked_question(strategy, options, judging, asked, panel) | (more(asked) if callable(more) else more)
        spec = ask.spec(name, asked, about)
        kind(name).count(spec)  # refuses what cannot be asked, before anything is compiled
    with errors.status("compiling"):
        kind(name).prepare(spec)  # a strategy that does not run leaves no study behind
    studies = Studies()
    drive(studies, studies.create(spec, asked.detail), driving)
