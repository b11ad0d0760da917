from odoo.tests import HttpCase, tagged

from .allocation_common import AllocationCommon


@tagged("post_install", "-at_install")
class TestAllocationTour(AllocationCommon, HttpCase):
    def test_a_planner_simulates_reads_the_reasons_and_applies(self):
        self._stock(4.0)
        casual = self._move(4.0, rank=90)
        casual._action_assign()
        key = self._move(6.0, rank=1)
        run = self.env["o2c.allocation.run"].create({
            "company_id": self.company.id, "product_ids": self.goods.ids
        })
        self.start_tour("/odoo/o2c-allocation-runs", "o2c_allocation_planner", login="allan")
        self.assertEqual((run.state, run.applied_by_id), ("applied", self.allocator))
        self._assert_reserved((casual, 0.0), (key, 4.0))

    def test_a_salesperson_sees_what_can_be_promised_and_holds_it_back(self):
        self._stock(6.0)
        key = self._move(4.0, rank=1, partner=self.other_customer)
        self._reserve(key)
        self._move(9.0, rank=1, partner=self.other_customer)
        order = self._new_order(product=self.goods, quantity=5.0)
        self.start_tour(f"/odoo/sales/{order.id}", "o2c_allocation_salesperson", login="sally")
        soft = order.o2c_soft_reservation_ids
        self.assertEqual((soft.state, soft.quantity), ("active", 5.0))
