"""What the lines of documents earn, and whom. Pure: no database, no clock.

Every amount stands in three currencies: of the document, of the company and of the payee. Each is
rounded once, by its own currency. Reckoning is decimal: 10 % of 1.15 is 0.115, not a little less.

A line with several ``shared`` claims under one rule is a whole that is split: the parts of the payees and
of the house add up to what the whole line earns (:mod:`algorithms.apportion`). ``overlay`` claims stand
beside it, each rounded for itself.

Tiers:

- ``line`` and ``document``: the bands are entered with the whole base of the line, or of all lines of the
  document that the same rule pays for the same agreement; the share comes after. The parts of the lines
  add up to the rounded commission of the document.
- ``period`` and ``year``: the bands are entered with what the payee is credited with, his share of the
  bases, added up in a :class:`Tally`. The commission of a tally is always that of its whole base,
  whatever order its events came in: a row brings what is missing, and the part of it that is owed to
  earlier sales, because a band was reached or left, is shown apart as its ``jump``. In the payee's
  currency the rows of a tally add up to the rounded sum of what each is at its own rate.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from ..apportion import apportion, from_units
from .tiers import Band, marginal, retroactive

HUNDRED = Decimal(100)
MILLION = Decimal(10) ** 6
RUNNING_SCOPES = ("period", "year")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a rule pays.

    :ivar base: ``untaxed``, ``margin`` or ``quantity``
    :ivar method: ``rate``, ``fixed`` or ``tier``
    :ivar rate: percent of the base; of a quantity an amount a unit, in company currency
    :ivar fixed_amount: a unit of the product, in company currency
    :ivar bands: with edges in company currency or units of the product, all figures :class:`Decimal`
    """

    rule_id: int
    base: str
    method: str
    rate: float = 0.0
    fixed_amount: float = 0.0
    bands: tuple[Band, ...] = ()
    tier_mode: str = "marginal"
    tier_scope: str = "line"

    @property
    def is_running(self):
        """Whether sales of a period or year are added up."""
        return self.method == "tier" and self.tier_scope in RUNNING_SCOPES

    @property
    def is_of_document(self):
        """Whether lines of a document are added up."""
        return self.method == "tier" and self.tier_scope == "document"

    @property
    def is_per_unit(self):
        """Whether rates are amounts a unit."""
        return self.base == "quantity"

    def total(self, base: Decimal) -> Decimal:
        """Commission of ``base`` by the bands, in company currency."""
        reckon = retroactive if self.tier_mode == "retroactive" else marginal
        return decimal(reckon(self.bands, base, per_unit=self.is_per_unit))


@dataclass(frozen=True, slots=True)
class Money:
    """The currencies of a claim.

    :ivar document: smallest unit of the document's currency; ``company`` and ``payee`` likewise
    :ivar rate: how much of the document's currency is one of the company's
    :ivar payee_rate: how much of the payee's currency is one of the company's
    :ivar payee_like: ``document`` or ``company`` where the payee's currency is the same one
    """

    document: float
    company: float
    payee: float
    rate: float = 1.0
    payee_rate: float = 1.0
    payee_like: str | None = "company"

    @property
    def to_payee(self):
        """How much of the payee's currency an amount in company currency becomes a unit."""
        if self.payee_like == "company":
            return Decimal(1)
        return decimal(self.rate if self.payee_like == "document" else self.payee_rate)


@dataclass(frozen=True, slots=True)
class Claim:
    """One agreement's claim on one line.

    :ivar owner: whose tiers are entered: the agreement
    :ivar base: untaxed amount or margin in the document's currency, or quantity; negative when goods or
        money went back
    :ivar base_company: the same in company currency; of a quantity the quantity
    :ivar quantity: in the product's unit
    :ivar period: first day of the period or year that the line counts in
    """

    key: object
    line: object
    document: object
    owner: int
    terms: Terms
    share: float
    is_shared: bool
    base: float
    base_company: float
    quantity: float
    money: Money
    period: object = None

    @property
    def tally_key(self):
        """Which sales are added up for the bands."""
        return (self.owner, self.terms.rule_id, self.period)


@dataclass(frozen=True, slots=True)
class Amounts:
    """The same commission in three currencies."""

    document: float = 0.0
    company: float = 0.0
    payee: float = 0.0

    def __bool__(self):
        return bool(self.document or self.company or self.payee)


@dataclass(frozen=True, slots=True)
class Earning:
    """What a claim earns.

    :ivar rate: effective percent of the base, or amount a unit
    :ivar jump: what earlier sales earn more, or less, because of this one
    """

    claim: Claim
    rate: float
    amounts: Amounts
    jump: Amounts | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """What a payee was credited with in a period, and the commission that was written down for it.

    Both in company currency, the base of a quantity in units.

    :ivar booked_payee: what was written down in the payee's currency
    :ivar converted: what ``booked`` is in the payee's currency, each part of it at its rate, unrounded
    """

    base: Decimal = Decimal(0)
    booked: Decimal = Decimal(0)
    booked_payee: Decimal = Decimal(0)
    converted: Decimal = Decimal(0)


