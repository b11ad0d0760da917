from odoo.exceptions import UserError
from odoo.tools import SQL

from .race_common import RaceCommon


class TestAllocationRace(RaceCommon):
    """Others reserve and run at the same instant, on real connections."""

    def _create_business(self, env):
        company = env.ref("base.main_company")
        was_on = company.o2c_use_allocation
        company.o2c_use_allocation = True
        warehouse = env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1)
        products = env["product.product"].create([
            {"name": f"Raced {number}", "is_storable": True} for number in range(2)
        ])
        moves = env["stock.move"].create([
            {
                "product_id": product.id,
                "product_uom_qty": 6.0,
                "location_id": warehouse.lot_stock_id.id,
                "location_dest_id": env.ref("stock.stock_location_customers").id,
                "o2c_allocation_rank": rank,
            }
            for product in products
            for rank in (1, 2)
        ])
        moves._action_confirm(merge=False)
        moves._do_unreserve()
        for product in products:
            env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 10.0)
        run = env["o2c.allocation.run"].create({
            "company_id": company.id, "product_ids": products.ids
        })
        run.action_simulate()
        return {
            "run": run.id, "products": products.ids, "moves": moves.ids, "was_on": was_on,
            "company": company.id,
        }

    def _remove_business(self):
        with self._new_env() as env:
            for table, column, key in (
                ("o2c_allocation_run", "id", [self.ids["run"]]),
                ("stock_move_line", "product_id", self.ids["products"]),
                ("stock_move", "product_id", self.ids["products"]),
                ("stock_quant", "product_id", self.ids["products"]),
            ):
                env.cr.execute(
                    SQL(
                        "DELETE FROM %s WHERE %s = ANY(%s)",
                        SQL.identifier(table), SQL.identifier(column), key,
                    )
                )
            env.invalidate_all()
            env["product.product"].browse(self.ids["products"]).product_tmpl_id.unlink()
            env["res.company"].browse(self.ids["company"]).o2c_use_allocation = self.ids["was_on"]

    def _reserved(self):
        with self._new_env() as env:
            moves = env["stock.move"].browse(self.ids["moves"])
            quants = env["stock.quant"].search([
                ("product_id", "in", self.ids["products"]), ("location_id.usage", "=", "internal")
            ])
            self.assertEqual(len(quants), 2, "no quant is made twice")
            by_product = {
                quant.product_id: quant.reserved_quantity for quant in quants
            }
            for product, reserved in by_product.items():
                ours = sum(moves.filtered(lambda move, p=product: move.product_id == p).mapped("quantity"))
                self.assertEqual(ours, reserved)
                self.assertLessEqual(reserved, 10.0)
            return moves.mapped("quantity")

    def test_a_product_that_somebody_is_changing_is_left_to_him(self):
        with self._new_env() as other, self._new_env() as env:
            quant = other["stock.quant"].search([
                ("product_id", "=", self.ids["products"][0]), ("quantity", ">", 0),
                ("location_id.usage", "=", "internal"),
            ])
            other.cr.execute(SQL("SELECT id FROM stock_quant WHERE id = %s FOR UPDATE", quant.id))
            run = env["o2c.allocation.run"].browse(self.ids["run"])
            run.action_apply()
            self.assertEqual(run.state, "stale")
            self.assertEqual(run.stale_product_ids.ids, self.ids["products"][:1])
        self.assertEqual(self._reserved(), [0.0, 0.0, 6.0, 4.0])

    def test_two_runs_of_a_company_at_once_are_refused(self):
        with self._new_env() as other, self._new_env() as env:
            other["o2c.allocation.run"].browse(self.ids["run"])._lock_company()
            with self.assertRaisesRegex(UserError, "Another allocation run"):
                env["o2c.allocation.run"].browse(self.ids["run"]).action_apply()
        self.assertEqual(self._reserved(), [0.0] * 4)

    def test_a_reservation_waits_for_a_run_and_sees_what_it_did(self):
        tries = self._race(
            ("stock.move", self.ids["moves"]),
            lambda env: env["o2c.allocation.run"].browse(self.ids["run"]).action_apply(),
            lambda env: env["stock.move"].browse(self.ids["moves"][1])._action_assign(),
        )
        self.assertEqual(tries, 2, "repeated with the run in view")
        self.assertEqual(self._reserved(), [6.0, 4.0, 6.0, 4.0])

    def test_a_run_leaves_alone_what_somebody_is_just_reserving(self):
        with self._new_env() as other, self._new_env() as env:
            other["stock.move"].browse(self.ids["moves"][0])._action_assign()
            other.flush_all()
            run = env["o2c.allocation.run"].browse(self.ids["run"])
            run.action_apply()
            self.assertEqual(run.stale_product_ids.ids, self.ids["products"][:1])
        self.assertEqual(self._reserved(), [6.0, 0.0, 6.0, 4.0])

    def test_two_reservations_of_the_same_goods_take_them_once(self):
        first, second = self.ids["moves"][:2]
        tries = self._race(
            ("stock.move", self.ids["moves"]),
            lambda env: env["stock.move"].browse(first)._action_assign(),
            lambda env: env["stock.move"].browse(second)._action_assign(),
        )
        self.assertEqual(tries, 2)
        self.assertEqual(self._reserved()[:2], [6.0, 4.0])
