"""Buttons over many settlements: one that fails keeps the others from nothing, and the job does very many."""

from odoo import fields, models
from odoo.exceptions import UserError

# So many settlements are done while somebody waits; more are left to the job. A thousand with 50,000 entries
# were calculated in nine seconds and approved in half a second on a busy machine: by sets. Their bills Odoo
# makes one by one, a twentieth of a second each.
AT_ONCE = {"action_calculate": 1000, "action_approve": 1000, "action_bill": 200}
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
        if self._is_for_job(method):
            return self._let_job_do(method)
        failures = self._press_each(method)
        return self._tell_of_each(len(self) - len(failures), failures)

    def _is_for_job(self, method):
        return len(self) > AT_ONCE[method]

    def _let_job_do(self, method):
        """Have the job press a button of these, those that end first before the others.

        :return: the action that shows how far it is
        """
        jobs = self.env["o2c.commission.job"]
        # Each company its own: who settles one of them does not see whom others settle with.
        for company, settlements in self.grouped("company_id").items():
            jobs |= jobs._queue(
                "settlements",
                company,
                [
                    {
                        "settlement_id": one.id,
                        "payee_id": one.payee_id.id,
                        "date_from": one.date_from,
                        "date_to": one.date_to,
                    }
                    for one in settlements.sorted(lambda one: (one.date_to, one.id))
                ],
                params={"method": method},
            )
        return jobs._show()

    def _press_each(self, method):
        """Press a button of each of these that it can be pressed of, and note why not of the others.

        :return: {settlement: why it failed}
        """
        failures = self._try_all(method)
        for settlement, reason in failures.items():
            settlement._set(not_done_because=reason)
        done = self.browse(one.id for one in self if one not in failures)
        done.filtered("not_done_because")._set(not_done_because=False)
        return failures

    def _try_all(self, method):
        """Press a button of all these at once, and where that fails of each half by itself.

        :return: {settlement: why it failed}
        """
        try:
            with self.env.cr.savepoint():
                getattr(self, method)()
            return {}
        except UserError as error:
            if len(self) == 1:
                return {self: str(error)}
        half = len(self) // 2
        return {**self[:half]._try_all(method), **self[half:]._try_all(method)}

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
