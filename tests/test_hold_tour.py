from odoo.tests import HttpCase, tagged

from .common import O2cCommon


@tagged("post_install", "-at_install")
class TestHoldTour(O2cCommon, HttpCase):
    def test_an_order_over_its_limit_is_held_seen_and_released(self):
        self.env.ref("order_to_cash.hold_rule_credit_limit").effect = "hold_order"
        account = self.env["o2c.credit.account"]._get_or_create(self.customer, self.company)
        account.credit_limit = 1000.0
        order = self._new_order(amount=1500.0, name="O2C-TOUR")

        self.start_tour(f"/odoo/sales/{order.id}", "o2c_hold_salesperson", login="sally")
        self.assertEqual(order.o2c_hold_state, "held")
        self.assertEqual(order.state, "draft")

        self.start_tour("/odoo/o2c-holds", "o2c_hold_credit_manager", login="carla")
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.o2c_hold_state, "released")
        self.assertEqual(order.o2c_hold_ids.decided_by_id, self.credit_manager)
        self.assertEqual(order.o2c_hold_ids.decision_note, "Paid in advance by wire")
