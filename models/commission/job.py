"""Long work on commission: many settlements, many statements, what happened during a pause."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

# Settlements that are worked on between two commits: some seconds.
BATCH = 100


class O2cCommissionJob(models.Model):
    """Something that waits for the job or is under way, with what became of each part of it."""

    _name = "o2c.commission.job"
    _description = "Long Work on Commission"
    _inherit = "o2c.job.mixin"
    _order = "id desc"
    _rec_name = "kind"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    kind = fields.Selection(
        [
            ("settlements", "Settlements"),
            ("statements", "Statements by E-Mail"),
            ("catch_up", "Catching up after a Pause"),
        ],
        string="Work",
        required=True,
        readonly=True,
    )
    item_ids = fields.One2many("o2c.commission.job.item", "job_id", string="One by One", readonly=True)
    failed_count = fields.Integer(string="Not Done", compute="_compute_failed_count")
    may_try_again = fields.Boolean(compute="_compute_failed_count")

    # One that was queued before is brought to the beginning instead.
    _one_catch_up = models.UniqueIndex(
        "(company_id) WHERE state = 'queued' AND kind = 'catch_up'",
        "What happened in a pause of this company is being followed already.",
    )

    @api.depends("item_ids.state", "state")
    def _compute_failed_count(self):
        counts = dict(
            self.env["o2c.commission.job.item"]._read_group(
                [("job_id", "in", self.ids), ("state", "in", ("failed", "stopped"))],
                ["job_id"],
                ["__count"],
            )
        )
        for job in self:
            job.failed_count = counts.get(job._origin, 0)
            is_left = job.failed_count or (job.kind == "catch_up" and job.state != "done")
            job.may_try_again = bool(is_left) and job.state != "queued"

    @api.depends("kind")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for job in self:
            job.display_name = labels.get(job.kind)

    def action_stop(self):
        """Leave what the job has not come to as it is."""
        self._check_may_settle()
        # sudo: jobs are the program's; the right to settle is checked above
        self.sudo()._stop()

    def action_try_again(self):
        """Let the job do what failed, or what it was stopped before, for the user who asks for it now."""
        self._check_may_settle()
        # sudo: see action_stop
        for job in self.sudo().filtered("may_try_again"):
            again = job.item_ids.filtered(lambda item: item.state in ("failed", "stopped"))
            again.write({"state": "waiting", "message": False})
            job.write({
                "state": "queued",
                "user_id": self.env.uid,
                "message": False,
                "finished_on": False,
                "tries": 0,
                "processed": job.total - len(again) if again else job.processed,
            })
        self._wake_up()

    def _check_may_settle(self):
        self.check_access("read")
        self.env["o2c.commission.settlement"].check_access("write")

    @api.model
    def _queue(self, kind, company, items=(), **values):
        """Let the job do something for the user, who may do it himself.

        :param items: values of the parts
        :return: the one job, as the user sees it
        """
        # sudo: jobs are the program's; who asks was checked by the caller, and is again by the job
        job = self.sudo().create({
            "kind": kind,
            "company_id": company.id,
            "user_id": self.env.uid,
            "total": len(items),
            **values,
        })
        job.item_ids.create([{**item, "job_id": job.id} for item in items])
        self._wake_up()
        return job.sudo(False)

    def _show(self):
        """The action that shows how far these are."""
        return self._get_records_action(name=self.env._("In the Background"))

    @api.model
    def _wake_up(self):
        # sudo: only waking the job up
        self.env.ref("order_to_cash.ir_cron_commission").sudo()._trigger()

    # ------------------------------------------------------------------
    # The job
    # ------------------------------------------------------------------

    @api.model
    def _waiting_domain(self):
        # What is switched off meanwhile waits until it is switched on again.
        return [*super()._waiting_domain(), ("company_id.o2c_use_commission", "=", True)]

    def _on_end(self):
        self._waiting_items().state = "stopped"

    def _waiting_items(self, limit=None):
        return self.item_ids.search(
            [("job_id", "in", self.ids), ("state", "=", "waiting")], order="id", limit=limit
        )

    def _work_settlements(self):
        while items := self._waiting_items(BATCH):
            settlements = self._for_asker(items.settlement_id, self.company_id)
            failures = settlements._press_each(self.params["method"])
            because = {settlement.id: reason for settlement, reason in failures.items()}
            for item in items:
                item._done(because.get(item.settlement_id.id))
            has_time = self._advance(len(items))
            if self.state != "queued" or not has_time:
                return has_time
        self._end_with_items()
        return True

    def _work_statements(self):
        while item := self._waiting_items(1):
            try:
                item._send_statement()
                item._done()
            # Whatever is wrong with one statement keeps the others from nothing.
            except Exception as error:
                self.env.cr.rollback()
                item._done(str(error))
            has_time = self._advance(1)
            if self.state != "queued" or not has_time:
                return has_time
        self._end_with_items()
        return True

    def _end_with_items(self):
        failed = self.failed_count
        message = self.env._("Done: %(done)s.", done=self.total - failed)
        if failed:
            message = self.env._(
                "Done: %(done)s. Not done: %(failed)s; each says why.",
                done=self.total - failed,
                failed=failed,
            )
        self._end("done", message)

    def _work_catch_up(self):
        company = self._for_asker(self.company_id, self.company_id)._o2c_as_ledger()
        ledger, params = company.env["o2c.commission.entry"], self.params
        since = fields.Datetime.to_datetime(params["since"])
        while found := ledger._catch_up_next(company, since, params["after"]):
            after, count = found
            params = {**params, "after": after}
            self.params = params
            has_time = self._advance(count)
            if self.state != "queued" or not has_time:
                return has_time
        self._end(
            "done",
            self.env._(
                "Commission of %(company)s has what happened since %(day)s.",
                company=self.company_id.name,
                day=format_date(self.env, since),
            ),
        )
        return True


class O2cCommissionJobItem(models.Model):
    """A settlement, or the statement of a payee, and what became of it."""

    _name = "o2c.commission.job.item"
    _description = "Part of Long Work on Commission"
    _order = "state desc, id"
    _log_access = False

    job_id = fields.Many2one(
        "o2c.commission.job", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="job_id.company_id")
    settlement_id = fields.Many2one(
        "o2c.commission.settlement", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    payee_id = fields.Many2one("res.partner", required=True, readonly=True, ondelete="cascade")
    date_from = fields.Date(string="From", readonly=True)
    date_to = fields.Date(string="Until", readonly=True)
    state = fields.Selection(
        [("waiting", "Waiting"), ("failed", "Failed"), ("stopped", "Stopped"), ("done", "Done")],
        required=True,
        readonly=True,
        default="waiting",
    )
    message = fields.Char(string="Why Not", readonly=True)

    # Of two users at the same instant the second is told so.
    _one_statement = models.UniqueIndex(
        "(payee_id, date_from, date_to) WHERE state = 'waiting' AND settlement_id IS NULL",
        "One of these statements is being sent already.",
    )
    _one_settlement = models.UniqueIndex(
        "(settlement_id) WHERE state = 'waiting' AND settlement_id IS NOT NULL",
        "One of these settlements is being worked on already.",
    )

    def _done(self, failure=None):
        self.write({"state": "failed" if failure else "done", "message": failure})

    def _send_statement(self):
        """Put the e-mail with this one statement in the outbox, for the person who asked for it."""
        job = self.job_id
        statements = job._for_asker(self.env["o2c.commission.statement"], job.company_id)
        # sudo: the address of the payee
        if not self.payee_id.sudo().email:
            raise UserError(self.env._("There is no e-mail address."))
        wizard = statements.create({
            **job.params,
            "payee_ids": self.payee_id.ids,
            "date_from": self.date_from,
            "date_to": self.date_to,
        })
        wizard._check_ready()
        wizard._send(self.payee_id.with_env(wizard.env))
