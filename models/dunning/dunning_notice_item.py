from odoo import fields, models
from odoo.fields import Domain

from .dunning_stop import KINDS


class O2cDunningNoticeItem(models.Model):
    """An open item, or part of one, that a reminder mentions but does not claim, since something
    stops that: a dispute, a promise, a block. Written down with the reminder, so that its letter stays as it
    was."""

    _name = "o2c.dunning.notice.item"
    _description = "Item Not Claimed"
    _order = "notice_id, date_due, id"

    notice_id = fields.Many2one(
        "o2c.dunning.notice", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="notice_id.company_id", store=True)
    currency_id = fields.Many2one(related="notice_id.currency_id")
    move_line_id = fields.Many2one(
        "account.move.line", string="Journal Item", index="btree_not_null", ondelete="set null"
    )
    move_id = fields.Many2one(
        "account.move", string="Invoice", index="btree_not_null", ondelete="set null"
    )
    name = fields.Char(string="Document", required=True)
    date_due = fields.Date(string="Due Date", required=True)
    kind = fields.Selection(KINDS, string="Why", required=True)
    until = fields.Date(help="The last day on which it is not claimed.")
    amount = fields.Monetary(string="Not Claimed")
    is_part = fields.Boolean(
        string="Part", help="The rest of the document is claimed, or not claimed otherwise."
    )


class O2cDunningNotice(models.Model):
    _inherit = "o2c.dunning.notice"

    item_ids = fields.One2many("o2c.dunning.notice.item", "notice_id", string="Items Not Claimed")
    total_stopped = fields.Monetary(
        string="Not Claimed",
        readonly=True,
        help="What the customer has open besides: disputed, promised, blocked. It is no part of "
        "the balance.",
    )
    has_broken_promise = fields.Boolean(
        string="Broken Promise",
        readonly=True,
        help="The customer promised to pay by a day that has passed, and did not.",
    )

    fell_out = fields.Boolean(
        readonly=True, copy=False, help="Skipped by the program when it was to be sent."
    )

    def _is_skipped_by_hand(self):
        self.ensure_one()
        return self.state == "skipped" and not self.fell_out

    def _list_stopped(self, parts):
        """Write down what these reminders, of one run, do not claim.

        :param parts: list of :class:`dunning_stops.StoppedPart`
        """
        notices = {(notice.partner_id.id, notice.currency_id.id): notice for notice in self}
        parts = [part for part in parts if (part.item.customer, part.item.currency) in notices]
        Item, Line = self.env["o2c.dunning.notice.item"], self.env["o2c.dunning.notice.line"]
        Item.search([("notice_id", "in", self.ids)]).unlink()
        move_lines = {
            line.id: line for line in self._move_lines({part.item.key for part in parts})
        }
        totals = dict.fromkeys(self, 0.0)
        stopped = dict.fromkeys(move_lines, 0.0)
        vals_list = []
        for part in parts:
            notice = notices[part.item.customer, part.item.currency]
            move_line = move_lines[part.item.key]
            totals[notice] += part.amount
            stopped[part.item.key] += part.amount
            vals_list.append({
                "notice_id": notice.id,
                "move_line_id": move_line.id,
                "move_id": move_line.move_id.id,
                "name": move_line._o2c_document_name(),
                "date_due": part.item.due,
                "kind": part.kind,
                "until": part.until,
                "amount": part.amount,
                "is_part": bool(
                    notice.currency_id.compare_amounts(part.amount, part.item.residual)
                ),
            })
        Item.create(vals_list)
        for notice, total in totals.items():
            total = notice.currency_id.round(total)
            if notice.currency_id.compare_amounts(notice.total_stopped, total):
                notice.total_stopped = total
        # A proposal of a hundred thousand lines reads those that something stops, and no others.
        for line in Line.search(
            Domain("notice_id", "in", self.ids)
            & (Domain("move_line_id", "in", list(stopped)) | Domain("amount_stopped", ">", 0)),
            order="id",
        ):
            amount = line.currency_id.round(stopped.get(line.move_line_id.id, 0.0))
            if line.currency_id.compare_amounts(line.amount_stopped, amount):
                line.amount_stopped = amount


class O2cDunningNoticeLine(models.Model):
    _inherit = "o2c.dunning.notice.line"

    amount_stopped = fields.Monetary(
        string="Not Claimed",
        readonly=True,
        help="What else is open of the document: disputed or promised.",
    )
