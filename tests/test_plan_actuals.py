from datetime import date
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .plan_common import PlanCommon


@tagged("post_install", "-at_install")
class TestPlanActuals(PlanCommon):
    """From last year's sales to attainment."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan, cls.nodes = cls._new_tree()
        cls.top, cls.sally, cls.harbour = (cls.nodes[name] for name in ("top", "sally", "harbour"))

    def _actuals(self, name, column="actual"):
        return self.nodes[name].cell_ids.sorted("period_index").mapped(column)

    def test_invoices_less_credit_notes_count_once_at_every_level(self):
        self._new_invoice(self.customer, 100, "2025-01-31")
        self._new_invoice(self.customer, -30, "2025-02-01")
        self._new_invoice(self.other_customer, 7, "2025-01-02")
        self._new_invoice(self.customer, 1000, "2025-04-01")
        self._new_invoice(self.customer, 5, "2025-03-01", invoice_user_id=self.collector.id)
        self._new_invoice(self.customer, 40, "2024-03-31")
        self.plan.action_refresh_actuals()
        self.assertEqual(self._actuals("harbour"), [100, -30, 0])
        self.assertEqual(self._actuals("rest"), [7, 0, 0])
        self.assertEqual(self._actuals("sally"), [107, -30, 0])
        self.assertEqual(self._actuals("otto"), [0, 0, 0])
        self.assertEqual(self._actuals("top"), [107, -30, 5])
        self.assertEqual(self._actuals("top", "last_year"), [0, 0, 40])
        self.plan.action_refresh_actuals()
        self.assertEqual(self._actuals("top"), [107, -30, 5])

    def test_figures_are_in_the_currency_of_the_plan_at_the_rate_of_the_day(self):
        currency = self.setup_other_currency("HRK", rates=[("2024-01-01", 2.0), ("2025-02-01", 4.0)])
        plan, nodes = self._new_tree(currency_id=currency.id, name="In kuna")
        self._new_invoice(self.customer, 100, "2025-01-31")
        self._new_invoice(self.customer, 100, "2025-02-01")
        self._new_invoice(self.customer, 33.33, "2025-02-03", currency_id=currency.id)
        plan.action_refresh_actuals()
        self.assertEqual(nodes["harbour"].cell_ids.mapped("actual"), [200, 433.33, 0])
        self.assertEqual(nodes["top"].cell_ids.mapped("actual"), [200, 433.33, 0])

    def test_orders_quantities_and_margins(self):
        order = self._new_order(
            amount=100, product=self.goods, quantity=4, date_order="2025-02-10 12:00:00"
        )
        order.order_line.purchase_price = 10
        order.action_confirm()
        order.date_order = "2025-02-10 12:00:00"
        for metric, figure in (("amount", 100), ("quantity", 4), ("margin", 60)):
            with self.subTest(metric):
                plan, nodes = self._new_tree(source="order", metric=metric, name=metric)
                plan.action_refresh_actuals()
                self.assertEqual(nodes["harbour"].cell_ids.mapped("actual"), [0, figure, 0])

    def test_margin_without_an_order_is_by_the_cost_of_its_day_and_company(self):
        product = self.env["product.product"].create({"name": "Rope", "standard_price": 4})
        Price = self.env["product.value"]
        Price.search([("product_id", "=", product.id)]).date = "2025-01-10 08:00:00"
        product.standard_price = 9
        Price.search([("product_id", "=", product.id), ("value", "=", 9)]).date = "2025-02-10 08:00:00"
        product.with_company(self.env["res.company"].create({"name": "Far"})).standard_price = 50
        for day in ("2025-01-05", "2025-01-31", "2025-02-10"):
            self._new_invoice(self.customer, 1, day, invoice_line_ids=[
                Command.create({"product_id": product.id, "quantity": 2, "price_unit": 10, "tax_ids": []}),
            ])
        plan, nodes = self._new_tree(metric="margin", name="margin")
        plan.action_refresh_actuals()
        # Before its first price the first one known: 20 - 8, twice; then 20 - 18.
        self.assertEqual(nodes["harbour"].cell_ids.mapped("actual"), [24, 2, 0])

    def test_margin_is_by_what_the_invoice_posted_as_cost(self):
        product = self.env["product.product"].create({"name": "Rope", "standard_price": 4})
        invoice = self._new_invoice(self.customer, 1, "2025-01-05", invoice_line_ids=[
            Command.create({"product_id": product.id, "quantity": 2, "price_unit": 10, "tax_ids": []}),
        ])
        line = invoice.invoice_line_ids
        journal_item = {
            "move_id": invoice.id, "display_type": "cogs", "cogs_origin_id": line.id,
            "account_id": line.account_id.id, "product_id": product.id,
        }
        self.env["account.move.line"].with_context(skip_readonly_check=True).create([
            {**journal_item, "debit": 14, "credit": 0}, {**journal_item, "debit": 0, "credit": 14},
        ])
        plan, nodes = self._new_tree(metric="margin", name="margin")
        plan.action_refresh_actuals()
        self.assertEqual(nodes["harbour"].cell_ids.mapped("actual"), [6, 0, 0])

    def test_deliveries_less_what_came_back(self):
        self.env["stock.quant"]._update_available_quantity(
            self.goods, self.env["stock.warehouse"].search([("company_id", "=", self.company.id)], limit=1)
            .lot_stock_id, 10
        )
        order = self._new_order(amount=100, product=self.goods, quantity=4)
        order.action_confirm()
        picking = order.picking_ids
        picking.move_ids.write({"quantity": 3, "picked": True})
        picking.with_context(skip_backorder=True)._action_done()
        picking.move_ids.filtered(lambda move: move.state == "done").date = "2025-03-05 10:00:00"
        for metric, figure in (("amount", 75), ("quantity", 3)):
            with self.subTest(metric):
                plan, nodes = self._new_tree(source="delivery", metric=metric, name=metric)
                plan.action_refresh_actuals()
                self.assertEqual(nodes["harbour"].cell_ids.mapped("actual"), [0, 0, figure])

    def test_products_and_categories(self):
        category = self.env["product.category"].create({"name": "Boxes"})
        below = self.env["product.category"].create({"name": "Crates", "parent_id": category.id})
        self.goods.categ_id = below
        boxes = self._new_node(self.plan, self.harbour, product_category_id=category.id)
        crate = self._new_node(self.plan, boxes, product_id=self.goods.id)
        line = {"product_id": self.goods.id, "quantity": 2, "price_unit": 9, "tax_ids": [Command.clear()]}
        self._new_invoice(self.customer, 1, "2025-01-05", invoice_line_ids=[
            Command.create(line), Command.create({**line, "product_id": self.service.id}),
        ])
        self.plan.action_refresh_actuals()
        self.assertEqual(crate.cell_ids.mapped("actual"), [18, 0, 0])
        self.assertEqual(boxes.cell_ids.mapped("actual"), [18, 0, 0])
        self.assertEqual(self._actuals("harbour"), [36, 0, 0])

    def test_a_category_beside_the_one_above_it_has_its_own_sales(self):
        category = self.env["product.category"].create({"name": "Boxes"})
        self.goods.categ_id = self.env["product.category"].create({
            "name": "Crates", "parent_id": category.id,
        })
        otto = self.nodes["otto"]
        boxes, crates = (
            self._new_node(self.plan, otto, product_category_id=one.id)
            for one in (category, self.goods.categ_id)
        )
        self._new_invoice(
            self.customer, 1, "2025-01-05", invoice_user_id=self.other_salesperson.id,
            invoice_line_ids=[Command.create({"product_id": self.goods.id, "price_unit": 9, "tax_ids": []})],
        )
        self.plan.action_refresh_actuals()
        self.assertEqual(crates.cell_ids.mapped("actual"), [9, 0, 0])
        self.assertEqual(boxes.cell_ids.mapped("actual"), [0, 0, 0])
        self.assertEqual(otto.cell_ids.mapped("actual"), [9, 0, 0])

    def test_the_number_of_statements_does_not_grow_with_the_nodes(self):
        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.plan._refresh_actuals()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        count()
        few = count()
        partners = self.env["res.partner"].create([{"name": f"P{number}"} for number in range(40)])
        self.env["o2c.sales.plan.node"].create([
            {"plan_id": self.plan.id, "parent_id": self.nodes["otto"].id, "partner_id": partner.id}
            for partner in partners
        ])
        self.assertLessEqual(count(), few + 2)

    def test_the_night_refreshes_what_changed(self):
        self._new_invoice(self.customer, 100, "2025-01-31")
        with freeze_time("2025-02-10 12:00:00"):
            self.plan._refresh_daily(self.company)
            self.assertEqual(self._actuals("top"), [100, 0, 0])
            self._new_invoice(self.customer, 50, "2025-02-03")
            self.plan._refresh_daily(self.company)
        self.assertEqual(self._actuals("top"), [100, 50, 0])

    @freeze_time("2025-02-20")
    def test_last_year_is_forecast_spread_approved_and_attained(self):
        for month in range(1, 13):
            self._new_invoice(self.customer, 10 * month, date(2024, month, 5))
            self._new_invoice(self.other_customer, 90, date(2024, month, 5))
        self._new_invoice(self.customer, 50, "2025-02-03")
        plan = self.plan.with_user(self.planner)
        plan.action_refresh_actuals()
        plan.history_years = 1
        plan.action_forecast()
        for cells in zip(*(self.nodes[name].cell_ids for name in ("top", "sally", "otto")), strict=True):
            self.assertAlmostEqual(cells[0].forecast, cells[1].forecast + cells[2].forecast)
        self.assertGreater(self.top.cell_ids[1].forecast, 0)
        self.assertTrue(self.top.forecast_method)
        plan.spread_by = "last_year"
        plan.grid_write([{"node_id": self.top.id, "period_index": 1, "target": 220}])
        plan.action_spread()
        self.assertEqual(self._targets(self.harbour), [0, 40, 0])
        plan.action_approve()
        plan.action_refresh_actuals()
        cell = self.harbour.cell_ids[1]
        self.assertEqual((cell.actual, cell.variance, cell.attainment), (50, 10, 125))
        self.assertGreater(cell.expected, 50)
        standing = self.plan._attainment_of(self.salesperson, date(2025, 1, 1), date(2025, 3, 31))
        self.assertEqual((standing.target, standing.actual), (220, 50))
        other = self.plan._attainment_of(self.collector.partner_id, date(2025, 1, 1), date(2025, 3, 31))
        self.assertIsNone(other.percent)

    @freeze_time("2025-02-20")
    def test_who_is_behind_is_warned_once(self):
        self._type(self.sally, 0, 1000, 0)
        self.plan.action_approve()
        self.assertFalse(self.plan._warn(self.company), "Nothing is known of what was sold.")
        self.plan.action_refresh_actuals()
        self.assertTrue(self.plan._warn(self.company))
        self.assertEqual(self.sally.activity_ids.user_id, self.salesperson)
        self.assertFalse(self.plan.activity_ids, "Others read the plan as well.")
        self.assertFalse(self.plan._warn(self.company))

    @freeze_time("2025-02-20")
    def test_nobody_reads_the_warnings_of_others(self):
        self._type(self.sally, 0, 1000, 0)
        otto = self.nodes["otto"]
        self._type(otto, 0, 1000, 0)
        self.plan.action_approve()
        self.plan.action_refresh_actuals()
        self.plan._warn(self.company)
        for person, own in ((self.salesperson, self.sally), (self.other_salesperson, otto)):
            activities = self.env["mail.activity"].with_user(person).search([
                ("res_model", "in", ("o2c.sales.plan", "o2c.sales.plan.node")),
                ("res_id", "in", [*self.sally.ids, *otto.ids, *self.plan.ids]),
            ])
            self.assertEqual((activities.res_id, activities.user_id), (own.id, person))
            activities.action_feedback(feedback="Called them")
            self.assertFalse(own.activity_ids)
        with self.assertRaises(AccessError):
            otto.with_user(self.salesperson).message_ids.mapped("body")

    @freeze_time("2025-02-20")
    def test_who_may_not_read_a_node_is_not_warned_of_it(self):
        self._type(self.sally, 0, 1000, 0)
        self.salesperson.group_ids = self.env.ref("base.group_user")
        self.plan.user_id = self.planner
        self.plan.action_approve()
        self.plan.action_refresh_actuals()
        self.plan._warn(self.company)
        self.assertEqual(self.sally.activity_ids.user_id, self.planner)

    def test_a_day_has_passed_when_its_sales_are_among_the_actuals(self):
        self._new_invoice(self.customer, 100, "2025-02-03")
        self._type(self.sally, 0, 1000, 0)
        cell = self.sally.cell_ids.sorted("period_index")[1]
        calendar = self.company.resource_calendar_id
        self.env["resource.calendar.leaves"].create({
            "name": "Holiday", "calendar_id": calendar.id, "company_id": self.company.id,
            "date_from": "2025-02-04 00:00:00", "date_to": "2025-02-04 23:00:00",
        })
        # 3 February is the first working day of 20, the 4th a holiday.
        for moment, due_days, pace in (
            ("2025-02-04 02:00:00", 1, 190), ("2025-02-06 02:00:00", 2, 95), ("2025-03-01 02:00:00", 19, 10),
        ):
            with self.subTest(moment), freeze_time(moment):
                self.plan._refresh_actuals()
                self.assertEqual(cell._days(), (19, due_days))
                self.assertAlmostEqual(cell.pace, pace)

    @freeze_time("2025-02-08 00:00:00")
    def test_without_a_calendar_every_day_counts(self):
        self._new_invoice(self.customer, 100, "2025-02-03")
        self.company.resource_calendar_id = False
        self._type(self.sally, 0, 1000, 0)
        self.plan._refresh_actuals()
        cell = self.sally.cell_ids.sorted("period_index")[1]
        self.assertEqual(cell._days(), (28, 7))
        self.assertEqual((cell.pace, cell.expected), (40, 400))
        self.plan._spread(self.top, "days", total=90)
        self.assertEqual(self._targets(self.top), [31, 28, 31])

    def test_where_nobody_works_every_day_counts(self):
        plan, nodes = self._new_tree(date_from="2025-02-01", date_to="2025-02-02")
        with freeze_time("2025-02-02 00:00:00"):
            plan._refresh_actuals()
            self.assertEqual(nodes["top"].cell_ids._days(), (2, 1))

    @freeze_time("2025-02-20")
    def test_teams_get_their_target_of_the_month(self):
        team = self.env["crm.team"].create({"name": "North", "company_id": self.company.id})
        node = self._new_node(self.plan, team_id=team.id)
        self._type(node, 10, 20, 30)
        self.plan.with_user(self.planner).action_approve()
        self.assertEqual(team.invoiced_target, 20)

    @freeze_time("2025-02-20")
    def test_key_customers_get_what_was_planned_for_them(self):
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.plan.action_protect_supply()
        plan, nodes = self._new_tree(metric="quantity", name="Crates")
        crates = self._new_node(plan, nodes["harbour"], product_id=self.goods.id)
        self._type(crates, 5, 6, 7)
        plan.action_approve()
        for _turn in range(2):
            plan.with_user(self.planner).action_protect_supply()
        made = self.env["o2c.supply.protection"].search([("origin", "=", f"o2c.sales.plan,{plan.id}")])
        self.assertEqual(sorted(made.mapped("quantity")), [6, 7])
        self.assertEqual(made.partner_ids, self.customer)

    @freeze_time("2025-02-01")
    def test_reordering_rules_are_proposed_and_applied_by_a_person(self):
        plan, nodes = self._new_tree(metric="quantity", name="Crates")
        crates = self._new_node(plan, nodes["harbour"], product_id=self.goods.id)
        self._type(crates, 0, 56, 31)
        plan.action_approve()
        demand = self.env["o2c.sales.plan.demand"].browse(
            plan.with_user(self.planner).action_propose_demand()["res_id"]
        )
        demand.write({"lead_days": 7, "cover_days": 14})
        demand.action_calculate()
        line = demand.line_ids
        self.assertEqual((line.product_id, line.min_qty, line.max_qty), (self.goods, 14, 42))
        Rule = self.env["stock.warehouse.orderpoint"]
        self.assertFalse(Rule.search([("product_id", "=", self.goods.id)]))
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            demand.with_user(self.planner).action_apply()
        keeper = self._new_user("kate", "stock.group_stock_manager")
        keeper.group_ids += self.env.ref("order_to_cash.group_plan_manager")
        for _turn in range(2):
            demand.with_user(keeper).action_apply()
        rule = Rule.search([("product_id", "=", self.goods.id)])
        self.assertEqual((rule.product_min_qty, rule.product_max_qty), (14, 42))

    def test_shares_of_others_count_for_them_and_once_in_all(self):
        invoice = self._new_invoice(self.customer, 100, "2025-01-31")
        shares = {invoice.invoice_line_ids.id: {
            self.salesperson.partner_id.id: 70, self.other_salesperson.partner_id.id: 30,
        }}
        with patch.object(type(self.plan), "_credited_shares", lambda plan, lines: shares):
            self.plan.action_refresh_actuals()
        self.assertEqual(self._actuals("sally"), [70, 0, 0])
        self.assertEqual(self._actuals("otto"), [30, 0, 0])
        self.assertEqual(self._actuals("top"), [100, 0, 0])

    def test_sales_of_branches_count(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.cr.precommit.run()
        invoice = self.env["account.move"].with_company(branch).create({
            "move_type": "out_invoice",
            "company_id": branch.id,
            "partner_id": self.customer.id,
            "invoice_user_id": self.salesperson.id,
            "invoice_date": "2025-01-05",
            "invoice_line_ids": [Command.create({"name": "Goods", "price_unit": 8, "tax_ids": []})],
        })
        invoice.action_post()
        self.plan.action_refresh_actuals()
        self.assertEqual(self._actuals("harbour"), [8, 0, 0])

    def test_classes_regions_teams_and_agents(self):
        region = self.env["o2c.sales.region"].create({"name": "Coast"})
        below = self.env["o2c.sales.region"].create({"name": "Bay", "parent_id": region.id})
        customer_class = self.env["o2c.customer.class"].create({"name": "Key", "code": "KEY"})
        team = self.env["crm.team"].create({"name": "North"})
        self.customer.write({"o2c_region_id": below.id, "o2c_class_id": customer_class.id})
        self._new_invoice(self.customer, 100, "2025-01-31", team_id=team.id)
        for values in (
            {"region_id": region.id}, {"class_id": customer_class.id}, {"team_id": team.id},
            {"payee_id": self.salesperson.partner_id.id},
        ):
            with self.subTest(values):
                plan = self._new_plan(name="By one")
                node = self._new_node(plan, **values)
                plan.action_refresh_actuals()
                self.assertEqual(node.cell_ids.mapped("actual"), [100, 0, 0])

    def test_nothing_is_done_where_plans_are_switched_off(self):
        self.company.o2c_use_plan = False
        for action in (self.plan.action_refresh_actuals, self.plan.action_approve, self.plan.action_forecast):
            with self.assertRaises(UserError):
                action()
