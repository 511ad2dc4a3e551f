"""``zeno backtest``: run a strategy, look at it, and compare several."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.backtest_options import Options, make_frame, make_request, make_strategy, with_options
from cli.output import console, errors, print_json, print_table, refuse_unwritable
from zeno.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Backtest strategies: one engine for research, paper and live.")

Name = Annotated[str, typer.Option("--strategy", "-s", help="A name from `zeno backtest list`, or FILE.py:Class.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
@with_options
def run(
    options: Options,
    strategy: Name,
    journal: Annotated[
        Path | None, typer.Option(help="Write the journal: .parquet, .jsonl, or canonical bytes.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a strategy over bars or ticks, and print what came of it."""
    if journal is not None:
        refuse_unwritable(journal)
    result = _run(strategy, options)
    if journal is not None:
        from backtest.journals import write_journal

        write_journal(result, journal)
    if as_json:
        print_json(result.summary())
    else:
        _print(result.summary())


def _run(name: str, options: Options) -> Any:
    from backtest.run import run_backtest
    from backtest.stopped import explained

    made = make_strategy(name, options)
    frame = make_frame(made, options)
    with errors.status(f"running {escape(name)} over {frame.bars:,} bars"), explained(made):
        return run_backtest(make_request(made, options), frame)


def _print(summary: dict[str, Any]) -> None:
    shown = {key.replace("_", " "): value for key, value in summary.items() if key != "notes"}
    shown["parameters"] = ", ".join(f"{name}={value}" for name, value in summary["parameters"].items()) or "none"
    shown["symbols"] = ", ".join(summary["symbols"][:8]) + (" …" if len(summary["symbols"]) > 8 else "")
    print_table("", ["", "value"], list(shown.items()))
    _print_notes(summary["notes"])


def _print_notes(notes: list[str]) -> None:
    for note in notes:
        console.print(f"[yellow]![/] {escape(note)}", highlight=False, soft_wrap=True)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the catalogue: every strategy with its family, parameters and source."""
    from backtest.strategies.registry import describe

    rows = describe()
    if as_json:
        print_json(rows)
        return
    shown = []
    for one in rows:
        given = ", ".join(f"{each['name']}={each['default']}" for each in one["parameters"])
        shown.append((one["name"], one["family"], one["shape"], given, one["source"]))
    print_table("", ["strategy", "family", "on", "parameters", "source"], shown, whole=("strategy",))


@app.command()
@with_options
def report(
    options: Options,
    strategy: Name,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the page.")] = Path("tearsheet.html"),
    trials: Annotated[
        int, typer.Option(help="How many variants you tried before this one; it deflates the Sharpe ratio.")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Run a strategy and write its tear sheet, a page that needs nothing else."""
    from backtest.report import run_record
    from backtest.tearsheet import tear_sheet, write_page

    refuse_unwritable(output)
    if trials < 1:
        raise ConfigError(f"--trials {trials} does not count this run", remedy="give --trials 1 or more")
    result = _run(strategy, options)
    sheet = tear_sheet(run_record(result, trials=trials))
    write_page(sheet, output)
    if as_json:
        print_json({**result.summary(), "page": str(output), "tear_sheet": sheet.to_dict()})
        return
    _print(result.summary())
    console.print(f"\nTear sheet: [bold]{escape(str(output))}[/]", highlight=False, soft_wrap=True)


@app.command()
@with_options
def compare(
    options: Options,
    strategies: Annotated[
        str, typer.Option("--strategies", help="Names separated by commas; `all` for the catalogue.")
    ],
    as_json: AsJson = False,
) -> None:
    """Run several strategies over the same data, and rank them with the Sharpe ratio deflated for the choice."""
    from backtest.strategies.files import find_strategy
    from backtest.strategies.registry import CATALOGUE

    names = list(CATALOGUE) if strategies == "all" else [one.strip() for one in strategies.split(",")]
    if len(names) < 2:
        raise ConfigError("there is nothing to compare", remedy="name at least two strategies")
    if len(set(names)) < len(names):
        raise ConfigError("a strategy is named twice", remedy="name each once")
    for name in names:
        find_strategy(name)  # a typo is told now, not in a row after all the others have run
    rows = _ranked(names, options, quiet=as_json)
    if all(row["digest"] is None for row in rows):
        raise ConfigError(f"none of them ran: {rows[0]['note']}", remedy="run one of them alone to see more")
    if as_json:
        print_json(rows)
        return
    columns = ["strategy", "final equity", "trades", "fees", "Sharpe", "max drawdown", "deflated Sharpe", "note"]
    print_table("", columns, [[row[name.lower().replace(" ", "_")] for name in columns] for row in rows])
    _print_notes(_about_all(rows))


def _about_all(rows: list[dict[str, Any]]) -> list[str]:
    """Return what is to be said of a comparison as a whole: of the data, and of whom the ratios are deflated for."""
    ran = [row for row in rows if row["digest"] is not None]
    shared = [one for one in ran[0]["notes"] if all(one in row["notes"] for row in ran)]
    counted = sum(row["counted"] for row in ran)
    if counted == len(ran):
        return shared
    still = ", ".join(row["strategy"] for row in ran if not row["counted"] and row["sharpe"] is not None)
    why = f"never traded, or their returns hardly vary: {still}" if still else "never traded"
    return [*shared, f"The Sharpe ratios are deflated for a choice among {counted} of {len(ran)} strategies; "
                     f"the others {why}."]  # fmt: skip


def _ranked(names: list[str], options: Options, *, quiet: bool) -> list[dict[str, Any]]:
    from backtest.compare import compare_strategies

    def progress(name: str, number: int) -> None:
        if not quiet:
            errors.print(f"{number + 1} of {len(names)}: running {name}", highlight=False, markup=False)

    return compare_strategies(names, lambda name: make_strategy(name, options), lambda made: make_frame(made, options),
                              lambda made: make_request(made, options), progress)  # fmt: skip
