import csv
import logging
import os
import time
import unittest
from datetime import date, datetime
from decimal import Decimal

from odoo.tests import tagged

from .opening_common import OpeningCommon, find_real_file

_logger = logging.getLogger(__name__)

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

    @unittest.skipUnless(os.environ.get("O2C_SLOW_TESTS"), "minutes; set O2C_SLOW_TESTS to run it")
    def test_history(self):
        opening = self._import_real(import_settled=True)
        start = time.monotonic()
        opening.action_read()
        opening.action_check()
        opening.action_import()
        self.env.flush_all()
        _logger.info("History of 2,466 invoices imported in %.0f s", time.monotonic() - start)
        self.assertEqual(opening.open_count, 84)
        paid = opening.move_ids.filtered(lambda move: move.payment_state == "paid")
        self.assertEqual(len(opening.move_ids) - len(paid), 84)
