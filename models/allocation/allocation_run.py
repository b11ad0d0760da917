from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from .reasons import Reasons, plain_number
from .res_company import RUN_OPTIONS, SHIP_COMPLETE

# Deliveries that are to win and yet are not served in full.
SHORT_WIN = Domain("strategy", "=", "win") & Domain("missing_qty", ">", 0)

# What a run says of itself: who applied it, when, and to what.
RECORDED = {
    "state",
    "simulated_on",
    "applied_on",
    "applied_by_id",
    "fingerprints",
    "is_settled",
    "stale_product_ids",
    "is_automatic",
}


class O2cAllocationRun(models.Model):
    """A redistribution of stock among open deliveries: reckoned first, then made so."""

    _name = "o2c.allocation.run"
    _description = "Allocation Run"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(string="Reference", readonly=True, copy=False, index="trigram")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    warehouse_ids = fields.Many2many(
        "stock.warehouse",
        string="Warehouses",
        check_company=True,
        help="Only stock of these warehouses is distributed. Empty: of all.",
    )
    product_ids = fields.Many2many(
        "product.product",
        string="Products",
        check_company=True,
        domain=[("is_storable", "=", True)],
        help="Only these products. Empty: all.",
    )
    date_to = fields.Date(
        string="Due By",
        compute="_compute_date_to",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        help="Deliveries planned for a later day gain nothing, and yield what they hold and nobody "
        "has begun to deliver. Empty: all compete.",
    )
    ship_complete = fields.Selection(
        SHIP_COMPLETE,
        string="Deliver Complete",
        compute="_compute_options",
        store=True,
        readonly=False,
        precompute=True,
        help="What cannot be served in full gets nothing, and others get the goods.",
    )
    fair_share = fields.Boolean(
        compute="_compute_options",
        store=True,
        readonly=False,
        precompute=True,
        help="Deliveries of the same strategy and rank share what there is. Otherwise the first of "
        "them is served in full, then the next."
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("simulated", "Simulated"),
            ("applied", "Applied"),
            ("stale", "Applied in Part"),
            ("cancelled", "Cancelled"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    simulated_on = fields.Datetime(readonly=True, copy=False)
    applied_on = fields.Datetime(readonly=True, copy=False)
    applied_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    fingerprints = fields.Json(readonly=True, copy=False)
    is_settled = fields.Boolean(
        string="Nothing to Change",
        readonly=True,
        copy=False,
        help="Every delivery has already what the run gives it.",
    )
    stale_product_ids = fields.Many2many(
        "product.product",
        "o2c_allocation_run_stale_rel",
        string="Skipped Products",
        readonly=True,
        copy=False,
        help="They have changed since the simulation. Simulate again to include them.",
    )
    line_ids = fields.One2many("o2c.allocation.run.line", "run_id", copy=False)
    changing_line_ids = fields.One2many(
        "o2c.allocation.run.line", "run_id", domain=[("delta_qty", "!=", 0)], copy=False
    )
    line_count = fields.Integer(string="Deliveries", compute="_compute_counts")
    gaining_count = fields.Integer(string="Gaining", compute="_compute_counts")
    losing_count = fields.Integer(string="Losing", compute="_compute_counts")
    short_win_count = fields.Integer(
        string="Win Not Served",
        compute="_compute_counts",
        help="Deliveries that are to win and yet are not served in full.",
    )
    short_win_qty = fields.Float(
        string="Win Missing",
        digits="Product Unit",
        compute="_compute_counts",
        help="What they lack, each product in its own unit.",
    )
    short_win_text = fields.Char(
        string="By How Much",
        compute="_compute_counts",
        help="What deliveries that are to win lack, added up a unit.",
    )

    @api.depends("company_id")
    def _compute_date_to(self):
        for run in self:
            days = run.company_id.o2c_allocation_horizon_days
            today = run.company_id._o2c_today() if run.company_id else fields.Date.today()
            run.date_to = today + timedelta(days=days) if days else False

    @api.depends("company_id")
    def _compute_options(self):
        for run in self:
            # sudo: what a company prefers is no secret to those who make its runs
            company = run.company_id.sudo()
            for name, option in RUN_OPTIONS.items():
                run[name] = company[option]

    @api.depends("line_ids")
    def _compute_counts(self):
        Line = self.env["o2c.allocation.run.line"]
        mine = Domain("run_id", "in", self.ids)
        for name, domain in (
            ("line_count", Domain.TRUE),
            ("gaining_count", Domain("delta_qty", ">", 0)),
            ("losing_count", Domain("delta_qty", "<", 0)),
            ("short_win_count", SHORT_WIN),
        ):
            counts = dict(Line._read_group(mine & domain, ["run_id"], ["__count"]))
            for run in self:
                run[name] = counts.get(run._origin, 0)
        self._set_short_wins(mine & SHORT_WIN)

    def _set_short_wins(self, domain):
        """Say by how much the lines of ``domain`` fall short, a unit at a time."""
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        missing = defaultdict(lambda: defaultdict(float))
        for run, product, quantity in self.env["o2c.allocation.run.line"]._read_group(
            domain, ["run_id", "product_id"], ["missing_qty:sum"]
        ):
            missing[run][product.uom_id] += quantity
        for run in self:
            by_unit = missing[run._origin]
            run.short_win_qty = sum(by_unit.values())
            run.short_win_text = ", ".join(
                f"{plain_number(quantity, digits)} {unit.name}"
                for unit, quantity in by_unit.items()
            )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_no_record(vals)
            company = self.env["res.company"].browse(vals.get("company_id")) or self.env.company
            vals["name"] = (
                self.env["ir.sequence"].with_company(company).next_by_code("o2c.allocation.run")
            )
        return super().create(vals_list)

    def _check_no_record(self, vals):
        """:raise AccessError: when somebody writes by himself what a run records"""
        if self.env.su or RECORDED.isdisjoint(vals):
            return
        raise AccessError(
            self.env._("What an allocation run records is written by the run, and by nobody else.")
        )

    def write(self, vals):
        self._check_no_record(vals)
        asked = {"warehouse_ids", "product_ids", "date_to", "ship_complete", "fair_share"}
        if {"company_id", *asked} & vals.keys():
            closed = self.filtered(lambda run: run.state not in ("draft", "simulated"))
            if closed:
                raise UserError(
                    self.env._(
                        "%(run)s is closed. Make a new run to distribute stock otherwise.",
                        run=closed[0].name,
                    )
                )
            # What was reckoned was another question.
            self.filtered(lambda run: run.state == "simulated")._reset()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_applied(self):
        applied = self.filtered(lambda run: run.state in ("applied", "stale"))
        if applied:
            raise UserError(
                self.env._(
                    "%(run)s was applied and stays as a record of who got what.",
                    run=applied[0].name,
                )
            )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_simulate(self):
        """Reckon who would get what. Changes no reservation.

        :raise UserError: on a run that is closed, or where allocation is switched off
        """
        self._check_may_run()
        for run in self:
            if run.state not in ("draft", "simulated"):
                raise UserError(
                    self.env._("%(run)s is closed. Make a new run.", run=run.name)
                )
            run._check_allocation_is_on()
            pool = run._gather()
            outcomes = run._plan(pool)
            run._write_lines(pool, outcomes)
            run._record({
                "state": "simulated",
                "simulated_on": fields.Datetime.now(),
                "fingerprints": pool.fingerprints(),
                "is_settled": pool.is_settled(outcomes),
            })
        return True

    def action_apply(self):
        """Make the reservations as simulated.

        Products that have changed since are left as they are, and listed. Applying a run that was
        applied changes nothing.

        :raise UserError: on a run that was not simulated or was cancelled; while another run of the
            company is being applied
        """
        self._check_may_run()
        for run in self:
            if run.state in ("applied", "stale"):
                continue
            if run.state != "simulated":
                raise UserError(
                    self.env._("Simulate %(run)s before you apply it.", run=run.name)
                )
            run._check_allocation_is_on()
            run._lock_company()
            run._apply()
        return True

    def action_cancel(self):
        """Give up a run that was not applied."""
        self._check_may_run()
        self.filtered(lambda run: run.state in ("draft", "simulated"))._record(
            {"state": "cancelled"}
        )

    def action_draft(self):
        """Take up a cancelled run again."""
        self._check_may_run()
        self.filtered(lambda run: run.state == "cancelled")._reset()

    def action_simulate_again(self):
        """A new run with the same question, simulated."""
        self.ensure_one()
        run = self.copy({"date_to": self.date_to})
        run.action_simulate()
        return run._open_form()

    def action_view_lines(self):
        """The deliveries of this run; by default those that change."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "order_to_cash.o2c_allocation_run_line_action"
        )
        action["domain"] = [("run_id", "=", self.id)]
        action["context"] = {
            f"search_default_{name}": 1 for name in self.env.context.get("o2c_filters", ())
        }
        return action

    def action_download(self):
        """Download the deliveries of this run as a spreadsheet."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/order_to_cash/allocation/run.xlsx?run_id={self.id}",
            "target": "download",
        }

    def _open_form(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }

    # ------------------------------------------------------------------
    # Simulate
    # ------------------------------------------------------------------

    def _check_may_run(self):
        """:raise AccessError: for whoever is no allocation manager, or may not see the run"""
        self.check_access("write")
        if not self.env.su and not self.env.user.has_group(
            "order_to_cash.group_allocation_manager"
        ):
            raise AccessError(self.env._("Only allocation managers distribute stock."))

    def _check_allocation_is_on(self):
        self.ensure_one()
        if not self.company_id.o2c_use_allocation:
            raise UserError(
                self.env._(
                    "Stock allocation is switched off in %(company)s. An administrator can switch "
                    "it on under Order to Cash > Configuration > Settings.",
                    company=self.company_id.display_name,
                )
            )

    def _reset(self):
        self._unlink_lines()
        return self._record({
            "state": "draft", "fingerprints": False, "is_settled": False, "simulated_on": False,
        })

    def _record(self, vals):
        # sudo: the actions that come here have checked who does it
        return self.sudo().write(vals)

    def _unlink_lines(self):
        for run in self:
            self.env["o2c.allocation.run.line"]._remove(run)
        self.invalidate_recordset(["line_ids", "changing_line_ids"])

    def _gather(self):
        self.ensure_one()
        return self.env["o2c.allocation.pool"]._gather(
            self.company_id,
            warehouses=self.warehouse_ids,
            products=self.product_ids,
            date_to=self._end_of_horizon(),
            ship_complete=self.ship_complete,
        )

    def _plan(self, pool):
        return pool.plan(fair_share=self.fair_share)

    def _end_of_horizon(self):
        """The last moment of the horizon in UTC, or ``None``."""
        return self.company_id._o2c_end_of_day(self.date_to) if self.date_to else None

    def _write_lines(self, pool, outcomes):
        """Replace the lines by those of a plan."""
        self._unlink_lines()
        reasons = Reasons(self.env, pool)
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        rows, donors = [], []
        for number, move in enumerate(self._in_order(pool), 1):
            outcome = outcomes.get(move.id)
            ranked = pool.ranked[move.id]
            kept = pool.frozen_quantity.get(move.id, 0.0)
            before = outcome.before if outcome else kept
            planned = outcome.planned if outcome else kept
            rows.append((
                self.id, number, move.id, move.order_id, move.product_id, move.partner_id, move.class_id,
                move.date, ranked.strategy, ranked.rank, move.need, before, planned,
                round(planned - before, digits), round(max(0.0, move.need - planned), digits), not outcome,
                reasons.of(move, outcome),
            ))
            if outcome:
                donors += [(move.id, donor) for donor, _quantity in outcome.gained_from]
        Line = self.env["o2c.allocation.run.line"]
        Line._insert(rows, donors)
        self.invalidate_recordset(["line_ids", "changing_line_ids"])

    @staticmethod
    def _in_order(pool):
        """The moves by product, in the order in which they are served."""
        place = defaultdict(lambda: len(pool.demands))
        place.update((demand.key, number) for number, demand in enumerate(pool.service_order()))
        return sorted(pool.moves.values(), key=lambda move: (move.product_id, place[move.id], move.id))
