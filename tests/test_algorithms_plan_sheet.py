import io
import random

from openpyxl import Workbook

from odoo.tests import BaseCase, tagged

from odoo.addons.order_to_cash.algorithms import plan_sheet
from odoo.addons.order_to_cash.algorithms.plan_sheet import Change, Notation, Reading, Sheet

JAN, FEB = "2025-01-01", "2025-02-01"


@tagged("post_install", "-at_install")
class TestPlanSheet(BaseCase):
    """What an edited file of a plan would change, and what stands in the way."""

    def _compare(self, *rows, exported=None, locked=(), present=None, columns=None, **reading):
        targets = present or {(7, JAN): 10000, (7, FEB): 20000, (8, JAN): 0, (8, FEB): 50}
        state = {cell: (units, cell in locked) for cell, units in targets.items()}
        sheet = Sheet(1, columns or {3: JAN, 4: FEB}, rows, exported or {})
        return plan_sheet.compare(sheet, state, Reading(0.01, **reading))

    def _codes(self, *rows, **options):
        return [(one.row, one.column, one.code) for one in self._compare(*rows, **options)[1]]

    def test_only_what_differs_changes(self):
        changes, problems = self._compare((3, 7, {3: 100, 4: 200.5}), (4, 8, {3: "0", 4: 0.5}))
        self.assertEqual(changes, [Change(3, 4, 7, FEB, 20000, 20050)])
        self.assertFalse(problems)

    def test_rows_and_columns_may_be_moved_or_left_out(self):
        changes, problems = self._compare((9, 8, {2: 1.0}), columns={2: FEB})
        self.assertEqual([(one.node, one.period, one.after) for one in changes], [(8, FEB, 100)])
        self.assertFalse(problems)

    def test_what_was_not_edited_overwrites_nothing(self):
        exported = {(7, JAN): 90.0, (7, FEB): 200.0}
        self.assertEqual(self._compare((3, 7, {3: 90.0, 4: 200}), exported=exported), ([], []))

    def test_what_both_sides_changed_is_a_problem(self):
        exported = {(7, JAN): 90.0}
        row = (3, 7, {3: 95.0, 4: 200})
        self.assertEqual(self._codes(row, exported=exported), [(3, 3, "changed_meanwhile")])
        # Both to the same figure: nothing is left to do.
        self.assertEqual(self._compare((3, 7, {3: 100, 4: 200}), exported=exported), ([], []))

    def test_bad_cells_are_listed_one_by_one(self):
        cases = [
            (None, "empty"), ("", "empty"), ("abc", "not_a_number"), ("1,5", "not_a_number"),
            (True, "not_a_number"), (float("nan"), "not_a_number"), ("1e99", "not_a_number"),
            ("#REF!", "not_a_number"), (object(), "not_a_number"),
        ]
        for value, code in cases:
            with self.subTest(value=value):
                self.assertEqual(self._codes((3, 7, {3: 100, 4: value})), [(3, 4, code)])

    def test_bad_rows_are_listed(self):
        good = {3: 100, 4: 200}
        self.assertEqual(self._codes((3, 99, good)), [(3, 1, "unknown_node")])
        self.assertEqual(self._codes((3, "x", good)), [(3, 1, "unknown_node")])
        self.assertEqual(self._codes((3, None, good)), [(3, 1, "no_node")])
        self.assertEqual(self._codes((3, None, {3: "a remark"})), [])
        self.assertEqual(self._codes((3, 7, good), (5, 7.0, good)), [(5, 1, "repeated_node")])
        self.assertEqual(
            self._codes((3, 7, {3: 100, 4: 1}), columns={3: JAN, 4: "2030-01-01"}),
            [(1, 4, "unknown_period")],
        )

    def test_locked_cells_may_only_stay_as_they_are(self):
        locked = {(7, JAN)}
        self.assertEqual(self._codes((3, 7, {3: 101, 4: 200}), locked=locked), [(3, 3, "locked")])
        self.assertEqual(self._compare((3, 7, {3: 100, 4: 200}), locked=locked), ([], []))

    def test_text_is_read_as_people_write_numbers(self):
        english, german = Notation(), Notation(",", ".")
        french, swiss = Notation(",", "\u202f"), Notation(".", "\u2019")
        cases = [
            (english, "1,200.00", 1200), (english, "1,234,567", 1234567), (english, "1200.5", 1200.5),
            (english, "-1,200", -1200), (english, "1,20", None), (english, "1.200,00", None),
            (german, "1.200,00", 1200), (german, "1.200", 1200), (german, "1,5", 1.5),
            # As a computer writes it, where it cannot be mistaken.
            (german, "1200.5", 1200.5), (german, "1,200.00", None), (german, "12.3456", 12.3456),
            (french, "1\u202f200,5", 1200.5), (french, "1 200,5", 1200.5), (swiss, "1\u2019200.5", 1200.5),
            (english, "1e5", None), (english, "nan", None), (english, "12 %", None), (english, "", None),
        ]
        for notation, text, number in cases:
            with self.subTest(text=text, notation=notation):
                self.assertEqual(notation.number(text), number)
        changes, problems = self._compare((3, 7, {3: "1.200,5", 4: 200}), notation=german)
        self.assertEqual(([one.after for one in changes], problems), ([120050], []))

    def test_decimals_that_a_plan_has_not_are_rounded_only_if_asked(self):
        row = (3, 7, {3: 100.005, 4: 0.1 + 0.2})
        self.assertEqual(self._codes(row), [(3, 3, "too_precise")])
        changes, problems = self._compare(row, rounds=True)
        self.assertEqual(([one.after for one in changes], problems), ([10001, 30], []))
        # What calculating left behind the sure digits is no decimal.
        self.assertEqual(self._codes((3, 7, {3: 123456789012.35, 4: 1.1 * 3})), [])

    def test_a_copied_column_is_a_problem(self):
        columns = {3: JAN, 4: FEB, 5: JAN}
        codes = self._codes((3, 7, {3: 100, 4: 200, 5: 999}), columns=columns)
        self.assertEqual(codes, [(1, 5, "repeated_period")])

    def test_what_was_not_exported_cannot_be_checked(self):
        codes = self._codes((3, 7, {3: 100, 4: 1}), exported={(7, JAN): 100.0})
        self.assertEqual(codes, [(3, 4, "not_exported")])

    def test_a_file_of_random_edits_yields_exactly_these(self):
        draw = random.Random(6)
        for _round in range(50):
            cells = {(node, period): draw.randint(-9999, 9999) for node in range(9) for period in (JAN, FEB)}
            edited = {cell: draw.choice([units, draw.randint(-9999, 9999)]) for cell, units in cells.items()}
            rows = [
                (row, node, {3: edited[node, JAN] / 100, 4: edited[node, FEB] / 100})
                for row, node in enumerate(draw.sample(range(9), 9), 3)
            ]
            exported = {cell: units / 100 for cell, units in cells.items()}
            changes, problems = self._compare(*rows, present=cells, exported=exported)
            self.assertFalse(problems)
            self.assertEqual(
                {(one.node, one.period): one.after for one in changes},
                {cell: units for cell, units in edited.items() if units != cells[cell]},
            )

    def test_what_is_no_export_is_refused(self):
        book = Workbook()
        book.active["A1"] = "something"
        buffer = io.BytesIO()
        book.save(buffer)
        cases = [
            (b"", "not_a_workbook"), (b"PK\x03\x04x", "not_a_workbook"),
            (buffer.getvalue(), "not_an_export"),
        ]
        for content, code in cases:
            with self.assertRaises(plan_sheet.SheetError) as caught:
                plan_sheet.read(content)
            self.assertEqual(caught.exception.code, code)
