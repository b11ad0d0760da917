from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

# What only the program sets.
OURS = {"state", "paid_amount", "after_partial_id", "after_line_id"}


class O2cPaymentPromise(models.Model):
    """A customer promises to pay an amount by a day. Until then nobody reminds him of what the
    promise covers; if it is broken, dunning goes on."""

    _name = "o2c.payment.promise"
    _description = "Promise to Pay"
    _inherit = ["mail.thread"]
    _mail_post_access = "read"
    _order = "date desc, id desc"
    _check_company_auto = True

    active = fields.Boolean(default=True, tracking=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        ondelete="restrict",
        tracking=True,
        domain="['|', ('parent_id', '=', False), ('is_company', '=', True)]",
    )
    invoice_ids = fields.Many2many(
        "account.move",
        "o2c_payment_promise_invoice_rel",
        "promise_id",
        "invoice_id",
        string="Invoices",
        domain="[('move_type', 'in', ('out_invoice', 'out_receipt')), ('state', '=', 'posted'), "
        "('commercial_partner_id', '=?', partner_id), ('company_id', 'child_of', company_id)]",
        help="What he will pay. Empty: his oldest invoices, up to the amount.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        compute="_compute_company_id",
        store=True,
        readonly=False,
        precompute=True,
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    amount = fields.Monetary(
        required=True,
        compute="_compute_amount",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="Proposed: all that is open of the invoices chosen.",
    )
    amount_company = fields.Monetary(
        string="Amount (Company Currency)",
        currency_field="company_currency_id",
        compute="_compute_amount_company",
        store=True,
        help="At the rate of the day on which the promise was made.",
    )
    date = fields.Date(
        string="Pays By",
        required=True,
        index=True,
        tracking=True,
        help="The last day on which a payment keeps the promise.",
    )
    note = fields.Text(help="Who promised, and what was said.")
    made_on = fields.Date(
        required=True, default=lambda self: self.env.company._o2c_today(), copy=False
    )
    made_by_id = fields.Many2one(
        "res.users", string="Recorded By", default=lambda self: self.env.user, copy=False
    )
    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson", store=True)
    state = fields.Selection(
        [("open", "Open"), ("kept", "Kept"), ("broken", "Broken")],
        default="open",
        required=True,
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
        help="Determined from the payments: kept when they reach the amount by the day, broken the "
        "day after otherwise.",
    )
    paid_amount = fields.Monetary(
        string="Paid",
        readonly=True,
        copy=False,
        help="Of the promise, since it was made, as of the last time somebody looked.",
    )

    # Payments that the books knew when the promise was made do not keep it.
    after_partial_id = fields.Integer(
        string="Last Reconciliation Before", readonly=True, copy=False
    )
    after_line_id = fields.Integer(string="Last Journal Item Before", readonly=True, copy=False)

    @api.depends("invoice_ids")
    def _compute_company_id(self):
        for promise in self:
            companies = promise.invoice_ids.company_id
            if companies:
                promise.company_id = companies if len(companies) == 1 else companies.root_id[:1]
            else:
                promise.company_id = promise.company_id or self.env.company

    @api.depends("invoice_ids", "company_id")
    def _compute_currency_id(self):
        for promise in self:
            currencies = promise.invoice_ids.currency_id
            promise.currency_id = (
                (currencies if len(currencies) == 1 else promise.currency_id)
                or promise.company_id.currency_id
            )

    @api.depends("invoice_ids", "currency_id")
    def _compute_amount(self):
        for promise in self:
            invoices = promise.invoice_ids
            if not promise.amount and invoices.currency_id == promise.currency_id:
                promise.amount = sum(invoices.mapped("amount_residual"))

    @api.depends("amount", "currency_id", "company_id", "made_on")
    def _compute_amount_company(self):
        for promise in self:
            company = promise.company_id or self.env.company
            currency = promise.currency_id or company.currency_id
            promise.amount_company = currency._convert(
                promise.amount,
                company.currency_id,
                company,
                promise.made_on or company._o2c_today(),
            )

    @api.depends("partner_id", "date")
    def _compute_display_name(self):
        for promise in self:
            promise.display_name = self.env._(
                "%(customer)s by %(date)s",
                customer=promise.partner_id.name or "",
                date=fields.Date.to_string(promise.date) if promise.date else "",
            )

    @api.constrains("amount")
    def _check_amount(self):
        for promise in self:
            if promise.currency_id.compare_amounts(promise.amount, 0.0) <= 0:
                raise ValidationError(self.env._("The promised amount has to be above zero."))

    @api.constrains("partner_id", "invoice_ids", "company_id")
    def _check_invoices(self):
        for promise in self:
            # sudo: what the invoices are and whose, for the check only.
            for invoice in promise.sudo().invoice_ids:
                if not invoice._o2c_is_claim() or invoice.state != "posted":
                    raise ValidationError(
                        self.env._(
                            "%(document)s cannot be promised: only posted invoices can.",
                            document=invoice.display_name,
                        )
                    )
                customer = invoice.commercial_partner_id
                if promise.partner_id not in customer | customer.o2c_payer_id:
                    raise ValidationError(
                        self.env._(
                            "%(document)s is not an invoice that %(customer)s pays.",
                            document=invoice.display_name,
                            customer=promise.partner_id.display_name,
                        )
                    )
                if promise.company_id not in invoice.company_id.parent_ids:
                    raise ValidationError(
                        self.env._(
                            "%(document)s belongs to another company than the promise.",
                            document=invoice.display_name,
                        )
                    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_is_not_ours(vals)
        known = self._last_ids()
        promises = super().create([
            self._for_commercial_partner({**vals, **known}) for vals in vals_list
        ])
        promises.company_id.sudo()._o2c_check_dunning_is_on()
        promises.invoice_ids.check_access("read")
        return promises

    def write(self, vals):
        self._check_is_not_ours(vals)
        result = super().write(self._for_commercial_partner(vals))
        if "invoice_ids" in vals:
            self.invoice_ids.check_access("read")
        return result

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    def _check_is_not_ours(self, vals):
        """Raise when somebody sets what follows from the payments."""
        ours = OURS & vals.keys()
        if vals.get("state") == "open":
            ours.discard("state")
        if self.env.su or not ours:
            return
        raise UserError(
            self.env._(
                "Whether a promise is kept follows from the payments. Register the payment, or "
                "change the amount or the date."
            )
        )

    @api.model
    def _last_ids(self):
        """Values that tell the payments in the books from those to come."""
        self.env["account.partial.reconcile"].flush_model()
        [(partial, line)] = self.env.execute_query(
            SQL(
                """
                SELECT (SELECT MAX(id) FROM account_partial_reconcile),
                       (SELECT MAX(id) FROM account_move_line)
                """
            )
        )
        return {"after_partial_id": partial or 0, "after_line_id": line or 0}

    @api.model
    def _for_commercial_partner(self, vals):
        """A promise of a contact is one of his company."""
        if not vals.get("partner_id"):
            return vals
        partner = self.env["res.partner"].browse(vals["partner_id"])
        return dict(vals, partner_id=partner.commercial_partner_id.id)

    @api.model
    def _known_domain(self, date):
        """The promises that count on ``date``: made by then, or open now, since nobody is reminded
        today of what is promised by now, whichever day a run looks at. One that was recorded after
        its own day counts for all days before. Left out: those kept before ``date``."""
        made = (
            Domain("made_on", "<=", date)
            | Domain("state", "=", "open")
            | Domain.custom(
                to_sql=lambda model, alias, query: SQL(
                    "%s > %s",
                    model._field_to_sql(alias, "made_on", query),
                    model._field_to_sql(alias, "date", query),
                )
            )
        )
        return made & (Domain("date", ">=", date) | Domain("state", "!=", "kept"))

    def _rate(self):
        """What one unit of the promise's currency is worth in company currency."""
        self.ensure_one()
        if self.currency_id == self.company_currency_id or not self.amount:
            return 1.0
        return self.amount_company / self.amount or 1.0
