"""Where sales stand against plan today, and where they will end."""

from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.order_to_cash.algorithms import run_rate

HUNDRED = 100.0


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
