"""What orders are expected to earn, and what they earn when the order itself is what counts."""

from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.commission import pricing

from . import claim_state, sale_line
from .crediting import Crediting, base_of, trigger_of

DONE_BY_DELIVERY = "delivery"
TOLERANCE = 0.00005


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    def _accrue_orders(self, orders, anew=False):
        """Write down what orders earn or may be expected to earn.

        Lines that have not changed stay as they are; of orders that are not confirmed any more everything
        is taken back.

        :param orders: ``sale.order``
        :param anew: whether all lines start over, since their shares were changed
        """
        confirmed = orders.filtered(lambda order: order.state == "sale")
        self._close("order", (orders - confirmed).order_line.ids)
        if not confirmed:
            return
        lines = sale_line.order_lines(self.env, confirmed)
        states = defaultdict(list)
        for state in claim_state.load(self.env, "order", [line.res_id for line in lines]):
            states[state.line].append(state)
        shares = self._splits({line.res_id for line in lines})
        plans = self.env["o2c.commission.plan"]._catalog().plans
        changed = [
            line
            for line in lines
            if anew
            or _has_changed(line, shares.get(line.res_id, ()), states.get(line.res_id, ()), plans)
        ]
        if len(changed) < len(lines):
            changed = self._with_companions(lines, changed, states, shares)
        live = [
            line.res_id
            for line in changed
            if any(not state.is_closed for state in states.get(line.res_id, ()))
        ]
        if live:
            self._close("order", live)
        generations = {
            line.res_id: states[line.res_id][0].first["generation"] + 1
            for line in changed
            if states.get(line.res_id)
        }
        self._write_down_orders(changed, shares, generations)
        if generations:
            # Credit notes and write-offs take back of the new terms what they took of the old.
            moves = self.env["sale.order.line"].browse(generations).invoice_lines.move_id
            self._accrue_invoices(moves.filtered(lambda move: move.move_type == "out_refund"))
            self._settle_sources(moves)
        self._refresh_progress(confirmed.order_line)

    @api.model
    def _with_companions(self, lines, changed, states, shares):
        """Changed lines of orders, and those that enter bands together with one of them."""
        terms = self.env["o2c.commission.plan"]._catalog().terms
        if not any(one.is_of_document for one in terms.values()):
            return changed
        together = {
            line.res_id
            for line in lines
            if any(
                terms[state.first["rule_id"]].is_of_document and not state.is_closed
                for state in states.get(line.res_id, ())
            )
        }
        credited = self._credited_orders(changed, shares)
        entering = {row.line.res_id for row in credited if row.claim.terms.is_of_document}
        keys = {line.res_id for line in changed}
        documents = {line.document_id for line in changed if line.res_id in together | entering}
        return [
            line
            for line in lines
            if line.res_id in keys or (line.res_id in together and line.document_id in documents)
        ]

    @api.model
    def _credited_orders(self, lines, shares):
        by_line = {("order", line_id): found for line_id, found in shares.items()}
        return Crediting(self.env).credited(lines, by_line)

    @api.model
    def _write_down_orders(self, lines, shares, generations):
        credited = self._credited_orders(lines, shares)
        earned = [row for row in credited if row.trigger == "order"]
        waiting = [row for row in credited if row.trigger != "order"]
        tallies = self._load_tallies([row.claim for row in earned])
        # What is expected is an estimate: the tallies stay as they are.
        estimates = self._load_tallies([row.claim for row in waiting], lock=False)
        self._append([
            *self._first_rows(earned, tallies, "accrue", generations),
            *self._first_rows(waiting, estimates, "expect", generations),
        ])

    @api.model
    def _refresh_progress(self, order_lines):
        """Expect no longer of orders what is invoiced, or delivered where deliveries earn it.

        :param order_lines: ``sale.order.line``
        """
        states = [
            state
            for state in claim_state.load(self.env, "order", order_lines.ids)
            if state.is_of_payments and not state.is_closed
        ]
        if not states:
            return
        done = self._done_quantities([state.line for state in states])
        plans = self.env["o2c.commission.plan"]._catalog().plans
        products = self.env["product.product"].browse(
            {state.first["product_id"] for state in states if state.first["product_id"]}
        )
        words = self._words()
        rows = []
        for state in states:
            invoiced, delivered = done.get(state.line, (0.0, 0.0))
            product = products.browse(state.first["product_id"] or ()).with_prefetch(products.ids)
            trigger = trigger_of(plans[state.first["plan_id"]].trigger, product.type)
            by_delivery = trigger == DONE_BY_DELIVERY
            rows.extend(self._progress_rows(state, delivered if by_delivery else invoiced, words))
        self._append(rows)

    @api.model
    def _progress_rows(self, state, done, words):
        first = state.first
        is_more = done * float(first["quantity"]) > 0
        part, whole = pricing.ratio(done if is_more else 0.0, first["quantity"])
        gone = pricing.due_amounts(state.amounts, part, whole, state.money(self.env))
        step = pricing.minus(pricing.minus(state.amounts, gone), state.expected)
        if not step:
            return []
        payee = self.env["res.partner"].browse(first["payee_id"])
        is_gone = step.company * state.amounts.company < 0
        return [
            self._follow(
                first,
                state.last_step + 1,
                "expect",
                step,
                date=self._today(first["company_id"]),
                explanation=words(payee).invoiced() if is_gone else words(payee).expected_again(),
            )
        ]

    @api.model
    def _done_quantities(self, order_line_ids):
        """What is invoiced and delivered of order lines, in products' units: {id: (invoiced, delivered)}

        What a credit note takes back was earned and is taken back there; the order expects it no more.
        """
        self.env["sale.order.line"].flush_model()
        self.env["account.move.line"].flush_model()
        self.env["account.move"].flush_model(["state"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.id, COALESCE(invoiced.quantity, 0),
                       COALESCE(line.qty_delivered * unit.factor / product_unit.factor, 0)
                  FROM sale_order_line line
                  LEFT JOIN product_product product ON product.id = line.product_id
                  LEFT JOIN product_template template ON template.id = product.product_tmpl_id
                  LEFT JOIN uom_uom unit ON unit.id = line.product_uom_id
                  LEFT JOIN uom_uom product_unit ON product_unit.id = template.uom_id
                  LEFT JOIN LATERAL (
                      SELECT SUM(item.quantity * COALESCE(item_unit.factor / product_unit.factor, 1)
                                 * CASE WHEN move.move_type = 'out_refund' THEN -1 ELSE 1 END) AS quantity
                        FROM sale_order_line_invoice_rel rel
                        JOIN account_move_line item ON item.id = rel.invoice_line_id
                        JOIN account_move move ON move.id = item.move_id
                        LEFT JOIN uom_uom item_unit ON item_unit.id = item.product_uom_id
                       WHERE rel.order_line_id = line.id AND move.state = 'posted'
                         AND move.move_type IN ('out_invoice', 'out_receipt', 'out_refund')
                         -- The first: what was ordered below zero.
                         AND (line.product_uom_qty < 0
                              OR move.move_type <> 'out_refund' AND item.quantity > 0)
                  ) invoiced ON TRUE
                 WHERE line.id = ANY(%s)
                """,
                list(order_line_ids),
            )
        )
        return {line: (float(invoiced), float(delivered)) for line, invoiced, delivered in rows}


def _has_changed(line, shares, states, plans):
    """Whether a line's claims are not what its goods, price and shares make them.

    :param plans: {id: :class:`catalog.Plan`}
    """
    live = [state.first for state in states if not state.is_closed]
    share_of = {credit.agreement_id: credit.share for credit in shares}
    return not live or any(
        first["product_id"] != line.product_id
        or share_of.get(first["agreement_id"]) != first["share"]
        or abs(float(first["base_amount"]) - base_of(line, plans[first["plan_id"]].base, line.cost))
        > TOLERANCE
        or abs(float(first["quantity"]) - line.quantity) > TOLERANCE
        for first in live
    )
