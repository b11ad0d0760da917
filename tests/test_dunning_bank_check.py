from odoo.tests import tagged

from .test_dunning_run import DATE, DunningCommon


@tagged("post_install", "-at_install")
class TestDunningBankCheck(DunningCommon):
    """Before customers are reminded the books should know what they have paid."""

    def _book(self, date):
        self._pay(self._new_invoice(amount=10, date="2025-01-02"), date=date)

    def test_a_bank_journal_that_lags_behind_is_named(self):
        self._new_invoice(amount=100)
        self._book("2025-03-10")
        warning = self._propose().bank_warning
        self.assertIn(self.company_data["default_journal_bank"].name, warning)
        self.assertIn("03/10/2025", warning)
        self._book("2025-03-24")
        self.assertFalse(self._propose().bank_warning)

    def test_the_age_is_the_companys_choice(self):
        self._book("2025-03-10")
        run = self._new_run(DATE)
        self.company.o2c_dunning_bank_days = 21
        run.invalidate_recordset(["bank_warning"])
        self.assertFalse(run.bank_warning)
        self.company.o2c_dunning_bank_days = 20
        run.invalidate_recordset(["bank_warning"])
        self.assertTrue(run.bank_warning)
        self.company.o2c_dunning_bank_days = 0
        run.invalidate_recordset(["bank_warning"])
        self.assertFalse(run.bank_warning)

    def test_nothing_is_said_without_bank_entries(self):
        self._new_invoice(amount=100)
        self.assertFalse(self._propose().bank_warning)

    def test_a_run_of_a_past_date_is_not_warned_about(self):
        self._book("2025-03-10")
        self.assertFalse(self._propose("2025-01-31").bank_warning)

    def test_the_daily_cycle_warns_and_may_wait(self):
        self.level.is_automatic = True
        self.company.o2c_dunning_bank_waits = True
        self._book("2025-03-10")
        self._new_invoice(amount=100, date="2025-01-02")
        Run = self.env["o2c.dunning.run"]
        message = Run._propose_daily(self.company)
        self.assertIn("03/10/2025", message)
        run = Run.search([("is_daily", "=", True)])
        self.assertEqual(run.pending_count, 1)
        self.company.o2c_dunning_bank_waits = False
        message = Run._propose_daily(self.company)
        self.assertIn("03/10/2025", message)
        self.assertEqual(run.sent_count, 1)
