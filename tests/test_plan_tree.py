import random
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from odoo.addons.order_to_cash.algorithms import spreading

from .plan_common import PlanCommon


@tagged("post_install", "-at_install")
class TestPlanTree(PlanCommon):
    """The tree of a plan and its figures: made, typed, spread, added up, frozen."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan, cls.nodes = cls._new_tree()
        cls.top, cls.sally = cls.nodes["top"], cls.nodes["sally"]

    def test_a_node_has_a_cell_for_each_period(self):
        cells = self.sally.cell_ids
        self.assertEqual(
            [(str(cell.date_from), str(cell.date_to)) for cell in cells],
            [("2025-01-01", "2025-01-31"), ("2025-02-01", "2025-02-28"), ("2025-03-01", "2025-03-31")],
        )
        self.assertEqual(self.sally.name, self.salesperson.display_name)
        self.assertEqual(self.nodes["rest"].kind, "rest")
        self.assertEqual(self.nodes["harbour"].branch_user_id, self.salesperson)

    def test_what_is_given_and_what_is_shared_out_stand_side_by_side(self):
        self._type(self.top, 100, 100, 100)
        self._type(self.nodes["harbour"], 60, 0, 0)
        self._type(self.nodes["otto"], 30, 100, 0)
        self.assertEqual(self._targets(self.sally), [0, 0, 0])
        self.assertEqual(self.top.cell_ids.mapped("rolled_up"), [90, 100, 0])
        self.assertEqual(self.top.cell_ids.mapped("gap"), [10, 0, 100])
        self.plan.action_roll_up()
        self.assertEqual(self._targets(self.top), [90, 100, 0])
        self.assertEqual(self._targets(self.sally), [60, 0, 0])

    def test_spreading_is_exact_to_the_cent(self):
        self._type(self.top, 100, 0.01, -100)
        self.plan.spread_by = "equal"
        self.plan.action_spread()
        self.assertEqual(self._targets(self.top), [100, 0.01, -100])
        for node in (self.top, self.sally):
            self.assertEqual(node.cell_ids.mapped("gap"), [0, 0, 0])
        self.assertEqual(sum(self._targets(self.sally)[:1]) + self._targets(self.nodes["otto"])[0], 100)

    def test_locked_cells_are_left_alone(self):
        otto = self.nodes["otto"]
        self._type(self.top, 100, 100, 100)
        self._type(otto, 10, 0, 0)
        otto.cell_ids.sorted("period_index")[0].is_locked = True
        self.plan.spread_by = "equal"
        self.plan.action_spread()
        self.assertEqual(self._targets(otto), [10, 50, 50])
        self.assertEqual(self._targets(self.sally), [90, 50, 50])
        with self.assertRaises(UserError):
            otto.cell_ids.sorted("period_index")[0].target = 11

    def test_own_weights_and_a_total_over_the_periods(self):
        self.sally.weight = 3
        self.plan._spread(self.top, "weight", total=480)
        self.assertEqual(self._targets(self.top), [160, 160, 160])
        self.assertEqual(self._targets(self.sally), [120, 120, 120])
        self.plan._spread(self.top, "days", total=63)
        self.assertEqual(sum(self._targets(self.top)), 63)

    def test_more_locked_than_there_is_is_refused_with_both_figures(self):
        self._type(self.top, 100, 100, 100)
        self._type(self.nodes["harbour"], 130, 0, 0)
        self.nodes["harbour"].cell_ids.sorted("period_index")[0].is_locked = True
        with self.assertRaises(UserError) as caught, self.env.cr.savepoint():
            self.plan.action_spread()
        for told in ("Company", "Jan 2025", "130.00", "100.00"):
            self.assertIn(told, str(caught.exception))
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.plan._edit_total(self.nodes["harbour"], 120)
        self.assertEqual(self._targets(self.sally), [0, 0, 0])

    def test_equal_parts_for_want_of_weights_are_told(self):
        self._type(self.top, 0, 0, 100)
        self.plan.spread_by = "last_year"
        message = self.plan.action_spread()["params"]["message"]
        self.assertIn("Company, Mar 2025", message)
        self.assertNotIn("Jan", message)
        self.plan.spread_by = "equal"
        self.assertIs(self.plan.action_spread(), True)
        told = []
        with patch.object(type(self.env.user), "_bus_send", lambda user, *message: told.append(message)):
            self.plan.grid_spread(self.top.id, 2, "forecast")
        self.assertEqual(len(told), 1)

    def test_sums_are_exact_whatever_is_done_in_whatever_unit(self):
        yen = self.setup_other_currency("JPY", rounding=1.0)
        dinar = self.setup_other_currency("KWD", rounding=0.001)
        for seed, values in enumerate((
            {}, {"currency_id": yen.id}, {"currency_id": dinar.id}, {"metric": "quantity"},
        )):
            with self.subTest(values):
                plan, nodes = self._new_tree(**values)
                for parent in ("otto", "harbour"):
                    for number in range(2):
                        nodes[parent, number] = self._new_node(plan, nodes[parent], name=f"{number}")
                self._check_any_sequence(random.Random(seed), plan, list(nodes.values()))

    def _check_any_sequence(self, rng, plan, nodes):
        spread, precision = 0, plan._precision()
        top = nodes[0]
        for _step in range(40):
            node, index = rng.choice(nodes), rng.randrange(3)
            cell = node.cell_ids.sorted("period_index")[index]
            match rng.randrange(5):
                case 0:
                    target = rng.choice((0, rng.randrange(-10**5, 10**7))) * precision
                    cell.write({"target": target, "is_locked": False})
                case 1:
                    cell.is_locked = not cell.is_locked
                case 2 | 3:
                    by = rng.choice(["equal", "target", "last_year", "days", "weight"])
                    total = rng.choice((None, 0, rng.randrange(-10**5, 10**9) * precision))
                    try:
                        plan._spread(node, by, total=total)
                    except UserError:
                        self.assertTrue(any(plan.node_ids.cell_ids.mapped("is_locked")))
                        continue
                    spread += 1
                    below = plan.node_ids.filtered_domain([("id", "child_of", node.id)])
                    self._check_no_gap(plan, below.cell_ids)
                    if total is not None:
                        self.assertAlmostEqual(sum(self._targets(node)), total, delta=precision / 2)
                case _:
                    plan.action_roll_up()
                    self._check_no_gap(plan, plan.node_ids.cell_ids.filtered(lambda one: not one.is_locked))
            self._check_sums(plan, top)
        self.assertGreater(spread, 5)

    def _check_no_gap(self, plan, cells):
        for cell in cells:
            below = cell.node_id.child_ids.cell_ids.filtered(
                lambda one, index=cell.period_index: one.period_index == index
            )
            if below:
                self.assertEqual(plan._round(cell.target - sum(below.mapped("target"))), 0)

    def _check_sums(self, plan, top):
        precision = plan._precision()
        for (key, period), gap in spreading.roll_up(plan._tree(top)).items():
            stored = self.env["o2c.sales.plan.node"].browse(key).cell_ids[period]
            self.assertAlmostEqual(stored.rolled_up, gap.below * precision, delta=precision / 2)
            self.assertAlmostEqual(stored.target, gap.target * precision, delta=precision / 2)

    def test_a_node_is_named_after_what_it_stands_for(self):
        with Form(self.env["o2c.sales.plan.node"].with_context(default_plan_id=self.plan.id)) as form:
            self.assertEqual(form.name, "Total")
            form.partner_id = self.customer
            self.assertEqual(form.name, self.customer.display_name)
            form.partner_id = self.other_customer
        node = form.record
        self.assertEqual(node.name, self.other_customer.display_name)
        node.name = "Harbour"
        node.sequence = 3
        self.assertEqual(node.name, "Harbour")
        named = self._new_node(self.plan, self.top, name="Coast", partner_id=self.customer.id)
        self.assertEqual(named.name, "Coast")

    def test_changes_of_what_counts_ask_for_a_full_refresh(self):
        euro = self.env.ref("base.EUR")
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        harbour = self.nodes["harbour"]
        for what, change in {
            "node added": lambda: self._new_node(self.plan, self.top, partner_id=self.customer.id),
            "node moved": lambda: harbour.write({"parent_id": self.nodes["otto"].id}),
            "dimension": lambda: harbour.write({"partner_id": self.other_customer.id}),
            "order of nodes": lambda: harbour.write({"sequence": 99}),
            "node removed": self.nodes["rest"].unlink,
            "dates": lambda: self.plan.write({"date_to": "2025-04-30"}),
            "source": lambda: self.plan.write({"source": "order"}),
            "currency": lambda: self.plan.write({"currency_id": euro.id}),
            "company": lambda: self.plan.write({"company_id": branch.id}),
        }.items():
            with self.subTest(what):
                self.plan._refresh_actuals()
                self.assertTrue(self.plan.refreshed_fully_on)
                change()
                self.assertFalse(self.plan.refreshed_fully_on)
        self.plan._refresh_actuals()
        self.top.name = "All"
        self.plan.growth_percent = 3
        self.assertTrue(self.plan.refreshed_fully_on)

    def test_what_was_typed_keeps_its_currency_and_metric(self):
        euro = self.env.ref("base.EUR")
        for name, cell in (("target", self.sally.cell_ids[1]), ("adjustment", self.top.cell_ids[2])):
            cell[name] = 5
            for values in ({"currency_id": euro.id}, {"metric": "quantity"}, {"metric": "margin"}):
                with self.subTest(name, **values), self.assertRaises(UserError), self.env.cr.savepoint():
                    self.plan.write(values)
            self.plan.write({"metric": "amount", "currency_id": self.plan.currency_id.id})
            cell[name] = 0
        self.plan.write({"currency_id": euro.id})
        self.assertEqual(self.top.cell_ids.currency_id, euro)
        self.plan.metric = "quantity"
        self.assertFalse(self.top.cell_ids.currency_id)

    def test_the_dates_of_a_draft_may_change(self):
        self._type(self.sally, 1, 2, 3)
        self.plan.write({"date_from": "2025-02-01", "date_to": "2025-04-30"})
        self.assertEqual(self._targets(self.sally), [2, 3, 0])
        self.assertEqual(self.sally.cell_ids.mapped("period_index"), [0, 1, 2])

    def test_a_node_that_goes_is_not_added_up_any_more(self):
        self._type(self.nodes["otto"], 5, 5, 5)
        self.nodes["otto"].unlink()
        self.assertEqual(self.top.cell_ids.mapped("rolled_up"), [0, 0, 0])

    def test_approved_plans_do_not_change(self):
        self._type(self.sally, 1, 2, 3)
        self.plan.action_approve()
        for change in (
            lambda: self.sally.cell_ids.write({"target": 5}),
            lambda: self.sally.write({"name": "S"}),
            lambda: self.plan.write({"currency_id": self.env.ref("base.EUR").id, "name": "X"}),
            lambda: self._new_node(self.plan, self.top),
            self.sally.unlink,
            self.plan.unlink,
            self.plan.action_spread,
            self.plan.action_roll_up,
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                change()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.plan.state = "draft"

    def test_defaults_of_the_context_get_round_no_approval(self):
        self._type(self.sally, 1, 2, 3)
        self.plan.action_approve()
        Node = self.env["o2c.sales.plan.node"].with_user(self.planner)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            Node.with_context(default_plan_id=self.plan.id).create([{"name": "X"}])
        Plan = self.env["o2c.sales.plan"].with_user(self.planner)
        values = {"name": "X", "date_from": "2025-01-01", "date_to": "2025-03-31"}
        for name, value in (("state", "approved"), ("version", 7), ("approved_by_id", self.planner.id)):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                Plan.with_context(**{f"default_{name}": value}).create([values])

    def test_a_node_with_its_first_child_has_shared_nothing_out(self):
        harbour = self.nodes["harbour"]
        self._type(harbour, 1, 2, 3)
        self._new_node(self.plan, harbour, name="Below")
        self.assertEqual(harbour.cell_ids.mapped("rolled_up"), [0, 0, 0])
        self.assertEqual(self.sally.cell_ids.mapped("rolled_up"), [0, 0, 0])

    def test_the_planner_of_a_branch_does_not_see_the_plan_above(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        planner = self._new_user("bella", "order_to_cash.group_plan_manager", company=branch)
        for model, field in (
            ("o2c.sales.plan", "id"),
            ("o2c.sales.plan.node", "plan_id"),
            ("o2c.sales.plan.cell", "plan_id"),
            ("o2c.sales.plan.variance", "plan_id"),
        ):
            found = self.env[model].with_user(planner).search_count([(field, "=", self.plan.id)])
            self.assertFalse(found, model)

    def test_a_new_version_takes_the_place_of_the_old_one_when_approved(self):
        self._type(self.sally, 1, 2, 3)
        self.sally.cell_ids[0].is_locked = True
        self.plan.action_approve()
        action = self.plan.action_new_version()
        new = self.env["o2c.sales.plan"].browse(action["res_id"])
        copy = new.node_ids.filtered(lambda node: node.user_id == self.salesperson)
        self.assertEqual((new.version, new.state, self.plan.state), (2, "draft", "approved"))
        self.assertEqual(self._targets(copy), [1, 2, 3])
        self.assertEqual(copy.cell_ids.mapped("is_locked"), [True, False, False])
        self.assertEqual(copy.key, self.sally.key)
        new.action_approve()
        self.assertEqual((new.state, self.plan.state), ("approved", "superseded"))

    def test_nodes_keep_to_their_plan(self):
        other = self._new_plan(name="Other")
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self._new_node(other, self.top)
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self.top.parent_id = self.nodes["harbour"]
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self._new_node(self.plan, self.top, is_rest=True, partner_id=self.customer.id)

    def test_salespeople_read_their_own_branch_of_approved_plans(self):
        Cell = self.env["o2c.sales.plan.cell"].with_user(self.salesperson)
        self.assertFalse(Cell.search([("plan_id", "=", self.plan.id)]))
        self.plan.action_approve()
        own = self.sally | self.nodes["harbour"] | self.nodes["rest"]
        self.assertEqual(Cell.search([("plan_id", "=", self.plan.id)]).node_id.sudo(), own)
        plan = self.plan.with_user(self.salesperson)
        grid = plan.grid_read()
        self.assertEqual([node["id"] for node in grid["nodes"]], own.ids)
        self.assertFalse(grid["plan"]["is_editable"])
        with self.assertRaises(AccessError):
            plan.grid_write([{"node_id": self.sally.id, "period_index": 0, "target": 1}])
        with self.assertRaises(AccessError):
            self.nodes["otto"].with_user(self.salesperson).check_access("read")
        self.assertEqual([node["id"] for node in plan.grid_read([self.top.id])["nodes"]], self.sally.ids)

    def test_leaders_read_the_branch_of_their_team(self):
        team = self.env["crm.team"].create({"name": "North", "user_id": self.other_salesperson.id})
        north = self._new_node(self.plan, team_id=team.id)
        below = self._new_node(self.plan, north, user_id=self.salesperson.id)
        self.plan.action_approve()
        Node = self.env["o2c.sales.plan.node"].with_user(self.other_salesperson)
        self.assertEqual(
            Node.search([("plan_id", "=", self.plan.id)]).sudo(), self.nodes["otto"] | north | below
        )

    def test_the_grid_reads_level_by_level(self):
        plan = self.plan.with_user(self.planner)
        grid = plan.grid_read()
        self.assertEqual(
            [(node["id"], node["has_children"]) for node in grid["nodes"]],
            [(self.top.id, True), (self.sally.id, True), (self.nodes["otto"].id, False)],
        )
        labels = [period["label"] for period in grid["periods"]]
        self.assertEqual(labels, ["Jan 2025", "Feb 2025", "Mar 2025"])
        below = plan.grid_read([self.sally.id])
        self.assertEqual([node["kind"] for node in below["nodes"]], ["partner", "rest"])
        self.assertEqual(len(below["cells"][self.nodes["rest"].id]), 3)

    def test_the_grid_writes_all_or_nothing(self):
        plan, harbour = self.plan.with_user(self.planner), self.nodes["harbour"]
        answer = plan.grid_write([
            {"node_id": harbour.id, "period_index": 0, "target": 10.006},
            {"node_id": harbour.id, "period_index": 1, "target": 20, "is_locked": True},
            {"node_id": harbour.id, "period_index": 2, "adjustment": 5},
        ])
        self.assertEqual(set(answer["cells"]), {self.top.id, self.sally.id, harbour.id})
        self.assertEqual([cell["rolled_up"] for cell in answer["cells"][self.top.id]], [10.01, 20, 0])
        self.assertEqual(answer["cells"][harbour.id][2]["forecast"], 5)
        plan.grid_write([{"node_id": harbour.id, "period_index": None, "target": 50}])
        self.assertEqual(self._targets(harbour), [30, 20, 0])
        for change in (
            {"node_id": harbour.id, "period_index": 1, "target": 21},
            {"node_id": harbour.id, "period_index": 3, "target": 21},
            {"node_id": harbour.id, "period_index": 0, "target": "x"},
            {"node_id": 0, "period_index": 0, "target": 1},
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                plan.grid_write([change])

    def test_the_grid_spreads_one_period_or_all(self):
        plan = self.plan.with_user(self.planner)
        plan.grid_write([{"node_id": self.top.id, "period_index": 1, "target": 90}])
        answer = plan.grid_spread(self.top.id, 1, "equal")
        self.assertEqual(set(answer["cells"]), set(self.plan.node_ids.ids))
        self.assertEqual(self._targets(self.sally), [0, 45, 0])
        plan.grid_spread(self.top.id, None, "equal")
        self.assertEqual(self._targets(self.top), [30, 30, 30])
        self.assertEqual(self._targets(self.nodes["rest"]), [7.5, 7.5, 7.5])
