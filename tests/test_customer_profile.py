from psycopg2 import IntegrityError

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.order_to_cash.tests.common import O2cCommon

SWITCHES = (
    "o2c_use_credit",
    "o2c_use_allocation",
    "o2c_use_commission",
    "o2c_use_plan",
    "o2c_use_dunning",
)


@tagged("post_install", "-at_install")
class TestCustomerNumber(O2cCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sequence = cls.env.ref("order_to_cash.sequence_customer")

    def _number(self, value):
        return self.sequence.get_next_char(value)

    def _next_number(self):
        return self._number(self.sequence.number_next_actual)

    def _switch_off(self):
        self.company.write(dict.fromkeys(SWITCHES, False))

    def test_a_customer_type_gives_a_number(self):
        number = self._next_number()
        self.customer.o2c_customer_type = "end_user"
        self.assertEqual(self.customer.ref, number)

    def test_a_new_customer_with_a_type_gets_a_number_even_while_all_is_off(self):
        self._switch_off()
        self.assertTrue(self._new_customer("Typed", o2c_customer_type="agent").ref)

    def test_a_new_customer_by_rank_gets_a_number_only_while_something_is_on(self):
        self.assertTrue(self._new_customer("On", customer_rank=1).ref)
        self._switch_off()
        self.assertFalse(self._new_customer("Off", customer_rank=1).ref)

    def test_a_customer_made_in_a_customer_menu_gets_a_number(self):
        partner = (
            self.env["res.partner"]
            .with_context(res_partner_search_mode="customer")
            .create({"name": "Walk-in"})
        )
        self.assertTrue(partner.ref)

    def test_a_vendor_or_contact_gets_none(self):
        self.assertFalse(self._new_customer("Vendor", supplier_rank=1).ref)
        self.customer.o2c_customer_type = "end_user"
        contact = self.env["res.partner"].create({
            "name": "Ann", "parent_id": self.customer.id, "customer_rank": 1,
        })
        self.assertEqual(contact.o2c_customer_type, "end_user")
        self.assertFalse(contact.ref)

    def test_an_existing_reference_is_kept(self):
        self.customer.ref = "OLD-1"
        self.customer.o2c_customer_type = "distributor"
        self.assertEqual(self.customer.ref, "OLD-1")

    def test_a_batch_gets_numbers_in_order_without_gaps(self):
        first = self.sequence.number_next_actual
        partners = self.env["res.partner"].create([
            {"name": f"Customer {i}", "o2c_customer_type": "end_user"} for i in range(20)
        ])
        self.assertEqual(partners.mapped("ref"), [self._number(first + i) for i in range(20)])

    def test_the_first_order_gives_a_number_a_quotation_does_not(self):
        order = self._new_order()
        self.assertFalse(self.customer.ref)
        order.with_user(self.salesperson).action_confirm()
        self.assertTrue(self.customer.ref)

    def test_the_first_invoice_gives_a_number(self):
        contact = self.env["res.partner"].create({"name": "Ann", "parent_id": self.customer.id})
        self._new_invoice(contact)
        self.assertTrue(self.customer.ref)
        self.assertFalse(contact.ref)

    def test_a_customer_of_before_is_left_alone(self):
        old = self._new_customer("Old", supplier_rank=0)
        self._switch_off()
        old.customer_rank = 5
        self.company.o2c_use_credit = True
        old.customer_rank = 6
        old.name = "Older"
        self._new_order(old).action_confirm()
        self.assertFalse(old.ref)

    def test_numbers_in_use_are_skipped_whoever_has_them(self):
        first = self.sequence.number_next_actual
        taken = self.env["res.partner"].create([
            {"name": f"Taken {i}", "ref": self._number(first + i), "active": i % 2 == 0}
            for i in range(50)
        ])
        partner = self._new_customer("New", o2c_customer_type="end_user")
        self.assertTrue(partner.ref)
        self.assertNotIn(partner.ref, taken.mapped("ref"))
        with self.assertQueryCount(40):
            self.env["res.partner"]._o2c_draw_numbers(self.company, 100)

    def test_a_company_may_have_a_sequence_of_its_own(self):
        self.sequence.copy({"company_id": self.company.id, "prefix": "X-"})
        own = self._new_customer("Own", o2c_customer_type="agent", company_id=self.company.id)
        self.assertTrue(own.ref.startswith("X-"))
        other_company = self.env["res.company"].create({"name": "Elsewhere"})
        other = self._new_customer(
            "Other", o2c_customer_type="agent", company_id=other_company.id
        )
        self.assertFalse(other.ref.startswith("X-"))

    def test_a_branch_numbers_by_the_sequence_of_its_company(self):
        self.sequence.copy({"company_id": self.company.id, "prefix": "X-"})
        branch = self.env["res.company"].create({
            "name": "Branch", "parent_id": self.company.id,
        })
        partner = self._new_customer("Local", o2c_customer_type="agent", company_id=branch.id)
        self.assertTrue(partner.ref.startswith("X-"))

    def test_an_archived_sequence_numbers_nobody(self):
        self.sequence.active = False
        self.assertFalse(self._new_customer("By hand", o2c_customer_type="agent").ref)

    def test_a_copy_gets_a_number_of_its_own(self):
        self.customer.o2c_customer_type = "end_user"
        copy = self.customer.copy()
        self.assertTrue(copy.ref)
        self.assertNotEqual(copy.ref, self.customer.ref)
        self.assertEqual(copy.o2c_customer_type, "end_user")

    def test_the_copy_of_a_vendor_is_as_before(self):
        vendor = self._new_customer("Vendor", ref="V1")
        self.assertEqual(vendor.copy().ref, "V1")

    def test_two_customers_cannot_have_the_same_number(self):
        self.customer.write({"ref": "N1", "o2c_customer_type": "agent"})
        self.other_customer.o2c_customer_type = "agent"
        with self.assertRaisesRegex(ValidationError, "N1.*Harbour Supplies"):
            self.other_customer.ref = "N1"

    def test_two_customers_of_one_batch_cannot_have_the_same_number(self):
        with self.assertRaisesRegex(ValidationError, "N1"):
            self.env["res.partner"].create([
                {"name": name, "ref": "N1", "o2c_customer_type": "agent"} for name in "AB"
            ])

    def test_archived_customers_keep_their_number(self):
        self.customer.write({"ref": "N1", "o2c_customer_type": "agent", "active": False})
        with self.assertRaises(ValidationError):
            self._new_customer("New", ref="N1", o2c_customer_type="agent")

    def test_setting_the_type_checks_the_number(self):
        self.customer.write({"ref": "N1", "o2c_customer_type": "agent"})
        self.other_customer.ref = "N1"
        with self.assertRaises(ValidationError):
            self.other_customer.o2c_customer_type = "agent"

    def test_numbers_may_be_exchanged(self):
        self.customer.write({"ref": "N1", "o2c_customer_type": "agent"})
        self.other_customer.write({"ref": "N2", "o2c_customer_type": "agent"})
        self.customer.ref = False
        self.other_customer.ref = "N1"
        self.customer.ref = "N2"
        self.env.flush_all()

    def test_companies_apart_may_use_the_same_number(self):
        other_company = self.env["res.company"].create({"name": "Elsewhere"})
        values = {"ref": "N1", "o2c_customer_type": "agent"}
        self._new_customer("Here", company_id=self.company.id, **values)
        self._new_customer("There", company_id=other_company.id, **values)
        self.env.flush_all()
        with self.assertRaises(ValidationError):
            self._new_customer("Everywhere", **values)

    def test_a_branch_and_its_company_share_numbers(self):
        branch = self.env["res.company"].create({
            "name": "Branch", "parent_id": self.company.id,
        })
        values = {"ref": "N1", "o2c_customer_type": "agent"}
        self._new_customer("Main", company_id=self.company.id, **values)
        with self.assertRaises(ValidationError):
            self._new_customer("Branch", company_id=branch.id, **values)

    def test_the_database_refuses_what_two_transactions_do_at_once(self):
        self.customer.write({"ref": "N1", "o2c_customer_type": "agent"})
        self.other_customer.write({"ref": "N2", "o2c_customer_type": "agent"})
        self.env.flush_all()
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            self.env.cr.execute(
                "UPDATE res_partner SET ref = 'N1' WHERE id = %s", [self.other_customer.id]
            )

    def test_a_new_company_for_a_customer_takes_over_number_and_profile(self):
        customer_class = self.env.ref("order_to_cash.customer_class_a")
        person = self.env["res.partner"].create({
            "name": "Ann",
            "company_name": "Ann Ltd",
            "o2c_customer_type": "end_user",
            "o2c_class_id": customer_class.id,
        })
        number = person.ref
        person.create_company()
        company = person.parent_id
        self.assertEqual(company.ref, number)
        self.assertEqual(company.o2c_class_id, customer_class)
        self.assertFalse(person.ref)
        self.assertEqual(person.o2c_customer_type, "end_user")

    def test_a_contact_that_leaves_its_company_becomes_a_customer_of_its_own(self):
        self.customer.o2c_customer_type = "end_user"
        contact = self.env["res.partner"].create({"name": "Ann", "parent_id": self.customer.id})
        contact.parent_id = False
        self.assertTrue(contact.ref)
        self.assertNotEqual(contact.ref, self.customer.ref)


@tagged("post_install", "-at_install")
class TestCustomerProfile(O2cCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.class_a = cls.env.ref("order_to_cash.customer_class_a")
        cls.class_b = cls.env.ref("order_to_cash.customer_class_b")
        cls.source = cls.env["utm.source"].create({"name": "Trade fair"})
        cls.team = cls.env["crm.team"].create({"name": "Key accounts"})
        cls.contact = cls.env["res.partner"].create({
            "name": "Ann", "parent_id": cls.customer.id,
        })
        cls.payer = cls._new_customer("Holding")

    def _profile(self):
        return {
            "o2c_customer_type": "distributor",
            "o2c_class_id": self.class_a.id,
            "o2c_payer_id": self.payer.id,
            "o2c_source_id": self.source.id,
            "o2c_team_id": self.team.id,
        }

    def _assert_profile(self, partner, customer):
        for name in self._profile():
            self.assertEqual(partner[name], customer[name], name)

    def test_the_shipped_classes(self):
        self.assertTrue(self.class_a.is_key_account)
        self.assertFalse(self.class_b.is_key_account)
        self.customer.o2c_class_id = self.class_a
        self.assertTrue(self.customer.o2c_is_key_account)
        self.assertEqual(self.class_a.customer_count, 1)

    def test_contacts_have_the_profile_of_their_customer(self):
        self.customer.write(self._profile())
        self._assert_profile(self.contact, self.customer)
        new_contact = self.env["res.partner"].create({
            "name": "Bob", "parent_id": self.contact.id,
        })
        self._assert_profile(new_contact, self.customer)

    def test_archived_contacts_have_it_too(self):
        self.contact.active = False
        self.customer.write(self._profile())
        self._assert_profile(self.contact, self.customer)

    def test_a_subsidiary_has_a_profile_of_its_own(self):
        subsidiary = self._new_customer("Subsidiary", parent_id=self.customer.id)
        self.customer.write(self._profile())
        self.assertFalse(subsidiary.o2c_class_id)
        self.assertFalse(subsidiary.o2c_payer_id)

    def test_a_moved_contact_leaves_class_and_payer_behind(self):
        self.customer.write(self._profile())
        self.other_customer.o2c_customer_type = "agent"
        self.contact.parent_id = self.other_customer
        self._assert_profile(self.contact, self.other_customer)
        self.assertFalse(self.contact.o2c_payer_id)

    def test_a_branch_office_that_is_no_company_any_more_joins_its_parent(self):
        subsidiary = self._new_customer(
            "Subsidiary", parent_id=self.customer.id, o2c_class_id=self.class_b.id
        )
        self.customer.write(self._profile())
        subsidiary.is_company = False
        self._assert_profile(subsidiary, self.customer)

    def test_nobody_pays_for_himself(self):
        with self.assertRaises(ValidationError):
            self.customer.o2c_payer_id = self.customer

    def test_a_contact_pays_for_nobody(self):
        with self.assertRaisesRegex(ValidationError, "Harbour Supplies"):
            self.other_customer.o2c_payer_id = self.contact

    def test_a_payer_has_no_payer(self):
        self.customer.o2c_payer_id = self.payer
        with self.assertRaisesRegex(ValidationError, "Holding"):
            self.other_customer.o2c_payer_id = self.customer
        with self.assertRaises(ValidationError):
            self.payer.o2c_payer_id = self.other_customer

    def test_the_payer_must_be_of_the_same_company(self):
        other_company = self.env["res.company"].create({"name": "Elsewhere"})
        payer = self._new_customer("Theirs", company_id=other_company.id)
        with self.assertRaisesRegex(ValidationError, "Elsewhere"):
            self.customer.o2c_payer_id = payer
        self.customer.company_id = other_company
        self.customer.o2c_payer_id = payer
        with self.assertRaisesRegex(ValidationError, "Elsewhere"):
            self.customer.company_id = self.company

    def test_a_payer_cannot_leave_the_company_of_those_it_pays_for(self):
        self.customer.o2c_payer_id = self.payer
        with self.assertRaises(ValidationError):
            self.payer.company_id = self.company

    def test_a_shared_payer_pays_in_any_company(self):
        self.customer.company_id = self.company
        self.customer.o2c_payer_id = self.payer
        self.assertEqual(self.payer.o2c_payee_count, 1)
        action = self.payer.action_o2c_view_payees()
        self.assertEqual(self.env["res.partner"].search(action["domain"]), self.customer)

    def test_a_payer_that_joins_a_company_hands_its_customers_up(self):
        person = self.env["res.partner"].create({"name": "Patron"})
        self.customer.o2c_payer_id = person
        person.parent_id = self.payer
        self.assertEqual(self.customer.o2c_payer_id, self.payer)
        person.parent_id = False
        self.other_customer.o2c_payer_id = person
        person.parent_id = self.other_customer
        self.assertFalse(self.other_customer.o2c_payer_id)

    def test_class_region_and_team_of_another_company_are_refused(self):
        other_company = self.env["res.company"].create({"name": "Elsewhere"})
        self.customer.company_id = self.company
        team = self.env["crm.team"].create({"name": "Theirs", "company_id": other_company.id})
        with self.assertRaisesRegex(ValidationError, "Theirs.*Elsewhere"):
            self.customer.o2c_team_id = team

    def test_the_customers_of_a_class_open_from_it(self):
        self.customer.o2c_class_id = self.class_a
        action = self.class_a.action_view_customers()
        self.assertEqual(self.env["res.partner"].search(action["domain"]), self.customer)

    def test_quotations_get_the_team_of_the_customer(self):
        own_team = self.env["crm.team"].create({
            "name": "Sally's", "member_ids": [Command.set(self.salesperson.ids)],
        })
        self.assertEqual(self._new_order().team_id, own_team)
        self.customer.o2c_team_id = self.team
        self.assertEqual(self._new_order(self.contact).team_id, self.team)
        with Form(self.env["sale.order"]) as form:
            form.partner_id = self.customer
            self.assertEqual(form.team_id, self.team)

    def test_a_team_of_another_company_or_archived_is_not_taken(self):
        other_company = self.env["res.company"].create({"name": "Elsewhere"})
        own_team = self.env["crm.team"].create({
            "name": "Sally's", "member_ids": [Command.set(self.salesperson.ids)],
        })
        self.customer.o2c_team_id = self.env["crm.team"].create({
            "name": "Theirs", "company_id": other_company.id,
        })
        self.assertEqual(self._new_order().team_id, own_team)
        self.customer.o2c_team_id = self.team
        self.team.active = False
        self.assertEqual(self._new_order().team_id, own_team)

    def test_a_team_given_by_the_user_stays(self):
        own_team = self.env["crm.team"].create({"name": "Chosen"})
        self.customer.o2c_team_id = self.team
        self.assertEqual(self._new_order(team_id=own_team.id).team_id, own_team)

    def test_search_and_group(self):
        self.customer.write(self._profile())
        Partner = self.env["res.partner"]
        for domain in (
            [("o2c_customer_type", "=", "distributor")],
            [("o2c_class_id", "=", self.class_a.id)],
            [("o2c_class_id.is_key_account", "=", True)],
            [("o2c_payer_id", "=", self.payer.id)],
            [("o2c_source_id", "=", self.source.id)],
            [("o2c_team_id", "=", self.team.id)],
        ):
            self.assertEqual(Partner.search(domain), self.customer | self.contact)
        groups = Partner._read_group(
            [("id", "in", self.customer.ids)],
            ["o2c_customer_type", "o2c_class_id", "o2c_payer_id", "o2c_source_id", "o2c_team_id"],
            ["__count"],
        )
        self.assertEqual(
            groups, [("distributor", self.class_a, self.payer, self.source, self.team, 1)]
        )

    def test_profiles_of_many_customers_in_a_fixed_number_of_statements(self):
        def create(count):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            partners = self.env["res.partner"].create([
                {"name": f"C{i}", "o2c_customer_type": "agent", "is_company": True}
                for i in range(count)
            ])
            self.env.flush_all()
            self.assertEqual(len(set(partners.mapped("ref"))), count)
            return self.cr.sql_log_count - before

        create(1)
        few, many = create(5), create(80)
        self.assertLessEqual(many, few + 5)


@tagged("post_install", "-at_install")
class TestCustomerMerge(O2cCommon):
    def _merge(self, *partners):
        """Merge into the last."""
        self.env["base.partner.merge.automatic.wizard"]._merge(
            [partner.id for partner in partners], partners[-1]
        )
        self.env.invalidate_all()

    def test_the_kept_customer_keeps_its_number_and_profile(self):
        self.customer.write({"ref": "N1", "o2c_customer_type": "agent"})
        self.other_customer.write({"ref": "N2", "o2c_customer_type": "end_user"})
        self._merge(self.other_customer, self.customer)
        self.assertEqual(self.customer.ref, "N1")
        self.assertEqual(self.customer.o2c_customer_type, "agent")

    def test_what_it_has_not_it_takes_from_the_other(self):
        self.other_customer.write({
            "ref": "N2",
            "o2c_customer_type": "end_user",
            "o2c_class_id": self.env.ref("order_to_cash.customer_class_a").id,
        })
        self._merge(self.other_customer, self.customer)
        self.assertEqual(self.customer.ref, "N2")
        self.assertEqual(self.customer.o2c_class_id.code, "A")

    def test_contacts_get_the_profile_of_the_merged_customer(self):
        contact = self.env["res.partner"].create({
            "name": "Ann", "parent_id": self.other_customer.id,
        })
        archived = contact.copy({"active": False})
        self.other_customer.o2c_class_id = self.env.ref("order_to_cash.customer_class_b")
        self.customer.o2c_class_id = self.env.ref("order_to_cash.customer_class_a")
        self._merge(self.other_customer, self.customer)
        self.assertEqual(contact.commercial_partner_id, self.customer)
        self.assertEqual((contact | archived).o2c_class_id.code, "A")

    def test_those_paid_for_are_paid_for_by_the_merged_customer(self):
        payee = self._new_customer("Payee", o2c_payer_id=self.other_customer.id)
        self._merge(self.other_customer, self.customer)
        self.assertEqual(payee.o2c_payer_id, self.customer)

    def test_a_customer_merged_with_its_payer_pays_for_itself(self):
        self.customer.o2c_payer_id = self.other_customer
        self._merge(self.other_customer, self.customer)
        self.assertFalse(self.customer.o2c_payer_id)

    def test_a_payer_merged_with_one_it_pays_for_pays_for_itself(self):
        payee = self._new_customer("Payee", o2c_payer_id=self.customer.id)
        self._merge(payee, self.customer)
        self.assertFalse(self.customer.o2c_payer_id)

    def test_a_chain_that_merging_would_make_is_shortened(self):
        last = self._new_customer("Last")
        self.customer.o2c_payer_id = last
        payee = self._new_customer("Payee", o2c_payer_id=self.other_customer.id)
        self._merge(self.other_customer, self.customer)
        self.assertEqual(self.customer.o2c_payer_id, last)
        self.assertEqual(payee.o2c_payer_id, last)
