"""What is shown and written of the rows."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from .cells import clean_text, parse_number
from .layout import Table


def harmless(cell):
    """A cell for a file that people open in a spreadsheet: text that would start a formula gets
    an apostrophe before it, unless it is a number."""
    text = clean_text(cell)
    if not text.startswith(("=", "+", "-", "@", "\t", "\r")):
        return text
    for decimal in (".", ","):
        try:
            parse_number(text, decimal)
            return text
        except ValueError:
            continue
    return f"'{text}"


def totals_by(entries: Iterable[tuple], decimals: int) -> dict:
    """Add up ``(key, amount)`` entries: ``{key: (count, total rounded to decimals)}``."""
    totals = {}
    for key, amount in entries:
        count, total = totals.get(key, (0, Decimal(0)))
        totals[key] = (count + 1, total + Decimal(str(amount)))
    return {key: (count, round(total, decimals)) for key, (count, total) in totals.items()}


def first_rows(table: Table, count: int) -> Sequence[tuple[str, ...]]:
    """The first ``count`` rows as text, to be shown."""
    return [tuple(clean_text(cell) for cell in row.cells) for row in table.rows[:count]]
