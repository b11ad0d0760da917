from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .allocation_common import AllocationCommon


@tagged("post_install", "-at_install")
class TestAllocationSoft(AllocationCommon):
    """Stock held back for quotations that are likely to be won."""

    def _soft(self, quantity, partner=None, state="active", **values):
        return self.env["o2c.soft.reservation"].create({
            "partner_id": (partner or self.customer).id,
            "product_id": self.goods.id,
            "warehouse_id": self.warehouse.id,
            "quantity": quantity,
            "state": state,
            **values,
        })

    def _quotation(self, quantity=10.0, rank=0, **values):
        order = self._new_order(product=self.goods, quantity=quantity, **values)
        order.order_line.o2c_allocation_rank = rank
        return order

    def _move_of(self, order):
        order.action_confirm()
        return order.order_line.move_ids

    def _stranger(self, quantity, **values):
        return self._move(quantity, partner=self.other_customer, **values)

    def _past(self, minutes=1):
        return fields.Datetime.now() - timedelta(minutes=minutes)

    # Holding back ---------------------------------------------------------------------------------

    def test_others_of_the_same_rank_leave_it_alone(self):
        self._stock(10.0)
        self._soft(6.0)
        stranger = self._stranger(8.0)
        stranger._action_assign()
        self._assert_reserved((stranger, 4.0))

    def test_a_run_says_so(self):
        self._stock(10.0)
        self._soft(6.0)
        stranger = self._stranger(8.0)
        run = self._run()
        self.assertIn(
            "Soft reservation for Harbour Supplies protects 6.", self._line(run, stranger).reason
        )
        run.action_apply()
        self._assert_reserved((stranger, 4.0))
        self.assertFalse(self._run().changing_line_ids)

    def test_it_yields_to_firm_demand_of_a_higher_rank(self):
        self._stock(10.0)
        self.customer.o2c_class_id = self.env["o2c.customer.class"].create({
            "name": "Second", "code": "2", "allocation_rank": 5
        })
        self._soft(6.0)
        for rank, expected in ((4, 8.0), (5, 4.0), (9, 4.0)):
            with self.subTest(rank=rank):
                stranger = self._stranger(8.0, rank=rank)
                stranger._action_assign()
                self.assertEqual(stranger.quantity, expected)
                stranger.picking_id.action_cancel()

    def test_the_rank_of_its_line_goes_before_that_of_the_customer(self):
        self._stock(10.0)
        order = self._quotation(6.0, rank=2)
        self._soft(6.0, order_line_id=order.order_line.id)
        stranger = self._stranger(8.0, rank=3)
        stranger._action_assign()
        self._assert_reserved((stranger, 4.0))

    def test_only_an_active_one_of_the_place_and_product_holds_back(self):
        self._stock(10.0)
        elsewhere = self.env["stock.warehouse"].create({"name": "Second", "code": "SEC"})
        for values in (
            {"state": "draft"},
            {"state": "cancelled"},
            {"state": "expired"},
            {"warehouse_id": elsewhere.id},
            {"product_id": self.box.id},
            {"expires_at": self._past()},
        ):
            with self.subTest(values=values):
                soft = self._soft(6.0, **values)
                stranger = self._stranger(8.0)
                stranger._action_assign()
                self.assertEqual(stranger.quantity, 8.0)
                stranger.picking_id.action_cancel()
                soft.unlink()

    def test_it_expires_by_itself(self):
        self._stock(10.0)
        soft = self._soft(6.0)
        stranger = self._stranger(8.0)
        stranger._action_assign()
        self._assert_reserved((stranger, 4.0))
        soft.expires_at = self._past()
        self.assertEqual((soft.state, soft.stage), ("expired", "active"))
        Soft = soft.search
        mine = [("id", "=", soft.id)]
        self.assertEqual(Soft([*mine, ("state", "=", "expired")]), soft)
        self.assertFalse(Soft([*mine, ("state", "in", ["active", "draft"])]))
        stranger._action_assign()
        self._assert_reserved((stranger, 8.0))
        soft._cron_expire()
        self.assertEqual((soft.state, soft.stage), ("expired", "expired"))

    def test_a_customers_firm_order_does_not_wait_for_his_quotation(self):
        self._stock(10.0)
        self._soft(6.0)
        firm = self._move(8.0)
        firm._action_assign()
        self._assert_reserved((firm, 8.0))

    def test_it_takes_nothing_from_those_who_have_it(self):
        self._stock(10.0)
        stranger = self._stranger(8.0)
        stranger._action_assign()
        self._soft(6.0)
        self.assertFalse(self._run().changing_line_ids)

    def test_it_lowers_what_can_be_promised_to_others(self):
        self._stock(10.0)
        mine, other = self._quotation(10.0), self._quotation(10.0, partner=self.other_customer)
        self._soft(6.0, order_line_id=mine.order_line.id)
        promises = self.env["o2c.promise"]._promises(mine.order_line | other.order_line)
        self.assertEqual(
            [promises[order.order_line].timeline.steps[0].promised for order in (mine, other)],
            [10.0, 4.0],
        )

    def test_a_lost_one_makes_a_simulated_run_stale(self):
        self._stock(10.0)
        soft = self._soft(6.0)
        self._stranger(8.0)
        run = self._run()
        soft.action_cancel()
        run.action_apply()
        self.assertEqual(run.state, "stale")

    def test_it_makes_no_moves_and_touches_no_stock(self):
        self._stock(10.0)
        moves = self.env["stock.move"].search_count([("product_id", "=", self.goods.id)])
        before = self.goods.read(["free_qty", "virtual_available", "outgoing_qty"])
        self._soft(6.0)
        self.env.invalidate_all()
        self.assertEqual(
            self.goods.read(["free_qty", "virtual_available", "outgoing_qty"]), before
        )
        self.assertEqual(
            self.env["stock.move"].search_count([("product_id", "=", self.goods.id)]), moves
        )
        self._assert_consistent()

    def test_where_allocation_is_off_it_does_nothing(self):
        self._stock(10.0)
        order = self._quotation(6.0)
        soft = self._soft(6.0, order_line_id=order.order_line.id)
        self.company.o2c_use_allocation = False
        stranger = self._stranger(8.0)
        stranger._action_assign()
        self._assert_reserved((stranger, 8.0))
        self._assert_reserved((self._move_of(order), 0.0))
        self.assertEqual(soft.state, "active")

    # Becoming the real reservation ----------------------------------------------------------------

    def test_confirmation_turns_it_into_the_real_reservation(self):
        self._stock(10.0)
        stranger = self._stranger(10.0)
        order = self._quotation(6.0)
        soft = self._soft(6.0, order_line_id=order.order_line.id)
        stranger._action_assign()
        move = self._move_of(order)
        self._assert_reserved((stranger, 4.0), (move, 6.0))
        self.assertEqual(soft.state, "consumed")
        self._assert_consistent()

    def test_the_older_order_of_the_same_rank_does_not_get_it(self):
        for method in ("manual", "at_confirm"):
            with self.subTest(method=method):
                self.warehouse.out_type_id.reservation_method = "manual"
                stranger = self._stranger(10.0)
                self._stock(10.0)
                order = self._quotation(6.0)
                soft = self._soft(6.0, order_line_id=order.order_line.id)
                self.warehouse.out_type_id.reservation_method = method
                move = self._move_of(order)
                self.assertEqual((move.quantity, soft.state), (6.0, "consumed"))
                stranger._action_assign()
                self.assertEqual(stranger.quantity, 4.0)
                (stranger | move).picking_id.action_cancel()
                self._stock(-10.0)

    def test_no_more_than_was_held_back_is_reserved(self):
        self._stock(10.0)
        order = self._quotation(9.0)
        self._soft(6.0, order_line_id=order.order_line.id)
        self._assert_reserved((self._move_of(order), 6.0))

    def test_firm_demand_of_a_higher_rank_still_goes_first(self):
        self._stock(10.0)
        self._stranger(7.0, rank=1)
        order = self._quotation(6.0, rank=5)
        self._soft(6.0, order_line_id=order.order_line.id)
        self._assert_reserved((self._move_of(order), 3.0))

    def test_one_of_the_customer_without_a_quotation(self):
        self._stock(10.0)
        soft = self._soft(6.0)
        self._stranger(10.0)
        first, second = self._quotation(4.0), self._quotation(4.0)
        move = self._move_of(first)
        self._assert_reserved((move, 4.0))
        self.assertEqual((soft.state, soft.quantity), ("active", 2.0))
        move = self._move_of(second)
        self._assert_reserved((move, 2.0))
        self.assertEqual(soft.state, "consumed")

    def test_an_expired_one_is_not_consumed(self):
        self._stock(10.0)
        self._stranger(10.0)
        order = self._quotation(6.0)
        soft = self._soft(6.0, order_line_id=order.order_line.id, expires_at=self._past())
        self._assert_reserved((self._move_of(order), 0.0))
        self.assertEqual(soft.state, "expired")

    def test_a_held_delivery_keeps_it_until_the_release(self):
        self._stock(10.0)
        self._stranger(10.0)
        order = self._quotation(6.0)
        soft = self._soft(6.0, order_line_id=order.order_line.id)
        self.env["o2c.hold.rule"].create({
            "name": "Check", "kind": "domain", "effect": "hold_delivery",
            "order_domain": f"[('id', '=', {order.id})]",
        })
        move = self._move_of(order)
        self.assertEqual(order.o2c_hold_state, "held")
        self._assert_reserved((move, 0.0))
        self.assertEqual(soft.state, "active")
        order.o2c_hold_ids.action_release(note="Fine")
        self._assert_reserved((move, 6.0))
        self.assertEqual(soft.state, "consumed")

    def test_three_steps(self):
        self.warehouse.delivery_steps = "pick_pack_ship"
        self.warehouse.pick_type_id.reservation_method = "manual"
        self._stock(10.0)
        self._stranger(10.0)
        order = self._quotation(6.0)
        self._soft(6.0, order_line_id=order.order_line.id)
        self._assert_reserved((self._move_of(order), 6.0))

    def test_other_units(self):
        self._stock(30.0)
        self._stranger(30.0)
        order = self._quotation(2.0)
        order.order_line.product_uom_id = self.env.ref("uom.product_uom_dozen")
        self._soft(24.0, order_line_id=order.order_line.id)
        self._assert_reserved((self._move_of(order), 24.0))

    def test_it_ends_with_its_quotation(self):
        for end in (
            lambda order: order._action_cancel(),
            lambda order: order.unlink(),
            lambda order: order.order_line.unlink(),
            lambda order: order.order_line.write({"product_id": self.box.id}),
        ):
            order = self._quotation(6.0)
            soft = self._soft(6.0, order_line_id=order.order_line.id)
            end(order)
            self.assertEqual(soft.state, "cancelled")

    # Following its quotation ----------------------------------------------------------------------

    def test_it_goes_with_its_quotation(self):
        self._stock(20.0)
        elsewhere = self.env["stock.warehouse"].create({"name": "Second", "code": "SEC"})
        order = self._quotation(6.0)
        soft = self._soft(6.0, order_line_id=order.order_line.id)
        order.partner_id = self.other_customer
        self.assertEqual(
            (soft.partner_id, soft.commercial_partner_id), (self.other_customer, self.other_customer)
        )
        order.user_id = self.other_salesperson
        order.warehouse_id = elsewhere
        self.assertEqual((soft.warehouse_id, soft.user_id), (elsewhere, self.other_salesperson))
        self.assertEqual((soft.state, soft.quantity), ("active", 6.0))
        self.assertIn(order.name, "".join(soft.message_ids.mapped("body")))

    def test_a_contact_of_the_customer_is_followed_too(self):
        contact = self._new_customer("Buyer", parent_id=self.customer.id, is_company=False)
        order = self._quotation(6.0)
        soft = self._soft(6.0, order_line_id=order.order_line.id)
        order.partner_id = contact
        self.assertEqual((soft.partner_id, soft.state), (contact, "active"))

    def test_what_was_chosen_by_hand_stays(self):
        elsewhere, third = self.env["stock.warehouse"].create([
            {"name": "Second", "code": "SEC"}, {"name": "Third", "code": "THI"},
        ])
        order = self._quotation(6.0)
        soft = self._soft(4.0, order_line_id=order.order_line.id)
        soft.warehouse_id = third
        order.order_line.product_uom_qty = 5.0
        self.assertEqual((soft.quantity, soft.warehouse_id), (4.0, third))
        order.warehouse_id = elsewhere
        self.assertEqual(soft.warehouse_id, elsewhere)
        order.order_line.product_uom_qty = 9.0
        self.assertEqual((soft.quantity, soft.state), (4.0, "active"))

    def test_it_is_lowered_with_its_quotation(self):
        order = self._quotation(2.0)
        line = order.order_line
        line.product_uom_id = self.env.ref("uom.product_uom_dozen")
        soft = self._soft(20.0, order_line_id=line.id)
        line.product_uom_qty = 1.0
        self.assertEqual((soft.quantity, soft.state), (12.0, "active"))
        line.product_uom_id = self.goods.uom_id
        self.assertEqual(soft.quantity, 1.0)
        order.write({"order_line": [(1, line.id, {"product_uom_qty": 0.0})]})
        self.assertEqual(soft.state, "cancelled")

    def test_its_end_is_told(self):
        for end, reason in (
            (lambda order: order.order_line.write({"product_id": self.box.id}), "another product"),
            (lambda order: order.order_line.unlink(), "line is deleted"),
        ):
            order = self._quotation(6.0)
            soft = self._soft(6.0, order_line_id=order.order_line.id)
            end(order)
            self.assertIn(reason, soft.message_ids[0].body)
            note = order.message_ids[0]
            self.assertIn("Crate", note.body)
            self.assertIn(reason, note.body)
            self.assertTrue(note.subtype_id.internal, "customers do not read it in the portal")

    def test_where_it_would_be_too_much_it_ends(self):
        self._stock(10.0)
        self.company.o2c_soft_cap_customer = 50.0
        self._soft(4.0, partner=self.other_customer)
        order = self._quotation(4.0)
        order.order_line.copy({"order_id": order.id, "product_uom_qty": 1.0})
        big, small = (
            self._soft(line.product_uom_qty, order_line_id=line.id) for line in order.order_line
        )
        order.partner_id = self.other_customer
        self.assertEqual(order.partner_id, self.other_customer)
        self.assertEqual((big.state, big.partner_id), ("cancelled", self.customer))
        self.assertEqual((small.state, small.partner_id), ("active", self.other_customer))
        self.assertIn("50 %", order.message_ids[0].body)

    def test_it_goes_to_another_company_with_its_quotation(self):
        other = self.env["res.company"].create({"name": "Sister", "o2c_use_allocation": True})
        warehouse = self.env["stock.warehouse"].search([("company_id", "=", other.id)], limit=1)
        order = self._quotation(6.0)
        soft = self._soft(6.0, order_line_id=order.order_line.id)
        order.with_context(allowed_company_ids=[self.company.id, other.id]).write({
            "company_id": other.id, "warehouse_id": warehouse.id,
        })
        self.assertEqual(
            (soft.company_id, soft.warehouse_id, soft.state), (other, warehouse, "active")
        )

    def test_it_is_not_taken_up_again_for_something_else(self):
        order = self._quotation(6.0)
        soft = self._soft(6.0, order_line_id=order.order_line.id)
        order.order_line.product_id = self.box
        soft.action_draft()
        with self.assertRaises(ValidationError):
            soft.action_activate()

    def test_following_many_asks_no_more_often(self):
        def statements(lines):
            order = self._quotation(5.0)
            for _number in range(lines - 1):
                order.order_line[0].copy({"order_id": order.id})
            for line in order.order_line:
                self._soft(1.0, order_line_id=line.id)
            softs = order.o2c_soft_reservation_ids.sudo()
            before = softs._asked_for()
            order.order_line.order_partner_id = self.other_customer
            self.env.flush_all()
            count = self.env.cr.sql_log_count
            softs._follow(before)
            self.env.flush_all()
            return self.env.cr.sql_log_count - count

        statements(1)
        self.assertLessEqual(statements(9) - statements(3), 6)

    # Limits ---------------------------------------------------------------------------------------

    def test_no_more_than_a_share_of_the_free_stock_for_one_customer(self):
        self.company.o2c_soft_cap_customer = 30.0
        self._stock(10.0)
        self._soft(2.0)
        self._soft(3.0, partner=self.other_customer)
        message = "4 of Crate .* 30 % .* of 10, which is 3"
        with self.assertRaisesRegex(ValidationError, message), self.env.cr.savepoint():
            self._soft(2.0)
        draft = self._soft(2.0, state="draft")
        with self.assertRaises(ValidationError):
            draft.action_activate()
        soft = self._soft(1.0)
        with self.assertRaises(ValidationError):
            soft.quantity = 1.5
        soft.expires_at = self._past()
        self._soft(1.0)

    def test_no_more_than_a_share_of_the_free_stock_in_all(self):
        self.company.o2c_soft_cap_product = 50.0
        self._stock(10.0)
        self._soft(3.0)
        self._soft(2.0, partner=self.other_customer)
        with self.assertRaisesRegex(ValidationError, "all customers"):
            self._soft(1.0, partner=self._new_customer("Third"))

    def test_what_makes_no_sense_is_refused(self):
        for values in (
            {"quantity": 0.0},
            {"confidence": 101.0},
            {"product_id": self.service.id},
        ):
            with self.subTest(values=values), self.assertRaises(ValidationError):
                self._soft(**{"quantity": 1.0, **values})
        order = self._quotation()
        with self.assertRaises(ValidationError):
            self._soft(1.0, partner=self.other_customer, order_line_id=order.order_line.id)
        with self.assertRaises(ValidationError):
            self._soft(1.0, product_id=self.box.id, order_line_id=order.order_line.id)
        over = self._soft(1.0, expires_at=self._past())
        with self.assertRaises(UserError):
            over.action_activate()
        with self.assertRaises(ValidationError):
            self.company.o2c_soft_cap_product = 101.0

    def test_what_is_consumed_stays_as_it_is(self):
        self._stock(10.0)
        order = self._quotation(6.0)
        soft = self._soft(6.0, order_line_id=order.order_line.id)
        order.action_confirm()
        for change in (
            lambda: soft.write({"quantity": 1.0}),
            lambda: soft.write({"state": "active"}),
            soft.unlink,
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                change()
        soft.action_cancel()
        self.assertEqual(soft.state, "consumed")

    # Who does it ----------------------------------------------------------------------------------

    def test_a_salesperson_holds_stock_back_for_his_quotation(self):
        self._stock(10.0)
        order = self._quotation(4.0).with_user(self.salesperson)
        action = order.action_o2c_soft_reserve()
        dialog = self.env[action["res_model"]].with_user(self.salesperson).browse(action["res_id"])
        with Form(dialog) as form:
            form.confidence = 80.0
            with form.line_ids.edit(0) as line:
                self.assertEqual((line.free_quantity, line.quantity), (10.0, 4.0))
                line.quantity = 3.0
        dialog.action_reserve()
        soft = order.o2c_soft_reservation_ids
        self.assertEqual(
            (soft.state, soft.quantity, soft.confidence, soft.partner_id, soft.user_id),
            ("active", 3.0, 80.0, self.customer, self.salesperson),
        )
        self.assertEqual(order.o2c_soft_reservation_count, 1)
        again = order.action_o2c_soft_reserve()
        dialog = self.env[again["res_model"]].with_user(self.salesperson).browse(again["res_id"])
        self.assertEqual(dialog.confidence, 80.0, "as it is held back already")
        dialog.action_reserve()
        self.assertEqual((order.o2c_soft_reservation_ids, soft.quantity), (soft, 4.0))
        order.action_confirm()
        with self.assertRaises(UserError):
            order.action_o2c_soft_reserve()
        self.assertEqual(soft.sudo().state, "consumed")

    def test_a_salesperson_sees_and_does_his_own_only(self):
        order = self._quotation()
        soft = self._soft(1.0, order_line_id=order.order_line.id)
        self.assertEqual(soft.user_id, self.salesperson)
        self.assertEqual(soft.with_user(self.salesperson).quantity, 1.0)
        with self.assertRaises(AccessError):
            soft.with_user(self.other_salesperson).read(["quantity"])
        with self.assertRaises(AccessError):
            order.with_user(self.other_salesperson).action_o2c_soft_reserve()
        Soft = self.env["o2c.soft.reservation"].with_user(self.other_salesperson)
        with self.assertRaises(AccessError):
            Soft.create({
                "order_line_id": order.order_line.id,
                "quantity": 1.0,
                "user_id": self.other_salesperson.id,
            })
        with self.assertRaises(AccessError):
            Soft.create({
                "partner_id": self.customer.id, "product_id": self.goods.id, "quantity": 1.0
            })

    def test_the_dialog_tells_nothing_of_orders_of_others(self):
        foreign = self._quotation(7.0).order_line
        mine = self._new_order(product=self.goods, user_id=self.other_salesperson.id)
        Line = self.env["o2c.soft.reserve.line"].with_user(self.other_salesperson)
        dialog = self.env["o2c.soft.reserve"].with_user(self.other_salesperson).create({
            "order_id": mine.id
        })
        values = {"dialog_id": dialog.id, "order_line_id": foreign.id, "quantity": 1.0}
        with self.assertRaises(AccessError):
            Line.create(values)
        line = Line.create({**values, "order_line_id": mine.order_line.id})
        with self.assertRaises(AccessError):
            line.order_line_id = foreign
        for name in ("product_id", "free_quantity", "product_uom_id"):
            with self.assertRaises(AccessError):
                Line.new({"order_line_id": foreign.id})[name]
        # Nor is another quotation of one's own smuggled in.
        other = self._new_order(product=self.goods, user_id=self.other_salesperson.id)
        with self.assertRaises(AccessError):
            Line.create({**values, "order_line_id": other.order_line.id})

    def test_an_allocation_manager_sees_and_does_all(self):
        soft = self._soft(1.0, order_line_id=self._quotation().order_line.id)
        mine = soft.with_user(self.allocator)
        with Form(mine) as form:
            form.quantity = 2.0
        mine.action_cancel()
        self.assertEqual(soft.state, "cancelled")
        created = mine.create({
            "partner_id": self.customer.id, "product_id": self.goods.id, "quantity": 1.0
        })
        created.action_activate()
        self.assertEqual((created.state, created.warehouse_id), ("active", self.warehouse))

    # Statements -----------------------------------------------------------------------------------

    def test_many_cost_no_more_statements_than_one(self):
        def statements():
            stranger = self._stranger(8.0)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            stranger._o2c_turns()
            return self.env.cr.sql_log_count - before

        self._stock(1000.0)
        self._soft(1.0)
        statements()
        one = statements()
        for _number in range(10):
            self._soft(1.0, partner=self._new_customer(f"Customer {_number}"))
        self.assertLessEqual(statements(), one)

    def test_confirmation_of_many_lines_asks_once(self):
        def statements(lines):
            order = self._quotation()
            for _number in range(lines - 1):
                order.order_line[0].copy({"order_id": order.id})
            order.action_confirm()
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.env["o2c.soft.reservation"].consume(order.order_line)
            return self.env.cr.sql_log_count - before

        statements(1)
        self.assertEqual(statements(1), statements(5))

    def test_what_was_held_back_is_shared_by_the_moves_of_a_line(self):
        self._stock(20.0)
        move = self._move(10.0)
        second = self.env["stock.move"].create(move._split(6.0))
        second._action_confirm(merge=False)
        moves = move | second
        moves._o2c_reserve_up_to([(moves, 7.0)])
        self.assertEqual(sum(moves.mapped("quantity")), 7.0)
        self.assertEqual(move.quantity, 4.0)
