from odoo import fields, models


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "o2c.opening.document"]

    o2c_opening_amount = fields.Monetary(
        string="Amount in the Old System",
        readonly=True,
        copy=False,
        help="The whole amount of the invoice; the entry itself is for what was open of it.",
    )
    o2c_opening_disputed = fields.Boolean(
        string="Disputed in the Old System",
        copy=False,
    )
    o2c_opening_settled_date = fields.Date(
        string="Settled in the Old System",
        readonly=True,
        copy=False,
    )

    # One invoice of the old system is brought once, even by two imports at the same moment.
    _o2c_opening_key_unique = models.UniqueIndex(
        "(company_id, o2c_opening_key)"
        " WHERE o2c_opening_key IS NOT NULL AND state != 'cancel' AND move_type != 'entry'",
        "An invoice of this number was already imported from the old system.",
    )

    def _opening_fields(self):
        return super()._opening_fields() | {"o2c_opening_amount", "o2c_opening_settled_date"}
