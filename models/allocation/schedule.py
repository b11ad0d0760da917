"""Runs that nobody has to press a button for."""

import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.order_to_cash.models.customer.daily_step import DailyStep

_logger = logging.getLogger(__name__)


class ResCompany(models.Model):
    _inherit = "res.company"

    def _o2c_reallocate_family(self):
        """Run this one company and its branches, which have stock of their own."""
        self.ensure_one()
        family = self.browse(self._o2c_family_ids())
        Run = self.env["o2c.allocation.run"]
        return " ".join(filter(None, (Run._run_automatically(company) for company in family)))


class O2cAllocationRun(models.Model):
    _inherit = "o2c.allocation.run"

    is_automatic = fields.Boolean(
        string="Automatic",
        readonly=True,
        copy=False,
        help="Nobody started this run: it was due.",
    )

    @api.model
    def _cron_run(self):
        """Run the companies that want it every hour, each in a transaction of its own."""
        companies = self.env["res.company"].search(
            Domain("o2c_use_allocation", "=", True) & Domain("o2c_allocation_schedule", "=", "hourly")
        )
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(companies))
        for company in companies:
            try:
                self._run_automatically(company)
            except Exception:
                # The other companies are served all the same; this one is due again in an hour.
                self.env.cr.rollback()
                _logger.exception("The stock of %s was not reallocated", company.name)
            if not cron._commit_progress(1):
                break

    @api.model
    def _run_automatically(self, company):
        """Redistribute the stock of one company.

        :return: a sentence saying what came of it; empty when nothing had to be changed
        """
        # sudo: only jobs come here; that nobody started the run is part of its record
        run = self.sudo().with_company(company).create(
            {"company_id": company.id, "is_automatic": True}
        )
        run.action_simulate()
        if not run.changing_line_ids:
            run.unlink()
            return ""
        try:
            with self.env.cr.savepoint():
                run.action_apply()
        except UserError as error:
            # Somebody is applying a run by hand. The next one that is due looks again.
            _logger.info("%s was not applied: %s", run.name, error)
            run.action_cancel()
            return str(error)
        return self.env._(
            "%(run)s of %(company)s: %(gaining)s deliveries gain, %(losing)s lose.",
            run=run.name,
            company=company.name,
            gaining=run.gaining_count,
            losing=run.losing_count,
        )


class O2cDailyStep(models.AbstractModel):
    _inherit = "o2c.daily.step"

    @api.model
    @api.private
    def steps(self, company):
        steps = super().steps(company)
        if company.o2c_use_allocation and company.o2c_allocation_schedule == "daily":
            steps.append(
                DailyStep(
                    key="allocation",
                    label=self.env._("Reallocate stock"),
                    run=lambda company: company._o2c_reallocate_family(),
                )
            )
        return steps
