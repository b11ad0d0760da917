import functools
import logging
import time

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.service.model import retrying
from odoo.tools import SQL

from odoo.addons.order_to_cash.models.customer.res_company import SWITCHES

_logger = logging.getLogger(__name__)

# Any number, as long as nobody else takes advisory locks in this class.
LOCK_CLASS = 0x02C0


class O2cDayCycle(models.Model):
    """One run of the daily steps of all domains for one company, and what came of it."""

    _name = "o2c.day.cycle"
    _description = "Day's Cycle"
    _order = "started_on desc, id desc"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    started_on = fields.Datetime(required=True, readonly=True)
    finished_on = fields.Datetime(readonly=True)
    duration = fields.Float(
        string="Seconds", compute="_compute_duration", digits=(16, 1), help="Of all steps."
    )
    line_ids = fields.One2many("o2c.day.cycle.line", "cycle_id", readonly=True)
    state = fields.Selection(
        [("running", "Running"), ("done", "Done"), ("failed", "Finished with Failures")],
        required=True,
        readonly=True,
        default="running",
    )

    @api.depends("company_id", "started_on")
    def _compute_display_name(self):
        for cycle in self:
            started = fields.Datetime.context_timestamp(cycle, cycle.started_on)
            cycle.display_name = f"{cycle.company_id.name} {started:%Y-%m-%d %H:%M}"

    @api.depends("line_ids.duration")
    def _compute_duration(self):
        for cycle in self:
            cycle.duration = sum(cycle.line_ids.mapped("duration"))

    def action_run(self):
        """Run the steps of the active company now and open the record of it.

        :raise AccessError: for anyone but an administrator of the add-on
        """
        cycle_id = self.run(self.env.company)
        return {
            "type": "ir.actions.act_window",
            "res_model": "o2c.day.cycle",
            "res_id": cycle_id,
            "view_mode": "form",
        }

    @api.model
    def _cron_run(self):
        """Run the steps of every company that uses a domain."""
        companies = (
            self.env["res.company"]
            .search(
                Domain("parent_id", "=", False)
                & Domain.OR([[(switch, "=", True)] for switch in SWITCHES])
            )
        )
        self.env["ir.cron"]._commit_progress(remaining=len(companies))
        for company in companies:
            try:
                self.run(company)
            except UserError as error:
                _logger.info("Day's cycle of %s left out: %s", company.name, error)
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    @api.private
    def run(self, company):
        """Run the daily steps of ``company``, each in a transaction of its own.

        A step that fails is recorded and the next one is run all the same.

        :param company: one ``res.company``; a branch stands for its root company
        :return: id of the ``o2c.day.cycle``; the caller's transaction does not see the record yet
        :raise UserError: when a cycle of this company is running already
        """
        self._check_may_run()
        company = company.root_id
        if not self._lock(company):
            raise UserError(
                self.env._(
                    "The day's cycle of %(company)s is running already.", company=company.name
                )
            )
        steps = self.env["o2c.daily.step"].steps(company)
        cycle_id = self._in_transaction(company, self._start)
        for sequence, step in enumerate(steps, 1):
            self._run_step(company, cycle_id, sequence, step)
        self._in_transaction(company, functools.partial(self._finish, cycle_id=cycle_id))
        return cycle_id

    def _check_may_run(self):
        if not self.env.su and not self.env.user.has_group("order_to_cash.group_manager"):
            raise AccessError(
                self.env._("Only an Order to Cash administrator may run the day's cycle.")
            )

    def _lock(self, company):
        """Whether this transaction is now the only one that runs the cycle of ``company``."""
        [[locked]] = self.env.execute_query(
            SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", LOCK_CLASS, company.id)
        )
        return locked

    def _in_transaction(self, company, function):
        """Call ``function(env, company)`` in a transaction of its own and commit it.

        The steps act for the company, not for the person who pressed the button, who was checked
        before: they run as the superuser, as they do at night.
        """
        with self.env.registry.cursor() as cr:
            # The cycle runs for branches as well, whoever starts it; started by managers only.
            branches = self.env["res.company"].sudo().search([("id", "child_of", company.id)])
            env = api.Environment(
                cr,
                SUPERUSER_ID,
                {
                    "allowed_company_ids": [company.id, *(branches - company).ids],
                    "lang": self.env.context.get("lang") or self.env.user.lang,
                    "tz": company.partner_id.tz or self.env.user.tz,
                },
            )
            return retrying(functools.partial(function, env, env["res.company"].browse(company.id)), env)

    @staticmethod
    def _start(env, company):
        # The caller holds the lock: one that still says it runs was cut off in the middle.
        env["o2c.day.cycle"].search(
            Domain("company_id", "=", company.id) & Domain("state", "=", "running")
        ).state = "failed"
        return (
            env["o2c.day.cycle"]
            .create({"company_id": company.id, "started_on": fields.Datetime.now()})
            .id
        )

    @staticmethod
    def _finish(env, company, cycle_id):
        cycle = env["o2c.day.cycle"].browse(cycle_id)
        failed = "failed" in cycle.line_ids.mapped("state")
        cycle.write({
            "state": "failed" if failed else "done",
            "finished_on": fields.Datetime.now(),
        })

    def _run_step(self, company, cycle_id, sequence, step):
        started = time.monotonic()
        values = {"cycle_id": cycle_id, "sequence": sequence, "key": step.key, "name": step.label}
        try:
            summary = self._in_transaction(
                company, functools.partial(self._call_step, key=step.key)
            )
            values |= {"state": "done" if summary else "nothing", "summary": summary or False}
        except Exception as error:
            # Whatever goes wrong in one domain must not keep the others from their work.
            _logger.exception("Step %s of the day's cycle failed", step.key)
            values |= {"state": "failed", "summary": f"{type(error).__name__}: {error}"}
        values["duration"] = time.monotonic() - started
        self._in_transaction(company, functools.partial(self._log_step, values=values))

    @staticmethod
    def _call_step(env, company, key):
        [step] = [step for step in env["o2c.daily.step"].steps(company) if step.key == key]
        return step.run(company)

    @staticmethod
    def _log_step(env, company, values):
        env["o2c.day.cycle.line"].create(values)


class O2cDayCycleLine(models.Model):
    """What one step of one day's cycle did."""

    _name = "o2c.day.cycle.line"
    _description = "Step of a Day's Cycle"
    _order = "cycle_id desc, sequence, id"

    cycle_id = fields.Many2one("o2c.day.cycle", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="cycle_id.company_id", store=True)
    sequence = fields.Integer()
    key = fields.Char(required=True)
    name = fields.Char(string="Step", required=True)
    state = fields.Selection(
        [("done", "Done"), ("nothing", "Nothing to Do"), ("failed", "Failed")], required=True
    )
    summary = fields.Text(string="What was done")
    duration = fields.Float(string="Seconds", digits=(16, 2))
