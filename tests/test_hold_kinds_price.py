from psycopg2.errors import CheckViolation

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .hold_common import HoldRuleCommon


@tagged("post_install", "-at_install")
class TestHoldKindsPrice(HoldRuleCommon):
    """Rules on what an order is sold for."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.ref("base.group_user").implied_ids += cls.env.ref("sale.group_discount_per_so_line")
        cls.goods.standard_price = 60.0
        cls.service.standard_price = 0.0
        cls.euro = cls.setup_other_currency("EUR", rates=[("1900-01-01", 0.5)])
        cls.pricelist = cls.env["product.pricelist"].create({
            "name": "List",
            "company_id": False,
        })

    def _order(self, *lines, **values):
        """A quotation of ``lines``, each the values of a sale order line."""
        return self.env["sale.order"].create({
            "partner_id": self.customer.id,
            "pricelist_id": self.pricelist.id,
            "order_line": [
                Command.create({"product_id": self.goods.id, "tax_ids": False, **line})
                for line in lines
            ],
            **values,
        })

    def test_margin(self):
        self._new_rule("margin", threshold_percent=10.0)
        self._assert_passes(self._order({"price_unit": 100.0}))
        self._assert_fails(self._order({"price_unit": 65.0}), "7.69", "10")
        self._assert_fails(self._order({"price_unit": 0.0}), "brings in nothing")
        free = self._order({"product_id": self.service.id, "price_unit": 0.0})
        self._assert_passes(free)
        self._assert_passes(self._order())

    def test_margin_in_a_foreign_currency(self):
        self._new_rule("margin", threshold_percent=10.0)
        self.pricelist.currency_id = self.euro
        self._assert_passes(self._order({"price_unit": 35.0}))
        self._assert_fails(self._order({"price_unit": 31.0}), "3.23")

    def test_margin_of_a_confirmed_order(self):
        rule = self._new_rule("margin", threshold_percent=10.0)
        order = self._order({"price_unit": 65.0})
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        self._assert_fails(order, "7.69", rule=rule)

    def test_price_below_the_pricelist(self):
        self._new_rule("price", threshold_percent=5.0)
        self._assert_passes(self._order({"price_unit": 95.0}, {"price_unit": 200.0}))
        order = self._order({"price_unit": 94.0}, {"discount": 20.0}, {"price_unit": 100.0})
        self._assert_fails(order, "Crate", "80.00", "100.00", "20 %", "one more line")

    def test_price_of_the_quantity_unit_and_currency(self):
        self._new_rule("price")
        self.pricelist.currency_id = self.euro
        self.pricelist.item_ids = [
            Command.create({
                "applied_on": "1_product",
                "product_tmpl_id": self.goods.product_tmpl_id.id,
                "compute_price": "fixed",
                "fixed_price": 40.0,
                "min_quantity": 12.0,
            })
        ]
        dozen = self.env.ref("uom.product_uom_dozen")
        self._assert_passes(self._order({"price_unit": 480.0, "product_uom_id": dozen.id}))
        self._assert_fails(
            self._order({"price_unit": 479.0, "product_uom_id": dozen.id}), "479", "480"
        )
        self._assert_passes(self._order({"price_unit": 50.0}))
        self._assert_fails(self._order({"price_unit": 49.0}), "49", "50")

    def test_dates_of_a_pricelist_rule(self):
        self._new_rule("price")
        self.pricelist.item_ids = [
            Command.create({
                "compute_price": "percentage",
                "percent_price": 50.0,
                "date_end": "2020-12-31 00:00:00",
            })
        ]
        half = {"price_unit": 50.0, "discount": 0.0}
        then = self._order(half, date_order="2020-06-01 00:00:00")
        now = self._order(half)
        self.assertEqual(list(self._reasons(then | now)), now.ids)

    def test_a_discount_that_the_pricelist_shows_is_its_price(self):
        self._new_rule("price")
        self.pricelist.item_ids = [
            Command.create({"compute_price": "percentage", "percent_price": 30.0})
        ]
        order = self._order({})
        self.assertEqual(order.order_line.discount, 30.0)
        self._assert_passes(order)
        order.order_line.discount = 31.0
        self._assert_fails(order, "69.00", "70.00")

    def test_the_lowest_price_of_a_product(self):
        self._new_rule("price", threshold_percent=50.0)
        self.goods.o2c_floor_price = 80.0
        dozen = self.env.ref("uom.product_uom_dozen")
        self._assert_passes(self._order({"price_unit": 80.0}))
        self._assert_passes(self._order({"price_unit": 960.0, "product_uom_id": dozen.id}))
        self._assert_fails(
            self._order({"price_unit": 959.0, "product_uom_id": dozen.id}), "959", "960"
        )
        self._assert_fails(self._order({"price_unit": 79.0}), "Crate", "79.00", "lowest", "80.00")
        self.pricelist.currency_id = self.euro
        self._assert_passes(self._order({"price_unit": 40.0}))
        self._assert_fails(self._order({"price_unit": 39.0}), "39", "40")
        with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"):
            self.goods.o2c_floor_price = -1.0
            self.env.flush_all()

    def test_lines_that_are_not_sold_by_the_pricelist_are_left_out(self):
        self._new_rule("price")
        self._new_rule("discount", threshold_percent=10.0)
        order = self._order(
            {"price_unit": 100.0},
            {"display_type": "line_section", "name": "Section", "product_id": False},
            {"display_type": "line_note", "name": "Note", "product_id": False},
            {"product_uom_qty": -1.0, "price_unit": 10.0},
            {"product_uom_qty": 0.0, "price_unit": -30.0, "is_downpayment": True},
        )
        self._assert_passes(order)

    def test_a_combo_is_sold_at_its_price(self):
        self._new_rule("price")
        combo = self.env["product.combo"].create({
            "name": "Choice",
            "combo_item_ids": [Command.create({"product_id": self.goods.id})],
        })
        menu = self._create_product(
            name="Menu", type="combo", lst_price=70.0, combo_ids=[Command.link(combo.id)]
        )
        order = self._order({"product_id": menu.id})
        head = order.order_line
        item = self.env["sale.order.line"].create({
            "order_id": order.id,
            "product_id": self.goods.id,
            "combo_item_id": combo.combo_item_ids.id,
            "linked_line_id": head.id,
            "tax_ids": False,
        })
        self.assertEqual(item.price_unit, 70.0)
        self._assert_passes(order)
        item.price_unit = 60.0
        self._assert_fails(order, "60.00", "70.00")

    def test_an_archived_product_is_checked_like_any_other(self):
        self._new_rule("price")
        order = self._order({"price_unit": 90.0})
        self.goods.active = False
        self._assert_fails(order, "Crate", "90.00")

    def test_discount_of_a_line(self):
        self._new_rule("discount", threshold_percent=20.0)
        self._assert_passes(self._order({"discount": 20.0}))
        self._assert_fails(self._order({}, {"discount": 25.0}), "Crate", "25 %", "20 %")

    def test_a_discount_on_the_order_counts_for_every_line(self):
        price = self._new_rule("price", threshold_percent=5.0)
        rule = self._new_rule("discount", threshold_percent=20.0)
        order = self._order({"discount": 10.0}, {})
        self.env["sale.order.discount"].create({
            "sale_order_id": order.id,
            "discount_type": "so_discount",
            "discount_percentage": 0.15,
        }).action_apply_discount()
        self._assert_fails(order, "23.50", "whole order", rule=rule)
        self._assert_fails(order, "76.50", rule=price)

    def test_a_negative_line_is_a_discount(self):
        self._new_rule("discount", threshold_percent=20.0)
        order = self._order({}, {"product_id": self.service.id, "price_unit": -30.0})
        self._assert_fails(order, "30 %")

    def test_prices_of_several_companies_are_their_own(self):
        self._new_rule("margin", threshold_percent=10.0)
        company = self._new_company()
        order = self._order({"price_unit": 100.0})
        other = self._order({"price_unit": 100.0}, company_id=company.id)
        self.goods.with_company(company).standard_price = 99.0
        other.order_line._compute_purchase_price()
        self.assertEqual(list(self._reasons(order | other)), other.ids)

    def test_a_percentage_above_a_hundred_is_refused_for_a_kind_changed_later(self):
        rule = self._new_rule("credit_limit", threshold_percent=150.0)
        with self.assertRaises(ValidationError):
            rule.kind = "discount"
