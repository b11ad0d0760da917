from odoo import api, models


class O2cCommissionPlanContent(models.AbstractModel):
    """What belongs to a commission plan and is frozen with it."""

    _name = "o2c.commission.plan.content"
    _description = "Part of a Commission Plan"

    def _plans(self):
        """The plans these records belong to."""
        return self.plan_id

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        # Asked of the records: a default of the context may have named the plan.
        records._plans()._check_editable()
        return records

    def write(self, vals):
        self._plans()._check_editable()
        result = super().write(vals)
        # They may have been moved to another plan.
        self._plans()._check_editable()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_frozen(self):
        self._plans()._check_editable()
