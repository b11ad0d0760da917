from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools.misc import formatLang

from odoo.addons.order_to_cash.algorithms.hold import Failure


class O2cHoldRule(models.Model):
    """A condition under which an order is not simply confirmed.

    Each domain adds the kinds of rule it knows by ``selection_add`` and finds their failures in
    :meth:`_evaluate`.
    """

    _name = "o2c.hold.rule"
    _description = "Hold Rule"
    _inherit = ["mail.thread"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", index=True, help="Empty: the rule holds in every company."
    )
    kind = fields.Selection(
        [("order_value", "Order value")], required=True, default="order_value", tracking=True
    )
    effect = fields.Selection(
        [("warn", "Warn only"), ("hold_order", "Hold the order")],
        required=True,
        default="warn",
        tracking=True,
        help="A warning lets the order pass and is noted on it. A hold keeps it a quotation until "
        "an approver releases it.",
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    threshold_amount = fields.Monetary(
        string="Amount",
        tracking=True,
        help="In the company's currency, taxes included. The rule fails above it.",
    )
    threshold_percent = fields.Float(
        string="Percent",
        tracking=True,
        help="For the credit limit: how far, in percent of it, the limit may be passed.",
    )
    class_ids = fields.Many2many(
        "o2c.customer.class",
        string="Customer Classes",
        help="Empty: customers of every class.",
    )
    team_ids = fields.Many2many(
        "crm.team",
        string="Sales Teams",
        check_company=True,
        help="Empty: orders of every team.",
    )
    partner_ids = fields.Many2many(
        "res.partner",
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

    @api.depends("company_id")
    @api.depends_context("company")
    def _compute_currency_id(self):
        for rule in self:
            rule.currency_id = (rule.company_id or self.env.company).currency_id

    @api.constrains("threshold_amount", "threshold_percent")
    def _check_thresholds(self):
        for rule in self:
            if rule.threshold_amount < 0 or rule.threshold_percent < 0:
                raise ValidationError(
                    self.env._(
                        "Hold rule “%(rule)s”: an amount or percent below zero has no meaning. "
                        "Enter zero or more.",
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

    def _evaluate(self, orders):
        """Which of ``orders`` fail which rules now. Writes nothing.

        Hook: a domain that adds kinds of rule extends this and adds the failures of its kinds,
        found in :meth:`_in_force`, to those that ``super()`` found. Orders are taken in the given
        order: one that would pass counts for those after it.

        :param self: the rules to look at; when empty, all active rules of the orders' companies
        :param orders: ``sale.order`` of any companies
        :return: {id of the order: [:class:`Failure`]}, without the orders that fail nothing
        """
        if not self:
            rules = self._rules_of(orders.company_id)
            return rules._evaluate(orders) if rules else {}
        failures = {}
        for rule, scoped in self._in_force(orders, "order_value"):
            for order_id, failure in rule._order_value_failures(scoped):
                failures.setdefault(order_id, []).append(failure)
        return failures

    @api.model
    def _rules_of(self, companies):
        # Everybody's orders are checked, by rules that only managers may read.
        return self.sudo().search(
            Domain("company_id", "=", False) | Domain("company_id", "parent_of", companies.ids)
        )

    def _in_force(self, orders, kind):
        """The rules of one kind among ``self``, each with the orders it applies to.

        The orders of a company and its branches come together: they share the credit of their
        customers.

        :return: list of (rule, orders), both in sudo and with the root company active
        """
        result = []
        # A salesperson may sell to a customer whose receivables he cannot read: the check reads
        # what it needs and gives back sentences only.
        for root, family in orders.sudo().grouped(lambda o: o.company_id.root_id).items():
            for rule in self.sudo().with_company(root):
                if rule.kind != kind:
                    continue
                scoped = rule._scope(family.with_company(root))
                if scoped:
                    result.append((rule, scoped))
        return result

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
                Failure(
                    rule_id=self.id,
                    kind=self.kind,
                    effect=self.effect,
                    order_amount=amount,
                    reason=self.env._(
                        "The order is worth %(amount)s; above %(threshold)s it needs approval.",
                        amount=formatLang(self.env, amount, currency_obj=currency),
                        threshold=formatLang(
                            self.env, self.threshold_amount, currency_obj=currency
                        ),
                    ),
                ),
            )

    def _scope(self, orders):
        """The orders this one rule applies to."""
        self.ensure_one()
        partners = self.partner_ids.commercial_partner_id
        return orders.filtered(
            lambda order: (
                (not self.company_id or self.company_id in order.company_id.parent_ids)
                and (not self.team_ids or order.team_id in self.team_ids)
                and (not self.class_ids or order._o2c_customer().o2c_class_id in self.class_ids)
                and (not partners or order._o2c_customer() in partners)
            )
        )

    def _approvers(self, company):
        """The users who may release what this one rule holds in ``company``."""
        self.ensure_one()
        users = self.approver_ids or self.approver_group_id.all_user_ids
        return users.filtered(lambda user: user.active and company in user.company_ids)

    def action_preview(self):
        """Open the quotations that this one rule would hold, or warn about, if confirmed now."""
        self.ensure_one()
        orders = self._open_quotations(self.env.companies)
        failing = self._evaluate(orders)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Quotations failing “%(rule)s” today", rule=self.name),
            "res_model": "sale.order",
            "view_mode": "list,form",
            "domain": [("id", "in", list(failing))],
            "help": self.env._("No open quotation fails this rule today."),
        }

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
        failures = self._evaluate(orders)
        held = sum(any(f.blocks for f in found) for found in failures.values())
        return held, len(failures) - held, len(orders)
