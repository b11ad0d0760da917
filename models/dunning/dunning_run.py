from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

# What a person asks of a run; everything else on it is written by the program.
ASKED = {"date", "company_id", "policy_ids", "partner_ids", "is_take_up"}
# What the program itself is bound to once reminders were proposed.
BASIS = {"date", "company_id", "is_take_up"}


def is_chatter(name):
    """Whether a field belongs to the chatter or the activities of a record."""
    return name.startswith(("message_", "activity_", "my_activity_", "website_message_"))


class O2cDunningRun(models.Model):
    """A round of reminders: proposed by the program, corrected and sent by a person.

    Everything is seen as of the run's date, so that a past round can be repeated.
    """

    _name = "o2c.dunning.run"
    _description = "Dunning Run"
    _inherit = ["mail.thread"]
    _order = "date desc, id desc"
    _check_company_auto = True

    name = fields.Char(string="Reference", readonly=True, copy=False, index="trigram")
    date = fields.Date(
        required=True,
        default=lambda self: self.env.company._o2c_today(),
        tracking=True,
        help="Items are taken as they stood at the end of this day.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
        help="The run covers the branches of the company.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    policy_ids = fields.Many2many(
        "o2c.dunning.policy",
        string="Policies",
        check_company=True,
        help="Only items under these policies. Empty: all.",
    )
    partner_ids = fields.Many2many(
        "res.partner",
        string="Customers",
        check_company=True,
        help="Only these customers, or their payers. Empty: all.",
    )
    state = fields.Selection(
        [("draft", "Draft"), ("proposed", "Proposed"), ("done", "Done")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    is_daily = fields.Boolean(
        string="By the Day's Cycle",
        readonly=True,
        copy=False,
        help="The day's cycle keeps this proposal up to date until somebody sends it.",
    )
    is_take_up = fields.Boolean(
        string="Take Up Old Receivables",
        copy=False,
        help="When dunning begins: overdue documents that nobody was reminded of get the level "
        "that their days ask for, without anything being sent or charged. The next run goes on "
        "from there, instead of reminding of old debts from the first level up.",
    )
    proposed_on = fields.Date(readonly=True, copy=False)
    is_outdated = fields.Boolean(compute="_compute_is_outdated")
    notice_ids = fields.One2many("o2c.dunning.notice", "run_id", string="Reminders", copy=False)
    notice_count = fields.Integer(string="Reminders in All", compute="_compute_totals")
    pending_count = fields.Integer(string="To Send", compute="_compute_totals")
    skipped_count = fields.Integer(string="Skipped", compute="_compute_totals")
    sent_count = fields.Integer(string="Sent", compute="_compute_totals")
    without_email_count = fields.Integer(
        string="Without E-mail",
        compute="_compute_totals",
        help="Reminders of customers who have no e-mail address, the skipped ones left out.",
    )
    total_overdue = fields.Monetary(
        string="Overdue",
        compute="_compute_totals",
        help="What the reminders claim in company currency, the skipped ones left out.",
    )

    @api.depends("proposed_on", "state")
    def _compute_is_outdated(self):
        for run in self:
            run.is_outdated = (
                run.state == "proposed" and run.proposed_on < run.company_id._o2c_today()
            )

    @api.depends("notice_ids.state", "notice_ids.total_overdue_company")
    def _compute_totals(self):
        Notice = self.env["o2c.dunning.notice"]
        mine = Domain("run_id", "in", self.ids)
        states = defaultdict(lambda: defaultdict(int))
        overdue = defaultdict(float)
        for run, state, count, amount in Notice._read_group(
            mine, ["run_id", "state"], ["__count", "total_overdue_company:sum"]
        ):
            states[run][state] = count
            overdue[run] += amount if state != "skipped" else 0.0
        sent = dict(
            Notice._read_group(mine & Domain("sent_on", "!=", False), ["run_id"], ["__count"])
        )
        without_email = dict(
            Notice._read_group(
                mine & Domain("state", "!=", "skipped") & Notice._without_email_domain(),
                ["run_id"],
                ["__count"],
            )
        )
        for run in self:
            origin = run._origin
            run.notice_count = sum(states[origin].values())
            run.pending_count = states[origin]["proposed"]
            run.skipped_count = states[origin]["skipped"]
            run.sent_count = sent.get(origin, 0)
            run.without_email_count = without_email.get(origin, 0)
            run.total_overdue = overdue[origin]

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_asked(vals)
        runs = super(O2cDunningRun, self._without_defaults_of_records()).create([
            dict(vals, name=self._next_name(vals.get("company_id"))) for vals in vals_list
        ])
        return runs.with_env(self.env)

    def write(self, vals):
        self._check_asked(vals)
        if BASIS & vals.keys():
            self._check_nothing_sent()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent(self):
        self._check_nothing_sent()

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_propose(self):
        """Propose the reminders due on the run's date.

        Reminders of the run that are not sent yet are replaced; what somebody skipped or waived
        stays so as long as the same level would be sent.
        """
        self.check_access("write")
        self.company_id._o2c_check_dunning_is_on()
        for run in self:
            if run.state == "done":
                raise UserError(
                    self.env._("%(run)s is finished. Create a new run.", run=run.display_name)
                )
            run._check_not_sending()
            # sudo: proposals are written by the program only; the right to propose is checked above.
            run.sudo()._replace_proposals()

    def action_cancel(self):
        """Throw the proposal away."""
        self.check_access("write")
        self._check_not_sending()
        self._check_nothing_sent()
        # sudo: as for proposing.
        runs = self.sudo()
        runs.notice_ids.unlink()
        runs.state = "draft"

    def action_print(self):
        """Print the letters as one document: the reminders to be posted once they are sent, a
        preview of all that are proposed before."""
        notices = self.notice_ids.filtered("sent_on")._to_post()
        if not notices:
            notices = self.notice_ids.filtered(lambda notice: notice.state == "proposed")
        return notices.action_print()

    def action_view_notices(self):
        """Open the reminders of the run in a list of their own."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "order_to_cash.o2c_dunning_notice_action"
        )
        action["domain"] = [("run_id", "=", self.id)]
        action["context"] = {}
        return action

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    @api.model
    def _next_name(self, company_id):
        company = self.env["res.company"].browse(company_id) or self.env.company
        return self.env["ir.sequence"].with_company(company).next_by_code("o2c.dunning.run")

    def _check_asked(self, vals):
        """:raise AccessError: when somebody writes by himself what the program records
        :raise UserError: when he asks something else of a run that was proposed
        """
        if self.env.su:
            return
        names = {name for name in vals if not is_chatter(name)}
        if names - ASKED:
            raise AccessError(
                self.env._(
                    "What a dunning run records is written by the program, and by nobody else."
                )
            )
        for run in self:
            if (names & BASIS and run.state != "draft") or (names and run.state == "done"):
                raise UserError(
                    self.env._(
                        "%(run)s is proposed already. Discard the proposal, or create a new run.",
                        run=run.name,
                    )
                )

    @api.model
    def _without_defaults_of_records(self):
        """Defaults of the caller fill in what a person may ask, and nothing else."""
        context = {
            key: value
            for key, value in self.env.context.items()
            if not key.startswith("default_") or key.removeprefix("default_") in ASKED
        }
        return self.with_env(self.env(context=context))

    def _check_nothing_sent(self):
        """A run that took receivables up may be deleted: that takes their levels away again."""
        sent = self.notice_ids.filtered("sent_on").run_id
        if sent:
            raise UserError(
                self.env._(
                    "Reminders of %(runs)s have been sent. Create a new run instead.",
                    runs=", ".join(sent.mapped("name")),
                )
            )

    def _unsent_notices(self):
        return self.notice_ids.filtered(
            lambda notice: not notice.sent_on and notice.state != "recorded"
        )

    def _finish(self):
        """Close the run; what was not sent goes."""
        self._unsent_notices().unlink()
        self.state = "done"

    def _finish_if_sent(self):
        """Close the runs that have nothing left to send: all is sent, settled or skipped."""
        finished = self.filtered(
            lambda run: run.notice_ids
            and not any(notice.state == "proposed" for notice in run.notice_ids)
        )
        finished.filtered(lambda run: run.state != "done").state = "done"
