from odoo import api, models

from odoo.addons.order_to_cash.models.customer.daily_step import DailyStep


class O2cDailyStep(models.AbstractModel):
    _inherit = "o2c.daily.step"

    @api.model
    @api.private
    def steps(self, company):
        steps = super().steps(company)
        if company.o2c_use_commission and company.o2c_commission_accrue:
            steps.append(
                DailyStep(
                    key="commission_month_end",
                    label=self.env._("Accrue commission that is not billed at the end of the month"),
                    run=lambda company: company.env["o2c.commission.month.end"]._accrue_daily(company),
                )
            )
        return steps
