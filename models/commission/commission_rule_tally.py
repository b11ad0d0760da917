from odoo import models
from odoo.tools.date_utils import start_of


class O2cCommissionRule(models.Model):
    """From when on the tiers of a rule add sales up."""

    _inherit = "o2c.commission.rule"

    def _tally_from(self, day):
        """First day of the settlement period or fiscal year of ``day``, whose sales are added up for the
        tiers; ``None`` where they are not."""
        self.ensure_one()
        if self.method != "tier" or self.tier_scope not in ("period", "year"):
            return None
        plan = self.plan_id
        if self.tier_scope == "year":
            return plan.company_id.compute_fiscalyear_dates(day)["date_from"]
        return start_of(day, plan.settlement_period)
