from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _o2c_reductions(self):
        """What the negative lines of this one order take off, untaxed, as a number above zero.

        Rewards of a promotion are not counted: the company grants them, not a salesperson.
        """
        self.ensure_one()
        lines = self.order_line.filtered(
            lambda line: not line._o2c_is_priced_by_program() and line._o2c_is_reduction()
        )
        return max(-sum(lines.mapped("price_subtotal")), 0.0)
