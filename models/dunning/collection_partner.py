from odoo import api, fields, models
from odoo.exceptions import UserError


class ResPartner(models.Model):
    _inherit = "res.partner"

    o2c_collector_id = fields.Many2one(
        "res.users",
        string="Collector",
        company_dependent=True,
        domain="[('share', '=', False)]",
        groups="base.group_user",
        help="Who calls this customer about overdue invoices. Empty: as the dunning level says, "
        "else his salesperson, else the company's collector.",
    )
    o2c_collection_note = fields.Text(
        string="Collection Note",
        company_dependent=True,
        groups="base.group_user",
        help="What whoever calls this customer about overdue invoices should know.",
    )
    o2c_collection_overdue = fields.Monetary(
        string="Overdue Amount",
        compute="_compute_o2c_collection_overdue",
        groups="base.group_user",
        help="Open and past due in company currency, credits not deducted.",
    )

    @api.depends_context("company", "uid")
    def _compute_o2c_collection_overdue(self):
        self.o2c_collection_overdue = 0.0
        Account = self.env["o2c.collection.account"]
        if not self.env.company.sudo().o2c_use_dunning or not Account.has_access("read"):
            return
        overdue = {
            account.partner_id: account.overdue
            for account in Account._of(
                self.commercial_partner_id._origin, self.env.company
            )
        }
        for partner in self:
            partner.o2c_collection_overdue = overdue.get(
                partner.commercial_partner_id._origin, 0.0
            )

    @api.model
    def _commercial_fields(self):
        return [*super()._commercial_fields(), "o2c_collector_id", "o2c_collection_note"]

    def action_o2c_open_collection(self):
        """Open what this customer owes, with what was agreed with him."""
        self.ensure_one()
        account = self.env["o2c.collection.account"]._of(
            self.commercial_partner_id, self.env.company
        )
        if not account:
            raise UserError(
                self.env._(
                    "%(customer)s has no open items.", customer=self.commercial_partner_id.name
                )
            )
        return account.action_open_form()
