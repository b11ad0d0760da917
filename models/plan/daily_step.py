from odoo import api, models

from odoo.addons.order_to_cash.models.customer.daily_step import DailyStep


class O2cDailyStep(models.AbstractModel):
    _inherit = "o2c.daily.step"

    @api.model
    @api.private
    def steps(self, company):
        steps = super().steps(company)
        if company.o2c_use_plan:
            steps.append(
                DailyStep(
                    key="plan_actuals",
                    label=self.env._("Refresh the actuals of sales plans"),
                    run=lambda company: company.env["o2c.sales.plan"]._refresh_daily(company),
                )
            )
            steps.append(
                DailyStep(
                    key="plan_warnings",
                    label=self.env._("Warn of sales behind plan"),
                    run=lambda company: company.env["o2c.sales.plan"]._warn(company),
                )
            )
        return steps
