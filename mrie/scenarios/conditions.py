"""What a scenario assumes: values observed, ranges observed, or values set by hand.

Conditions and interventions are different types on purpose: to learn that a variable takes a path says something about
its causes; to set it says nothing about them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from mrie.claims.predicate import canonical
from zeno.errors import ConfigError


@dataclass(frozen=True)
class Observed:
    """``node`` is seen to be ``value`` in the month ``step`` (from 1) ahead; exactly, or give or take ``sd``."""

    node: str
    step: int
    value: float
    sd: float = 0.0


@dataclass(frozen=True)
class Within:
    """``node`` is seen to lie between ``low`` and ``high`` in the month ``step`` (from 1) ahead."""

    node: str
    step: int
    low: float
    high: float


@dataclass(frozen=True)
class Set:
    """``node`` is set to ``value`` in the month ``step`` (from 1) ahead, whatever its causes say."""

    node: str
    step: int
    value: float


Condition = Observed | Within
Assumption = Observed | Within | Set


def observed(node: str, path: Sequence[float], *, sd: float = 0.0) -> tuple[Observed, ...]:
    """Return the condition that ``node`` takes ``path`` from next month on."""
    return tuple(Observed(node, step, float(value), sd) for step, value in enumerate(path, 1))


def set_to(node: str, path: Sequence[float]) -> tuple[Set, ...]:
    """Return the intervention that sets ``node`` to ``path`` from next month on, and then lets go of it."""
    return tuple(Set(node, step, float(value)) for step, value in enumerate(path, 1))


def check(assumptions: Sequence[Assumption], names: Sequence[str], horizon: int) -> None:
    """Refuse what means nothing.

    Raises
    ------
    ConfigError
        If there is none, a node is unknown, a month lies outside the horizon or is assumed twice, or a range is empty.
    """
    if not assumptions:
        raise ConfigError("The scenario assumes nothing.", remedy="Ask for a forecast, or give an assumption.")
    taken: set[tuple[str, int]] = set()
    for one in assumptions:
        place = (one.node, one.step)
        if one.node not in names:
            raise ConfigError(f"There is no variable {one.node}.", remedy=f"Variables: {', '.join(names)}.")
        if not 1 <= one.step <= horizon:
            raise ConfigError(f"{one.node}: month {one.step} is outside the {horizon} months ahead.",
                              remedy="Count months from 1, or ask for a longer horizon.")  # fmt: skip
        if place in taken:
            raise ConfigError(f"{one.node} is assumed twice in month {one.step}.", remedy="Keep one of them.")
        if isinstance(one, Within) and not one.low < one.high:
            raise ConfigError(f"{one.node}: the range {one.low}..{one.high} is empty.", remedy="Give low < high.")
        taken.add(place)


def written(assumptions: Iterable[Assumption]) -> str:
    """Return assumptions as canonical JSON, each with its kind."""
    return canonical([{"kind": type(one).__name__.lower()} | asdict(one) for one in assumptions])
