"""What frees held orders at once: a limit raised, a payment booked."""

from odoo import api, models

LIMIT_FIELDS = {
    "limit_mode",
    "has_own_limit",
    "credit_limit",
    "temporary_limit",
    "temporary_from",
    "temporary_to",
    "rating_id",
}


class O2cCreditAccount(models.Model):
    _inherit = "o2c.credit.account"

    @api.model_create_multi
    def create(self, vals_list):
        accounts = super().create(vals_list)
        self.env["o2c.hold"].reevaluate_customers(accounts.partner_id)
        return accounts

    def write(self, vals):
        result = super().write(vals)
        if LIMIT_FIELDS.intersection(vals):
            self.env["o2c.hold"].reevaluate_customers(self.partner_id)
        return result


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        posted = super()._post(soft=soft)
        # Payments and credit notes; an invoice frees nothing.
        posted.filtered(lambda move: move.move_type != "out_invoice")._o2c_reevaluate_debtors()
        return posted

    def _o2c_reevaluate_debtors(self):
        controlled = self.filtered(lambda move: move.company_id.root_id.o2c_use_credit)
        lines = controlled.line_ids.filtered(
            lambda line: (
                line.account_id.account_type == "asset_receivable" and line.balance < 0
            )
        )
        self.env["o2c.hold"].reevaluate_customers(lines.partner_id)


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        # A payment that was there all the time changes the overdue when it is allocated.
        lines = partials.debit_move_id.filtered(
            lambda line: (
                line.account_id.account_type == "asset_receivable"
                and line.company_id.root_id.o2c_use_credit
            )
        )
        self.env["o2c.hold"].reevaluate_customers(lines.partner_id)
        return partials
