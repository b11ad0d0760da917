"""Who is credited with sales, by which rule, with what."""

from collections import defaultdict
from dataclasses import dataclass

from odoo import models

from odoo.addons.order_to_cash.algorithms.commission import coverage, matching, pricing

from . import catalog, claim_state
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

    :ivar facts: :class:`catalog.Plan`, the version in force; ``agreed`` :class:`catalog.Agreement`
    :ivar trigger: when it is earned: ``order``, ``delivery``, ``invoice`` or ``payment``
    :ivar agreement: the records, for their names
    """

    line: SaleLine
    credit: Credit
    agreed: catalog.Agreement
    facts: catalog.Plan
    agreement: models.BaseModel
    plan: models.BaseModel
    rule: models.BaseModel
    claim: pricing.Claim
    trigger: str


def trigger_of(trigger, product_type):
    """When a plan's trigger makes a product earn: what is not delivered earns when it is invoiced."""
    return "invoice" if trigger == "delivery" and product_type != "consu" else trigger


class Crediting:
    """Finds what lines earn and for whom.

    :param env: of the program: who sells need not read what others earn
    """

    def __init__(self, env):
        self.env = env
        self.catalog = env["o2c.commission.plan"]._catalog()
        self._paths = {}
        self._money_of = {}

    def credited(self, lines, shares):
        """The claims of lines under the rules in force on their days.

        :param lines: list of :class:`SaleLine`
        :param shares: {(source, id of the line): [Credit]}
        :return: list of :class:`Credited`; lines that no rule pays for are left out
        """
        found = []
        for line in lines:
            for credit in shares.get((line.source, line.res_id), ()):
                agreed = self._agreed(credit.agreement_id)
                plan = self.catalog.version_at(agreed.family_id, line.date)
                if plan and plan.pays_for(line.product_type, line.is_freight):
                    rule = plan.book.best(self._fact(line))
                    if rule:
                        found.append((line, credit, agreed, plan, rule.id))
        costs = self._costs([line for line, __, __, plan, __ in found if plan.base == "margin"])
        triggers = self._triggers_of_orders(found)
        return [self._credited(*row, costs, triggers) for row in found]

    def _triggers_of_orders(self, found):
        """The triggers by which orders were written down: what they or their deliveries earn, the invoice
        does not earn again when the plan has changed meanwhile.

        :return: {(id of the order line, id of the agreement): trigger}
        """
        plans = self.catalog.plans
        ordered = {line.order_line_id for line, *__ in found if line.order_line_id and line.source != "order"}
        if not ordered or len({plan.trigger for plan in plans.values()}) == 1:
            return {}
        return {
            (state.line, state.first["agreement_id"]): plans[state.first["plan_id"]].trigger
            for state in claim_state.load(self.env, "order", list(ordered))
        }

    def covering(self, lines):
        """Shares of lines by the agreements in force.

        :return: {(source, id of the line): [Credit]}
        """
        roots = {}
        shares = {}
        result = {}
        for line in lines:
            key = (line.source, line.document_id)
            if key not in shares:
                root = roots.setdefault(line.company_id, self._root(line.company_id))
                shares[key] = self._shares(root, line)
            result[line.source, line.res_id] = shares[key]
        return result

    def _root(self, company_id):
        return self.env["res.company"].browse(company_id).root_id.id

    def _shares(self, root, line):
        """Shares of the agreements that cover a document; what the first ones have the others have not."""
        book = self.catalog.coverages.get(root)
        if not book:
            return []
        document = coverage.Document(
            line.document_id,
            line.company_id,
            line.date,
            line.salesperson_id,
            line.partner_id,
            line.contact_id,
            line.region_id,
            line.team_id,
        )
        agreements = [self.catalog.agreements[found.id] for found in book.of(document)]
        claims = [coverage.Claim(agreed.id, agreed.share, agreed.mode) for agreed in agreements]
        return [
            Credit(split.key, split.share, self.catalog.agreements[split.key].mode, split.is_cut)
            for split in coverage.split_shares(claims)
        ]

    def _agreed(self, agreement_id):
        """What an agreement says; archived ones are still those of orders that were theirs."""
        agreed = self.catalog.agreements.get(agreement_id)
        if not agreed:
            agreed = self.env["o2c.commission.agreement"].browse(agreement_id)._as_facts()
            self.catalog.agreements[agreement_id] = agreed
        return agreed

    def _fact(self, line):
        return matching.Fact(
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

    def _category_path(self, category_id):
        """A category and those above it."""
        if category_id not in self._paths:
            path = self.env["product.category"].browse(category_id).parent_path if category_id else ""
            self._paths[category_id] = tuple(int(part) for part in reversed(path.split("/")) if part)
        return self._paths[category_id]

    def _credited(self, line, credit, agreed, plan, rule_id, costs, triggers):
        trigger = triggers.get((line.order_line_id, agreed.id), plan.trigger)
        return Credited(
            line,
            credit,
            agreed,
            plan,
            self.env["o2c.commission.agreement"].browse(agreed.id),
            self.env["o2c.commission.plan"].browse(plan.id),
            self.env["o2c.commission.rule"].browse(rule_id),
            self._claim(line, credit, agreed, plan, self.catalog.terms[rule_id], costs),
            trigger_of(trigger, line.product_type),
        )

    def _claim(self, line, credit, agreed, plan, terms, costs):
        base, base_company = _bases(line, terms, costs.get(line.res_id, line.cost))
        return pricing.Claim(
            key=(line.source, line.res_id, agreed.id),
            line=(line.source, line.res_id),
            document=(line.source, line.document_id),
            owner=agreed.id,
            terms=terms,
            share=credit.share,
            is_shared=credit.mode == coverage.SHARED,
            base=base,
            base_company=base_company,
            quantity=line.quantity,
            money=self._money(line, agreed),
            period=catalog.tally_from(self.env, plan, terms, line.date),
        )

    def _money(self, line, agreed):
        """The currencies of a claim, and the rates of its day."""
        key = (line.company_id, line.currency_id, agreed.currency_id, line.date, line.currency_rate)
        if key not in self._money_of:
            company = self.env["res.company"].browse(line.company_id)
            document = self.env["res.currency"].browse(line.currency_id)
            payee = self.env["res.currency"].browse(agreed.currency_id)
            own = company.currency_id
            self._money_of[key] = pricing.Money(
                document=document.rounding,
                company=own.rounding,
                payee=payee.rounding,
                rate=line.currency_rate,
                payee_rate=self.env["res.currency"]._get_conversion_rate(own, payee, company, line.date),
                payee_like={document: "document", own: "company"}.get(payee),
            )
        return self._money_of[key]

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


def base_of(line, base, cost):
    """What a line's commission is reckoned of, in the document's currency or as a quantity.

    :param base: ``untaxed``, ``margin`` or ``quantity``
    """
    if base == "quantity":
        return line.quantity
    if base == "untaxed":
        return line.untaxed
    margin = float(pricing.decimal(line.untaxed) - pricing.decimal(cost or 0.0))
    # What is sold at a loss or given away earns nothing; it is no debt of who sold it.
    if line.untaxed < 0:
        return min(margin, 0.0)
    return max(margin, 0.0) if line.untaxed else 0.0


def _bases(line, terms, cost):
    """Base in the document's currency and in the company's, a quantity as both."""
    base = base_of(line, terms.base, cost)
    if terms.is_per_unit:
        return base, base
    # To four decimals: an amount in company currency is entered into bands, and shown.
    return base, float(round(pricing.decimal(base) / pricing.decimal(line.currency_rate), 4))
