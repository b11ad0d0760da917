from odoo import api, models

from odoo.addons.order_to_cash.models.customer.daily_step import DailyStep


class O2cDailyStep(models.AbstractModel):
    _inherit = "o2c.daily.step"

    @api.model
    @api.private
    def steps(self, company):
        steps = super().steps(company)
        # The run of a company covers its branches.
        if company.o2c_use_dunning and not company.parent_id:
            steps.append(
                DailyStep(
                    key="dunning_promises",
                    label=self.env._("Determine which promises are kept"),
                    run=lambda company: company.env["o2c.payment.promise"]._refresh(company),
                )
            )
            steps.append(
                DailyStep(
                    key="dunning",
                    label=self.env._("Propose reminders"),
                    run=lambda company: company.env["o2c.dunning.run"]._propose_daily(company),
                )
            )
        return steps
