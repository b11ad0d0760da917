from odoo.fields import Command
from odoo.tests import tagged

from .allocation_common import AllocationCommon


@tagged("post_install", "-at_install")
class TestAllocationWithOtherModules(AllocationCommon):
    """What modules that may or may not be installed add to deliveries."""

    def test_transfers_of_a_started_batch_are_not_touched(self):
        if "stock.picking.batch" not in self.env:
            self.skipTest("No batch transfers are installed.")
        self._stock(8.0)
        started, waiting = self._move(4.0, rank=9), self._move(4.0, rank=9)
        self._reserve(started | waiting)
        for move, is_started in ((started, True), (waiting, False)):
            batch = self.env["stock.picking.batch"].create({
                "picking_ids": [Command.set(move.picking_id.ids)]
            })
            if is_started:
                batch.action_confirm()
        self._move(8.0, rank=1)
        run = self._run()
        self.assertIn("batch is started", self._line(run, started).reason)
        run.action_apply()
        self._assert_reserved((started, 4.0), (waiting, 0.0))
        self._assert_consistent()

    def test_kits_are_served_by_their_components(self):
        if "mrp.bom" not in self.env:
            self.skipTest("No kits are installed.")
        kit = self._create_product(
            name="Kit", type="consu", is_storable=True, taxes_id=[Command.clear()]
        )
        self.env["mrp.bom"].create({
            "product_tmpl_id": kit.product_tmpl_id.id,
            "type": "phantom",
            "bom_line_ids": [
                Command.create({"product_id": self.goods.id, "product_qty": 2.0}),
                Command.create({"product_id": self.box.id, "product_qty": 1.0}),
            ],
        })
        self._stock(10.0)
        self._stock(10.0, product=self.box)
        low = self._move(8.0, rank=9)
        self._reserve(low)
        kits = self._move(4.0, rank=1, product=kit)
        self.assertEqual(set(kits.product_id), {self.goods, self.box})
        run = self._run()
        run.action_apply()
        self.assertEqual(run.state, "applied")
        self.assertEqual(sorted(kits.mapped("quantity")), [4.0, 8.0])
        self._assert_reserved((low, 2.0))
        self._assert_consistent(self.goods | self.box)

    def test_goods_a_production_needs_do_not_compete(self):
        if "mrp.production" not in self.env:
            self.skipTest("No production is installed.")
        made = self._create_product(name="Made", type="consu", is_storable=True)
        self._stock(5.0)
        production = self.env["mrp.production"].create({
            "product_id": made.id,
            "product_qty": 5.0,
            "move_raw_ids": [
                Command.create({"product_id": self.goods.id, "product_uom_qty": 5.0})
            ],
        })
        production.action_confirm()
        production.action_assign()
        self.assertEqual(production.move_raw_ids.quantity, 5.0)
        move = self._move(5.0, rank=1, strategy="win")
        run = self._run()
        self.assertEqual(run.line_ids.move_id, move)
        run.action_apply()
        self.assertEqual((production.move_raw_ids.quantity, move.quantity), (5.0, 0.0))
