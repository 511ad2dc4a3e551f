"""``zeno mrie``: the Macro Regime Intelligence Engine."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.mrie_run import run
from cli.mrie_validate import validate
from cli.output import console, print_json, print_table, refuse_unwritable
from zeno.clock import SystemClock
from zeno.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Macro regimes: a risk reading with its disagreement and track record.")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_EARLIER = "As known at a moment, such as 2026-11-22T12:00+00:00; now unless given."


@app.callback()
def mrie() -> None:
    """Macro regimes: a risk reading with its disagreement and its track record."""


app.command()(run)
app.command()(validate)


@app.command()
def report(
    out: Annotated[Path | None, typer.Option("--output", "--out", "-o", help="Where to write the page.")] = None,
    as_of: Annotated[str, typer.Option(help=_EARLIER)] = "",
    as_json: AsJson = False,
) -> None:
    """Write the page of the latest run, with what has become of its claims and how old its data are."""
    from mrie.report import write_page
    from mrie.run import load_report
    from mrie.run.record import written

    settings = Settings.from_env()
    if out is not None:
        refuse_unwritable(out)
    store, at = _store(settings, as_of)
    found = load_report(store, settings, as_of=at)
    if as_json:
        import json

        print_json(json.loads(written(replace(found, graph=replace(found.graph, svg="")))))
    if as_json and out is None:
        return
    target = out or settings.home / "mrie" / "report.html"
    write_page(found, target)
    if not as_json:
        console.print(
            f"Run [bold]{found.run_id}[/]; page: [bold]{escape(str(target))}[/]", highlight=False, soft_wrap=True
        )


@app.command()
def claims(as_of: Annotated[str, typer.Option(help=_EARLIER)] = "", as_json: AsJson = False) -> None:
    """List every claim: when its predicate was fixed, and what became of it."""
    from mrie.claims import read_claims

    store, at = _store(Settings.from_env(), as_of)
    found = read_claims(store, as_of=at)
    if as_json:
        print_json([history.to_dict() for history in found])
        return
    print_table("", ("claim", "status", "committed", "evaluated", "why not"), [_claim_row(one) for one in found],
                whole=("claim",))  # fmt: skip


@app.command()
def withdraw(
    claim: Annotated[str, typer.Argument(help="Its id: zeno mrie claims. readings/RUN/1 are the readings of a run.")],
    reason: Annotated[str, typer.Option(help="What contaminated it.")],
    as_json: AsJson = False,
) -> None:
    """Withdraw a claim for good; it stays in the ledger with the reason."""
    from mrie.run import withdraw as withdraw_claim

    store, _ = _store(Settings.from_env(), "")
    history = withdraw_claim(store, claim, reason)
    if as_json:
        print_json(history.to_dict())
    else:
        console.print(f"{claim} is withdrawn: {history.reason}", highlight=False, markup=False)


def _store(settings: Settings, as_of: str) -> tuple[Any, Any]:
    from cli.backtest_options import moment
    from mrie.store import MrieStore
    from warehouse import connect

    return MrieStore(connect(settings)), moment(as_of) if as_of else SystemClock().now()


def _claim_row(history: Any) -> tuple[Any, ...]:
    judged = sum(event.event == "evaluated" for event in history.events)
    return history.claim.claim_id, history.status, history.committed_at.replace(microsecond=0), judged, history.reason
