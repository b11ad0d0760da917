from odoo import fields, models

from .opening_document import OPENING


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "o2c.opening.document"]

    o2c_opening_amount = fields.Monetary(
        string="Amount in the Old System",
        groups="base.group_user",
        readonly=True,
        copy=False,
        help="The whole amount of the invoice; the entry itself is for what was open of it.",
    )
    o2c_opening_disputed = fields.Boolean(
        string="Disputed in the Old System",
        groups="base.group_user",
        copy=False,
    )
    o2c_opening_settled_date = fields.Date(
        string="Settled in the Old System",
        groups="base.group_user",
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

    def _get_next_sequence_format(self):
        """Look up the sequence of a month once an import, not once an invoice.

        What core then does with the format is the same: it locks the sequence at the first number
        and counts on from there.
        """
        if self.env.context.get("o2c_opening") is not OPENING:
            return super()._get_next_sequence_format()
        # As core's own cache of numbers, this one ends with the transaction.
        cache = self.env.cr.precommit.data.setdefault("o2c_opening_sequences", {})
        is_refund = self.move_type == "out_refund"
        month = self.date.replace(day=1)
        key = (self.o2c_opening_import_id.id, self.journal_id.id, is_refund, month)
        if key not in cache:
            cache[key] = super()._get_next_sequence_format()
        number_format, values = cache[key]
        # Core takes the counter out of the values it gets.
        return number_format, dict(values)
