"""Terms of posted invoices and credit notes, written down once."""

from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.commission import pricing

from . import claim_state, sale_line
from .crediting import Credit, Crediting
from .words import Words

# What has no order or delivery to wait for is earned when it is invoiced.
OF_THE_ORDER = ("order", "delivery")


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    def _accrue_invoices(self, moves, are_new=False):
        """Write down what posted invoices and credit notes earn; what is written down stays as it is.

        Paid ones are released, too. It is the same whether they were posted just now or long ago; documents
        before the company's first day of commission earn nothing.

        :param moves: ``account.move``
        :param are_new: whether none was ever posted before
        """
        if not are_new:
            # Credit notes that came while their invoice was a draft found nothing to take back.
            moves |= moves.reversal_move_ids
        moves = moves.filtered(lambda move: move._o2c_earns_commission())
        if not moves:
            return
        lines = sale_line.invoice_lines(self.env, moves)
        known_lines = [] if are_new else [line.res_id for line in lines]
        states = claim_state.load(self.env, "invoice", known_lines)
        known = {state.line for state in states if not state.is_closed}
        generations = {state.line: state.first["generation"] + 1 for state in states}
        fresh = [line for line in lines if line.res_id not in known]
        credited = [line for line in fresh if _is_credit(line)]
        self._accrue_sales([line for line in fresh if not _is_credit(line)], generations)
        self._accrue_sales(self._accrue_refunds(credited, generations), generations)
        ordered = {line.order_line_id for line in lines if line.order_line_id}
        self._follow_goods(ordered, [line for line in lines if _is_credit(line)])
        self._refresh_progress(self.env["sale.order.line"].browse(ordered))
        self._settle_invoices(moves.filtered(lambda move: move._o2c_is_settled_in_part()))

    @api.model
    def _accrue_sales(self, lines, generations):
        if not lines:
            return
        crediting = Crediting(self.env)
        credited = [
            row
            for row in crediting.credited(lines, self._credits(lines, crediting))
            if row.trigger not in OF_THE_ORDER or not row.line.order_line_id
        ]
        waiting = [row for row in credited if row.trigger == "payment"]
        earned = [row for row in credited if row.trigger != "payment"]
        tallies = self._load_tallies([row.claim for row in earned])
        # What payments will earn is an estimate: the tallies stay as they are.
        estimates = self._load_tallies([row.claim for row in waiting], lock=False)
        self._append(self._first_rows(earned, tallies, "accrue", generations))
        self._append(self._first_rows(waiting, estimates, "expect", generations))

    @api.model
    def _credits(self, lines, crediting):
        """Who is credited: as the order line was split, else by the agreements in force.

        :return: {(source, id of the line): [Credit]}
        """
        ordered = {line.order_line_id for line in lines if line.order_line_id}
        splits = self._splits(ordered)
        direct = [line for line in lines if line.order_line_id not in splits]
        return crediting.covering(direct) | {
            (line.source, line.res_id): splits[line.order_line_id]
            for line in lines
            if line.order_line_id in splits
        }

    @api.model
    def _splits(self, order_line_ids):
        """Credits of the order lines that were assigned, also those that are nobody's but the house's."""
        if not order_line_ids:
            return {}
        assigned = self.env.execute_query(
            SQL(
                """
                SELECT line.id, split.agreement_id, split.share, split.mode, split.is_cut
                  FROM sale_order_line line
                  JOIN sale_order orders ON orders.id = line.order_id
                  LEFT JOIN o2c_commission_split split ON split.order_line_id = line.id
                 WHERE line.id = ANY(%s) AND orders.o2c_commission_assigned
                 ORDER BY line.id, split.sequence, split.id
                """,
                list(order_line_ids),
            )
        )
        splits = defaultdict(list)
        for line_id, agreement_id, share, mode, is_cut in assigned:
            shares = splits[line_id]
            if agreement_id:
                shares.append(Credit(agreement_id, share, mode, bool(is_cut)))
        return splits

    @api.model
    def _load_tallies(self, claims, lock=True):
        """What has been added up so far for claims by tiers of a period or year: {key: Tally}"""
        keys = {claim.tally_key for claim in claims if claim.terms.is_running}
        return self._tallies(keys, lock)

    @api.model
    def _tallies(self, keys, lock=True):
        """:param keys: {(agreement id, rule id, first day)}"""
        if not keys:
            return {}
        if lock:
            self._lock_tallies(keys)
        agreements, rules, days = (list(values) for values in zip(*keys, strict=True))
        rows = self.env.execute_query(
            SQL(
                """
                SELECT agreement_id, rule_id, tally_from,
                       SUM(base_company * share / 100),
                       SUM(amount_company),
                       SUM(amount_payee),
                       -- By text, which has every digit of a rate.
                       SUM(amount_company * (CASE WHEN currency_id = payee_currency_id
                                                  THEN currency_rate ELSE payee_rate END)::text::numeric)
                  FROM o2c_commission_entry
                 WHERE kind <> 'expect' AND tally_from IS NOT NULL
                   AND (agreement_id, rule_id, tally_from) IN (
                       SELECT * FROM unnest(%s::int[], %s::int[], %s::date[]))
                 GROUP BY agreement_id, rule_id, tally_from
                """,
                agreements,
                rules,
                days,
            )
        )
        return {
            row[:3]: pricing.Tally(*(pricing.decimal(value or 0) for value in row[3:])) for row in rows
        }

    @api.model
    def _first_rows(self, credited, tallies, kind, generations):
        """The first rows of claims, and what earlier sales of their tallies earn more."""
        rows = []
        words = self._words()
        for row, earning in zip(
            credited, pricing.price([row.claim for row in credited], tallies), strict=True
        ):
            first = self._first_row(row, earning, kind, generations, words)
            rows.append(first)
            if earning.jump and kind != "expect":
                rows.append(self._jump_row(first, earning.jump, words))
        return rows

    @api.model
    def _words(self):
        """:return: function from a payee to :class:`Words` in his language"""
        known = {}

        def words(payee):
            if payee.lang not in known:
                known[payee.lang] = Words(self.env, payee.lang)
            return known[payee.lang]

        return words

    @api.model
    def _first_row(self, row, earning, kind, generations, words):
        line, claim = row.line, row.claim
        payee = self.env["res.partner"].browse(row.agreed.payee_id)
        return {
            "name": line.name,
            "company_id": line.company_id,
            "payee_id": payee.id,
            "partner_id": line.partner_id,
            "product_id": line.product_id,
            "kind": kind,
            "date": line.date,
            "agreement_id": row.agreed.id,
            "plan_id": row.plan.id,
            "rule_id": row.rule.id,
            "share": row.credit.share,
            "source": line.source,
            "source_res_id": line.res_id,
            "generation": generations.get(line.res_id, 0),
            "step": 0,
            "order_line_id": line.order_line_id,
            "order_id": line.order_id,
            "move_line_id": line.res_id if line.source == "invoice" else None,
            "move_id": line.move_id,
            "stock_move_id": line.res_id if line.source == "delivery" else None,
            "currency_id": line.currency_id,
            "payee_currency_id": row.agreed.currency_id,
            "base_amount": claim.base,
            "base_company": claim.base_company,
            "quantity": line.quantity,
            "cost": line.cost if row.facts.base == "margin" else None,
            "rate": earning.rate,
            "currency_rate": claim.money.rate,
            "payee_rate": claim.money.payee_rate,
            "amount": earning.amounts.document,
            "amount_company": earning.amounts.company,
            "amount_payee": earning.amounts.payee,
            "tally_from": claim.period,
            "explanation": words(payee).terms(row, earning),
        }

    @api.model
    def _jump_row(self, first, jump, words):
        payee = self.env["res.partner"].browse(first["payee_id"])
        return {
            **first,
            "step": 1,
            "kind": "adjust",
            "base_amount": 0.0,
            "base_company": 0.0,
            "quantity": 0.0,
            "cost": 0.0,
            "amount": jump.document,
            "amount_company": jump.company,
            "amount_payee": jump.payee,
            "explanation": words(payee).jump(first["tally_from"]),
        }


def _is_credit(line):
    """Whether a line takes back one of an invoice: that of its credit note, or of its order."""
    return (line.kind == "out_refund" and bool(line.reversed_id)) or line.is_credit
