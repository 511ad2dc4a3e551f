"""What to do about SQL that the warehouse refused: the remedies of ``zeno query``."""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass

from warehouse.client import Client
from zeno.errors import WarehouseError

_SCHEMAS = "('raw', 'ref', 'staging', 'marts', 'research', 'mrie', 'ops')"
_LIST = 'zeno query "SHOW TABLES FROM marts" lists the tables of a schema; docs/tables.md says what is in them.'
_NAMED = re.compile(r"\b(?:FROM|JOIN|TABLE)\s+([\w.`]+)", re.IGNORECASE)
_SYNTAX = "It is no valid SQL: look just before the place named. One SELECT, with single quotes around text."
_LESS = "Ask for less: a WHERE on instrument_id and ts, fewer columns, a LIMIT, or one day after another."


def with_remedy(error: WarehouseError, statement: str, client: Client) -> WarehouseError:
    """Return an error of a user's statement, of the same kind, with what to do about it.

    Parameters
    ----------
    client
        Is asked which tables there are, where that helps.
    """
    if error.remedy:
        return error
    found = re.search(r"\(([A-Z_]+)\)$", error.message)
    about = _REMEDIES.get(found[1] if found else "", _other)
    return type(error)(error.message, remedy=about(_Refused(error.message, statement, client)))


@dataclass(frozen=True)
class _Refused:
    """A statement that was refused, and by whom."""

    message: str
    statement: str
    client: Client


def _table(refused: _Refused) -> str:
    """Name the tables that could have been meant: by their names, whatever schema was given."""
    wanted = {name.replace("`", "") for name in _NAMED.findall(refused.statement)}
    try:
        known = [row[0] for row in refused.client.rows(f"SELECT database || '.' || name FROM system.tables "
                                               f"WHERE database IN {_SCHEMAS} ORDER BY 1")]  # fmt: skip
    except WarehouseError:
        known = []
    near = [one for name in sorted(wanted - set(known)) for one in _near(name, known)]
    return (f"Did you mean {' or '.join(near)}? " if near else "") + _LIST


def _near(name: str, known: list[str]) -> list[str]:
    same = [one for one in known if one.split(".")[1] == name.split(".")[-1]]
    return (same or difflib.get_close_matches(name, known, n=2, cutoff=0.75))[:2]


def _column(refused: _Refused) -> str:
    if "`FORMAT`" in refused.message:  # the engine's own word comes after the statement, which asked for something more
        return _SYNTAX
    tables = dict.fromkeys(name.replace("`", "") for name in _NAMED.findall(refused.statement) if "." in name)
    if not tables:
        return "Name a table, such as FROM marts.bars_1m; text stands in single quotes. " + _LIST
    near = re.search(r"Maybe you meant: \['(?:\w+\.)?(\w+)'", refused.message)
    described = " or ".join(f'zeno query "DESCRIBE TABLE {name}"' for name in tables)
    return (
        f"Did you mean {near[1]}? " if near else ""
    ) + f"{described} lists the columns; text stands in single quotes."


def _denied(refused: _Refused) -> str:
    if "FILE" in refused.message:  # a table without its schema is taken for a file's name
        return _table(refused)
    return "zeno query only reads; data come in by zeno elt run or the drop folder."


def _other(refused: _Refused) -> str:
    if refused.message.startswith("ClickHouse refused: Syntax error"):
        return _SYNTAX
    return "Correct the statement; it is ClickHouse's SQL: https://clickhouse.com/docs/sql-reference"


def _saying(text: str) -> Callable[[_Refused], str]:
    return lambda _: text


_REMEDIES: dict[str, Callable[[_Refused], str]] = {
    "UNKNOWN_TABLE": _table,
    "UNKNOWN_DATABASE": _table,
    "UNKNOWN_IDENTIFIER": _column,
    "ACCESS_DENIED": _denied,
    "SYNTAX_ERROR": _saying(_SYNTAX),
    "UNKNOWN_FUNCTION": _saying("https://clickhouse.com/docs/sql-reference/functions lists the functions."),
    "TIMEOUT_EXCEEDED": _saying(f"A query has five minutes. {_LESS}"),
    "TOO_SLOW": _saying(f"A query has five minutes. {_LESS}"),
    **dict.fromkeys(
        ("TOO_MANY_ROWS", "TOO_MANY_BYTES", "TOO_MANY_ROWS_OR_BYTES", "MEMORY_LIMIT_EXCEEDED"), _saying(_LESS)
    ),
}
