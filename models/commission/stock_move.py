from odoo import models

from .program import PROGRAM


class StockMove(models.Model):
    _inherit = "stock.move"

    def _action_done(self, cancel_backorder=False):
        done = super()._action_done(cancel_backorder)
        # sudo: who delivers need not read what others earn
        sold = done.sudo().filtered(
            lambda move: move.state == "done"
            and move.sale_line_id
            and move.sale_line_id.company_id.o2c_use_commission
        )
        if sold:
            ledger = sold.env["o2c.commission.entry"].with_context(o2c_commission_writer=PROGRAM)
            ledger._accrue_deliveries(sold)
        return done
