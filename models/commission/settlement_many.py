"""Buttons over many settlements: one that fails keeps the others from nothing."""

from odoo import fields, models
from odoo.exceptions import UserError

# So many failures are told in one message; the rest is found by the filter.
TOLD = 5


class O2cCommissionSettlement(models.Model):
    _inherit = "o2c.commission.settlement"

    not_done_because = fields.Char(
        readonly=True, copy=False, help="Why the last button for many settlements left this one out."
    )

    def action_calculate_many(self):
        """Calculate each of these that can be; see :meth:`action_calculate`.

        :return: a notification telling how many there were, and each failure with its reason
        """
        return self._do_each("action_calculate")

    def action_approve_many(self):
        """Approve each of these that can be; see :meth:`action_approve`."""
        return self._do_each("action_approve")

    def action_bill_many(self):
        """Bill each of these, or send it to payroll, that can be; see :meth:`action_bill`."""
        return self._do_each("action_bill")

    def _do_each(self, method):
        self.check_access("write")
        failures = self._try_all(method)
        for settlement, reason in failures.items():
            settlement._set(not_done_because=reason)
        done = self.browse(one.id for one in self if one not in failures)
        done.filtered("not_done_because")._set(not_done_because=False)
        return self._tell_of_each(len(done), failures)

    def _try_all(self, method):
        """Press a button of all these at once, and where that fails of each by itself.

        :return: {settlement: why it failed}
        """
        try:
            with self.env.cr.savepoint():
                getattr(self, method)()
            return {}
        except UserError as error:
            if len(self) == 1:
                return {self: str(error)}
        failures = {}
        for settlement in self:
            failures.update(settlement._try_all(method))
        return failures

    def _tell_of_each(self, done, failures):
        message = self.env._("Done: %(done)s.", done=done)
        if failures:
            reasons = [
                why if one.display_name in why else f"{one.display_name}: {why}"
                for one, why in list(failures.items())[:TOLD]
            ]
            message = self.env._(
                "Done: %(done)s. Not done: %(failed)s (filter Not Done). %(reasons)s",
                done=done,
                failed=len(failures),
                reasons=" ".join(reasons),
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if failures else "success",
                "sticky": bool(failures),
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
