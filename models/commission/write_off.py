from odoo import models


class O2cWriteOff(models.Model):
    """Debt that is written off takes back the commission on it."""

    _inherit = "o2c.write.off"

    def _on_write_off(self, moves):
        result = super()._on_write_off(moves)
        moves._o2c_settle_commission()
        return result

    def _on_write_off_reversed(self, moves):
        result = super()._on_write_off_reversed(moves)
        moves._o2c_settle_commission()
        return result
