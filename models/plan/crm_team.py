from datetime import timedelta

from odoo import api, models

from odoo.addons.order_to_cash.algorithms import plan_periods

from .planned import check_not_planned, names_follow


class CrmTeam(models.Model):
    _inherit = "crm.team"

    def write(self, vals):
        if "name" not in vals:
            return super().write(vals)
        with names_follow(self, "team_id"):
            return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_planned(self):
        check_not_planned(self, "team_id")

    @api.model
    def _o2c_fill_targets(self, company):
        """Fill the monthly invoicing target of teams from the approved plan of this month.

        Of a plan by quarters a month has its part of the working days that the plan has in the quarter
        (all days, where nobody works in it). A month in which a plan begins or ends has what is planned
        for its days in the plan, and nothing is made up for the others. Teams that are in no plan keep
        what they have.

        :return: the teams whose target changed
        """
        today = company._o2c_today()
        # sudo: the target of a team follows the plan, whoever approves it
        cells = self.env["o2c.sales.plan.cell"].sudo().search([
            ("plan_id.company_id", "=", company.id),
            ("plan_id.state", "=", "approved"),
            ("plan_id.metric", "=", "amount"),
            ("node_id.kind", "=", "team"),
            ("date_from", "<=", today),
            ("date_to", ">=", today),
        ])
        changed = self.browse()
        for team, members in cells.grouped(lambda cell: cell.node_id.team_id).items():
            plan = max(members.plan_id, key=lambda plan: (plan.approved_on, plan.id))
            members = members.filtered(lambda cell, plan=plan: cell.plan_id == plan)
            # Of a team below itself the upper node says it all.
            nodes = set(members.node_id.ids)
            members = members.filtered(
                lambda cell, nodes=nodes: nodes.isdisjoint(cell.node_id._path_ids()[:-1])
            )
            target = sum(members.mapped("target"))
            amount = plan.currency_id._convert(
                target * self._o2c_part_of_month(members[0], today), company.currency_id, company, today
            )
            # A team of all companies has no currency of its own.
            is_own = not team.company_id or team.currency_id == company.currency_id
            if is_own and team.invoiced_target != amount:
                team.invoiced_target = amount
                changed |= team
        return changed

    @api.model
    def _o2c_part_of_month(self, cell, today):
        """Which part of the period of a cell lies in the month of a day of it."""
        plan = cell.plan_id
        month = today.replace(day=1)
        first = max(month, cell.date_from)
        last = min(plan_periods.shift(month, 1) - timedelta(days=1), cell.date_to)
        days = plan._day_count(cell.date_from, cell.date_to)
        if days:
            return plan._day_count(first, last) / days
        return ((last - first).days + 1) / ((cell.date_to - cell.date_from).days + 1)
