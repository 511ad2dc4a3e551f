"""The report's record as JSON and back, so that a page can be written again from what its run found."""

import json
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

_Record = TypeVar("_Record")


def written(record: Any) -> str:
    """Return a record of dataclasses as JSON; dates and moments in ISO 8601.

    >>> from mrie.report import Lag
    >>> written(Lag(date(2001, 3, 1), 2))
    '{"turn": "2001-03-01", "months": 2}'
    """
    return json.dumps(_plain(record), ensure_ascii=False, allow_nan=False)


def read(kind: type[_Record], text: str) -> _Record:
    """Return the record that ``written`` wrote.

    >>> from mrie.report import Lag
    >>> read(Lag, '{"turn": "2001-03-01", "months": null}')
    Lag(turn=datetime.date(2001, 3, 1), months=None)
    """
    return _made(kind, json.loads(text))


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {entry.name: _plain(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def _made(kind: Any, value: Any) -> Any:
    if isinstance(kind, UnionType):
        inner = next(one for one in get_args(kind) if one is not NoneType)
        return None if value is None else _made(inner, value)
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(_made(each, one) for each, one in zip(kinds, value, strict=True))
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{name: _made(hints[name], one) for name, one in value.items()})  # pyright: ignore[reportCallIssue]
    if kind in (date, datetime):
        return kind.fromisoformat(value)
    return value
