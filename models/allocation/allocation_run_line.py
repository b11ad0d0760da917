from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.array_literal import array_literal
from odoo.addons.order_to_cash.models.customer.customer_class import ALLOCATION_STRATEGIES

COLUMNS = {
    "run_id": "int",
    "sequence": "int",
    "move_id": "int",
    "order_id": "int",
    "product_id": "int",
    "partner_id": "int",
    "class_id": "int",
    "date": "timestamp",
    "strategy": "text",
    "rank": "int",
    "demand_qty": "float",
    "current_qty": "float",
    "planned_qty": "float",
    "delta_qty": "float",
    "missing_qty": "float",
    "is_frozen": "boolean",
    "reason": "text",
}


class O2cAllocationRunLine(models.Model):
    """What a run gives to one delivery, and why. Written by the run only."""

    _name = "o2c.allocation.run.line"
    _description = "Delivery of an Allocation Run"
    _order = "run_id desc, sequence, id"
    _log_access = False
    _rec_name = "move_id"

    run_id = fields.Many2one("o2c.allocation.run", required=True, index=True, ondelete="cascade")
    # Not stored: with thousands of lines a run, each reference that the database checks is felt.
    company_id = fields.Many2one(related="run_id.company_id")
    sequence = fields.Integer(readonly=True)
    move_id = fields.Many2one(
        "stock.move", string="Delivery", readonly=True, index="btree_not_null", ondelete="set null"
    )
    picking_id = fields.Many2one(related="move_id.picking_id", string="Transfer")
    order_id = fields.Many2one(
        "sale.order", readonly=True, index="btree_not_null", ondelete="set null"
    )
    product_id = fields.Many2one(
        "product.product", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    product_uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", readonly=True, index="btree_not_null", ondelete="set null"
    )
    class_id = fields.Many2one(
        "o2c.customer.class",
        string="Customer Class",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    date = fields.Datetime(string="Planned For", readonly=True)
    strategy = fields.Selection(ALLOCATION_STRATEGIES, readonly=True)
    rank = fields.Integer(readonly=True, aggregator=None)
    demand_qty = fields.Float(string="Demand", digits="Product Unit", readonly=True)
    current_qty = fields.Float(string="Before", digits="Product Unit", readonly=True)
    planned_qty = fields.Float(string="After", digits="Product Unit", readonly=True)
    delta_qty = fields.Float(string="Change", digits="Product Unit", readonly=True)
    missing_qty = fields.Float(
        string="Missing", digits="Product Unit", readonly=True, help="Demand not served."
    )
    is_frozen = fields.Boolean(
        string="Untouched", readonly=True, help="The run leaves this delivery as it is."
    )
    is_skipped = fields.Boolean(
        string="Skipped",
        readonly=True,
        help="Not applied: the product had changed since the simulation.",
    )
    reason = fields.Text(readonly=True)
    donor_move_ids = fields.Many2many(
        "stock.move",
        "o2c_allocation_run_line_donor_rel",
        "line_id",
        "move_id",
        string="Taken From",
        readonly=True,
        help="The deliveries that lose what this one gains.",
    )

    @api.depends("move_id", "product_id", "order_id")
    def _compute_display_name(self):
        for line in self:
            line.display_name = " · ".join(
                filter(None, (line.order_id.name or line.picking_id.name, line.product_id.display_name))
            )

    @api.model
    def _insert(self, rows, donors):
        """Insert the lines of one run, in two statements.

        :param rows: a tuple of :data:`COLUMNS` a line
        :param donors: (move that gains, move that loses)
        """
        if not rows:
            return
        inserted = self.env.execute_query(
            SQL(
                "INSERT INTO o2c_allocation_run_line (%s, is_skipped) SELECT *, FALSE FROM unnest(%s) "
                "RETURNING id, move_id",
                SQL(", ").join(map(SQL.identifier, COLUMNS)),
                SQL(", ").join(
                    SQL("%s::" + kind + "[]", array_literal(values, kind))
                    for kind, values in zip(COLUMNS.values(), zip(*rows, strict=True), strict=True)
                ),
            )
        )
        if not donors:
            return
        line_by_move = {move_id: line_id for line_id, move_id in inserted}
        self.env.execute_query(
            SQL(
                "INSERT INTO o2c_allocation_run_line_donor_rel (line_id, move_id) "
                "SELECT * FROM unnest(%s::int[], %s::int[]) RETURNING line_id",
                [line_by_move[gaining] for gaining, _losing in donors],
                [losing for _gaining, losing in donors],
            )
        )

    @api.model
    def _planned(self, run):
        """{move id: planned quantity} of one run."""
        self.flush_model(["run_id", "move_id", "planned_qty"])
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT move_id, planned_qty::float FROM o2c_allocation_run_line "
                    "WHERE run_id = %s AND move_id IS NOT NULL",
                    run.id,
                )
            )
        )

    @api.model
    def _given_up_sql(self, move_ids):
        """Which moves an applied run has given nothing, because they are to lose: SQL with
        ``move_id`` and ``product_id``."""
        self.flush_model(["is_skipped"])
        self.env["o2c.allocation.run"].flush_model(["state"])
        return SQL(
            """
            SELECT line.move_id, line.product_id
              FROM o2c_allocation_run_line line
              JOIN o2c_allocation_run run ON run.id = line.run_id
             WHERE line.move_id = ANY(%s)
               AND line.strategy = 'lose'
               AND line.is_skipped IS NOT TRUE
               AND line.is_frozen IS NOT TRUE
               AND run.state IN ('applied', 'stale')
            """,
            list(move_ids),
        )

    @api.model
    def _given_up(self, move_ids):
        """The ids of those of some moves that an applied run has given nothing."""
        move_ids = list(move_ids)
        if not move_ids:
            return set()
        return {key for key, _product in self.env.execute_query(self._given_up_sql(move_ids))}

    @api.model
    def _remove(self, run):
        """Remove all lines of one run, in one statement: nothing else knows them."""
        self.flush_model(["run_id"])
        self.env.execute_query(
            SQL("DELETE FROM o2c_allocation_run_line WHERE run_id = %s RETURNING id", run.id)
        )
        self.invalidate_model()

    @api.model
    def _mark_skipped(self, run, product_ids):
        """Say that the lines of some products were not applied."""
        if not product_ids:
            return
        # sudo: the lines are a record that nobody writes by hand
        lines = self.sudo().search([("run_id", "=", run.id), ("product_id", "in", list(product_ids))])
        lines.is_skipped = True

    def action_open_order(self):
        """Open the order, or the transfer when there is none."""
        self.ensure_one()
        record = self.order_id or self.picking_id
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }
