"""``zeno query``: SQL as the read-only researcher, within that user's limits."""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.output import console, print_table, refuse_unwritable
from cli.query_errors import with_remedy
from warehouse.client import Client
from warehouse.store import connect
from zeno.errors import ConfigError, WarehouseError

_ROWS_SHOWN = 200
_WIDE_INTEGER = re.compile(r"U?Int(?:128|256)")
_UNKNOWN_TO_ARROW = re.compile(
    rf"""Enum(?:8|16)\((?:'(?:[^'\\]|\\.)*' = -?\d+(?:, )?)+\)|\b{_WIDE_INTEGER.pattern}\b"""
)


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
    sql: Annotated[str, typer.Argument(help="One SELECT; schemas: raw, ref, marts, research, mrie, ops.")],
    fmt: Annotated[Format, typer.Option("--format", help="How to write the result.")] = Format.TABLE,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
) -> None:
    """Run SQL on the warehouse as the read-only researcher."""
    statement = sql.strip().rstrip(";").rstrip()
    if not statement:
        raise ConfigError("There is no SQL to run.", remedy='Write zeno query "SELECT count() FROM marts.bars_1m".')
    chosen = Format.JSON if as_json else fmt
    if output is not None:
        refuse_unwritable(output)
    if chosen is Format.TABLE:
        if output is not None:
            raise ConfigError("A table is for the screen.", remedy="Add --format csv, json or parquet.")
        _print(statement)
        return
    if chosen is Format.PARQUET and output is None and sys.stdout.isatty():
        raise ConfigError("Parquet is binary.", remedy="Add --output FILE, or redirect standard output.")
    client = connect().client()
    with _remedied(statement, client):
        if chosen is Format.PARQUET:
            statement = _plain(statement, _types(client, statement))
        data = client.raw(statement, _ENGINE_FORMATS[chosen], _SETTINGS if chosen is Format.JSON else None)
    if output is not None:
        output.write_bytes(data)
    else:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


@contextmanager
def _remedied(statement: str, client: Client) -> Iterator[None]:
    try:
        yield
    except WarehouseError as error:
        raise with_remedy(error, statement, client) from error


def _print(statement: str) -> None:
    client = connect().client()
    with _remedied(statement, client):
        types = _types(client, statement)
        result = client.arrow(_plain(statement, types))
    shown = result.slice(0, _ROWS_SHOWN)
    columns = [_values(shown[at].to_pylist(), types.get(name, "")) for at, name in enumerate(shown.column_names)]
    print_table("", result.column_names, zip(*columns, strict=True))
    if result.num_rows > _ROWS_SHOWN:
        console.print(f"… {result.num_rows - _ROWS_SHOWN:,} more rows; --format csv writes them all.")


def _types(client: Client, statement: str) -> dict[str, str]:
    """Return the types of a SELECT's columns; of none where it is no SELECT, or is wrong: asked for, it says why."""
    try:
        return {row[0]: row[1] for row in client.rows(f"DESCRIBE TABLE ({statement}\n)")}
    except WarehouseError:
        return {}


def _plain(statement: str, types: Mapping[str, str]) -> str:
    """Write as text what Arrow and Parquet have no type for: members of enums, integers of more than 64 bits."""
    plain = {name: _UNKNOWN_TO_ARROW.sub("String", kind) for name, kind in types.items()}
    casts = [f"CAST({_quoted(name)}, {_text(kind)}) AS {_quoted(name)}"
             for name, kind in plain.items() if kind != types[name]]  # fmt: skip
    return f"SELECT * REPLACE ({', '.join(casts)}) FROM ({statement}\n)" if casts else statement


def _values(values: list[Any], kind: str) -> list[Any]:
    """Return a column's values as they are shown: wide integers are numbers again."""
    wide = _WIDE_INTEGER.fullmatch(kind.removeprefix("Nullable(").removesuffix(")"))
    return [None if value is None else int(value) for value in values] if wide else values


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _text(kind: str) -> str:
    return "'" + kind.replace("\\", "\\\\").replace("'", "\\'") + "'"
