"""Credit notes take back what their invoices earned."""

from collections import defaultdict
from dataclasses import dataclass

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.commission import pricing, refunds

from . import claim_state, sale_line
from .ledger import OF_THE_CLAIM

NOTHING = pricing.Amounts()


@dataclass(frozen=True, slots=True)
class Taken:
    """What credit notes have taken back of a claim, without sign against it.

    :ivar base: in the terms of the claim's base
    """

    base: float = 0.0
    amounts: pricing.Amounts = NOTHING


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    def _accrue_refunds(self, lines, generations):
        """Take back what invoices earned, by their rules, rates, costs and splits.

        All credit notes on a line together take back ``round(commission × min(1, credited ÷ invoiced))``.

        :param lines: lines of credit notes that refer to an invoice
        :return: those of which the invoice has no line like them: they go by the rules, as sales below zero
        """
        if not lines:
            return []
        invoices = self.env["account.move"].browse({line.reversed_id for line in lines})
        originals = {line.res_id: line for line in sale_line.invoice_lines(self.env, invoices)}
        matched = _match(lines, originals.values())
        states = self._original_states(originals.values())
        taken = self._taken_back([state for found in states.values() for state in found])
        words = self._words()
        rows = []
        for line in lines:
            original = originals.get(matched[line.res_id])
            for state in states.get(original.res_id, ()) if original else ():
                generation = generations.get(line.res_id, 0)
                rows.append(self._refund_row(line, original, state, taken, generation, words))
        self._append(rows)
        self._level(rows)
        # An invoice that earned nothing, before the first day of commission, takes nothing back.
        earning = {line.move_id for line in originals.values() if line.res_id in states}
        return [line for line in lines if matched[line.res_id] is None and line.reversed_id in earning]

    @api.model
    def _original_states(self, originals):
        """Live claims on invoiced lines, and on the order lines of those that the order earned.

        :return: {id of the invoiced line: [ClaimState]}
        """
        states = defaultdict(list)
        for state in claim_state.load(self.env, "invoice", [line.res_id for line in originals]):
            if not state.is_closed:
                states[state.line].append(state)
        order_lines = [line.order_line_id for line in originals if line.order_line_id]
        ordered = defaultdict(list)
        for state in claim_state.load(self.env, "order", order_lines):
            if not state.is_closed and not state.is_of_payments:
                ordered[state.line].append(state)
        for line in originals:
            if line.order_line_id in ordered:
                states[line.res_id].extend(ordered[line.order_line_id])
        return dict(states)

    @api.model
    def _taken_back(self, states):
        """What live credit notes took back of claims: {id of the first row: Taken}"""
        if not states:
            return {}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT first.origin_entry_id, -SUM(first.base_amount), -SUM(first.amount),
                       -SUM(first.amount_company), -SUM(first.amount_payee)
                  FROM o2c_commission_entry first
                 WHERE first.origin_entry_id = ANY(%s) AND first.step = 0
                   AND NOT EXISTS (
                       SELECT FROM o2c_commission_entry closing
                        WHERE closing.source = first.source
                          AND closing.source_res_id = first.source_res_id
                          AND closing.agreement_id = first.agreement_id
                          AND closing.generation = first.generation
                          AND closing.is_closing)
                 GROUP BY first.origin_entry_id
                """,
                [state.first["id"] for state in states],
            )
        )
        return {
            first_id: Taken(float(base), pricing.Amounts(float(amount), float(company), float(payee)))
            for first_id, base, amount, company, payee in rows
        }

    @api.model
    def _refund_row(self, line, original, state, taken, generation, words):
        """The first row of a credit note's claim."""
        first = state.first
        before = taken.get(first["id"], Taken())
        fraction = _fraction(line, original, state)
        base = float(first["base_amount"]) * fraction
        part, whole = pricing.ratio(before.base + base, first["base_amount"])
        together = pricing.due_amounts(state.amounts, part, whole, state.money(self.env))
        taken[first["id"]] = Taken(before.base + base, together)
        amounts = pricing.minus(before.amounts, together)
        payee = self.env["res.partner"].browse(first["payee_id"])
        return {
            **{column: first[column] for column in OF_THE_CLAIM},
            "name": line.name,
            "partner_id": line.partner_id,
            "origin_entry_id": first["id"],
            "kind": "expect" if state.is_of_payments else "reverse",
            "date": line.date,
            "source": "invoice",
            "source_res_id": line.res_id,
            "generation": generation,
            "step": 0,
            "move_line_id": line.res_id,
            "move_id": line.move_id,
            "stock_move_id": None,
            "base_amount": -base,
            "base_company": -float(first["base_company"]) * fraction,
            "quantity": line.quantity,
            "cost": -float(first["cost"] or 0.0) * fraction,
            "amount": amounts.document,
            "amount_company": amounts.company,
            "amount_payee": amounts.payee,
            "explanation": words(payee).refund(line.name, fraction, first["name"]),
        }


def _match(lines, originals):
    """Which line each credited one takes back: {id: id or None}"""
    by_invoice = defaultdict(list)
    for line in originals:
        by_invoice[line.move_id].append(_comparable(line, 1))
    found = {}
    for line in lines:
        by_invoice.setdefault(line.reversed_id, [])
    for invoice, invoiced in by_invoice.items():
        credited = [_comparable(line, -1) for line in lines if line.reversed_id == invoice]
        found.update(refunds.match(credited, invoiced))
    return found


def _comparable(line, sign):
    price = round(line.untaxed / line.quantity, 6) if line.quantity else line.untaxed
    return refunds.Line(line.res_id, line.order_line_id, line.product_id, abs(price), sign * line.untaxed)


def _fraction(line, original, state):
    """How much of a claim's line goes back."""
    part, whole = pricing.ratio(line.untaxed, original.untaxed)
    fraction = part / whole
    if state.first["source"] == "order" and state.first["quantity"]:
        fraction *= abs(original.quantity / float(state.first["quantity"]))
    return fraction
