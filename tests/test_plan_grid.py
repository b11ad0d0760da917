import base64
import io

from openpyxl import load_workbook

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from .plan_common import PlanCommon


@tagged("post_install", "-at_install")
class TestPlanGrid(PlanCommon, HttpCase):
    """What the grid and the workbook of a plan do to many cells at once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan, cls.nodes = cls._new_tree()
        cls.top, cls.sally, cls.otto = (cls.nodes[name] for name in ("top", "sally", "otto"))
        cls.plan = cls.plan.with_user(cls.planner)

    # ------------------------------------------------------------------
    # The grid
    # ------------------------------------------------------------------

    def test_a_pasted_block_is_written_with_its_sums(self):
        places = [(self.sally, 0, 10.005), (self.sally, 1, 20), (self.otto, 0, 5)]
        cells = self.plan.grid_write([
            {"node_id": node.id, "period_index": index, "target": target} for node, index, target in places
        ])["cells"]
        self.assertEqual(self._targets(self.sally), [10.01, 20, 0])
        # Sally's customers have nothing yet, and that is what counts above her.
        self.assertEqual([cell["rolled_up"] for cell in cells[self.top.id]], [5, 0, 0])

    def test_a_locked_cell_keeps_the_whole_block_out(self):
        self.otto.cell_ids.sorted("period_index")[1].is_locked = True
        with self.assertRaises(UserError), self.cr.savepoint():
            self.plan.grid_write([
                {"node_id": self.otto.id, "period_index": index, "target": 7} for index in range(3)
            ])
        self.assertEqual(self._targets(self.otto), [0, 0, 0])

    def test_a_spread_is_taken_back_and_done_again(self):
        self._type(self.top, 100, 200, 300)
        self._type(self.otto, 1, 2, 3)
        answer = self.plan.grid_spread(self.top.id, [0, 2], "equal", shown_node_ids=[self.otto.id])
        self.assertEqual(list(answer["cells"]), [self.otto.id])
        self.assertEqual(self._targets(self.otto), [50, 2, 150])
        back = self.plan.grid_restore(answer["before"])
        self.assertEqual(self._targets(self.otto), [1, 2, 3])
        self.assertEqual(self._targets(self.nodes["harbour"]), [0, 0, 0])
        # Over JSON the keys are texts.
        self.plan.grid_restore({
            str(node): {str(index): target for index, target in row.items()}
            for node, row in back["before"].items()
        })
        self.assertEqual(self._targets(self.otto), [50, 2, 150])
        self.assertFalse(self.top.cell_ids.sorted("period_index")[0].gap)

    def test_nobody_else_restores_targets(self):
        with self.assertRaises(AccessError):
            self.plan.with_user(self.salesperson).grid_restore({self.otto.id: {0: 1}})
        self.plan.action_approve()
        with self.assertRaises(UserError):
            self.plan.grid_restore({self.otto.id: {0: 1}})

    # ------------------------------------------------------------------
    # The workbook
    # ------------------------------------------------------------------

    def _export(self):
        self.authenticate("paula", "paula")
        response = self.url_open(f"/order_to_cash/plan/{self.plan.id}.xlsx")
        self.assertEqual(response.status_code, 200)
        return load_workbook(io.BytesIO(response.content))

    def _import(self, book, plan=None):
        buffer = io.BytesIO()
        book.save(buffer)
        return self.env["o2c.sales.plan.import"].with_user(self.planner).create({
            "plan_id": (plan or self.plan).id,
            "file": base64.b64encode(buffer.getvalue()),
            "filename": "plan.xlsx",
        })

    def test_a_plan_goes_out_and_comes_back(self):
        self._type(self.otto, 10, 20, 30)
        book = self._export()
        page = book.worksheets[0]
        names = [page.cell(row, 2).value for row in range(3, 8)]
        self.assertEqual(names[0], "Company")
        row = 3 + names.index(self.other_salesperson.display_name)
        self.assertEqual([page.cell(row, column).value for column in range(3, 6)], [10, 20, 30])
        page.cell(row, 4).value = 25.5
        # Typed meanwhile by somebody else, and not touched in the file.
        self._type(self.otto, 10, 20, 31)
        wizard = self._import(book)
        wizard.action_check()
        self.assertEqual((wizard.problem_count, wizard.change_count), (0, 1))
        self.assertEqual((wizard.change_ids.before, wizard.change_ids.after), (20, 25.5))
        self.assertEqual(self._targets(self.otto), [10, 20, 31])
        wizard.action_apply()
        self.assertEqual(self._targets(self.otto), [10, 25.5, 31])
        self.assertEqual(self.top.cell_ids.mapped("rolled_up"), [10, 25.5, 31])

    def test_one_bad_cell_keeps_the_whole_file_out(self):
        book = self._export()
        page = book.worksheets[0]
        page["C4"], page["D5"], page["A7"] = 50, "many", 999999999
        wizard = self._import(book)
        wizard.action_check()
        self.assertEqual(
            [(one.row, one.column, one.value) for one in wizard.problem_ids],
            [(5, "D", "many"), (7, "A", "999999999")],
        )
        with self.assertRaises(UserError):
            wizard.action_apply()
        self.assertFalse(any(self.plan.node_ids.cell_ids.mapped("target")))

    def test_figures_as_text_and_with_more_decimals(self):
        book = self._export()
        page = book.worksheets[0]
        page["C3"], page["D3"] = "1,200.00", 33.333
        wizard = self._import(book)
        wizard.action_check()
        self.assertEqual([(one.row, one.column) for one in wizard.problem_ids], [(3, "D")])
        self.assertTrue(wizard.has_decimals)
        wizard.action_round()
        self.assertEqual((wizard.problem_count, wizard.change_count), (0, 2))
        wizard.action_apply()
        self.assertEqual(self._targets(self.top), [1200, 33.33, 0])

    def test_without_the_exported_figures_nothing_is_taken(self):
        book = self._export()
        book.remove(book.worksheets[1])
        book.worksheets[0]["C3"] = 50
        with self.assertRaises(UserError):
            self._import(book).action_check()

    def test_only_what_was_shown_is_applied(self):
        book = self._export()
        book.worksheets[0]["C3"] = 50
        wizard = self._import(book)
        wizard.action_check()
        book.worksheets[0]["C3"] = 60
        wizard.file = self._import(book).file
        with self.assertRaises(UserError):
            wizard.action_apply()

    def test_a_new_version_takes_the_file_of_the_old_one_and_no_other_plan_does(self):
        book = self._export()
        book.worksheets[0]["C3"] = 50
        version = self.env["o2c.sales.plan"].browse(self.plan.action_new_version()["res_id"])
        wizard = self._import(book, version)
        wizard.action_check()
        wizard.action_apply()
        self.assertEqual(sum(version.node_ids.cell_ids.mapped("target")), 50)
        with self.assertRaises(UserError):
            self._import(book, self._new_tree()[0]).action_check()
