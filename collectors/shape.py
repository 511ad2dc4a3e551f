"""Columns into a batch: the declared order, constants spread over the rows, what a table allows to be missing as null.

A collector names the columns it has; everything else about a table is read from its declaration.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.batch import Batch, Rejection
from warehouse.schema import Role, Table, table
from warehouse.schema.arrow import ARROW_TYPES
from zeno.errors import ContractError

Values = pa.Array | pa.ChunkedArray | np.ndarray | pd.Series | str | int | None
"""A column, or one value for all rows."""


def columns_of(declared: Table) -> tuple[str, ...]:
    """Return the columns of a batch for this table: ``symbol`` stands in for ``instrument_id``."""
    left_out = ("source",) if "source" in declared.by_name else ()
    names = [c.name for c in declared.columns if c.role is not Role.BATCH and c.name not in left_out]
    registry = declared.name == "ref.instruments" or declared.name == "ref.symbols"
    return tuple("symbol" if name == "instrument_id" and not registry else name for name in names)


def mismatch(declared: Table, given: Iterable[str]) -> str:
    """Return which columns are missing or unknown, in words; "" if they fit. Nullable ones need not be there."""
    names, given = columns_of(declared), list(given)
    optional = {column.name for column in declared.columns if column.nullable}
    missing = [name for name in names if name not in given and name not in optional]
    unknown = [name for name in given if name not in names]
    return f"columns missing: {missing}, unknown: {unknown}" if missing or unknown else ""


def make_batch(table_name: str, source: str, columns: Mapping[str, Values], *,
               unreadable: tuple[Rejection, ...] = ()) -> Batch:  # fmt: skip
    """Return a batch with the table's columns in declared order.

    Parameters
    ----------
    columns
        By name; a single value stands in every row. Nullable columns may be left out.

    Raises
    ------
    ContractError
        If a column is missing or unknown.
    """
    declared = table(table_name)
    names = columns_of(declared)
    if wrong := mismatch(declared, columns):
        raise ContractError(f"{source} for {table_name}: {wrong}.")
    rows = max(len(v) for v in columns.values() if v is not None and not isinstance(v, str | int))
    data = pa.table({name: _spread(declared, name, columns.get(name), rows) for name in names})
    return Batch(
        table=table_name,
        source=source,
        data=data,
        namespace=source if "symbol" in names and "symbol" not in declared.by_name else "",
        unreadable=unreadable,
    )


def _spread(declared: Table, name: str, values: Values, rows: int) -> pa.Array | pa.ChunkedArray:
    if values is None:
        return pa.nulls(rows, ARROW_TYPES[declared.by_name[name].kind])
    if isinstance(values, str | int):
        return pa.repeat(pa.scalar(values), rows)
    return values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)


def shortest_float32(text: pa.Array | pa.ChunkedArray, *, tolerance: float = 0.0) -> pa.Array:
    """Return prices that went through 32-bit floats as the shortest decimal that names the same float.

    ``27.440000534057617`` was 27.44 before a vendor stored it in 32 bits. The shortest decimal is lossless: it gives
    back the very same 32-bit float. Text that is no such float, within ``tolerance`` for vendors that cut the
    expansion off at some digit, is left as it is.

    >>> shortest_float32(pa.array(["27.440000534057617", "0.1234567890123"])).to_pylist()
    ['27.44', '0.1234567890123']
    """
    wide = pc.cast(text, pa.float64()).to_numpy()
    narrow = wide.astype(np.float32)
    same = np.abs(narrow.astype(np.float64) - wide) <= tolerance
    original = np.asarray(text.to_pandas(), dtype=object)
    return pa.array(np.where(same, narrow.astype(str).astype(object), original), pa.string())
