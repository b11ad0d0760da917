"""A sales plan as a spreadsheet that is edited elsewhere and comes back. Pure: no database.

How it works: the file has a row of keys (hidden) that says of which period each column is, and a
column of keys (hidden) that says of which node each row is, so that rows and columns may be sorted,
moved or left out. A second, hidden sheet holds the figures as they were exported. What differs from
*these* was edited; what was changed in the plan meanwhile and edited in the file is a conflict, and
what was not edited never overwrites anything.

Nothing is taken over unless everything can be.
"""

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .apportion import from_units, to_units

SHEET_KEY = "o2c.sales.plan"
BASE_SHEET = "o2c_exported"
MAX_BYTES = 20 * 1024 * 1024
# What a packed workbook may grow to when it is opened.
MAX_UNPACKED_BYTES = 400 * 1024 * 1024
MAX_ROWS = 100_000
# Beyond this no figure of a plan is plausible.
MAX_AMOUNT = 1e15
# A number as a computer writes it, which cannot be mistaken for thousands.
COMPUTED = re.compile(r"[+-]?\d+(?:\.(?:\d{1,2}|\d{4,}))?")
SPACES = re.compile(r"\s+")
# So many digits of a number are sure in a spreadsheet; those behind come of calculating.
SURE_DIGITS = 15
KEY = re.compile(rf"{re.escape(SHEET_KEY)}:(\d+)")


