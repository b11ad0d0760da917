"""State of qualification documents, and of a customer that must have some of them."""

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

VALID = "valid"
EXPIRING = "expiring"
EXPIRED = "expired"
MISSING = "missing"

# From good to bad: a customer is as good as the worst of the documents it must have.
STATES = (VALID, EXPIRING, EXPIRED, MISSING)


@dataclass(frozen=True, slots=True)
class Document:
    """A document of one ``kind``, good until ``expires_on`` (for ever when None).

    ``is_complete`` is false when the paper itself must be on file and is not.
    """

    key: int
    kind: Hashable
    expires_on: date | None = None
    warn_days: int = 0
    is_complete: bool = True


def document_state(document: Document, today: date) -> str:
    """One of ``STATES``. The last day of validity still counts as valid."""
    if not document.is_complete:
        return MISSING
    if document.expires_on is None:
        return VALID
    if document.expires_on < today:
        return EXPIRED
    if document.expires_on <= today + timedelta(days=document.warn_days):
        return EXPIRING
    return VALID


def states_by_kind(
    kinds: Collection[Hashable], documents: Iterable[Document], today: date
) -> dict[Hashable, str]:
    """The state of each of ``kinds``: that of its best document, missing when it has none."""
    states = dict.fromkeys(kinds, MISSING)
    for document in documents:
        if document.kind in states:
            state = document_state(document, today)
            states[document.kind] = min(states[document.kind], state, key=STATES.index)
    return states


def worst(states: Iterable[str]) -> str | None:
    """The worst of ``states``, or None when there is none."""
    return max(states, key=STATES.index, default=None)


def superseded(documents: Iterable[Document]) -> set[int]:
    """The keys of complete documents that a longer-lived complete one of their kind replaces."""
    complete = [document for document in documents if document.is_complete]
    last: dict[Hashable, date] = {}
    for document in complete:
        expires_on = document.expires_on or date.max
        last[document.kind] = max(last.get(document.kind, date.min), expires_on)
    return {
        document.key
        for document in complete
        if (document.expires_on or date.max) < last[document.kind]
    }
