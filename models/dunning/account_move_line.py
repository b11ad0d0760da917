from odoo import models


def document_name(name, ref, payment_reference, move_type):
    """What a customer knows a document by; the arguments are its fields."""
    reference = payment_reference if move_type in ("out_invoice", "out_refund") else None
    own = next((text for text in (ref, reference) if text and text != name), None)
    return f"{name} ({own})" if own else name


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _o2c_document_name(self):
        """What a customer knows this item by: the document's number, and its own where it differs
        (an invoice taken over from an older system keeps its number as a reference)."""
        self.ensure_one()
        move = self.move_id
        return document_name(move.name, move.ref, move.payment_reference, move.move_type)
