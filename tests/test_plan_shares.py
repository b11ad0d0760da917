from unittest.mock import patch

from odoo.tests import tagged

from .plan_common import PlanCommon


@tagged("post_install", "-at_install")
class TestPlanShares(PlanCommon):
    """Sales that several persons share count as a whole, and for whom they are."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan, cls.nodes = cls._new_tree()
        cls._new_node(cls.plan, cls.nodes["top"], is_rest=True, name="Nobody")

    def _count(self, invoice, **percents):
        """:return: dict of the nodes below the top -> actual in January"""
        partners = {"sally": self.salesperson, "otto": self.other_salesperson}
        shares = {
            invoice.invoice_line_ids.id: {
                partners[name].partner_id.id: percent for name, percent in percents.items()
            }
        }
        with patch.object(type(self.plan), "_credited_shares", lambda plan, lines: shares):
            self.plan.action_refresh_actuals()
        return {node.name: node.cell_ids[0].actual for node in self.plan.node_ids if node.depth < 2}

    def test_halves_of_an_odd_cent_add_up(self):
        for amount in (100.01, -100.01):
            with self.subTest(amount):
                invoice = self._new_invoice(self.customer, amount, "2025-01-31")
                actuals = self._count(invoice, sally=50, otto=50)
                sign = 1 if amount > 0 else -1
                self.assertEqual(actuals[self.salesperson.name], sign * 50.01)
                self.assertEqual(actuals[self.other_salesperson.name], sign * 50)
                self.assertEqual(actuals["Company"], amount)
                invoice.button_draft()

    def test_what_nobody_has_a_share_in_counts_for_the_salesperson_or_nobody(self):
        invoice = self._new_invoice(self.customer, 100, "2025-01-31")
        actuals = self._count(invoice, otto=30)
        self.assertEqual(actuals[self.salesperson.name], 70)
        self.assertEqual(actuals[self.other_salesperson.name], 30)
        invoice.invoice_user_id = False
        actuals = self._count(invoice, otto=30)
        self.assertEqual(actuals["Nobody"], 70)
        self.assertEqual(actuals["Company"], 100)

    def test_a_salesperson_who_left_keeps_his_share(self):
        invoice = self._new_invoice(self.customer, 100, "2025-01-31")
        self.other_salesperson.active = False
        actuals = self._count(invoice, sally=60, otto=40)
        self.assertEqual(actuals[self.other_salesperson.name], 40)
        self.assertEqual(actuals["Nobody"], 0)
