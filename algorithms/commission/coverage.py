"""Whose agreement covers a document, and with which share. Pure: no database, no clock."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

# In the order of precedence.
CUSTOMERS, REGION, TEAM, SALESPERSON, ALL = "customers", "region", "team", "salesperson", "all"
SHARED, OVERLAY = "shared", "overlay"
WHOLE = 100
# Decimals of what is left of the whole: finer than any share, coarser than the noise of floats.
PRECISION = 6


@dataclass(frozen=True, slots=True)
class Agreement:
    """Who is paid on which documents.

    :ivar company_ids: companies whose documents it covers
    :ivar partner_ids: customers; a commercial partner stands for all its contacts
    :ivar region_id: with the regions below it
    :ivar date_from: first day
    :ivar date_to: last day, ``None``: no end
    """

    id: int
    sequence: int
    coverage: str
    payee_id: int
    company_ids: frozenset[int]
    date_from: date
    date_to: date | None = None
    partner_ids: frozenset[int] = frozenset()
    region_id: int | None = None
    team_id: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """An order or invoice.

    :ivar date: the company's local date
    :ivar salesperson_id: the partner of the salesperson's user
    :ivar partner_id: the commercial partner
    :ivar contact_id: the very customer
    """

    key: Hashable
    company_id: int
    date: date
    salesperson_id: int | None = None
    partner_id: int | None = None
    contact_id: int | None = None
    region_id: int | None = None
    team_id: int | None = None


class Coverage:
    """Finds the agreements that cover documents.

    :param agreements: those to choose from, in any order
    :param region_parents: region -> the one above it, ``None`` or missing at the top
    """

    def __init__(
        self, agreements: Iterable[Agreement], region_parents: Mapping[int, int | None] | None = None
    ):
        self._parents = region_parents or {}
        self._paths: dict[int | None, tuple[int, ...]] = {None: ()}
        self._by_key: dict[tuple[str, Hashable], list[Agreement]] = {}
        for agreement in sorted(agreements, key=lambda agreement: (agreement.sequence, agreement.id)):
            for key in _keys(agreement):
                self._by_key.setdefault(key, []).append(agreement)

    def of(self, document: Document) -> list[Agreement]:
        """The agreements that cover a document: first those for its customer, then for its region
        (the deepest first), its team, its salesperson, then those for everything; each kind by
        sequence and id. None twice."""
        found: dict[int, Agreement] = {}
        for group in self._groups(document):
            for agreement in group:
                if _is_in_force(agreement, document):
                    found.setdefault(agreement.id, agreement)
        return list(found.values())

    def _groups(self, document):
        get = self._by_key.get
        customers = {
            agreement.id: agreement
            for partner in (document.contact_id, document.partner_id)
            for agreement in get((CUSTOMERS, partner), ())
        }
        yield sorted(customers.values(), key=lambda agreement: (agreement.sequence, agreement.id))
        for region in self._path(document.region_id):
            yield get((REGION, region), ())
        yield get((TEAM, document.team_id), ())
        yield get((SALESPERSON, document.salesperson_id), ())
        yield get((ALL, None), ())

    def _path(self, region):
        """A region and those above it, the deepest first."""
        if region not in self._paths:
            path, step = [], region
            while step is not None and step not in path:
                path.append(step)
                step = self._parents.get(step)
            self._paths[region] = tuple(path)
        return self._paths[region]


def _keys(agreement):
    """Where an agreement is looked up; an empty value is looked up by no document."""
    values = {
        CUSTOMERS: agreement.partner_ids,
        REGION: (agreement.region_id,),
        TEAM: (agreement.team_id,),
        SALESPERSON: (agreement.payee_id,),
    }
    if agreement.coverage == ALL:
        return [(ALL, None)]
    return [(agreement.coverage, value) for value in values[agreement.coverage] if value is not None]


def _is_in_force(agreement, document):
    return (
        document.company_id in agreement.company_ids
        and agreement.date_from <= document.date
        and (agreement.date_to is None or document.date <= agreement.date_to)
    )


@dataclass(frozen=True, slots=True)
class Claim:
    """A share in percent that somebody asks for; ``mode`` is ``shared`` or ``overlay``."""

    key: Hashable
    share: float
    mode: str = SHARED


@dataclass(frozen=True, slots=True)
class Split:
    """What a claim is given; ``is_cut`` when less than it asked for."""

    key: Hashable
    share: float
    is_cut: bool


def split_shares(claims: Sequence[Claim]) -> list[Split]:
    """Give shares in the order of precedence.

    Shared claims add up to 100 at the most: a later one gets what is left, and is dropped where that
    is nothing. Overlays are on top and never cut. What nobody asks for stays with the house.
    """
    left, result = WHOLE, []
    for claim in claims:
        given = claim.share if claim.mode == OVERLAY else min(claim.share, left)
        if claim.mode == SHARED:
            left = round(left - given, PRECISION)
        if given > 0:
            result.append(Split(claim.key, given, is_cut=given < claim.share))
    return result
