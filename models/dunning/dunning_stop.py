from collections import defaultdict
from dataclasses import dataclass, field

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.order_to_cash.algorithms import dunning, dunning_stops, payment_promise

# How the letter calls what is not claimed; the keys of :class:`dunning_stops.Stop`.
KINDS = [
    ("disputed", "Disputed"),
    ("promised", "Promised"),
    ("blocked", "Blocked"),
    ("paying", "Payment in Process"),
    ("discount", "Cash Discount to Decide"),
    ("excluded", "Not Followed Up"),
]


@dataclass(frozen=True, slots=True)
class Stops:
    """What stops dunning on a day: the stops, the recipients with a broken promise, and how each
    promise stands by its id."""

    stops: list[dunning_stops.Stop]
    broken: frozenset[int] = frozenset()
    outcomes: dict[int, payment_promise.Outcome] = field(default_factory=dict)


class O2cDunningStop(models.AbstractModel):
    """Gathers what stops dunning: what core marks, blocks, disputes and promises."""

    _name = "o2c.dunning.stop"
    _description = "What Stops Dunning"

    @api.model
    def _gather(self, company, date, rows):
        """What stops dunning of open items on ``date``, by a number of queries that does not grow
        with them.

        :param company: whose items these are, or its branches'
        :param rows: the open items as dicts of ``id``, ``move``, ``company``, ``debtor`` (the
            commercial partner), ``customer`` (who is written to for him), ``due`` and ``stop`` (the
            kind of stop that core's own fields mean, None for none)
        :return: :class:`Stops`
        """
        # sudo: what stops dunning does so whoever looks; nothing of it is shown here.
        gatherer = self.sudo()
        rows = sorted(rows, key=lambda row: (row["due"], row["id"]))
        index = _Index(rows)
        scope = gatherer._company_scopes(company)
        promised, broken, outcomes = gatherer._promises(date, index, scope)
        stops = [
            dunning_stops.Stop(kind=row["stop"], items=(row["id"],))
            for row in rows
            if row["stop"]
        ]
        stops += gatherer._blocks(date, index, scope)
        stops += gatherer._disputes(date, index, scope)
        stops += gatherer._late_discounts(date, index, scope)
        return Stops(stops=stops + promised, broken=broken, outcomes=outcomes)

    @api.model
    def _claimed(self, lines, companies):
        """Those of these open items of which something is claimed today.

        :param lines: receivable ``account.move.line``, all that their customers have open
        :param companies: the roots of the company families that they belong to
        """
        kept = lines.browse()
        for root in companies:
            mine = lines.filtered(lambda line, root=root: line.company_id.root_id == root)
            rows, items = [], []
            for line in mine:
                debtor = line.partner_id.commercial_partner_id
                values = {
                    "customer": (debtor.o2c_payer_id or debtor).id,
                    "due": line.date_maturity or line.date,
                }
                rows.append({
                    **values,
                    "id": line.id,
                    "move": line.move_id.id,
                    "company": line.company_id.id,
                    "debtor": debtor.id,
                    "stop": None,
                })
                items.append(dunning.OpenItem(
                    **values,
                    key=line.id,
                    currency=line.currency_id.id,
                    residual=line.amount_residual_currency,
                    residual_company=line.amount_residual,
                ))
            left, _parts = dunning_stops.apply(
                items,
                self._gather(root, root._o2c_today(), rows).stops,
                {currency.id: currency.round for currency in mine.currency_id},
                root.currency_id.round,
            )
            kept |= kept.browse(item.key for item in left)
        return kept

    def _company_scopes(self, companies):
        """{id of a company: ids of it and its branches}, of the families of ``companies``."""
        families = self.env["res.company"].with_context(active_test=False).search(
            [("id", "child_of", companies.root_id.ids)]
        )
        scopes = defaultdict(set)
        for member in families:
            for parent in member.parent_ids:
                scopes[parent.id].add(member.id)
        return scopes

    def _blocks(self, date, index, scope):
        Block = self.env["o2c.dunning.block"]
        blocks = Block.search(
            Block._in_force_domain(date) & Domain("company_id", "in", list(scope))
        )
        return [
            dunning_stops.Stop(
                kind="blocked",
                items=index.keys(
                    block.partner_id.commercial_partner_id.id,
                    block.invoice_id.ids,
                    scope[block.company_id.id],
                ),
                until=block.date_to or None,
            )
            for block in blocks
        ]

    def _disputes(self, date, index, scope):
        Dispute = self.env["o2c.payment.dispute"]
        disputes = Dispute.search(
            Dispute._open_domain(date) & Domain("company_id", "in", list(scope)), order="id"
        )
        return [
            dunning_stops.Stop(
                kind="disputed",
                items=index.keys(False, dispute.invoice_id.ids, scope[dispute.company_id.id]),
                amount=dispute.amount,
            )
            for dispute in disputes
        ]

    def _late_discounts(self, date, index, scope):
        """What customers took off, as long as nobody has claimed or granted it."""
        waiting = self.env["o2c.late.discount"].search(
            (
                Domain("state", "=", "open")
                | Domain("decided_on", ">=", fields.Date.add(date, days=1))
            )
            & (Domain("paid_on", "=", False) | Domain("paid_on", "<=", date))
            & Domain("company_id", "in", list(scope)),
            order="id",
        )
        return [
            dunning_stops.Stop(
                kind="discount",
                items=index.keys(False, late.move_id.ids, scope[late.company_id.id]),
                amount=late.amount,
            )
            for late in waiting
        ]

    def _promises(self, date, index, scope):
        """The promises that are not due yet, as stops; who has broken one and not paid; and how
        each stands."""
        Promise = self.env["o2c.payment.promise"]
        promises = Promise.search(
            Promise._known_domain(date) & Domain("company_id", "in", list(scope)),
            order="date, id",
        )
        outcomes = promises._evaluate(date)
        stops, broken = [], set()
        for promise in promises:
            outcome = outcomes[promise.id]
            items = index.keys(
                promise.partner_id.commercial_partner_id.id,
                promise.invoice_ids.ids,
                scope[promise.company_id.id],
            )
            if outcome.state == payment_promise.BROKEN and outcome.paid < promise.amount and items:
                customer = promise.partner_id.commercial_partner_id
                broken.add((customer.o2c_payer_id or customer).id)
            elif outcome.state == payment_promise.OPEN:
                stops.append(
                    dunning_stops.Stop(
                        kind="promised",
                        items=items,
                        amount=promise.amount - outcome.in_time,
                        currency=promise.currency_id.id,
                        rate=promise._rate(),
                        until=promise.date,
                    )
                )
        return stops, frozenset(broken), outcomes


class _Index:
    """Finds the keys of open items, the oldest due date first."""

    def __init__(self, rows):
        self.by_customer = defaultdict(list)
        self.by_move = defaultdict(list)
        for row in rows:
            self.by_move[row["move"]].append(row)
            for customer in {row["debtor"], row["customer"]}:
                self.by_customer[customer].append(row)

    def keys(self, customer, moves, companies):
        """The items of these invoices, or else all of the customer, in these companies."""
        if moves:
            rows = [row for move in moves for row in self.by_move[move]]
            rows.sort(key=lambda row: (row["due"], row["id"]))
        else:
            rows = self.by_customer[customer]
        return tuple(row["id"] for row in rows if row["company"] in companies)
