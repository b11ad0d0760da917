"""Spreadsheets: finished rows in, a file out. It knows nothing of what the rows mean."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import xlsxwriter

FORMATS = {
    "count": {"num_format": "0"},
    "score": {"num_format": "0.0"},
    "money": {"num_format": "#,##0.00"},
    "percent": {"num_format": "0%"},
    "rate": {"num_format": "0.00##"},
    "date": {"num_format": "yyyy-mm-dd"},
    "datetime": {"num_format": "yyyy-mm-dd hh:mm"},
}
NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\]")


@dataclass(frozen=True, slots=True)
class Column:
    """``kind`` is ``text`` or a key of :data:`FORMATS`; ``width`` is in characters."""

    label: str
    kind: str = "text"
    width: int = 16


@dataclass(frozen=True, slots=True)
class Sheet:
    """``rows`` have a value a column; empty ones (``None``, ``False``, ``""``) stay empty.

    Shares are given as such (0.5 for 50 %), moments in the reader's time, without time zone.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence]


def workbook(*sheets: Sheet) -> bytes:
    """The file of ``sheets``."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        formats = {kind: book.add_format(values) for kind, values in FORMATS.items()}
        formats["head"] = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        for sheet in sheets:
            _write(book.add_worksheet(NOT_IN_TITLES.sub(" ", sheet.title)[:31]), sheet, formats)
    return buffer.getvalue()


def _write(page, sheet, formats):
    page.freeze_panes(1, 1)
    for number, column in enumerate(sheet.columns):
        page.set_column(number, number, column.width)
        page.write_string(0, number, column.label, formats["head"])
    for line, row in enumerate(sheet.rows, 1):
        for number, (column, value) in enumerate(zip(sheet.columns, row, strict=True)):
            _write_cell(page, line, number, column.kind, value, formats)
    page.autofilter(0, 0, max(len(sheet.rows), 1), len(sheet.columns) - 1)


def _write_cell(page, line, number, kind, value, formats):
    if value is None or value is False or value == "":
        return
    if kind == "text":
        # Names are written as text, whatever they begin with.
        page.write_string(line, number, value)
    elif kind in ("date", "datetime"):
        page.write_datetime(line, number, value, formats[kind])
    else:
        page.write_number(line, number, value, formats[kind])
