from odoo import api, fields, models


class SaleOrderLine(models.Model):
    """Goods that were delivered, or invoiced, before the company started with Odoo.

    Their stock has left already and their invoices are among the opening receivables: the
    quantities count on the line as if moves and invoice lines stood behind them.

    They are read with ``sudo`` where core computes: customers in the portal may not read them, but
    must see the quantities that come of them.
    """

    _name = "sale.order.line"
    _inherit = ["sale.order.line", "o2c.opening.guard"]

    o2c_opening_qty_delivered = fields.Float(
        string="Delivered before Opening",
        groups="base.group_user",
        digits="Product Unit",
        readonly=True,
        copy=False,
    )
    o2c_opening_qty_invoiced = fields.Float(
        string="Invoiced before Opening",
        groups="base.group_user",
        digits="Product Unit",
        readonly=True,
        copy=False,
    )

    @api.depends("o2c_opening_qty_delivered")
    def _compute_qty_delivered(self):
        return super()._compute_qty_delivered()

    @api.depends("o2c_opening_qty_invoiced")
    def _compute_qty_invoiced(self):
        return super()._compute_qty_invoiced()

    @api.depends("o2c_opening_qty_invoiced")
    def _compute_qty_invoiced_posted(self):
        result = super()._compute_qty_invoiced_posted()
        # What was invoiced before the opening is set by the import alone.
        for line in self.sudo().filtered("o2c_opening_qty_invoiced"):
            line.qty_invoiced_posted += line.o2c_opening_qty_invoiced
        return result

    @api.depends("o2c_opening_qty_invoiced")
    def _compute_untaxed_amount_invoiced(self):
        result = super()._compute_untaxed_amount_invoiced()
        for line in self.sudo().filtered("o2c_opening_qty_invoiced"):
            line.untaxed_amount_invoiced += (
                line.o2c_opening_qty_invoiced * line.price_reduce_taxexcl
            )
        return result

    @api.depends("o2c_opening_qty_invoiced")
    def _compute_amount_invoiced(self):
        result = super()._compute_amount_invoiced()
        for line in self.sudo().filtered("o2c_opening_qty_invoiced"):
            line.amount_invoiced += line.o2c_opening_qty_invoiced * line.price_reduce_taxinc
        return result

    def _opening_fields(self):
        return super()._opening_fields() | {
            "o2c_opening_qty_delivered",
            "o2c_opening_qty_invoiced",
        }

    def _prepare_qty_delivered(self):
        quantities = super()._prepare_qty_delivered()
        # What was delivered before the opening is set by the import alone.
        for line in self.sudo().filtered("o2c_opening_qty_delivered"):
            # Of the other methods a person or a document counts the quantity in full.
            if line.qty_delivered_method == "stock_move":
                quantities[line] += line.o2c_opening_qty_delivered
        return quantities

    def _prepare_qty_invoiced(self):
        quantities = super()._prepare_qty_invoiced()
        for line in self.sudo().filtered("o2c_opening_qty_invoiced"):
            quantities[line] += line.o2c_opening_qty_invoiced
        return quantities

    def _get_qty_procurement(self, previous_product_uom_qty=False):
        """What was delivered before the opening needs no move; more than ordered needs no
        return either."""
        quantity = super()._get_qty_procurement(previous_product_uom_qty=previous_product_uom_qty)
        # What was delivered before the opening is set by the import alone.
        delivered = self.sudo().o2c_opening_qty_delivered
        # A line of goods to be returned has a quantity below zero.
        return quantity + min(delivered, self.product_uom_qty) if delivered else quantity
