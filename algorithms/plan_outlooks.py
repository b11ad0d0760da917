"""Outlooks of many series that are made bit by bit. Pure: no database, no clock."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from .plan_forecast import Frame, Outlook, outlook


class Outlooks:
    """Outlooks that are known, and series that wait for theirs.

    Each is known by all that it is made of, so that one made before a break still holds after it, and
    one of a series that has changed meanwhile is not taken.

    :ivar known: key of a series -> its outlook
    :ivar wanted: key of a series -> arguments of :func:`plan_forecast.outlook`
    :ivar collects: whether what is not known is put down as wanted, instead of being made
    """

    def __init__(self, known: Mapping[str, Outlook], *, collects: bool = False):
        self.known = dict(known)
        self.wanted: dict[str, tuple] = {}
        self.collects = collects
        self._blank: Outlook | None = None

    def of(self, history: Sequence[float], frame: Frame, sold: Sequence[float] | None) -> Outlook:
        """The outlook of a series; while collecting, of one that is not known, that of no sales."""
        key = series_key(history, frame, sold)
        if key in self.known:
            return self.known[key]
        if self.collects:
            self.wanted[key] = (history, frame, sold)
            if self._blank is None:
                self._blank = outlook([0] * len(history), frame, sold and [0] * len(sold))
            return self._blank
        self.known[key] = outlook(history, frame, sold)
        return self.known[key]


def series_key(history: Sequence[float], frame: Frame, sold: Sequence[float] | None) -> str:
    """The same for the same arguments of :func:`plan_forecast.outlook`, and for no others."""
    told = repr((tuple(history), frame, None if sold is None else tuple(sold)))
    return hashlib.sha256(told.encode()).hexdigest()


def to_json(one: Outlook) -> dict:
    """An outlook as values that can be kept as JSON."""
    return asdict(one)


def from_json(values: Mapping) -> Outlook:
    """The outlook that :func:`to_json` took apart."""
    return Outlook(**{
        name: tuple(value) if isinstance(value, (list, tuple)) else value for name, value in values.items()
    })
