"""What deliveries earn, and what returned and credited goods take back of it."""

from collections import defaultdict
from dataclasses import dataclass

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.commission import pricing, returns

from . import claim_state, sale_line
from .crediting import Crediting
from .locks import lock
from .tally import claim_key

# Of bases, costs and quantities.
DIGITS = 4
NOTHING = pricing.Amounts()


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What returns and credit notes have taken back of a claim on a delivery, without sign against it."""

    quantity: float = 0.0
    amounts: pricing.Amounts = NOTHING
    base: float = 0.0
    base_company: float = 0.0
    cost: float = 0.0


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    def _accrue_deliveries(self, moves):
        """Write down what goods earn that have left, where deliveries earn it; returned ones take it back.

        :param moves: ``stock.move``, also such as earn nothing
        """
        moves._o2c_count_kits()
        lines = sale_line.delivery_lines(self.env, moves)
        states = claim_state.load(self.env, "delivery", [line.res_id for line in lines])
        known = {state.line for state in states}
        delivered = [line for line in lines if line.kind == "delivery" and line.res_id not in known]
        self._accrue_goods(delivered)
        came_back = [line for line in lines if line.kind == "return"]
        self._take_goods_back({line.order_line_id for line in lines}, came_back)
        self._refresh_progress(moves.sale_line_id)

    @api.model
    def _accrue_goods(self, lines):
        splits = self._splits({line.order_line_id for line in lines})
        shares = {(line.source, line.res_id): splits.get(line.order_line_id, []) for line in lines}
        credited = [
            row for row in Crediting(self.env).credited(lines, shares) if row.trigger == "delivery"
        ]
        tallies = self._load_tallies([row.claim for row in credited])
        self._append(self._first_rows(credited, tallies, "accrue", {}))

    # ------------------------------------------------------------------
    # Returned and credited
    # ------------------------------------------------------------------

    @api.model
    def _take_goods_back(self, order_line_ids, causes, without=None):
        """Bring what deliveries of order lines have earned to what is neither returned nor credited.

        It is the state of the order line that counts, not the order of events: goods that came back and are
        credited are taken back once (:func:`returns.taken_back`), on the rule, rate, cost and split of their
        delivery. A return that does not say what it brings back is one of the latest deliveries.

        :param causes: the :class:`SaleLine` of returns or credit notes that happened just now
        :param without: ``account.move``, invoices and credit notes that are about not to be posted any more
        """
        plans = self.env["o2c.commission.plan"]._catalog().plans.values()
        if not order_line_ids or all(plan.trigger != "delivery" for plan in plans):
            return
        claims = self._deliveries_of(list(order_line_ids))
        if not claims:
            return
        order_lines = self.env["sale.order.line"].browse({claim.first["order_line_id"] for claim in claims})
        goods = sale_line.delivery_lines(self.env, order_lines.move_ids)
        bills = self._bills_of(order_lines, without)
        gone = _gone(goods, bills)
        cause_of = _Causes(goods, bills, causes)
        taken = self._taken_of_deliveries(claims)
        words = self._words()
        found = [
            self._goods_row(claim, *gone[claim.line], taken.get(claim.first["id"], TakenBack()), cause, words)
            for claim in claims
            if claim.line in gone and (cause := cause_of(claim))
        ]
        self._append_goods([row for row in found if row])

    @api.model
    def _take_goods_back_without(self, moves):
        """Bring deliveries to what they have earned without documents that are to be posted no more.

        :param moves: ``account.move``, still posted
        """
        lines = [line for line in sale_line.invoice_lines(self.env, moves) if line.order_line_id]
        self._take_goods_back(
            {line.order_line_id for line in lines}, [line for line in lines if line.is_credit], moves
        )

    @api.model
    def _bills_of(self, order_lines, without):
        """Lines of posted invoices and credit notes of order lines: list of :class:`SaleLine`"""
        moves = order_lines.invoice_lines.move_id
        if without:
            moves -= without
        lines = sale_line.invoice_lines(
            self.env, moves.filtered(lambda move: move._o2c_earns_commission())
        )
        wanted = set(order_lines.ids)
        return [line for line in lines if line.order_line_id in wanted]

    @api.model
    def _taken_of_deliveries(self, claims):
        """What is taken back of claims on deliveries by now: {id of the first row: TakenBack}"""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT claim.id, -SUM(entry.quantity), -SUM(entry.amount), -SUM(entry.amount_company),
                       -SUM(entry.amount_payee), -SUM(entry.base_amount), -SUM(entry.base_company),
                       -SUM(entry.cost)
                  FROM o2c_commission_entry claim
                  JOIN o2c_commission_entry entry ON entry.origin_entry_id = claim.id
                 WHERE claim.id = ANY(%s) AND entry.kind <> 'adjust'
                   AND (entry.source, entry.source_res_id) <> (claim.source, claim.source_res_id)
                 GROUP BY claim.id
                """,
                [claim.first["id"] for claim in claims],
            )
        )
        return {
            first_id: TakenBack(quantity, pricing.Amounts(*amounts[:3]), *amounts[3:])
            for first_id, quantity, *amounts in (
                (row[0], *(float(value or 0.0) for value in row[1:])) for row in rows
            )
        }

    @api.model
    def _goods_row(self, claim, gone, delivered, before, cause, words):
        """The row by which a return or credit note takes back what it must, none where nothing changes.

        :param gone: how much of what was ``delivered`` is returned or credited by now
        """
        first = claim.first
        part, whole = pricing.ratio(gone, delivered)
        after = TakenBack(
            gone,
            pricing.due_amounts(claim.amounts, part, whole, claim.money(self.env)),
            *(
                float(first[name] or 0.0) * gone / delivered
                for name in ("base_amount", "base_company", "cost")
            ),
        )
        amounts = pricing.minus(before.amounts, after.amounts)
        base_company = round(before.base_company - after.base_company, DIGITS)
        if not amounts and not base_company:
            return None
        quantity = round(before.quantity - after.quantity, DIGITS)
        is_return = cause.source == "delivery"
        payee = self.env["res.partner"].browse(first["payee_id"])
        return self._follow(
            first,
            None,
            "reverse" if quantity < 0 else "accrue",
            amounts,
            name=cause.name,
            date=cause.date if quantity < 0 else self._today(first["company_id"]),
            source=cause.source,
            source_res_id=cause.res_id,
            generation=0,
            move_line_id=None if is_return else cause.res_id,
            move_id=cause.move_id,
            stock_move_id=cause.res_id if is_return else first["stock_move_id"],
            base_amount=round(before.base - after.base, DIGITS),
            base_company=base_company,
            quantity=quantity,
            cost=round(before.cost - after.cost, DIGITS),
            explanation=_why(words(payee), cause, quantity, delivered, first["name"]),
        )

    @api.model
    def _append_goods(self, rows):
        """Add rows of returns and credit notes as the next steps of these; the first is that of a claim."""
        if not rows:
            return
        # Who returns goods while they are credited starts over on what is written down by then.
        lock(self.env["sale.order.line"].browse({row["order_line_id"] for row in rows}))
        steps = defaultdict(int, self._last_steps(rows))
        for row in rows:
            event = claim_key(row)
            steps[event] += 1
            row["step"] = steps[event]
        self._append(rows)
        self._level(rows)


