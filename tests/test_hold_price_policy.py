from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import O2cCommon


@tagged("post_install", "-at_install")
class TestHoldPricePolicy(O2cCommon):
    """Salespeople keep to the prices of a pricelist that is not free."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.ref("base.group_user").implied_ids += cls.env.ref(
            "sale.group_discount_per_so_line"
        ) + cls.env.ref("product.group_product_pricelist")
        cls.env["o2c.hold.rule"].search([]).active = False
        cls.pricelist = cls._new_pricelist("Retail", "bounded")
        cls.free = cls._new_pricelist("Free", "free")
        cls.customer.property_product_pricelist = cls.pricelist
        cls.customer.user_id = cls.salesperson
        cls.other_customer.property_product_pricelist = cls.free

    @classmethod
    def _new_pricelist(cls, name, policy, **values):
        return cls.env["product.pricelist"].create({
            "name": name,
            "o2c_price_policy": policy,
            "company_id": False,
            **values,
        })

    def _order(self, *lines, user=None, **values):
        return (
            self.env["sale.order"]
            .with_user(user or self.salesperson)
            .create({
                "partner_id": self.customer.id,
                "order_line": [
                    Command.create({"product_id": self.goods.id, **line}) for line in lines or [{}]
                ],
                **values,
            })
        )

    def _refuses(self, function, *words):
        with self.assertRaises(UserError) as refusal:
            function()
        for word in words:
            self.assertIn(word, str(refusal.exception))

    def test_bounded_prices_may_rise_and_not_fall(self):
        order = self._order()
        line = order.order_line
        self.assertEqual(line.price_unit, 100.0)
        line.price_unit = 120.0
        line.discount = 16.0
        self._refuses(
            lambda: line.write({"discount": 17.0}), "Retail", "Crate", "100.00", "17", "carla"
        )
        self._refuses(lambda: line.write({"price_unit": 99.0}))
        self._refuses(lambda: self._order({"price_unit": 99.99}), "99.99")
        self._refuses(
            lambda: order.write({
                "order_line": [Command.update(line.id, {"price_unit": 1.0})],
            })
        )

    def test_fixed_prices_do_not_change(self):
        self.pricelist.o2c_price_policy = "fixed"
        line = self._order().order_line
        for values in ({"price_unit": 101.0}, {"discount": 1.0}, {"price_unit": 99.0}):
            self._refuses(lambda values=values: line.write(values))
        self._order({"price_unit": 100.0, "discount": 0.0})
        line.product_uom_qty = 5.0
        line.name = "Other words"

    def test_a_discount_shown_by_the_pricelist_is_kept_with_its_price(self):
        self.pricelist.o2c_price_policy = "fixed"
        self.pricelist.item_ids = [
            Command.create({"compute_price": "percentage", "percent_price": 33.333})
        ]
        order = self._order({"discount": 33.33, "price_unit": 100.0}, {})
        self.assertEqual(order.order_line.mapped("discount"), [33.33, 33.33])
        self._refuses(lambda: order.order_line[0].write({"discount": 33.34}))

    def test_approvers_and_credit_managers_may(self):
        chief = self._new_user("chief", "sales_team.group_sale_salesman_all_leads")
        self.pricelist.o2c_price_approver_ids = chief
        line = self._order().order_line
        line.with_user(chief).price_unit = 80.0
        self.credit_manager.group_ids += self.env.ref("sales_team.group_sale_salesman_all_leads")
        line.with_user(self.credit_manager).discount = 10.0
        self.assertEqual(line.price_unit, 80.0)

    def test_an_approved_price_stays_while_the_salesperson_changes_the_rest(self):
        line = self._order().order_line
        line.sudo().price_unit = 80.0
        line.product_uom_qty = 3.0
        self.assertEqual(line.price_unit, 80.0)
        self._refuses(lambda: line.write({"price_unit": 85.0}))
        dear = self._create_product(name="Machine", lst_price=5000.0, taxes_id=False)
        self._refuses(lambda: line.write({"product_id": dear.id}), "Machine")
        self.assertEqual(line.order_id.copy().order_line.price_unit, 100.0)

    def test_the_price_of_a_quantity_is_not_that_of_one(self):
        self.pricelist.item_ids = [
            Command.create({"compute_price": "fixed", "fixed_price": 70.0, "min_quantity": 100.0})
        ]
        line = self._order({"product_uom_qty": 100.0}).order_line
        line.write({"price_unit": 70.0, "technical_price_unit": 1.0})
        self._refuses(lambda: line.write({"product_uom_qty": 1.0}), "100.00", "70.00")

    def test_a_discount_on_the_order_is_refused(self):
        order = self._order()
        self.env["sale.order.discount"].sudo().create({
            "sale_order_id": self._order().id,
            "discount_type": "so_discount",
            "discount_percentage": 0.1,
        }).action_apply_discount()
        for kind in ("so_discount", "sol_discount"):
            wizard = (
                self.env["sale.order.discount"]
                .with_user(self.salesperson)
                .create({
                    "sale_order_id": order.id,
                    "discount_type": kind,
                    "discount_percentage": 0.1,
                })
            )
            self._refuses(wizard.action_apply_discount)
        self._refuses(lambda: self._order({}, {"price_unit": -10.0}), "whole order")

    def test_a_mark_on_the_line_is_no_way_round(self):
        self._refuses(lambda: self._order({"is_downpayment": True, "price_unit": -50.0}))
        line = self._order().order_line
        self._refuses(lambda: line.write({"is_downpayment": True, "price_unit": 1.0}))

    def test_no_context_key_opens_the_policy(self):
        line = self._order().order_line
        for key in ("sale_write_from_compute", "force_price_recomputation", "tracking_disable"):
            bold = line.with_context(**{key: True})
            self._refuses(lambda bold=bold: bold.write({"price_unit": 1.0}))

    def test_goods_taken_back_are_not_credited_above_the_issued_price(self):
        self._order({"product_uom_qty": -1.0, "price_unit": 90.0})
        self._refuses(lambda: self._order({"product_uom_qty": -1.0, "price_unit": 110.0}))

    def test_the_system_may_recompute(self):
        self.pricelist.o2c_price_policy = "fixed"
        order = self._order()
        self.pricelist.item_ids = [
            Command.create({"compute_price": "percentage", "percent_price": 10.0})
        ]
        order.action_update_prices()
        self.assertEqual(order.order_line.discount, 10.0)

    def test_a_laxer_pricelist_is_no_way_round(self):
        order = self._order()
        self._refuses(lambda: order.write({"pricelist_id": self.free.id}), "Retail")
        self._refuses(lambda: order.write({"pricelist_id": False}))
        self._refuses(lambda: self._order(pricelist_id=self.free.id), "Retail")
        order.with_user(self.o2c_manager).sudo().pricelist_id = self.free
        fixed = self._new_pricelist("Strict", "fixed")
        self._order().pricelist_id = fixed

    def test_another_customer_and_back_is_no_way_round(self):
        order = self._order({"price_unit": 10.0}, partner_id=self.other_customer.id)
        order.partner_id = self.customer
        self.assertEqual(order.pricelist_id, self.pricelist)
        self.assertEqual(order.order_line.price_unit, 100.0)

    def test_the_customers_own_pricelist_may_be_chosen(self):
        order = self._order()
        self.customer.property_product_pricelist = self.free
        order.pricelist_id = self.free
        order.order_line.price_unit = 10.0

    def test_a_salesperson_does_not_free_the_customer(self):
        self.salesperson.group_ids += self.env.ref("base.group_partner_manager")
        customer = self.customer.with_user(self.salesperson)
        self._refuses(
            lambda: customer.write({"property_product_pricelist": self.free.id}), "Retail"
        )
        self.customer.property_product_pricelist = self.free

    def test_a_foreign_currency_and_unit(self):
        euro = self.setup_other_currency("EUR", rates=[("1900-01-01", 0.5)])
        self.pricelist.currency_id = euro
        dozen = self.env.ref("uom.product_uom_dozen")
        self._order({"price_unit": 600.0, "product_uom_id": dozen.id})
        self._refuses(
            lambda: self._order({"price_unit": 599.0, "product_uom_id": dozen.id}), "600", "599"
        )

    def test_a_combo_and_its_items(self):
        self.pricelist.o2c_price_policy = "fixed"
        combo = self.env["product.combo"].create({
            "name": "Choice",
            "combo_item_ids": [Command.create({"product_id": self.goods.id})],
        })
        menu = self._create_product(
            name="Menu", type="combo", lst_price=70.0, combo_ids=[Command.link(combo.id)]
        )
        order = self._order(
            {"product_id": menu.id, "virtual_id": "head"},
            # As the client sends it: what core cannot compute before the head has an id.
            {
                "combo_item_id": combo.combo_item_ids.id,
                "linked_virtual_id": "head",
                "price_unit": 70.0,
                "discount": 0.0,
            },
        )
        head, item = order.order_line
        self.assertEqual(item.price_unit, 70.0)
        self._refuses(lambda: item.write({"price_unit": 60.0}))
        self._refuses(lambda: head.write({"discount": 50.0}))

    def test_switched_off_nothing_is_refused(self):
        self.company.o2c_use_credit = False
        line = self._order().order_line
        line.price_unit = 1.0
        line.order_id.pricelist_id = self.free

    def test_a_down_payment_passes(self):
        order = self._order({"product_id": self.service.id})
        order.action_confirm()
        self.env["sale.advance.payment.inv"].sudo().create({
            "advance_payment_method": "percentage",
            "amount": 10.0,
            "sale_order_ids": order.ids,
        }).create_invoices()
        down_payment = order.order_line.filtered("is_downpayment")[-1]
        down_payment.with_user(self.salesperson).price_unit = 12.0

    def test_without_a_policy_nothing_is_looked_up(self):
        line = self._order(partner_id=self.other_customer.id).order_line
        self.pricelist.o2c_price_policy = "free"
        self.env["product.pricelist"]._o2c_has_policies()
        line.write({"price_unit": 90.0})
        self.env.flush_all()
        with self.assertQueryCount(0):
            line._o2c_check_price_policy(line._o2c_price_standings())
            line.order_id._o2c_check_pricelist({})
