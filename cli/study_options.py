"""The options of ``zeno study start``, and what is made of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.backtest_options import Options, make_request, moment, parameters_of, quantity_scale, refuse_with_file
from zeno.errors import ConfigError
from zeno.settings import Settings


@dataclass(frozen=True)
class Driving:
    """Where a study runs."""

    on: Annotated[
        str, typer.Option(help="local, dask, spark, tcp://host:8786 or spark://host:7077; ZENO_EXECUTOR unless given.")
    ] = ""
    workers: Annotated[int, typer.Option(help="Processes of an own cluster; one a core unless given.", min=0)] = 0
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Run in the background.")] = False
    queue: Annotated[bool, typer.Option("--queue", help="Write it down; Dagster's daemon (zeno up) drives it.")] = False
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False

    def executor(self) -> Any:
        """Return what makes an executor."""
        from research.executors import executor

        settings = Settings.from_env()
        where, workers = self.on or settings.executor, self.workers or settings.workers
        return lambda: executor(where, workers)


@dataclass(frozen=True)
class Space:
    """Which parameters are searched, and how a set of them is judged."""

    grid: Annotated[
        list[str] | None,
        typer.Option("--grid", "-g", help="An axis: fast=5,10,20, fast=5:50:5, or a range to sample share=0.1:0.9."),
    ] = None
    method: Annotated[str, typer.Option(help="grid, random or latin (a Latin hypercube).")] = "grid"
    points: Annotated[int, typer.Option(help="How many points to sample.")] = 0
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0
    objective: Annotated[str, typer.Option(help="sharpe, return or calmar.")] = "sharpe"
    period: Annotated[
        str, typer.Option(help="Step of returns: slice, 1h or 1d; by the data's length unless given.")
    ] = ""

    def spec(self) -> dict[str, Any]:
        """Return the space as a spec holds it.

        Raises
        ------
        ConfigError
            When an axis is malformed or twice there, the space is empty, or a grid is to be sampled.
        """
        from backtest.studies.space import parse_axis, points

        axes = [parse_axis(one) for one in self.grid or []]
        if len({name for name, _ in axes}) < len(axes):
            raise ConfigError("An axis is given twice.", remedy="Give each --grid once.")
        if self.method == "grid" and self.points:
            raise ConfigError(f"A grid has all its points, and samples nothing: --points {self.points}.",
                              remedy="Leave out --points, or sample: --method latin.")  # fmt: skip
        sample = {"method": self.method, "count": self.points, "seed": self.seed}
        points(dict(axes), **sample)
        return {"axes": dict(axes), "sample": sample}


@dataclass(frozen=True)
class Judging:
    """How one set of parameters is judged, where none are searched."""

    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0
    objective: Annotated[str, typer.Option(help="sharpe, return or calmar.")] = "sharpe"
    period: Annotated[
        str, typer.Option(help="Step of returns: slice, 1h or 1d; by the data's length unless given.")
    ] = ""


def asked_data(options: Options, panel: bool, universe: str) -> Any:
    """Return the data that were asked for, named.

    Raises
    ------
    ConfigError
        When there are none, or a file of them is asked for what only the warehouse has.
    """
    from backtest.studies import ask

    scale = quantity_scale(options)
    if options.bars is not None:
        refuse_with_file(options, universe)
        return ask.from_file(Path(options.bars), Settings.from_env(), price_scale=options.price_scale, panel=panel,
                             quantity_scale=scale)  # fmt: skip
    symbols = [one.strip() for one in options.symbols.split(",") if one.strip()] or (
        ask.members(universe) if universe else []
    )
    if not symbols:
        raise ConfigError(
            "There is nothing to study.", remedy="Give --universe us_equities_daily, --symbols or --bars."
        )
    return ask.from_warehouse(
        symbols,
        options.resolution,
        moment(options.start),
        moment(options.end),
        as_of=moment(options.as_of) if options.as_of else None,
        source=options.source or universe or None,
        panel=panel,
        price_scale=options.price_scale,
        quantity_scale=scale,
    )


def asked_question(
    strategy: str, options: Options, judging: Space | Judging, asked: Any, panel: bool
) -> dict[str, Any]:
    """Return what every kind of study asks of a strategy."""
    from backtest.studies import ask

    fixed = parameters_of(options.param or [])
    period = judging.period or ask.default_period(asked, panel)
    return ask.question(strategy, fixed, make_request(None, options), period=period, objective=judging.objective,
                        seed=judging.seed)  # fmt: skip
