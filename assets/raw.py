"""One asset for each declared raw and reference table: the table as it is after its sources were loaded.

Its key is the one that dagster-dbt gives to the dbt source of the same name, so that lineage runs through.
"""

from collections.abc import Mapping

import dagster as dg

from assets.describe import column_schema, describe
from assets.house import OWNERS, House
from assets.loading import RETRY, failures
from assets.sources import source_key
from collectors.dataset import Dataset
from warehouse.schema import TABLES, Table

DATABASES = ("raw", "ref")
DROP_SOURCE = "drop_folder"
# Every load writes to these, whatever table it is for.
_FED_BY_ALL = {"raw.loads", "raw.quarantine"}


def table_key(name: str) -> dg.AssetKey:
    """Return the asset key of a table, such as ``raw.trades``."""
    return dg.AssetKey(name.split("."))


def shown_tables() -> list[Table]:
    """Return the declared tables that have an asset."""
    return [entry for entry in TABLES.values() if entry.database in DATABASES]


def table_assets(datasets: Mapping[str, Dataset]) -> list[dg.AssetsDefinition]:
    """Return an asset for every declared table, downstream of the data sets that feed it and of the drop folder."""
    return [_asset(entry, _feeding(entry, datasets)) for entry in shown_tables()]


def _feeding(entry: Table, datasets: Mapping[str, Dataset]) -> list[dg.AssetKey]:
    names = [name for name, data in datasets.items() if entry.name in data.tables or entry.name in _FED_BY_ALL]
    return [source_key(name) for name in [*names, DROP_SOURCE]]


def _asset(entry: Table, sources: list[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(
        key=table_key(entry.name),
        deps=sources,
        group_name=entry.database,
        owners=OWNERS,
        description=f"{entry.grain[0].upper()}{entry.grain[1:]}.\n\n{entry.doc}".strip(),
        kinds={"clickhouse", "table"},
        metadata={"dagster/column_schema": column_schema(entry), "key": ", ".join(entry.key),
                  "placement": str(entry.placement), "dagster/table_name": entry.name},
        retry_policy=RETRY,
    )  # fmt: skip
    def look(house: dg.ResourceParam[House]) -> dg.MaterializeResult:
        with failures():
            return dg.MaterializeResult(metadata=describe(house.warehouse, entry.name))

    return look
