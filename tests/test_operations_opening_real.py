import csv
import unittest
from datetime import date, datetime
from decimal import Decimal

from odoo.exceptions import UserError
from odoo.tests import tagged

from .opening_common import OpeningCommon, find_real_file

OPENING_DATE = date(2013, 6, 30)
REAL_FILE = find_real_file()


@tagged("post_install", "-at_install")
@unittest.skipUnless(REAL_FILE, "the sample of real receivables is not here")
class TestOpeningImportRealFile(OpeningCommon):
    def _import_real(self, content=None, **values):
        return self._import(
            content or REAL_FILE.read_bytes(),
            opening_date=OPENING_DATE,
            date_format="mdy",
            create_customers=True,
            **values,
        )

    def _expected(self):
        """Open invoices and arrears, reckoned without any of our code."""
        with REAL_FILE.open(newline="") as file:
            lines = list(csv.DictReader(file))

        def day(text):
            return datetime.strptime(text, "%m/%d/%Y").date()

        still_open = [
            line
            for line in lines
            if day(line["InvoiceDate"]) <= OPENING_DATE
            and (not line["SettledDate"] or day(line["SettledDate"]) > OPENING_DATE)
        ]
        overdue = [line for line in still_open if day(line["DueDate"]) < OPENING_DATE]
        return [
            (len(part), sum(Decimal(line["InvoiceAmount"]) for line in part))
            for part in (still_open, overdue)
        ]

    def test_real_receivables_leave_what_was_open_and_overdue(self):
        opening = self._import_real()
        opening.action_import()
        self.assertEqual(
            self._expected(), [(84, Decimal("5119.85")), (12, Decimal("835.56"))]
        )
        moves = opening.move_ids
        self.assertEqual(len(moves), 84)
        self.assertAlmostEqual(sum(moves.mapped("amount_residual")), 5119.85)
        overdue = moves.filtered(lambda move: move.invoice_date_due < OPENING_DATE)
        self.assertEqual(len(overdue), 12)
        self.assertAlmostEqual(sum(overdue.mapped("amount_residual")), 835.56)

    def test_a_corrupted_file_is_refused_row_by_row_and_nothing_is_lost(self):
        lines = REAL_FILE.read_text().splitlines()
        damage = {
            9: lambda cells: [*cells[:4], "31/31/2013", *cells[5:]],
            17: lambda cells: [*cells[:5], "", *cells[6:]],
            33: lambda cells: [*cells[:6], "n/a", *cells[7:]],
            50: lambda cells: [*cells[:8], "1/1/2010", *cells[9:]],
            71: lambda cells: [*cells[:3], lines[1].split(",")[3], *cells[4:]],
            90: lambda cells: cells[:7],
            120: lambda cells: [*cells[:6], "1", *cells[6:]],
            200: lambda cells: [cells[0], '"' + cells[1], *cells[2:]],
            300: lambda cells: [cells[0], "", *cells[2:]],
        }
        for row, harm in damage.items():
            lines[row - 1] = ",".join(harm(lines[row - 1].split(",")))
        opening = self._import_real("\n".join(lines))
        opening.action_check()
        self.assertEqual({error.row for error in opening.error_ids}, set(damage))
        self.assertEqual(opening.bad_count, len(damage))
        with self.assertRaisesRegex(UserError, "9 bad rows. Nothing was imported"):
            opening.action_import()
        self.assertFalse(opening.move_ids)
        self.assertEqual(
            opening.row_count,
            opening.good_count
            + opening.bad_count
            + opening.skipped_count
            + opening.settled_count
            + opening.duplicate_count,
            "every row is accounted for",
        )
        opening.action_import_good()
        self.assertEqual(len(opening.move_ids), opening.good_count)
        mended = self._import_real()
        mended.action_import()
        self.assertEqual(len(opening.move_ids | mended.move_ids), 84)

    def test_history_is_paid_on_its_dates(self):
        rows = REAL_FILE.read_text().splitlines()[:151]
        opening = self._import_real("\n".join(rows), import_settled=True)
        opening.action_import()
        settled = opening.move_ids.filtered("o2c_opening_settled_date")
        self.assertEqual(len(settled), opening.settled_count)
        self.assertEqual(set(settled.mapped("payment_state")), {"paid"})
        for move in settled:
            [partial] = move._get_reconciled_invoices_partials()[0]
            self.assertEqual(partial[0].max_date, move.o2c_opening_settled_date)
        lines = self.env["account.move.line"].search([("account_id", "=", self.account.id)])
        self.assertAlmostEqual(sum(lines.mapped("balance")), -opening.open_amount)
