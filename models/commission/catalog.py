"""What every document has to know of all agreements and plans, remembered so that it need not be read each
time."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from odoo import api, models
from odoo.fields import Domain
from odoo.tools.date_utils import start_of

from odoo.addons.order_to_cash.algorithms.commission import coverage, matching, pricing, tiers


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a claim takes from its agreement."""

    id: int
    payee_id: int
    currency_id: int
    family_id: int
    share: float
    mode: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A version of a plan that was activated."""

    id: int
    company_id: int
    date_from: date
    date_to: date | None
    trigger: str
    base: str
    settlement_period: str
    include_freight: bool
    include_services: bool
    cash_discount_reduces: bool
    book: matching.RuleBook

    def pays_for(self, product_type, is_freight):
        """Whether it pays on such a line."""
        if is_freight:
            return self.include_freight
        return self.include_services or product_type != "service"


@dataclass(frozen=True, slots=True)
class Catalog:
    """All of it, as values.

    :ivar coverages: {root company id: Coverage}
    :ivar families: {family id: [Plan] by first day}
    :ivar names: {(rule id, language): the rule in words}, filled as it is asked for
    """

    agreements: dict
    coverages: dict
    families: dict
    plans: dict
    terms: dict
    names: dict = field(default_factory=dict)

    def version_at(self, family_id, day):
        """The version of a family that is in force on a day, ``None`` where none is."""
        for plan in self.families.get(family_id, ()):
            if plan.date_from <= day and (not plan.date_to or day <= plan.date_to):
                return plan
        return None


def terms_of(rule):
    """:return: :class:`pricing.Terms` of a ``o2c.commission.rule``"""
    return pricing.Terms(
        rule_id=rule.id,
        base=rule.plan_id.base,
        method=rule.method,
        rate=rule.rate,
        fixed_amount=rule.fixed_amount,
        bands=tuple(
            tiers.Band(*map(pricing.decimal, (band.amount_from, band.amount_to, band.rate)))
            for band in rule._bands()
        ),
        tier_mode=rule.tier_mode,
        tier_scope=rule.tier_scope,
    )


class O2cCommissionPlan(models.Model):
    _inherit = "o2c.commission.plan"

    @api.model
    def _read_catalog(self):
        """:return: :class:`Catalog`"""
        # sudo: sales are priced for people who may not read agreements and plans
        agreements = self.env["o2c.commission.agreement"].sudo().search([("active", "=", True)])
        versions = self.sudo().search(
            Domain("state", "in", ("active", "closed")), order="date_from, id"
        )
        families = defaultdict(list)
        for version in versions:
            families[version.family_id.id].append(version._as_facts())
        by_root = agreements.grouped(lambda agreement: agreement.company_id.root_id.id)
        parents = self.env["o2c.sales.region"].sudo()._o2c_parents()
        return Catalog(
            agreements={agreement.id: agreement._as_facts() for agreement in agreements},
            coverages={
                root: coverage.Coverage(found._to_algorithm(), parents) for root, found in by_root.items()
            },
            families=dict(families),
            plans={plan.id: plan for found in families.values() for plan in found},
            terms={rule.id: terms_of(rule) for rule in versions.rule_ids},
        )

    def _as_facts(self):
        self.ensure_one()
        return Plan(
            id=self.id,
            company_id=self.company_id.id,
            date_from=self.date_from,
            date_to=self.date_to or None,
            trigger=self.trigger,
            base=self.base,
            settlement_period=self.settlement_period,
            include_freight=self.include_freight,
            include_services=self.include_services,
            cash_discount_reduces=self.cash_discount_reduces,
            book=self._make_rule_book(),
        )


class O2cCommissionAgreement(models.Model):
    _inherit = "o2c.commission.agreement"

    def _as_facts(self):
        self.ensure_one()
        return Agreement(
            id=self.id,
            payee_id=self.payee_id.id,
            currency_id=self.currency_id.id,
            family_id=self.family_id.id,
            share=self.share,
            mode=self.mode,
        )


class O2cSalesRegion(models.Model):
    _name = "o2c.sales.region"
    _inherit = ["o2c.sales.region", "o2c.catalog.mixin"]
    _catalog_model = "o2c.commission.plan"

    @api.model
    def _o2c_parents(self):
        """Of each region the one above it: {id: id or ``None``}, archived ones too."""
        regions = self.with_context(active_test=False).search(Domain.TRUE)
        return {region.id: region.parent_id.id or None for region in regions}


def tally_from(env, plan, terms, day):
    """First day of the settlement period or fiscal year whose sales are added up for the tiers, if any are.

    :param plan: :class:`Plan`
    :param terms: :class:`pricing.Terms`
    """
    if not terms.is_running:
        return None
    if terms.tier_scope == "year":
        return env["res.company"].browse(plan.company_id).compute_fiscalyear_dates(day)["date_from"]
    return start_of(day, plan.settlement_period)
