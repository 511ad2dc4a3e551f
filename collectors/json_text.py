"""JSON from a source, strictly: what two readers could read differently is refused.

``json`` takes the last of two equal keys, ``NaN``, and ``1e999`` as infinity, and follows nesting until the stack ends.
A source that sends any of these is broken, or is not the source. A UTF-8 byte order mark is tolerated: it changes
nothing (RFC 8259, 8.1, allows readers to ignore it).
"""

import json
import math
import re
from itertools import accumulate

from zeno.errors import SourceRejected

MAX_DEPTH = 64

# Everything but brackets: strings whole (also one that never ends), then the rest. Possessive, so that it is linear.
_NOT_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[^"\[\]{}]++', re.DOTALL)
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}


def parse_json(body: bytes, *, source: str = "the source", max_depth: int = MAX_DEPTH) -> object:
    """Return what ``body`` says.

    Parameters
    ----------
    body
        UTF-8, with or without a byte order mark.
    source
        Named in errors.
    max_depth
        Deepest nesting of arrays and objects; checked before the parser sees the text.

    Raises
    ------
    SourceRejected
        If it is cut, not UTF-8, too deep, has a key twice, or has a number that is not finite.
    """
    try:
        text = body.decode("utf-8-sig")
        _check_depth(text, max_depth)
        return json.loads(
            text, object_pairs_hook=_distinct, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole
        )
    except UnicodeDecodeError as error:
        raise _refused(source, f"it is not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise _refused(
            source, f"it is {_harm(error)} at character {error.pos:,} of {len(error.doc):,}: {error.msg}"
        ) from error
    except _RefusalError as error:
        raise _refused(source, str(error)) from error


class _RefusalError(Exception):
    """A rule that the text breaks."""


def _refused(source: str, detail: str) -> SourceRejected:
    return SourceRejected(
        f"The JSON from {source} was refused: {detail}.",
        remedy="Run again; if it stays, the source has changed or something answers in its place.",
    )


def _harm(error: json.JSONDecodeError) -> str:
    at_the_end = error.pos >= len(error.doc.rstrip()) - 1
    return "cut" if at_the_end or error.msg.startswith("Unterminated") else "damaged"


def _check_depth(text: str, max_depth: int) -> None:
    brackets = _NOT_BRACKETS.sub("", text)
    deepest = max(accumulate(_STEPS[bracket] for bracket in brackets), default=0)
    if deepest > max_depth:
        raise _RefusalError(f"it is nested {deepest:,} deep, over {max_depth}")


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _RefusalError(f"the key {twice[:80]!r} occurs twice in one object")
    return value


def _no_constant(name: str) -> object:
    raise _RefusalError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _RefusalError(f"the number {text[:40]} is beyond a 64-bit float")
    return value


def _whole(text: str) -> int:
    if len(text) > 40:  # wider than any count; very long integers take quadratic time to parse
        raise _RefusalError(f"the number {text[:40]}… has {len(text):,} digits")
    return int(text)
