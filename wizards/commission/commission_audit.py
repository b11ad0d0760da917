from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.order_to_cash.models.commission.program import PROGRAM


class O2cCommissionAudit(models.TransientModel):
    """Compares the ledger with what its documents come to when they are reckoned afresh."""

    _name = "o2c.commission.audit"
    _description = "Commission Audit"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, ondelete="cascade"
    )
    date_from = fields.Date(
        string="From",
        required=True,
        default=lambda self: self.env.company._o2c_today().replace(month=1, day=1),
    )
    date_to = fields.Date(
        string="Until", required=True, default=lambda self: self.env.company._o2c_today()
    )
    is_done = fields.Boolean()
    line_ids = fields.One2many("o2c.commission.audit.line", "audit_id", string="Differences")

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for audit in self:
            if audit.date_to < audit.date_from:
                raise UserError(self.env._("The range ends before it begins. Correct the dates."))

    def action_run(self):
        """Reckon afresh and list what differs; nothing is written to the ledger.

        :raise AccessError: for anyone but a commission manager
        """
        self.ensure_one()
        self.check_access("write")
        # sudo: documents of all salespeople are compared; the user may read the ledger of the company, and
        # has chosen the company among his own
        ledger = self.env["o2c.commission.entry"].sudo().with_context(o2c_commission_writer=PROGRAM)
        if self.company_id not in self.env.companies:
            raise UserError(self.env._("Choose one of the companies you work in."))
        differences = ledger._audit(self.company_id.sudo(), self.date_from, self.date_to)
        self.line_ids.unlink()
        self.line_ids = [
            fields.Command.create({
                "payee_id": found.payee_id,
                "document": found.document,
                "move_id": found.move_id,
                "order_id": found.order_id,
                "booked": found.booked,
                "reckoned": found.reckoned,
                "reason": found.reason,
            })
            for found in differences
        ]
        self.is_done = True
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Commission Audit"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


class O2cCommissionAuditLine(models.TransientModel):
    _name = "o2c.commission.audit.line"
    _description = "Difference in the Commission Ledger"
    _order = "audit_id, id"

    audit_id = fields.Many2one(
        "o2c.commission.audit", required=True, index=True, ondelete="cascade"
    )
    payee_id = fields.Many2one("res.partner", readonly=True, ondelete="cascade")
    document = fields.Char(readonly=True)
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True, ondelete="cascade")
    order_id = fields.Many2one("sale.order", readonly=True, ondelete="cascade")
    currency_id = fields.Many2one(related="audit_id.company_id.currency_id")
    booked = fields.Monetary(string="In the Ledger", readonly=True)
    reckoned = fields.Monetary(string="Reckoned Afresh", readonly=True)
    difference = fields.Monetary(compute="_compute_difference")
    reason = fields.Text(readonly=True)

    @api.depends("booked", "reckoned")
    def _compute_difference(self):
        for line in self:
            line.difference = line.reckoned - line.booked

    def action_open_document(self):
        """Open the invoice or the order."""
        self.ensure_one()
        document = self.move_id or self.order_id
        return document._get_records_action() if document else False
