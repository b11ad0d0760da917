from odoo import fields, models
from odoo.fields import Domain


class AccountMove(models.Model):
    """What stops the dunning of an invoice, seen from the invoice."""

    _inherit = "account.move"

    o2c_dispute_count = fields.Integer(
        string="Open Disputes", compute="_compute_o2c_stop_counts", groups="base.group_user"
    )
    o2c_promise_count = fields.Integer(
        string="Promises", compute="_compute_o2c_stop_counts", groups="base.group_user"
    )
    o2c_dunning_block_count = fields.Integer(
        string="Dunning Blocks", compute="_compute_o2c_stop_counts", groups="base.group_user"
    )

    def _compute_o2c_stop_counts(self):
        counts = {
            "o2c_dispute_count": self._o2c_count_by_invoice(
                "o2c.payment.dispute", "invoice_id", Domain("state", "=", "open")
            ),
            "o2c_promise_count": self._o2c_count_by_invoice(
                "o2c.payment.promise", "invoice_ids", Domain("state", "!=", "kept")
            ),
            "o2c_dunning_block_count": self._o2c_count_by_invoice(
                "o2c.dunning.block", "invoice_id", Domain("is_active", "=", True)
            ),
        }
        for move in self:
            for field, by_move in counts.items():
                move[field] = by_move.get(move._origin, 0)

    def _o2c_count_by_invoice(self, model, field, domain):
        Model = self.env[model]
        if not Model.has_access("read"):
            return {}
        return dict(
            Model._read_group(Domain(field, "in", self.ids) & domain, [field], ["__count"])
        )

    def button_cancel(self):
        result = super().button_cancel()
        cancelled = self.filtered(
            lambda move: move.state == "cancel" and move.company_id.o2c_use_dunning
        )
        if cancelled:
            self.env["o2c.payment.dispute"]._close(
                cancelled, self.env._("The invoice is cancelled.")
            )
        return result

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_o2c_dispute(self):
        """Open the dialog that disputes this invoice."""
        self.ensure_one()
        return self._o2c_stop_dialog(
            "o2c.payment.dispute", self.env._("Dispute"), {"default_invoice_id": self.id}
        )

    def action_o2c_promise(self):
        """Open the dialog that records a promise to pay these invoices."""
        return self._o2c_stop_dialog(
            "o2c.payment.promise",
            self.env._("Promise to Pay"),
            {
                "default_partner_id": self.commercial_partner_id[:1].id,
                "default_invoice_ids": self.ids,
            },
        )

    def action_o2c_block_dunning(self):
        """Open the dialog that keeps reminders of this invoice back."""
        self.ensure_one()
        return self._o2c_stop_dialog(
            "o2c.dunning.block",
            self.env._("Block Reminders"),
            {
                "default_invoice_id": self.id,
                "default_date_from": self.company_id._o2c_today(),
            },
        )

    def _o2c_stop_dialog(self, model, name, context):
        self.company_id._o2c_check_dunning_is_on()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": context,
        }

    def action_o2c_view_disputes(self):
        """Open the disputes of this invoice."""
        return self._o2c_view_stops("o2c_payment_dispute_action", "invoice_id")

    def action_o2c_view_promises(self):
        """Open the promises to pay this invoice."""
        return self._o2c_view_stops("o2c_payment_promise_action", "invoice_ids")

    def action_o2c_view_dunning_blocks(self):
        """Open the blocks of this invoice."""
        return self._o2c_view_stops("o2c_dunning_block_action", "invoice_id")

    def _o2c_view_stops(self, action, field):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(f"order_to_cash.{action}")
        action["domain"] = [(field, "=", self.id)]
        action["context"] = {}
        return action
