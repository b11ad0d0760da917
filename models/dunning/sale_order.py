from odoo import fields, models
from odoo.fields import Domain


class SaleOrder(models.Model):
    _inherit = "sale.order"

    o2c_collection_invoiced = fields.Monetary(
        string="Invoiced",
        compute="_compute_o2c_collection",
        groups="base.group_user",
        help="On posted invoices, less credit notes. An invoice of several orders is shared among "
        "them by what its lines of each are worth.",
    )
    o2c_collection_collected = fields.Monetary(
        string="Collected",
        compute="_compute_o2c_collection",
        groups="base.group_user",
        help="What was paid of it. What was written off, or credited otherwise than on the order, is "
        "neither collected nor open.",
    )
    o2c_collection_open = fields.Monetary(
        string="Open Amount",
        compute="_compute_o2c_collection",
        groups="base.group_user",
        help="What of the invoiced amount is not paid yet.",
    )
    o2c_collection_late = fields.Monetary(
        string="Late Amount",
        compute="_compute_o2c_collection",
        groups="base.group_user",
        help="The part of the open amount that is past due.",
    )

    def _compute_o2c_collection(self):
        orders = self.filtered(lambda order: order.company_id.sudo().o2c_use_dunning)
        amounts = self.env["o2c.collection.order"]._amounts(orders._origin) if orders else {}
        for order in self:
            found = amounts.get(order._origin.id, {})
            for name in ("invoiced", "collected", "open", "late"):
                order[f"o2c_collection_{name}"] = found.get(name, 0.0)

    def action_o2c_open_collection(self):
        """Open the invoices of this order, and from them their payments."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("account.action_move_out_invoice_type")
        action["domain"] = list(Domain("id", "in", self.invoice_ids.ids))
        action["context"] = {"create": False}
        action["display_name"] = action["name"] = self.env._("Invoices of %(order)s", order=self.name)
        return action
