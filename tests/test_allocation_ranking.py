from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged

from .common import O2cCommon


@tagged("post_install", "-at_install")
class TestAllocationRanking(O2cCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.company.id)], limit=1
        )
        cls.customer_class = cls.env["o2c.customer.class"].create({"name": "Key", "code": "K"})
        cls.rating = cls.env["o2c.credit.rating"].create({"name": "Good", "code": "G"})
        cls.allocator = cls._new_user("allan", "order_to_cash.group_allocation_manager")
        cls.company.write({
            "o2c_allocation_strategy": "redistribute",
            "o2c_allocation_rank": 100,
            "o2c_allocation_tie_1": "promised",
            "o2c_allocation_tie_2": "ordered",
            "o2c_allocation_tie_3": False,
        })

    def _move(self, partner=None, **values):
        order = self._new_order(partner=partner, product=self.goods, quantity=5.0, **values)
        order.action_confirm()
        return order.order_line.move_ids

    def _rate(self, partner):
        account = self.env["o2c.credit.account"]._get_or_create(partner, self.company)
        account.rating_id = self.rating

    def _resolved(self, move):
        ranked = self.env["o2c.allocation.ranking"]._resolve(move)[move.id]
        return ranked.strategy, ranked.rank

    def test_the_default_of_the_company_comes_last(self):
        move = self._move()
        self.assertEqual(self._resolved(move), ("redistribute", 100))
        self.company.o2c_allocation_rank = 0
        self.company.o2c_allocation_strategy = False
        self.assertEqual(self._resolved(move), ("redistribute", 100))

    def test_the_better_of_class_and_rating(self):
        self.customer.o2c_class_id = self.customer_class
        self._rate(self.customer)
        move = self._move()
        for by_class, by_rating, expected in [
            ((False, 0), (False, 0), ("redistribute", 100)),
            (("fill", 5), (False, 0), ("fill", 5)),
            ((False, 0), ("fill", 5), ("fill", 5)),
            (("fill", 3), ("win", 7), ("fill", 3)),
            (("gain", 7), ("redistribute", 3), ("redistribute", 3)),
            (("fill", 3), ("win", 3), ("win", 3)),
            (("win", 3), ("fill", 3), ("win", 3)),
            (("fill", 0), ("win", 0), ("win", 100)),
            # What the better one leaves open, the other says.
            ((False, 3), ("win", 7), ("win", 3)),
            (("win", 0), (False, 7), ("win", 7)),
            (("win", 0), ("fill", 7), ("fill", 7)),
        ]:
            with self.subTest(by_class=by_class, by_rating=by_rating):
                for record, (strategy, rank) in (
                    (self.customer_class, by_class), (self.rating, by_rating)
                ):
                    record.allocation_strategy, record.allocation_rank = strategy, rank
                self.assertEqual(self._resolved(move), expected)

    def test_a_rating_counts_only_where_credit_is_controlled(self):
        self._rate(self.customer)
        self.rating.allocation_rank = 3
        move = self._move()
        self.assertEqual(self._resolved(move)[1], 3)
        self.company.o2c_use_credit = False
        self.assertEqual(self._resolved(move)[1], 100)

    def test_an_address_is_ranked_as_its_customer(self):
        self.customer.o2c_class_id = self.customer_class
        self.customer_class.allocation_rank = 4
        address = self.env["res.partner"].create({"name": "Gate", "parent_id": self.customer.id})
        self.assertEqual(self._resolved(self._move(address))[1], 4)

    def test_the_line_goes_before_the_customer_and_the_move_before_the_line(self):
        self.customer.o2c_class_id = self.customer_class
        self.customer_class.write({"allocation_strategy": "gain", "allocation_rank": 9})
        move = self._move()
        self.assertEqual(self._resolved(move), ("gain", 9))
        move.sale_line_id.o2c_allocation_rank = 2
        self.assertEqual(self._resolved(move), ("gain", 2), "each by itself")
        move.sale_line_id.o2c_allocation_strategy = "win"
        self.assertEqual(self._resolved(move), ("win", 2))
        move.write({"o2c_allocation_strategy": "lose", "o2c_allocation_rank": 50})
        self.assertEqual(self._resolved(move), ("lose", 50))

    def test_nothing_is_written_on_moves_when_a_class_changes(self):
        self.customer.o2c_class_id = self.customer_class
        move = self._move()
        self.customer_class.allocation_rank = 1
        self.env.flush_all()
        self.assertFalse(move.o2c_allocation_rank)

    def test_ties_are_broken_by_the_configured_keys(self):
        late = self._move(commitment_date="2025-06-20 12:00:00", date_order="2025-06-01")
        soon = self._move(commitment_date="2025-06-10 12:00:00", date_order="2025-06-02")
        large = self._move(amount=900.0, commitment_date="2025-06-30 12:00:00")
        starred = self._move(commitment_date="2025-06-30 12:00:00")
        starred.picking_id.priority = "1"
        moves = late | soon | large | starred

        def first():
            ranked = self.env["o2c.allocation.ranking"]._resolve(moves)
            return moves.sorted(lambda move: ranked[move.id].sort_key)[0]

        self.assertEqual(first(), soon)
        for tie, expected in [("ordered", late), ("value", large), ("star", starred)]:
            with self.subTest(tie=tie):
                self.company.o2c_allocation_tie_1 = tie
                self.assertEqual(first(), expected)

    def test_a_better_credit_score_breaks_a_tie(self):
        self.company.o2c_allocation_tie_1 = "score"
        other, move = self._move(self.other_customer), self._move()
        for partner, score in ((self.customer, 90.0), (self.other_customer, 40.0)):
            account = self.env["o2c.credit.account"]._get_or_create(partner, self.company)
            account.score = score
        ranked = self.env["o2c.allocation.ranking"]._resolve(move | other)
        self.assertLess(ranked[move.id].sort_key, ranked[other.id].sort_key)

    def test_the_whole_chain_is_ranked_alike(self):
        self.warehouse.delivery_steps = "pick_pack_ship"
        self.env["stock.quant"]._update_available_quantity(
            self.goods, self.warehouse.lot_stock_id, 20.0
        )
        self.customer.o2c_class_id = self.customer_class
        self.customer_class.write({"allocation_strategy": "gain", "allocation_rank": 9})
        pick = self._move()
        self.assertEqual(self._resolved(pick), ("gain", 9))
        pick.o2c_allocation_rank = 2
        pick.write({"quantity": 5.0, "picked": True})
        pick.picking_id.button_validate()
        pack = pick.move_dest_ids
        self.assertTrue(pack)
        self.assertEqual(pack.o2c_allocation_rank, 2, "the decision goes on with the goods")
        self.assertEqual(self._resolved(pack), ("gain", 2))
        pick.o2c_allocation_rank = 0
        self.assertEqual(self._resolved(pick), ("gain", 2), "taken from what comes after it")

    def test_a_backorder_keeps_the_decision_whoever_makes_it(self):
        self.env["stock.quant"]._update_available_quantity(
            self.goods, self.warehouse.lot_stock_id, 20.0
        )
        move = self._move()
        move.o2c_allocation_rank = 3
        stocker = self._new_user("stan", "stock.group_stock_user")
        picking = move.picking_id.with_user(stocker)
        picking.move_ids.write({"quantity": 2.0, "picked": True})
        picking.with_context(skip_backorder=True).button_validate()
        backorder = self.env["stock.picking"].search([("backorder_id", "=", picking.id)])
        self.assertEqual(backorder.move_ids.o2c_allocation_rank, 3)
        self.assertEqual(self._resolved(backorder.move_ids)[1], 3)

    def test_less_ordered_lessens_a_ranked_delivery(self):
        move = self._move()
        move.o2c_allocation_rank = 3
        move.sale_line_id.product_uom_qty = 2.0
        self.assertEqual(move.product_uom_qty, 2.0)

    def test_only_an_allocation_manager_ranks(self):
        move = self._move()
        line = move.sale_line_id.with_user(self.salesperson)
        with self.assertRaises(AccessError):
            line.o2c_allocation_rank = 1
        with self.assertRaises(AccessError):
            line.o2c_allocation_strategy = "win"
        with self.assertRaises(AccessError):
            self._new_order().with_user(self.salesperson).write({
                "order_line": [(0, 0, {"product_id": self.goods.id, "o2c_allocation_rank": 1})]
            })
        stocker = self._new_user("stan", "stock.group_stock_user")
        with self.assertRaises(AccessError):
            move.with_user(stocker).o2c_allocation_rank = 1
        line.write({"o2c_allocation_rank": 0, "name": "Crates"})
        move.with_user(self.allocator).o2c_allocation_rank = 1
        self.assertEqual(move.o2c_allocation_rank, 1)
        with self.assertRaises(ValidationError):
            move.o2c_allocation_rank = -1
        with self.assertRaises(ValidationError):
            move.sale_line_id.o2c_allocation_rank = -1

    def test_a_copied_order_is_ranked_by_its_customer(self):
        move = self._move()
        move.sale_line_id.write({"o2c_allocation_rank": 1, "o2c_allocation_strategy": "win"})
        copy = move.sale_line_id.order_id.with_user(self.salesperson).copy()
        self.assertFalse(copy.order_line.o2c_allocation_rank)

    def test_one_statement_whatever_the_number_of_moves(self):
        moves = self._move() | self._move() | self._move() | self._move()
        self.env.flush_all()
        with self.assertQueryCount(1):
            self.env["o2c.allocation.ranking"]._resolve(moves)

    def test_the_order_form_ranks_its_lines(self):
        order = self._new_order(product=self.goods).with_user(self.o2c_manager)
        with Form(order) as form, form.order_line.edit(0) as line:
            line.o2c_allocation_strategy = "win"
        self.assertEqual(order.order_line.o2c_allocation_strategy, "win")
