from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import hold_rules


class O2cHoldRule(models.Model):
    """Kinds of rule that look at whom an order is for: documents, payment term, first order."""

    _inherit = "o2c.hold.rule"

    kind = fields.Selection(
        selection_add=[
            ("qualification", "Document missing or expired"),
            ("payment_term", "Payment term too long"),
            ("first_order", "First order of a customer"),
        ],
        ondelete={
            "qualification": "cascade",
            "payment_term": "cascade",
            "first_order": "cascade",
        },
    )

    def _evaluate(self, orders):
        failures = super()._evaluate(orders)
        self._collect(
            failures,
            orders,
            "qualification",
            lambda rule, found: rule._qualification_failures(found),
        )
        self._collect(
            failures, orders, "payment_term", lambda rule, found: rule._payment_term_failures(found)
        )
        for rule, found in self._in_force(orders, "first_order"):
            refused = self._refused(found, failures)
            for order_id, failure in rule._first_order_failures(found, refused):
                failures.setdefault(order_id, []).append(failure)
        return failures

    def _qualification_failures(self, orders):
        self.ensure_one()
        amounts = orders._o2c_amounts()
        for company, members in orders.grouped("company_id").items():
            customers = members.partner_id.commercial_partner_id
            states = customers._o2c_get_qualification_states(company)
            for order in members:
                gaps = states.get(order.partner_id.commercial_partner_id, {})
                if reason := self._qualification_reason(gaps):
                    yield order.id, self._failure(amounts[order.id], reason)

    def _qualification_reason(self, states):
        """The sentence on the documents that do not hold, empty when all do."""
        missing = ", ".join(kind.name for kind, state in states.items() if state == "missing")
        expired = ", ".join(kind.name for kind, state in states.items() if state == "expired")
        if missing and expired:
            return self.env._(
                "Documents of the customer are missing: %(missing)s; and expired: %(expired)s.",
                missing=missing,
                expired=expired,
            )
        if missing:
            return self.env._("Documents of the customer are missing: %(names)s.", names=missing)
        if expired:
            return self.env._("Documents of the customer have expired: %(names)s.", names=expired)
        return ""

    def _payment_term_failures(self, orders):
        self.ensure_one()
        amounts = orders._o2c_amounts()
        for company, members in orders.grouped("company_id").items():
            today = company._o2c_today()
            for order in members.with_company(company):
                term = order.payment_term_id
                allowed = order.partner_id._o2c_own_payment_term()
                days = hold_rules.term_excess(
                    term._o2c_last_due_date(today),
                    allowed._o2c_last_due_date(today),
                    self.threshold_days,
                )
                if days:
                    reason = self._payment_term_reason(term, allowed, days)
                    yield order.id, self._failure(amounts[order.id], reason, severity=days)

    def _payment_term_reason(self, term, allowed, days):
        if not allowed:
            return self.env._(
                "The payment term %(term)s gives the customer %(days)s days; by his own he pays "
                "at once.",
                term=term.name,
                days=days,
            )
        return self.env._(
            "The payment term %(term)s is %(days)s days longer than the customer's own, "
            "%(allowed)s.",
            term=term.name,
            days=days,
            allowed=allowed.name,
        )

    def _first_order_failures(self, orders, refused):
        self.ensure_one()
        judged = orders.filtered(
            lambda order: order.state in ("draft", "sent") or self._stands_on(order)
        )
        amounts = judged._o2c_amounts()
        first = hold_rules.first_orders(
            [
                hold_rules.Opening(
                    order.id, order._o2c_customer().id, order.state not in ("draft", "sent")
                )
                for order in judged
            ],
            judged._o2c_first_confirmed(),
            refused=refused,
            holds=self.effect == "hold_order",
        )
        for order in judged.filtered(lambda order: order.id in first):
            reason = self.env._(
                "This is the first order of %(customer)s.", customer=order._o2c_customer().name
            )
            yield order.id, self._failure(amounts[order.id], reason)

    def _stands_on(self, order):
        """Whether this rule has held a confirmed order before, and its cause was not cleared.

        An order confirmed without that was decided upon, or older than the rule: that it is the
        first one is no news when something else of it changes.
        """
        return any(
            hold.rule_id == self and hold.state != "cleared" for hold in order.o2c_hold_ids
        )


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _o2c_first_confirmed(self):
        """The first confirmed order of each customer of these orders of one company family.

        :return: {id of the commercial partner: id of the order}
        """
        customers = self.partner_invoice_id.commercial_partner_id
        if not customers:
            return {}
        self.flush_model(["state", "date_order", "partner_invoice_id", "company_id"])
        customers.flush_model(["commercial_partner_id"])
        root = self.company_id.root_id
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT DISTINCT ON (invoiced.commercial_partner_id)
                           invoiced.commercial_partner_id,
                           orders.id
                      FROM sale_order AS orders
                      JOIN res_partner AS invoiced ON invoiced.id = orders.partner_invoice_id
                      JOIN res_company AS company ON company.id = orders.company_id
                     WHERE orders.state = 'sale'
                       AND invoiced.commercial_partner_id = ANY(%(customers)s)
                       AND company.parent_path LIKE %(family)s
                  ORDER BY invoiced.commercial_partner_id, orders.date_order, orders.id
                    """,
                    customers=customers.ids,
                    family=f"{root.parent_path}%",
                )
            )
        )


class AccountPaymentTerm(models.Model):
    _inherit = "account.payment.term"

    def _o2c_last_due_date(self, date):
        """When the last instalment of what is invoiced on ``date`` is due; without a term, then."""
        return max((line._get_due_date(date) for line in self.line_ids), default=date)
