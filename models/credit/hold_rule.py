from dataclasses import dataclass
from datetime import date

from odoo import api, fields, models
from odoo.tools.misc import formatLang

from odoo.addons.order_to_cash.algorithms.credit import Exposure, Limit, Request, over_limit
from odoo.addons.order_to_cash.algorithms.hold import Failure

KINDS = ("credit_limit", "overdue", "limit_expired")


@dataclass(frozen=True, slots=True)
class Situation:
    """What the rules of this domain need of the orders of one root company, gathered once.

    ``debtors`` is {id of the order: the partner whose credit it uses}, ``amounts`` {id of the
    order: value in company currency}; ``limits`` and ``exposures`` are by id of the partner.
    """

    root: models.BaseModel
    debtors: dict[int, models.BaseModel]
    amounts: dict[int, float]
    limits: dict[int, Limit]
    exposures: dict[int, Exposure]
    limits_set_on: dict[int, date]


class O2cHoldRule(models.Model):
    _inherit = "o2c.hold.rule"

    kind = fields.Selection(
        selection_add=[
            ("credit_limit", "Credit limit exceeded"),
            ("overdue", "Overdue receivables"),
            ("limit_expired", "Credit limit out of date"),
        ],
        ondelete=dict.fromkeys(KINDS, "cascade"),
    )
    rating_ids = fields.Many2many(
        "o2c.credit.rating",
        ondelete="restrict",
        string="Ratings",
        check_company=True,
        help="Empty: customers of every rating.",
    )

    @api.model
    def _scope_fields(self):
        return [*super()._scope_fields(), "rating_ids"]

    def _scope(self, orders):
        scoped = super()._scope(orders)
        ratings = self._scope_records("rating_ids")
        if not ratings or not scoped:
            return scoped
        # Of all orders that are looked at, so that the next rule finds it read.
        rating_of = orders._o2c_ratings()
        return scoped.filtered(lambda order: rating_of[order.id] in ratings)

    def _evaluate(self, orders):
        failures = super()._evaluate(orders)
        in_force = [pair for kind in KINDS for pair in self._in_force(orders, kind)]
        if not in_force:
            return failures
        situations = self._situations(in_force)
        find = {
            "credit_limit": lambda rule, scoped, situation: rule._credit_limit_failures(
                scoped, situation, self._refused(scoped, failures)
            ),
            "overdue": lambda rule, scoped, situation: rule._overdue_failures(scoped, situation),
            "limit_expired": lambda rule, scoped, situation: rule._limit_expired_failures(
                scoped, situation
            ),
        }
        # The limit comes last: what another rule refuses does not use it up.
        for rule, scoped in sorted(in_force, key=lambda pair: pair[0].kind == "credit_limit"):
            situation = situations[scoped.company_id.root_id]
            for order_id, values in find[rule.kind](rule, scoped, situation):
                failure = Failure(
                    rule_id=rule.id,
                    kind=rule.kind,
                    effect=rule.effect,
                    order_amount=situation.amounts[order_id],
                    **values,
                )
                failures.setdefault(order_id, []).append(failure)
        return failures

    def _situations(self, in_force):
        """{root company: :class:`Situation`} for the rules and orders of :meth:`_in_force`."""
        result = {}
        for root in {scoped.company_id.root_id for _rule, scoped in in_force}:
            of_root = [pair for pair in in_force if pair[1].company_id.root_id == root]
            result[root] = self._situation(root, of_root)
        return result

    def _situation(self, root, in_force):
        kinds = {}
        for rule, scoped in in_force:
            kinds[rule.kind] = kinds.get(rule.kind, scoped.browse()) | scoped
        orders = in_force[0][1].browse().union(*kinds.values())
        debtors = {order.id: order._o2c_debtor() for order in orders}
        partners = orders.env["res.partner"].union(*debtors.values())
        limits = self.env["o2c.credit.account"]._limits(partners, root)
        limited = {
            debtors[order.id]
            for order in kinds.get("credit_limit", ())
            if limits[debtors[order.id].id].is_finite
        }
        if self._locks(root):
            self._lock(orders, debtors, limited, root)
        needed = limited | {debtors[order.id] for order in kinds.get("overdue", ())}
        days = [rule.threshold_days for rule, _scoped in in_force if rule.kind == "overdue"]
        exposures = self.env["o2c.credit.account"]._get_exposure(
            orders.env["res.partner"].union(*needed), root, overdue_days=days
        )
        return Situation(
            root,
            debtors,
            orders._o2c_amounts(),
            limits,
            exposures,
            self._limits_set_on(limits, root) if "limit_expired" in kinds else {},
        )

    def _limits_set_on(self, limits, root):
        """{id of the partner: the day his own limit was set} of those limits that are his own."""
        own = [partner_id for partner_id, limit in limits.items() if limit.source == "own"]
        # The check reads what it needs; only sentences are shown.
        accounts = (
            self.env["o2c.credit.account"]
            .sudo()
            .search([
                ("partner_id", "in", own),
                ("company_id", "=", root.id),
                ("limit_set_on", "!=", False),
            ])
        )
        return {account.partner_id.id: account.limit_set_on for account in accounts}

    def _locks(self, root):
        """Whether a confirmation must keep others of ``root`` off the credit that it uses.

        Where nothing is held for the limit, two orders that go over it together both pass, as each
        of them does alone. Where something is, an order that the rule only warns about takes the
        credit all the same from one that it would hold.
        """
        return any(
            rule.effect != "warn" and rule.company_id.root_id in (root.browse(), root)
            for rule in self._of_kind("credit_limit")
        )

    def _lock(self, orders, debtors, limited, root):
        """Serialize with other confirmations that use the same credit."""
        confirming = self.env["sale.order"]._o2c_confirming()
        locked = {debtors[order.id] for order in orders if order.id in confirming} & limited
        self.env["o2c.credit.lock"]._take(orders.env["res.partner"].union(*locked), root)

    def _credit_limit_failures(self, orders, situation, refused):
        self.ensure_one()
        excesses = self._excesses(orders, situation, refused, {})
        if excesses:
            # What was paid matters only now, and few orders were paid before they are confirmed.
            paid = orders._o2c_confirmed_payments()
            if any(amount for amount, _booked in paid.values()):
                excesses = self._excesses(orders, situation, refused, paid)
        for order in orders:
            if excess := excesses.get(order.id):
                yield (
                    order.id,
                    {
                        "exposure": excess.exposure,
                        "credit_limit": excess.limit,
                        "reason": self._credit_limit_reason(order, situation, excess),
                    },
                )

    def _excesses(self, orders, situation, refused, paid):
        requests = [
            Request(
                order.id,
                situation.debtors[order.id].id,
                situation.amounts[order.id],
                *paid.get(order.id, (0.0, 0.0)),
                counted=order.state == "sale",
            )
            for order in orders
        ]
        return over_limit(
            requests,
            {partner_id: found.exposure for partner_id, found in situation.exposures.items()},
            situation.limits,
            tolerance_percent=self.threshold_percent,
            digits=situation.root.currency_id.decimal_places,
            refused=refused,
            accepted={order.id for order in orders if self._lets_pass(order, situation)},
        )

    def _lets_pass(self, order, situation):
        """Whether ``order`` is confirmed even if it goes over the limit of this one rule."""
        if self.effect != "hold_order":
            return True
        if order.o2c_hold_state == "none":
            # Never released: the usual case needs no look at its holds.
            return False
        return not order._o2c_uncovered([self._failure(situation.amounts[order.id], "")])

    def _credit_limit_reason(self, order, situation, excess):
        def money(value):
            return formatLang(self.env, value, currency_obj=situation.root.currency_id)

        debtor = situation.debtors[order.id]
        if situation.limits[debtor.id].mode == "prepay":
            return self.env._(
                "%(customer)s pays in advance, and there is no confirmed payment for this order of "
                "%(amount)s.",
                customer=debtor.name,
                amount=money(situation.amounts[order.id]),
            )
        if order.state == "sale":
            return self.env._(
                "%(customer)s has used %(exposure)s of its credit, this order included; that is "
                "%(excess)s above the credit limit of %(limit)s.",
                customer=debtor.name,
                exposure=money(excess.exposure),
                excess=money(excess.excess),
                limit=money(excess.limit),
            )
        return self.env._(
            "%(customer)s has used %(exposure)s of its credit; this order of %(amount)s makes it "
            "%(total)s, %(excess)s above the credit limit of %(limit)s.",
            customer=debtor.name,
            exposure=money(excess.exposure),
            amount=money(situation.amounts[order.id]),
            total=money(excess.limit + excess.excess),
            excess=money(excess.excess),
            limit=money(excess.limit),
        )

    def _overdue_failures(self, orders, situation):
        self.ensure_one()
        currency = situation.root.currency_id
        for order in orders:
            exposure = situation.exposures[situation.debtors[order.id].id]
            amount = exposure.overdue_by_days[self.threshold_days]
            if currency.compare_amounts(amount, self.threshold_amount) <= 0:
                continue
            limit = situation.limits[situation.debtors[order.id].id]
            yield (
                order.id,
                {
                    "exposure": exposure.exposure,
                    "credit_limit": limit.amount,
                    "reason": self.env._(
                        "%(customer)s owes %(amount)s that is more than %(days)s days overdue.",
                        customer=situation.debtors[order.id].name,
                        amount=formatLang(self.env, amount, currency_obj=currency),
                        days=self.threshold_days,
                    ),
                },
            )

    def _limit_expired_failures(self, orders, situation):
        """Limits of the customer's own that nobody has looked at for longer than the days given."""
        self.ensure_one()
        today = situation.root._o2c_today()
        oldest = fields.Date.subtract(today, days=self.threshold_days)
        for order in orders:
            debtor = situation.debtors[order.id]
            set_on = situation.limits_set_on.get(debtor.id)
            if not set_on or set_on >= oldest:
                continue
            yield (
                order.id,
                {
                    "credit_limit": situation.limits[debtor.id].amount,
                    "reason": self.env._(
                        "The credit limit of %(customer)s was set %(age)s days ago; it must be "
                        "renewed every %(days)s days.",
                        customer=debtor.name,
                        age=(today - set_on).days,
                        days=self.threshold_days,
                    ),
                },
            )
