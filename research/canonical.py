"""One text for one value: the form in which specs and results are hashed, stored and compared.

JSON with sorted keys, no blanks, and floats in the shortest form that reads back as the same 64 bits. NaN and infinity
are refused: say None, and why.
"""

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from zeno.errors import ContractError


def canonical(value: Any) -> str:
    """Return the canonical text of a value made of mappings, sequences, numbers, text, times and numpy arrays.

    Raises
    ------
    ContractError
        When a number is not finite, or a value has no canonical form.

    >>> canonical({"b": np.array([1.5, 2.0]), "a": Decimal("0.10")})
    '{"a":"0.10","b":[1.5,2.0]}'
    """
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False,
                          default=_plain)  # fmt: skip
    except (TypeError, ValueError) as error:
        raise ContractError(f"A value has no canonical form: {error}.",
                            remedy="Return None in place of a number that is not finite.") from error  # fmt: skip


def digest(text: str) -> str:
    """Return the SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | Path):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} {value!r}")
