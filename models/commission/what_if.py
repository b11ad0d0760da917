"""What a past period would have earned by another plan, reckoned and written down nowhere."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.commission import deliveries, pricing

from . import catalog, sale_line
from .accrual import OF_THE_ORDER
from .crediting import Crediting

# Of two time zones no day is further from UTC.
MARGIN = timedelta(days=1)


@dataclass(slots=True)
class WhatIf:
    """A payee's commission by the ledger and by another plan, in company currency.

    :ivar sales: untaxed amounts that he is credited with
    :ivar lines: number of lines of documents
    """

    sales: float = 0.0
    actual: float = 0.0
    other: float = 0.0
    lines: int = 0


class O2cCommissionPlan(models.Model):
    _inherit = "o2c.commission.plan"

    def _what_if(self, companies, date_from, date_to, instead_of=None, payees=None):
        """What the sales of a range of days would earn by this one plan, whose dates do not count.

        The same lines with the same shares as in the ledger are priced, whatever has been paid of them by
        now: commission that is still expected is in both figures. Bonuses, caps, guarantees and draws are
        in neither.

        :param companies: ``res.company``
        :param instead_of: only agreements that follow this plan; all without it
        :param payees: only these partners; all without them
        :return: {(company id, payee id): :class:`WhatIf`}
        """
        self.ensure_one()
        # sudo: for commission managers, who need not read all documents; what is sold is added up
        run = _Run(self.sudo(), date_from, date_to, instead_of, payees)
        return run.compare(companies.sudo())


class _Run:
    def __init__(self, plan, date_from, date_to, instead_of, payees):
        self.env = plan.env
        self.ledger = plan.env["o2c.commission.entry"]
        self.facts = plan._as_facts()
        self.terms = {rule.id: catalog.terms_of(rule) for rule in plan.rule_ids}
        self.date_from, self.date_to = date_from, date_to
        self.family_id = instead_of and instead_of.family_id.id
        self.payee_ids = payees and set(payees.ids)
        self.crediting = Crediting(self.env)

    def compare(self, companies):
        pairs = [
            (line, credit)
            for lines in self._lines(companies)
            for line, credit in self._kept(lines)
        ]
        shown = [(line, credit) for line, credit in pairs if line.date >= self.date_from]
        result = defaultdict(WhatIf)
        for line, credit in shown:
            row = result[self._key(line, credit)]
            row.sales += line.untaxed / line.currency_rate * credit.share / 100
            row.lines += 1
        booked = self._booked(shown)
        for line, credit in shown:
            amount = booked.get((line.source, line.res_id, credit.agreement_id), 0.0)
            result[self._key(line, credit)].actual += amount
        for key, amount in self._priced(pairs).items():
            result[key].other += amount
        return dict(result)

    def _key(self, line, credit):
        return line.company_id, self.crediting._agreed(credit.agreement_id).payee_id

    # ------------------------------------------------------------------
    # Lines
    # ------------------------------------------------------------------

    def _first_day(self):
        """The first day whose sales are added up for the tiers."""
        starts = [
            catalog.tally_from(self.env, self.facts, terms, self.date_from) for terms in self.terms.values()
        ]
        return min([start for start in starts if start] + [self.date_from])

    def _lines(self, companies):
        """Lines of invoices, and of orders and deliveries where these earn: lists of SaleLine."""
        first = self._first_day()
        in_companies = Domain("company_id", "in", companies.filtered("o2c_use_commission").ids)
        triggers = {plan.trigger for plan in self.crediting.catalog.plans.values()}
        moves = self.env["account.move"].search(
            in_companies
            & Domain("move_type", "in", ("out_invoice", "out_refund", "out_receipt"))
            & Domain("state", "=", "posted")
            & Domain("invoice_date", ">=", first)
            & Domain("invoice_date", "<=", self.date_to)
        )
        yield sale_line.invoice_lines(self.env, moves.filtered(lambda move: move._o2c_earns_commission()))
        begin = datetime.combine(first, time.min) - MARGIN
        end = datetime.combine(self.date_to, time.max) + MARGIN
        if "order" in triggers:
            orders = self.env["sale.order"].search(
                in_companies
                & Domain("state", "=", "sale")
                & Domain("date_order", ">=", begin)
                & Domain("date_order", "<=", end)
            )
            yield self._between(sale_line.order_lines(self.env, orders), first)
        if "delivery" in triggers:
            goods = self.env["stock.move"].search(
                in_companies
                & Domain("state", "=", "done")
                & Domain("sale_line_id", "!=", False)
                & Domain("date", ">=", begin)
                & Domain("date", "<=", end)
            )
            yield self._between(sale_line.delivery_lines(self.env, goods), first)

    def _between(self, lines, first):
        return [line for line in lines if first <= line.date <= self.date_to]

    def _kept(self, lines):
        """Lines with the shares in them that are asked for: pairs of SaleLine and Credit"""
        shares = self.ledger._credits(lines, self.crediting)
        for line in lines:
            for credit in shares.get((line.source, line.res_id), ()):
                agreed = self.crediting._agreed(credit.agreement_id)
                if self.family_id and agreed.family_id != self.family_id:
                    continue
                if self.payee_ids and agreed.payee_id not in self.payee_ids:
                    continue
                if self._earns_here(line, agreed):
                    yield line, credit

    def _earns_here(self, line, agreed):
        """Whether the plan that is in force pays for this line and not for another of the same sale."""
        plan = self.crediting.catalog.version_at(agreed.family_id, line.date)
        trigger = plan.trigger if plan else "invoice"
        if line.source != "invoice":
            return trigger == line.source
        is_taken_back = trigger == "order" and line.kind == "out_refund"
        return trigger not in OF_THE_ORDER or not line.order_line_id or is_taken_back

    # ------------------------------------------------------------------
    # Amounts
    # ------------------------------------------------------------------

    def _booked(self, pairs):
        """What the ledger has: {(source, id of the line, agreement id): amount}"""
        if not pairs:
            return {}
        keys = [(line.source, line.res_id, credit.agreement_id) for line, credit in pairs]
        sources, lines, agreements = (list(values) for values in zip(*keys, strict=True))
        rows = self.env.execute_query(
            SQL(
                """
                SELECT entry.source, entry.source_res_id, entry.agreement_id, SUM(entry.amount_company)
                  FROM o2c_commission_entry entry
                  JOIN unnest(%s::text[], %s::int[], %s::int[]) AS wanted(source, line, agreement)
                    ON entry.source = wanted.source AND entry.source_res_id = wanted.line
                   AND entry.agreement_id = wanted.agreement
                 GROUP BY entry.source, entry.source_res_id, entry.agreement_id
                """,
                sources,
                lines,
                agreements,
            )
        )
        return {tuple(key): float(amount) for *key, amount in rows}

    def _priced(self, pairs):
        """What the other plan pays: {(company id, payee id): amount}"""
        found = []
        for line, credit in sorted(pairs, key=_by_day):
            if self.facts.pays_for(line.product_type, line.is_freight):
                rule = self.facts.book.best(self.crediting._fact(line))
                if rule:
                    found.append((line, credit, self.terms[rule.id]))
        costs = {}
        if self.facts.base == "margin":
            costs = self.crediting._costs([line for line, __, __ in found])
        rows = self._in_lots(
            (
                line,
                credit,
                self.crediting._claim(
                    line, credit, self.crediting._agreed(credit.agreement_id), self.facts, terms, costs
                ),
            )
            for line, credit, terms in found
        )
        amounts = defaultdict(float)
        earnings = pricing.price(claim for __, __, claim in rows)
        for (line, credit, __), earning in zip(rows, earnings, strict=True):
            if line.date >= self.date_from:
                jump = earning.jump.company if earning.jump else 0.0
                amounts[self._key(line, credit)] += earning.amounts.company + jump
        return amounts

    def _in_lots(self, rows):
        """The same rows; what left and came back of an order line is one, as it adds up in the ledger.

        :param rows: tuples of SaleLine, Credit and :class:`pricing.Claim`
        """
        lots = defaultdict(list)
        for line, credit, claim in rows:
            key = claim.key
            if line.source == "delivery" and not claim.terms.is_running:
                is_shown = line.date >= self.date_from
                key = (line.order_line_id, claim.owner, claim.terms.rule_id, claim.share, is_shown)
            lots[key].append((line, credit, claim))
        return [
            (*found[-1][:2], deliveries.together([deliveries.Part(claim) for __, __, claim in found]))
            if len(found) > 1 else found[0]
            for found in lots.values()
        ]


def _by_day(pair):
    line = pair[0]
    return line.date, line.document_id, line.res_id
