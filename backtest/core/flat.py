"""Flat classes: ordinary Python classes whose declared fields can also live in one block of 64-bit words.

The engine, its indicators and its strategies are written once, as plain classes. Interpreted, an instance is a plain
object: print it, pickle it, step through it. Compiled, the same methods run on words of memory that ``pack`` laid out
(see ``compiler``). What belongs here: declaring fields, and moving objects into words and back. What does not: numba.

Layout of an object, in words: its fields in order of declaration, one word each (a table takes two), then the windows,
parts and tables that they point to. Pointers are relative to the object itself, so that a block can be copied, saved
and restored anywhere.
"""

import inspect
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, ClassVar, get_type_hints

import numpy as np

from zeno.errors import ConfigError

_LARGEST = 2**62  # of a parameter: sums of two still fit a word
_LONGEST = 2**27  # numbers in a window: a gibibyte


class Kind(Enum):
    """What a field is in memory."""

    INT = "int"
    FLOAT = "float"
    WINDOW = "window"  # floats, their number fixed when the object is made
    INTS = "ints"  # integers, likewise
    PART = "part"  # another flat object
    TABLE = "table"  # flat objects of one class and equal size
    REFERENCE = "reference"  # a flat object that lives elsewhere in the block
    EXTERNAL = "external"  # integers outside the block, never saved
    COLUMN = "column"  # the element of an EXTERNAL field at this object's ``at``
    READING = "reading"  # what an indicator says now: see ``strategy``


@dataclass(frozen=True)
class Field:
    """One declared field; ``make`` computes what a window, part or table starts from, given the object."""

    kind: Kind
    initial: Any = 0
    make: Callable[[Any], Any] | None = None
    of: type | None = None
    source: str = ""
    parameter: bool = False
    minimum: float | None = None
    maximum: float | None = None

    @property
    def words(self) -> int:
        """Return how many words the field itself takes."""
        return {Kind.TABLE: 2, Kind.COLUMN: 0, Kind.READING: 0}.get(self.kind, 1)


def parameter(initial: float, *, minimum: float | None = None, maximum: float | None = None) -> Any:
    """Declare a parameter: set when the object is made, checked against its bounds, constant afterwards."""
    kind = Kind.INT if isinstance(initial, int) else Kind.FLOAT
    return Field(kind, initial, parameter=True, minimum=minimum, maximum=maximum)


def state(initial: float = 0) -> Any:
    """Declare a number that the object's methods change; its annotation says whether it is an int or a float."""
    return Field(Kind.INT if isinstance(initial, int) else Kind.FLOAT, initial)


def window(length: Callable[[Any], int]) -> Any:
    """Declare a window of floats, all zero at first; ``length`` computes its length from the parameters."""
    return Field(Kind.WINDOW, make=lambda owner: [0.0] * _length(owner, length))


def integers(length: Callable[[Any], int]) -> Any:
    """Declare a window of integers, all zero at first."""
    return Field(Kind.INTS, make=lambda owner: [0] * _length(owner, length))


def _length(owner: Any, length: Callable[[Any], int]) -> int:
    wanted = max(int(length(owner)), 1)
    if wanted > _LONGEST:
        raise ConfigError(f"{owner!r} needs a window of {wanted:,} numbers", remedy=f"stay below {_LONGEST:,}")
    return wanted


def part(of: type, make: Callable[[Any], Any]) -> Any:
    """Declare another flat object as part of this one."""
    return Field(Kind.PART, make=make, of=of)


def table(of: type, make: Callable[[Any], list[Any]]) -> Any:
    """Declare a table of flat objects of one class, all of the same size."""
    return Field(Kind.TABLE, make=make, of=of)


def reference(of: type) -> Any:
    """Declare a reference to a flat object of the same block; ``link`` sets it."""
    return Field(Kind.REFERENCE, None, of=of)


def external() -> Any:
    """Declare integers that live outside the block, such as a column of bars; set before every run, never saved."""
    return Field(Kind.EXTERNAL, None)


def column(source: str) -> Any:
    """Declare the element at ``self.at`` of the EXTERNAL field ``source``."""
    return Field(Kind.COLUMN, None, source=source)


