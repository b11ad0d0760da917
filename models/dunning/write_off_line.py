from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools.misc import formatLang

from odoo.addons.order_to_cash.algorithms import write_off

# What a person chooses; the rest follows from it.
CHOSEN = {"write_off_id", "move_line_id", "amount"}


class O2cWriteOffLine(models.Model):
    _name = "o2c.write.off.line"
    _description = "Written-off Document"
    _order = "write_off_id desc, id"
    _rec_name = "move_id"

    write_off_id = fields.Many2one(
        "o2c.write.off", string="Write-off", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="write_off_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(
        string="Customer", related="write_off_id.partner_id", store=True, index=True
    )
    reason = fields.Selection(related="write_off_id.reason", store=True)
    state = fields.Selection(related="write_off_id.state", store=True)
    date = fields.Date(
        readonly=True, copy=False, help="When it was booked.", index=True
    )
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Open Item",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('parent_state', '=', 'posted'), ('account_type', '=', 'asset_receivable'), "
        "('reconciled', '=', False), ('amount_residual_currency', '>', 0), "
        "('company_id', '=', company_id), ('partner_id', 'child_of', partner_id)]",
    )
    move_id = fields.Many2one(
        related="move_line_id.move_id", string="Document", store=True, index=True
    )
    user_id = fields.Many2one(
        string="Salesperson", related="move_line_id.move_id.invoice_user_id", store=True, index=True
    )
    date_maturity = fields.Date(related="move_line_id.date_maturity")
    currency_id = fields.Many2one(related="move_line_id.currency_id", store=True)
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    residual = fields.Monetary(
        string="Open",
        compute="_compute_residual",
        store=True,
        precompute=True,
        aggregator=None,
        help="What was open when the write-off was requested.",
    )
    amount = fields.Monetary(
        compute="_compute_amount",
        store=True,
        readonly=False,
        precompute=True,
        aggregator=None,
    )
    amount_company = fields.Monetary(
        string="Book Value",
        currency_field="company_currency_id",
        compute="_compute_amount_company",
        store=True,
        help="What the amount stands for in the books, in company currency.",
    )

    _once_a_request = models.UniqueIndex(
        "(write_off_id, move_line_id)", "A document is on a write-off once."
    )

    @api.depends("move_line_id")
    def _compute_residual(self):
        for line in self:
            line.residual = line.move_line_id.amount_residual_currency

    @api.depends("move_line_id")
    def _compute_amount(self):
        for line in self:
            line.amount = line.move_line_id.amount_residual_currency

    @api.depends("amount", "residual")
    def _compute_amount_company(self):
        for line in self:
            item = line.move_line_id
            if line.state in ("approved", "reversed") or not item:
                # It was booked: what is open of the document says no more what it was worth.
                line.amount_company = line.amount_company
                continue
            try:
                line.amount_company = write_off.carrying_value(
                    line.amount,
                    item.amount_residual_currency,
                    item.amount_residual,
                    line.company_currency_id.round,
                )
            except ValueError:
                line.amount_company = 0.0

    @api.constrains("amount", "move_line_id")
    def _check_amount(self):
        for line in self:
            if line.state in ("approved", "reversed"):
                continue
            if (
                line.currency_id.compare_amounts(line.amount, 0) <= 0
                or line.currency_id.compare_amounts(line.amount, line.residual) > 0
            ):
                raise ValidationError(
                    self.env._(
                        "%(document)s: write off more than nothing, and no more than the "
                        "%(open)s that are open.",
                        document=line.move_id.display_name,
                        open=formatLang(self.env, line.residual, currency_obj=line.currency_id),
                    )
                )

    @api.constrains("move_line_id", "write_off_id")
    def _check_belongs(self):
        for line in self:
            item = line.move_line_id
            if (
                item.account_type != "asset_receivable"
                or item.parent_state != "posted"
                or item.company_id != line.company_id
                or item.partner_id.commercial_partner_id != line.partner_id.commercial_partner_id
            ):
                raise ValidationError(
                    self.env._(
                        "%(document)s is no open document of %(customer)s in %(company)s.",
                        document=item.move_id.display_name,
                        customer=line.partner_id.display_name,
                        company=line.company_id.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        self._check_chosen(vals_list)
        lines = super().create(vals_list)
        if not self.env.su:
            lines.write_off_id._check_is_draft()
        return lines

    def write(self, vals):
        self._check_chosen([vals])
        if not self.env.su:
            self.write_off_id._check_is_draft()
        result = super().write(vals)
        if not self.env.su:
            # A document may have come to another request.
            self.write_off_id._check_is_draft()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_requested(self):
        if not self.env.su:
            self.write_off_id._check_is_draft()

    @api.model
    def _check_chosen(self, vals_list):
        if not self.env.su and any(vals.keys() - CHOSEN for vals in vals_list):
            raise AccessError(
                self.env._("Only the document and the amount of a written-off item are chosen.")
            )

    def _refresh(self):
        """Take what is open now, and no more than that."""
        self._compute_residual()
        for line in self:
            line.amount = min(line.amount, line.residual)
        self.filtered(lambda line: line.residual <= 0).unlink()

    def _check_items(self):
        """Raise when a document has changed since it was taken into the request."""
        for line in self:
            now = line.move_line_id.sudo().amount_residual_currency
            if line.currency_id.compare_amounts(now, line.residual):
                raise UserError(
                    self.env._(
                        "%(document)s has changed: %(now)s are open, no longer %(before)s. Take the "
                        "request back to draft and correct it.",
                        document=line.move_id.display_name,
                        now=formatLang(self.env, now, currency_obj=line.currency_id),
                        before=formatLang(self.env, line.residual, currency_obj=line.currency_id),
                    )
                )

    def action_view_document(self):
        """Open the document."""
        self.ensure_one()
        return self.move_id._get_records_action()
