"""Nodes of customers that turn out to be one and the same."""

from odoo import api, models
from odoo.tools import SQL

from .sales_plan_node import DIMENSIONS


class O2cSalesPlanNode(models.Model):
    _inherit = "o2c.sales.plan.node"

    @api.model
    def _join_doubles(self, partner):
        """After others were merged into a partner: of nodes side by side that are now the same, one.

        Figures are added up, so that nothing changes above; approved plans promise the same as before.

        :param partner: ``res.partner``
        """
        self.invalidate_model()
        # sudo: whoever may merge partners need not see plans; archived customers are in them, too
        nodes = self.sudo().with_context(active_test=False).search(
            ["|", ("partner_id", "=", partner.id), ("payee_id", "=", partner.id)], order="key"
        )
        for doubles in nodes.grouped(_place).values():
            for double in doubles[1:]:
                doubles[0]._take_over(double)

    def _take_over(self, double):
        """Let this node stand for another beside it as well, with all that is below both."""
        own = {_likeness(child): child for child in self.child_ids}
        for child in double.child_ids:
            if same := own.get(_likeness(child)):
                same._take_over(child)
            else:
                # Past the checks of write(): plans in force are joined like drafts, and keep their sums.
                models.BaseModel.write(child, {"parent_id": self.id})
        self._add_cells(double)
        for model, key in (("mail.activity", "res_model"), ("mail.message", "model")):
            told = self.env[model].search([(key, "=", self._name), ("res_id", "=", double.id)])
            told.write({"res_id": self.id})
        models.BaseModel.unlink(double)
        self.invalidate_recordset(["child_ids"])

    def _add_cells(self, other):
        self.env.flush_all()
        fields = self.env["o2c.sales.plan.cell"]._fields.values()
        figures = [SQL.identifier(field.name) for field in fields if field.type == "monetary" and field.store]
        self.env.cr.execute(SQL(
            """
            UPDATE o2c_sales_plan_cell cell
            SET %(sums)s, is_locked = cell.is_locked OR other.is_locked,
                warned_on = COALESCE(cell.warned_on, other.warned_on)
            FROM o2c_sales_plan_cell other
            WHERE cell.node_id = %(node)s AND other.node_id = %(other)s
              AND other.period_index = cell.period_index
            """,
            sums=SQL(", ").join([
                SQL("%s = COALESCE(cell.%s, 0) + COALESCE(other.%s, 0)", name, name, name)
                for name in figures
            ]),
            node=self.id,
            other=other.id,
        ))
        self.plan_id._forget_cells()


def _likeness(node):
    """What tells a node from others under the same parent; of one that stands for nothing, itself."""
    told = tuple(node[name].id for name in DIMENSIONS)
    return (told, node.is_rest) if any(told) or node.is_rest else node.id


def _place(node):
    return node.plan_id, node.parent_id, _likeness(node)