class Flat:
    """Base of all flat classes: constructed from its parameters, by position or name; ``start`` may derive state."""

    fields: ClassVar[dict[str, Field]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        hints = get_type_hints(cls) if inspect.get_annotations(cls) else {}
        cls.fields = dict(cls.fields)
        for name, value in list(vars(cls).items()):
            if isinstance(value, Field):
                cls.fields[name] = _typed(value, hints.get(name))
                if value.kind is Kind.COLUMN:
                    setattr(cls, name, _column_property(value.source))
                else:
                    delattr(cls, name)

    def __init__(self, *values: float, **named: float) -> None:
        for name, value in self._arguments(values, named).items():
            setattr(self, name, self._checked(name, value))
        for name, field in self.fields.items():
            if not field.parameter and field.kind not in (Kind.COLUMN, Kind.READING):
                setattr(self, name, field.make(self) if field.make else field.initial)
        self.start()

    def start(self) -> None:
        """Derive what follows from the parameters; runs once, when the object is made, never compiled."""

    @classmethod
    def parameters(cls) -> dict[str, Field]:
        """Return the declared parameters in order."""
        return {name: field for name, field in cls.fields.items() if field.parameter}

    def _arguments(self, values: tuple[float, ...], named: dict[str, float]) -> dict[str, float]:
        known = self.parameters()
        if len(values) > len(known) or not set(named) <= set(known):
            wrong = ", ".join(sorted(set(named) - set(known))) or f"{len(values)} values"
            raise ConfigError(
                f"{type(self).__name__} does not take {wrong}",
                remedy=f"its parameters are: {', '.join(known) or 'none'}",
            )
        first = dict(zip(known, values, strict=False))
        if set(first) & set(named):
            raise ConfigError(f"{type(self).__name__} is given {', '.join(sorted(set(first) & set(named)))} twice",
                              remedy="give each parameter once")  # fmt: skip
        given = first | named
        return {name: given.get(name, field.initial) for name, field in known.items()}  # type: ignore[misc]

    def _checked(self, name: str, value: float) -> float:
        field, owner = self.fields[name], type(self).__name__
        if not isinstance(value, int | float | np.number) or not -_LARGEST <= value <= _LARGEST:
            raise ConfigError(f"{owner}: {name} must be a number, not {value!r}", remedy=f"choose another {name}")
        if field.kind is Kind.INT and value != int(value):
            raise ConfigError(f"{owner}: {name} must be a whole number, not {value}", remedy=f"give {name} an integer")
        if (field.minimum is not None and value < field.minimum) or (
            field.maximum is not None and value > field.maximum
        ):
            low, high = field.minimum, field.maximum
            bounds = (
                f"between {low} and {high}"
                if None not in (low, high)
                else f"at least {low}"
                if high is None
                else f"at most {high}"
            )
            raise ConfigError(f"{owner}: {name} must be {bounds}, not {value}", remedy=f"choose another {name}")
        return int(value) if field.kind is Kind.INT else float(value)

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.parameters())
        return f"{type(self).__name__}({given})"


def _typed(field: Field, hint: Any) -> Field:
    if field.kind is Kind.INT and hint is float:
        changed = {**field.__dict__, "kind": Kind.FLOAT, "initial": float(field.initial)}
        return Field(**changed)
    return field


def _column_property(source: str) -> property:
    def read(self: Any) -> int:
        return getattr(self, source)[self.at]

    return property(read, doc=f"The element of ``{source}`` now.")


@cache
def offsets(cls: type[Flat]) -> dict[str, int]:
    """Return the word of every field that has one."""
    at, found = 0, {}
    for name, field in cls.fields.items():
        if field.words:
            found[name] = at
            at += field.words
    return found


@cache
def fixed_words(cls: type[Flat]) -> int:
    """Return the words of an object without what its fields point to."""
    return sum(field.words for field in cls.fields.values())


def size(thing: Flat) -> int:
    """Return the words that an object takes with all that belongs to it."""
    total = fixed_words(type(thing))
    for name in offsets(type(thing)):
        field, value = thing.fields[name], getattr(thing, name)
        if field.kind in (Kind.WINDOW, Kind.INTS):
            total += len(value)  # type: ignore[arg-type]
        elif field.kind is Kind.PART:
            total += size(value)  # type: ignore[arg-type]
        elif field.kind is Kind.TABLE:
            total += len(value) * size(value[0])  # type: ignore[arg-type, index]
    return total


def pack(thing: Flat, words: np.ndarray, at: int = 0, places: dict[int, int] | None = None) -> int:
    """Write an object into ``words`` (int64) from word ``at`` on; returns the word after it.

    ``places`` collects where each object went, by ``id``, for ``link``.
    """
    places = {} if places is None else places
    places[id(thing)] = at
    floats = words.view(np.float64)
    end = at + fixed_words(type(thing))
    for name, where in offsets(type(thing)).items():
        field, word, value = thing.fields[name], at + where, getattr(thing, name)
        if field.kind is Kind.INT:
            words[word] = _integer(value, thing, name)
        elif field.kind is Kind.FLOAT:
            floats[word] = value
        elif field.kind in (Kind.WINDOW, Kind.INTS):
            (floats if field.kind is Kind.WINDOW else words)[end : end + len(value)] = value
            words[word], end = end - at, end + len(value)
        elif field.kind is Kind.PART:
            words[word], end = end - at, pack(value, words, end, places)
        elif field.kind is Kind.TABLE:
            words[word], words[word + 1] = end - at, size(value[0])
            end = _pack_rows(value, words, end, places)
    return end


