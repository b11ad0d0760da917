from odoo import api, fields, models
from odoo.exceptions import UserError


class O2cHoldDecision(models.TransientModel):
    """The dialog in which an approver releases or rejects holds."""

    _name = "o2c.hold.decision"
    _description = "Decision on Holds"

    hold_ids = fields.Many2many("o2c.hold", string="Holds", required=True)
    note = fields.Text(string="Reason of the Decision")
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    approved_amount = fields.Monetary(
        string="Approved up to",
        help="Each order may be confirmed up to this amount, in company currency. Empty: up to its "
        "amount now.",
    )
    expires_on = fields.Date(
        string="Good until", help="Last day on which the orders may be confirmed."
    )

    has_orders = fields.Boolean(compute="_compute_contents")
    has_quotations = fields.Boolean(compute="_compute_contents")

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        orders = self.env["o2c.hold"].browse(self.env.context.get("default_hold_ids")).order_id
        if len(orders) == 1 and "approved_amount" in fields:
            values["approved_amount"] = orders._o2c_amounts()[orders.id]
        return values

    @api.depends("hold_ids")
    def _compute_contents(self):
        for decision in self:
            states = set(decision.hold_ids.order_id.mapped("state"))
            decision.has_orders = bool(states)
            decision.has_quotations = bool(states & {"draft", "sent"})

    @api.depends("hold_ids")
    def _compute_currency_id(self):
        for decision in self:
            decision.currency_id = decision.hold_ids.currency_id[:1]

    def action_release(self):
        """Release the holds; the salesperson confirms the orders."""
        self.hold_ids.action_release(
            note=self.note,
            approved_amount=self.approved_amount or None,
            expires_on=self.expires_on or None,
        )
        return {"type": "ir.actions.act_window_close"}

    def action_release_and_confirm(self):
        """Release the holds and confirm the orders that nothing holds any more."""
        orders = self.hold_ids.order_id
        self.action_release()
        free = orders.filtered(
            lambda order: order.state in ("draft", "sent") and order.o2c_hold_state != "held"
        )
        if not free:
            raise UserError(
                self.env._(
                    "Other holds still keep these orders from being confirmed: decide on them, "
                    "or only release."
                )
            )
        result = free.action_confirm()
        return result if isinstance(result, dict) else {"type": "ir.actions.act_window_close"}

    def action_reject(self):
        """Refuse the orders; they stay quotations."""
        self.hold_ids.action_reject(note=self.note)
        return {"type": "ir.actions.act_window_close"}
