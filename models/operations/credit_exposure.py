from odoo import api, models
from odoo.tools import SQL


class O2cCreditExposure(models.AbstractModel):
    _inherit = "o2c.credit.exposure"

    def _flush_sources(self):
        super()._flush_sources()
        self.env["sale.order.line"].flush_model(["o2c_opening_qty_invoiced"])

    @api.model
    def _invoiced_elsewhere_sql(self):
        """What was invoiced before the opening is among the opening receivables."""
        return SQL(
            "%s + COALESCE(line.o2c_opening_qty_invoiced, 0)", super()._invoiced_elsewhere_sql()
        )
