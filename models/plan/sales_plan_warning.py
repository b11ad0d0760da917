"""Early warnings: an activity for those whose sales are behind plan."""

from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from odoo.addons.order_to_cash.algorithms import run_rate

ACTIVITY = "mail.mail_activity_data_todo"


class O2cSalesPlanNode(models.Model):
    _name = "o2c.sales.plan.node"
    _inherit = ["o2c.sales.plan.node", "mail.thread", "mail.activity.mixin"]

    # Whoever may read a node may answer in it; nobody else sees what hangs on it.
    _mail_post_access = "read"

    @api.model_create_multi
    def create(self, vals_list):
        # Trees are made by the thousand: no follower and no message for each of their nodes.
        return super(O2cSalesPlanNode, self.with_context(tracking_disable=True)).create(vals_list).with_env(
            self.env
        )

    def write(self, vals):
        return super(O2cSalesPlanNode, self.with_context(tracking_disable=True)).write(vals)


class O2cSalesPlanCell(models.Model):
    _inherit = "o2c.sales.plan.cell"

    warned_on = fields.Date(readonly=True, help="On this day somebody was told that sales are behind.")

    def _create_warnings(self):
        activity_type = self.env.ref(ACTIVITY, raise_if_not_found=False)
        model = self.env["ir.model"]._get_id("o2c.sales.plan.node")
        # Those concerned find it among their activities; they get no e-mail about each.
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create([
            {
                "activity_type_id": activity_type.id if activity_type else False,
                "res_model_id": model,
                "res_id": cell.node_id.id,
                "user_id": user.id,
                "summary": self.env._(
                    "%(node)s: %(percent)d%% of the run rate since %(date)s",
                    node=cell.node_id.name,
                    percent=round(cell.pace),
                    date=format_date(self.env, cell.date_from),
                ),
            }
            for cell, user in self._warned_users().items()
        ])

    def _warned_users(self):
        """Who can do something about each of these cells and may read it: the salesperson, the team
        leader, or the planner.

        :return: dict of a cell -> ``res.users``; without those that nobody may read any more
        """
        candidates = {cell: cell._warned_candidates() for cell in self}
        asked = defaultdict(self.env["o2c.sales.plan.node"].browse)
        for cell, users in candidates.items():
            for user in users:
                asked[user] |= cell.node_id
        readers = {
            (user, node_id)
            for user, nodes in asked.items()
            for node_id in self._readable_by(user, nodes).ids
        }
        chosen = {
            cell: next((user for user in users if (user, cell.node_id.id) in readers), None)
            for cell, users in candidates.items()
        }
        return {cell: user for cell, user in chosen.items() if user}

    def _warned_candidates(self):
        self.ensure_one()
        node = self.node_id
        users = (node.branch_user_id, node.branch_team_id.user_id, self.plan_id.user_id, self.env.user)
        return [user for user in users if user and user.active]

    @api.model
    def _readable_by(self, user, nodes):
        # In all his companies, whichever of them he looks at now.
        nodes = nodes.with_user(user).with_context(allowed_company_ids=user.company_ids.ids)
        return nodes._filtered_access("read")

    def _mark_warned(self, today):
        return self._write_system({"warned_on": today})


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    def _on_approved(self, superseded):
        super()._on_approved(superseded)
        for version in self:
            for old in superseded.filtered(lambda plan, version=version: plan.family_id == version.family_id):
                version._take_over_warnings(old)

    def _take_over_warnings(self, other):
        """Nobody is warned again of what the version before told him; what is to be done about it goes on
        in this one, as the other can no more be read by those concerned.

        :param other: ``o2c.sales.plan``, the version that this one takes the place of
        """
        self.ensure_one()
        self.env.flush_all()
        self.env.cr.execute(SQL(
            """
            UPDATE o2c_sales_plan_cell cell SET warned_on = old.warned_on
            FROM o2c_sales_plan_node node, o2c_sales_plan_cell old
            JOIN o2c_sales_plan_node old_node ON old_node.id = old.node_id
            WHERE cell.plan_id = %s AND node.id = cell.node_id AND old.plan_id = %s
              AND old_node.key = node.key AND old.date_from = cell.date_from AND old.date_to = cell.date_to
              AND old.warned_on IS NOT NULL
            """,
            self.id,
            other.id,
        ))
        self._forget_cells()
        node_by_key = {node.key: node.id for node in self.node_ids}
        new_by_old = {node.id: node_by_key.get(node.key) for node in other.node_ids}
        # sudo: those of others, too
        activities = self.env["mail.activity"].sudo().search([
            ("res_model", "=", "o2c.sales.plan.node"), ("res_id", "in", list(new_by_old)),
        ])
        for node_id, members in activities.grouped(lambda activity: new_by_old[activity.res_id]).items():
            if node_id:
                members.write({"res_id": node_id})
            else:
                members.unlink()

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
