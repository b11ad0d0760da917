from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.order_to_cash.models.commission.locks import lock
from odoo.addons.order_to_cash.models.commission.program import PROGRAM, is_program


class O2cCommissionAdjustmentNew(models.TransientModel):
    """A one-off bonus, or an amount that is taken off, by a commission manager."""

    _name = "o2c.commission.adjustment.new"
    _description = "One-Off Bonus or Adjustment"
    _check_company_auto = True

    payee_id = fields.Many2one("res.partner", required=True, check_company=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        help="In which the payee is settled with.",
    )
    amount = fields.Monetary(required=True, help="Below zero to take off.")
    date = fields.Date(required=True, default=lambda self: self.env.company._o2c_today())
    reason = fields.Text(required=True, help="The payee reads it.")
    is_added = fields.Boolean(readonly=True)

    @api.depends("payee_id", "company_id")
    def _compute_currency_id(self):
        for wizard in self:
            agreement = self.env["o2c.commission.agreement"].with_context(active_test=False).search(
                [("payee_id", "=", wizard.payee_id.id), ("company_id", "=", wizard.company_id.id)],
                order="date_from desc",
                limit=1,
            )
            wizard.currency_id = agreement.currency_id or wizard.company_id.currency_id

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([{**vals, "is_added": False} for vals in vals_list])

    def write(self, vals):
        if "is_added" in vals and not is_program(self.env):
            raise UserError(self.env._("Whether the amount is added is not for people to say."))
        return super().write(vals)

    def action_add(self):
        """Add the row to the ledger, once however often this is called; the next settlement takes it in.

        :return: an action that opens what was decided on for the payee
        """
        self.ensure_one()
        lock(self)
        if not self.is_added:
            self._add()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Commission of %(payee)s", payee=self.payee_id.display_name),
            "res_model": "o2c.commission.entry",
            "view_mode": "list,form",
            "domain": [("payee_id", "=", self.payee_id.id), ("source", "=", "manual")],
        }

    def _add(self):
        # Whoever may write settlements, of this company, decides on amounts.
        self.env["o2c.commission.settlement"].check_access("write")
        if self.company_id not in self.env.companies:
            raise UserError(self.env._("Choose a company that you work for."))
        # sudo: a switch of the company
        if not self.company_id.sudo().o2c_use_commission:
            raise UserError(
                self.env._(
                    "Commission is switched off in %(company)s. Switch it on in the settings.",
                    company=self.company_id.display_name,
                )
            )
        if self.env.user._o2c_is_payee(self.payee_id):
            raise UserError(self.env._("Nobody adds to his own commission. Ask another commission manager."))
        self.env["o2c.commission.settlement"]._check_open_day(
            self.payee_id, self.company_id, self.currency_id, self.date
        )
        self.env["o2c.commission.entry"]._adjust(
            self.payee_id, self.company_id, self.currency_id, self.amount, self.date, self.reason
        )
        # sudo: only the program says that the row is there
        self.sudo().with_context(o2c_commission_writer=PROGRAM).is_added = True
