from contextlib import contextmanager

from odoo import api, models

# Totals of the confirmed orders that this transaction is changing, before the change; on the
# cursor, for the same reason as in sale_order_confirm.
WATCHED = "o2c_watched_totals"
# Ids of those whose prices or terms it is changing.
CHANGED = "o2c_changed_terms"
# Another currency, or somebody else's credit: all of the order is new to it.
WHOLE_FIELDS = {"company_id", "currency_id", "partner_id", "partner_invoice_id"}
# What may get worse without the order being worth more, and the kinds of rule that look at it.
TERM_FIELDS = {"discount", "payment_term_id", "price_unit", "product_id"}
TERM_KINDS = ("discount", "margin", "payment_term", "price")


class SaleOrder(models.Model):
    """A confirmed order whose total is raised, or whose terms are changed, is checked again."""

    _inherit = "sale.order"

    def write(self, vals):
        with self._o2c_watch_increase():
            result = super().write(vals)
            self._o2c_note_terms(vals)
            if not WHOLE_FIELDS.isdisjoint(vals):
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
            left._o2c_check_terms()
            left._o2c_check_decrease()
        finally:
            for order_id in new.ids:
                watched.pop(order_id, None)
            self.env.cr.cache.get(CHANGED, set()).difference_update(new.ids)

    def _o2c_note_terms(self, vals):
        """Note that ``vals`` may change the terms of these orders."""
        if not TERM_FIELDS.isdisjoint(vals):
            self.env.cr.cache.setdefault(CHANGED, set()).update(self.ids)

    def _o2c_check_terms(self):
        """Check the prices and terms of those confirmed orders where they were changed.

        Nothing else of them: what was accepted when they were confirmed stays accepted.
        """
        changed = self.filtered(
            lambda order: order.state == "sale" and order.id in order._o2c_changed_terms()
        )
        if not changed:
            return
        rules = self.env["o2c.hold.rule"]._rules_of(changed.company_id)
        rules = rules.filtered(lambda rule: rule.kind in TERM_KINDS and not rule.is_exclusion)
        if rules:
            failures = rules._evaluate(changed)
            # Holds are written whatever the user may write, as in every check.
            changed.sudo()._o2c_record_failures(failures, kinds=TERM_KINDS)

    @api.model
    def _o2c_changed_terms(self):
        return self.env.cr.cache.get(CHANGED, frozenset())

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
        # A line may be moved to another order.
        orders = self.order_id | self.order_id.browse(vals.get("order_id") or ())
        with orders._o2c_watch_increase():
            result = super().write(vals)
            self.order_id._o2c_note_terms(vals)
            return result

    def unlink(self):
        # Without a line that gave a discount the order is worth more.
        with self.order_id._o2c_watch_increase():
            return super().unlink()

    def _action_launch_stock_rule(self, **kwargs):
        # Before goods are reserved for what was added.
        self.order_id._o2c_check_increase()
        return super()._action_launch_stock_rule(**kwargs)
