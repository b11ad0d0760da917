"""Long work on sales plans: done by a job that commits bit by bit and goes on where it stopped."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import split_every

from odoo.addons.order_to_cash.algorithms import plan_outlooks

# So many series are forecast, and so many nodes made, while somebody waits.
AT_ONCE = 500
# Series that are forecast between two commits: some seconds.
BATCH = 100


class O2cSalesPlanJob(models.Model):
    """A forecast, or a tree to be built, that waits for the job or is under way."""

    _name = "o2c.sales.plan.job"
    _description = "Long Work on a Sales Plan"
    _inherit = "o2c.job.mixin"
    _order = "id desc"
    _rec_name = "plan_id"

    plan_id = fields.Many2one("o2c.sales.plan", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="plan_id.company_id")
    kind = fields.Selection(
        [("forecast", "Forecast"), ("build", "Building the Tree")], required=True, readonly=True
    )
    series_ids = fields.One2many("o2c.sales.plan.job.series", "job_id", readonly=True)

    _one_queued_uq = models.UniqueIndex(
        "(plan_id) WHERE state = 'queued'", "This plan is being worked on already."
    )

    @api.model
    def _waiting_domain(self):
        # What is switched off meanwhile waits until it is switched on again.
        return [*super()._waiting_domain(), ("company_id.o2c_use_plan", "=", True)]

    def _subject(self):
        return self.plan_id.display_name

    def _on_end(self):
        self.series_ids.unlink()
        message = self.message or self.env._("The work on this plan was stopped.")
        self.plan_id._message_log(body=message)

    def _work_build(self):
        build = self._plan().env["o2c.sales.plan.build"].create({**self.params, "plan_id": self.plan_id.id})
        build._build_anew()
        self._end("done", self.env._("The tree was built: %(count)s nodes.", count=self.plan_id.node_count))
        return True

    def _work_forecast(self):
        plan = self._plan()
        plan._check_may_forecast()
        outlooks = self._outlooks()
        plan._collect_outlooks(outlooks)
        self.write({"total": len(outlooks.known) + len(outlooks.wanted), "processed": len(outlooks.known)})
        for batch in split_every(BATCH, outlooks.wanted.items(), list):
            self._make_series(batch)
            has_time = self._advance(len(batch))
            if self.state != "queued":
                return True
            if not has_time:
                return False
        plan._forecast_from(self._outlooks())
        self._end("done", self.env._("The forecast of %(count)s nodes is made.", count=plan.node_count))
        return True

    def _outlooks(self):
        return plan_outlooks.Outlooks(
            {series.key: plan_outlooks.from_json(series.outlook) for series in self.series_ids}
        )

    def _make_series(self, wanted):
        self.env["o2c.sales.plan.job.series"].create([
            {
                "job_id": self.id,
                "key": key,
                "outlook": plan_outlooks.to_json(plan_outlooks.outlook(*arguments)),
            }
            for key, arguments in wanted
        ])

    def _plan(self):
        """The plan as the one who asked for the work may change it."""
        return self._for_asker(self.plan_id, self.plan_id.company_id)


class O2cSalesPlanJobSeries(models.Model):
    """An outlook that is ready while others are still made."""

    _name = "o2c.sales.plan.job.series"
    _description = "Forecast Series of a Sales Plan"
    _log_access = False

    job_id = fields.Many2one("o2c.sales.plan.job", required=True, index=True, ondelete="cascade")
    key = fields.Char(required=True)
    outlook = fields.Json(required=True)


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    is_working = fields.Boolean(compute="_compute_working")
    working_on = fields.Char(compute="_compute_working")
    working_progress = fields.Float(compute="_compute_working")

    def _compute_working(self):
        # sudo: that a plan is being worked on is no secret to those who may read it
        jobs = self.env["o2c.sales.plan.job"].sudo().search([
            ("plan_id", "in", self.ids), ("state", "=", "queued"),
        ])
        labels = dict(jobs._fields["kind"]._description_selection(self.env))
        job_by_plan = {job.plan_id.id: job for job in jobs}
        for plan in self:
            job = job_by_plan.get(plan._origin.id)
            plan.is_working = bool(job)
            plan.working_on = labels[job.kind] if job else False
            plan.working_progress = job.progress if job else 0.0

    def action_forecast(self):
        """Forecast these plans: small ones at once, large ones by a job.

        :return: a notification where there is something to wait for, else ``True``
        """
        self._check_may_forecast()
        large = self.filtered(lambda plan: plan._count_series() > AT_ONCE)
        if small := self - large:
            super(O2cSalesPlan, small).action_forecast()
        return large._queue_job("forecast") if large else True

    def action_stop_working(self):
        """Break off what is under way; the figures and the tree stay as they are."""
        self.check_access("write")
        # sudo: jobs are the program's; the right to the plan is checked above
        jobs = self.env["o2c.sales.plan.job"].sudo().search([
            ("plan_id", "in", self.ids), ("state", "=", "queued"),
        ])
        jobs._stop()
        self._forget_working()

    def _queue_job(self, kind, params=None):
        """Let the job do this, and say so."""
        self._check_not_working()
        # sudo: jobs are the program's; who asks was checked by the caller, and is again by the job
        self.env["o2c.sales.plan.job"].sudo().create([
            {"plan_id": plan.id, "kind": kind, "params": params, "user_id": self.env.uid} for plan in self
        ])
        # sudo: waking the job up
        self.env.ref("order_to_cash.ir_cron_sales_plan").sudo()._trigger()
        self._forget_working()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._(
                    "This takes a while and is done in the background. You are told when it is finished."
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _check_not_working(self):
        for plan in self:
            if plan.is_working:
                raise UserError(
                    self.env._(
                        "%(plan)s is being worked on: %(percent)d%% is done. Wait until it is finished, "
                        "or stop it.",
                        plan=plan.display_name,
                        percent=plan.working_progress,
                    )
                )

    def _check_may_forecast(self):
        self.check_access("write")
        self.company_id._o2c_check_plan_is_on()
        self._check_editable()

    def _forget_working(self):
        self.invalidate_recordset(["is_working", "working_on", "working_progress"], flush=False)

    def _count_series(self):
        """How many series a forecast of this plan is made of."""
        nodes = self.node_ids
        return len(nodes) + len(nodes.parent_id)

    def _outlook(self, units, frame, sold):
        outlooks = self.env.context.get("o2c_plan_outlooks")
        # Nobody outside the process can hand one in.
        if isinstance(outlooks, plan_outlooks.Outlooks):
            return outlooks.of(units, frame, sold)
        return super()._outlook(units, frame, sold)

    def _collect_outlooks(self, outlooks):
        """Put down in ``outlooks`` the series of this plan that it does not know."""
        outlooks.collects = True
        self.with_context(o2c_plan_outlooks=outlooks)._outlooks()
        outlooks.collects = False

    def _forecast_from(self, outlooks):
        """Forecast this plan with what is known already."""
        self.with_context(o2c_plan_outlooks=outlooks)._forecast()
