"""A table as metadata for the UI: columns with units, rows, time range, the last rows and a picture."""

import dagster as dg

from assets.plots import draw, preview
from warehouse.profile import History, profile
from warehouse.schema import Column, Table
from warehouse.store import Warehouse


def describe(warehouse: Warehouse, name: str) -> dict[str, dg.MetadataValue]:
    """Return what a table holds now."""
    found = profile(warehouse, name)
    metadata: dict[str, dg.MetadataValue] = {"dagster/row_count": dg.MetadataValue.int(found.rows)}
    if found.first is not None:
        metadata["first"] = dg.MetadataValue.text(str(found.first))
        metadata["last"] = dg.MetadataValue.text(str(found.last))
    if found.latest:
        metadata["last rows"] = dg.MetadataValue.md(preview(found.columns, found.latest))
    picture = _picture(name, found.history)
    if picture:
        metadata["picture"] = dg.MetadataValue.md(picture)
    return metadata


def _picture(name: str, history: History) -> str | None:
    try:
        return draw(name, history)
    except Exception:
        return None


def column_schema(table: Table) -> dg.TableSchema:
    """Return a declared table's columns as Dagster shows them."""
    return dg.TableSchema(columns=[_column(column, table) for column in table.columns])


def _column(column: Column, table: Table) -> dg.TableColumn:
    return dg.TableColumn(
        name=column.name,
        type=column.sql_type,
        description=f"{column.doc} Unit: {column.unit}." if column.unit else column.doc,
        constraints=dg.TableColumnConstraints(nullable=column.nullable),
        tags={"key": ""} if column.name in table.key else None,
    )
