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
        help="Held and rejected quotations cannot be confirmed until an approver releases them.",
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

    @api.depends("o2c_hold_ids.state", "o2c_hold_ids.effect")
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
        quotations = self.filtered(
            lambda order: (
                order.company_id.o2c_use_credit
                and order.state in ("draft", "sent")
                and order._origin
            )
        )
        decided = quotations.filtered(lambda o: o.o2c_hold_state in ("held", "rejected"))
        for order in decided:
            order.o2c_hold_message = order._o2c_hold_sentence()
        undecided = quotations - decided
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

    def action_confirm(self):
        """Confirm the orders that no rule holds; the others stay quotations, ``held``.

        :return: as core, or a notification saying which orders are held and why
        """
        held = self._o2c_apply_evaluation(
            lambda order: order.state in ("draft", "sent")
        )
        passing = self - held
        result = super(SaleOrder, passing).action_confirm() if passing else True
        return held._o2c_held_notification() if held else result

    def _action_confirm(self):
        result = super()._action_confirm()
        # Held when the domain was on, and confirmed without a check after it was switched off.
        held = self.filtered(lambda order: order.o2c_hold_state == "held")
        held.sudo().o2c_hold_ids._blocking().write({"state": "cleared"})
        return result

    def _action_cancel(self):
        result = super()._action_cancel()
        # Nothing is left to decide on. The state of the order was checked by core.
        holds = self.sudo().o2c_hold_ids.filtered(lambda hold: hold.state == "active")
        holds.write({"state": "cleared"})
        return result

    def _o2c_apply_evaluation(self, condition=lambda order: True):
        """Check the orders by the rules now and record what was found.

        New failures make holds; holds whose cause has gone are cleared; figures are refreshed.

        :param condition: which of the orders to check
        :return: the orders of ``self`` that must not be confirmed
        """
        checked = self.filtered(lambda o: o.company_id.o2c_use_credit and condition(o))
        checked -= checked._o2c_exempt_from_holds()
        if not checked:
            return checked
        failures = self.env["o2c.hold.rule"]._evaluate(checked)
        # The check writes holds on orders whatever the user may read or write himself.
        return self.browse(checked.sudo()._o2c_record_failures(failures))

    def _o2c_exempt_from_holds(self):
        """The orders that are confirmed without a check.

        Hook for domains that bring orders confirmed elsewhere. It must go by what the database
        says of the order, never by the context, which a caller can set.
        """
        return self.browse()

    def _o2c_record_failures(self, failures):
        """Write the holds of ``failures``; returns the ids of the orders they hold."""
        Hold = self.env["o2c.hold"]
        held_ids, new_values, gone, notes = [], [], Hold, {}
        for order in self:
            found = order._o2c_uncovered(failures.get(order.id, []))
            standing = order.o2c_hold_ids.filtered(lambda h: h.state in ("active", "rejected"))
            failed_ids = {failure.rule_id for failure in found}
            gone |= standing.filtered(lambda h, ids=failed_ids: h.rule_id.id not in ids)
            by_rule = {hold.rule_id.id: hold for hold in standing}
            for failure in found:
                hold = by_rule.get(failure.rule_id)
                if hold and hold.state == "active":
                    hold.write(order._o2c_hold_values(failure))
                elif not hold:
                    new_values.append(order._o2c_hold_values(failure))
                    notes.setdefault(order.id, []).append(failure.reason)
            if any(failure.blocks for failure in found):
                held_ids.append(order.id)
        for order in gone._blocking().order_id:
            notes.setdefault(order.id, []).append(
                self.env._("The cause of the hold is gone: cleared.")
            )
        gone.write({"state": "cleared"})
        # The unique index looks at the database: decided holds must be there before new ones.
        Hold.flush_model(["state"])
        Hold.create(new_values)
        self._o2c_log(notes)
        return held_ids

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
        return {
            "order_id": self.id,
            "rule_id": failure.rule_id,
            "kind": failure.kind,
            "effect": failure.effect,
            "reason": failure.reason,
            "company_id": self.company_id.id,
            "partner_id": self._o2c_customer().id,
            "exposure": failure.exposure,
            "credit_limit": failure.credit_limit,
            "order_amount": failure.order_amount,
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
