"""From the text of a cell to a value."""

import re
import unicodedata
from datetime import date
from decimal import Decimal

_YMD = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_COMPACT = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})")
_CHINESE = re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日?")
_PAIR_FIRST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_TIME = re.compile(r"[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?( ?[AP]M)?Z?$", re.IGNORECASE)
_PLAIN = re.compile(r"[0-9]+(\.[0-9]+)?|\.[0-9]+")
_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_YES = {"yes", "y", "true", "t", "1", "x", "ja", "j", "oui", "o", "si", "s", "wahr", "vrai", "是", "有"}
_NO = {"no", "n", "false", "f", "0", "-", "nein", "non", "falsch", "faux", "否", "无"}


def clean_text(value):
    """A cell as text on one line: ``611365`` for the number 611365.0, ``""`` for no content."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(unicodedata.normalize("NFKC", str(value)).split())


def parse_date(value, order):
    """The date in a cell, or None when it is empty.

    A date that begins with a year of four digits is read as such whatever the order; a year of
    two digits lies between 1969 and 2068. A time of day is dropped.

    :param order: ``iso`` (year first), ``dmy`` or ``mdy``
    :raise ValueError: the text is no date in that order
    """
    if value is None or isinstance(value, date):
        return value
    text = _TIME.sub("", clean_text(value))
    if not text:
        return None
    for pattern in (_YMD, _COMPACT, _CHINESE):
        if match := pattern.fullmatch(text):
            year, month, day = (match[1], match[match.lastindex - 1], match[match.lastindex])
            return _sensible(int(year), int(month), int(day))
    match = _PAIR_FIRST.fullmatch(text)
    if not match or order == "iso":
        raise ValueError(text)
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    if len(match[4]) == 2:
        year += 1900 if year >= 69 else 2000
    return _sensible(year, second, first) if order == "dmy" else _sensible(year, first, second)


def _sensible(year, month, day):
    if not 1950 <= year <= 2100:
        raise ValueError(year)
    return date(year, month, day)


def parse_number(value, decimal="."):
    """The number in a cell as ``Decimal``, or None when it is empty.

    Thousands may be grouped by spaces, apostrophes or the other one of point and comma, in
    groups of three; a negative number has a minus on either side or stands in brackets.

    :param decimal: ``.`` or ``,``, used for text only
    :raise ValueError: the text is no number in that notation
    """
    if value is None:
        return None
    if isinstance(value, bool):
        raise ValueError(value)
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        # 15 digits are what a double holds: 55.940000000000005 was 55.94.
        number = Decimal(format(value, ".15g"))
        if not number.is_finite():
            raise ValueError(value)
        return number
    text = unicodedata.normalize("NFKC", str(value)).replace("−", "-")
    text = "".join(char for char in text if unicodedata.category(char) != "Sc").strip()
    if not text:
        return None
    negative = False
    if text.startswith("(") and text.endswith(")"):
        negative, text = True, text[1:-1]
    elif text.startswith(("-", "+")):
        negative, text = text[0] == "-", text[1:]
    elif text.endswith("-"):
        negative, text = True, text[:-1]
    if decimal == ",":
        text = text.translate(str.maketrans(",.", ".,"))
    text = re.sub(r"(?<=[0-9])[\s'’](?=[0-9])", ",", text.strip())
    if not (_PLAIN.fullmatch(text) or _GROUPED.fullmatch(text)):
        raise ValueError(value)
    number = Decimal(text.replace(",", ""))
    return -number if negative else number


def parse_flag(value):
    """Yes or no; an empty cell is no.

    :raise ValueError: neither
    """
    if isinstance(value, bool):
        return value
    text = clean_text(value).casefold()
    if not text or text in _NO:
        return False
    if text in _YES:
        return True
    raise ValueError(text)
