from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .allocation_common import AllocationCommon


@tagged("post_install", "-at_install")
class TestAllocationRights(AllocationCommon):
    """Allocation managers say how customers are ranked, and nothing else of their credit."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key, cls.casual = cls.env["o2c.customer.class"].create([
            {"name": "Key", "code": "KEY", "allocation_rank": 1},
            {"name": "Casual", "code": "CAS", "allocation_rank": 90},
        ])
        cls.rating = cls.env["o2c.credit.rating"].create({"name": "Good", "code": "G"})
        cls.editor = cls._new_user("edith", "base.group_partner_manager,order_to_cash.group_user")
        cls.customer.o2c_class_id = cls.casual

    def test_an_allocation_manager_ranks_classes_and_ratings(self):
        for record in (self.key, self.rating):
            mine = record.with_user(self.allocator)
            mine.write({"allocation_rank": 7, "allocation_strategy": "gain"})
            self.assertEqual((record.allocation_rank, record.allocation_strategy), (7, "gain"))
            for change in (
                {"name": "Mine"},
                {"allocation_rank": 3, "active": False},
                {"sequence": 1},
            ):
                with self.assertRaises(AccessError):
                    mine.write(change)
            with self.assertRaises(AccessError):
                mine.update_field_translations("name", {"en_US": "Mine"})
            with self.assertRaises(AccessError):
                mine.copy()
            with self.assertRaises(AccessError):
                mine.unlink()

    def test_he_sets_no_limits_and_scores(self):
        mine = self.rating.with_user(self.allocator)
        for change in (
            {"default_limit": 1e6},
            {"limit_mode": "unlimited"},
            {"stored_limit_mode": "unlimited"},
            {"min_score": 0.0},
        ):
            with self.assertRaises(AccessError):
                mine.write(change)
        account = self.env["o2c.credit.account"]._get_or_create(self.customer, self.company)
        with self.assertRaises(AccessError):
            account.with_user(self.allocator).rating_id = self.rating

    def test_credit_managers_and_administrators_change_all(self):
        both = self._new_user(
            "boris",
            "order_to_cash.group_credit_manager,order_to_cash.group_allocation_manager",
        )
        for user in (self.credit_manager, both):
            self.rating.with_user(user).write({"name": "Fine", "allocation_rank": 2})
            self.key.with_user(user).write({"is_key_account": True})

    def test_others_rank_nothing(self):
        for user in (self.salesperson, self.editor):
            with self.assertRaises(AccessError):
                self.key.with_user(user).allocation_rank = 5

    def test_nobody_moves_up_by_his_contact_details(self):
        self.company.o2c_use_credit = False
        mine = self.customer.with_user(self.editor)
        with self.assertRaises(AccessError) as caught:
            mine.o2c_class_id = self.key
        self.assertIn("served first", str(caught.exception))
        Partner = self.env["res.partner"].with_user(self.editor)
        with self.assertRaises(AccessError):
            Partner.create({"name": "New", "is_company": True, "o2c_class_id": self.key.id})
        self.assertFalse(mine.copy().o2c_class_id)
        # A contact that leaves its customer does not take his place in the ranking with it.
        self.other_customer.o2c_class_id = self.key
        contact = Partner.create({"name": "Contact", "parent_id": self.other_customer.id})
        contact.parent_id = False
        self.assertFalse(contact.o2c_class_id)
        # The rest of a customer is theirs to change.
        mine.write({"street": "Quay 1", "o2c_payer_id": self.other_customer.id})

    def test_managers_of_stock_and_of_credit_change_the_class(self):
        self.company.o2c_use_credit = False
        for login, group in (
            ("alma", "order_to_cash.group_allocation_manager"),
            ("cora", "order_to_cash.group_credit_manager"),
        ):
            user = self._new_user(login, f"{group},base.group_partner_manager")
            self.customer.with_user(user).o2c_class_id = self.key
            self.assertEqual(self.customer.o2c_class_id, self.key)
            self.customer.o2c_class_id = self.casual

    def test_where_credit_is_controlled_the_class_is_a_credit_managers(self):
        self.company.o2c_use_credit = True
        user = self._new_user(
            "alma", "order_to_cash.group_allocation_manager,base.group_partner_manager"
        )
        with self.assertRaises(AccessError):
            self.customer.with_user(user).o2c_class_id = self.key

    def test_where_neither_is_used_a_class_is_a_word(self):
        self.env["res.company"].search([("o2c_use_allocation", "=", True)]).o2c_use_allocation = False
        self.env["res.company"].search([("o2c_use_credit", "=", True)]).o2c_use_credit = False
        self.customer.with_user(self.editor).o2c_class_id = self.key
        self.assertEqual(self.customer.o2c_class_id, self.key)

    def test_the_screen_of_ranks(self):
        view = "order_to_cash.o2c_customer_class_view_list_rank"
        with Form(self.key.with_user(self.allocator), view) as form:
            form.allocation_rank = 4
        self.assertEqual(self.key.allocation_rank, 4)
        menu = self.env.ref("order_to_cash.o2c_customer_class_rank_menu")
        Menu = self.env["ir.ui.menu"]
        self.assertIn(menu.id, Menu.with_user(self.allocator)._visible_menu_ids())
        room = menu.parent_id.parent_id
        self.assertNotIn(room.id, Menu.with_user(self.salesperson)._visible_menu_ids())
