from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

# Dialogs in the menu of actions that make sense with documents of customers only.
CUSTOMER_ACTIONS = (
    "account_move_dispute_server_action",
    "account_move_promise_server_action",
    "account_move_block_dunning_server_action",
    "account_move_write_off_action",
)


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

    @api.model
    def get_views(self, views, options=None):
        """Menus of vendor bills do not offer what is for invoices to customers."""
        result = super().get_views(views, options)
        if self._o2c_is_of_vendors((options or {}).get("action_id")):
            hidden = {
                self.env["ir.model.data"]._xmlid_to_res_id(f"order_to_cash.{name}")
                for name in CUSTOMER_ACTIONS
            }
            for view in result["views"].values():
                toolbar = view.get("toolbar") or {}
                if toolbar.get("action"):
                    toolbar["action"] = [
                        action for action in toolbar["action"] if action["id"] not in hidden
                    ]
        return result

    @api.model
    def _o2c_is_of_vendors(self, action_id):
        """Whether a window action shows documents of vendors, by what it would create."""
        if not action_id:
            return False
        # sudo: what a menu shows is no secret; nothing else of it is used.
        action = self.env["ir.actions.act_window"].sudo().browse(action_id).exists()
        return "'default_move_type': 'in_" in (action.context or "")

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
        self._o2c_check_claims()
        return self._o2c_stop_dialog(
            "o2c.payment.dispute", self.env._("Dispute"), {"default_invoice_id": self.id}
        )

    def action_o2c_promise(self):
        """Open the dialog that records a promise to pay these invoices."""
        self._o2c_check_claims()
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
        self._o2c_check_claims()
        return self._o2c_stop_dialog(
            "o2c.dunning.block",
            self.env._("Block Reminders"),
            {
                "default_invoice_id": self.id,
                "default_date_from": self.company_id._o2c_today(),
            },
        )

    def _o2c_check_claims(self):
        for move in self:
            if not move._o2c_is_claim():
                raise UserError(
                    self.env._(
                        "%(document)s is not an invoice to a customer: nobody is reminded of it.",
                        document=move.display_name,
                    )
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
