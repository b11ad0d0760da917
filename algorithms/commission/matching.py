"""Which rule of a commission plan a sale falls under. Pure: no database, no clock.

The most specific rule wins. Rules are compared criterion by criterion, and the first difference
decides: variant, product, category (the nearest first), customer (the very contact before its
commercial partner), customer type, class, team, discount band, dates; then sequence, then id.
"""

from bisect import bisect_right
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule; ``None`` agrees with anything.

    :ivar category_id: products of this category and of those below it
    :ivar partner_id: a contact, or a commercial partner with all its contacts
    :ivar discount_from: the lowest discount in percent that belongs to the band
    :ivar discount_to: the lowest discount beyond the band; 0 or ``None``: the band has no end
    :ivar date_from: first day
    :ivar date_to: last day
    """

    id: int
    sequence: int = 0
    product_id: int | None = None
    product_tmpl_id: int | None = None
    category_id: int | None = None
    partner_id: int | None = None
    customer_type: str | None = None
    class_id: int | None = None
    team_id: int | None = None
    discount_from: float | None = None
    discount_to: float | None = None
    date_from: date | None = None
    date_to: date | None = None

    @property
    def has_band(self) -> bool:
        return self.discount_from is not None or bool(self.discount_to)

    @property
    def has_dates(self) -> bool:
        return self.date_from is not None or self.date_to is not None


@dataclass(frozen=True, slots=True)
class Fact:
    """A sale of one product.

    :ivar category_path: the product's category, then its parent and so on up to the top
    :ivar partner_ids: the contact, then its commercial partner
    :ivar discount: in percent, rounded as it is shown
    """

    product_id: int | None
    product_tmpl_id: int | None
    category_path: tuple[int, ...]
    partner_ids: tuple[int, ...]
    customer_type: str | None
    class_id: int | None
    team_id: int | None
    discount: float
    date: date


class RuleBook:
    """The rules of a plan, indexed: finds the best rule of many facts quickly.

    Each value of a fact is reduced to what the rules can tell apart. Facts that no rule tells apart
    share their answer.
    """

    def __init__(self, rules: Iterable[Rule]):
        rules = tuple(rules)
        self._by_product: dict[tuple[str, Hashable], list[Rule]] = {}
        for rule in rules:
            self._by_product.setdefault(_product_key(rule), []).append(rule)
        self._products = {rule.product_id for rule in rules} - {None}
        self._templates = {rule.product_tmpl_id for rule in rules} - {None}
        self._categories = {rule.category_id for rule in rules} - {None}
        self._partners = {rule.partner_id for rule in rules} - {None}
        self._types = {rule.customer_type for rule in rules} - {None}
        self._classes = {rule.class_id for rule in rules} - {None}
        self._teams = {rule.team_id for rule in rules} - {None}
        self._discounts = sorted(
            {rule.discount_from for rule in rules if rule.discount_from is not None}
            | {rule.discount_to for rule in rules if rule.discount_to}
        )
        self._days = sorted(
            {rule.date_from for rule in rules if rule.date_from}
            | {rule.date_to + ONE_DAY for rule in rules if rule.date_to and rule.date_to < date.max}
        )
        self._paths: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._ranked: dict[tuple, list[Rule]] = {}
        self._found: dict[tuple, Rule | None] = {}

    def best(self, fact: Fact) -> Rule | None:
        """The most specific rule that agrees with the fact, ``None`` where none does."""
        candidates = self._candidate_key(fact)
        key = (
            candidates,
            fact.customer_type if fact.customer_type in self._types else None,
            fact.class_id if fact.class_id in self._classes else None,
            fact.team_id if fact.team_id in self._teams else None,
            bisect_right(self._discounts, fact.discount),
            bisect_right(self._days, fact.date),
        )
        if key not in self._found:
            self._found[key] = next(
                (rule for rule in self._rank(candidates) if _agrees(rule, fact)), None
            )
        return self._found[key]

    def _candidate_key(self, fact):
        """Product, template, categories and customers of a fact, as far as rules name them."""
        path = self._paths.get(fact.category_path)
        if path is None:
            path = tuple(step for step in fact.category_path if step in self._categories)
            self._paths[fact.category_path] = path
        return (
            fact.product_id if fact.product_id in self._products else None,
            fact.product_tmpl_id if fact.product_tmpl_id in self._templates else None,
            path,
            tuple(partner for partner in fact.partner_ids if partner in self._partners),
        )

    def _rank(self, candidates):
        """Rules that agree with product and customer, the most specific first."""
        if candidates not in self._ranked:
            product, template, path, partners = candidates
            keys = [("product", product)] if product is not None else []
            keys += [("template", template)] if template is not None else []
            keys += [*(("category", step) for step in path), ("any", None)]
            self._ranked[candidates] = sorted(
                (
                    rule
                    for key in keys
                    for rule in self._by_product.get(key, ())
                    if rule.product_tmpl_id in (None, template)
                    and (rule.category_id is None or rule.category_id in path)
                    and (rule.partner_id is None or rule.partner_id in partners)
                ),
                key=lambda rule: _rank_of(rule, path, partners),
            )
        return self._ranked[candidates]


def _product_key(rule):
    """The narrowest thing a rule says about the product: it is looked up by that."""
    if rule.product_id is not None:
        return "product", rule.product_id
    if rule.product_tmpl_id is not None:
        return "template", rule.product_tmpl_id
    if rule.category_id is not None:
        return "category", rule.category_id
    return "any", None


def _rank_of(rule, path, partners):
    """What rules are sorted by, the lowest first; the rule agrees with ``path`` and ``partners``."""
    return (
        rule.product_id is None,
        rule.product_tmpl_id is None,
        len(path) if rule.category_id is None else path.index(rule.category_id),
        len(partners) if rule.partner_id is None else partners.index(rule.partner_id),
        rule.customer_type is None,
        rule.class_id is None,
        rule.team_id is None,
        not rule.has_band,
        not rule.has_dates,
        rule.sequence,
        rule.id,
    )


def _agrees(rule, fact):
    """Whether a rule that agrees with product and customer agrees with the rest of the fact."""
    return (
        rule.customer_type in (None, fact.customer_type)
        and rule.class_id in (None, fact.class_id)
        and rule.team_id in (None, fact.team_id)
        and (rule.discount_from is None or rule.discount_from <= fact.discount)
        and (not rule.discount_to or fact.discount < rule.discount_to)
        and (rule.date_from is None or rule.date_from <= fact.date)
        and (rule.date_to is None or fact.date <= rule.date_to)
    )
