"""What a strategy is: a flat class with parameters, state and indicators, called once at the end of every slice.

``Strategy`` trades one instrument (or many, each with a state of its own); ``PanelStrategy`` sees many at once. Both
are plain classes: the interpreter runs them as they are, and the compiler runs the same methods on words.

An indicator is declared with ``indicator`` and read like a number: what it says about the past up to now, NaN until it
has warmed up. Indicators depend on the market alone, so the engine computes them a block of slices ahead of the
decisions; a strategy cannot tell, for it has no index past now.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from backtest.core.flat import Field, Flat, Kind, part, state
from backtest.core.indicator import INPUTS, Indicator
from backtest.core.sealed import refuse_reaching
from zeno.errors import ConfigError

Argument = float | str | Callable[[Any], float]


@dataclass(frozen=True)
class Reading:
    """One output of one indicator, as a strategy declared it."""

    kind: type[Indicator]
    arguments: tuple[Argument, ...]
    of: str
    output: str

    @property
    def key(self) -> tuple[Any, ...]:
        """Return what makes two readings come from the same indicator."""
        return (self.kind, self.arguments, self.of)

    def make(self, owner: Any) -> Indicator:
        """Make the indicator with a strategy's parameters."""
        return self.kind(*(_resolved(owner, one) for one in self.arguments))


def _resolved(owner: Any, argument: Argument) -> float:
    if isinstance(argument, str):
        return getattr(owner, argument)
    return argument(owner) if callable(argument) else argument


def indicator(kind: type[Indicator], *arguments: Argument, of: str = "close", output: str = "") -> Any:
    """Declare an indicator.

    Parameters
    ----------
    kind
        The indicator's class.
    arguments
        Its parameters: a number, the name of a parameter of the strategy, or a function of the strategy.
    of
        What ``x`` stands for: open, high, low, close, volume, or another indicator that was declared before.
    output
        Which of its outputs; the first unless named.
    """
    output = output or kind.outputs[0]
    if output not in kind.outputs:
        raise ConfigError(f"{kind.__name__} has no output {output}", remedy=f"choose from: {', '.join(kind.outputs)}")
    return Field(Kind.READING, Reading(kind, arguments, of, output))


class _Declared(Flat):
    """What strategies of both shapes share."""

    panel: ClassVar[bool] = False
    readings: ClassVar[dict[str, Reading]] = {}
    unique: ClassVar[tuple[Reading, ...]] = ()
    columns: ClassVar[tuple[str, ...]] = ()

    _cursor: int = state()

    def __init_subclass__(cls, **options: Any) -> None:
        own = {
            name: one.initial for name, one in vars(cls).items() if isinstance(one, Field) and one.kind is Kind.READING
        }
        cls.readings = {**cls.readings, **own}
        _check_order(cls.__name__, cls.readings)
        cls.unique = tuple({one.key: one for one in reversed(list(cls.readings.values()))}.values())[::-1]
        # Words that say where the numbers of each reading begin, from the engine's own: a sweep shares some.
        cls.columns = tuple(f"_column{slot}" for slot in range(len(cls.readings)))
        for name in cls.columns:
            setattr(cls, name, state())
        if not cls.panel:
            for number, one in enumerate(cls.unique):
                setattr(cls, f"_indicator{number}", part(one.kind, one.make))
        super().__init_subclass__(**options)
        refuse_reaching(cls)


def _check_order(owner: str, readings: dict[str, Reading]) -> None:
    known: set[str] = set(INPUTS)
    for name, one in readings.items():
        if "x" in one.kind.inputs() and one.of not in known:
            raise ConfigError(f"{owner}.{name} is of {one.of}, which is not known there",
                              remedy="name a column of bars, or an indicator declared above it")  # fmt: skip
        known.add(name)


class Strategy(_Declared):
    """A strategy on one instrument: override ``on_bar``; ``wake`` may say on which slices it has anything to decide."""

    def on_bar(self, now: Any) -> None:
        """Decide, at the end of a slice."""

    def wake(self, now: Any) -> bool:  # noqa: ARG002
        """Tell whether ``on_bar`` has to be asked at all: on every slice, unless overridden."""
        return True


class PanelStrategy(_Declared):
    """A strategy on many instruments at once: override ``on_slice``.

    ``history`` is how many slices back ``now.past_close`` may look. An indicator's reading is indexed by instrument.
    """

    panel: ClassVar[bool] = True

    def history(self) -> int:
        """Return how many past slices the strategy looks back on; 0 unless overridden."""
        return 0

    def on_slice(self, now: Any) -> None:
        """Decide, at the end of a slice."""
