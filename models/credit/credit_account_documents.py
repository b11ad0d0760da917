from odoo import models
from odoo.fields import Domain

DELIVERED, ORDERED = "delivered_not_invoiced", "ordered_not_delivered"


class O2cCreditAccount(models.Model):
    """From every component of the exposure to the documents that it comes from."""

    _inherit = "o2c.credit.account"

    def _member_domain(self, field):
        """Domain on ``field``, a partner, of everybody whose debt counts on this one account."""
        debtor = self.partner_id
        return (
            Domain(f"{field}.commercial_partner_id", "=", debtor.id)
            & Domain(f"{field}.commercial_partner_id.o2c_payer_id", "=", False)
        ) | Domain(f"{field}.commercial_partner_id.o2c_payer_id", "=", debtor.id)

    def _open(self, name, model, domain):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "list,form",
            "domain": list(domain & Domain("company_id", "child_of", self.company_id.id)),
            "context": {"create": False},
        }

    def _receivable_domain(self):
        return Domain([
            ("account_id.account_type", "=", "asset_receivable"),
            ("parent_state", "=", "posted"),
            ("reconciled", "=", False),
        ]) & self._member_domain("partner_id")

    def action_open_receivable(self):
        """Open the unpaid receivable lines of this one account."""
        self.ensure_one()
        return self._open_receivable(self.env._("Receivable"), self._receivable_domain())

    def _open_receivable(self, name, domain):
        list_view = self.env.ref("order_to_cash.account_move_line_view_list_receivable")
        search_view = self.env.ref("order_to_cash.account_move_line_view_search_receivable")
        return {
            **self._open(name, "account.move.line", domain),
            "view_mode": "list",
            "views": [(list_view.id, "list")],
            "search_view_id": [search_view.id],
        }

    def action_open_overdue(self):
        """Open the receivable lines that are past due."""
        self.ensure_one()
        due = Domain("date_maturity", "<", self.company_id._o2c_today())
        domain = self._receivable_domain() & due & Domain("amount_residual", ">", 0)
        return self._open_receivable(self.env._("Overdue"), domain)

    def action_open_draft_invoiced(self):
        """Open the draft invoices that count."""
        self.ensure_one()
        domain = Domain([
            ("state", "=", "draft"),
            ("move_type", "in", ("out_invoice", "out_refund", "out_receipt")),
            ("invoice_line_ids", "any", [("sale_line_ids", "=", False)]),
        ]) & self._member_domain("partner_id")
        return self._open(self.env._("Draft Invoices"), "account.move", domain)

    def action_open_orders(self):
        """Open the confirmed orders that count."""
        return self._open_orders(self.env._("Open Orders"), DELIVERED, ORDERED)

    def action_open_delivered(self):
        """Open the orders of which something is delivered and not invoiced."""
        return self._open_orders(self.env._("Delivered, Not Invoiced"), DELIVERED)

    def action_open_ordered(self):
        """Open the orders of which something is still to be delivered."""
        return self._open_orders(self.env._("Ordered, Not Delivered"), ORDERED)

    def _open_orders(self, name, *components):
        self.ensure_one()
        ids = self.env["o2c.credit.exposure"]._order_ids(
            self.partner_id, self.company_id, components
        )
        return self._open(name, "sale.order", Domain("id", "in", ids))
