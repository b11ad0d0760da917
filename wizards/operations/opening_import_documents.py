from odoo import models
from odoo.fields import Domain


class O2cOpeningImport(models.Model):
    """The documents of an import, to be counted and opened."""

    _inherit = "o2c.opening.import"

    def _compute_document_counts(self):
        moves = self._count_by_import("account.move", [("move_type", "!=", "entry")])
        settlements = self._count_by_import("account.move", [("move_type", "=", "entry")])
        orders = self._count_by_import("sale.order", [])
        for opening in self:
            opening.move_count = moves.get(opening, 0)
            opening.settlement_count = settlements.get(opening, 0)
            opening.order_count = orders.get(opening, 0)

    def _count_by_import(self, model, domain):
        return dict(
            self.env[model]._read_group(
                [("o2c_opening_import_id", "in", self.ids), *domain],
                ["o2c_opening_import_id"],
                ["__count"],
            )
        )

    def action_open_moves(self):
        self.ensure_one()
        return self._open_documents(
            "account.move",
            self.env._("Opening Invoices"),
            Domain("o2c_opening_import_id", "=", self.id) & Domain("move_type", "!=", "entry"),
            "account.view_out_invoice_tree",
        )

    def action_open_settlements(self):
        self.ensure_one()
        return self._open_documents(
            "account.move",
            self.env._("Settlements"),
            Domain("o2c_opening_import_id", "=", self.id) & Domain("move_type", "=", "entry"),
        )

    def action_open_orders(self):
        self.ensure_one()
        return self._open_documents(
            "sale.order",
            self.env._("Opening Orders"),
            Domain("o2c_opening_import_id", "=", self.id),
        )

    def action_open_customers(self):
        self.ensure_one()
        return self._open_documents(
            "res.partner",
            self.env._("Customers Created"),
            Domain("id", "in", self.customer_ids.ids),
        )

    def _open_documents(self, model, title, domain, list_view=None):
        views = [(self.env.ref(list_view).id if list_view else False, "list"), (False, "form")]
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": model,
            "domain": list(domain),
            "views": views,
            "context": {"create": False},
        }
