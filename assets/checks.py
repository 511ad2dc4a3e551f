"""Asset checks. Those that guard correctness block what is downstream; the others warn.

| check | on | blocks | asks |
|---|---|---|---|
| ``contract`` | each loadable raw and ref table | yes | do table, quarantine and ledger agree, batch for batch? |
| ``quarantine_rate`` | each source | no | was less than 1% of its rows refused? |
| ``gaps_…`` | raw.bars, by source | for sets that promise none | is there a bar for every session? |
| ``freshness`` | each source of prices | no | has a session closed without rows? Only asked of live sources |
| ``reconcile`` | each marts.bars_* | yes | is every bar exactly what its ticks say? |

What they ask is in ``warehouse.audit``, ``warehouse.quality`` and ``warehouse.reconcile``.
"""

from collections.abc import Iterator, Mapping

import dagster as dg

from assets.house import House
from assets.raw import shown_tables, table_key
from assets.sources import source_key
from collectors.dataset import Dataset
from warehouse.audit import audit
from warehouse.quality import Gap, Rate, gaps, quarantine_rates, staleness

MOST_REFUSED = 0.01
# Their publishers' rows are the sessions of their exchange exactly; a missing one means that we lost it.
COMPLETE = frozenset({"us_equities_daily", "sp500_index_daily"})
_PRICED = {"raw.bars", "raw.trades"}
_SHOWN = 20


def quality_checks(datasets: Mapping[str, Dataset]) -> list[dg.AssetChecksDefinition]:
    """Return every check but the reconcile, which needs the marts (``assets.marts``)."""
    return [contract_check(), quarantine_check(datasets), gaps_check(datasets), freshness_check(datasets)]


def contract_check() -> dg.AssetChecksDefinition:
    """One audit for all tables, each judged by its own differences."""
    names = [entry.name for entry in shown_tables() if entry.loadable and entry.name != "raw.quarantine"]
    text = "The table and the quarantine hold, batch for batch, what the ledger says was loaded."
    specs = [dg.AssetCheckSpec("contract", asset=table_key(name), blocking=True, description=text) for name in names]

    @dg.multi_asset_check(name="contract", specs=specs, can_subset=True)
    def contract(
        context: dg.AssetCheckExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.AssetCheckResult]:
        # A load beside this run has rows in the table before the ledger says so: no reason to stop here.
        differences = [difference for difference in audit(house.warehouse) if not difference.unfinished]
        for name in [".".join(key.asset_key.path) for key in context.selected_asset_check_keys]:
            found = [str(difference) for difference in differences if difference.table_name == name]
            yield _result(name, "contract", found)

    return contract


def quarantine_check(datasets: Mapping[str, Dataset]) -> dg.AssetChecksDefinition:
    """Warn of a source of which more than 1% of the rows were refused."""
    text = f"At most {MOST_REFUSED:.0%} of its rows were refused by the contract."
    specs = [dg.AssetCheckSpec("quarantine_rate", asset=source_key(name), description=text) for name in datasets]

    @dg.multi_asset_check(name="quarantine_rate", specs=specs, can_subset=True)
    def quarantine_rate(
        context: dg.AssetCheckExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.AssetCheckResult]:
        rates = quarantine_rates(house.warehouse)
        for name in [key.asset_key.path[-1] for key in context.selected_asset_check_keys]:
            rate = rates.get(name, Rate(name, 0, 0, {}))
            yield dg.AssetCheckResult(
                asset_key=source_key(name),
                check_name="quarantine_rate",
                passed=rate.share <= MOST_REFUSED,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"rows in": rate.rows_in, "refused": rate.refused, "share": rate.share,
                          "reasons": ", ".join(f"{reason}: {n}" for reason, n in rate.reasons.items()) or "none"},
            )  # fmt: skip

    return quarantine_rate


def gaps_check(datasets: Mapping[str, Dataset]) -> dg.AssetChecksDefinition:
    """Compare daily bars with their exchange's sessions."""
    names = [name for name, entry in datasets.items() if "raw.bars" in entry.tables]
    text = "A bar for every session between an instrument's first and last."
    specs = [
        dg.AssetCheckSpec(f"gaps_{name}", asset=table_key("raw.bars"), blocking=name in COMPLETE, description=text,
                          additional_deps=[table_key("ref.calendar"), table_key("ref.instruments")])
        for name in names
    ]  # fmt: skip

    @dg.multi_asset_check(name="gaps", specs=specs, can_subset=True)
    def missing_sessions(
        context: dg.AssetCheckExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.AssetCheckResult]:
        found = gaps(house.warehouse)
        for name in [key.name.removeprefix("gaps_") for key in context.selected_asset_check_keys]:
            lacking = [_gap_line(gap) for gap in found if gap.source == name]
            yield _result("raw.bars", f"gaps_{name}", lacking, blocking=name in COMPLETE)

    return missing_sessions


def freshness_check(datasets: Mapping[str, Dataset]) -> dg.AssetChecksDefinition:
    """Ask live sources of prices for the sessions that have closed; of pinned archives say that it is moot."""
    priced = {name: entry for name, entry in datasets.items() if _PRICED & set(entry.tables)}
    specs = [
        dg.AssetCheckSpec("freshness", asset=source_key(name), description="No session has closed without rows.",
                          additional_deps=[table_key(table) for table in ("raw.bars", "raw.trades", "ref.calendar")])
        for name in priced
    ]  # fmt: skip

    @dg.multi_asset_check(name="freshness", specs=specs, can_subset=True)
    def freshness(
        context: dg.AssetCheckExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.AssetCheckResult]:
        behind = staleness(house.warehouse, house.clock.now())
        for name in [key.asset_key.path[-1] for key in context.selected_asset_check_keys]:
            entry = priced[name]
            late = [stale for stale in behind if stale.source == name]
            lines = [f"{stale.calendar}: newest {stale.newest}, {stale.sessions} sessions since" for stale in late]
            moot = "not asked: a pinned archive ends where it ends" if not entry.online else "asked: a live source"
            yield dg.AssetCheckResult(
                asset_key=source_key(name),
                check_name="freshness",
                passed=not late or not entry.online,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"question": moot, "behind": "; ".join(lines) or "nothing"},
            )

    return freshness


def _gap_line(gap: Gap) -> str:
    return f"{gap.instrument}: {gap.missing} sessions missing, such as {', '.join(map(str, gap.examples))}"


def _result(table: str, check: str, found: list[str], *, blocking: bool = True) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=table_key(table),
        check_name=check,
        passed=not found,
        severity=dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN,
        description="; ".join(found[:3]),
        metadata={"differences": len(found), "details": dg.MetadataValue.md("\n".join(f"- {x}" for x in found[:_SHOWN])
                                                                            or "none")},
    )  # fmt: skip
