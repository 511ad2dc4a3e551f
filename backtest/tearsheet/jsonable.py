"""Dataclass trees to what JSON can carry: decimals as strings, and a refusal instead of NaN."""

import dataclasses
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def jsonable(value: Any, path: str = "sheet") -> Any:
    """Convert dataclasses, mappings, tuples and scalars; ``path`` names the place in errors.

    Raises
    ------
    ValueError
        If a float is not finite: JSON has no word for it, and a page must not show it.
    TypeError
        If there is a type that JSON cannot carry.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{path} is {value}")
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: jsonable(getattr(value, f.name), f"{path}.{f.name}") for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): jsonable(item, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [jsonable(item, f"{path}[{i}]") for i, item in enumerate(value)]
    raise TypeError(f"{path} is a {type(value).__name__}, which JSON cannot carry")
