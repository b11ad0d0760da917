from odoo import fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    o2c_dunning_policy_id = fields.Many2one(
        "o2c.dunning.policy",
        string="Dunning Policy",
        copy=False,
        check_company=True,
        groups="base.group_user",
        help="How the customer is reminded of this invoice. Empty: as of any other.",
    )
    o2c_dunning_notice_count = fields.Integer(
        string="Reminders",
        compute="_compute_o2c_dunning_notice_count",
        groups="base.group_user",
    )

    def _compute_o2c_dunning_notice_count(self):
        Line = self.env["o2c.dunning.notice.line"]
        self.o2c_dunning_notice_count = 0
        if not Line.has_access("read"):
            return
        counts = dict(
            Line._read_group(
                [("move_id", "in", self.ids)], ["move_id"], ["notice_id:count_distinct"]
            )
        )
        for move in self:
            move.o2c_dunning_notice_count = counts.get(move._origin, 0)

    def action_o2c_view_dunning_notices(self):
        """Open the reminders that this invoice was on."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "order_to_cash.o2c_dunning_notice_action"
        )
        action["domain"] = [("line_ids.move_id", "=", self.id)]
        action["context"] = {}
        return action

    def _o2c_is_claim(self):
        """Whether this is a document by which a customer owes: an invoice or a receipt."""
        self.ensure_one()
        return self.move_type in ("out_invoice", "out_receipt")

    def _post(self, soft=True):
        posted = super()._post(soft)
        invoices = posted.filtered(
            lambda move: move.move_type == "out_invoice" and move.company_id.o2c_use_dunning
        )
        if invoices:
            # sudo: who posts an invoice need not have any right on reminders.
            charges = self.env["o2c.dunning.notice"].sudo().search([
                ("charge_move_id", "in", invoices.ids)
            ]).charge_move_id
            # A draft that was edited may have new lines.
            charges.with_env(self.env).filtered(lambda move: not move.no_followup).no_followup = True
        posted._o2c_refresh_promises()
        return posted

    def button_draft(self):
        result = super().button_draft()
        self._o2c_refresh_promises()
        return result

    def _o2c_refresh_promises(self):
        """A payment that is allocated to nothing yet keeps a promise, too: see how they stand."""
        payments = self.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
            and line.balance < 0
            and line.company_id.o2c_use_dunning
        )
        if payments:
            self.env["o2c.payment.promise"]._refresh_paid(payments.partner_id.commercial_partner_id)

    def _invoice_paid_hook(self):
        result = super()._invoice_paid_hook()
        self._o2c_settle_dunning()
        return result

    def _o2c_settle_dunning(self):
        """Something of these documents was settled: close their reminders and disputes where
        nothing is open any more."""
        # sudo: who registers a payment need not have any right on reminders.
        moves = self.filtered(lambda move: move.sudo().company_id.o2c_use_dunning)
        if not moves:
            return
        self.env["o2c.dunning.notice"].sudo()._mark_settled([("line_ids.move_id", "in", moves.ids)])
        over = moves.filtered(
            lambda move: move.payment_state in ("paid", "in_payment", "reversed")
        )
        if over:
            self.env["o2c.payment.dispute"]._close(over, self.env._("The invoice is settled."))