class SheetError(ValueError):
    """A file that cannot be read at all: ``too_big``, ``not_a_workbook``, ``not_an_export`` or ``no_base``
    (the hidden copy of the figures is missing, so nobody can tell what was edited)."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Notation:
    """How people write numbers as text."""

    point: str = "."
    separator: str = ","

    def number(self, text: str) -> float | None:
        """The number that a text is in this notation, or as a computer writes it, or ``None``.

        Separators stand between groups of three digits. Where a computer's point might be meant as a
        separator, it is none.
        """
        text = SPACES.sub("", text).replace("\u2212", "-")
        separator = SPACES.sub("", self.separator)
        groups = rf"\d{{1,3}}(?:{re.escape(separator)}\d{{3}})+|" if separator else ""
        if re.fullmatch(rf"[+-]?(?:{groups}\d+)(?:{re.escape(self.point)}\d*)?", text):
            return float((text.replace(separator, "") if separator else text).replace(self.point, "."))
        return float(text) if COMPUTED.fullmatch(text) else None


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file holds.

    :ivar plan_key: the key of the plan it was exported from
    :ivar columns: number of a column (1 is A) to the key of its period, as written
    :ivar rows: number of a row to the key of its node (as written) and the values of its columns
    :ivar exported: (node key, period key) to the figure as it was exported
    """

    plan_key: int
    columns: Mapping[int, str]
    rows: Sequence[tuple[int, object, Mapping[int, object]]]
    exported: Mapping[tuple[int, str], float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """A figure that was edited, in units; ``row`` and ``column`` are those of the file."""

    row: int
    column: int
    node: int
    period: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a cell cannot be taken over.

    :ivar code: ``unknown_period``, ``repeated_period``, ``no_node``, ``unknown_node``, ``repeated_node``,
        ``empty``, ``not_a_number``, ``too_precise``, ``not_exported``, ``locked`` or ``changed_meanwhile``
    :ivar present: of the last two the figure in the plan, in units
    """

    row: int
    column: int
    value: str
    code: str
    present: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How figures are read.

    :ivar precision: the smallest unit of a figure
    :ivar notation: of figures that are text
    :ivar rounds: whether figures with more decimals are rounded, instead of being a problem
    """

    precision: float
    notation: Notation = Notation()
    rounds: bool = False


def compare(
    sheet: Sheet,
    present: Mapping[tuple[int, str], tuple[int, bool]],
    reading: Reading,
) -> tuple[list[Change], list[Problem]]:
    """What a file would change in a plan, and what stands in the way.

    :param present: (node key, period key) to target in units and whether it is locked
    :return: changes and problems, in the order of rows and columns
    """
    nodes = {node for node, _period in present}
    known, problems = _known_columns(sheet.columns, {period for _node, period in present})
    changes = []
    seen = set()
    for row, key, values in sheet.rows:
        values = {column: values.get(column) for column in known}
        node = _node_key(key)
        code = _row_problem(key, node, values, nodes, seen)
        if code:
            problems.append(Problem(row, 1, "" if key is None else str(key), code))
        if code or node is None:
            continue
        seen.add(node)
        for column, value in values.items():
            cell = (node, known[column])
            found = _compare_cell(row, column, cell, value, sheet, present[cell], reading)
            if isinstance(found, Change):
                changes.append(found)
            elif found:
                problems.append(found)
    return changes, problems


def _known_columns(columns, periods):
    """:return: dict number of a column -> key of its period, and problems of the others"""
    known, problems = {}, []
    for column, period in columns.items():
        if period not in periods:
            problems.append(Problem(1, column, period, "unknown_period"))
        elif period in known.values():
            problems.append(Problem(1, column, period, "repeated_period"))
        else:
            known[column] = period
    return known, problems


def _row_problem(key, node, values, nodes, seen):
    if key is None or key == "":
        # A line of remarks or sums of one's own is no matter; figures for no node are.
        return "no_node" if any(_number(value) is not None for value in values.values()) else None
    if node is None or node not in nodes:
        return "unknown_node"
    return "repeated_node" if node in seen else None


def _compare_cell(row, column, cell, value, sheet, now, reading):
    """:return: :class:`Change`, :class:`Problem` or ``None``"""
    units, is_locked = now
    if value is None or value == "":
        return Problem(row, column, "", "empty")
    number = _number(value, reading.notation)
    if number is None:
        return Problem(row, column, str(value), "not_a_number")
    wanted = to_units(number, reading.precision)
    if not reading.rounds and not _is_whole(number, wanted, reading.precision):
        return Problem(row, column, str(value), "too_precise")
    exported = sheet.exported.get(cell)
    was = None if exported is None else to_units(exported, reading.precision)
    if wanted in (was, units):
        return None
    if was is None and sheet.exported:
        return Problem(row, column, str(value), "not_exported")
    if is_locked:
        return Problem(row, column, str(value), "locked", units)
    if was is not None and was != units:
        return Problem(row, column, str(value), "changed_meanwhile", units)
    return Change(row, column, *cell, units, wanted)


def _is_whole(number, units, precision):
    """Whether a number has no more decimals than figures have."""
    return float(f"{number:.{SURE_DIGITS}g}") == from_units(units, precision)


def _node_key(value):
    number = _number(value)
    return int(number) if number is not None and number == int(number) else None


def _number(value, notation=None):
    """A figure as a cell holds it; text as ``notation`` has it."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    number = (notation or Notation()).number(value) if isinstance(value, str) else float(value)
    # Not for "nan" and "inf" either, which are beyond every bound.
    return number if number is not None and -MAX_AMOUNT <= number <= MAX_AMOUNT else None


def read(content: bytes) -> Sheet:
    """The sheet of an exported workbook.

    :raise SheetError: where the file is none
    """
    if len(content) > MAX_BYTES:
        raise SheetError("too_big")
    book = _open(content)
    try:
        pages = {sheet.title: _rows(sheet) for sheet in book.worksheets}
    except SheetError:
        raise
    except Exception as error:  # whatever a damaged archive makes openpyxl raise
        raise SheetError("not_a_workbook") from error
    for title, rows in pages.items():
        match = KEY.fullmatch(str(rows[0][0])) if title != BASE_SHEET and rows and rows[0] else None
        if match:
            columns = _columns(rows[0])
            exported = _exported(pages.get(BASE_SHEET))
            if not exported:
                raise SheetError("no_base")
            return Sheet(int(match[1]), columns, _values(rows, columns), exported)
    raise SheetError("not_an_export")


def _open(content):
    from openpyxl import load_workbook  # slow to import and rarely needed

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(info.file_size for info in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise SheetError("too_big")
        return load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except SheetError:
        raise
    except Exception as error:  # whatever a damaged archive makes openpyxl raise
        raise SheetError("not_a_workbook") from error


def _rows(sheet):
    # Some writers declare a range of one cell and then write more.
    sheet.reset_dimensions()
    rows = []
    for row in sheet.iter_rows(values_only=True):
        if len(rows) > MAX_ROWS:
            raise SheetError("too_big")
        rows.append(row)
    return rows


def _columns(keys):
    """Columns of periods by their key; those without one are labels, sums or remarks."""
    return {number: _text(key) for number, key in enumerate(keys, 1) if number > 1 and key is not None}


def _text(key):
    # Some programs turn the text of a date into a date.
    return key.date().isoformat() if hasattr(key, "date") else str(key).strip()


def _values(rows, columns):
    """All but the row of keys and the row of titles."""
    return [
        (
            number,
            row[0] if row else None,
            {column: row[column - 1] if column <= len(row) else None for column in columns},
        )
        for number, row in enumerate(rows[2:], 3)
    ]


def _exported(rows):
    if not rows:
        return {}
    columns = _columns(rows[0])
    return {
        (node, columns[column]): number
        for row in rows[1:]
        if row and (node := _node_key(row[0])) is not None
        for column in columns
        if column <= len(row) and (number := _number(row[column - 1])) is not None
    }
