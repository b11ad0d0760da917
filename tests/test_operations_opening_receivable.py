import base64
import io
from datetime import date

from freezegun import freeze_time
from openpyxl import Workbook
from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .opening_common import HEADER, OpeningCommon

GOOD = "17,C1,2025-05-01,2025-05-31,100.00,,no,"
LATER_DUE = "18,C1,2025-06-01,2025-07-01,200.00,,yes,"
PARTLY = "19,C2,2025-05-02,2025-06-01,100.00,40.00,no,"
CREDIT = "20,C2,2025-05-03,2025-05-03,-30.00,,no,"
SETTLED = "21,C1,2025-03-01,2025-03-31,500.00,,no,2025-04-10"
SETTLED_LATER = "22,C1,2025-06-01,2025-06-15,60.00,,no,2025-07-10"
FUTURE = "23,C1,2025-07-01,2025-07-31,70.00,,no,"


@tagged("post_install", "-at_install")
class TestOpeningReceivable(OpeningCommon):
    def _imported(self, *lines, **values):
        opening = self._receivables(*lines, **values)
        opening.action_import()
        return opening

    def _move(self, opening, number):
        return opening.move_ids.filtered(lambda move: move.o2c_opening_key == number)

    # What becomes of a row

    def test_an_open_invoice_is_posted_with_its_old_dates_and_number(self):
        opening = self._imported(GOOD, LATER_DUE)
        move = self._move(opening, "17")
        self.assertRecordValues(
            move,
            [
                {
                    "state": "posted",
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "journal_id": self.journal.id,
                    "date": date(2025, 6, 30),
                    "invoice_date": date(2025, 5, 1),
                    "invoice_date_due": date(2025, 5, 31),
                    "amount_total": 100.0,
                    "amount_residual": 100.0,
                    "amount_tax": 0.0,
                    "payment_state": "not_paid",
                    "ref": "17",
                    "payment_reference": "17",
                    "invoice_payment_term_id": False,
                    "invoice_user_id": self.salesperson.id,
                    "is_move_sent": True,
                    "o2c_opening_disputed": False,
                    "o2c_opening_import_id": opening.id,
                }
            ],
        )
        self.assertEqual(move.invoice_line_ids.account_id, self.account)
        receivable = move.line_ids - move.invoice_line_ids
        self.assertEqual(receivable.date_maturity, date(2025, 5, 31))
        self.assertEqual(receivable.name, "17", "what the customer sees as communication")
        self.assertIn("17", move.display_name)
        self.assertTrue(self._move(opening, "18").o2c_opening_disputed)

    def test_an_opening_invoice_is_like_one_written_by_hand(self):
        """The lines are given to the ORM complete: they must be what it would have made."""
        move = self._move(self._imported(GOOD), "17")
        twin = self.env["account.move"].create({
            "move_type": "out_invoice",
            "partner_id": self.customer.id,
            "journal_id": self.journal.id,
            "date": move.date,
            "invoice_date": move.invoice_date,
            "invoice_date_due": move.invoice_date_due,
            "invoice_payment_term_id": False,
            "narration": False,
            "ref": move.ref,
            "payment_reference": move.ref,
            "invoice_user_id": self.salesperson.id,
            "is_move_sent": True,
            "invoice_line_ids": [
                Command.create({
                    "name": move.invoice_line_ids.name,
                    "account_id": self.account.id,
                    "price_unit": 100.0,
                    "tax_ids": [Command.clear()],
                })
            ],
        })
        twin.action_post()
        ignored = {
            *("id", "name", "display_name", "create_date", "write_date", "create_uid"),
            *("write_uid", "sequence_number", "access_url", "move_id", "move_name", "sequence"),
            *("highest_name", "made_sequence_gap", "invoice_incoterm_id", "is_manually_modified"),
        }
        self._assert_alike(move, twin, ignored)
        for line, other in zip(
            move.line_ids.sorted("display_type"), twin.line_ids.sorted("display_type"), strict=True
        ):
            self._assert_alike(line, other, ignored)

    def _assert_alike(self, record, other, ignored):
        for name, field in record._fields.items():
            if name in ignored or name.startswith("o2c_opening") or not field.store:
                continue
            if field.type in ("one2many", "many2many"):
                continue
            self.assertEqual(record[name], other[name], name)

    def test_what_is_open_of_an_invoice_is_posted_and_its_amount_kept(self):
        move = self._move(self._imported(PARTLY), "19")
        self.assertEqual((move.amount_total, move.o2c_opening_amount), (40.0, 100.0))
        self.assertIn("100.00", move.invoice_line_ids.name)

    def test_a_negative_amount_is_a_credit_note(self):
        move = self._move(self._imported(CREDIT), "20")
        self.assertEqual((move.move_type, move.amount_total), ("out_refund", 30.0))
        self.assertEqual(move.amount_residual_signed, -30.0)

    def test_settled_after_the_opening_date_is_open(self):
        move = self._move(self._imported(SETTLED_LATER), "22")
        self.assertEqual(move.amount_residual, 60.0)

    def test_later_and_settled_rows_are_counted_and_left_out(self):
        opening = self._imported(GOOD, SETTLED, FUTURE)
        self.assertEqual(opening.move_ids.mapped("ref"), ["17"])
        self.assertRecordValues(
            opening,
            [
                {
                    "row_count": 3,
                    "good_count": 1,
                    "bad_count": 0,
                    "settled_count": 1,
                    "skipped_count": 1,
                    "duplicate_count": 0,
                    "state": "done",
                }
            ],
        )

    def test_history_is_paid_on_its_date_and_leaves_the_opening_account_alone(self):
        opening = self._imported(GOOD, SETTLED, CREDIT, import_settled=True)
        move = self._move(opening, "21")
        self.assertRecordValues(
            move,
            [
                {
                    "payment_state": "paid",
                    "amount_total": 500.0,
                    "amount_residual": 0.0,
                    "date": date(2025, 3, 1),
                }
            ],
        )
        [partial] = move._get_reconciled_invoices_partials()[0]
        self.assertEqual(partial[0].max_date, date(2025, 4, 10))
        lines = self.env["account.move.line"].search([("account_id", "=", self.account.id)])
        self.assertEqual(sum(lines.mapped("balance")), -70.0, "only what was open")
        self.assertEqual(opening.settlement_count, 1)

    def test_settled_credit_notes_and_several_on_one_day(self):
        opening = self._imported(
            SETTLED,
            "31,C2,2025-03-02,2025-03-31,50,,,2025-04-10",
            "32,C2,2025-03-02,2025-03-31,-20,,,2025-04-10",
            "33,C1,2025-03-02,2025-03-31,80,,,2025-06-30",
            import_settled=True,
        )
        self.assertEqual(set(opening.move_ids.mapped("amount_residual")), {0.0})
        self.assertEqual(opening.settlement_count, 2, "one entry a day")
        self.assertEqual(opening.open_count, 0)

    # Customers

    def test_unknown_customers_are_refused_or_created(self):
        row = "40,Z9,2025-05-01,2025-05-31,100,,,"
        opening = self._receivables(GOOD, row)
        opening.action_check()
        self.assertEqual(self._reasons(opening), [(3, "There is no customer “Z9”.")])
        opening.create_customers = True
        opening.action_check()
        self.assertEqual((opening.bad_count, opening.new_customer_count), (0, 1))
        opening.action_import()
        customer = self._move(opening, "40").partner_id
        self.assertEqual((customer.ref, customer.name, customer.customer_rank > 0), ("Z9",) * 2 + (True,))
        self.assertEqual(opening.customer_ids, customer)

    def test_an_unknown_customer_of_many_invoices_is_created_once(self):
        header = HEADER + ",Customer Name"
        opening = self._imported(
            "40,Z9,2025-05-01,2025-05-31,100,,,,Zeta Ltd",
            "41,Z9,2025-05-01,2025-05-31,100,,,,Zeta Ltd",
            header=header,
            create_customers=True,
        )
        self.assertEqual(opening.move_ids.partner_id.mapped("name"), ["Zeta Ltd"])

    def test_customers_are_matched_by_reference_then_by_exact_name(self):
        contact = self.env["res.partner"].create(
            {"name": "Accounts payable", "parent_id": self.other_customer.id, "ref": "K7"}
        )
        opening = self._imported(
            "50,Inland Stores,2025-05-01,2025-05-31,1,,,",
            "51,K7,2025-05-01,2025-05-31,1,,,",
        )
        self.assertEqual(contact.commercial_partner_id, self.other_customer)
        self.assertEqual(opening.move_ids.partner_id, self.other_customer)

    def test_a_name_that_two_customers_have_is_doubtful(self):
        self._new_customer("Inland Stores")
        opening = self._receivables("50,Inland Stores,2025-05-01,2025-05-31,1,,,")
        opening.action_check()
        self.assertEqual(
            self._reasons(opening), [(2, "2 customers answer to “Inland Stores”.")]
        )

    def test_an_archived_customer_is_taken_with_a_warning(self):
        self.other_customer.active = False
        opening = self._imported(PARTLY)
        self.assertEqual(opening.move_ids.partner_id, self.other_customer)
        self.assertEqual(
            self._reasons(opening, warnings=True),
            [(2, "The customer Inland Stores is archived.")],
        )

    def test_a_reference_of_another_company_is_unknown(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.other_customer.company_id = other
        opening = self._receivables(PARTLY)
        opening.action_check()
        self.assertEqual(opening.bad_count, 1)

    # Bad rows

    def test_bad_rows_are_listed_and_nothing_is_written(self):
        opening = self._receivables(
            GOOD,
            "17,C1,2025-05-01,2025-05-31,1,,,",
            "60,C1,31/12/2024,2025-05-31,1,,,",
            "61,C1,2025-05-01,,1,,,",
            "62,C1,2025-05-01,2025-05-31,x,,,",
            "63,C1,2025-05-01,2025-05-31,1,,,2025-04-01",
            "64,Z9,2025-05-01,2025-05-31,1,,,",
        )
        opening.action_check()
        self.assertEqual((opening.good_count, opening.bad_count), (1, 6))
        self.assertEqual([row for row, _reason in self._reasons(opening)], [3, 4, 5, 6, 7, 8])
        with self.assertRaisesRegex(UserError, "6 bad rows"):
            opening.action_import()
        self.assertEqual(opening.state, "checked")
        self.assertFalse(opening.move_ids)
        self.assertFalse(self.env["account.move"].search([("o2c_opening_key", "!=", False)]))

    def test_the_good_rows_are_imported_when_the_user_says_so(self):
        opening = self._receivables(GOOD, "61,C1,2025-05-01,,1,,,", PARTLY)
        opening.action_check()
        opening.action_import_good()
        self.assertEqual(sorted(opening.move_ids.mapped("ref")), ["17", "19"])
        self.assertEqual((opening.good_count, opening.bad_count), (2, 1))

    def test_the_mended_bad_rows_complete_the_import(self):
        opening = self._receivables(GOOD, "61,C1,2025-05-01,,1,,,", '62,"=1+1",2025-05-01,x,1,,,')
        opening.bad_row_policy = "good"
        opening.action_import()
        content = opening._errors_file()
        from openpyxl import load_workbook

        sheet = load_workbook(io.BytesIO(content)).active
        lines = list(sheet.iter_rows(values_only=True))
        self.assertEqual(lines[0][:3], ("Row in the File", "What Is Wrong", "Invoice No."))
        self.assertEqual([line[0] for line in lines[1:]], [3, 4])
        self.assertEqual(lines[2][3], "'=1+1", "no formula comes out of a file")
        sheet["F2"] = "2025-05-31"
        sheet.delete_rows(3)
        buffer = io.BytesIO()
        sheet.parent.save(buffer)
        mended = self._import(buffer.getvalue())
        mended.action_import()
        self.assertEqual(mended.move_ids.mapped("ref"), ["61"])

    # Twice

    def test_the_same_file_twice_adds_nothing(self):
        first = self._imported(GOOD, PARTLY, CREDIT, SETTLED, import_settled=True)
        again = self._imported(GOOD, PARTLY, CREDIT, SETTLED, import_settled=True)
        self.assertEqual(len(first.move_ids), 4)
        self.assertFalse(again.move_ids)
        self.assertFalse(again.settlement_ids)
        self.assertEqual((again.good_count, again.duplicate_count), (0, 4))

    def test_history_may_follow_later(self):
        self._imported(GOOD, SETTLED)
        again = self._imported(GOOD, SETTLED, import_settled=True)
        self.assertEqual(again.move_ids.mapped("ref"), ["21"])
        self.assertEqual(again.duplicate_count, 1)

    def test_a_known_number_with_another_amount_or_customer_is_bad(self):
        self._imported(GOOD, PARTLY)
        again = self._receivables(
            GOOD.replace("100.00", "100.01"), PARTLY.replace("C2", "C1"), CREDIT
        )
        again.action_check()
        self.assertEqual((again.good_count, again.bad_count, again.duplicate_count), (1, 2, 0))
        self.assertIn("differently", again.error_ids[0].reason)

    def test_a_number_entered_by_hand_is_not_doubled(self):
        move = self._new_invoice(amount=100.0, date="2025-05-01")
        opening = self._receivables(f"{move.name},C1,2025-05-01,2025-05-31,100,,,")
        opening.action_check()
        self.assertIn("did not come from an import", opening.error_ids.reason)

    def test_a_cancelled_opening_invoice_may_come_again(self):
        move = self._move(self._imported(GOOD), "17")
        move.button_draft()
        move.button_cancel()
        self.assertEqual(self._imported(GOOD).move_ids.ref, "17")

    def test_two_imports_at_the_same_moment_bring_an_invoice_once(self):
        move = self._move(self._imported(GOOD), "17")
        other = self._move(self._imported(PARTLY), "19")
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            self.env.cr.execute(
                "UPDATE account_move SET o2c_opening_key = %s WHERE id = %s",
                [move.o2c_opening_key, other.id],
            )

    # Settings

    def test_an_import_needs_journal_and_account(self):
        opening = self._receivables(GOOD, journal_id=False)
        with self.assertRaisesRegex(UserError, "Journal"):
            opening.action_check()
        opening = self._receivables(GOOD, account_id=False)
        with self.assertRaisesRegex(UserError, "Opening Account"):
            opening.action_check()

    def test_unfit_journals_and_accounts_are_refused(self):
        opening = self._receivables(GOOD)
        for account in (
            self.company_data["default_account_receivable"],
            self.company_data["default_account_payable"],
        ):
            opening.account_id = account
            with self.assertRaisesRegex(UserError, "opening account"):
                opening.action_check()
        opening.account_id = self.account
        opening.journal_id = self.company_data["default_journal_misc"]
        with self.assertRaisesRegex(UserError, "not an active sales journal"):
            opening.action_check()
        opening.journal_id = self.journal
        self.journal.restrict_mode_hash_table = True
        with self.assertRaisesRegex(UserError, "hash"):
            opening.action_check()

    def test_a_lock_date_is_told_before_anything_is_written(self):
        self.company.fiscalyear_lock_date = date(2025, 3, 31)
        opening = self._imported(GOOD, SETTLED)
        self.assertEqual(len(opening.move_ids), 1)
        with self.assertRaisesRegex(UserError, "leave out the settled"):
            self._receivables(SETTLED, import_settled=True).action_check()
        self.company.sale_lock_date = date(2025, 6, 30)
        with self.assertRaisesRegex(UserError, "locked"):
            self._receivables(LATER_DUE).action_check()

    def test_the_opening_date_is_past(self):
        with freeze_time("2025-06-29"), self.assertRaisesRegex(UserError, "future"):
            self._receivables(GOOD).action_check()

    def test_columns_are_mapped_by_hand_where_headers_say_nothing(self):
        header = "A,B,C,D,E"
        opening = self._receivables("17,C1,2025-05-01,2025-05-31,100", header=header)
        opening.action_read()
        with self.assertRaisesRegex(UserError, "Document Number, Customer Reference"):
            opening.action_check()
        targets = ["number", "customer", "invoice_date", "due_date", "amount"]
        for column, target in zip(opening.column_ids, targets, strict=True):
            column.receivable_target = target
        opening.action_import()
        self.assertEqual(opening.move_ids.ref, "17")

    def test_a_target_is_held_by_one_column(self):
        opening = self._receivables(GOOD)
        opening.action_read()
        opening.column_ids[5].target = "amount"
        with self.assertRaisesRegex(UserError, "Two columns"):
            opening.action_check()
        opening.column_ids[5].target = "warehouse"
        with self.assertRaisesRegex(UserError, "Warehouse"):
            opening.action_check()

    def test_changing_a_setting_asks_for_another_check(self):
        opening = self._receivables(GOOD)
        opening.action_check()
        self.assertEqual(opening.state, "checked")
        opening.opening_date = date(2025, 4, 30)
        self.assertEqual(opening.state, "mapped")
        opening.action_check()
        self.assertEqual(opening.skipped_count, 1)
        opening.file = base64.b64encode(b"x")
        self.assertEqual(opening.state, "draft")

    def test_an_import_that_is_done_stays_as_it_is(self):
        opening = self._imported(GOOD)
        for action in (opening.action_read, opening.action_check, opening.action_import):
            with self.assertRaisesRegex(UserError, "was imported"):
                action()
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            opening.opening_date = date(2025, 1, 1)
        with self.assertRaisesRegex(UserError, "record"):
            opening.unlink()

    def test_the_import_is_logged(self):
        opening = self._imported(GOOD)
        self.assertEqual(opening.imported_by_id, self.o2c_manager)
        self.assertTrue(opening.imported_on)
        self.assertIn("1 rows imported", opening.message_ids[0].body)

    @mute_logger("odoo.tools.mimetypes.guess_mimetype")
    def test_files_that_are_no_tables_are_refused(self):
        for content in (b"%PDF-1.4", b"\n\n", b"PK\x03\x04xx", b"\xd0\xcf\x11\xe0"):
            with self.assertRaises(UserError):
                self._import(content).action_read()

    def test_the_preview_escapes_what_stands_in_the_file(self):
        opening = self._receivables("17,<script>alert(1)</script>,,,,,,")
        opening.action_read()
        self.assertIn("&lt;script&gt;", opening.preview)
        self.assertNotIn("<script", opening.preview)

    # Formats

    def test_a_workbook_with_dates_and_numbers(self):
        book = Workbook()
        book.active.append(HEADER.split(","))
        book.active.append(
            [611365, "C1", date(2025, 5, 1), date(2025, 5, 31), 55.94, None, False, None]
        )
        book.active.append(
            ["0007", "C2", "01.05.2025", "31.05.2025", "1.234,50", "234,50", "ja", None]
        )
        buffer = io.BytesIO()
        book.save(buffer)
        opening = self._import(buffer.getvalue(), date_format="dmy", decimal_separator=",")
        opening.action_import()
        self.assertRecordValues(
            opening.move_ids.sorted("amount_total"),
            [
                {"ref": "611365", "amount_total": 55.94, "invoice_date": date(2025, 5, 1)},
                {"ref": "0007", "amount_total": 234.50, "invoice_date": date(2025, 5, 1)},
            ],
        )

    def test_chinese_file(self):
        self.customer.ref = "上海一号"
        text = "发票号码,客户编号,开票日期,到期日,金额\n17,上海一号,2025年5月1日,2025-05-31,100\n"
        opening = self._import(text.encode("gbk"))
        opening.action_import()
        self.assertEqual(opening.move_ids.partner_id, self.customer)

    # Currencies

    def test_another_currency_at_the_rate_of_its_day_or_its_own(self):
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        header = HEADER + ",Currency,Open Amount in Company Currency"
        opening = self._imported(
            f"17,C1,2025-05-01,2025-05-31,100,,,,{currency.name},",
            f"18,C1,2025-05-01,2025-05-31,100,50,,,{currency.name},20",
            "19,C1,2025-05-01,2025-05-31,100,,,,,",
            f"21,C1,2025-03-01,2025-03-31,500,,,2025-04-10,{currency.name},",
            header=header,
            import_settled=True,
        )
        signed = {move.ref: move.amount_total_signed for move in opening.move_ids}
        self.assertEqual(signed, {"17": 50.0, "18": 20.0, "19": 100.0, "21": 250.0})
        self.assertEqual(self._move(opening, "18").amount_residual, 50.0)
        self.assertEqual(self._move(opening, "21").payment_state, "paid")
        self.assertFalse(
            self.env["account.move"].search(
                [("journal_id", "=", self.company.currency_exchange_journal_id.id)]
            ),
            "the settlement is at the rate of the invoice",
        )
        self.assertEqual(opening.open_amount, 170.0)

    def test_currencies_that_are_unknown_or_have_no_rate_are_bad(self):
        self.env.ref("base.JPY").active = True
        opening = self._receivables(
            "17,C1,2025-05-01,2025-05-31,100,,,,ZZZ",
            "18,C1,2025-05-01,2025-05-31,100,,,,JPY",
            header=HEADER + ",Currency",
        )
        opening.action_check()
        self.assertEqual(
            [reason for _row, reason in self._reasons(opening)],
            ["There is no active currency “ZZZ”.", "There is no exchange rate for JPY."],
        )

    # Tie-out

    def test_tie_out(self):
        opening = self._receivables(GOOD, LATER_DUE, PARTLY, CREDIT, SETTLED)
        opening.action_check()
        expected = {
            ("1_receivable", "Open receivables"): (4, 310.0),
            ("2_arrears", "Overdue at the opening date"): (2, 140.0),
            ("2_arrears", self.salesperson.name): (1, 100.0),
            ("2_arrears", "No salesperson"): (1, 40.0),
        }
        self.assertEqual(self._totals(opening), expected)
        receivable, arrears = opening.tie_out_ids.filtered("is_sum")
        receivable.control_amount = 310.0
        arrears.control_amount = 150.0
        opening.action_import()
        self.assertEqual(self._totals(opening), expected, "the documents agree with the check")
        receivable, arrears = opening.tie_out_ids.filtered("is_sum")
        self.assertRecordValues(
            receivable | arrears,
            [
                {"difference": 0.0, "result": "equal", "ledger_amount": 310.0},
                {"difference": -10.0, "result": "different", "ledger_amount": 0.0},
            ],
        )
        self.assertFalse(receivable.ledger_differs)
        self.assertEqual(set((opening.tie_out_ids - receivable - arrears).mapped("result")), {"open"})
        self.assertEqual((opening.overdue_count, opening.overdue_amount), (2, 140.0))

    def _totals(self, opening):
        return {
            (total.section, total.label): (total.count, total.amount)
            for total in opening.tie_out_ids
        }

    def test_other_receivables_show_as_a_difference_to_the_ledger(self):
        self._new_invoice(amount=25.0, date="2025-01-01")
        opening = self._imported(GOOD)
        total = opening.tie_out_ids[0]
        self.assertEqual((total.amount, total.ledger_amount), (100.0, 125.0))
        self.assertTrue(total.ledger_differs)

    def test_totals_open_their_documents(self):
        opening = self._imported(GOOD, LATER_DUE, PARTLY, SETTLED, import_settled=True)
        found = {
            total.label: self.env["account.move"].search(
                total.action_open_documents()["domain"]
            )
            for total in opening.tie_out_ids
        }
        self.assertEqual(
            {label: sorted(moves.mapped("ref")) for label, moves in found.items()},
            {
                "Open receivables": ["17", "18", "19"],
                "Overdue at the opening date": ["17", "19"],
                self.salesperson.name: ["17"],
                "No salesperson": ["19"],
            },
        )

    def test_a_typed_zero_is_a_total_too(self):
        opening = self._imported(GOOD)
        opening.tie_out_ids[0].control_amount = 0.0
        self.assertEqual(opening.tie_out_ids[0].result, "different")

    # Rights

    def test_only_the_administrator_may_import(self):
        opening = self._receivables(GOOD)
        for user in (self.salesperson, self.credit_manager, self.collector):
            with self.assertRaises(AccessError):
                opening.with_user(user).action_import()
            with self.assertRaises(AccessError):
                self.env["o2c.opening.import"].with_user(user).create({"file": b"eA=="})

    def test_nobody_else_marks_a_document_as_brought_from_the_old_system(self):
        opening = self._imported(GOOD)
        move = self._new_invoice(amount=1.0)
        for user in (self.env.user, self.o2c_manager):
            for values in (
                {"o2c_opening_import_id": opening.id},
                {"o2c_opening_key": "99"},
                {"o2c_opening_key": False},
            ):
                with self.assertRaises(AccessError):
                    opening.move_ids.with_user(user).write(values)
                with self.assertRaises(AccessError):
                    move.with_user(user).with_context(o2c_opening=True).write(values)

    def test_a_copy_does_not_come_from_the_old_system(self):
        copy = self._imported(GOOD).move_ids.copy()
        self.assertFalse(copy.o2c_opening_import_id or copy.o2c_opening_key)

    # Companies

    def test_a_company_that_is_not_selected_is_refused(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        user = new_test_user(
            self.env,
            "mona",
            groups="order_to_cash.group_manager",
            company_id=self.company.id,
            company_ids=[Command.set((self.company | other).ids)],
        )
        opening = self._receivables(
            GOOD, user=user, company_id=other.id, journal_id=False, account_id=False
        )
        unselected = opening.with_context(allowed_company_ids=self.company.ids)
        with self.assertRaises(AccessError):
            unselected.action_check()
        with self.assertRaisesRegex(UserError, "Select Elsewhere"):
            unselected.sudo().action_check()

    def test_the_journal_and_account_are_those_of_the_company(self):
        other = self.setup_other_company(name="Elsewhere")
        self.o2c_manager.company_ids |= other["company"]
        with self.assertRaises(UserError):
            self._receivables(GOOD, journal_id=other["default_journal_sale"].id)
        with self.assertRaises(UserError):
            self._receivables(GOOD, account_id=other["default_account_revenue"].id)

    def test_imports_of_another_company_are_out_of_sight(self):
        opening = self._imported(GOOD)
        other = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self._new_user("nina", "order_to_cash.group_manager", company=other)
        openings = self.env["o2c.opening.import"].with_user(stranger)
        self.assertFalse(openings.search([("id", "=", opening.id)]))

    def test_the_same_number_in_two_companies_is_two_invoices(self):
        self._imported(GOOD)
        other = self.setup_other_company(name="Elsewhere")
        user = self._new_user("olga", "order_to_cash.group_manager", company=other["company"])
        account = other["default_account_revenue"]
        opening = self._receivables(
            GOOD,
            user=user,
            journal_id=other["default_journal_sale"].id,
            account_id=account.id,
            company_id=other["company"].id,
        )
        opening.action_import()
        self.assertEqual(opening.move_ids.company_id, other["company"])

    def test_a_branch_uses_the_journal_of_its_company(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.env.cr.precommit.run()  # loads the chart of accounts of the branch
        user = self._new_user("bea", "order_to_cash.group_manager", company=branch)
        opening = self._receivables(GOOD, user=user, company_id=branch.id)
        opening.action_import()
        self.assertRecordValues(
            opening.move_ids,
            [{"company_id": branch.id, "journal_id": self.journal.id, "amount_residual": 100.0}],
        )
        self.assertFalse(opening.tie_out_ids[0].ledger_differs)

    # Screens

    def test_a_journal_of_its_own_is_made_once(self):
        self.o2c_manager.group_ids |= self.env.ref("account.group_account_manager")
        self.journal.unlink()
        opening = self._receivables(GOOD, journal_id=False)
        opening.action_create_journal()
        journal = opening.journal_id
        self.assertEqual((journal.type, journal.code), ("sale", "OPEN"))
        again = self._receivables(GOOD, journal_id=False)
        again.action_create_journal()
        self.assertEqual(again.journal_id, journal)

    def test_a_journal_in_use_is_warned_of(self):
        self._new_invoice(amount=1.0)
        opening = self._receivables(GOOD)
        self.assertFalse(opening.journal_warning)
        opening.journal_id = self.company_data["default_journal_sale"]
        self.assertTrue(opening.journal_warning)
