"""From the bytes of a file to headers and numbered rows."""

import csv
import io
import re
import zipfile
from collections import Counter
from datetime import datetime

from .cells import clean_text
from .layout import Row, Table
from .mapping import suggest_mapping

MAX_ROWS = 100_000
MAX_COLUMNS = 200
MAX_BYTES = 50 * 1024 * 1024
# What a packed workbook may grow to when it is opened.
MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "utf-16", "gb18030", "big5", "shift_jis", "cp1252", "latin-1")


class FileError(ValueError):
    """A file that cannot be read at all; ``code`` says why, ``values`` what it is about."""

    def __init__(self, code, **values):
        super().__init__(code)
        self.code = code
        self.values = values


def read_table(content, kind, encoding=None):
    """Read the headers and rows of a CSV or XLSX file.

    :param bytes content: the file
    :param str kind: a key of ``TARGETS``; helps to find the header among title lines, and the
        delimiter
    :param str encoding: one of ``ENCODINGS`` for a CSV file, or None to find out
    :return: :class:`Table`
    :raise FileError: ``empty``, ``too_big``, ``too_many_rows``, ``too_many_columns``, ``xls``,
        ``not_a_table``, ``encoding``, ``no_rows``
    """
    if not content.strip():
        raise FileError("empty")
    if len(content) > MAX_BYTES:
        raise FileError("too_big", megabytes=str(MAX_BYTES // 2**20))
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileError("xls")
    if content.startswith(b"PK\x03\x04"):
        return _build_table(_read_workbook(content), kind, is_csv=False)
    if content.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")):
        raise FileError("not_a_table")
    text = decode(content, encoding)
    if "\0" in text:
        raise FileError("not_a_table")
    return _build_table(_read_csv(text, kind), kind, is_csv=True)


def decode(content, encoding=None):
    """The text of a CSV file, its encoding found out when not given.

    Without a byte order mark the file is UTF-8 if it can be; of the others Chinese is told from
    Western European text by its high bytes, which come in pairs.

    :raise FileError: ``encoding``
    """
    if encoding:
        try:
            return content.decode(encoding).removeprefix("\ufeff")
        except (UnicodeDecodeError, LookupError) as error:
            raise FileError("encoding", encoding=encoding) from error
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return decode(content, "utf-16")
    guesses = (
        _guess_utf_16,
        lambda content: "utf-8-sig",
        _guess_multibyte,
        lambda content: "cp1252",
    )
    for guess in guesses:
        name = guess(content)
        try:
            if name:
                return content.decode(name)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _guess_utf_16(content):
    """UTF-16 without a byte order mark: nearly every other byte of Latin text and digits is 0."""
    sample = content[:4000]
    half = max(len(sample) // 2, 1)
    if sample[1::2].count(0) > 0.4 * half:
        return "utf-16-le"
    if sample[0::2].count(0) > 0.4 * half:
        return "utf-16-be"
    return None


def _guess_multibyte(content):
    leads = trails = 0
    position = 0
    while position < len(content) - 1:
        if content[position] < 0x81:
            position += 1
            continue
        leads += 1
        trails += content[position + 1] >= 0xA1
        position += 2
    return "gb18030" if leads and trails / leads > 0.7 else None


def _read_workbook(content):
    """The rows of the first sheet that has any, as tuples of cell values."""
    from openpyxl import load_workbook  # slow to import and rarely needed

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
        if unpacked > MAX_UNPACKED_BYTES:
            raise FileError("too_big", megabytes=str(MAX_BYTES // 2**20))
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        for sheet in book.worksheets:
            # Some writers declare a range of one cell and then write more.
            sheet.reset_dimensions()
            rows = list(_limited(sheet.iter_rows(values_only=True)))
            if rows:
                return rows
    except FileError:
        raise
    except Exception as error:  # whatever a damaged archive makes openpyxl raise
        raise FileError("not_a_table") from error
    raise FileError("empty")


def _limited(rows):
    """Number the rows that have any content, refusing too many of them."""
    count = 0
    for number, cells in enumerate(rows, start=1):
        if not any(_has_content(cell) for cell in cells):
            continue
        count += 1
        if count > MAX_ROWS + 1:
            raise FileError("too_many_rows", rows=str(MAX_ROWS))
        yield number, tuple(cells)


def _has_content(cell):
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def _read_csv(text, kind):
    lines = text.splitlines()
    if lines and (match := re.fullmatch(r'"?sep=(.)"?', lines[0].strip(), re.IGNORECASE)):
        # Excel's own hint, a row as far as numbering goes.
        return _parse_csv(text, match[1])[1:]
    best = max(
        DELIMITERS, key=lambda delimiter: _header_score(_sample_rows(lines, delimiter), kind)
    )
    return _parse_csv(text, best)


def _sample_rows(lines, delimiter):
    try:
        return list(csv.reader(lines[:10], delimiter=delimiter))
    except csv.Error:
        return []


def _header_score(rows, kind):
    return max(
        ((_recognised(cells, kind), len(cells)) for cells in rows),
        default=(0, 0),
    )


def _recognised(cells, kind):
    return sum(target is not None for target in suggest_mapping(cells, kind))


def _parse_csv(text, delimiter):
    """The numbered rows of a CSV file; a row whose quotes do not match costs no other row.

    A quote that is opened by mistake swallows lines up to the next one, or to the end. A record
    of several lines is therefore taken apart again when it looks like several rows.
    """
    lines = list(io.StringIO(text, newline=""))
    records = list(_records(lines, delimiter))
    lengths = Counter(len(cells) for cells, raw in records if len(raw) == 1 and len(cells) > 1)
    width = lengths.most_common(1)[0][0] if lengths else 0
    return list(_limited(_split_swallowed(records, width, delimiter)))


def _records(lines, delimiter):
    """Pairs of the cells of a record and the lines it was read from."""
    start = 0
    while start < len(lines):
        reader = csv.reader(lines[start:], delimiter=delimiter, strict=True)
        first, used = start, 0
        try:
            for cells in reader:
                yield cells, lines[first + used : first + reader.line_num]
                used = reader.line_num
            return
        except csv.Error:
            start = first + used
            yield _parse_line(lines[start], delimiter), lines[start : start + 1]
            start += 1


def _split_swallowed(records, width, delimiter):
    for cells, raw in records:
        swallowed = len(raw) > 1 and (
            len(cells) != width
            or any(cell.count(delimiter) >= width - 1 > 0 for cell in cells if "\n" in cell or "\r" in cell)
        )
        if not swallowed:
            yield cells
            continue
        for line in raw:
            yield _parse_line(line, delimiter)


def _parse_line(line, delimiter):
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), ())
    except csv.Error:
        return (_BrokenLine(line.strip()),)


class _BrokenLine(str):
    """A line of a CSV file whose quotes do not match."""

    __slots__ = ()


def _build_table(numbered, kind, is_csv):
    """Split off the header: of the first rows the one most of whose cells are recognised."""
    if not numbered:
        raise FileError("empty")
    candidates = range(min(len(numbered), 10))
    header_at = max(
        candidates, key=lambda at: (_recognised(map(clean_text, numbered[at][1]), kind), -at)
    )
    header = [clean_text(cell) for cell in numbered[header_at][1]]
    while header and not header[-1]:
        header.pop()
    if len(header) > MAX_COLUMNS:
        raise FileError("too_many_columns", columns=str(MAX_COLUMNS))
    rows = tuple(
        _build_row(number, cells, len(header), is_csv)
        for number, cells in numbered[header_at + 1 :]
    )
    if not rows:
        raise FileError("no_rows")
    return Table(tuple(header), rows)


def _build_row(number, cells, width, is_csv):
    if cells and isinstance(cells[0], _BrokenLine):
        return Row(number, (str(cells[0]),), broken=True)
    surplus = sum(1 for cell in cells[width:] if _has_content(cell))
    # A workbook leaves out empty cells at the end of a row, a CSV file does not: there a short
    # row was cut off, and what it lacks (a date of settlement, say) must not be taken as empty.
    missing = max(width - len(cells), 0) if is_csv else 0
    padded = (*cells[:width], *([None] * (width - len(cells))))
    return Row(number, tuple(map(_plain_cell, padded)), missing - surplus)


def _plain_cell(cell):
    if isinstance(cell, datetime):
        return cell.date()
    return cell
