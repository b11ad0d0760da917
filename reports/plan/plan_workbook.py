"""The workbook of a sales plan: finished rows in, a file out. It knows nothing of the database."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import xlsxwriter

from ...algorithms.plan_sheet import BASE_SHEET, SHEET_KEY
from ..xlsx import NOT_IN_TITLES

# Deeper levels of an outline cannot be written.
MAX_OUTLINE = 7
HEAD_ROWS = 2
LOCKED_COLOR = "#D9D9D9"


@dataclass(frozen=True, slots=True)
class Line:
    """A node: its targets and locks a period, and figures for comparison over all periods."""

    key: int
    name: str
    depth: int
    targets: Sequence[float]
    locks: Sequence[bool]
    references: Sequence[float]


@dataclass(frozen=True, slots=True)
class PlanBook:
    """What goes into the file; ``period_keys`` and ``period_labels`` are as many as targets."""

    plan_key: int
    title: str
    node_label: str
    total_label: str
    reference_labels: Sequence[str]
    legend: str
    period_keys: Sequence[str]
    period_labels: Sequence[str]
    digits: int
    lines: Sequence[Line]


def workbook(book: PlanBook) -> bytes:
    """The file: keys in the first row and column, both hidden, and a hidden copy of the figures."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as file:
        formats = _formats(file, book.digits)
        page = file.add_worksheet(NOT_IN_TITLES.sub(" ", book.title)[:31])
        _write_head(page, book, formats)
        for number, line in enumerate(book.lines, HEAD_ROWS):
            _write_line(page, number, line, formats)
        base = file.add_worksheet(BASE_SHEET)
        base.very_hidden()
        base.write_row(0, 0, [SHEET_KEY, *book.period_keys])
        for number, line in enumerate(book.lines, 1):
            base.write_row(number, 0, [line.key, *line.targets])
    return buffer.getvalue()


def _formats(file, digits):
    number = "#,##0" + ("." + "0" * digits if digits else "")
    styles = {
        "head": {"bold": True, "bottom": 1, "text_wrap": True, "align": "right"},
        "head_name": {"bold": True, "bottom": 1},
        "number": {"num_format": number},
        "number_top": {"num_format": number, "bold": True},
        "locked": {"num_format": number, "bg_color": LOCKED_COLOR},
        "total": {"num_format": number, "left": 1, "bold": True},
        "reference": {"num_format": number, "font_color": "#666666"},
    }
    formats = {name: file.add_format(style) for name, style in styles.items()}
    for depth in range(MAX_OUTLINE + 1):
        formats["name", depth] = file.add_format({"indent": depth, "bold": depth == 0})
    return formats


def _write_head(page, book, formats):
    periods = len(book.period_keys)
    page.freeze_panes(HEAD_ROWS, 2)
    page.outline_settings(symbols_below=False)
    page.write_string(0, 0, f"{SHEET_KEY}:{book.plan_key}")
    for number, (key, label) in enumerate(zip(book.period_keys, book.period_labels, strict=True), 2):
        page.write_string(0, number, key)
        page.write_string(1, number, label, formats["head"])
    page.set_row(0, None, None, {"hidden": True})
    page.set_column(0, 0, 8, None, {"hidden": True})
    page.set_column(1, 1, 36)
    page.set_column(2, periods + 1 + 1 + len(book.reference_labels), 14)
    page.write_string(1, 1, book.node_label, formats["head_name"])
    page.write_comment(1, 1, book.legend, {"x_scale": 2})
    for number, label in enumerate([book.total_label, *book.reference_labels], periods + 2):
        page.write_string(1, number, label, formats["head"])


def _write_line(page, number, line, formats):
    depth = min(line.depth, MAX_OUTLINE)
    page.set_row(number, None, None, {"level": depth})
    page.write_number(number, 0, line.key)
    # Names are written as text, whatever they begin with.
    page.write_string(number, 1, line.name, formats["name", depth])
    plain = formats["number" if depth else "number_top"]
    for column, (target, is_locked) in enumerate(zip(line.targets, line.locks, strict=True), 2):
        page.write_number(number, column, target, formats["locked"] if is_locked else plain)
    end = len(line.targets) + 2
    first = xlsxwriter.utility.xl_rowcol_to_cell(number, 2)
    last = xlsxwriter.utility.xl_rowcol_to_cell(number, end - 1)
    page.write_formula(number, end, f"=SUM({first}:{last})", formats["total"], sum(line.targets))
    for column, value in enumerate(line.references, end + 1):
        page.write_number(number, column, value, formats["reference"])
