"""Who is credited with sales, by which rule, with what."""

from collections import defaultdict
from dataclasses import dataclass

from odoo.addons.order_to_cash.algorithms.commission import coverage, matching, pricing, tiers

from .sale_line import SaleLine


@dataclass(frozen=True, slots=True)
class Credit:
    """A share of a line that an agreement has.

    :ivar agreement_id: id
    :ivar share: percent
    :ivar mode: ``shared`` or ``overlay``
    :ivar is_cut: whether the agreement asks for more, which others have before it
    """

    agreement_id: int
    share: float
    mode: str
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Credited:
    """A line's claim with everything that a row of the ledger says.

    :ivar plan: the version of the agreement's plan that is in force
    """

    line: SaleLine
    credit: Credit
    agreement: object
    plan: object
    rule: object
    claim: pricing.Claim


class Crediting:
    """Finds what lines earn and for whom.

    :param env: of the program: who sells need not read what others earn
    """

    def __init__(self, env):
        self.env = env
        self.agreements = env["o2c.commission.agreement"]
        self._paths = {}
        self._terms = {}
        self._rates = {}
        self._left_out = {}

    def credited(self, lines, shares):
        """The claims of lines under the rules in force on their days.

        :param lines: list of :class:`SaleLine`
        :param shares: {(source, id of the line): [Credit]}
        :return: list of :class:`Credited`; lines that no rule pays for are left out
        """
        found = []
        ids = {credit.agreement_id for given in shares.values() for credit in given}
        agreements = {agreement.id: agreement for agreement in self.agreements.browse(sorted(ids))}
        versions = self.agreements.browse(agreements).plan_id._version_book()
        products = self.env["product.product"].browse({line.product_id for line in lines if line.product_id})
        for line in lines:
            for credit in shares.get((line.source, line.res_id), ()):
                agreement = agreements[credit.agreement_id]
                plan = versions.at(agreement.plan_id, line.date)
                if plan and self._pays_for(plan, line, products) and (rule := self._rule(plan, line)):
                    found.append((line, credit, agreement, plan, rule))
        costs = self._costs([line for line, __, __, plan, __ in found if plan.base == "margin"])
        return [Credited(*row, self._claim(*row, costs)) for row in found]

    def covering(self, lines):
        """Shares of lines by the agreements in force.

        :return: {(source, id of the line): [Credit]}
        """
        first = {}
        for line in lines:
            first.setdefault((line.company_id, line.source, line.document_id), line)
        documents = [
            coverage.Document(
                key,
                line.company_id,
                line.date,
                line.salesperson_id,
                line.partner_id,
                line.contact_id,
                line.region_id,
                line.team_id,
            )
            for key, line in first.items()
        ]
        covering = self.agreements._covering(documents)
        shares = {key: _shares(agreements) for key, agreements in covering.items()}
        return {
            (line.source, line.res_id): shares.get((line.company_id, line.source, line.document_id), [])
            for line in lines
        }

    def _pays_for(self, plan, line, products):
        """Whether a plan pays on such products."""
        if line.is_freight and not plan.include_freight:
            return False
        if plan not in self._left_out:
            self._left_out[plan] = set(plan._left_out(products))
        return self.env["product.product"].browse(line.product_id) not in self._left_out[plan]

    def _rule(self, plan, line):
        """The rule that pays for a line, ``None`` when none does."""
        fact = matching.Fact(
            line.product_id,
            line.product_tmpl_id,
            self._category_path(line.category_id),
            (line.contact_id, line.partner_id),
            line.customer_type,
            line.class_id,
            line.team_id,
            line.discount,
            line.date,
        )
        rule = plan._rule_book().best(fact)
        return rule and self.env["o2c.commission.rule"].browse(rule.id)

    def _category_path(self, category_id):
        """A category and those above it."""
        if category_id not in self._paths:
            path = self.env["product.category"].browse(category_id).parent_path if category_id else ""
            self._paths[category_id] = tuple(int(part) for part in reversed(path.split("/")) if part)
        return self._paths[category_id]

    def _claim(self, line, credit, agreement, plan, rule, costs):
        terms = self._terms_of(rule)
        base, base_company = _bases(line, terms, costs.get(line.res_id, line.cost))
        return pricing.Claim(
            key=(line.source, line.res_id, agreement.id),
            line=(line.source, line.res_id),
            document=(line.source, line.document_id),
            owner=agreement.id,
            terms=terms,
            share=credit.share,
            is_shared=credit.mode == coverage.SHARED,
            base=base,
            base_company=base_company,
            quantity=line.quantity,
            money=self._money(line, agreement),
            period=rule._tally_from(line.date),
        )

    def _terms_of(self, rule):
        if rule.id not in self._terms:
            self._terms[rule.id] = terms_of(rule)
        return self._terms[rule.id]

    def _money(self, line, agreement):
        """The currencies of a claim, and the rates of its day."""
        key = (line.company_id, line.currency_id, agreement.currency_id, line.date, line.currency_rate)
        if key not in self._rates:
            company = self.env["res.company"].browse(line.company_id)
            currency = self.env["res.currency"].browse(line.currency_id)
            payee = agreement.currency_id
            own = company.currency_id
            same = {currency: "document", own: "company"} if currency != own else {own: "company"}
            self._rates[key] = pricing.Money(
                document=currency.rounding,
                company=own.rounding,
                payee=payee.rounding,
                rate=line.currency_rate,
                payee_rate=self.env["res.currency"]._get_conversion_rate(own, payee, company, line.date),
                payee_like=same.get(payee),
            )
        return self._rates[key]

    def _costs(self, lines):
        """Costs that no order line says: {id of the line: cost in the document's currency}."""
        unknown = [line for line in lines if line.cost is None and line.product_id]
        costs = {}
        by_company = defaultdict(list)
        for line in unknown:
            by_company[line.company_id].append(line)
        for company_id, found in by_company.items():
            products = self.env["product.product"].with_company(company_id).browse(
                [line.product_id for line in found]
            )
            price = {product.id: product.standard_price for product in products}
            for line in found:
                costs[line.res_id] = price[line.product_id] * line.quantity * line.currency_rate
        return costs


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


def _shares(agreements):
    """Shares of agreements in their order; what the first ones have the others have not."""
    claims = [coverage.Claim(agreement.id, agreement.share, agreement.mode) for agreement in agreements]
    modes = {agreement.id: agreement.mode for agreement in agreements}
    return [
        Credit(split.key, split.share, modes[split.key], split.is_cut)
        for split in coverage.split_shares(claims)
    ]


def base_of(line, base, cost):
    """What a line's commission is reckoned of, in the document's currency or as a quantity.

    :param base: ``untaxed``, ``margin`` or ``quantity``
    """
    if base == "quantity":
        return line.quantity
    if base == "untaxed":
        return line.untaxed
    margin = float(pricing.decimal(line.untaxed) - pricing.decimal(cost or 0.0))
    # What is sold at a loss earns nothing; it is no debt of who sold it.
    return max(margin, 0.0) if line.untaxed > 0 else margin


def _bases(line, terms, cost):
    """Base in the document's currency and in the company's, a quantity as both."""
    base = base_of(line, terms.base, cost)
    if terms.is_per_unit:
        return base, base
    # To four decimals: an amount in company currency is entered into bands, and shown.
    return base, float(round(pricing.decimal(base) / pricing.decimal(line.currency_rate), 4))
