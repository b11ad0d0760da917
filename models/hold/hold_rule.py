from math import isfinite

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools.misc import formatLang

from odoo.addons.order_to_cash.algorithms.hold import Failure
from odoo.addons.order_to_cash.algorithms.hold_rules import Tier, higher_tiers


class O2cHoldRule(models.Model):
    """A condition under which an order is not simply confirmed, or an exemption from one.

    Each domain adds the kinds of rule it knows by ``selection_add`` and finds their failures in
    :meth:`_evaluate`; the kinds of this domain are in ``hold_rule_*.py``.
    """

    _name = "o2c.hold.rule"
    _description = "Hold Rule"
    _inherit = ["o2c.catalog.mixin", "mail.thread"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        # Without its company the rule would hold in every company.
        ondelete="cascade",
        help="Empty: the rule holds in every company.",
    )
    kind = fields.Selection(
        [("order_value", "Order value")], required=True, default="order_value", tracking=True
    )
    effect = fields.Selection(
        [
            ("warn", "Warn only"),
            ("hold_order", "Hold the order"),
            ("hold_delivery", "Hold the delivery"),
        ],
        required=True,
        default="warn",
        tracking=True,
        help="A warning lets the order pass and is noted on it. Holding the order keeps it a "
        "quotation until an approver releases it. Holding the delivery lets the order be "
        "confirmed, and nothing be shipped until an approver releases it.",
    )
    is_exclusion = fields.Boolean(
        string="Exemption",
        tracking=True,
        help="The orders this rule applies to are exempt from all rules of its kind.",
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    threshold_amount = fields.Monetary(
        string="Amount",
        tracking=True,
        help="In the company's currency, taxes included. The form says what it means for the "
        "kind of rule.",
    )
    threshold_percent = fields.Float(
        string="Percent",
        tracking=True,
        help="0–100. The form says what it means for the kind of rule.",
    )
    threshold_days = fields.Integer(
        string="Days",
        tracking=True,
        help="The form says what it means for the kind of rule.",
    )
    class_ids = fields.Many2many(
        "o2c.customer.class",
        ondelete="restrict",
        string="Customer Classes",
        help="Empty: customers of every class.",
    )
    team_ids = fields.Many2many(
        "crm.team",
        ondelete="restrict",
        string="Sales Teams",
        check_company=True,
        help="Empty: orders of every team.",
    )
    partner_ids = fields.Many2many(
        "res.partner",
        ondelete="restrict",
        string="Customers",
        check_company=True,
        domain=lambda self: self.env["res.partner"]._o2c_commercial_domain(),
        help="Empty: every customer.",
    )
    approver_ids = fields.Many2many(
        "res.users",
        string="Approvers",
        domain=[("share", "=", False)],
        help="Only these users release what the rule holds. Empty: the approver group.",
    )
    approver_group_id = fields.Many2one(
        "res.groups",
        default=lambda self: self.env.ref("order_to_cash.group_credit_manager"),
        help="Users of this group release what the rule holds, when no approver is named.",
    )

    preview_count = fields.Integer(
        string="Open Quotations",
        compute="_compute_preview_count",
        help="Open quotations that fail this rule today; for an exemption, those it spares.",
    )

    @api.depends("company_id")
    @api.depends_context("company")
    def _compute_currency_id(self):
        for rule in self:
            rule.currency_id = (rule.company_id or self.env.company).currency_id

    @api.depends_context("uid", "company", "allowed_company_ids")
    def _compute_preview_count(self):
        orders = self._open_quotations(self.env.companies)
        for rule in self:
            rule.preview_count = len(rule._origin._affected(orders))

    @api.constrains("threshold_amount", "threshold_percent", "threshold_days", "kind")
    def _check_thresholds(self):
        for rule in self:
            figures = (rule.threshold_amount, rule.threshold_percent, rule.threshold_days)
            if not all(isfinite(figure) and figure >= 0 for figure in figures):
                raise ValidationError(
                    self.env._(
                        "Hold rule “%(rule)s”: an amount, a percentage or a number of days below "
                        "zero has no meaning. Enter zero or more.",
                        rule=rule.name,
                    )
                )
            if rule.threshold_percent > 100 and rule.kind in self._kinds_up_to_100_percent():
                raise ValidationError(
                    self.env._(
                        "Hold rule “%(rule)s” would never apply: enter 100 percent or less.",
                        rule=rule.name,
                    )
                )

    @api.constrains(lambda self: ("is_exclusion", *self._scope_fields()))
    def _check_exclusion(self):
        for rule in self:
            if rule.is_exclusion and not rule._has_scope():
                raise ValidationError(
                    self.env._(
                        "The exemption “%(rule)s” would switch off every rule of its kind. Say "
                        "for whom it is, or archive those rules instead.",
                        rule=rule.name,
                    )
                )

    @api.constrains("approver_ids", "approver_group_id")
    def _check_approver(self):
        for rule in self:
            if not rule.approver_ids and not rule.approver_group_id:
                raise ValidationError(
                    self.env._(
                        "Hold rule “%(rule)s” has nobody who could release what it holds. "
                        "Name approvers or an approver group.",
                        rule=rule.name,
                    )
                )

    def action_preview(self):
        """Open the quotations that this one rule would hold, or warn about, if confirmed now."""
        self.ensure_one()
        affected = self._affected(self._open_quotations(self.env.companies))
        if self.is_exclusion:
            name = self.env._("Quotations exempt by “%(rule)s” today", rule=self.name)
        else:
            name = self.env._("Quotations failing “%(rule)s” today", rule=self.name)
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "sale.order",
            "view_mode": "list,form",
            "domain": [("id", "in", affected.ids)],
            "help": self.env._("No open quotation is affected by this rule today."),
        }

    def _evaluate(self, orders):
        """Which of ``orders`` fail which rules now. Writes nothing.

        Hook: a domain that adds kinds of rule extends this and adds the failures of its kinds by
        :meth:`_collect` to those that ``super()`` found. Orders are taken in the given order: one
        that would pass counts for those after it. Unsaved orders fail nothing.

        :param self: the rules to look at; when empty, all active rules of the orders' companies.
            The exemptions of the companies are heeded in any case.
        :param orders: ``sale.order`` of any companies, confirmed ones too
        :return: {id of the order: [:class:`Failure`]}, without the orders that fail nothing
        """
        if not self:
            rules = self._rules_of(orders.company_id)
            return rules._evaluate(orders) if rules else {}
        failures = {}
        self._collect(
            failures, orders, "order_value", lambda rule, found: rule._order_value_failures(found)
        )
        return failures

    def _collect(self, failures, orders, kind, find):
        """Add what the rules of one kind find on ``orders`` to ``failures``.

        :param find: called with a rule and the orders in its scope; yields (id of the order,
            :class:`Failure`)
        """
        for rule, scoped in self._in_force(orders, kind):
            for order_id, failure in find(rule, scoped):
                failures.setdefault(order_id, []).append(failure)

    def _in_force(self, orders, kind):
        """The rules of one kind among ``self``, each with the orders it applies to.

        The orders of a company and its branches come together: they share the credit of their
        customers. Orders that an exemption spares are not among them.

        :return: list of (rule, orders), both in sudo and with the root company active
        """
        rules = self._of_kind(kind)
        if not rules:
            return []
        # A salesperson may sell to a customer whose receivables he cannot read: the check reads
        # what it needs and gives back sentences only.
        saved = orders.sudo().filtered("id")
        if not saved:
            return []
        exemptions = self._rules_of(saved.company_id)._of_kind(kind, is_exclusion=True)
        result = []
        for root, family in saved.grouped(lambda o: o.company_id.root_id).items():
            subject = family.with_company(root)
            for exemption in exemptions:
                subject -= exemption._scope(subject)
            for rule in rules.with_company(root):
                if scoped := rule._scope(subject):
                    result.append((rule, scoped))
        return result

    @api.model
    def _scope_fields(self):
        """The many2many fields that narrow down to whose orders a rule applies.

        Hook: a domain that adds one extends this and :meth:`_scope`.
        """
        return ["class_ids", "team_ids", "partner_ids"]

    @api.model
    def _kinds_up_to_100_percent(self):
        """The kinds of rule whose percentage has no meaning above 100."""
        return set()

    def _has_scope(self):
        """Whether this one rule is narrowed down to some customers or teams."""
        self.ensure_one()
        rule = self.with_context(active_test=False)
        return any(rule[name] for name in self._scope_fields())

    def _scope(self, orders):
        """The orders this one rule applies to."""
        self.ensure_one()
        teams = self._scope_records("team_ids")
        classes = self._scope_records("class_ids")
        partners = self._scope_records("partner_ids").commercial_partner_id
        return orders.filtered(
            lambda order: (
                (not self.company_id or self.company_id in order.company_id.parent_ids)
                and (not teams or order.team_id in teams)
                and (not classes or order._o2c_customer().o2c_class_id in classes)
                and (not partners or order._o2c_customer() in partners)
            )
        )

    def _affected(self, orders):
        """Those of ``orders`` that this one rule holds, warns about or, if it exempts, spares."""
        if not self:
            return orders.browse()
        if self.is_exclusion:
            # Which orders are in the scope is no secret of the rule's.
            return orders & self.sudo()._scope(orders.sudo()).sudo(False)
        return orders.browse(self._evaluate(orders))

    @api.model
    def _refused(self, orders, failures):
        """The ids of those of ``orders`` that ``failures`` keep from being confirmed.

        A failure that somebody has released keeps nobody.
        """
        return {
            order.id
            for order in orders
            if order.id in failures
            and any(failure.blocks for failure in order._o2c_uncovered(failures[order.id]))
        }

    def _failure(self, amount, reason, severity=0.0):
        """A failure of this one rule by an order worth ``amount`` in company currency.

        :param severity: see :class:`Failure`
        """
        self.ensure_one()
        return Failure(
            rule_id=self.id,
            kind=self.kind,
            effect=self.effect,
            order_amount=amount,
            reason=reason,
            severity=severity,
        )

    @api.model
    def _percent_text(self, value):
        """A percentage as people write it: no decimals unless there are some."""
        digits = 0 if float(value).is_integer() else 2
        return formatLang(self.env, value, digits=digits)

    def _order_value_failures(self, orders):
        self.ensure_one()
        currency = orders.company_id.root_id.currency_id
        amounts = orders._o2c_amounts()
        for order in orders:
            amount = amounts[order.id]
            if currency.compare_amounts(amount, self.threshold_amount) <= 0:
                continue
            yield (
                order.id,
                self._failure(
                    amount,
                    self.env._(
                        "The order is worth %(amount)s; above %(threshold)s it needs approval.",
                        amount=formatLang(self.env, amount, currency_obj=currency),
                        threshold=formatLang(
                            self.env, self.threshold_amount, currency_obj=currency
                        ),
                    ),
                ),
            )

    def _approvers(self, company):
        """The users who may release what this one rule holds in ``company``.

        Who approves a higher tier of order values may release the lower ones.
        """
        self.ensure_one()
        users = self.env["res.users"]
        for rule in self | self._higher_tiers(company):
            users |= rule.approver_ids or rule.approver_group_id.all_user_ids
        return users.filtered(lambda user: user.active and company in user.company_ids)

    def _higher_tiers(self, company):
        """The active rules of ``company`` for the same orders with a higher order value."""
        self.ensure_one()
        if self.kind != "order_value":
            return self.browse()
        others = self._rules_of(company).filtered(
            lambda rule: rule.kind == "order_value" and not rule.is_exclusion
        )
        return self.browse(higher_tiers(self._as_tier(), [rule._as_tier() for rule in others]))

    def _as_tier(self):
        """This one rule as :class:`Tier`. Customers are compared as companies, not contacts."""
        scopes = {name: self._scope_records(name) for name in self._scope_fields()}
        scopes["partner_ids"] = scopes["partner_ids"].commercial_partner_id
        return Tier(
            key=self.id,
            threshold=self.threshold_amount,
            scopes=tuple(tuple(records.ids) for records in scopes.values()),
        )

    @api.model
    def _open_quotations(self, companies):
        return self.env["sale.order"].search(
            Domain("state", "in", ("draft", "sent")) & Domain("company_id", "in", companies.ids)
        )

    @api.model
    @api.private
    def preview(self, company):
        """How many open quotations the active rules would hold today, whatever the switch says.

        :return: (number held, number only warned about, number of open quotations)
        """
        orders = self._open_quotations(company | company.child_ids)
        failures = self.browse()._evaluate(orders)
        held = sum(any(f.blocks for f in found) for found in failures.values())
        return held, len(failures) - held, len(orders)
