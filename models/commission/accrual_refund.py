"""Credit notes take back what their invoices earned."""

from collections import defaultdict
from dataclasses import dataclass, replace

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.commission import pricing, refunds

from . import claim_state, sale_line
from .ledger import OF_THE_CLAIM
from .locks import lock

NOTHING = pricing.Amounts()


@dataclass(frozen=True, slots=True)
class Taken:
    """What credit notes have taken back of a claim, without sign against it.

    :ivar measure: as :func:`_measure`
    """

    measure: float = 0.0
    amounts: pricing.Amounts = NOTHING


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    def _accrue_refunds(self, lines, generations):
        """Take back what invoices earned, by their rules, rates, costs and splits.

        All credit notes on a line together take back ``round(commission × min(1, credited ÷ invoiced))``.

        :param lines: lines of credit notes that refer to an invoice, or to an order that was invoiced, and
            lines of invoices below zero of such an order
        :return: those of which the invoice has no line like them: they go by the rules, as sales below zero
        """
        if not lines:
            return []
        invoices = {line.reversed_id for line in lines if line.reversed_id}
        invoices |= self._invoices_of({line.order_line_id for line in lines if not line.reversed_id})
        # Two credit notes of one invoice take turns: each takes back what the others have left.
        lock(self.env["account.move"].browse(sorted(invoices)))
        taking = {line.res_id for line in lines}
        originals = {
            line.res_id: line
            for line in sale_line.invoice_lines(self.env, self.env["account.move"].browse(invoices))
            # Returned goods may be netted on an invoice, also on that of the goods themselves.
            if line.res_id not in taking and not line.is_credit
        }
        states = self._original_states(originals.values())
        taken = self._taken_back([state for found in states.values() for state in found])
        matched = _match(lines, originals.values(), states, taken)
        words = self._words()
        rows = []
        for line in lines:
            generation = generations.get(line.res_id, 0)
            for number, (original, part) in enumerate(_parts(line, matched[line.res_id], originals)):
                for state in states.get(original.res_id, ()):
                    row = self._refund_row(part, original, state, taken, generation, words)
                    rows.append({**row, "part": number or None})
        self._append(rows)
        self._level(rows)
        # An invoice that earned nothing, before the first day of commission, takes nothing back.
        earning = {line.move_id for line in originals.values() if line.res_id in states}
        return [
            line
            for line in lines
            if not matched[line.res_id] and (not line.reversed_id or line.reversed_id in earning)
        ]

    @api.model
    def _invoices_of(self, order_line_ids):
        """Ids of the posted invoices of order lines."""
        if not order_line_ids:
            return set()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT line.move_id
                  FROM sale_order_line_invoice_rel rel
                  JOIN account_move_line line ON line.id = rel.invoice_line_id
                  JOIN account_move move ON move.id = line.move_id
                 WHERE rel.order_line_id = ANY(%s) AND move.state = 'posted'
                   AND move.move_type IN ('out_invoice', 'out_receipt')
                """,
                list(order_line_ids),
            )
        )
        return {move for (move,) in rows}

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
        """What live credit notes took back of claims: {id of the first row: Taken}

        Also when the claims were of an earlier generation then.
        """
        if not states:
            return {}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT claim.id,
                       -SUM(CASE WHEN claim.base_amount = 0 THEN first.quantity ELSE first.base_amount END),
                       -SUM(first.amount), -SUM(first.amount_company), -SUM(first.amount_payee)
                  FROM o2c_commission_entry claim
                  JOIN o2c_commission_entry origin ON origin.source = claim.source
                   AND origin.source_res_id = claim.source_res_id
                   AND origin.agreement_id = claim.agreement_id AND origin.step = 0
                  JOIN o2c_commission_entry first ON first.origin_entry_id = origin.id AND first.step = 0
                 WHERE claim.id = ANY(%s)
                   AND NOT EXISTS (
                       SELECT FROM o2c_commission_entry closing
                        WHERE closing.source = first.source
                          AND closing.source_res_id = first.source_res_id
                          AND closing.agreement_id = first.agreement_id
                          AND closing.generation = first.generation
                          AND closing.part IS NOT DISTINCT FROM first.part
                          AND closing.is_closing)
                 GROUP BY claim.id
                """,
                [state.first["id"] for state in states],
            )
        )
        return {
            first_id: Taken(float(measure), pricing.Amounts(float(amount), float(company), float(payee)))
            for first_id, measure, amount, company, payee in rows
        }

    @api.model
    def _refund_row(self, line, original, state, taken, generation, words):
        """The first row of a credit note's claim."""
        first = state.first
        before = taken.get(first["id"], Taken())
        fraction = _fraction(line, original, state)
        base = float(first["base_amount"]) * fraction
        measure = before.measure + _measure(first) * fraction
        part, whole = pricing.ratio(measure, _measure(first))
        together = pricing.due_amounts(state.amounts, part, whole, state.money(self.env))
        taken[first["id"]] = Taken(measure, together)
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
            "explanation": words(payee).refund(line.name, fraction, first["name"], line.kind),
        }