def decimal(value) -> Decimal:
    """The number that a float is meant to be."""
    return value if isinstance(value, Decimal) else Decimal(repr(float(value)))


def to_units(amount: Decimal, precision: float) -> int:
    """Smallest units, rounded half away from zero."""
    return int((amount / Decimal(str(precision))).to_integral_value(ROUND_HALF_UP))


def price(claims: Iterable[Claim], tallies: dict | None = None) -> list[Earning]:
    """What each claim earns.

    :param tallies: by :attr:`Claim.tally_key`, brought up to date
    """
    claims = list(claims)
    tallies = {} if tallies is None else tallies
    running = [claim for claim in claims if claim.terms.is_running]
    simple = [claim for claim in claims if not claim.terms.is_running]
    earnings = {claim.key: _running(claim, tallies) for claim in running}
    gross = _gross_of_documents(simple) | {
        claim.key: _gross(claim) for claim in simple if not claim.terms.is_of_document
    }
    cents = _cents_of_documents(simple, gross)
    for parts in _wholes(simple, gross):
        earnings.update(_split(parts, gross, cents))
    return [earnings[claim.key] for claim in claims]


def minus(one: Amounts, other: Amounts) -> Amounts:
    """The difference, exact to the cent."""
    return Amounts(
        float(decimal(one.document) - decimal(other.document)),
        float(decimal(one.company) - decimal(other.company)),
        float(decimal(one.payee) - decimal(other.payee)),
    )


def plus(one: Amounts, other: Amounts) -> Amounts:
    """The sum, exact to the cent."""
    return minus(one, Amounts(-other.document, -other.company, -other.payee))


def ratio(part: float, whole: float) -> tuple[int, int]:
    """``part`` and ``whole`` as integers of one unit, without sign; (1, 1) when nothing is the whole."""
    part, whole = abs(decimal(part)), abs(decimal(whole))
    if not whole:
        return 1, 1
    return int((part * MILLION).to_integral_value()), int((whole * MILLION).to_integral_value())


def due(amount: float, part: int, whole: int, precision: float) -> float:
    """``amount`` × min(1, part ÷ whole), rounded; the whole of it when nothing was asked for.

    :param part: what has been paid, delivered or given back of ``whole``, in any units
    """
    if whole <= 0 or part >= whole:
        return amount
    if part <= 0:
        return 0.0
    return from_units(to_units(decimal(amount) * part / whole, precision), precision)


def due_amounts(amounts: Amounts, part: int, whole: int, money: Money) -> Amounts:
    """:func:`due` in each currency."""
    return Amounts(
        due(amounts.document, part, whole, money.document),
        due(amounts.company, part, whole, money.company),
        due(amounts.payee, part, whole, money.payee),
    )


# ----------------------------------------------------------------------
# Lines and documents
# ----------------------------------------------------------------------


def _gross(claim):
    """What the whole line earns, unrounded: in the document's and in company currency."""
    terms, money = claim.terms, claim.money
    if terms.method == "fixed":
        company = decimal(terms.fixed_amount) * decimal(claim.quantity)
        return company * decimal(money.rate), company
    if terms.method == "rate" and not terms.is_per_unit:
        rate = decimal(terms.rate) / HUNDRED
        return decimal(claim.base) * rate, decimal(claim.base_company) * rate
    if terms.method == "rate":
        company = decimal(terms.rate) * decimal(claim.quantity)
        return company * decimal(money.rate), company
    return _in_document_currency(claim, terms.total(decimal(claim.base_company)))


def _in_document_currency(claim, company):
    if claim.terms.is_per_unit or not claim.base_company:
        return company * decimal(claim.money.rate), company
    return company * decimal(claim.base) / decimal(claim.base_company), company


def _together(claims):
    """Lines that enter the bands together, those of a document with one owner and rule."""
    together = defaultdict(list)
    for claim in claims:
        if claim.terms.is_of_document:
            together[claim.document, claim.owner, claim.terms.rule_id].append(claim)
    return together.values()


def _gross_of_documents(claims):
    """Lines that enter the bands together have parts of one commission, in proportion to their bases."""
    gross = {}
    for lines in _together(claims):
        base = sum(decimal(claim.base_company) for claim in lines)
        rate = lines[0].terms.total(base) / base if base else Decimal(0)
        for claim in lines:
            gross[claim.key] = _in_document_currency(claim, rate * decimal(claim.base_company))
    return gross


def _cents_of_documents(claims, gross):
    """Rounded parts of the lines that enter the bands together.

    :return: {key: [(whole line, share of it) in the document's currency, the same in the company's]}
    """
    cents = {}
    for lines in _together(claims):
        shares = [decimal(claim.share) / HUNDRED for claim in lines]
        columns = []
        for number, precision in enumerate((lines[0].money.document, lines[0].money.company)):
            wholes = [gross[claim.key][number] for claim in lines]
            owned = [whole * share for whole, share in zip(wholes, shares, strict=True)]
            pairs = (_running_cents(wholes, precision), _running_cents(owned, precision))
            columns.append(zip(*pairs, strict=True))
        cents.update(zip([claim.key for claim in lines], zip(*columns, strict=True), strict=True))
    return cents


