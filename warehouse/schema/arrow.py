"""The Arrow schema of a table: what a batch looks like once it has passed the contract."""

import pyarrow as pa

from warehouse.schema.model import Kind, Table

ARROW_TYPES: dict[Kind, pa.DataType] = {
    Kind.ID: pa.uint32(),
    Kind.INT: pa.int64(),
    Kind.COUNT: pa.uint64(),
    Kind.FLOAT: pa.float64(),
    Kind.PRICE: pa.decimal128(18, 8),
    Kind.QUANTITY: pa.decimal128(38, 8),
    Kind.TIMESTAMP: pa.timestamp("us", "UTC"),
    Kind.DATE: pa.date32(),
    Kind.YEAR: pa.uint16(),
    Kind.BOOL: pa.bool_(),
    Kind.TEXT: pa.string(),
    Kind.LABEL: pa.string(),
    Kind.LABELS: pa.list_(pa.string()),
    Kind.ENUM: pa.string(),
}


def arrow_schema(table: Table) -> pa.Schema:
    """Return the schema of ``table``, columns in declared order, without its aliases."""
    return pa.schema([pa.field(c.name, ARROW_TYPES[c.kind], nullable=c.nullable) for c in table.columns])
