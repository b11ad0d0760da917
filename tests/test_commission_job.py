from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.order_to_cash.models.commission import catch_up, catch_up_company, job, settlement_many
from odoo.addons.order_to_cash.wizards.commission import commission_statement

from .commission_common import CommissionCommon


class Crash(BaseException):
    """The server goes down: nothing catches it."""


@tagged("post_install", "-at_install")
class TestCommissionJob(CommissionCommon):
    """What is too much for a request is done by a job, bit by bit."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._new_plan({"rate": 10.0})
        cls.payees = cls.env["res.partner"].create([
            {"name": f"Agency {number}", "email": f"agency{number}@example.com"} for number in range(4)
        ])
        for payee in cls.payees:
            cls._new_agreement(payee, cls.plan, coverage="all", mode="overlay", payout="bill")
        cls.invoice = cls._new_invoice(amount=1000.0, date="2025-01-10")
        cls.jobs = cls.env["o2c.commission.job"].sudo()
        cls.Settlement = cls.env["o2c.commission.settlement"].with_user(cls.commission_manager)

    def setUp(self):
        super().setUp()
        self._do_at_once(2)
        self.patch(commission_statement, "AT_ONCE", 2)
        self.patch(job, "BATCH", 2)

    def _do_at_once(self, settlements):
        self.patch(settlement_many, "AT_ONCE", dict.fromkeys(settlement_many.AT_ONCE, settlements))

    def _work(self):
        """Run the job as the scheduler does; a crash rolls back to what it has committed."""
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["o2c.commission.job"]._cron_work()
        self.env.invalidate_all()

    def _work_until_it_crashes(self):
        crashed = False
        try:  # assertRaises would roll back what was committed
            self._work()
        except Crash:
            crashed = True
        self.assertTrue(crashed)
        self.env.invalidate_all()

    def _last(self):
        return self.jobs.search([], limit=1)

    def _settlements(self, payees=None):
        return self.Settlement.create([
            {
                "payee_id": payee.id, "company_id": self.company.id, "date_from": "2025-01-01",
                "date_to": "2025-01-31",
            }
            for payee in payees or self.payees
        ])

    def _broken(self, method, broken, error):
        """Where a method of settlements comes to one of these it fails."""
        Settlement = self.env.registry["o2c.commission.settlement"]
        original = getattr(Settlement, method)

        def failing(settlements):
            if set(broken.ids) & set(settlements.ids):
                raise error
            return original(settlements)

        return patch.object(Settlement, method, failing)

    # ------------------------------------------------------------------
    # Settlements
    # ------------------------------------------------------------------

    def test_one_that_fails_does_not_keep_back_the_others(self):
        settlements = self._settlements()
        settlements.action_calculate_many()
        self._work()
        with self._broken("_make_bills", settlements[1], UserError("No account")):
            settlements.action_approve_many()
            self._work()
            action = settlements.action_bill_many()
            work = self.jobs.browse(action["res_id"])
            self.assertEqual((work.state, work.total, work.user_id), ("queued", 4, self.commission_manager))
            self.assertEqual(set(settlements.mapped("state")), {"approved"})
            with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
                settlements.action_bill_many()
            self._work()
        self.assertEqual(settlements.mapped("state"), ["billed", "approved", "billed", "billed"])
        self.assertEqual(settlements[1].not_done_because, "No account")
        self.assertEqual((work.state, work.progress, work.failed_count), ("done", 100, 1))
        self.assertEqual(work.item_ids.filtered("message").settlement_id, settlements[1].sudo())
        work.with_user(self.commission_manager).action_try_again()
        self._work()
        self.assertEqual(settlements[1].state, "billed")
        self.assertFalse(work.failed_count)
        self.assertEqual(len(settlements.sudo().bill_id), 4)

    def test_each_company_has_a_job_of_its_own(self):
        other = self._new_company(o2c_use_commission=True)
        of_one = self._new_user("olive", "order_to_cash.group_commission_manager")
        self.commission_manager.company_ids = [Command.link(other.id)]
        mine = self._settlements(self.payees[:2])
        theirs = self.Settlement.with_context(allowed_company_ids=[self.company.id, other.id]).create([
            {"payee_id": payee.id, "company_id": other.id, "date_from": "2025-01-01", "date_to": "2025-01-31"}
            for payee in self.payees[2:]
        ])
        (mine.with_env(theirs.env) | theirs).action_calculate_many()
        seen = self.env["o2c.commission.job.item"].with_user(of_one).search([])
        self.assertEqual(seen.settlement_id, mine.with_user(of_one))
        self._work()
        self.assertEqual(set((mine | theirs).mapped("state")), {"calculated"})

    def test_another_manager_tries_again_for_himself(self):
        settlements = self._settlements()
        settlements.action_calculate_many()
        work = self._last()
        self.commission_manager.group_ids = [Command.set(self.env.ref("base.group_user").ids)]
        self._work()
        self.assertEqual(work.failed_count, 4)
        work.with_user(self.o2c_manager).action_try_again()
        self._work()
        self.assertFalse(work.failed_count)
        self.assertEqual(set(settlements.sudo().mapped("state")), {"calculated"})

    def test_new_settlements_of_many_are_calculated_by_the_job(self):
        wizard = self.env["o2c.commission.settlement.batch"].with_user(self.commission_manager).create({
            "company_id": self.company.id, "date_from": "2025-01-01", "date_to": "2025-01-31",
            "payee_ids": [Command.set(self.payees.ids)],
        })
        wizard.action_create_settlements()
        work = self._last()
        settlements = work.item_ids.settlement_id
        self.assertEqual(set(settlements.mapped("state")), {"draft"})
        work.with_user(self.commission_manager).action_stop()
        self._work()
        self.assertEqual((work.state, set(work.item_ids.mapped("state"))), ("cancelled", {"stopped"}))
        work.with_user(self.commission_manager).action_try_again()
        self._work()
        self.assertEqual(settlements.mapped("amount"), [100.0] * 4)

    def test_new_settlements_are_calculated_but_for_those_that_cannot(self):
        self._do_at_once(10)
        wizard = self.env["o2c.commission.settlement.batch"].with_user(self.commission_manager).create({
            "company_id": self.company.id, "date_from": "2025-01-01", "date_to": "2025-01-31",
            "payee_ids": [Command.set(self.payees.ids)], "calculate": False,
        })
        wizard.action_create_settlements()
        settlements = self.Settlement.search([("payee_id", "in", self.payees.ids)], order="payee_id")
        wizard.calculate = True
        with self._broken("_settle_periods", settlements[2], UserError("No rate")):
            action = wizard.action_create_settlements()
        self.assertIn("No rate", action["params"]["message"])
        self.assertEqual(action["params"]["next"]["res_model"], "o2c.commission.settlement")
        self.assertEqual(settlements.mapped("state"), ["calculated", "calculated", "draft", "calculated"])

    # ------------------------------------------------------------------
    # Statements
    # ------------------------------------------------------------------

    def _statements(self, payees):
        return self.env["o2c.commission.statement"].with_user(self.commission_manager).create({
            "payee_ids": [Command.set(payees.ids)], "company_ids": [Command.set(self.company.ids)],
            "date_from": "2025-01-01", "date_to": "2025-01-31",
        })

    def _mails(self):
        return self.env["mail.mail"].search([("recipient_ids", "in", self.payees.ids)])

    def test_statements_of_many_are_sent_by_the_job_once(self):
        self._settlements(self.payees[0]).action_calculate()
        wizard = self._statements(self.payees)
        work = self.jobs.browse(wizard.action_send()["res_id"])
        self.assertFalse(self._mails())
        self.assertTrue(work.with_user(self.commission_manager).has_access("read"))
        # It may be of companies whose payees the other one does not see.
        self.assertFalse(work.with_user(self.o2c_manager).has_access("read"))
        self.assertFalse(work.item_ids.with_user(self.o2c_manager).has_access("read"))
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            wizard.action_send()
        Item = self.env.registry["o2c.commission.job.item"]
        original, bad = Item._send_statement, self.payees[1]
        sent = []

        def failing(item):
            if item.payee_id.id == bad.id:
                raise ValueError("No paper")
            if len(sent) == 2:
                raise Crash
            sent.append(item)
            return original(item)

        with patch.object(Item, "_send_statement", failing):
            self._work_until_it_crashes()
        self.assertEqual((len(self._mails()), work.state), (2, "queued"))
        self._work()
        self.assertEqual((work.state, work.failed_count, len(self._mails())), ("done", 1, 3))
        self.assertEqual(work.item_ids.filtered("message").mapped("message"), ["No paper"])
        work.with_user(self.commission_manager).action_try_again()
        self._work()
        self._work()
        self.assertEqual(len(self._mails()), 4)
        self.assertEqual(self._mails().recipient_ids, self.payees)
        settlement = self.Settlement.search([("payee_id", "=", self.payees[0].id)])
        self.assertIn("agency0@example.com", "".join(settlement.message_ids.mapped("body")))

    # ------------------------------------------------------------------
    # After a pause
    # ------------------------------------------------------------------

    def test_a_long_pause_is_followed_by_the_job(self):
        self.patch(catch_up_company, "AT_ONCE", 1)
        self.patch(catch_up, "BATCH", 1)
        self.company.o2c_commission_start = "2025-01-01"
        self.company.o2c_use_commission = False
        invoices = self.env["account.move"].union(*(
            self._new_invoice(amount=amount, date="2025-02-10") for amount in (100.0, 200.0, 300.0)
        ))
        self.company.o2c_use_commission = True
        work = self._last()
        self.assertEqual((work.kind, work.state), ("catch_up", "queued"))
        self.assertFalse(invoices.o2c_commission_ids)
        Entry = self.env.registry["o2c.commission.entry"]
        original, steps = Entry._catch_up_invoices, []

        def crashing(entries, ids, since):
            if len(steps) == 2:
                raise Crash
            steps.append(ids)
            return original(entries, ids, since)

        with patch.object(Entry, "_catch_up_invoices", crashing):
            self._work_until_it_crashes()
        self.assertEqual((work.state, work.processed), ("queued", 2))
        # Switched off and on again meanwhile it begins anew.
        self.company.o2c_use_commission = False
        self._work()
        self.assertEqual(work.state, "queued")
        self.company.o2c_use_commission = True
        self.assertEqual(self._last(), work)
        self._work()
        self.assertEqual(work.state, "done")
        for invoice in invoices:
            earned = sum(invoice.o2c_commission_ids.mapped("amount"))
            self.assertEqual(earned, 4 * invoice.amount_untaxed / 10)

    def test_what_earned_nothing_in_a_pause_is_not_missing(self):
        self.env["o2c.commission.pause"].sudo().create({
            "company_id": self.company.id, "date_from": "2025-03-01", "date_to": "2025-04-01",
        })
        self.company.o2c_use_commission = False
        invoice = self._new_invoice(amount=100.0, date="2025-03-10")
        invoice.message_ids.sudo().unlink()
        self.env.cr.execute("UPDATE account_move SET create_date = '2025-03-10' WHERE id = %s", [invoice.id])
        self.company.o2c_use_commission = True
        invoice.invalidate_recordset()

        def missing():
            ledger = self.company._o2c_as_ledger().env["o2c.commission.entry"]
            found = ledger._audit(self.company, "2025-03-01", "2025-03-31")
            return {one.move_id for one in found}

        self.assertFalse(missing())
        # A first day says that what was sold since is to earn it.
        self.company.o2c_commission_start = "2025-02-01"
        self.assertEqual(missing(), {invoice.id})
