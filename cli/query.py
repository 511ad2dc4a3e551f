"""``zeno query``: SQL as the read-only researcher, within that user's limits."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.output import console, print_table
from warehouse.store import connect
from zeno.errors import ConfigError

_ROWS_SHOWN = 200


class Format(StrEnum):
    """How to write a result."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


_ENGINE_FORMATS = {Format.JSON: "JSONEachRow", Format.CSV: "CSVWithNames", Format.PARQUET: "Parquet"}
# One array of objects; decimals as text, so that no digit is lost in a float.
_SETTINGS = {"output_format_json_array_of_rows": 1, "output_format_json_quote_decimals": 1}


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT; schemas: raw, ref, staging, marts, ops.")],
    fmt: Annotated[Format, typer.Option("--format", help="How to write the result.")] = Format.TABLE,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
) -> None:
    """Run SQL on the warehouse as the read-only researcher."""
    statement = sql.strip().rstrip(";")
    chosen = Format.JSON if as_json else fmt
    if chosen is Format.TABLE:
        if output is not None:
            raise ConfigError("A table is for the screen.", remedy="Add --format csv, json or parquet.")
        _print(statement)
        return
    if chosen is Format.PARQUET and output is None and sys.stdout.isatty():
        raise ConfigError("Parquet is binary.", remedy="Add --output FILE, or redirect standard output.")
    data = connect().client().raw(statement, _ENGINE_FORMATS[chosen], _SETTINGS if chosen is Format.JSON else None)
    if output is not None:
        output.write_bytes(data)
    else:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def _print(statement: str) -> None:
    result = connect().client().arrow(statement)
    rows = zip(*(column.to_pylist() for column in result.slice(0, _ROWS_SHOWN).columns), strict=True)
    print_table("", result.column_names, rows)
    if result.num_rows > _ROWS_SHOWN:
        console.print(f"… {result.num_rows - _ROWS_SHOWN:,} more rows; --format csv writes them all.")
