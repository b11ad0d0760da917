from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    o2c_is_freight = fields.Boolean(
        string="Freight",
        groups="base.group_user",
        help="Commission plans leave it out unless they include freight. Products of delivery methods "
        "are freight anyway.",
    )
