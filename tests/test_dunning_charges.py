from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_dunning_run import DATE, DunningCommon


@tagged("post_install", "-at_install")
class TestDunningCharges(DunningCommon):
    """Fee and interest on late payment."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.level.write({"fee_amount": 5, "interest_rate": 10})

    def _send(self, date=DATE, **values):
        run = self._propose(date, **values)
        run.action_send()
        return run.notice_ids

    def test_interest_by_segments_as_payments_arrive(self):
        invoice = self._new_invoice(amount=1000, date="2025-01-01")
        self._pay(invoice, 400, "2025-01-11")
        # 1000 for 10 days, 600 for 20: 22000 × 10 / 100 / 365
        notice = self._propose("2025-01-31").notice_ids
        self.assertEqual((notice.fee, notice.interest), (5, 6.03))
        notice.run_id.action_send()
        self.assertRecordValues(notice.line_ids, [{
            "fee": 5,
            "interest": 6.03,
            "interest_from": fields.Date.to_date("2025-01-01"),
            "interest_to": fields.Date.to_date("2025-01-31"),
        }])

    def test_interest_goes_on_from_the_last_charged_day_and_the_fee_is_charged_once(self):
        self._second_level(interest_rate=10)
        self._new_invoice(amount=3650, date="2025-01-01")
        first = self._send("2025-01-31")
        self.assertEqual((first.fee, first.interest), (5, 30))
        self.assertFalse(self._propose("2025-01-31").notice_ids)
        second = self._send("2025-02-10")
        self.assertEqual((second.fee, second.interest), (0, 10))
        # A new item makes another notice; the old one costs ten days more, and no fee.
        self._new_invoice(amount=100, date="2025-02-19")
        third = self._send("2025-02-20")
        self.assertEqual(third.fee, 5)
        self.assertEqual(third.line_ids.mapped("interest"), [10, 0.03])

    def test_a_run_of_a_past_date_charges_no_day_twice(self):
        self._second_level(interest_rate=10, days_overdue=1)
        self._new_invoice(amount=3650, date="2025-01-01")
        self._send("2025-01-31")
        self._new_invoice(amount=100, date="2025-01-02")
        past = self._send("2025-01-20")
        self.assertEqual(past.line_ids.mapped("interest"), [0, 0.49])

    def test_the_database_refuses_the_same_days_twice(self):
        self._new_invoice(amount=100)
        first, second = self._propose(), self._propose()
        first.action_send()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.cr.savepoint(),
        ):
            second.notice_ids.line_ids.sudo().interest_from = "2025-01-01"
            self.env.flush_all()

    def test_what_was_paid_since_the_proposal_bears_less_interest(self):
        invoice = self._new_invoice(amount=1000, date="2025-01-01")
        run = self._propose("2025-01-31")
        self.assertEqual(run.notice_ids.interest, 8.22)
        self._pay(invoice, 400, "2025-01-11")
        run.action_send()
        self.assertEqual(run.notice_ids.interest, 6.03)

    def test_a_dispute_that_was_refused_bears_the_interest_of_its_days(self):
        self._second_level(interest_rate=10)
        invoice = self._new_invoice(amount=3650, date="2025-01-01")
        dispute = self.env["o2c.payment.dispute"].create({
            "invoice_id": invoice.id, "amount": 1460, "reason": "Wet", "opened_on": "2025-01-02",
        })
        first = self._send("2025-01-31")
        self.assertEqual((first.interest, first.line_ids.interest_pending), (18, 1460))
        # Half of it is granted: that half bears none.
        refund = self._new_invoice(amount=-730, date="2025-02-05")
        (refund | invoice).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        self.assertEqual((dispute.amount, dispute.state), (730, "open"))
        self.assertEqual(first.line_ids.interest_pending, 730)
        dispute.write({"resolution": "Dry", "state": "resolved", "resolved_on": "2025-02-06"})
        run = self._propose("2025-02-10")
        # 3650 − 730 for 10 days (for 5 of them 3650), and 730 for the 30 days before
        expected = (2920 * 10 + 730 * 5 + 730 * 30) * 10 / 100 / 365
        self.assertEqual(run.notice_ids.interest, round(expected, 2))
        run.action_send()
        self.assertFalse(first.line_ids.interest_pending)
        self.assertEqual(run.notice_ids.interest, round(expected, 2))

    def test_waived_is_waived_for_good(self):
        self._second_level(interest_rate=10)
        self._new_invoice(amount=3650, date="2025-01-01")
        run = self._propose("2025-01-31")
        notice = run.notice_ids
        notice.with_user(self.collector).write({"fee_waived": True, "interest_waived": True})
        run.action_propose()
        self.assertNotEqual(run.notice_ids, notice)
        notice = run.notice_ids
        self.assertEqual((notice.fee, notice.interest, notice.has_charges), (0, 0, True))
        run.action_send()
        self.assertFalse(notice.charge_move_id)
        with self.assertRaises(UserError):
            notice.fee_waived = False
        later = self._send("2025-02-10")
        self.assertEqual((later.fee, later.interest), (0, 10))

    def test_in_another_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.5)])
        self._new_invoice(amount=3650, date="2025-01-01", currency_id=euro.id)
        notice = self._propose("2025-01-31").notice_ids
        self.assertEqual((notice.fee, notice.interest), (2.5, 30))

    def test_what_is_due_soon_bears_no_interest(self):
        self.level.days_overdue = -5
        self._new_invoice(amount=100, date="2025-01-01", due="2025-04-02")
        self.assertEqual(self._propose().notice_ids.interest, 0)

    def test_printed_only(self):
        self._new_invoice(amount=3650, date="2025-03-01")
        before = self.env["account.move"].search_count([])
        notice = self._send()
        self.assertEqual(self.env["account.move"].search_count([]), before)
        letter = notice.letter_id.raw.decode()
        for words in ("Fee", "Interest on late payment until", "30.00", "3,685.00"):
            self.assertIn(words, letter)

    def test_an_invoice_that_is_not_dunned_itself(self):
        self.level.fee_posting = "post"
        self._second_level()
        invoice = self._new_invoice(amount=3650, date="2025-03-01")
        notice = self._send()
        move = notice.charge_move_id
        self.assertRecordValues(move, [{
            "move_type": "out_invoice",
            "state": "posted",
            "partner_id": self.customer.id,
            "invoice_date": fields.Date.to_date(DATE),
            "amount_total": 35,
            "amount_tax": 0,
            "no_followup": True,
        }])
        self.assertEqual(move.invoice_line_ids.mapped("price_unit"), [5, 30])
        self.assertEqual(
            set(move.invoice_line_ids.account_id.mapped("account_type")), {"income"}
        )
        self.assertIn(move.name, notice.letter_id.raw.decode())
        # Sending again charges nothing; nobody is reminded of the charges.
        notice.run_id.action_send()
        notice.action_send()
        self.assertEqual(
            self.env["account.move"].search_count([("invoice_origin", "=", notice.name)]), 1
        )
        later = self._send("2025-05-31")
        self.assertEqual(later.line_ids.move_id, invoice)
        # The charges are open all the same.
        self.assertEqual((later.total_open, later.total_stopped), (3685, 0))
        letter = later.letter_id.raw.decode()
        self.assertIn("Also open, for your information", letter)
        self.assertNotIn("Not followed up", letter)
        self._pay(invoice)
        self._new_invoice(self.other_customer)
        self.assertEqual(self._propose("2025-07-31").notice_ids.partner_id, self.other_customer)

    def test_a_draft_stays_out_of_dunning_when_it_is_posted_later(self):
        self.level.fee_posting = "draft"
        self._new_invoice(amount=3650, date="2025-03-01")
        move = self._send().charge_move_id
        self.assertEqual(move.state, "draft")
        move.invoice_line_ids[0].price_unit = 50
        move.line_ids.filtered("date_maturity").no_followup = False
        move.action_post()
        self.assertTrue(move.no_followup)
        self.assertEqual(set(self.env["account.move.line"].search([
            ("move_id", "=", move.id), ("account_type", "=", "asset_receivable"),
        ]).mapped("no_followup")), {True})

    def test_products_and_journal_of_the_company(self):
        journal = self.env["account.journal"].create({
            "name": "Dunning", "code": "DUN", "type": "sale",
        })
        account = self.company_data["default_account_revenue"].copy()
        product = self.env["product.product"].create({
            "name": "Our Fee",
            "type": "service",
            "property_account_income_id": account.id,
            "taxes_id": [Command.clear()],
        })
        self.company.write({
            "o2c_dunning_journal_id": journal.id,
            "o2c_dunning_fee_product_id": product.id,
        })
        self.level.write({"fee_posting": "post", "interest_rate": 0})
        self._new_invoice(amount=100)
        move = self._send().charge_move_id
        self.assertEqual(move.journal_id, journal)
        self.assertEqual(move.invoice_line_ids.account_id, account)

    def test_a_collector_may_send_reminders_with_charges(self):
        self.level.fee_posting = "post"
        self._new_invoice(amount=3650, date="2025-03-01")
        run = self._propose()
        run.with_user(self.collector).action_send()
        self.assertEqual(run.notice_ids.charge_move_id.state, "posted")

    def test_the_charges_are_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.level.with_context(lang="fr_FR").name = "Rappel"
        self.customer.lang = "fr_FR"
        self.level.fee_posting = "post"
        self._new_invoice(amount=100)
        move = self._send().charge_move_id
        self.assertTrue(all("Rappel" in line.name for line in move.invoice_line_ids))
