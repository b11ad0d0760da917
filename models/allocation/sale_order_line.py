from odoo import api, fields, models

from . import override


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    o2c_allocation_strategy = override.strategy_field(copy=False, groups="base.group_user")
    o2c_allocation_rank = override.rank_field(copy=False, groups="base.group_user")

    @api.constrains("o2c_allocation_rank")
    def _check_o2c_allocation_rank(self):
        override.check_rank(self)

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        override.check_new(lines, vals_list)
        return lines

    def write(self, vals):
        override.check_changed(self, vals)
        return super().write(vals)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    o2c_use_allocation = fields.Boolean(
        related="company_id.o2c_use_allocation", groups="base.group_user"
    )