def _running_cents(values, precision):
    """Values rounded so that what is added up so far is always the rounded sum so far."""
    total, before = Decimal(0), 0
    for value in values:
        total += value
        # A half cent is one, also when parts that do not divide were added up to it.
        units = to_units(round(total, 12), precision)
        yield from_units(units - before, precision)
        before = units


def _wholes(claims, gross):
    """Claims that are parts of one whole: the shared ones of a line under one rule."""
    wholes = defaultdict(list)
    for claim in claims:
        is_part = (claim.terms.rule_id, gross[claim.key]) if claim.is_shared else claim.key
        wholes[claim.line, is_part].append(claim)
    return wholes.values()


def _split(parts, gross, cents):
    first = parts[0]
    document, company = gross[first.key]
    if len(parts) == 1 and first.key in cents:
        documents, companies = ([own] for __, own in cents[first.key])
    else:
        shares = [claim.share for claim in parts]
        wholes = [whole for whole, __ in cents[first.key]] if first.key in cents else (document, company)
        documents, companies = (
            _shared_out(decimal(whole), shares, precision, first.is_shared)
            for whole, precision in zip(wholes, (first.money.document, first.money.company), strict=True)
        )
    for claim, in_document, in_company in zip(parts, documents, companies, strict=True):
        rate = _effective_rate(claim, document, company)
        yield claim.key, Earning(claim, rate, _amounts(in_document, in_company, claim.money))


def _shared_out(whole, shares, precision, is_shared):
    """Parts of the payees; what is left stays with the house."""
    if not is_shared or len(shares) == 1:
        return [
            from_units(to_units(whole * decimal(share) / HUNDRED, precision), precision)
            for share in shares
        ]
    house = max(0.0, 100.0 - sum(shares))
    units = apportion(to_units(whole, precision), [*shares, house]).units
    return [from_units(unit, precision) for unit in units[:-1]]


def _amounts(document, company, money):
    if money.payee_like:
        payee = document if money.payee_like == "document" else company
    else:
        units = to_units(decimal(company) * decimal(money.payee_rate), money.payee)
        payee = from_units(units, money.payee)
    return Amounts(document, company, payee)


def _effective_rate(claim, document, company):
    if claim.terms.method == "rate":
        return claim.terms.rate
    if claim.terms.method == "fixed":
        return claim.terms.fixed_amount
    base = decimal(claim.base_company)
    if not base:
        return 0.0
    return float(company / base * (1 if claim.terms.is_per_unit else HUNDRED))


# ----------------------------------------------------------------------
# Sales that are added up
# ----------------------------------------------------------------------


def _running(claim, tallies):
    """What a sale adds to its tally."""
    terms, money = claim.terms, claim.money
    tally = tallies.get(claim.tally_key, Tally())
    credited = decimal(claim.base_company) * decimal(claim.share) / HUNDRED
    after = replace(tally, base=tally.base + credited)
    step = missing(after, terms, money.company)
    own = step if terms.tier_mode == "marginal" else _at_reached_rate(terms, after.base, credited, money)
    together, tallies[claim.tally_key] = _enter(after, step, money)
    rate = own / credited * (1 if terms.is_per_unit else HUNDRED) if credited else Decimal(0)
    if own == step:
        return Earning(claim, float(rate), together)
    amounts = in_currencies(own, money)
    return Earning(claim, float(rate), amounts, minus(together, amounts))


def _enter(tally, step, money):
    """A step in company currency in all three, and the tally with it.

    In the payee's currency the steps of a tally add up to what they are together: where their rates are
    equal it does not matter which came first.
    """
    converted = tally.converted + step * money.to_payee
    target = Decimal(to_units(round(converted, 12), money.payee)) * Decimal(str(money.payee))
    payee = target - tally.booked_payee
    if money.payee_like == "document":
        document = float(payee)
    else:
        document = _in_document(step, money)
    amounts = Amounts(document, float(step), float(payee))
    return amounts, Tally(tally.base, tally.booked + step, target, converted)


def gap(tally: Tally, terms: Terms, money: Money) -> Amounts:
    """What has to be written down so that a tally has the commission of its base, in all currencies."""
    return _enter(tally, missing(tally, terms, money.company), money)[0]


def missing(tally: Tally, terms: Terms, precision: float) -> Decimal:
    """What has to be written down so that a tally has the commission of its base, in company currency."""
    target = to_units(terms.total(tally.base), precision)
    return Decimal(target) * Decimal(str(precision)) - tally.booked


def _at_reached_rate(terms, base, credited, money):
    if not base:
        return Decimal(0)
    own = terms.total(base) / base * credited
    return Decimal(to_units(own, money.company)) * Decimal(str(money.company))


def in_currencies(company: Decimal, money: Money) -> Amounts:
    """A rounded amount in company currency, and what it is in the others."""
    return _amounts(_in_document(company, money), float(company), money)


def _in_document(company, money):
    return from_units(to_units(company * decimal(money.rate), money.document), money.document)
