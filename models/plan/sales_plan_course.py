"""Where a whole plan stands today."""

from odoo import api, fields, models

from odoo.addons.order_to_cash.algorithms import run_rate


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    due = fields.Monetary(
        string="Due by Now",
        compute="_compute_course",
        currency_field="value_currency_id",
        help="The part of the targets at the top that the working days so far should have brought.",
    )
    pace = fields.Float(
        string="Run Rate (%)",
        compute="_compute_course",
        help="What was sold so far in percent of what is due.",
    )
    expected = fields.Monetary(
        string="Expected End",
        compute="_compute_course",
        currency_field="value_currency_id",
        help="The actual at the end of the plan, if what is left of the targets is met as what is due was.",
    )

    # Figures are written by statements of their own, which forget what was read (_forget_totals).
    @api.depends("node_ids", "refreshed_on")
    @api.depends_context("uid")
    def _compute_course(self):
        rows = self.env["o2c.sales.plan.cell"]._read_group(
            [("node_id", "in", self._top_nodes().ids)],
            ["plan_id", "date_from:day", "date_to:day"],
            ["target:sum", "actual:sum"],
        )
        standings = {plan: [] for plan in self}
        for plan, date_from, date_to, target, actual in rows:
            days, done = plan._days_passed(date_from, date_to)
            standings[plan].append(run_rate.Standing(target, actual, days, done))
        for plan in self:
            course = run_rate.course(standings.get(plan._origin, []))
            plan.due = course.due
            plan.pace = course.pace or 0.0
            plan.expected = course.actual if course.expected is None else course.expected

    def _top_nodes(self):
        """The top of these plans; of a plan whose top the user may not read, the highest nodes he may."""
        Node = self.env["o2c.sales.plan.node"]
        top = Node.search([("plan_id", "in", self.ids), ("parent_id", "=", False)])
        seen = Node.search([("plan_id", "in", (self - top.plan_id).ids)])
        # sudo: the id of the parent only
        return top | seen.filtered(lambda node: node.sudo().parent_id.id not in seen._ids)
