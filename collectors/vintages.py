"""A series' history of revisions, put together from real-time windows.

A window answers with *spells*: a period's value and the days on which it was the current one, cut off at the window's
ends. So a spell that starts on a window's first day may really have started long before. Windows therefore share one
day, on which both must agree; a spell in force on that day is continued, not begun.

    window 1  |2016-06-03 ... 2016-07-08|                   April: 143,856 |143,877
    window 2                 |2016-07-08 ... 9999-12-31|           143,877 ........|

Belongs here: spells and how they follow one another. Not here: asking for them (``collectors.fred``).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby, pairwise, zip_longest

from zeno.errors import SourceRejected

FOREVER = date(9999, 12, 31)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """Real time from ``first`` to ``last``, both included."""

    first: date
    last: date


@dataclass(frozen=True)
class Spell:
    """From ``first`` to ``last``, both included, ``text`` was the period's published value."""

    period: date
    first: date
    last: date
    text: str


@dataclass(frozen=True)
class Release:
    """On ``day`` a period's value became ``text``; ``None`` where it was withdrawn and nothing took its place."""

    period: date
    day: date
    text: str | None


def windows(vintages: Sequence[date], size: int) -> list[Window]:
    """Return windows over ascending vintage dates, each of at most ``size + 1``, neighbours sharing one."""
    edges = vintages[::size]
    return [Window(a, b) for a, b in pairwise(edges)] + [Window(edges[-1], FOREVER)]


def stitch(known: list[Spell], window: Window, spells: Iterable[Spell], what: str) -> list[Spell]:
    """Return the spells ``known`` from earlier windows, continued by those of ``window``.

    Raises
    ------
    SourceRejected
        If a spell lies outside the window, or the two disagree about the day that they share.
    """
    result = list(known)
    current = {spell.period: place for place, spell in enumerate(known) if spell.last >= window.first}
    for spell in spells:
        if not window.first <= spell.first <= spell.last <= window.last:
            raise _contradiction(what, f"{spell} is outside the real time asked for, {window.first} to {window.last}")
        if not known or spell.first > window.first:
            result.append(spell)
            continue
        place = current.pop(spell.period, None)
        if place is None or known[place].text != spell.text:
            raise _contradiction(what, f"two answers disagree about {spell.period} as it stood on {window.first}")
        result[place] = replace(known[place], last=spell.last)
    if current:
        raise _contradiction(what, f"{min(current)} stood on {window.first} in one answer and not in the next")
    return result


def releases(spells: Iterable[Spell], what: str) -> Iterator[Release]:
    """Yield what became known and when, by period and day; a gap after a spell is a withdrawal.

    Raises
    ------
    SourceRejected
        If two spells of a period overlap: then a day would have two values.
    """
    ordered = sorted(spells, key=lambda spell: (spell.period, spell.first))
    for period, group in groupby(ordered, key=lambda spell: spell.period):
        history = list(group)
        for spell, after in zip_longest(history, history[1:]):
            if after is not None and after.first <= spell.last:
                raise _contradiction(what, f"{period} has two values on {after.first}")
            yield Release(period, spell.first, spell.text)
            if spell.last < FOREVER and (after is None or after.first > spell.last + _DAY):
                yield Release(period, spell.last + _DAY, None)


def _contradiction(what: str, detail: str) -> SourceRejected:
    return SourceRejected(
        f"The history of {what} contradicts itself: {detail}.",
        remedy="Nothing of it was kept. Run again: it may have been updated while it was read.",
    )
