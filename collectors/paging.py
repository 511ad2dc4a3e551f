"""Reading a list that comes in pages, and proving that all of it came, once.

A cursor that repeats or skips a page loses or doubles rows without any error. So every page must say what was asked
of it, all pages must agree on the total, each must be full, and no row may come twice: then all rows are there.

Belongs here: the audit. Not here: any one source's parameters or rows.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from zeno.errors import SourceRejected

MAX_ROWS = 5_000_000


@dataclass(frozen=True)
class Page:
    """One page as the source describes it: rows before it, rows a page, rows in all, and its rows."""

    offset: int
    limit: int
    count: int
    rows: list[object]


def read_pages(
    fetch: Callable[[int, int], Page], *, limit: int, identity: Callable[[object], Hashable], what: str
) -> list[object]:
    """Return the rows of all pages.

    Parameters
    ----------
    fetch
        Takes an offset and a limit, both in rows.
    limit
        Rows a page.
    identity
        What no two rows may share.
    what
        Named in errors.

    Raises
    ------
    SourceRejected
        If the list is empty, a page is not the one asked for, is short, or repeats a row, or the total changes.
    """
    first = fetch(0, limit)
    total = first.count
    if total == 0:
        raise SourceRejected(
            f"{what} is an empty list.", remedy="Empty is not success: check that the source still carries it."
        )
    if not 0 < total <= MAX_ROWS:
        raise _inconsistent(what, f"the source claims {total:,} rows")
    rows: list[object] = []
    seen: set[Hashable] = set()
    page = first
    while True:
        _audit(page, offset=len(rows), limit=limit, total=total, what=what)
        for row in page.rows:
            key = identity(row)
            if key in seen:
                raise _inconsistent(what, f"the page at offset {page.offset:,} repeats {key!r}")
            seen.add(key)
        rows += page.rows
        if len(rows) == total:
            return rows
        page = fetch(len(rows), limit)


def _audit(page: Page, *, offset: int, limit: int, total: int, what: str) -> None:
    told = (page.offset, page.limit, page.count, len(page.rows))
    expected = (offset, limit, total, min(limit, total - offset))
    wrong = [
        f"{name} is {got:,}, not {want:,}"
        for name, got, want in zip(("offset", "limit", "count", "rows on the page"), told, expected, strict=True)
        if got != want
    ]
    if wrong:
        raise _inconsistent(what, f"on the page asked for at offset {offset:,}, " + "; ".join(wrong))


def _inconsistent(what: str, detail: str) -> SourceRejected:
    return SourceRejected(
        f"The pages of {what} do not fit together: {detail}.",
        remedy="Nothing of it was kept. Run again: it may have been updated while it was read.",
    )
