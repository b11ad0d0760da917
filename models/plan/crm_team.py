from odoo import api, models

MONTHS = {"month": 1, "quarter": 3}


class CrmTeam(models.Model):
    _inherit = "crm.team"

    @api.model
    def _o2c_fill_targets(self, company):
        """Fill the monthly invoicing target of teams from the approved plan of this month.

        Of a plan by quarters a month has a third. Teams that are in no plan keep what they have.

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
            target = sum(members.filtered(lambda cell, plan=plan: cell.plan_id == plan).mapped("target"))
            amount = plan.currency_id._convert(
                target / MONTHS[plan.period], company.currency_id, company, today
            )
            # A team of all companies has no currency of its own.
            is_own = not team.company_id or team.currency_id == company.currency_id
            if is_own and team.invoiced_target != amount:
                team.invoiced_target = amount
                changed |= team
        return changed
