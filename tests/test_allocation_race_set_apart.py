from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from .race_common import RaceCommon


class TestSetApartRace(RaceCommon):
    """Others take of what is set apart, where they meet at no quant."""

    def _create_business(self, env):
        company = env.ref("base.main_company")
        was_on = company.o2c_use_allocation
        company.o2c_use_allocation = True
        warehouse = env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1)
        category = env["product.category"].create({"name": "Raced"})
        products = env["product.product"].create([
            {"name": f"Raced {name}", "is_storable": True, "categ_id": category.id}
            for name in ("crate", "box", "can")
        ])
        crate, box, can = products
        member, stranger = env["res.partner"].create([{"name": "Member"}, {"name": "Stranger"}])
        shelves = env["stock.location"].create([
            {"name": f"Raced {number}", "location_id": warehouse.lot_stock_id.id}
            for number in range(2)
        ])
        for product in products:
            for shelf in shelves:
                env["stock.quant"]._update_available_quantity(product, shelf, 5.0)
        moves = env["stock.move"].create([
            {
                "product_id": product.id,
                "product_uom_qty": 5.0,
                "location_id": shelf.id,
                "location_dest_id": env.ref("stock.stock_location_customers").id,
                "partner_id": partner.id,
            }
            for product, shelf, partner in (
                (crate, shelves[0], stranger),
                (crate, shelves[1], stranger),
                (box, shelves[0], member),
                (can, shelves[0], member),
            )
        ])
        moves._action_confirm(merge=False)
        moves._do_unreserve()
        return {
            "products": products.ids, "moves": moves.ids, "member": member.id,
            "partners": (member + stranger).ids, "category": category.id, "shelves": shelves.ids,
            "warehouse": warehouse.id, "caps": company.o2c_soft_cap_product, "was_on": was_on,
            "company": company.id,
        }

    def _remove_business(self):
        with self._new_env() as env:
            for table, column, key in (
                ("o2c_allocation_run", "id", self.ids.get("runs", [])),
                ("o2c_soft_reservation", "product_id", self.ids["products"]),
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
            env["o2c.supply.protection"].search([
                ("partner_ids", "in", self.ids["member"])
            ]).unlink()
            env["product.product"].browse(self.ids["products"]).product_tmpl_id.unlink()
            env["product.category"].browse(self.ids["category"]).unlink()
            env["stock.location"].browse(self.ids["shelves"]).unlink()
            env["res.partner"].browse(self.ids["partners"]).unlink()
            env["res.company"].browse(self.ids["company"]).write({
                "o2c_soft_cap_product": self.ids["caps"], "o2c_use_allocation": self.ids["was_on"]
            })

    def _reserve(self, number):
        """What reserves one of the moves."""
        return lambda env: env["stock.move"].browse(self.ids["moves"][number])._action_assign()

    def _race_for(self, first, second):
        return self._race(("stock.move", self.ids["moves"]), first, second)

    def _protect(self, quantity, **values):
        with self._new_env() as env:
            env["o2c.supply.protection"].create({
                "name": "Raced", "company_id": self.ids["company"], "quantity": quantity,
                "partner_ids": [self.ids["member"]], **values,
            })

    def _quantities(self):
        with self._new_env() as env:
            return env["stock.move"].browse(self.ids["moves"]).mapped("quantity")

    def test_a_product_in_two_places_is_protected(self):
        self._protect(4.0, product_id=self.ids["products"][0])
        self.assertEqual(self._race_for(self._reserve(0), self._reserve(1)), 2)
        self.assertEqual(self._quantities(), [5.0, 1.0, 0.0, 0.0])

    def test_two_products_of_a_category_are_capped(self):
        self._protect(6.0, product_category_id=self.ids["category"], kind="cap")
        self.assertEqual(self._race_for(self._reserve(2), self._reserve(3)), 2)
        self.assertEqual(self._quantities(), [0.0, 0.0, 5.0, 1.0])

    def test_a_run_leaves_alone_what_somebody_takes_of(self):
        self._protect(6.0, product_category_id=self.ids["category"], kind="cap")

        def run(env):
            run = env["o2c.allocation.run"].create({
                "company_id": self.ids["company"], "product_ids": self.ids["products"][2:]
            })
            self.ids["runs"] = run.ids
            run.action_simulate()
            run.action_apply()
            self.assertEqual(run.stale_product_ids.ids, self.ids["products"][2:])

        with self._new_env() as other, self._new_env() as env:
            self._reserve(2)(other)
            other.flush_all()
            run(env)
        self.assertEqual(self._quantities(), [0.0, 0.0, 5.0, 0.0])

    def _soft(self, quantity):
        return lambda env: env["o2c.soft.reservation"].create({
            "partner_id": self.ids["member"], "product_id": self.ids["products"][0],
            "warehouse_id": self.ids["warehouse"], "quantity": quantity, "state": "active",
            "expires_at": fields.Datetime.now() + timedelta(days=1),
        })

    def test_what_is_held_back_is_left_in_two_places(self):
        with self._new_env() as env:
            self._soft(4.0)(env)
        self.assertEqual(self._race_for(self._reserve(0), self._reserve(1)), 2)
        self.assertEqual(self._quantities(), [5.0, 1.0, 0.0, 0.0])

    def test_no_more_is_held_back_than_allowed(self):
        with self._new_env() as env:
            env["res.company"].browse(self.ids["company"]).o2c_soft_cap_product = 50.0
        with self.assertRaisesRegex(ValidationError, "held back"):
            self._race_for(self._soft(3.0), self._soft(3.0))
        with self._new_env() as env:
            softs = env["o2c.soft.reservation"].search([
                ("product_id", "in", self.ids["products"])
            ])
            self.assertEqual(softs.mapped("quantity"), [3.0])
