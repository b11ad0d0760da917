from odoo.fields import Command

from odoo.addons.order_to_cash.models.allocation.reservation import Permission

from .common import O2cCommon


class AllocationCommon(O2cCommon):
    """Orders with a rank each, and stock in a warehouse with two shelves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.company.id)], limit=1
        )
        cls.warehouse.out_type_id.reservation_method = "manual"
        if "auto_batch" in cls.warehouse.out_type_id._fields:
            # Transfers would start in a batch as soon as something is reserved for them.
            cls.warehouse.out_type_id.auto_batch = False
        cls.stock_location = cls.warehouse.lot_stock_id
        cls.shelf, cls.other_shelf = cls.env["stock.location"].create([
            {"name": name, "location_id": cls.stock_location.id} for name in ("Shelf 1", "Shelf 2")
        ])
        cls.allocator = cls._new_user("allan", "order_to_cash.group_allocation_manager")
        cls.box = cls._create_product(
            name="Box", type="consu", is_storable=True, taxes_id=[Command.clear()]
        )

    @classmethod
    def _stock(cls, quantity, product=None, location=None, **values):
        cls.env["stock.quant"]._update_available_quantity(
            product or cls.goods, location or cls.stock_location, quantity, **values
        )

    @classmethod
    def _move(cls, quantity, rank=0, strategy=False, product=None, partner=None, **values):
        """The delivery of a new order for one product."""
        order = cls._new_order(
            partner=partner, product=product or cls.goods, quantity=quantity, **values
        )
        order.order_line.write({"o2c_allocation_rank": rank, "o2c_allocation_strategy": strategy})
        order.action_confirm()
        return order.order_line.move_ids

    @classmethod
    def _reserve(cls, moves):
        """Reserve in the given order, whoever is ranked better."""
        moves.with_context(o2c_allocation_permission=Permission(moves))._action_assign()

    @classmethod
    def _run(cls, **values):
        """A simulated run."""
        run = cls.env["o2c.allocation.run"].create({"company_id": cls.company.id, **values})
        run.action_simulate()
        return run

    def _line(self, run, move):
        return run.line_ids.filtered(lambda line: line.move_id == move)

    def _assert_reserved(self, *expected):
        """:param expected: (move, quantity)"""
        for move, quantity in expected:
            with self.subTest(move=move.sale_line_id.order_id.name):
                self.assertEqual(move.quantity, quantity)
                wanted = "assigned" if quantity >= move.product_uom_qty else "partially_available"
                self.assertEqual(move.state, wanted if quantity else "confirmed")

    def _assert_consistent(self, products=None):
        """What the quants say is reserved is what the moves have reserved."""
        self.env.flush_all()
        self.env.invalidate_all()
        products = products or self.goods
        quants = self.env["stock.quant"]._read_group(
            [("product_id", "in", products.ids), ("location_id.usage", "=", "internal")],
            ["product_id", "location_id", "lot_id", "package_id", "owner_id"],
            ["reserved_quantity:sum", "quantity:sum"],
        )
        lines = {
            key: quantity
            for *key_list, quantity in self.env["stock.move.line"]._read_group(
                [
                    ("product_id", "in", products.ids),
                    ("state", "in", ("confirmed", "partially_available", "assigned")),
                    ("quantity", ">", 0),
                ],
                ["product_id", "location_id", "lot_id", "package_id", "owner_id"],
                ["quantity_product_uom:sum"],
            )
            if (key := tuple(key_list))
        }
        for *key, reserved, quantity in quants:
            self.assertAlmostEqual(reserved, lines.pop(tuple(key), 0.0), msg=str(key))
            self.assertLessEqual(reserved, quantity + 1e-6)
        self.assertFalse(lines)
