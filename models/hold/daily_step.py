from odoo import api, models

from odoo.addons.order_to_cash.models.customer.daily_step import DailyStep


class O2cDailyStep(models.AbstractModel):
    _inherit = "o2c.daily.step"

    @api.model
    @api.private
    def steps(self, company):
        steps = super().steps(company)
        if company.o2c_use_credit:
            steps.append(DailyStep("hold", self.env._("Held orders"), self._reevaluate_holds))
        return steps

    @api.model
    def _reevaluate_holds(self, company):
        checked, freed = self.env["o2c.hold"].reevaluate_open(company)
        if not checked:
            return ""
        return self.env._(
            "%(checked)s held orders checked again, %(freed)s no longer held.",
            checked=checked,
            freed=freed,
        )
