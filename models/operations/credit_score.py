from odoo import api, models
from odoo.tools import SQL


class O2cCreditAccount(models.Model):
    _inherit = "o2c.credit.account"

    @api.model
    def _is_disputed_sql(self):
        """What was disputed in the old system counts as well."""
        return SQL("(%s OR move.o2c_opening_disputed)", super()._is_disputed_sql())