class _Causes:
    """Finds the return or credit note that takes a claim back: the latest of just now, else of all."""

    def __init__(self, goods, bills, causes):
        self.latest = {}
        self.returns = {}
        for line in sorted([*goods, *bills], key=lambda line: (line.date, line.res_id)):
            if line.kind == "return" or line.is_credit:
                self.latest[line.order_line_id] = line
        for line in causes:
            self.latest[line.order_line_id] = line
            if line.source == "delivery":
                self.returns[line.reversed_id] = line

    def __call__(self, claim):
        return self.returns.get(claim.line) or self.latest.get(claim.first["order_line_id"])


def _gone(goods, bills):
    """{id of a delivery: (quantity returned or credited, quantity delivered)}, in products' units"""
    moved, invoiced, credited = defaultdict(list), defaultdict(list), defaultdict(list)
    for line in goods:
        moved[line.order_line_id].append(returns.Goods(line.res_id, line.quantity, line.reversed_id))
    for line in bills:
        (credited if line.is_credit else invoiced)[line.order_line_id].append(line)
    gone = {}
    for order_line, found in moved.items():
        sold = [line for line in invoiced[order_line] if line.quantity > 0]
        taken = returns.taken_back(
            found,
            sum(line.quantity for line in sold),
            sum(_worth(line, sold) for line in credited[order_line]),
        )
        gone.update({one.key: (taken[one.key], one.quantity) for one in found if one.key in taken})
    return gone


def _worth(line, sold):
    """How much of what was invoiced a credited line is worth: half the price of all is half of it."""
    lines = [other for other in sold if other.move_id == line.reversed_id] or sold
    is_other = any(other.currency_id != line.currency_id for other in lines)
    price = sum(_value(other, is_other) for other in lines)
    if price <= 0:
        return -line.quantity
    return -_value(line, is_other) / price * sum(other.quantity for other in lines)


def _value(line, in_company):
    return line.untaxed / line.currency_rate if in_company else line.untaxed


def _why(say, cause, quantity, delivered, original):
    if quantity > 0:
        return say.taken_back_less(cause.name, quantity, original)
    if cause.source == "delivery":
        return say.returned(cause.name, -quantity, original)
    return say.refund(cause.name, -quantity / delivered, original, cause.kind)
