"""The cells of a workbook's first sheet, as text, with nothing but the standard library.

An ``.xlsx`` file is a zip of XML (ECMA-376): ``xl/worksheets/sheet1.xml`` has the cells, ``xl/sharedStrings.xml`` the
texts that cells of type ``s`` point to. Members come out of ``collectors.unpack``, under its caps on size and ratio;
a document type declaration is refused, because entities could unfold without end.

Belongs here: cells. Not here: formulas, formats, dates as serial numbers, and what the cells mean.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from collectors.unpack import member
from zeno.errors import SourceRejected

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
MAX_COLUMNS = 16_384
_MAX_ROWS = 1_048_576
_RATIO = 400.0  # a sheet of "#N/A" packs better than text does; the cap on size stands
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ENCODING = re.compile(rb"""encoding=["']([^"']+)""")
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})", re.ASCII)


def read_sheet(path: Path) -> list[list[str]]:
    """Return the first sheet's rows, each a list of texts; a cell that is not there is "".

    Raises
    ------
    SourceRejected
        If it is no workbook, is damaged, exceeds a cap, or a cell lies outside the sheet.
    """
    strings = _strings(path)
    rows: list[list[str]] = []
    for row in _elements(path, SHEET, "row"):
        cells: list[str] = []
        for cell in row.iter(f"{_MAIN}c"):
            column = _column(cell.get("r"), len(cells), path.name)
            cells.extend([""] * (column - len(cells)))
            cells.append(_text(cell, strings, path.name))
        rows.append(cells)
        if len(rows) > _MAX_ROWS:
            raise _refused(path.name, "it has more rows than a sheet can have")
    return rows


def _strings(path: Path) -> list[str]:
    try:
        return ["".join(part.text or "" for part in item.iter(f"{_MAIN}t")) for item in _elements(path, STRINGS, "si")]
    except SourceRejected as error:
        if "has no member" in error.message:  # a sheet of numbers alone has no shared texts
            return []
        raise


def _elements(path: Path, name: str, tag: str) -> Iterator[ET.Element]:
    """Yield elements one by one; each is forgotten before the next, so that a sheet need not fit into memory twice."""
    text = member(path, name, max_ratio=_RATIO).removeprefix(b"\xef\xbb\xbf")
    encoding = _ENCODING.search(text[:200])
    if not text.startswith(b"<") or b"\x00" in text or (encoding and encoding[1].lower() != b"utf-8"):
        raise _refused(path.name, f"{name} is not XML in UTF-8")
    if b"<!DOCTYPE" in text:
        raise _refused(path.name, "it declares a document type")
    try:
        # No document type, so no entities: what makes XML unsafe to parse is refused above.
        for _, element in ET.iterparse(io.BytesIO(text)):  # noqa: S314
            if element.tag == f"{_MAIN}{tag}":
                yield element
                element.clear()
    except ET.ParseError as error:
        raise _refused(path.name, f"{name} is no intact XML: {error}") from error


def _column(reference: str | None, following: int, name: str) -> int:
    """Return a cell's column from 0; cells without a reference follow one another."""
    if reference is None:
        return following
    found = _REFERENCE.fullmatch(reference)
    number = 0
    for letter in found[1] if found else "":
        number = number * 26 + ord(letter) - ord("A") + 1
    if not following < number <= MAX_COLUMNS:
        raise _refused(name, f"the cell {reference[:20]!r} is out of place")
    return number - 1


def _text(cell: ET.Element, strings: list[str], name: str) -> str:
    if cell.get("t") == "inlineStr":
        return "".join(part.text or "" for part in cell.iter(f"{_MAIN}t"))
    value = cell.findtext(f"{_MAIN}v") or ""
    if cell.get("t") != "s":
        return value
    if not value.isdecimal() or int(value) >= len(strings):
        raise _refused(name, f"a cell points to the text {value[:20]!r}, which is not there")
    return strings[int(value)]


def _refused(name: str, why: str) -> SourceRejected:
    return SourceRejected(f"{name} is not a readable workbook: {why}.", remedy="Fetch it again.")
