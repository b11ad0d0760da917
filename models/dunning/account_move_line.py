from odoo import models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _o2c_document_name(self):
        """What a customer knows this item by: the document's number, and its own where it differs
        (an invoice taken over from an older system keeps its number as a reference)."""
        self.ensure_one()
        move = self.move_id
        reference = move.payment_reference if move.is_sale_document() else False
        own = next(
            (ref for ref in (move.ref, reference) if ref and ref != move.name), None
        )
        return f"{move.name} ({own})" if own else move.name
