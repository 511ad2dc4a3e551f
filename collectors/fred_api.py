"""The three FRED endpoints that the collector reads, as typed values.

FRED API, JSON form: ``series`` (its frequency), ``series/vintagedates`` (the days on which it changed) and
``series/observations`` with ``output_type=1`` and a real-time period. What was established about the last one:

- ``realtime_start`` and ``realtime_end`` of its rows are cut off at the period asked for (``collectors.vintages``).
- A JSON answer covers at most 2,000 vintages; a longer period is refused with 400.
- A period before the first vintage is refused with 400 too, so that periods are made from the vintage dates.
- The parameter ``vintage_dates`` is **never** sent: it can answer 200 with *revised* data, and nothing in the answer
  tells. The endpoint ``vintagedates`` is another thing, and lists dates alone.

Belongs here: parameters and the shape of answers. Not here: what rows mean for the warehouse (``collectors.fred``).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from collectors.json_text import parse_json
from collectors.paging import Page, read_pages
from collectors.transport import Transport
from collectors.vintages import Spell, Window
from zeno.errors import SourceRejected

_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True)
class SeriesFacts:
    """FRED's words for a series' frequency: ``Weekly, Ending Friday`` and ``W``."""

    frequency: str
    frequency_short: str


class FredApi:
    """Asks FRED.

    Parameters
    ----------
    transport
        Used for every request.
    base_url
        Up to and without the last slash.
    key
        The API key; sent, never shown.
    page_rows
        Observations a page, at most 100,000.
    """

    def __init__(self, transport: Transport, base_url: str, key: str, *, page_rows: int) -> None:
        self._transport = transport
        self._base_url = base_url
        self._key = key
        self._page_rows = page_rows

    def facts(self, series: str) -> SeriesFacts:
        """Return what FRED says about ``series`` today."""
        found = _list(self._ask("series", {"series_id": series}), "seriess", series)
        if len(found) != 1 or _text(found[0], "id", series) != series:
            raise _shapeless(series, "the answer describes another series")
        return SeriesFacts(_text(found[0], "frequency", series), _text(found[0], "frequency_short", series))

    def vintage_dates(self, series: str) -> list[date]:
        """Return the days on which ``series`` was published or revised, ascending.

        Raises
        ------
        SourceRejected
            If there is none, or they do not ascend.
        """

        def fetch(offset: int, limit: int) -> Page:
            order = {"sort_order": "asc", "offset": offset, "limit": limit}
            return _page(self._ask("series/vintagedates", {"series_id": series, **order}), "vintage_dates", series)

        rows = read_pages(fetch, limit=min(self._page_rows, 10_000), identity=repr, what=f"{series}'s vintage dates")
        days = [_day(row, series) for row in rows]
        if any(a >= b for a, b in pairwise(days)):
            raise _shapeless(series, "the vintage dates do not ascend")
        return days

    def spells(self, series: str, window: Window) -> list[Spell]:
        """Return every value of ``series`` that was current on some day of ``window``.

        Raises
        ------
        SourceRejected
            If there is none, the pages do not fit together, or a row lacks its dates: without them its place in the
            history is unknown, and so is its neighbours'.
        """
        period = {"realtime_start": window.first.isoformat(), "realtime_end": window.last.isoformat()}
        fixed = {"series_id": series, "output_type": 1, "order_by": "observation_date", "sort_order": "asc", **period}

        def fetch(offset: int, limit: int) -> Page:
            answer = self._ask("series/observations", {**fixed, "offset": offset, "limit": limit})
            return _page(answer, "observations", series)

        def identity(row: object) -> tuple[str, str]:
            return _text(row, "date", series), _text(row, "realtime_start", series)

        what = f"{series}'s observations from {window.first} to {window.last}"
        rows = read_pages(fetch, limit=self._page_rows, identity=identity, what=what)
        return [_spell(row, series) for row in rows]

    def _ask(self, endpoint: str, params: Mapping[str, str | int]) -> object:
        url = f"{self._base_url}/{endpoint}"
        answer = self._transport.get(url, {**params, "file_type": "json"}, secrets={"api_key": self._key})
        return parse_json(answer.body, source=url)


def _page(answer: object, rows: str, series: str) -> Page:
    offset, limit, count = (_whole(answer, name, series) for name in ("offset", "limit", "count"))
    return Page(offset, limit, count, _list(answer, rows, series))


def _spell(row: object, series: str) -> Spell:
    period, first, last = (
        _day(_field(row, name, series), series) for name in ("date", "realtime_start", "realtime_end")
    )
    value = _field(row, "value", series)
    return Spell(period, first, last, value if isinstance(value, str) else json.dumps(value))


def _field(answer: object, name: str, series: str) -> object:
    if not isinstance(answer, dict) or name not in answer:
        raise _shapeless(series, f"{name!r} is missing in {json.dumps(answer)[:120]}")
    return answer[name]


def _text(answer: object, name: str, series: str) -> str:
    value = _field(answer, name, series)
    if not isinstance(value, str):
        raise _shapeless(series, f"{name!r} is not text")
    return value


def _whole(answer: object, name: str, series: str) -> int:
    value = _field(answer, name, series)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _shapeless(series, f"{name!r} is not a whole number")
    return value


def _list(answer: object, name: str, series: str) -> list[object]:
    value = _field(answer, name, series)
    if not isinstance(value, list):
        raise _shapeless(series, f"{name!r} is not a list")
    return value


def _day(value: object, series: str) -> date:
    try:
        if isinstance(value, str) and _ISO_DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError as error:
        raise _shapeless(series, f"{value!r} is not a day ({error})") from error
    raise _shapeless(series, f"{json.dumps(value)[:40]} is not a day")


def _shapeless(series: str, detail: str) -> SourceRejected:
    return SourceRejected(
        f"The answer about {series} is not in FRED's form: {detail}.",
        remedy="Nothing of it was kept. If it stays, FRED has changed its format and the collector must follow.",
    )
