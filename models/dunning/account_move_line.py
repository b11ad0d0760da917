from odoo import models


def document_name(name, ref, payment_reference, move_type):
    """What a customer knows a document by; the arguments are its fields."""
    reference = payment_reference if move_type in ("out_invoice", "out_refund") else None
    own = next((text for text in (ref, reference) if text and text != name), None)
    return f"{name} ({own})" if own else name


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _reconcile_post_hook(self, data):
        result = super()._reconcile_post_hook(data)
        # Core's own hook tells of payments only: what a credit note or an entry settles is over too.
        settled = self.filtered(
            lambda line: line.account_type == "asset_receivable" and line.reconciled
        )
        settled.move_id._o2c_settle_dunning()
        return result

    def _o2c_document_name(self):
        """What a customer knows this item by: the document's number, and its own where it differs
        (an invoice taken over from an older system keeps its number as a reference)."""
        self.ensure_one()
        move = self.move_id
        return document_name(move.name, move.ref, move.payment_reference, move.move_type)
