from contextlib import contextmanager
from functools import wraps

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

# Ids of the orders that this transaction is confirming by the checked path. It lives on the cursor,
# where no caller from outside can put anything.
CONFIRMING = "o2c_confirming"
# What the checks go by and Odoo computes. A caller who wrote it would be checked by his own figures.
FIGURES = {"amount_tax", "amount_total", "amount_untaxed", "invoice_status", "margin"}
LINE_FIGURES = {"margin", "price_subtotal", "price_tax", "price_total"}


class SaleOrder(models.Model):
    """Every door through which a quotation becomes an order."""

    _inherit = "sale.order"

    o2c_confirmation_pending = fields.Boolean(
        copy=False,
        readonly=True,
        groups="base.group_user",
        help="The customer has accepted and the order was held: the confirmation is sent to him "
        "when it is confirmed.",
    )

    def _register_hook(self):
        """Put the check outside of whatever modules installed later add to ``action_confirm``.

        They act on every order they were called with, after ``super()``: a held order must not
        get that far.
        """
        super()._register_hook()
        model = self.env.registry[self._name]
        origin = model.action_confirm
        if hasattr(origin, "o2c_origin"):
            return

        @wraps(origin)
        def action_confirm(self):
            return self._o2c_confirm_checked(origin)

        action_confirm.o2c_origin = origin
        model.action_confirm = action_confirm

    def _unregister_hook(self):
        super()._unregister_hook()
        model = self.env.registry[self._name]
        if hasattr(vars(model).get("action_confirm"), "o2c_origin"):
            del model.action_confirm

    def action_confirm(self):
        """Confirm the orders that no rule holds; the others stay quotations, ``held``.

        :return: as core, or a notification saying which orders are held and why
        """
        confirm = super().action_confirm.__func__
        return self._o2c_confirm_checked(confirm)

    def _o2c_confirm_checked(self, confirm):
        """Check the orders and let ``confirm`` have those that pass."""
        if self and set(self.ids) <= self._o2c_confirming():
            return confirm(self)
        with self._o2c_mark_confirming() as confirming:
            held = self._o2c_apply_evaluation(lambda order: order.state in ("draft", "sent"))
            confirming.difference_update(held.ids)
            passing = self - held
            result = confirm(passing) if passing or not held else True
        held._o2c_remember_acceptance()
        (passing & self)._o2c_follow_up_acceptance()
        return held._o2c_held_notification() if held else result

    @api.model
    def _o2c_confirming(self):
        return self.env.cr.cache.get(CONFIRMING, frozenset())

    @contextmanager
    def _o2c_mark_confirming(self):
        """Note that ``self`` is being confirmed, for as long as the block lasts."""
        before = self._o2c_confirming()
        confirming = self.env.cr.cache[CONFIRMING] = {*before, *self.ids}
        try:
            yield confirming
        finally:
            self.env.cr.cache[CONFIRMING] = before

    @api.model_create_multi
    def create(self, vals_list):
        self._o2c_refuse_figures(FIGURES, vals_list)
        orders = super().create(vals_list)
        orders.filtered(lambda order: order.state == "sale")._o2c_check_door()
        return orders

    def write(self, vals):
        if "o2c_hold_state" in vals and not self.env.su:
            raise AccessError(
                self.env._("Whether an order is on hold follows from its holds: decide on those.")
            )
        self._o2c_refuse_figures(FIGURES, [vals])
        if vals.get("state") == "sale":
            self.filtered(lambda order: order.state != "sale")._o2c_check_door()
        return super().write(vals)

    @api.model
    def _o2c_refuse_figures(self, names, vals_list):
        """:raise AccessError: when a user enters figures that are computed"""
        if self.env.su or all(names.isdisjoint(vals) for vals in vals_list):
            return
        # Only settings of the user's companies are read.
        if not any(company.o2c_use_credit for company in self.env.user.sudo().company_ids):
            return
        raise AccessError(
            self.env._("The totals of an order follow from its lines and cannot be entered.")
        )

    def _o2c_check_door(self):
        """Refuse orders that become confirmed other than by ``action_confirm`` and would be held.

        :raise UserError: with what is wrong with each of them
        """
        confirming = self._o2c_confirming()
        checked = self.filtered(
            lambda order: order.company_id.o2c_use_credit and order.id not in confirming
        )
        checked -= checked._o2c_exempt_from_holds()
        if not checked:
            return
        with checked._o2c_mark_confirming():
            failures = checked._o2c_failures()
        sentences = [
            self.env._("%(order)s: %(reason)s", order=order.name, reason=failure.reason)
            for order in checked
            for failure in order._o2c_uncovered(failures.get(order.id, []))
            if failure.blocks
        ]
        if sentences:
            raise UserError(
                self.env._(
                    "These orders must not be confirmed. Confirm them with the button, and they "
                    "are put on hold for a decision.\n%(reasons)s",
                    reasons="\n".join(sentences),
                )
            )
        # What only warns, or holds the delivery, is noted on orders whatever the user may write.
        checked.sudo()._o2c_record_failures(failures)

    # What the customer was to get at confirmation ---------------------------------------------------

    def _o2c_remember_acceptance(self):
        """Remember of held orders that the customer himself has accepted them."""
        if self.env.context.get("send_email"):
            # A portal customer accepts an order that he may not write.
            self.sudo().o2c_confirmation_pending = True

    def _o2c_follow_up_acceptance(self):
        """Do for orders confirmed after a hold what would have followed without it: the mail, and
        the automatic invoice of what was paid online."""
        # The field is for employees only, while a customer may be who confirms.
        accepted = self.sudo().filtered(
            lambda order: order.o2c_confirmation_pending and order.state == "sale"
        )
        if not accepted:
            return
        accepted.o2c_confirmation_pending = False
        if not self.env.context.get("send_email"):
            accepted._send_order_confirmation_mail()
        accepted.transaction_ids._o2c_invoice_after_hold()

    def _o2c_portal_state(self):
        """What the customer may know of a hold on this one order: ``review``, or nothing."""
        self.ensure_one()
        # A portal customer may not read the field, which says no more than he did himself.
        accepted = self.state == "sale" or self.sudo().o2c_confirmation_pending
        return "review" if self.o2c_hold_state == "held" and accepted else ""


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        self.env["sale.order"]._o2c_refuse_figures(LINE_FIGURES, vals_list)
        return super().create(vals_list)

    def write(self, vals):
        self.env["sale.order"]._o2c_refuse_figures(LINE_FIGURES, [vals])
        return super().write(vals)
