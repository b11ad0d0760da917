"""How far a person has come by the approved plans; e.g. for commission."""

from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import plan_attainment

HUNDRED = 100.0


class Attainment(NamedTuple):
    """Figures of a person in the whole periods of a range, in ``currency`` (``None``: quantities).

    ``percent`` is the actual in percent of the target, ``None`` without a target. ``plan`` is the one
    that came first, ``plans`` all whose figures are in it.
    """

    target: float
    actual: float
    percent: float | None
    currency: models.BaseModel | None
    plan: models.BaseModel | None
    plans: models.BaseModel | None = None


NOTHING = Attainment(0.0, 0.0, None, None, None)


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    @api.model
    def _attainment_of(self, owner, date_from, date_to, metric="amount", company=None, plan=None):
        """What a person was to sell and has sold; see :meth:`_attainments_of`.

        :param owner: ``res.users``, or ``res.partner`` (an agent, or the contact of an employee)
        :return: :class:`Attainment`; all 0 and ``percent`` ``None`` where there is no plan
        """
        asked = (owner, date_from, date_to)
        return self._attainments_of([asked], metric=metric, company=company, plan=plan)[asked]

    @api.model
    def _attainments_of(self, asked, metric="amount", company=None, plan=None):
        """What persons were to sell and have sold, by approved plans, in a few statements for all.

        Several approved plans may have a person. Each day counts once: by the plan of the company
        itself before one of a company above it, and of these by the one approved last; others fill in
        where that plan has no period (two plans of half a year make a year). Periods count that lie
        within the range as a whole: of a plan by quarters a month has none. In a plan all nodes of the
        person are added up, save those below another of his. Figures of further plans in another
        currency count at the rate of the last day of the period.

        :param asked: tuples of ``res.users`` or ``res.partner``, first and last day, both included
        :param str metric: that of the plans looked at
        :param company: ``res.company`` of the plans; by default the active one
        :param plan: ``o2c.sales.plan``, any version: its approved version alone counts, whatever its
            metric and company
        :return: dict: each tuple -> :class:`Attainment`
        """
        company = company or self.env.company
        asked = list(asked)
        partners = self._attainment_partners({owner for owner, _first, _last in asked})
        plans = self._attainment_plans(metric, company, plan)
        figures = self._attainment_figures(plans, list(set(partners.values())), asked)
        return {
            key: self._attainment_sum(
                plan_attainment.counted(figures.get(partners[key[0]], ()), *key[1:]), company
            )
            for key in asked
        }

    def _attainment_partners(self, owners):
        """dict user or partner -> id of the partner"""
        users = [owner.id for owner in owners if owner._name == "res.users"]
        # sudo: who is behind a user is needed only to find his nodes
        partner_by_user = {user.id: user.partner_id.id for user in self.env["res.users"].sudo().browse(users)}
        return {
            owner: partner_by_user[owner.id] if owner._name == "res.users" else owner.id for owner in owners
        }

    def _attainment_plans(self, metric, company, plan):
        """:return: approved plans, sudo, the one that counts first first"""
        # sudo: commission is settled by those who need not read plans
        Plan = self.env["o2c.sales.plan"].sudo()
        if plan:
            return Plan.search([("family_id", "=", plan.sudo().family_id.id), ("state", "=", "approved")])
        plans = Plan.search([
            ("state", "=", "approved"),
            ("metric", "=", metric),
            ("company_id", "parent_of", company.id),
            ("company_id.o2c_use_plan", "=", True),
        ])
        return plans.sorted(
            lambda plan: (len(plan.company_id.parent_ids), plan.approved_on, plan.id), reverse=True
        )

    def _attainment_figures(self, plans, partner_ids, asked):
        """dict id of a partner -> list of :class:`plan_attainment.Figure`"""
        if not plans or not partner_ids:
            return {}
        self.env.flush_all()
        rank = {plan.id: number for number, plan in enumerate(plans)}
        figures = {}
        for partner, plan, path, *figure in self.env.execute_query(SQL(
            """
            SELECT person.id, cell.plan_id, node.parent_path, cell.date_from, cell.date_to,
                   cell.target::float8, cell.actual::float8
            FROM o2c_sales_plan_node node
            LEFT JOIN res_users seller ON seller.id = node.user_id
            JOIN res_partner person ON person.id IN (node.payee_id, seller.partner_id)
            JOIN o2c_sales_plan_cell cell ON cell.node_id = node.id
            WHERE node.plan_id = ANY(%(plans)s) AND person.id = ANY(%(partners)s)
              AND cell.date_from >= %(first)s AND cell.date_to <= %(last)s
            """,
            plans=plans.ids,
            partners=partner_ids,
            first=min(first for _owner, first, _last in asked),
            last=max(last for _owner, _first, last in asked),
        )):
            nodes = tuple(int(part) for part in path.strip("/").split("/"))
            figures.setdefault(partner, []).append(
                plan_attainment.Figure(plan, rank[plan], nodes, *figure)
            )
        return figures

    def _attainment_sum(self, figures, company):
        if not figures:
            return NOTHING
        # sudo: as in _attainment_plans
        plans = self.env["o2c.sales.plan"].sudo().browse(dict.fromkeys(one.plan for one in figures))
        plan = plans[0]
        target = actual = 0.0
        for one in figures:
            rate = self._attainment_rate(plans.browse(one.plan), plan, company, one.date_to)
            target += one.target * rate
            actual += one.actual * rate
        target, actual = plan._round(target), plan._round(actual)
        return Attainment(
            target,
            actual,
            HUNDRED * actual / target if target else None,
            plan._value_currency() or None,
            plan.sudo(False),
            plans.sudo(False),
        )

    def _attainment_rate(self, plan, leading, company, day):
        if not leading._value_currency() or plan.currency_id == leading.currency_id:
            return 1.0
        return plan.currency_id._get_conversion_rate(plan.currency_id, leading.currency_id, company, day)
