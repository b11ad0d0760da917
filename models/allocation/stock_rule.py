from odoo import models

from .override import OVERRIDES, carried


class StockRule(models.Model):
    _inherit = "stock.rule"

    def _get_custom_move_fields(self):
        return [*super()._get_custom_move_fields(), *OVERRIDES]

    def _push_prepare_move_copy_values(self, move_to_copy, new_date):
        return {
            **super()._push_prepare_move_copy_values(move_to_copy, new_date),
            **carried(move_to_copy),
        }