def _pack_rows(rows: list[Any], words: np.ndarray, at: int, places: dict[int, int]) -> int:
    """Write a table's rows, those of integers alone in one go: a sweep makes thousands of sessions of many rows."""
    names = _integers_alone(type(rows[0]))
    values = [getattr(one, name) for one in rows for name in names]
    if not values or any(isinstance(value, float) for value in values):
        for one in rows:
            at = pack(one, words, at, places)
        return at
    words[at : at + len(values)] = values
    places.update((id(one), at + number * len(names)) for number, one in enumerate(rows))
    return at + len(values)


@cache
def _integers_alone(cls: type[Flat]) -> tuple[str, ...]:
    """Return the fields of a class in the order of their words, or none where one is more than an integer."""
    return tuple(cls.fields) if all(field.kind is Kind.INT for field in cls.fields.values()) else ()


def _integer(value: Any, thing: Flat, name: str) -> int:
    """Return an integer field's value; compiled code would cut a fraction off in silence."""
    if isinstance(value, float):
        raise ConfigError(f"{type(thing).__name__}.{name} holds {value}, and is declared as an int",
                          remedy=f"declare {name}: float = state(0.0)")  # fmt: skip
    return value


def link(thing: Flat, words: np.ndarray, places: dict[int, int]) -> None:
    """Fill in the references of an object that ``pack`` has placed, and of its parts."""
    at = places[id(thing)]
    for name, where in offsets(type(thing)).items():
        field, value = thing.fields[name], getattr(thing, name)
        if field.kind is Kind.REFERENCE:
            words[at + where] = places[id(value)] - at
        elif field.kind is Kind.PART:
            link(value, words, places)
        elif field.kind is Kind.TABLE and not _integers_alone(type(value[0])):
            for one in value:
                link(one, words, places)


def unpack(thing: Flat, words: np.ndarray, at: int = 0) -> None:
    """Read an object's numbers, windows, parts and tables back from words; references and externals stay."""
    floats = words.view(np.float64)
    for name, where in offsets(type(thing)).items():
        field, word, value = thing.fields[name], at + where, getattr(thing, name)
        if field.kind is Kind.INT:
            setattr(thing, name, int(words[word]))
        elif field.kind is Kind.FLOAT:
            setattr(thing, name, float(floats[word]))
        elif field.kind in (Kind.WINDOW, Kind.INTS):
            start = at + int(words[word])
            value[:] = (floats if field.kind is Kind.WINDOW else words)[start : start + len(value)].tolist()
        elif field.kind is Kind.PART:
            unpack(value, words, at + int(words[word]))
        elif field.kind is Kind.TABLE:
            for number, one in enumerate(value):
                unpack(one, words, at + int(words[word]) + number * int(words[word + 1]))


def move_up(rows: list[Any], place: int, count: int, by: int) -> None:
    """Make ``count`` rows of a table, from ``place`` on, equal to those ``by`` after each; they hold numbers alone."""
    for at in range(place, place + count):
        for name in type(rows[at]).fields:
            setattr(rows[at], name, getattr(rows[at + by], name))


def word_of_float(value: float) -> int:
    """Return the 64-bit word that holds a float."""
    return struct.unpack("<q", struct.pack("<d", value))[0]


def methods(cls: type[Flat]) -> dict[str, Callable[..., Any]]:
    """Return the functions that a class declares or inherits from other flat classes, ``Flat`` itself excepted."""
    found: dict[str, Callable[..., Any]] = {}
    for base in reversed(cls.__mro__):
        if issubclass(base, Flat) and base is not Flat:
            found.update({name: one for name, one in vars(base).items() if inspect.isfunction(one)})
    return {name: one for name, one in found.items() if not name.startswith("__") and name != "start"}


def copies(thing: Any, count: int) -> list[Any]:
    """Return independent objects that equal one of numbers alone, quicker than making each."""
    made = [object.__new__(type(thing)) for _ in range(count)]
    for one in made:
        vars(one).update(vars(thing))
    return made


def copy_of(thing: Any) -> Any:
    """Return an independent object of the same parameters, as it was when made."""
    return type(thing)(**{name: getattr(thing, name) for name in thing.parameters()})
