"""Companies that switch commission on again: what happened meanwhile is followed at once, or by the job."""

from odoo import fields, models

from .catch_up import AT_ONCE, BEGINNING
from .program import PROGRAM


class ResCompany(models.Model):
    _inherit = "res.company"

    def _o2c_as_ledger(self):
        """These companies as the program sees them."""
        # sudo: whoever may switch commission on need not read what others earn
        return self.sudo().with_context(o2c_commission_writer=PROGRAM)

    def _o2c_catch_up_commission(self):
        """Bring the ledger to what happened while these companies had commission switched off: at once, or by
        the job where it is much."""
        companies = self._o2c_as_ledger()
        ledger = companies.env["o2c.commission.entry"]
        companies.env["o2c.commission.pause"].create([
            {
                "company_id": company.id,
                "date_from": company.o2c_commission_off_since,
                "date_to": self.env.cr.now(),
            }
            for company in companies
        ])
        for company in companies.filtered("o2c_commission_off_since"):
            since = company.o2c_commission_off_since
            count = ledger._count_of_pause(company, since)
            if count > AT_ONCE or company._o2c_catching_up():
                company._o2c_let_job_catch_up(since, count)
            else:
                ledger._catch_up(company, since)
            company.o2c_commission_off_since = False

    def _o2c_catching_up(self):
        """What the job has not followed yet of an earlier pause of this one company."""
        self.ensure_one()
        return self.env["o2c.commission.job"].search([
            ("company_id", "=", self.id), ("kind", "=", "catch_up"), ("state", "=", "queued"),
        ])

    def _o2c_let_job_catch_up(self, since, count):
        """Queue what happened since then; what is queued already begins anew."""
        self.ensure_one()
        waiting = self._o2c_catching_up()
        if not waiting:
            params = {"since": fields.Datetime.to_string(since), "after": BEGINNING}
            self.env["o2c.commission.job"]._queue("catch_up", self, params=params, total=count)
            return
        waiting.write({
            "params": {**waiting.params, "after": BEGINNING},
            "total": waiting.total + count,
            "processed": 0,
            "tries": 0,
        })
        waiting._wake_up()