def _measure(first):
    """What parts of a claim are measured by: its base, or the quantity of what has none."""
    return float(first["base_amount"]) or float(first["quantity"])


def _match(lines, originals, states, taken):
    """Which lines each credited one takes back, and how much of them: {id: [(id, untaxed amount)]}

    :param states: {id of the invoiced line: [ClaimState]}
    :param taken: {id of the first row of a claim: Taken}
    """
    by_invoice, by_order_line = defaultdict(list), defaultdict(list)
    for line in originals:
        by_invoice[line.move_id].append(line)
        by_order_line[line.order_line_id].append(line)
    together = defaultdict(list)
    for line in lines:
        together[line.reversed_id, None if line.reversed_id else line.order_line_id].append(line)
    found = {}
    for (invoice, order_line), credited in together.items():
        invoiced = by_invoice[invoice] if invoice else by_order_line[order_line]
        gone = {line.res_id: _gone(states.get(line.res_id, ()), taken) for line in invoiced}
        lines_back = [_comparable(line, -1) for line in credited]
        lines_out = [_comparable(line, 1, gone[line.res_id]) for line in invoiced]
        is_one_currency = len({line.currency_id for line in (*credited, *invoiced)}) == 1
        if not invoice and is_one_currency:
            found.update(refunds.spread(lines_back, lines_out))
            continue
        amounts = {line.key: line.untaxed for line in lines_back}
        for key, original in refunds.match(lines_back, lines_out).items():
            found[key] = [(original, amounts[key])] if original else []
    return found


def _parts(line, matched, originals):
    """The parts of a credited line, each with the line that it takes back."""
    for original, untaxed in matched:
        part = line
        if len(matched) > 1:
            fraction = pricing.decimal(untaxed) / pricing.decimal(-line.untaxed)
            quantity = float(pricing.decimal(line.quantity) * fraction)
            part = replace(line, untaxed=-untaxed, quantity=quantity)
        yield originals[original], part


def _gone(states, taken):
    """The part of an invoiced line that is credited already."""
    gone = [
        taken[state.first["id"]].measure / _measure(state.first)
        for state in states
        if state.first["id"] in taken and state.first["source"] == "invoice" and _measure(state.first)
    ]
    return max(gone, default=0.0)


def _comparable(line, sign, gone=0.0):
    price = round(line.untaxed / line.quantity, 6) if line.quantity else line.untaxed
    untaxed = sign * line.untaxed
    return refunds.Line(
        line.res_id, line.order_line_id, line.product_id, abs(price), untaxed, credited=gone * untaxed
    )


def _fraction(line, original, state):
    """How much of a claim's line goes back; of what was free that of the quantity."""
    part, whole = (line.untaxed, original.untaxed) if original.untaxed else (line.quantity, original.quantity)
    if original.untaxed and line.currency_id != original.currency_id:
        part *= original.currency_rate / line.currency_rate
    part, whole = pricing.ratio(part, whole)
    fraction = part / whole
    if state.first["source"] == "order" and state.first["quantity"]:
        fraction *= abs(original.quantity / float(state.first["quantity"]))
    return fraction
