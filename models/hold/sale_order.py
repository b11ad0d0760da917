from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL


class SaleOrder(models.Model):
    _inherit = "sale.order"

    o2c_hold_ids = fields.One2many("o2c.hold", "order_id", groups="base.group_user")
    o2c_hold_state = fields.Selection(
        [
            ("none", "Free"),
            ("warned", "Warned"),
            ("held", "Held"),
            ("released", "Released"),
            ("rejected", "Rejected"),
        ],
        string="Hold",
        compute="_compute_o2c_hold_state",
        store=True,
        copy=False,
        default="none",
        help="Held and rejected quotations cannot be confirmed, held orders not be delivered, until "
        "an approver releases them.",
    )
    o2c_hold_message = fields.Text(
        compute="_compute_o2c_hold_message", groups="base.group_user"
    )
    o2c_can_decide = fields.Boolean(compute="_compute_o2c_can_decide", groups="base.group_user")

    def _auto_init(self):
        # Created here with a constant default, the column costs nothing however many orders there
        # are, and the ORM does not compute it for each of them.
        self.env.cr.execute(
            SQL(
                "ALTER TABLE %s ADD COLUMN IF NOT EXISTS o2c_hold_state varchar DEFAULT 'none'",
                SQL.identifier(self._table),
            )
        )
        return super()._auto_init()

    @api.depends("o2c_hold_ids.state", "o2c_hold_ids.effect", "state")
    def _compute_o2c_hold_state(self):
        for order in self:
            holds = order.o2c_hold_ids
            states = set(holds.filtered(lambda h: h.effect != "warn").mapped("state"))
            if holds._blocking():
                order.o2c_hold_state = "held"
            elif "rejected" in states:
                order.o2c_hold_state = "rejected"
            elif "released" in states:
                order.o2c_hold_state = "released"
            elif "active" in holds.mapped("state"):
                order.o2c_hold_state = "warned"
            else:
                order.o2c_hold_state = "none"

    @api.depends("o2c_hold_ids.state", "state", "amount_total", "partner_invoice_id")
    @api.depends_context("uid", "lang")
    def _compute_o2c_hold_message(self):
        self.o2c_hold_message = False
        controlled = self.filtered(
            lambda order: (
                order.company_id.o2c_use_credit and order.state != "cancel" and order._origin
            )
        )
        decided = controlled.filtered(lambda o: o.o2c_hold_state in ("held", "rejected"))
        for order in decided:
            order.o2c_hold_message = order._o2c_hold_sentence()
        undecided = (controlled - decided).filtered(lambda o: o.state in ("draft", "sent"))
        if not undecided:
            return
        failures = self.env["o2c.hold.rule"]._evaluate(undecided._origin)
        for order in undecided:
            uncovered = order._origin._o2c_uncovered(failures.get(order._origin.id, []))
            if uncovered:
                order.o2c_hold_message = "\n".join(
                    dict.fromkeys(failure.reason for failure in uncovered)
                )

    @api.depends("o2c_hold_ids.state")
    @api.depends_context("uid")
    def _compute_o2c_can_decide(self):
        for order in self:
            open_holds = order.o2c_hold_ids._decidable()
            order.o2c_can_decide = bool(open_holds) and all(open_holds.mapped("can_decide"))

    def _o2c_hold_sentence(self):
        """Why this quotation cannot be confirmed and who can change that, in the user's words."""
        self.ensure_one()
        # Whoever reads the order may know why it does not go, even where the hold itself, with its
        # figures, is not for him.
        holds = self.sudo().o2c_hold_ids
        sentences = [hold._sentence() for hold in holds._blocking()]
        if not sentences:
            rejected = holds.filtered(lambda hold: hold.state == "rejected")
            sentences = [hold._sentence() for hold in rejected]
        return "\n".join(sentences)

    def _action_confirm(self):
        result = super()._action_confirm()
        # Held when the domain was on, and confirmed without a check after it was switched off.
        held = self.filtered(lambda order: order.o2c_hold_state == "held")
        # Nobody has write access to holds; the order was confirmed by core's own checks.
        standing = held.sudo().o2c_hold_ids._blocking()
        standing.filtered(lambda hold: hold.effect == "hold_order").write({"state": "cleared"})
        return result

    def _action_cancel(self):
        result = super()._action_cancel()
        # Nothing is left to decide on. The state of the order was checked by core.
        # A hold by hand waits: made a quotation again, the order is still held.
        holds = self.sudo().o2c_hold_ids.filtered(
            lambda hold: (
                hold.state == "active" and (hold.kind != "manual" or hold.customer_hold_id)
            )
        )
        holds.write({"state": "cleared"})
        return result

    def _o2c_apply_evaluation(self, condition=lambda order: True):
        """Check the orders by the rules now and record what was found.

        New failures make holds; holds whose cause has gone are cleared; figures are refreshed.
        What would keep a quotation from being confirmed keeps a confirmed order from being
        delivered.

        :param condition: which of the orders to check
        :return: the orders of ``self`` that must not be confirmed
        """
        checked = self.filtered(lambda o: o.company_id.o2c_use_credit and condition(o))
        checked -= checked._o2c_exempt_from_holds()
        if not checked:
            return checked
        failures = checked._o2c_failures()
        # The check writes holds on orders whatever the user may read or write himself.
        return self.browse(checked.sudo()._o2c_record_failures(failures))

    def _o2c_reevaluate(self):
        """Check held orders again: clear what no longer fails, refresh the rest.

        A confirmed order gets no new hold by this: it was accepted, and nobody has raised it.
        """
        quotations = self.filtered(lambda order: order.state in ("draft", "sent"))
        quotations._o2c_apply_evaluation()
        confirmed = self.filtered(
            lambda order: order.state == "sale" and order.company_id.o2c_use_credit
        )
        if confirmed:
            failures = confirmed._o2c_failures()
            # As above.
            confirmed.sudo()._o2c_record_failures(failures, only_standing=True)

    def _o2c_failures(self):
        """What the orders fail: rules, and holds placed by hand.

        :return: {id of the order: [:class:`Failure`]}
        """
        failures = self.env["o2c.hold.rule"]._evaluate(self)
        for order_id, found in self._o2c_manual_failures().items():
            failures.setdefault(order_id, []).extend(found)
        return failures

    def _o2c_exempt_from_holds(self):
        """The orders that are confirmed without a check.

        Hook for domains that bring orders confirmed elsewhere. It must go by what the database
        says of the order, never by the context, which a caller can set.
        """
        return self.browse()

    def _o2c_record_failures(self, failures, only_standing=False, kinds=()):
        """Write the holds of ``failures``; returns the ids of the orders they hold.

        :param only_standing: refresh and clear holds, make no new ones
        :param kinds: the kinds of rule that were looked at, all by default
        """
        Hold = self.env["o2c.hold"]
        held_ids, new_values, gone, notes = [], [], Hold, {}
        for order in self:
            found = failures.get(order.id, [])
            if not found and order.o2c_hold_state == "none":
                # The usual case needs no look at its holds: without any, or with settled ones only.
                continue
            found = order._o2c_uncovered(found)
            standing = order._o2c_standing_holds()
            if kinds:
                standing = standing.filtered(lambda hold: hold.kind in kinds)
            by_cause = {hold._cause(): hold for hold in standing}
            for failure in found:
                hold = by_cause.pop(failure.cause, None)
                if not hold and not only_standing:
                    new_values.append(order._o2c_hold_values(failure))
                    notes.setdefault(order.id, []).append(failure.reason)
                elif hold and hold.state == "active" and hold.id != failure.hold_id:
                    hold.write(order._o2c_hold_values(failure))
            gone = gone.concat(gone, *by_cause.values())
            if any(failure.blocks for failure in found):
                held_ids.append(order.id)
        if not (new_values or gone or notes):
            return held_ids
        freed = gone._blocking().order_id
        gone.write({"state": "cleared"})
        # The unique index looks at the database: decided holds must be there before new ones.
        Hold.flush_model(["state"])
        Hold.create(new_values)
        self._o2c_log(notes)
        freed = freed.filtered(lambda order: order.o2c_hold_state != "held")
        freed._o2c_tell_cleared()
        freed._o2c_after_release()
        return held_ids

    def _o2c_standing_holds(self):
        """The holds of this one order that still matter."""
        self.ensure_one()
        standing = ("active", "rejected") if self.state in ("draft", "sent") else ("active",)
        return self.o2c_hold_ids.filtered(lambda hold: hold.state in standing)

    def _o2c_uncovered(self, failures):
        """Those of the failures of this one order that no release covers."""
        self.ensure_one()
        today = self.company_id._o2c_today()
        # Releases are read whatever the user may read: they only let the order pass.
        released = self.sudo().o2c_hold_ids.filtered(lambda hold: hold.state == "released")
        return [
            failure
            for failure in failures
            if not any(hold._covers(failure, today) for hold in released)
        ]

    def _o2c_hold_values(self, failure):
        self.ensure_one()
        effect = failure.effect
        if self.state == "sale" and failure.blocks:
            effect = "hold_delivery"
        return {
            "order_id": self.id,
            "rule_id": failure.rule_id or False,
            "customer_hold_id": failure.hold_id or False,
            "kind": failure.kind,
            "effect": effect,
            "reason": failure.reason,
            "company_id": self.company_id.id,
            "partner_id": self._o2c_customer().id,
            "exposure": failure.exposure,
            "credit_limit": failure.credit_limit,
            "order_amount": failure.order_amount,
            "severity": failure.severity,
        }

    def _o2c_log(self, notes):
        """Log sentences as internal notes; ``notes`` is {id of the order: [sentence]}."""
        orders = self.browse(notes)
        orders._message_log_batch({
            order.id: Markup("<br/>").join(dict.fromkeys(notes[order.id])) for order in orders
        })

    def _o2c_held_notification(self):
        """Tell the user which of his orders are held."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "title": self.env._("On hold: %(orders)s", orders=", ".join(self.mapped("name"))),
                "message": "\n".join(order._o2c_hold_sentence() for order in self),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _o2c_customer(self):
        """The commercial partner whose credit this order uses: that of the invoice address."""
        return self.partner_invoice_id.commercial_partner_id

    def _o2c_amounts(self):
        """Value of each order, taxes included, in company currency: {id: amount}."""
        today_by_company = {company: company._o2c_today() for company in self.company_id}
        return {
            order.id: order.currency_id._convert(
                order.amount_total,
                order.company_id.currency_id,
                order.company_id,
                today_by_company[order.company_id],
            )
            for order in self
        }

    def action_o2c_decide(self):
        """Open the decision on the holds of these orders."""
        return self.o2c_hold_ids.action_decide()

    def action_o2c_open_holds(self):
        """Open the holds of this order, past ones too."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Holds on %(order)s", order=self.name),
            "res_model": "o2c.hold",
            "view_mode": "list,form",
            "domain": [("order_id", "=", self.id)],
        }
