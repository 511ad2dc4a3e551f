"""The dbt models as assets, the proof that bars equal their ticks, and what was last published.

    raw tables -> dbt build (days that are not proven) -> reconcile, blocking -> ops/published

Bars are partitioned by year for backfills, which rebuild every day with ticks in the chosen years. A run that names no
years rebuilds the days that the warehouse cannot prove: those whose ticks changed since their bars were checked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets
from dagster_dbt.compat import DBT_PYTHON_VERSION
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from assets.dbt_project import DBT, PROJECT, project_hash
from assets.describe import describe
from assets.house import OWNERS, House
from assets.loading import failures
from assets.partitions import BACKFILL, YEARS, days_within
from assets.raw import table_key
from warehouse import transform
from warehouse.ledger import state_hash
from warehouse.reconcile import Result, dirty_days, reconcile
from warehouse.store import Warehouse
from warehouse.transform import MAX_DAYS, build_rest, dbt_env, one_at_a_time
from zeno.settings import exported

PUBLISHED = dg.AssetKey(["ops", "published"])
GROUPS = ("staging", "marts")
# Unit tests are about the SQL, not about the data: they run with the test suite.
_BUILD = ("--no-use-colors", "build", "--exclude-resource-type", "unit_test", "--exclude", "tag:slow")
# A check proves the days that were rebuilt, and the newest days again; older proofs stand in ops.reconcile.
PROVEN_AGAIN = 31


class Translator(DagsterDbtTranslator):
    """Names, groups and descriptions of models, as a person wants to read them."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Schema and name, as in SQL; for sources too, so that they meet ``assets.raw``."""
        schema = dbt_resource_props.get("source_name") or dbt_resource_props["schema"]
        return dg.AssetKey([schema, dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Return the schema."""
        return dbt_resource_props.get("source_name") or dbt_resource_props["schema"]

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """What the model says of itself, without its SQL."""
        return dbt_resource_props.get("description", "").strip()

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str] | None:
        """Return the team."""
        del dbt_resource_props
        return OWNERS

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: Any) -> dg.AssetSpec:
        """Return the model's spec, less that longer bars are folded from seconds.

        Dagster would take the seconds, which the same step makes, for an input of it, and ask for their partition,
        which a run over the unproven days has none of. Both read raw.trades: lineage loses only the inner edge.
        """
        spec = super().get_asset_spec(manifest, unique_id, project)
        if not is_bars(manifest["nodes"].get(unique_id, {})):
            return spec
        inner = {self.get_asset_key(node) for node in manifest["nodes"].values() if is_bars(node)}
        return spec.replace_attributes(deps=[dep for dep in spec.deps if dep.asset_key not in inner])

    def get_partitions_def(self, dbt_resource_props: Mapping[str, Any]) -> dg.PartitionsDefinition | None:
        """Years, for bars."""
        return YEARS if is_bars(dbt_resource_props) else None


@dataclass(frozen=True)
class Marts:
    """The assets and checks over one manifest."""

    assets: list[dg.AssetsDefinition]
    checks: list[dg.AssetChecksDefinition]
    selection: dg.AssetSelection
    bars: dg.AssetSelection


def reconcile_checks(made: Marts) -> dg.AssetSelection:
    """Select the proofs alone."""
    return dg.AssetSelection.checks(*(key for check in made.checks for key in check.check_keys))


def is_bars(node: Mapping[str, Any]) -> bool:
    """Whether a manifest's node is a bar table."""
    return "bars" in node.get("tags", ())


def marts(manifest: Mapping[str, Any]) -> Marts:
    """Return the models of a manifest, the reconcile of its bars, and the published state."""
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    bars = sorted(node["name"] for node in models if is_bars(node))
    built = [dg.AssetKey([node["schema"], node["name"]]) for node in models if node["schema"] == "marts"]
    selection = dg.AssetSelection.groups(*GROUPS) | dg.AssetSelection.assets(PUBLISHED)
    tables = dg.AssetSelection.assets(*(["marts", name] for name in bars))
    return Marts([_models(manifest), _published(built)], [_reconciled(bars)] if bars else [], selection, tables)


class Dbt(DbtCliResource):
    """dbt's command line, without what dagster-dbt does around it that takes seconds a run and is not needed here.

    The second handle on dbt's adapter, opened in this process, serves features that are not used: rows are counted by
    ``describe``. And it starts dbt a first time to ask for its version, which this environment's packages tell.
    """

    @cached_property
    def _cli_version(self) -> Any:
        return DBT_PYTHON_VERSION

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        del args


def _models(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    names = {unique_id: f"{node['schema']}.{node['name']}" for unique_id, node in manifest["nodes"].items()}

    bars = {names[unique_id] for unique_id, node in manifest["nodes"].items() if is_bars(node)}

    @dbt_assets(manifest=manifest, name="dbt", dagster_dbt_translator=Translator(), backfill_policy=BACKFILL)
    def dbt(context: dg.AssetExecutionContext, house: dg.ResourceParam[House]) -> Iterator[Any]:
        with failures():
            days = chosen_days(context, house)
            said = "all days" if days is None else ", ".join(map(str, days)) or "no day"
            context.log.info(f"Rebuilding the bars of {said}.")
            made: dict[str, Mapping[str, Any]] = {}
            for event in _dbt_build(context, house, days):
                name, described = _described(event, house, names)
                if name in bars:
                    made[name] = described.metadata
                yield described
            if not context.has_partition_key_range:
                yield from _years_built(made, house, days)

    return dbt


def chosen_days(context: dg.AssetExecutionContext, house: House) -> list[date] | None:
    """Return the days to rebuild: those of the run's years, all if the models changed, or those not proven."""
    if context.has_partition_key_range:
        years = context.partition_key_range
        return days_within(house.loaded_days(), date(int(years.start), 1, 1), date(int(years.end), 12, 31))
    changed = published_fingerprint(context.instance).get("models") != project_hash()
    return None if changed else dirty_days(house.warehouse)


def _dbt_build(context: dg.AssetExecutionContext, house: House, days: list[date] | None) -> Iterator[Any]:
    # Days that do not fit one command line are built before, without events; the last of them speak for all.
    while days is not None and len(days) > MAX_DAYS:
        transform.build(house.warehouse, days=days[:MAX_DAYS], select=["tag:bars"])
        days = days[MAX_DAYS:]
    environment = dbt_env(house.warehouse, 0, days)
    dbt = Dbt(project_dir=str(PROJECT), profiles_dir=str(PROJECT), dbt_executable=str(DBT))
    with one_at_a_time(house.warehouse), exported(environment):
        try:
            target = Path(environment["DBT_TARGET_PATH"])
            events = dbt.cli(_BUILD, context=context, target_path=target).stream()
            if house.warehouse.shards == 1:
                yield from events
            # On shards a model's plain name spans the nodes, and can be described, once all of them have built it.
            waiting = list(events)
        except DagsterDbtCliRuntimeError as error:
            raise dg.Failure(_short(str(error)), {"remedy": "See the failed checks of the models."}) from error
        build_rest(house.warehouse, days=days)
        yield from waiting


def _described(event: Any, house: House, names: Mapping[str, str]) -> tuple[str, Any]:
    """Return the table that dbt's event is about, or "", and the event with what the table holds now."""
    if not isinstance(event, dg.Output):
        return "", event
    name = names[str(event.metadata["unique_id"].value)]
    return name, event.with_metadata({**event.metadata, **describe(house.warehouse, name)})


def _years_built(
    made: Mapping[str, Mapping[str, Any]], house: House, days: list[date] | None
) -> Iterator[dg.AssetMaterialization]:
    """Say of a run that named no years which years of the bars it made, so that backfills see them as done."""
    years = sorted({day.year for day in (house.loaded_days() if days is None else days)})
    for name, metadata in made.items():
        yield from (dg.AssetMaterialization(table_key(name), metadata=metadata, partition=str(year)) for year in years)


def _reconciled(bars: Sequence[str]) -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec("reconcile", asset=["marts", name], blocking=True,
                          description="Every bar is exactly what its ticks, corrected, say.")
        for name in bars
    ]  # fmt: skip

    @dg.multi_asset_check(name="reconcile", specs=specs, can_subset=True)
    def equal_to_ticks(
        context: dg.AssetCheckExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.AssetCheckResult]:
        days = sorted({*dirty_days(house.warehouse), *house.loaded_days()[-PROVEN_AGAIN:]})
        results = reconcile(house.warehouse, days)
        for name in sorted(key.asset_key.path[-1] for key in context.selected_asset_check_keys):
            yield _proof(name, [result for result in results if result.bar_table == name], days)

    return equal_to_ticks


def _proof(name: str, results: Sequence[Result], days: Sequence[date]) -> dg.AssetCheckResult:
    wrong = [result.message for result in results if not result.ok]
    return dg.AssetCheckResult(
        asset_key=["marts", name],
        check_name="reconcile",
        passed=not wrong,
        description="\n".join(wrong[:5]),
        metadata={
            "days compared": len(days),
            "bars": sum(result.bars for result in results),
            "ticks": sum(result.ticks for result in results),
            "differing": "; ".join(str(result.day) for result in results if not result.ok) or "none",
        },
    )


def _published(built: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(
        key=PUBLISHED,
        deps=built,
        group_name="marts",
        owners=OWNERS,
        description="What the marts were last built from, recorded only after every check that guards them has passed: "
        "the state of the load ledger and the version of the models. While neither changes, nothing is built again.",
        kinds={"python"},
    )
    def published(house: dg.ResourceParam[House]) -> dg.MaterializeResult:
        now = fingerprint(house.warehouse)
        return dg.MaterializeResult(metadata=dict(now), data_version=dg.DataVersion("-".join(now.values())))

    return published


def fingerprint(warehouse: Warehouse) -> dict[str, str]:
    """Return what the marts depend on: what is loaded, and the models."""
    return {"ledger": state_hash(warehouse.client()), "models": project_hash()}


def published_fingerprint(instance: dg.DagsterInstance) -> dict[str, str]:
    """Return what the marts were last published from; empty if they never were."""
    event = instance.get_latest_materialization_event(PUBLISHED)
    made = event.asset_materialization if event else None
    return {name: str(made.metadata[name].value) for name in ("ledger", "models")} if made else {}


def _short(error: str) -> str:
    """Return what dbt said went wrong, without how it was called."""
    said = error.split("Errors parsed from dbt logs:", 1)[-1].strip()
    return f"dbt: {said}"[:1500]
