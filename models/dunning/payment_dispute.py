from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

ACTIVITY = "mail.mail_activity_data_todo"
DAYS = 14


class O2cPaymentDispute(models.Model):
    """A customer refuses to pay an invoice, or part of it. While the dispute is open, nobody
    reminds him of that part."""

    _name = "o2c.payment.dispute"
    _description = "Payment Dispute"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _mail_post_access = "read"
    _order = "state, deadline, id desc"
    _check_company_auto = True

    invoice_id = fields.Many2one(
        "account.move",
        required=True,
        index=True,
        ondelete="cascade",
        domain="[('move_type', 'in', ('out_invoice', 'out_receipt')), ('state', '=', 'posted'), "
        "('amount_residual', '>', 0)]",
    )
    partner_id = fields.Many2one(
        related="invoice_id.commercial_partner_id", string="Customer", store=True, index=True
    )
    company_id = fields.Many2one(related="invoice_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="invoice_id.currency_id", store=True)
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    residual = fields.Monetary(related="invoice_id.amount_residual", string="Open on the Invoice")
    amount = fields.Monetary(
        required=True,
        tracking=True,
        compute="_compute_amount",
        store=True,
        readonly=False,
        precompute=True,
        help="The disputed part of what is open, in the currency of the invoice.",
    )
    amount_company = fields.Monetary(
        string="Amount (Company Currency)",
        currency_field="company_currency_id",
        compute="_compute_amount_company",
        store=True,
        help="At the rate of the invoice.",
    )
    category = fields.Selection(
        [
            ("quality", "Goods Damaged or Defective"),
            ("quantity", "Goods Missing or Wrong"),
            ("price", "Price or Discount"),
            ("delivery", "Late Delivery"),
            ("invoice", "Error on the Invoice"),
            ("paid", "Paid Already"),
            ("other", "Other"),
        ],
        string="Kind",
        required=True,
        default="other",
        tracking=True,
    )
    reason = fields.Text(required=True, help="What the customer says.")
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        tracking=True,
        compute="_compute_user_id",
        store=True,
        readonly=False,
        precompute=True,
        index=True,
        domain="[('share', '=', False)]",
        help="Who sees to it that the dispute is resolved.",
    )
    deadline = fields.Date(
        tracking=True, default=lambda self: self._default_deadline(), index=True
    )
    is_late = fields.Boolean(
        string="Past Its Deadline", compute="_compute_is_late", search="_search_is_late"
    )
    state = fields.Selection(
        [("open", "Open"), ("resolved", "Resolved")],
        default="open",
        required=True,
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    opened_on = fields.Date(
        required=True, default=lambda self: self.env.company._o2c_today(), copy=False
    )
    resolved_on = fields.Date(readonly=True, copy=False)
    resolved_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    resolution = fields.Text(
        tracking=True, copy=False, help="What was agreed on. It stays with the invoice."
    )

    @api.model
    def _default_deadline(self):
        return self.env.company._o2c_today() + timedelta(days=DAYS)

    @api.depends("invoice_id")
    def _compute_amount(self):
        disputed = self._disputed_by_invoice(self.invoice_id._origin)
        for dispute in self:
            invoice = dispute.invoice_id
            dispute.amount = dispute.amount or max(
                invoice.amount_residual - disputed.get(invoice._origin.id, 0.0), 0.0
            )

    @api.depends("amount", "invoice_id")
    def _compute_amount_company(self):
        for dispute in self:
            rate = dispute.invoice_id.invoice_currency_rate or 1.0
            dispute.amount_company = dispute.company_currency_id.round(dispute.amount / rate)

    @api.depends("invoice_id")
    def _compute_user_id(self):
        for dispute in self:
            if dispute.user_id:
                continue
            candidates = (
                self.env.user,
                dispute.invoice_id.invoice_user_id,
                dispute.company_id.sudo().o2c_collector_id,
            )
            dispute.user_id = next(
                (user for user in candidates if user.active and not user.share), False
            )

    @api.depends("state", "deadline")
    def _compute_is_late(self):
        today = self.env.company._o2c_today()
        for dispute in self:
            dispute.is_late = (
                dispute.state == "open" and bool(dispute.deadline) and dispute.deadline < today
            )

    def _search_is_late(self, operator, value):
        if operator != "in":
            return NotImplemented
        late = Domain("state", "=", "open") & Domain(
            "deadline", "<", self.env.company._o2c_today()
        )
        return (late if True in value else Domain.FALSE) | (
            ~late if False in value else Domain.FALSE
        )

    @api.depends("invoice_id")
    def _compute_display_name(self):
        for dispute in self:
            dispute.display_name = self.env._(
                "Dispute of %(invoice)s", invoice=dispute.invoice_id.name or ""
            )

    @api.constrains("invoice_id", "amount", "state")
    def _check_amount(self):
        disputed = self._disputed_by_invoice(self.invoice_id)
        for dispute in self.filtered(lambda dispute: dispute.state == "open"):
            # sudo: how much is open of the invoice, for the check only.
            invoice = dispute.invoice_id.sudo()
            if not invoice._o2c_is_claim() or invoice.state != "posted":
                raise ValidationError(
                    self.env._(
                        "%(document)s cannot be disputed: only posted invoices can.",
                        document=invoice.display_name,
                    )
                )
            if invoice.currency_id.compare_amounts(dispute.amount, 0.0) <= 0:
                raise ValidationError(
                    self.env._(
                        "%(document)s: nothing is left to dispute, or the disputed amount is not "
                        "above zero.",
                        document=invoice.display_name,
                    )
                )
            if invoice.currency_id.compare_amounts(
                disputed[invoice.id], invoice.amount_residual
            ) > 0:
                raise ValidationError(
                    self.env._(
                        "%(document)s: %(disputed)s would be disputed, but only %(open)s is open.",
                        document=invoice.display_name,
                        disputed=invoice.currency_id.format(disputed[invoice.id]),
                        open=invoice.currency_id.format(invoice.amount_residual),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        disputes = super().create(vals_list)
        disputes.invoice_id.check_access("read")
        disputes.company_id.sudo()._o2c_check_dunning_is_on()
        disputes.filtered(lambda dispute: dispute.state == "open")._plan_activities()
        return disputes

    def write(self, vals):
        if vals.get("state") == "resolved":
            vals = {"resolved_by_id": self.env.uid, **vals}
            if "resolved_on" not in vals:
                vals["resolved_on"] = self.env.company._o2c_today()
        elif vals.get("state") == "open":
            vals = {**vals, "resolved_on": False, "resolved_by_id": False}
        result = super().write(vals)
        if {"user_id", "deadline", "state"} & vals.keys():
            # sudo: the activity is another person's, who may have it only because of the dispute.
            self.sudo().activity_unlink([ACTIVITY])
            self.filtered(lambda dispute: dispute.state == "open")._plan_activities()
        return result

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_resolve(self):
        """Close these disputes: what is still open of them is claimed again."""
        self._check_may_decide()
        for dispute in self.filtered(lambda dispute: dispute.state == "open"):
            if not dispute.resolution:
                raise UserError(
                    self.env._(
                        "%(dispute)s: write down first how it was resolved.",
                        dispute=dispute.display_name,
                    )
                )
        # sudo: the owner may decide, see above, also when he may not edit disputes.
        self.sudo().write({"state": "resolved"})

    def action_reopen(self):
        """Dispute again."""
        self._check_may_decide()
        # sudo: as in action_resolve().
        self.sudo().write({"state": "open"})

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    @api.model
    def _open_domain(self, date):
        """The disputes that were open at the end of ``date``, and those that are open now: nobody
        is reminded today of what is disputed by now, whichever day a run looks at."""
        return Domain("state", "=", "open") | (
            Domain("opened_on", "<=", date) & Domain("resolved_on", ">", date)
        )

    @api.model
    def _disputed_by_invoice(self, invoices):
        """What is disputed of each of these invoices now, by id."""
        # sudo: a sum, for who disputes an invoice that others dispute as well.
        return {
            invoice.id: amount
            for invoice, amount in self.sudo()._read_group(
                [("invoice_id", "in", invoices.ids), ("state", "=", "open")],
                ["invoice_id"],
                ["amount:sum"],
            )
        }

    @api.model
    def _close(self, invoices, resolution):
        """Resolve what is open of these invoices by itself.

        :param resolution: what to note where nobody has noted anything
        """
        # sudo: who registers a payment or cancels an invoice need not have any right on disputes.
        disputes = self.sudo().search([
            ("invoice_id", "in", invoices.ids), ("state", "=", "open"),
        ])
        disputes.filtered(lambda dispute: not dispute.resolution).resolution = resolution
        disputes.write({"state": "resolved"})

    @api.model
    def _credit(self, credited):
        """These invoices were credited: that much of them is not disputed any more.

        :param credited: {invoice: amount in its currency}
        """
        # sudo: as in _close().
        open_disputes = self.sudo().search(
            [("invoice_id", "in", [invoice.id for invoice in credited]), ("state", "=", "open")],
            order="id",
        )
        for invoice, amount in credited.items():
            for dispute in open_disputes.filtered(
                lambda dispute, invoice=invoice: dispute.invoice_id == invoice.sudo()
            ):
                if dispute.currency_id.compare_amounts(amount, 0.0) <= 0:
                    break
                rest = dispute.currency_id.round(dispute.amount - amount)
                amount -= dispute.amount
                if rest > 0:
                    dispute.amount = rest
                    continue
                dispute.resolution = dispute.resolution or self.env._(
                    "What was disputed was credited."
                )
                dispute.state = "resolved"

    def _check_may_decide(self):
        self.check_access("read")
        is_collector = self.env.user.has_group("order_to_cash.group_collector")
        if not (self.env.su or is_collector) and self.user_id != self.env.user:
            raise AccessError(
                self.env._("Only collectors and the owner of a dispute decide about it.")
            )

    def _plan_activities(self):
        """Tell the owners what they have to see to."""
        for (user, deadline), disputes in self.grouped(
            lambda dispute: (dispute.user_id, dispute.deadline)
        ).items():
            if user and not user.share:
                # sudo: who opens a dispute need not be allowed to plan activities on it.
                disputes.sudo().activity_schedule(
                    ACTIVITY,
                    date_deadline=deadline or self.env.company._o2c_today(),
                    summary=self.env._("Resolve the dispute"),
                    user_id=user.id,
                )
