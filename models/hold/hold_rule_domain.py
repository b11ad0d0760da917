from psycopg2 import Error as DatabaseError

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import mute_logger
from odoo.tools.safe_eval import datetime, dateutil, safe_eval, time

# What a condition that is no domain of orders may raise.
NO_DOMAIN = (ValueError, TypeError, KeyError, AttributeError, NameError, SyntaxError)


class O2cHoldRule(models.Model):
    """The kind of rule whose condition is a free domain on the order."""

    _inherit = "o2c.hold.rule"

    kind = fields.Selection(
        selection_add=[("domain", "Free condition")], ondelete={"domain": "cascade"}
    )
    order_domain = fields.Char(
        string="Orders",
        tracking=True,
        help="The rule fails for the orders this is true of. Terms such as uid and context_today() "
        "may be used.",
    )

    @api.constrains("order_domain", "kind", "is_exclusion")
    def _check_order_domain(self):
        for rule in self.filtered(lambda rule: rule.kind == "domain" and not rule.is_exclusion):
            if not (rule.order_domain or "").strip():
                raise ValidationError(
                    self.env._(
                        "Hold rule “%(rule)s”: say which orders fail it.", rule=rule.name
                    )
                )
            try:
                # Tried with the rights of the user: the check itself reads with all rights, and
                # must not tell him of fields that are not for him. The savepoint: the database
                # may refuse a comparison.
                with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                    self.env["sale.order"].search(rule._order_condition(), limit=1)
            except (*NO_DOMAIN, DatabaseError, UserError) as error:
                raise ValidationError(
                    self.env._(
                        "Hold rule “%(rule)s”: the condition on orders cannot be used. Correct "
                        "it: %(error)s",
                        rule=rule.name,
                        error=error,
                    )
                ) from error

    def _evaluate(self, orders):
        failures = super()._evaluate(orders)
        self._collect(
            failures, orders, "domain", lambda rule, found: rule._domain_failures(found)
        )
        return failures

    def _domain_failures(self, orders):
        self.ensure_one()
        amounts = orders._o2c_amounts()
        try:
            matching = orders.with_context(active_test=False).search(
                Domain("id", "in", orders.ids) & self._order_condition()
            )
            reason = self.env._(
                "The order meets the condition of the rule “%(rule)s”.", rule=self.name
            )
        except NO_DOMAIN:
            # A field it used is gone, say, since it was saved. No order may slip through for it.
            matching = orders
            reason = self.env._(
                "The condition of the rule “%(rule)s” can no longer be used: a credit manager has "
                "to correct it.",
                rule=self.name,
            )
        for order in orders & matching:
            yield order.id, self._failure(amounts[order.id], reason)

    def _order_condition(self):
        """The condition of this one rule as a domain of ``sale.order``.

        :raise ValueError: when it is none
        """
        self.ensure_one()
        # Values only, no records: whoever writes a rule must not be able to do things by it.
        names = {
            "uid": self.env.uid,
            "company_id": self.env.company.id,
            "company_ids": self.env.companies.ids,
            "time": time,
            "datetime": datetime,
            "relativedelta": dateutil.relativedelta.relativedelta,
            "context_today": lambda: fields.Date.context_today(self),
            "current_date": fields.Date.context_today(self),
        }
        return Domain(safe_eval(self.order_domain or "", names))
