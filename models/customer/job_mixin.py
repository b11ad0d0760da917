"""Long work that a scheduled job does bit by bit."""

import logging

from odoo import api, fields, models
from odoo.exceptions import UserError

_logger = logging.getLogger(__name__)

# What fails so often fails for ever.
MOST_TRIES = 5
HUNDRED = 100.0


class O2cJobMixin(models.AbstractModel):
    """Work that waits for the scheduler or is under way, with progress, and goes on where it stopped.

    A model says in a field ``kind`` what there is to do and does each kind in a method ``_work_<kind>``,
    which calls :meth:`_advance` after every part and :meth:`_end` at last, and returns whether there is time
    left.
    """

    _name = "o2c.job.mixin"
    _description = "Long Work"

    user_id = fields.Many2one(
        "res.users", string="Asked For By", required=True, readonly=True, ondelete="cascade"
    )
    params = fields.Json(readonly=True)
    state = fields.Selection(
        [("queued", "Under Way"), ("done", "Done"), ("failed", "Failed"), ("cancelled", "Cancelled")],
        required=True,
        readonly=True,
        default="queued",
        index=True,
    )
    total = fields.Integer(string="Parts", readonly=True, help="Of which the work consists.")
    processed = fields.Integer(readonly=True)
    progress = fields.Float(string="Progress (%)", compute="_compute_progress")
    tries = fields.Integer(readonly=True)
    message = fields.Char(string="Outcome", readonly=True)
    finished_on = fields.Datetime(readonly=True)

    @api.depends("total", "processed", "state")
    def _compute_progress(self):
        for job in self:
            part = job.processed / job.total if job.total else 0.0
            job.progress = HUNDRED if job.state == "done" else min(HUNDRED * part, HUNDRED)

    @api.model
    def _waiting_domain(self):
        """Hook: what is queued and may be done now."""
        return [("state", "=", "queued")]

    def _subject(self):
        """Hook: what the one who asked for it knows this one by."""
        return self.display_name

    # ------------------------------------------------------------------
    # The job
    # ------------------------------------------------------------------

    @api.model
    def _cron_work(self):
        """Do what is queued, the oldest first, each bit in a transaction of its own."""
        jobs = self.search(self._waiting_domain(), order="tries, id")
        if not jobs:
            return
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=self._count_left())
        for job in jobs:
            if not job.with_context(lang=job.user_id.lang)._work():
                return
            cron._commit_progress(remaining=self._count_left())

    @api.model
    def _count_left(self):
        jobs = self.search(self._waiting_domain())
        return sum(max(job.total - job.processed, 1) for job in jobs)

    def _work(self):
        """Go on with this one job.

        :return: whether there is time left for another
        """
        self.tries += 1
        self.env["ir.cron"]._commit_progress()
        try:
            if self.tries > MOST_TRIES:
                raise UserError(self.env._("It was broken off by an error; the server's log says more."))
            return getattr(self, f"_work_{self.kind}")()
        except UserError as error:
            self.env.cr.rollback()
            self._end("failed", str(error))
        except Exception:
            self.env.cr.rollback()
            _logger.exception("%s %s was broken off.", self._description, self.id)
            # It stays queued. E.g. somebody wrote the same at the same moment: it is tried again.
        return True

    def _for_asker(self, records, company):
        """These records as the one who asked for the work has them, in this company and his others."""
        user = self.user_id
        companies = [company.id, *(user.company_ids - company).ids]
        return records.with_user(user).with_context(
            lang=user.lang, tz=user.tz, allowed_company_ids=companies
        )

    def _advance(self, count):
        """Commit what is done; whoever calls looks at ``state`` then, for somebody may have stopped it.

        :return: whether there is time left
        """
        self.processed += count
        # Many a commit is no failure: tries count how often nothing came of it.
        self.tries = 0
        return self.env["ir.cron"]._commit_progress(count, remaining=self._count_left())

    def _end(self, state, message):
        """Close this job and tell the one who asked for it."""
        if self.state != "queued":
            return
        self.write({"state": state, "message": message, "finished_on": fields.Datetime.now()})
        self._on_end()
        self.user_id._bus_send("simple_notification", {
            "title": self._subject(),
            "message": message,
            "type": "success" if state == "done" else "warning",
            "sticky": True,
        })

    def _on_end(self):
        """Hook: what else follows when this one is done, has failed or was stopped."""

    def _stop(self):
        """Break these off where they are; what is done stays done."""
        queued = self.filtered(lambda job: job.state == "queued")
        queued.write({"state": "cancelled", "finished_on": fields.Datetime.now()})
        for job in queued:
            job._on_end()
