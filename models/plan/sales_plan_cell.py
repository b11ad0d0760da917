from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .program import PROGRAM, is_program

HUNDRED = 100.0
# What a planner types; everything else in a cell is calculated.
AMOUNTS = {"target", "adjustment"}
TYPED = AMOUNTS | {"is_locked"}
# What a forecast has on top of what the past says.
ON_TOP = ("forecast_growth", "forecast_orders", "forecast_pipeline", "adjustment")


class O2cSalesPlanCell(models.Model):
    """The figures of a node in a period. Made with the node, one a period.

    Amounts are in the currency of the plan, quantities in the units of the products.
    """

    _name = "o2c.sales.plan.cell"
    _description = "Figures of a Sales Plan"
    _order = "node_id, period_index"
    # There are many of them, written in bulk: who decided what stands on the plan.
    _log_access = False

    plan_id = fields.Many2one(
        "o2c.sales.plan", required=True, readonly=True, index=True, ondelete="cascade"
    )
    node_id = fields.Many2one(
        "o2c.sales.plan.node", required=True, readonly=True, index=True, ondelete="cascade"
    )
    period_index = fields.Integer(
        string="Number of the Period", required=True, readonly=True, aggregator=None, help="0 is the first."
    )
    date_from = fields.Date(string="From", required=True, readonly=True)
    date_to = fields.Date(string="Until", required=True, readonly=True)
    period_name = fields.Char(string="Period", compute="_compute_period_name")
    currency_id = fields.Many2one(
        "res.currency", readonly=True, help="Empty where the plan is one of quantities."
    )
    forecast = fields.Monetary(
        readonly=True, help="From what was sold before, with growth, what was added, and the adjustment."
    )
    forecast_base = fields.Monetary(
        string="From History", compute="_compute_forecast_base", help="What the past says by itself."
    )
    forecast_growth = fields.Monetary(
        string="Growth", readonly=True, help="On top of what the past says, as the plan tells."
    )
    forecast_low = fields.Monetary(
        readonly=True, help="Four of five outcomes are to be expected between the two ends."
    )
    forecast_high = fields.Monetary(readonly=True)
    forecast_orders = fields.Monetary(
        string="Open Orders", readonly=True, help="Confirmed and expected in the period, but not sold yet."
    )
    forecast_pipeline = fields.Monetary(
        string="Pipeline",
        readonly=True,
        help="Opportunities expected to close in the period, by their probability.",
    )
    adjustment = fields.Monetary(
        help="Added to the forecast by hand. Those below share it by their forecasts, those above add it up."
    )
    target = fields.Monetary()
    rolled_up = fields.Monetary(
        readonly=True,
        help="What the targets below add up to; of a node with nothing below it, its own target.",
    )
    gap = fields.Monetary(
        compute="_compute_gap", help="Target less roll-up: given but not shared out."
    )
    actual = fields.Monetary(readonly=True)
    last_year = fields.Monetary(readonly=True, help="Sold in the same period a year before.")
    variance = fields.Monetary(compute="_compute_attainment", help="Actual less target.")
    attainment = fields.Float(
        string="Attainment (%)",
        compute="_compute_attainment",
        aggregator=None,
        help="Actual in percent of the target. 0 without a target.",
    )
    is_locked = fields.Boolean(string="Locked", help="Spreading and rolling up leave it alone.")

    _period_uq = models.UniqueIndex("(node_id, period_index)", "A node has one cell a period.")

    def _auto_init(self):
        result = super()._auto_init()
        # Figures are written again and again: with room on the page that touches no index.
        self.env.cr.execute(SQL("ALTER TABLE o2c_sales_plan_cell SET (fillfactor = 50)"))
        return result

    @api.depends("date_from", "plan_id.period")
    def _compute_period_name(self):
        for cell in self:
            cell.period_name = cell.plan_id._period_label(cell) if cell.date_from else False

    @api.depends("forecast", *ON_TOP)
    def _compute_forecast_base(self):
        for cell in self:
            cell.forecast_base = cell.forecast - sum(cell[name] for name in ON_TOP)

    @api.depends("target", "rolled_up")
    def _compute_gap(self):
        for cell in self:
            cell.gap = cell.target - cell.rolled_up

    @api.depends("target", "actual")
    def _compute_attainment(self):
        for cell in self:
            cell.variance = cell.actual - cell.target
            cell.attainment = HUNDRED * cell.actual / cell.target if cell.target else 0.0

    @api.depends("node_id.complete_name", "period_name")
    def _compute_display_name(self):
        for cell in self:
            cell.display_name = f"{cell.node_id.complete_name}, {cell.period_name}"

    @api.model_create_multi
    def create(self, vals_list):
        if vals_list:
            raise UserError(self.env._("The cells of a sales plan are made with its nodes."))
        return super().create(vals_list)

    def write(self, vals):
        if is_program(self.env):
            return super(O2cSalesPlanCell, self.with_context(o2c_plan_writer=None)).write(vals)
        system = sorted(vals.keys() - TYPED)
        if system:
            raise UserError(
                self.env._(
                    "%(field)s of a sales plan is calculated and cannot be typed in.",
                    field=self._fields[system[0]]._description_string(self.env),
                )
            )
        self.plan_id._check_editable()
        self._write_typed(vals)
        if vals.keys() & {"target", "is_locked"}:
            for plan, cells in self.grouped("plan_id").items():
                plan._refresh_roll_up(cells.node_id)
        self.plan_id._forget_totals()
        return True

    def _write_system(self, vals):
        """Write what only the program sets; the guards of :meth:`write` are about users."""
        return self.with_context(o2c_plan_writer=PROGRAM).write(vals)

    def _write_typed(self, vals):
        """Write what a planner typed, in cells of a draft; adding up is left to the caller.

        :raise UserError: for what is no amount, and where a cell is locked
        """
        vals = {name: value or 0.0 if name in AMOUNTS else value for name, value in vals.items()}
        self.plan_id._grid_check_values(vals)
        if "target" in vals and vals.get("is_locked") is not False:
            self._check_unlocked(vals["target"])
        simple = {name: value for name, value in vals.items() if name != "adjustment"}
        for plan, cells in self.grouped("plan_id").items():
            if "adjustment" in vals:
                plan._adjust({(cell.node_id.id, cell.period_index): vals["adjustment"] for cell in cells})
            cells._write_system({
                **{
                    name: value if name == "is_locked" else plan._round(value)
                    for name, value in simple.items()
                },
                "changed_by_uid": self.env.uid,
            })

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The cells of a sales plan go with its nodes."))

    def _check_unlocked(self, target):
        for cell in self:
            if cell.is_locked and cell.target != target:
                raise UserError(
                    self.env._("%(cell)s is locked. Unlock it first.", cell=cell.display_name)
                )
