from odoo import fields, models
from odoo.fields import Domain


class ResPartner(models.Model):
    """What stops the dunning of a customer, seen from the customer."""

    _inherit = "res.partner"

    o2c_dispute_count = fields.Integer(
        string="Open Disputes", compute="_compute_o2c_stop_counts", groups="base.group_user"
    )
    o2c_promise_count = fields.Integer(
        string="Promises",
        compute="_compute_o2c_stop_counts",
        groups="base.group_user",
        help="Open or broken.",
    )
    o2c_dunning_block_count = fields.Integer(
        string="Dunning Blocks", compute="_compute_o2c_stop_counts", groups="base.group_user"
    )

    def _compute_o2c_stop_counts(self):
        counts = {
            "o2c_dispute_count": self._o2c_count_by_customer(
                "o2c.payment.dispute", Domain("state", "=", "open")
            ),
            "o2c_promise_count": self._o2c_count_by_customer(
                "o2c.payment.promise", Domain("state", "!=", "kept")
            ),
            "o2c_dunning_block_count": self._o2c_count_by_customer(
                "o2c.dunning.block", Domain("is_active", "=", True)
            ),
        }
        for partner in self:
            for field, by_partner in counts.items():
                partner[field] = by_partner.get(partner.commercial_partner_id, 0)

    def _o2c_count_by_customer(self, model, domain):
        Model = self.env[model]
        if not Model.has_access("read"):
            return {}
        return dict(
            Model._read_group(
                Domain("partner_id", "in", self.commercial_partner_id.ids) & domain,
                ["partner_id"],
                ["__count"],
            )
        )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_o2c_promise(self):
        """Open the dialog that records a promise of this customer."""
        self.ensure_one()
        return self.env["account.move"]._o2c_stop_dialog(
            "o2c.payment.promise",
            self.env._("Promise to Pay"),
            {"default_partner_id": self.commercial_partner_id.id},
        )

    def action_o2c_block_dunning(self):
        """Open the dialog that keeps reminders from this customer."""
        self.ensure_one()
        return self.env["account.move"]._o2c_stop_dialog(
            "o2c.dunning.block",
            self.env._("Block Reminders"),
            {
                "default_partner_id": self.commercial_partner_id.id,
                "default_date_from": self.env.company._o2c_today(),
            },
        )

    def action_o2c_view_disputes(self):
        """Open the disputes of this customer."""
        return self._o2c_view_stops("o2c_payment_dispute_action", "partner_id")

    def action_o2c_view_promises(self):
        """Open the promises of this customer."""
        return self._o2c_view_stops("o2c_payment_promise_action", "partner_id")

    def action_o2c_view_dunning_blocks(self):
        """Open the blocks of this customer and of his invoices."""
        return self._o2c_view_stops("o2c_dunning_block_action", "customer_id")

    def _o2c_view_stops(self, action, field):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(f"order_to_cash.{action}")
        action["domain"] = [(field, "=", self.commercial_partner_id.id)]
        action["context"] = {"default_partner_id": self.commercial_partner_id.id}
        return action
