from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    o2c_floor_price = fields.Monetary(
        string="Lowest Price",
        groups="base.group_user",
        help="Hold rules on the price catch a sale below it. For one unit of the product, in the "
        "currency of its sales price and, like that, with or without taxes. 0: there is none.",
    )

    _o2c_check_floor_price = models.Constraint(
        "CHECK(o2c_floor_price >= 0)",
        "The lowest price of a product cannot be negative. Enter 0 for none.",
    )
