import random
from datetime import date

from odoo.tests import BaseCase, freeze_time, tagged

from odoo.addons.order_to_cash.algorithms import plan_changes

from .plan_common import PlanCommon

JAN, FEB = date(2025, 1, 1), date(2025, 2, 1)


@tagged("post_install", "-at_install")
class TestPlanChangesAlgorithm(BaseCase):
    def test_order_is_no_change_and_all_else_is(self):
        draw = random.Random(6)
        rows = [(month, (number, None), number + 0.1) for number in range(30) for month in (JAN, FEB)]
        before = plan_changes.digests(rows)
        for _round in range(100):
            mixed = draw.sample(rows, len(rows))
            self.assertEqual(plan_changes.digests(mixed), before)
            month, key, value = mixed[0]
            for other in ([], [(month, key, value + 0.01)], [(month, (*key, 1), value)]):
                now = plan_changes.digests(other + mixed[1:])
                self.assertEqual(plan_changes.changed(before, now), {month})
        self.assertEqual(plan_changes.changed({}, {JAN: "1"}), {JAN})
        # What cancels out is nothing.
        self.assertEqual(plan_changes.digests([(JAN, (1,), 1e-9)]), {})


@tagged("post_install", "-at_install")
class TestPlanChanges(PlanCommon):
    """The night notices whatever changed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan, cls.nodes = cls._new_tree()

    def _night(self, plan=None):
        with freeze_time("2025-02-11 02:00:00"):
            (plan or self.plan)._refresh_changed()

    def _full(self, plan=None):
        with freeze_time("2025-02-10 12:00:00"):
            (plan or self.plan)._refresh_actuals()

    def _figures(self, name="top", column="actual", nodes=None):
        return (nodes or self.nodes)[name].cell_ids.sorted("period_index").mapped(column)

    def test_invoices_that_left_a_month_or_are_gone(self):
        moved = self._new_invoice(self.customer, 100, "2025-01-31")
        gone = self._new_invoice(self.customer, 7, "2025-03-03")
        given = self._new_invoice(self.customer, 5, "2024-02-03")
        self._full()
        self.assertEqual(self._figures(), [100, 0, 7])
        moved.button_draft()
        moved.invoice_date = "2025-02-03"
        moved.action_post()
        gone.button_draft()
        gone.with_context(force_delete=True).unlink()
        given.invoice_user_id = self.other_salesperson
        self._night()
        self.assertEqual(self._figures(), [0, 100, 0])
        self.assertEqual(self._figures("sally"), [0, 100, 0])
        self.assertEqual(self._figures("otto", "last_year"), [0, 5, 0])
        self.assertEqual(self._figures("sally", "last_year"), [0, 0, 0])

    def test_only_what_changed_is_written(self):
        self._new_invoice(self.customer, 100, "2025-01-31")
        self._full()
        self.nodes["top"].cell_ids._write_system({"actual": 1})
        self._new_invoice(self.customer, 30, "2025-02-03")
        self._night()
        self.assertEqual(self._figures(), [1, 30, 1])

    def test_prices_changed_after_the_delivery(self):
        warehouse = self.env["stock.warehouse"].search([("company_id", "=", self.company.id)], limit=1)
        self.env["stock.quant"]._update_available_quantity(self.goods, warehouse.lot_stock_id, 10)
        order = self._new_order(amount=100, product=self.goods, quantity=4)
        order.action_confirm()
        picking = order.picking_ids
        picking.move_ids.write({"quantity": 4, "picked": True})
        picking._action_done()
        picking.move_ids.date = "2025-03-05 10:00:00"
        plan, nodes = self._new_tree(source="delivery", name="Delivered")
        self._full(plan)
        before = self._figures(nodes=nodes)[2]
        order.order_line.price_unit *= 2
        self._night(plan)
        self.assertEqual(self._figures(nodes=nodes), [0, 0, 2 * before])

    def test_rates_that_are_added_later(self):
        currency = self.setup_other_currency("HRK", rates=[("2024-01-01", 2.0)])
        plan, nodes = self._new_tree(currency_id=currency.id, name="In kuna")
        self._new_invoice(self.customer, 100, "2025-02-03")
        self._full(plan)
        self.assertEqual(self._figures(nodes=nodes), [0, 200, 0])
        self.env["res.currency.rate"].create({
            "currency_id": currency.id, "company_id": self.company.id, "name": "2025-02-01", "rate": 4.0,
        })
        self._night(plan)
        self.assertEqual(self._figures(nodes=nodes), [0, 400, 0])

    def test_quarters_are_counted_as_a_whole(self):
        plan, nodes = self._new_tree(period="quarter", date_to="2025-06-30", name="Quarters")
        self._new_invoice(self.customer, 100, "2025-01-31")
        self._full(plan)
        self._new_invoice(self.customer, 30, "2025-02-03")
        self._night(plan)
        self.assertEqual(self._figures(nodes=nodes), [130, 0])
