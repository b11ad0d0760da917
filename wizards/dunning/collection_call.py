from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.order_to_cash.models.dunning.collection_contact import OUTCOMES


class O2cCollectionCall(models.TransientModel):
    """The dialog that logs a call and what came of it."""

    _name = "o2c.collection.call"
    _description = "Log a Call"

    partner_id = fields.Many2one("res.partner", string="Customer", required=True, readonly=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company.root_id
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    phone = fields.Char(related="partner_id.phone")
    overdue = fields.Monetary(compute="_compute_figures")
    to_chase = fields.Monetary(compute="_compute_figures")
    invoice_ids = fields.Many2many("account.move", compute="_compute_figures")
    contact_id = fields.Many2one(
        "res.partner",
        string="Talked To",
        domain="[('id', 'child_of', partner_id)]",
        help="Empty: the customer's main number.",
    )
    outcome = fields.Selection(OUTCOMES, required=True, default="reached")
    note = fields.Text()
    next_contact_on = fields.Date(
        string="Next Contact", help="Until this day the customer is not on the worklist."
    )
    promise_amount = fields.Monetary(string="Promised Amount")
    promise_date = fields.Date(string="Pays By")
    dispute_invoice_id = fields.Many2one("account.move", string="Disputed Invoice")
    dispute_currency_id = fields.Many2one(
        related="dispute_invoice_id.currency_id", string="Currency of the Invoice"
    )
    dispute_amount = fields.Monetary(
        string="Disputed Amount",
        currency_field="dispute_currency_id",
        help="In the currency of the invoice.",
    )
    dispute_category = fields.Selection(
        selection=lambda self: self.env["o2c.payment.dispute"]
        ._fields["category"]
        ._description_selection(self.env),
        string="Kind of Dispute",
        default="other",
    )

    @api.depends("partner_id", "company_id")
    def _compute_figures(self):
        for call in self:
            account = call._account()
            call.overdue = account.overdue
            call.to_chase = account.to_chase
            call.invoice_ids = account.item_ids.filtered(
                lambda item: item.residual > 0
            ).move_id.filtered(lambda move: move.is_sale_document(include_receipts=True))

    @api.onchange("outcome")
    def _onchange_outcome(self):
        if self.outcome == "promised" and not self.promise_amount:
            self.promise_amount = self.to_chase

    @api.onchange("promise_date")
    def _onchange_promise_date(self):
        if self.outcome == "promised" and not self.next_contact_on:
            self.next_contact_on = self.promise_date and fields.Date.add(self.promise_date, days=1)

    @api.onchange("dispute_invoice_id")
    def _onchange_dispute_invoice_id(self):
        self.dispute_amount = self.dispute_invoice_id.amount_residual

    def action_log(self):
        """Log the call; make the promise or the dispute that came of it."""
        self.ensure_one()
        self._check_complete()
        self.env["o2c.collection.contact"].create({
            "partner_id": self.partner_id.id,
            "company_id": self.company_id.id,
            "contact_id": self.contact_id.id,
            "outcome": self.outcome,
            "note": self.note,
            "next_contact_on": self.next_contact_on,
            "overdue": self._account().overdue,
            "promise_id": self._make_promise().id,
            "dispute_id": self._make_dispute().id,
        })
        return {"type": "ir.actions.act_window_close"}

    def _account(self):
        self.ensure_one()
        # The family of the call, whichever companies the user has chosen meanwhile.
        Account = self.env["o2c.collection.account"].with_company(self.company_id)
        return Account._of(self.partner_id.commercial_partner_id, self.company_id)

    def _check_complete(self):
        if self.outcome == "promised" and not (self.promise_amount > 0 and self.promise_date):
            raise UserError(
                self.env._("Enter the amount that was promised and the day by which it is paid.")
            )
        if self.outcome == "disputed" and not (
            self.dispute_invoice_id and self.dispute_amount > 0 and self.note
        ):
            raise UserError(
                self.env._(
                    "Choose the disputed invoice and the disputed amount, and write down what the "
                    "customer says."
                )
            )

    def _make_promise(self):
        Promise = self.env["o2c.payment.promise"]
        if self.outcome != "promised":
            return Promise
        return Promise.create({
            "partner_id": self.partner_id.id,
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "amount": self.promise_amount,
            "date": self.promise_date,
            "note": self.note,
        })

    def _make_dispute(self):
        Dispute = self.env["o2c.payment.dispute"]
        if self.outcome != "disputed":
            return Dispute
        return Dispute.create({
            "invoice_id": self.dispute_invoice_id.id,
            "amount": self.dispute_amount,
            "category": self.dispute_category or "other",
            "reason": self.note,
        })
