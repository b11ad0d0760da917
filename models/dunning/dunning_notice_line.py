from odoo import fields, models

from odoo.addons.order_to_cash.algorithms import dunning


class O2cDunningNoticeLine(models.Model):
    """An overdue item that a reminder claims, or one due soon that it announces.

    The level of a receivable line, and when it was reached, are read from here: from the lines
    that have ``reached_on``. It is set when the reminder is sent, on the items that climbed.
    """

    _name = "o2c.dunning.notice.line"
    _description = "Reminder Line"
    _order = "notice_id, date_due, id"
    # Written down by the ten thousand, and no person makes one: the reminder says who made it, and each
    # reference that the database checks is felt.
    _log_access = False

    notice_id = fields.Many2one(
        "o2c.dunning.notice", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="notice_id.company_id", store=True)
    currency_id = fields.Many2one(related="notice_id.currency_id")
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    # An invoice that is reset to draft may lose its lines; the reminder that was sent stays.
    move_line_id = fields.Many2one(
        "account.move.line", string="Journal Item", index="btree_not_null", ondelete="set null"
    )
    move_id = fields.Many2one(
        "account.move", string="Invoice", index="btree_not_null", ondelete="set null"
    )
    name = fields.Char(string="Document", required=True)
    date_due = fields.Date(string="Due Date", required=True)
    level_id = fields.Many2one(
        "o2c.dunning.level",
        index="btree_not_null",
        ondelete="restrict",
        help="The level of the item with this reminder.",
    )
    previous_level_id = fields.Many2one(
        "o2c.dunning.level",
        string="Level Before",
        ondelete="restrict",
        help="The level of the item before this reminder.",
    )
    proposed_level_id = fields.Many2one(
        "o2c.dunning.level",
        ondelete="restrict",
        help="The level that the program proposed for the item.",
    )
    height = fields.Integer(
        string="Reminders Before",
        help="How many levels the item had reached before this reminder.",
    )
    reached_on = fields.Date(
        help="The date of the run whose reminder took the item to its level.",
    )
    held_back_on = fields.Date(
        help="The date of the run whose reminder left the item at its level because somebody chose "
        "a milder one. The next level waits as if the item had reached one then.",
    )
    days_overdue = fields.Integer()
    amount = fields.Monetary(string="Open Amount")
    amount_company = fields.Monetary(
        string="Open Amount (Company Currency)", currency_field="company_currency_id"
    )
    books = fields.Monetary(
        string="Open in the Books",
        help="What the books showed as open when the reminder was proposed. It differs from the "
        "open amount when a run of a past date is repeated.",
    )

    fee = fields.Monetary(help="For reaching its level.")
    interest = fields.Monetary()
    interest_from = fields.Date(
        help="The day after which interest was charged, once the reminder is sent.",
    )
    interest_to = fields.Date(
        help="The day up to which interest was charged or waived; it is not charged again.",
    )

    _once_a_notice = models.UniqueIndex(
        "(notice_id, move_line_id)",
        "An item is on a reminder once.",
    )
    _once_a_level = models.UniqueIndex(
        "(move_line_id, level_id) WHERE reached_on IS NOT NULL",
        "The customer has already been reminded of this item at this level.",
    )
    # Interest always begins where it ended: two reminders that charge the same days begin alike.
    _once_a_day_of_interest = models.UniqueIndex(
        "(move_line_id, interest_from) WHERE interest_from IS NOT NULL",
        "Interest on this item has already been charged for these days.",
    )

    def action_open_document(self):
        """Open the invoice of this line."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }

    def _as_proposed_lines(self):
        """These lines as :class:`dunning.ProposedLine`."""
        return [
            dunning.ProposedLine(
                key=line.move_line_id.id,
                amount=line.amount,
                books=line.books,
                height=line.height,
                # An item that is held back is reminded of all the same.
                climbs=line._climbs() or line._is_held_back(),
            )
            for line in self
        ]

    def _climbs(self):
        """Whether the item reaches its level with this reminder."""
        self.ensure_one()
        return self.level_id != self.previous_level_id

    def _is_held_back(self):
        """Whether the item stays at its level because somebody chose a milder reminder."""
        self.ensure_one()
        return (
            bool(self.proposed_level_id)
            and self.proposed_level_id != self.level_id
            and not self._climbs()
        )

    def _set_climbs(self, climbs, policy):
        """Let the item reach the level after its own, or stay.

        :param policy: its policy, if nothing on the line tells
        """
        self.ensure_one()
        known = self.proposed_level_id or self.previous_level_id
        levels = (known.policy_id or policy).level_ids
        level = self.previous_level_id
        if climbs:
            level = self.proposed_level_id
            if level == self.previous_level_id:
                level = levels[self.height : self.height + 1] or level
        if self.level_id != level:
            self.level_id = level

    def _due_now(self, remaining):
        """What of these lines has to be paid, see :func:`dunning.reconsider`: all that is overdue
        and, where an item climbs before its due date, what is due soon as well."""
        soon = self.filtered(lambda line: line.days_overdue <= 0)
        lines = self - soon
        if any(remaining.get(line.move_line_id.id, (0.0, False))[1] for line in soon):
            lines = self
        return sum(remaining.get(line.move_line_id.id, (0.0, False))[0] for line in lines)

    def _keep(self, remaining):
        """Bring these lines in line with ``remaining``, see :func:`dunning.reconsider`.

        :return: the lines that fall out
        """
        gone = self.filtered(lambda line: line.move_line_id.id not in remaining)
        for line in self - gone:
            amount, climbs = remaining[line.move_line_id.id]
            if not climbs:
                line.previous_level_id = line.proposed_level_id = line.level_id
            if line.currency_id.compare_amounts(line.amount, amount):
                # The amount in company currency shrinks in proportion.
                line.amount_company = line.company_currency_id.round(
                    line.amount_company * amount / line.amount
                )
                line.amount = amount
        return gone
