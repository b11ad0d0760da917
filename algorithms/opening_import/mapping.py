"""What the columns of a file seem to hold, and how they write it."""

import unicodedata
from decimal import InvalidOperation
from functools import lru_cache

from .cells import parse_date, parse_number
from .layout import DATES, NUMBERS, TARGETS


def suggest_mapping(headers, kind, labels=None):
    """What each column seems to hold, by its header.

    :param headers: iterable of the headers
    :param str kind: a key of ``TARGETS``
    :param dict labels: ``{target: label}`` to recognise besides the synonyms, in the user's
        language
    :return: a list as long as the headers, of target keys or None; no target is used twice
    """
    slugs = [slug(header) for header in headers]
    claims = []
    for order, target in enumerate(TARGETS[kind]):
        names = [labels[target.key]] if labels and target.key in labels else []
        ranks = {}
        for rank, name in enumerate((*names, *target.synonyms)):
            ranks.setdefault(slug(name), rank)
        claims += [
            (ranks[text], order, column, target.key)
            for column, text in enumerate(slugs)
            if text in ranks
        ]
    mapping = [None] * len(slugs)
    for _rank, _order, column, key in sorted(claims):
        if mapping[column] is None and key not in mapping:
            mapping[column] = key
    return mapping


@lru_cache(maxsize=4096)
def slug(text):
    """A header without case, accents, spaces and punctuation, to compare it."""
    decomposed = unicodedata.normalize("NFKD", str(text or "")).casefold()
    return "".join(char for char in decomposed if char.isalnum())


def missing_targets(mapping, kind):
    """The required targets of ``kind`` that no column of ``mapping`` holds."""
    return [
        target.key for target in TARGETS[kind] if target.required and target.key not in mapping
    ]


def suggest_formats(table, mapping, date_order, decimal):
    """The formats that read most cells of the file, those given where others do no better.

    :return: ``(date order, decimal separator)``
    """
    dates = [column for column, target in enumerate(mapping) if target in DATES]
    numbers = [column for column, target in enumerate(mapping) if target in NUMBERS]

    def readable(columns, parse, choice):
        count = 0
        for row in table.rows:
            for column in columns if not row.broken else ():
                try:
                    parse(row.cells[column], choice)
                    count += 1
                except (ValueError, InvalidOperation):
                    continue
        return count

    # The given one stands first, and of equals max() takes the first.
    orders = sorted(("iso", "dmy", "mdy"), key=lambda order: order != date_order)
    decimals = sorted((".", ","), key=lambda point: point != decimal)
    return (
        max(orders, key=lambda order: readable(dates, parse_date, order)),
        max(decimals, key=lambda point: readable(numbers, parse_number, point)),
    )
