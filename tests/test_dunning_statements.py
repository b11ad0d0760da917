from odoo.tests import tagged

from .test_dunning_run import DunningCommon


@tagged("post_install", "-at_install")
class TestDunningStatements(DunningCommon):
    """The number of SQL statements does not grow with the number of customers."""

    def _invoice_customers(self, count):
        partners = self.env["res.partner"].create([
            {"name": f"Customer {number}", "is_company": True, "email": f"c{number}@example.com"}
            for number in range(count)
        ])
        self._new_invoices(partners, [100] * count)
        return partners

    def _statements(self, function):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        function()
        self.env.flush_all()
        return self.cr.sql_log_count - before

    def _measure(self, partners):
        run = self._new_run(partner_ids=partners.ids)
        proposing = self._statements(run.action_propose)
        self.assertEqual(len(run.notice_ids), len(partners))
        sending = self._statements(run.action_send)
        self.assertEqual(set(run.notice_ids.mapped("state")), {"sent"})
        return proposing, sending

    def test_proposing_and_sending(self):
        self._measure(self._invoice_customers(2))  # warms the caches
        few = self._measure(self._invoice_customers(5))
        many = self._measure(self._invoice_customers(50))
        self.assertLessEqual(many[0], few[0] + 5, f"proposing: {few[0]} to {many[0]}")
        self.assertLessEqual(many[1], few[1] + 5, f"sending: {few[1]} to {many[1]}")
