"""The panel: what was known of every concept at the end of a month, from which vintage, and what was done to it.

    1. candidates   every (source, series) that publishes the concept                          _Candidate order
    2. view         the vintage that stood then; the newest data win                           Panel.view
    3. usual lag    before a concept's first vintage, that vintage up to the usual release     _by_usual_lag
    4. splice       a vintage that starts late gets the last longer one in front, rescaled     _spliced
    5. gaps         up to three missing months between two known ones are interpolated         _filled

Every step looks only at rows known by then, except step 3: its view is marked ``usual_lag``, and its ``vintage`` lies
after the month, so that ``FeatureRows.as_known`` can leave it out. Belongs here: reading as of a month. Not here:
transformations (``features``).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from mrie.panel.concepts import BY_NAME, CONCEPTS, SOURCES, Concept
from mrie.panel.months import month_text
from mrie.panel.store import Floats, Vintages, series_vintages
from zeno.errors import SourceRejected

STALE = 4
"""A view whose last period is more months back than this says nothing about now."""

_LONGEST_GAP = 3
_OVERLAP = 12


@dataclass(frozen=True)
class Splice:
    """Where an earlier vintage was put in front: the first own period, the donor, and its factor (or shift)."""

    period: int
    donor: int
    adjustment: float


@dataclass(frozen=True)
class View:
    """One concept as known at the end of a month.

    ``values[j]`` belongs to the month ``first + j``; the last one is known. ``basis`` is ``vintage`` or ``usual_lag``,
    ``vintage`` the month of the vintage that was read, ``filled`` the number of interpolated months.
    """

    source: str
    series: str
    vintage: int
    basis: str
    first: int
    values: Floats
    splice: Splice | None
    filled: int

    @property
    def last(self) -> int:
        """The last period."""
        return self.first + len(self.values) - 1

    def tail(self, length: int) -> Floats:
        """Return the last ``length`` values, NaN in front where there are fewer."""
        padded = np.concatenate([np.full(length, np.nan), self.values])
        return padded[-length:]


class Panel:
    """Vintages of all concepts.

    Parameters
    ----------
    rows
        source, series, period, known, basis, value, from ``read_interchange`` or ``read_warehouse``.

    Raises
    ------
    SourceRejected
        If the rows have none of the panel's series.
    """

    def __init__(self, rows: pd.DataFrame) -> None:
        self._vintages = _candidates(rows)
        if not any(self._vintages.values()):
            named = ", ".join(concept.series[0] for concept in CONCEPTS)
            raise SourceRejected(
                "The vintages have none of the panel's series.", remedy=f"It reads {named} and others."
            )

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """Concepts that no series measures."""
        return tuple(concept.name for concept in CONCEPTS if not self._vintages[concept.name])

    @cached_property
    def last_vintage(self) -> int:
        """The newest vintage of all."""
        return max(int(one.known[-1]) for many in self._vintages.values() for one in many)

    @cached_property
    def first_period(self) -> int:
        """The oldest period of all."""
        return min(one.first for many in self._vintages.values() for one in many)

    def view(self, concept: str, month: int) -> View | None:
        """Return a concept as known at the end of ``month``, or None if nothing recent enough was."""
        many = self._vintages[concept]
        found = [view for one in many if (view := _standing(one, BY_NAME[concept], month)) is not None]
        best = max(found, key=lambda view: view.last, default=None)  # of equals the first, the preferred
        if best is None or month - best.last > STALE:
            best = _by_usual_lag(many, BY_NAME[concept], month) or best
        return best if best is not None and month - best.last <= STALE else None

    def frame(self, month: int) -> pd.DataFrame:
        """Return all concepts as known at the end of ``month``.

        Returns
        -------
        pandas.DataFrame
            One row a period (index ``period``, YYYY-MM), one column a concept, in its series' own unit; NaN unknown.
        """
        views = {concept.name: self.view(concept.name, month) for concept in CONCEPTS}
        columns = {
            name: pd.Series(view.values, index=np.arange(view.first, view.last + 1))
            for name, view in views.items()
            if view is not None
        }
        table = pd.DataFrame(columns, dtype=np.float64).reindex(columns=pd.Index(list(views)))
        return table.set_axis(pd.Index([month_text(int(at)) for at in table.index], name="period"))

    def provenance(self, month: int) -> pd.DataFrame:
        """Return where each concept's view comes from.

        Returns
        -------
        pandas.DataFrame
            One row a concept that is known: concept, source, series, vintage, basis, last_period (YYYY-MM),
            spliced_at (YYYY-MM or None), donor (YYYY-MM or None), adjustment (factor, or shift of a rate), filled
            (interpolated months).
        """
        views = ((concept.name, self.view(concept.name, month)) for concept in CONCEPTS)
        return pd.DataFrame([_described(name, view) for name, view in views if view is not None])


def _candidates(rows: pd.DataFrame) -> dict[str, list[Vintages]]:
    wanted = [name for concept in CONCEPTS for name in concept.series]
    made: dict[str, list[Vintages]] = {}
    for (_, series), group in rows.loc[rows["series"].isin(wanted)].groupby(["source", "series"], sort=True):
        made.setdefault(str(series), []).append(series_vintages(group))
    found = {concept.name: [one for name in concept.series for one in made.get(name, [])] for concept in CONCEPTS}
    return {name: sorted(_one_measure(many, BY_NAME[name]), key=_rank) for name, many in found.items()}


def _one_measure(many: list[Vintages], concept: Concept) -> list[Vintages]:
    """Keep one measure of hours and of manufacturing: total hours and the workweek are not interchangeable."""
    if concept.name not in ("hours", "manufacturing") or not many:
        return many
    first = min(many, key=lambda one: concept.series.index(one.series)).series
    return [one for one in many if one.series == first]


def _rank(one: Vintages) -> tuple[int, int, str]:
    order = SOURCES.index(one.source) if one.source in SOURCES else len(SOURCES)
    return (0 if one.dated else 1, order, one.source)


def _standing(one: Vintages, concept: Concept, month: int) -> View | None:
    row = one.at(month)
    if row < 0 or (last := int(one.ends[row])) < 0:
        return None
    return _view(one, concept, row, last, "vintage" if one.dated else "usual_lag")


def _by_usual_lag(many: list[Vintages], concept: Concept, month: int) -> View | None:
    """Read the earliest first vintage that reaches back so far, as if each period had come out ``lag`` months after it.

    The earliest, though a later one may reach further back: then the choice does not hang on what comes later.
    """
    for one in sorted((one for one in many if one.known[0] > month), key=lambda each: int(each.known[0])):
        known = np.flatnonzero(~np.isnan(one.values[0][: max(month - concept.lag - one.first + 1, 0)]))
        if len(known):
            return _view(one, concept, 0, int(known[-1]), "usual_lag")
    return None


def _view(one: Vintages, concept: Concept, row: int, last: int, basis: str) -> View:
    start = int(one.starts[row])
    values, splice = _spliced(one, concept, row, start, last)
    values, filled = _filled(values)
    first = one.first + last - len(values) + 1
    return View(one.source, one.series, int(one.known[row]), basis, first, values, splice, filled)


def _spliced(one: Vintages, concept: Concept, row: int, start: int, last: int) -> tuple[Floats, Splice | None]:
    own = one.values[row, start : last + 1]
    longer = np.flatnonzero(one.starts[:row] < start)
    if not len(longer):
        return own.copy(), None
    donor = one.values[int(longer[-1])]
    overlap = slice(start, min(start + _OVERLAP, last + 1))
    both = np.isfinite(donor[overlap]) & np.isfinite(one.values[row, overlap])
    if not both.any():
        return own.copy(), None
    mine, theirs = one.values[row, overlap][both].mean(), donor[overlap][both].mean()
    adjustment = float(mine / theirs if concept.log else mine - theirs)
    front = donor[:start] * adjustment if concept.log else donor[:start] + adjustment
    front = front[np.flatnonzero(np.isfinite(front))[0] :]
    spliced = Splice(one.first + start, int(one.known[int(longer[-1])]), adjustment)
    return np.concatenate([front, own]), spliced


def _filled(values: Floats) -> tuple[Floats, int]:
    """Interpolate short gaps; both their ends were known by then."""
    unknown = np.isnan(values)
    if not unknown.any():
        return values, 0
    places = np.flatnonzero(~unknown)
    gaps = np.diff(places)
    short = np.zeros(len(values), dtype=bool)
    for at in np.flatnonzero((gaps > 1) & (gaps <= _LONGEST_GAP + 1)):
        short[places[at] + 1 : places[at + 1]] = True
    line = np.interp(np.arange(len(values)), places, values[places])
    return np.where(short, line, values), int(short.sum())


def _described(name: str, view: View) -> dict[str, object]:
    splice = view.splice
    return {
        "concept": name,
        "source": view.source,
        "series": view.series,
        "vintage": month_text(view.vintage),
        "basis": view.basis,
        "last_period": month_text(view.last),
        "spliced_at": None if splice is None else month_text(splice.period),
        "donor": None if splice is None else month_text(splice.donor),
        "adjustment": None if splice is None else splice.adjustment,
        "filled": view.filled,
    }
