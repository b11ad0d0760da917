from odoo import fields, models

from .program import PROGRAM


class AccountMove(models.Model):
    _inherit = "account.move"

    o2c_commission_ids = fields.One2many(
        "o2c.commission.entry", "move_id", string="Commission Entries", groups="order_to_cash.group_user"
    )

    def _post(self, soft=True):
        new = self.filtered(lambda move: not move.posted_before)
        posted = super()._post(soft)
        (posted & new)._o2c_accrue_commission(are_new=True)
        (posted - new)._o2c_accrue_commission()
        return posted

    def button_draft(self):
        self._o2c_take_commission_back()
        return super().button_draft()

    def unlink(self):
        self._o2c_take_commission_back()
        return super().unlink()

    def _o2c_as_ledger(self):
        """These documents as the program sees them."""
        # sudo: who keeps the books need not read what others earn
        return self.sudo().with_context(o2c_commission_writer=PROGRAM)

    def _o2c_earns_commission(self):
        """Whether commission is reckoned of this one document: posted, and since it is in use."""
        self.ensure_one()
        company = self.company_id
        start = company.o2c_commission_start
        return (
            self.state == "posted"
            and company.o2c_use_commission
            and self.is_sale_document(include_receipts=True)
            and (not start or (self.invoice_date or self.date) >= start)
        )

    def _o2c_accrue_commission(self, are_new=False):
        moves = self.filtered(lambda move: move._o2c_earns_commission())
        if moves:
            moves = moves._o2c_as_ledger()
            moves.env["o2c.commission.entry"]._accrue_invoices(moves, are_new)

    def _o2c_is_settled_in_part(self):
        """Whether something was paid of this one document, or nothing is to be paid."""
        self.ensure_one()
        currency = self.currency_id
        is_open = not currency.compare_amounts(abs(self.amount_residual), abs(self.amount_total))
        return not is_open or currency.is_zero(self.amount_total)

    def _o2c_take_commission_back(self):
        """A document that is not posted any more has earned nothing."""
        moves = self._o2c_as_ledger().filtered(
            lambda move: move.state == "posted" and move.is_sale_document(include_receipts=True)
        )
        if moves:
            ledger = moves.env["o2c.commission.entry"]
            ledger._close("invoice", ledger._lines_with_claims(moves))
            ledger._take_goods_back_without(moves)

    def _o2c_settle_commission(self):
        """Bring commission to what is paid and written off of these documents."""
        # sudo: a payment is reconciled by whoever may, whatever the company of the invoice
        moves = self.sudo().filtered(
            lambda move: move.company_id.o2c_use_commission and move.is_sale_document(include_receipts=True)
        )
        if moves:
            moves = moves._o2c_as_ledger()
            moves.env["o2c.commission.entry"]._settle_invoices(moves)


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    o2c_commission_ids = fields.One2many(
        "o2c.commission.entry", "move_line_id", string="Commission Entries", groups="order_to_cash.group_user"
    )
