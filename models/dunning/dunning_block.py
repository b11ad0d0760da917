from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class O2cDunningBlock(models.Model):
    """Nobody reminds a customer, or of an invoice, for some time.

    A block ends by itself: whether it is in force on a day is asked of its dates, and nothing has
    to happen when they pass.
    """

    _name = "o2c.dunning.block"
    _description = "Dunning Block"
    _inherit = ["mail.thread"]
    _mail_post_access = "read"
    _order = "date_to desc, id desc"
    _rec_name = "reason"
    _check_company_auto = True

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        index="btree_not_null",
        ondelete="cascade",
        domain="['|', ('parent_id', '=', False), ('is_company', '=', True)]",
        help="All that this customer owes the company and its branches.",
    )
    invoice_id = fields.Many2one(
        "account.move",
        index="btree_not_null",
        ondelete="cascade",
        domain="[('move_type', 'in', ('out_invoice', 'out_receipt')), ('state', '=', 'posted')]",
    )
    customer_id = fields.Many2one(
        "res.partner",
        string="Customer Concerned",
        compute="_compute_customer_id",
        search="_search_customer_id",
        help="The customer, or that of the invoice.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        compute="_compute_company_id",
        store=True,
        readonly=False,
        precompute=True,
        index=True,
    )
    reason = fields.Char(required=True, tracking=True)
    date_from = fields.Date(
        string="From",
        tracking=True,
        help="The first day. Empty: whatever the day that a run looks at.",
    )
    date_to = fields.Date(
        string="Until",
        tracking=True,
        help="The last day. Empty: until somebody lifts the block.",
    )
    lifted_on = fields.Date(readonly=True, copy=False, tracking=True)
    lifted_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    is_active = fields.Boolean(
        string="In Force",
        compute="_compute_is_active",
        search="_search_is_active",
        help="Today.",
    )

    _check_dates = models.Constraint(
        "CHECK(date_to >= date_from)",
        "A block cannot end before it begins.",
    )

    @api.depends("invoice_id", "partner_id")
    def _compute_customer_id(self):
        for block in self:
            partner = block.invoice_id.partner_id or block.partner_id
            block.customer_id = partner.commercial_partner_id

    def _search_customer_id(self, operator, value):
        return Domain("partner_id.commercial_partner_id", operator, value) | Domain(
            "invoice_id.commercial_partner_id", operator, value
        )

    @api.depends("invoice_id")
    def _compute_company_id(self):
        for block in self:
            block.company_id = block.invoice_id.company_id or block.company_id or self.env.company

    @api.depends("date_from", "date_to", "lifted_on", "company_id")
    def _compute_is_active(self):
        for block in self:
            today = block.company_id._o2c_today() if block.company_id else None
            block.is_active = bool(today) and bool(
                block.filtered_domain(self._in_force_domain(today))
            )

    def _search_is_active(self, operator, value):
        if operator != "in":
            return NotImplemented
        in_force = self._in_force_domain(self.env.company._o2c_today())
        return (in_force if True in value else Domain.FALSE) | (
            ~in_force if False in value else Domain.FALSE
        )

    # The reason is always given, so that a block of nothing is seen too.
    @api.constrains("partner_id", "invoice_id", "reason")
    def _check_subject(self):
        for block in self:
            if bool(block.partner_id) == bool(block.invoice_id):
                raise ValidationError(
                    self.env._("A block is for either a customer or an invoice. Choose one.")
                )
            # sudo: what the invoice is, not what it says.
            invoice = block.invoice_id.sudo()
            if invoice and not invoice._o2c_is_claim():
                raise ValidationError(
                    self.env._(
                        "%(document)s is not an invoice to a customer: nobody is reminded of it.",
                        document=invoice.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        blocks = super().create([self._for_commercial_partner(vals) for vals in vals_list])
        blocks.company_id.sudo()._o2c_check_dunning_is_on()
        return blocks

    def write(self, vals):
        return super().write(self._for_commercial_partner(vals))

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_lift(self):
        """End these blocks today."""
        self.check_access("write")
        for company, blocks in self.filtered("is_active").grouped("company_id").items():
            blocks.write({"lifted_on": company._o2c_today(), "lifted_by_id": self.env.uid})

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    @api.model
    def _in_force_domain(self, date):
        """The blocks that are in force on ``date``, a local date."""
        return (
            (Domain("date_from", "=", False) | Domain("date_from", "<=", date))
            & (Domain("date_to", "=", False) | Domain("date_to", ">=", date))
            & (Domain("lifted_on", "=", False) | Domain("lifted_on", ">", date))
        )

    @api.model
    def _for_commercial_partner(self, vals):
        """A block of a contact is one of his company."""
        if not vals.get("partner_id"):
            return vals
        partner = self.env["res.partner"].browse(vals["partner_id"])
        return dict(vals, partner_id=partner.commercial_partner_id.id)
