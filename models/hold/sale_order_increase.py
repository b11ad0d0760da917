from contextlib import contextmanager

from odoo import api, models

# Totals of the confirmed orders that this transaction is changing, before the change; on the
# cursor, for the same reason as in sale_order_confirm.
WATCHED = "o2c_watched_totals"


class SaleOrder(models.Model):
    """A confirmed order whose total is raised is checked again."""

    _inherit = "sale.order"

    def write(self, vals):
        with self._o2c_watch_increase():
            result = super().write(vals)
            if {"partner_id", "partner_invoice_id"}.intersection(vals):
                # Somebody else's credit: all of it is new to him.
                self._o2c_recheck(self.filtered(lambda order: order.state == "sale"))
        return result

    @contextmanager
    def _o2c_watch_increase(self):
        """Check the confirmed orders among ``self`` again if the block raises their totals."""
        watched = self.env.cr.cache.setdefault(WATCHED, {})
        new = self.filtered(
            lambda order: (
                order.state == "sale"
                and order.company_id.o2c_use_credit
                and order.id not in watched
                and order.id not in self._o2c_confirming()
            )
        )
        # Their exemption is the import's, which goes on for as long as it runs.
        new -= new._o2c_exempt_from_holds()
        watched.update({order.id: order.amount_total for order in new})
        try:
            yield
            left = new.exists()
            left._o2c_check_increase()
            left._o2c_check_decrease()
        finally:
            for order_id in new.ids:
                watched.pop(order_id, None)

    def _o2c_check_increase(self):
        """Check again those orders whose total is above what it was when last looked at."""
        watched = self.env.cr.cache.get(WATCHED, {})
        raised = self.filtered(
            lambda order: (
                order.id in watched
                and order.state == "sale"
                and order.currency_id.compare_amounts(order.amount_total, watched[order.id]) > 0
            )
        )
        if raised:
            watched.update({order.id: order.amount_total for order in raised})
            self._o2c_recheck(raised)

    def _o2c_check_decrease(self):
        """Let go what was held for its value and is worth less now."""
        watched = self.env.cr.cache.get(WATCHED, {})
        self.filtered(
            lambda order: (
                order.o2c_hold_state == "held"
                and order.currency_id.compare_amounts(order.amount_total, watched[order.id]) < 0
            )
        )._o2c_reevaluate()

    @api.model
    def _o2c_recheck(self, orders):
        if not orders:
            return
        with orders._o2c_mark_confirming():
            orders._o2c_apply_evaluation()


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        orders = self.env["sale.order"].browse(
            {vals["order_id"] for vals in vals_list if vals.get("order_id")}
        )
        with orders._o2c_watch_increase():
            return super().create(vals_list)

    def write(self, vals):
        with self.order_id._o2c_watch_increase():
            return super().write(vals)

    def unlink(self):
        # Without a line that gave a discount the order is worth more.
        with self.order_id._o2c_watch_increase():
            return super().unlink()

    def _action_launch_stock_rule(self, **kwargs):
        # Before goods are reserved for what was added.
        self.order_id._o2c_check_increase()
        return super()._action_launch_stock_rule(**kwargs)
