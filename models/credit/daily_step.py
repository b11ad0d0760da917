from odoo import api, models

from odoo.addons.order_to_cash.models.customer.daily_step import DailyStep


class O2cDailyStep(models.AbstractModel):
    _inherit = "o2c.daily.step"

    @api.model
    @api.private
    def steps(self, company):
        steps = super().steps(company)
        # The accounts are kept by the root company.
        if company.o2c_use_credit and not company.parent_id:
            steps += [
                DailyStep(
                    key="credit_review_date",
                    label=self.env._("Credit limits due for review"),
                    run=lambda company: company.env["o2c.credit.account"]._remind_reviews(company),
                ),
                DailyStep(
                    key="credit_score",
                    label=self.env._("Credit scores"),
                    run=lambda company: company.env["o2c.credit.account"]._score_company(company),
                ),
            ]
        return steps
