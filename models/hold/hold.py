from math import isfinite

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

from odoo.addons.order_to_cash.algorithms.hold import Approval, covers


class O2cHold(models.Model):
    """What one rule found on one order, with the figures of that moment, and what was decided.

    Rows are written by the check and by the decision actions only: nobody has write access.
    """

    _name = "o2c.hold"
    _description = "Hold"
    _order = "id desc"
    _check_company_auto = True

    order_id = fields.Many2one(
        "sale.order", required=True, readonly=True, index=True, ondelete="cascade"
    )
    rule_id = fields.Many2one("o2c.hold.rule", readonly=True, ondelete="restrict")
    kind = fields.Selection(selection="_selection_kind", required=True, readonly=True)
    effect = fields.Selection(selection="_selection_effect", required=True, readonly=True)
    state = fields.Selection(
        [
            ("active", "Active"),
            ("released", "Released"),
            ("rejected", "Rejected"),
            ("cleared", "Cleared"),
        ],
        required=True,
        readonly=True,
        default="active",
        index=True,
    )
    reason = fields.Text(required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True, index=True
    )
    user_id = fields.Many2one(related="order_id.user_id", string="Salesperson", store=True)
    team_id = fields.Many2one(related="order_id.team_id", store=True)
    exposure = fields.Monetary(readonly=True, help="Exposure of the customer before this order.")
    credit_limit = fields.Monetary(readonly=True)
    order_amount = fields.Monetary(readonly=True, help="Taxes included, in company currency.")
    decision_note = fields.Text(readonly=True)
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_on = fields.Datetime(readonly=True)
    approved_amount = fields.Monetary(
        readonly=True, help="The order may be confirmed up to this amount."
    )
    expires_on = fields.Date(
        readonly=True, help="The release is good until and including this day."
    )
    can_decide = fields.Boolean(compute="_compute_can_decide")

    _one_active_a_rule = models.UniqueIndex(
        "(order_id, rule_id) WHERE state = 'active' AND rule_id IS NOT NULL",
        "This rule already holds this order.",
    )

    @api.model
    def _selection_kind(self):
        return self.env["o2c.hold.rule"]._fields["kind"]._description_selection(self.env)

    @api.model
    def _selection_effect(self):
        return self.env["o2c.hold.rule"]._fields["effect"]._description_selection(self.env)

    @api.depends("order_id", "rule_id", "kind")
    def _compute_display_name(self):
        kinds = dict(self._selection_kind())
        for hold in self:
            hold.display_name = f"{hold.order_id.name}: {hold.rule_id.name or kinds[hold.kind]}"

    @api.depends("rule_id", "company_id")
    @api.depends_context("uid")
    def _compute_can_decide(self):
        for hold in self:
            hold.can_decide = self.env.user in hold._approvers()

    def _approvers(self):
        self.ensure_one()
        # Who may decide is no secret, and the rule may be of a group the reader is not in.
        return self.sudo().rule_id._approvers(self.sudo().company_id)

    def _blocking(self):
        """The active holds that keep their order from being confirmed."""
        return self.filtered(lambda hold: hold.state == "active" and hold.effect == "hold_order")

    def _decidable(self):
        """The holds that an approver may still decide on: he may think better of a rejection."""
        rejected = self.filtered(
            lambda hold: hold.state == "rejected" and hold.order_id.state in ("draft", "sent")
        )
        return self._blocking() | rejected

    def _sentence(self):
        """What is wrong and who can change it; or who decided and why."""
        self.ensure_one()
        if self.state == "rejected":
            return self.env._(
                "Rejected by %(user)s: %(note)s",
                user=self.decided_by_id.name,
                note=self.decision_note,
            )
        approvers = self._approvers().mapped("name")
        if not approvers:
            return self.env._(
                "%(reason)s Nobody can release it: name an approver in the hold rule %(rule)s.",
                reason=self.reason,
                rule=self.rule_id.name,
            )
        return self.env._(
            "%(reason)s It can be released by: %(approvers)s.",
            reason=self.reason,
            approvers=", ".join(approvers),
        )

    def _check_can_decide(self):
        for hold in self:
            approvers = hold._approvers()
            if self.env.user not in approvers:
                raise AccessError(
                    self.env._(
                        "The hold on %(order)s can be decided by %(approvers)s only.",
                        order=hold.order_id.sudo().name,
                        approvers=", ".join(approvers.mapped("name"))
                        or self.env._("an approver, and none is set in this company"),
                    )
                )

    def action_release(self, note=None, approved_amount=None, expires_on=None):
        """Let the orders of these holds pass, those rejected before too.

        :param note: why; compulsory
        :param approved_amount: up to what amount each order may be confirmed, in company
            currency; the amount of the order now by default
        :param expires_on: last day on which the release is good; for ever by default
        :raise AccessError: when the user approves not all of them
        """
        values = {
            "approved_amount": approved_amount,
            "expires_on": fields.Date.to_date(expires_on),
        }
        self._check_release_values(**values)
        for hold in self._decide("released", note, values):
            if not approved_amount:
                hold.approved_amount = hold.order_id._o2c_amounts()[hold.order_id.id]
        return True

    def action_reject(self, note=None):
        """Refuse the orders of these holds: they stay quotations.

        :param note: why; compulsory
        :raise AccessError: when the user approves not all of them
        """
        self._decide("rejected", note, {})
        return True

    def action_reevaluate(self):
        """Check the orders of these holds again: clear what no longer fails, refresh the rest."""
        self.check_access("read")
        orders = self.order_id.filtered(lambda order: order.state in ("draft", "sent"))
        orders._o2c_apply_evaluation()
        return True

    def _check_release_values(self, approved_amount, expires_on):
        is_amount = isinstance(approved_amount, (int, float)) and isfinite(approved_amount)
        if approved_amount is not None and (not is_amount or approved_amount < 0):
            raise ValidationError(
                self.env._("The approved amount must be a number, not below zero.")
            )
        if expires_on and any(expires_on < company._o2c_today() for company in self.company_id):
            raise ValidationError(
                self.env._("The release would already have expired. Choose a later date.")
            )

    def _decide(self, state, note, values):
        """Record a decision on the undecided holds among ``self``; returns them (sudo).

        A rejection is not the last word: it can still be released.
        """
        if not (note or "").strip():
            raise UserError(self.env._("Say why: a note is compulsory for a decision."))
        self.check_access("read")
        self._check_can_decide()
        open_states = ("active", "rejected") if state == "released" else ("active",)
        undecided = self.filtered(lambda hold: hold.state in open_states)
        if not undecided:
            raise UserError(
                self.env._("There is nothing left to decide: the hold is no longer active.")
            )
        # Holds are read-only for everybody; the approver was checked above.
        decided = undecided.sudo()
        decided.write({
            "state": state,
            "decision_note": note.strip(),
            "decided_by_id": self.env.uid,
            "decided_on": fields.Datetime.now(),
            **{name: value for name, value in values.items() if value is not None},
        })
        decided._tell_salesperson()
        return decided

    def _tell_salesperson(self):
        """Note the decision on each order, and notify its salesperson unless he made it."""
        states = dict(self._fields["state"]._description_selection(self.env))
        for order, holds in self.grouped("order_id").items():
            salesperson = order.user_id - self.env.user
            order.message_post(
                body=Markup("<br/>").join(
                    self.env._(
                        "%(state)s: %(hold)s. %(note)s",
                        state=states[hold.state],
                        hold=hold.rule_id.name,
                        note=hold.decision_note,
                    )
                    for hold in holds
                ),
                subtype_xmlid="mail.mt_note",
                author_id=self.env.user.partner_id.id,
                partner_ids=salesperson.partner_id.ids,
            )

    def _covers(self, failure, today):
        """Whether this one released hold lets the order pass in spite of ``failure``."""
        self.ensure_one()
        if self.state != "released" or self.rule_id.id != failure.rule_id:
            return False
        approval = Approval(self.approved_amount, self.expires_on or None)
        digits = self.currency_id.decimal_places
        return covers(approval, failure.order_amount, today, digits)

    def action_decide(self):
        """Open the dialog in which an approver releases or rejects these holds."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Decide on Holds"),
            "res_model": "o2c.hold.decision",
            "view_mode": "form",
            "target": "new",
            "context": {"default_hold_ids": self._decidable().ids},
        }

    def action_open_order(self):
        """Open the order of this hold."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": self.order_id.id,
            "view_mode": "form",
        }

    @api.model
    @api.private
    def reevaluate_open(self, company):
        """Check every held quotation of ``company`` again.

        :return: (number of orders looked at, number no longer held)
        """
        # The daily step looks at the orders of everybody.
        orders = (
            self.env["sale.order"]
            .sudo()
            .search(
                Domain("o2c_hold_state", "=", "held")
                & Domain("state", "in", ("draft", "sent"))
                & Domain("company_id", "child_of", company.ids)
            )
        )
        orders._o2c_apply_evaluation()
        freed = orders.filtered(lambda order: order.o2c_hold_state != "held")
        return len(orders), len(freed)
