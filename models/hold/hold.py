from math import isfinite

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

from odoo.addons.order_to_cash.algorithms.hold import Approval, covers


class O2cHold(models.Model):
    """What one rule found on one order, with the figures of that moment, and what was decided.

    A hold may also be placed by hand, on an order or, without an order, on a customer; the latter
    makes a hold of its own on each open order of the customer, which points to it.

    Rows are written by the check and by the decision actions only: nobody has write access.
    """

    _name = "o2c.hold"
    _description = "Hold"
    _order = "id desc"
    _check_company_auto = True

    order_id = fields.Many2one(
        "sale.order",
        readonly=True,
        index=True,
        ondelete="cascade",
        help="Empty: the customer is on hold, with all his orders.",
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
    reason_id = fields.Many2one("o2c.hold.reason", string="Category", readonly=True)
    until = fields.Date(
        readonly=True, help="A hold placed by hand ends after this day; empty: when released."
    )
    customer_hold_id = fields.Many2one(
        "o2c.hold",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        help="The hold on the customer that holds this order.",
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True, index=True
    )
    user_id = fields.Many2one(
        "res.users", string="Salesperson", compute="_compute_user_id", store=True
    )
    team_id = fields.Many2one(related="order_id.team_id", store=True)
    exposure = fields.Monetary(readonly=True, help="Exposure of the customer before this order.")
    credit_limit = fields.Monetary(readonly=True)
    order_amount = fields.Monetary(readonly=True, help="Taxes included, in company currency.")
    severity = fields.Float(
        readonly=True,
        help="How bad it was, where the amount does not say so: a discount or a price gap in "
        "percent, a margin below zero, days of a payment term. A release is good for no worse.",
    )
    decision_note = fields.Text(readonly=True)
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_on = fields.Datetime(readonly=True)
    approved_amount = fields.Monetary(
        readonly=True, help="The order may be confirmed up to this amount."
    )
    expires_on = fields.Date(
        readonly=True, help="The release is good until and including this day."
    )
    approver_ids = fields.Many2many(
        "res.users",
        string="Can Be Released By",
        compute="_compute_approver_ids",
        search="_search_approver_ids",
    )
    can_decide = fields.Boolean(compute="_compute_can_decide", search="_search_can_decide")

    _one_active_a_rule = models.UniqueIndex(
        "(order_id, rule_id) WHERE state = 'active' AND rule_id IS NOT NULL",
        "This rule already holds this order.",
    )
    _by_hand = models.Index("(partner_id) WHERE state = 'active' AND rule_id IS NULL")

    @api.model
    def _selection_kind(self):
        kinds = self.env["o2c.hold.rule"]._fields["kind"]._description_selection(self.env)
        return [*kinds, ("manual", self.env._("Placed by hand"))]

    @api.model
    def _selection_effect(self):
        return self.env["o2c.hold.rule"]._fields["effect"]._description_selection(self.env)

    @api.depends("order_id", "rule_id", "kind")
    def _compute_display_name(self):
        kinds = dict(self._selection_kind())
        for hold in self:
            what = hold.order_id.name or hold.partner_id.name
            hold.display_name = f"{what}: {hold.rule_id.name or kinds[hold.kind]}"

    @api.depends("order_id.user_id", "partner_id.user_id")
    def _compute_user_id(self):
        for hold in self:
            hold.user_id = hold.order_id.user_id if hold.order_id else hold.partner_id.user_id

    @api.depends("rule_id", "company_id")
    def _compute_approver_ids(self):
        for hold in self:
            hold.approver_ids = hold._approvers()

    @api.model
    def _search_approver_ids(self, operator, value):
        if operator == "any":
            users = self.env["res.users"].search(value)
        elif operator == "in":
            users = self.env["res.users"].browse(key for key in value if key)
            if False in value:
                # Reads ids of users to build a condition; none is shown.
                everybody = self.env["res.users"].sudo().search([("share", "=", False)])
                return ~self._domain_of_approvers(everybody) | self._domain_of_approvers(users)
        elif operator in ("ilike", "like"):
            users = self.env["res.users"].search(Domain("display_name", operator, value))
        else:
            return NotImplemented
        return self._domain_of_approvers(users)

    @api.depends("rule_id", "company_id")
    @api.depends_context("uid")
    def _compute_can_decide(self):
        for hold in self:
            hold.can_decide = self.env.user in hold._approvers()

    @api.model
    def _search_can_decide(self, operator, value):
        if operator != "in":
            return NotImplemented
        if set(value) >= {True, False}:
            return Domain.TRUE
        domain = self._domain_of_approvers(self.env.user)
        return domain if True in value else ~domain

    @api.model
    def _domain_of_approvers(self, users):
        """The holds that one of ``users`` may release."""
        # Who approves what is no secret; which holds the user sees is for the record rules to say.
        users = users.sudo()
        rules = (
            self.env["o2c.hold.rule"]
            .sudo()
            .with_context(active_test=False)
            .search(Domain("kind", "!=", False))
        )
        managers = users & self._credit_managers()
        domain = Domain.FALSE
        for company in users.company_ids:
            theirs = rules.filtered(lambda r, c=company: users & r._approvers(c))
            of_company = Domain("rule_id", "in", theirs.ids)
            if company in managers.company_ids:
                of_company |= Domain("rule_id", "=", False)
            domain |= Domain("company_id", "=", company.id) & of_company
        return domain

    @api.model
    def _credit_managers(self):
        """The users, in sudo, who release what was put on hold by hand."""
        # Who decides is no secret to colleagues; only names and mails are used.
        managers = self.env.ref("order_to_cash.group_credit_manager").sudo().all_user_ids
        return managers.filtered("active")

    def _approvers(self):
        self.ensure_one()
        # Who may decide is no secret, and the rule may be of a group the reader is not in.
        hold = self.sudo()
        if hold.rule_id:
            return hold.rule_id._approvers(hold.company_id)
        return self._credit_managers().filtered(
            lambda user: hold.company_id in user.company_ids
        )

    def _blocking(self):
        """The active holds that keep their quotation from being confirmed, or their confirmed
        order from being delivered."""
        return self.filtered(
            lambda hold: (
                hold.state == "active"
                and (
                    (hold.effect == "hold_order" and hold.order_id.state != "cancel")
                    or (hold.effect == "hold_delivery" and hold.order_id.state == "sale")
                )
            )
        )

    def _decidable(self):
        """The holds that an approver may still decide on: he may think better of a rejection."""
        return self.filtered(
            lambda hold: (
                (
                    hold.state == "active"
                    and hold.effect != "warn"
                    and hold.order_id.state != "cancel"
                )
                or (hold.state == "rejected" and hold.order_id.state in ("draft", "sent"))
            )
        )

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
        reason = self.reason if self.rule_id or self.customer_hold_id else self._manual_reason()
        if not approvers and not self.rule_id:
            return self.env._(
                "%(reason)s Nobody can release it: make somebody credit manager.", reason=reason
            )
        if not approvers:
            return self.env._(
                "%(reason)s Nobody can release it: name an approver in the hold rule %(rule)s.",
                reason=self.reason,
                rule=self.rule_id.name,
            )
        return self.env._(
            "%(reason)s It can be released by: %(approvers)s.",
            reason=reason,
            approvers=", ".join(approvers),
        )

    def _check_can_decide(self):
        for hold in self:
            approvers = hold._approvers()
            if self.env.user not in approvers:
                raise AccessError(
                    self.env._(
                        "The hold on %(order)s can be decided by %(approvers)s only.",
                        # Names the order that the user tried to decide on.
                        order=hold.sudo().order_id.name or hold.sudo().partner_id.name,
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
        released = self._decide("released", note, values)
        released._take_figures()
        if not approved_amount:
            amounts = released.order_id._o2c_amounts()
            for hold in released.filtered("order_id"):
                hold.approved_amount = amounts[hold.order_id.id]
        released._end_customer_holds()
        released.order_id._o2c_after_release()
        return True

    def action_reject(self, note=None):
        """Refuse the orders of these holds: they stay quotations.

        :param note: why; compulsory
        :raise AccessError: when the user approves not all of them
        :raise UserError: among them is a hold on a confirmed order or a customer
        """
        # Reads the state of the order only; rights were checked by the decision.
        if any(hold.sudo().order_id.state not in ("draft", "sent") for hold in self):
            raise UserError(
                self.env._(
                    "Only quotations can be rejected. Cancel a confirmed order instead; the hold "
                    "on a customer stays until it is released."
                )
            )
        self._decide("rejected", note, {})
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

    def _take_figures(self):
        """Note on these holds what they release: the customer, the figures of this moment."""
        failures = self.order_id._o2c_failures()
        for hold in self.filtered("order_id"):
            for failure in failures.get(hold.order_id.id, []):
                if failure.cause == hold._cause():
                    hold.write({
                        **hold.order_id._o2c_hold_values(failure),
                        "effect": hold.effect,
                    })

    def _tell_salesperson(self):
        """Note the decision on each order, and tell its salesperson unless he made it."""
        states = dict(self._fields["state"]._description_selection(self.env))
        kinds = dict(self._selection_kind())
        of_orders = self.filtered("order_id")
        of_orders.order_id._o2c_tell({
            order.id: Markup("<br/>").join(
                self.env._(
                    "%(state)s: %(hold)s. %(note)s",
                    state=states[hold.state],
                    hold=hold.rule_id.name or kinds[hold.kind],
                    note=hold.decision_note,
                )
                for hold in holds
            )
            for order, holds in of_orders.grouped("order_id").items()
        })

    def _covers(self, failure, today):
        """Whether this one released hold lets the order pass in spite of ``failure``."""
        self.ensure_one()
        if self.state != "released" or self._cause() != failure.cause:
            return False
        if self.partner_id != self.order_id._o2c_customer():
            # Given for another customer's order, which this one was then.
            return False
        approval = Approval(self.approved_amount, self.expires_on or None, self.severity)
        digits = self.currency_id.decimal_places
        # That a rate of exchange has moved since the decision does not undo it.
        amount = min(failure.order_amount, self._order_amount_when_decided())
        return covers(approval, amount, today, digits, failure.severity)

    def _order_amount_when_decided(self):
        """The amount of the order of this one hold, at the rate of the day of the decision."""
        order, company = self.order_id, self.company_id
        timezone = company.partner_id.tz or self.env.user.tz
        day = fields.Date.context_today(self.with_context(tz=timezone), self.decided_on)
        return order.currency_id._convert(
            order.amount_total, company.currency_id, company, day
        )

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

    def _cause(self):
        """What made this hold, comparable to :attr:`Failure.cause`."""
        self.ensure_one()
        return (self.rule_id.id or 0, 0 if self.rule_id else self.customer_hold_id.id or self.id)

    def action_open_order(self):
        """Open the order of this hold, or its customer."""
        self.ensure_one()
        if not self.order_id:
            return {
                "type": "ir.actions.act_window",
                "res_model": "res.partner",
                "res_id": self.partner_id.id,
                "view_mode": "form",
            }
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": self.order_id.id,
            "view_mode": "form",
        }
