"""Where sales stand against plan today, where they will end, and who is warned."""

from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from odoo.addons.order_to_cash.algorithms import run_rate

HUNDRED = 100.0
ACTIVITY = "mail.mail_activity_data_todo"


class Attainment(NamedTuple):
    """Figures of a person in the whole periods of a range, in ``currency`` (``None``: quantities).

    ``percent`` is the actual in percent of the target, ``None`` without a target.
    """

    target: float
    actual: float
    percent: float | None
    currency: models.BaseModel | None
    plan: models.BaseModel | None


class O2cSalesPlanCell(models.Model):
    _inherit = "o2c.sales.plan.cell"

    pace = fields.Float(
        string="Run Rate (%)",
        compute="_compute_run_rate",
        help="Actual in percent of the target's part for the working days that have passed.",
    )
    expected = fields.Monetary(
        string="Expected End",
        compute="_compute_run_rate",
        help="The actual at the end of the period, if the days left go like those that have passed.",
    )
    warned_on = fields.Date(readonly=True, help="On this day somebody was told that sales are behind.")

    @api.depends("target", "actual", "date_from", "date_to", "plan_id.refreshed_on")
    def _compute_run_rate(self):
        for cells in self.grouped(lambda cell: (cell.plan_id, cell.date_from, cell.date_to)).values():
            days, done = cells[0]._days()
            for cell in cells:
                standing = run_rate.Standing(cell.target, cell.actual, days, done)
                cell.pace = standing.pace or 0.0
                cell.expected = cell.actual if standing.expected is None else standing.expected

    def _days(self):
        """:return: working days of the period, and those of them whose sales are among the actuals"""
        self.ensure_one()
        return self.plan_id._days_passed(self.date_from, self.date_to)

    def _create_warnings(self):
        activity_type = self.env.ref(ACTIVITY, raise_if_not_found=False)
        model = self.env["ir.model"]._get_id("o2c.sales.plan")
        warned = {cell: user for cell in self if (user := cell._warned_user())}
        # Those concerned find it among their activities; they get no e-mail about each.
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create([
            {
                "activity_type_id": activity_type.id if activity_type else False,
                "res_model_id": model,
                "res_id": cell.plan_id.id,
                "user_id": user.id,
                "summary": self.env._(
                    "%(node)s: %(percent)d%% of the run rate since %(date)s",
                    node=cell.node_id.name,
                    percent=round(cell.pace),
                    date=format_date(self.env, cell.date_from),
                ),
            }
            for cell, user in warned.items()
        ])

    def _warned_user(self):
        """Who can do something about it: the salesperson, the team leader, or the planner; nobody where
        all of them have left."""
        self.ensure_one()
        node = self.node_id
        candidates = (
            node.branch_user_id, node.branch_team_id.user_id, self.plan_id.user_id, self.env.user
        )
        return next((user for user in candidates if user and user.active), self.env["res.users"])

    def _mark_warned(self, today):
        return self._write_system({"warned_on": today})


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    @api.model
    def _attainment_of(self, owner, date_from, date_to, metric="amount", company=None):
        """What a person was to sell and has sold, by approved plan; e.g. for commission.

        Periods count that lie within the range as a whole. Where several approved plans have the
        person, the one approved last counts, so that nothing is counted twice.

        :param owner: ``res.users``, or ``res.partner`` (an agent, or the contact of an employee)
        :param str metric: that of the plans looked at
        :param company: ``res.company`` of the plan; by default the active one
        :return: :class:`Attainment`; all 0 and ``percent`` ``None`` where there is no plan
        """
        # sudo: commission is settled by those who need not read plans
        Cell = self.env["o2c.sales.plan.cell"].sudo()
        if owner._name == "res.users":
            person = Domain("node_id.user_id", "=", owner.id) | Domain(
                "node_id.payee_id", "=", owner.sudo().partner_id.id
            )
        else:
            person = Domain("node_id.payee_id", "=", owner.id) | Domain(
                "node_id.user_id.partner_id", "=", owner.id
            )
        cells = Cell.search(person & Domain([
            ("plan_id.state", "=", "approved"),
            ("plan_id.metric", "=", metric),
            ("plan_id.company_id", "=", (company or self.env.company).id),
            ("date_from", ">=", date_from),
            ("date_to", "<=", date_to),
        ]))
        if not cells:
            return Attainment(0.0, 0.0, None, None, None)
        plan = max(cells.plan_id, key=lambda plan: (plan.approved_on, plan.id))
        cells = cells.filtered(lambda cell: cell.plan_id == plan)
        # Of a person below himself the upper node says it all.
        nodes = set(cells.node_id.ids)
        cells = cells.filtered(lambda cell: nodes.isdisjoint(cell.node_id._path_ids()[:-1]))
        target, actual = plan._round(sum(cells.mapped("target"))), plan._round(sum(cells.mapped("actual")))
        percent = HUNDRED * actual / target if target else None
        return Attainment(target, actual, percent, plan._value_currency() or None, plan.sudo(False))

    @api.model
    @api.private
    def _warn(self, company):
        """Tell those who are behind the run rate of their approved plans, once a period.

        :return: a sentence saying what was done, empty if nothing
        """
        if not company.o2c_plan_warning_percent:
            return ""
        rule = run_rate.WarningRule(company.o2c_plan_warning_percent, company.o2c_plan_warning_share)
        today = company._o2c_today()
        cells = self.env["o2c.sales.plan.cell"].search([
            ("plan_id.company_id", "=", company.id),
            ("plan_id.state", "=", "approved"),
            ("node_id.kind", "in", ("user", "partner", "payee")),
            ("date_from", "<=", today),
            ("date_to", ">=", today),
            ("target", ">", 0),
            ("warned_on", "=", False),
        ])
        behind = self.env["o2c.sales.plan.cell"]
        for members in cells.grouped(lambda cell: (cell.plan_id, cell.date_from, cell.date_to)).values():
            days, done = members[0]._days()
            for cell in members:
                if rule.warns(run_rate.Standing(cell.target, cell.actual, days, done)):
                    behind |= cell
        if not behind:
            return ""
        behind._create_warnings()
        behind._mark_warned(today)
        return self.env._("Early warnings: %(count)s", count=len(behind))
