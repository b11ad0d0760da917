from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

from odoo.addons.order_to_cash.algorithms import plan_demand


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    def action_propose_demand(self):
        """Open the list of reordering rules that this approved plan of quantities asks for."""
        self.ensure_one()
        self.check_access("write")
        self.company_id._o2c_check_plan_is_on()
        if self.state != "approved" or self.metric != "quantity":
            raise UserError(
                self.env._(
                    "%(plan)s: reordering rules follow from an approved plan of quantities.",
                    plan=self.display_name,
                )
            )
        demand = self.env["o2c.sales.plan.demand"].create({"plan_id": self.id})
        demand.action_calculate()
        return demand._open()


class O2cSalesPlanDemand(models.TransientModel):
    """What a plan of quantities asks of the stock: rules that a person reviews and applies."""

    _name = "o2c.sales.plan.demand"
    _description = "Reordering Rules From a Plan"

    plan_id = fields.Many2one("o2c.sales.plan", required=True, readonly=True)
    company_id = fields.Many2one(related="plan_id.company_id")
    warehouse_id = fields.Many2one(
        "stock.warehouse",
        required=True,
        compute="_compute_warehouse_id",
        store=True,
        readonly=False,
        precompute=True,
        domain="[('company_id', '=', company_id)]",
    )
    lead_days = fields.Integer(default=14, help="Until what is ordered now has come.")
    cover_days = fields.Integer(default=30, help="An order lasts for so many days.")
    line_ids = fields.One2many("o2c.sales.plan.demand.line", "demand_id")
    wanted_until = fields.Date(compute="_compute_wanted_until", help="What is needed until this day counts.")
    planned_until = fields.Date(
        readonly=True, help="The last day of this plan and of the approved plans that follow it."
    )
    is_cut = fields.Boolean(compute="_compute_is_cut")

    @api.depends("company_id", "lead_days", "cover_days")
    def _compute_wanted_until(self):
        for demand in self:
            # sudo: the date of a company is no secret
            today = demand.company_id.sudo()._o2c_today()
            days = max(demand.lead_days + demand.cover_days - 1, 0)
            demand.wanted_until = today + timedelta(days=days)

    @api.depends("wanted_until", "planned_until")
    def _compute_is_cut(self):
        for demand in self:
            demand.is_cut = bool(demand.planned_until) and demand.planned_until < demand.wanted_until

    @api.depends("plan_id")
    def _compute_warehouse_id(self):
        for demand in self:
            # sudo: which warehouse there is
            demand.warehouse_id = self.env["stock.warehouse"].sudo().search(
                [("company_id", "=", demand.plan_id.company_id.id)], limit=1
            )

    @api.constrains("lead_days", "cover_days")
    def _check_days(self):
        if any(demand.lead_days < 0 or demand.cover_days < 0 for demand in self):
            raise ValidationError(self.env._("Days must not be below zero."))

    def action_calculate(self):
        """Propose anew, for the warehouse and the days chosen."""
        self.ensure_one()
        plans = self._plans()
        self.planned_until = max(plans.mapped("date_to"))
        planned = self._planned(plans)
        # sudo: rules are shown to planners, who need not keep stock; they are written by those who may
        rules = self.env["stock.warehouse.orderpoint"].sudo().search([
            ("product_id", "in", list(planned)),
            ("location_id", "=", self.warehouse_id.sudo().lot_stock_id.id),
        ])
        rule_by_product = {rule.product_id.id: rule for rule in rules}
        # sudo: the date of a company is no secret
        today = self.company_id.sudo()._o2c_today()
        values = []
        for product in self.env["product.product"].browse(planned):
            least, most = plan_demand.reordering(
                planned[product.id], today, self.lead_days, self.cover_days
            )
            rule = rule_by_product.get(product.id)
            values.append({
                "product_id": product.id,
                "present_min": rule.product_min_qty if rule else 0.0,
                "present_max": rule.product_max_qty if rule else 0.0,
                "min_qty": product.uom_id.round(least, rounding_method="UP"),
                "max_qty": product.uom_id.round(most, rounding_method="UP"),
                # What is known in part only is taken over on purpose, not by oversight.
                "is_chosen": not self.is_cut,
            })
        self.line_ids = [Command.clear(), *map(Command.create, values)]
        return self._open()

    def action_apply(self):
        """Write the rules that are chosen. Needs the right to keep reordering rules."""
        self.ensure_one()
        Rule = self.env["stock.warehouse.orderpoint"]
        Rule.check_access("write")
        lines = self.line_ids.filtered("is_chosen")
        if not lines:
            raise UserError(self.env._("Choose the rules to apply."))
        location = self.warehouse_id.lot_stock_id
        present = {
            rule.product_id: rule
            # One that was archived comes back: there cannot be another beside it.
            for rule in Rule.with_context(active_test=False).search([
                ("product_id", "in", lines.product_id.ids), ("location_id", "=", location.id),
            ])
        }
        new = []
        for line in lines:
            values = {"product_min_qty": line.min_qty, "product_max_qty": line.max_qty}
            if line.product_id in present:
                present[line.product_id].write({**values, "active": True})
            else:
                new.append({
                    **values,
                    "product_id": line.product_id.id,
                    "warehouse_id": self.warehouse_id.id,
                    "location_id": location.id,
                    "company_id": self.company_id.id,
                    # Nothing is ordered unless a person asks for it.
                    "trigger": "manual",
                })
        Rule.create(new)
        return {"type": "ir.actions.act_window_close"}

    def _plans(self):
        """This plan, and the approved plans of quantities that follow it without a gap, as far as they
        are needed."""
        later = self.env["o2c.sales.plan"].search([
            ("company_id", "=", self.company_id.id),
            ("state", "=", "approved"),
            ("metric", "=", "quantity"),
            ("date_from", ">", self.plan_id.date_to),
            ("date_from", "<=", self.wanted_until),
        ])
        plans = self.plan_id
        while following := later.filtered(
            lambda plan, end=plans[-1].date_to: plan.date_from == end + timedelta(days=1)
        ):
            plans += max(following, key=lambda plan: (plan.approved_on, plan.id))
        return plans

    def _planned(self, plans):
        """Of every storable product that the lowest nodes plan, what is to be sold when."""
        planned = {}
        for node in plans.node_ids:
            if node.child_ids:
                continue
            path = node.browse(node._path_ids()).sorted("depth", reverse=True)
            product = next((one.product_id for one in path if one.product_id), None)
            if product and product.active and product.is_storable:
                planned.setdefault(product.id, []).extend(
                    plan_demand.Planned(cell.date_from, cell.date_to, cell.target) for cell in node.cell_ids
                )
        return planned

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Reordering Rules"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }


class O2cSalesPlanDemandLine(models.TransientModel):
    _name = "o2c.sales.plan.demand.line"
    _description = "Reordering Rule From a Plan"

    demand_id = fields.Many2one("o2c.sales.plan.demand", required=True, ondelete="cascade")
    product_id = fields.Many2one("product.product", required=True, readonly=True)
    product_uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    present_min = fields.Float(digits="Product Unit", readonly=True)
    present_max = fields.Float(digits="Product Unit", readonly=True)
    min_qty = fields.Float(string="Minimum", digits="Product Unit")
    max_qty = fields.Float(string="Maximum", digits="Product Unit")
    is_chosen = fields.Boolean(string="Apply", default=True)
