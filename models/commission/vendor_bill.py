"""What those who keep the books see of commission on a vendor bill."""

from odoo import api, fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    o2c_commission_bill_words = fields.Char(
        string="Settlement of Commission",
        compute="_compute_o2c_commission_bill_words",
        groups="base.group_user",
    )

    # Read on the form only; nothing else looks for settlements.
    @api.depends("move_type", "invoice_line_ids.price_subtotal")
    def _compute_o2c_commission_bill_words(self):
        bills = self.filtered(lambda move: move._origin and move.is_purchase_document())
        # sudo: who keeps the books need not settle commission, but knows which settlement the bill pays
        settlements = self.env["o2c.commission.settlement"].sudo()
        if bills:
            settlements = settlements.search([("bill_id", "in", bills._origin.ids)])
        of_bill = {one.bill_id.id: one for one in settlements}
        for move in self:
            settlement = of_bill.get(move._origin.id)
            move.o2c_commission_bill_words = settlement and settlement._words_for_books()


class O2cCommissionSettlement(models.Model):
    _inherit = "o2c.commission.settlement"

    def _words_for_books(self):
        """What the bill of this one settlement is for, and what follows from changing it."""
        self.ensure_one()
        settled = self.currency_id.format(self.amount)
        if self._bill_differs():
            return self.env._(
                "Commission settlement %(settlement)s comes to %(amount)s, this bill to %(billed)s before "
                "taxes: the bill has to be corrected, or a commission manager accepts its amount.",
                settlement=self.name,
                amount=settled,
                billed=self.currency_id.format(self.bill_amount),
            )
        return self.env._(
            "Pays commission settlement %(settlement)s of %(amount)s.", settlement=self.name, amount=settled
        )
