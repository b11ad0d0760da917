"""Trees of thousands of nodes, made and removed at once."""

from contextlib import contextmanager

from odoo import api, models

from .sales_plan_node import DIMENSIONS, NAME_LIMIT

# So many nodes are worth planning the database's checks anew.
MANY = 200


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    def _make_cells(self, nodes):
        with _references_by_index(self.env, len(nodes)):
            super()._make_cells(nodes)
        if len(nodes) >= MANY:
            # What comes next joins them by the hundred thousand; statistics would come too late.
            self.env.cr.execute("ANALYZE o2c_sales_plan_node, o2c_sales_plan_cell")

    def unlink(self):
        with _references_by_index(self.env, MANY):
            return super().unlink()


class O2cSalesPlanNode(models.Model):
    _inherit = "o2c.sales.plan.node"

    @api.model_create_multi
    def create(self, vals_list):
        return super().create(vals_list if len(vals_list) < MANY else self._with_names(vals_list))

    def _create(self, data_list):
        with _references_by_index(self.env, len(data_list)):
            return super()._create(data_list)

    def unlink(self):
        with _references_by_index(self.env, MANY):
            return super().unlink()

    @api.model
    def _with_names(self, vals_list):
        """The same values with the names that :meth:`_compute_name` would look up one by one."""
        told = [
            next((name for name in reversed(DIMENSIONS) if vals.get(name)), None) for vals in vals_list
        ]
        labels = {}
        for name in set(told) - {None}:
            ids = {vals[name] for vals, last in zip(vals_list, told, strict=True) if last == name}
            # sudo: as the field computes it, who need not see what belongs to a branch
            for record in self.env[self._fields[name].comodel_name].sudo().browse(ids):
                labels[name, record.id] = record.display_name[:NAME_LIMIT]
        return [
            vals if vals.get("name") or last is None else {**vals, "name": labels[last, vals[last]]}
            for vals, last in zip(vals_list, told, strict=True)
        ]


@contextmanager
def _references_by_index(env, count):
    """Within, foreign keys are checked by index, however small the tables were at first.

    PostgreSQL plans these checks once a connection. Planned when a plan had three nodes, they would
    read all nodes for each new cell of a plan of three thousand.
    """
    if count < MANY:
        yield
        return
    env.cr.execute("DISCARD PLANS; SET LOCAL enable_seqscan = off")
    yield
    # Not after a failure, which takes it back by itself.
    env.cr.execute("SET LOCAL enable_seqscan = DEFAULT")
