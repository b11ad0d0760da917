from psycopg2 import IntegrityError

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.order_to_cash.tests.common import O2cCommon


class RegionCase(O2cCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.us = cls.env.ref("base.us")
        cls.be = cls.env.ref("base.be")
        cls.california = cls.env.ref("base.state_us_5")
        cls.new_york = cls.env.ref("base.state_us_27")
        cls.team = cls.env["crm.team"].create({"name": "America"})
        cls.america = cls._new_region(
            "America",
            country_ids=[Command.set(cls.us.ids)],
            user_id=cls.salesperson.id,
            team_id=cls.team.id,
        )
        cls.west = cls._new_region(
            "West",
            parent_id=cls.america.id,
            state_ids=[Command.set(cls.california.ids)],
            user_id=cls.other_salesperson.id,
        )
        cls.europe = cls._new_region("Europe", country_ids=[Command.set(cls.be.ids)])

    @classmethod
    def _new_region(cls, name, **values):
        return cls.env["o2c.sales.region"].create({"name": name, **values})

    @classmethod
    def _new_address(cls, parent, **values):
        return cls.env["res.partner"].create({
            "name": "Warehouse", "parent_id": parent.id, "type": "delivery", **values,
        })


@tagged("post_install", "-at_install")
class TestRegionTree(RegionCase):
    def test_the_full_name_follows_the_tree(self):
        self.assertEqual(self.west.complete_name, "America / West")
        self.america.name = "USA"
        self.assertEqual(self.west.complete_name, "USA / West")
        self.assertIn(self.west, self.env["o2c.sales.region"].search([
            ("id", "child_of", self.america.id),
        ]))

    def test_no_region_lies_in_itself(self):
        with self.assertRaises(ValidationError):
            self.america.parent_id = self.west

    def test_a_region_with_customers_is_not_deleted(self):
        self.customer.o2c_region_id = self.europe
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            self.europe.unlink()

    def test_customers_are_counted_with_those_of_sub_regions(self):
        self.customer.o2c_region_id = self.west
        self.other_customer.o2c_region_id = self.america
        self._new_address(self.customer)
        self.assertEqual(self.america.customer_count, 2)
        self.assertEqual(self.west.customer_count, 1)
        found = self.env["res.partner"].search(self.america.action_view_customers()["domain"])
        self.assertEqual(found, self.customer | self.other_customer)

    def test_customers_are_searched_by_region_and_its_sub_regions(self):
        self.customer.o2c_region_id = self.west
        found = self.env["res.partner"].search([("o2c_region_id", "child_of", self.america.id)])
        self.assertEqual(found, self.customer)


@tagged("post_install", "-at_install")
class TestNewCustomer(RegionCase):
    def test_region_salesperson_and_team_by_state(self):
        customer = self._new_customer(
            "Surf Shop",
            o2c_customer_type="end_user",
            country_id=self.us.id,
            state_id=self.california.id,
        )
        self.assertEqual(customer.o2c_region_id, self.west)
        self.assertEqual(customer.user_id, self.other_salesperson)
        # The region has no team of its own: the one above has.
        self.assertEqual(customer.o2c_team_id, self.team)

    def test_by_country_where_no_region_names_the_state(self):
        customer = self._new_customer(
            "Bagels", customer_rank=1, country_id=self.us.id, state_id=self.new_york.id
        )
        self.assertEqual(customer.o2c_region_id, self.america)
        self.assertEqual(customer.user_id, self.salesperson)

    def test_a_country_of_which_states_are_named_is_not_covered_as_a_whole(self):
        self.west.country_ids = self.us
        customer = self._new_customer(
            "Bagels", customer_rank=1, country_id=self.us.id, state_id=self.new_york.id
        )
        self.assertEqual(customer.o2c_region_id, self.america)

    def test_what_is_given_stays(self):
        team = self.env["crm.team"].create({"name": "Given"})
        customer = self._new_customer(
            "Given",
            customer_rank=1,
            country_id=self.us.id,
            o2c_region_id=self.europe.id,
            user_id=self.credit_manager.id,
            o2c_team_id=team.id,
        )
        self.assertEqual(customer.o2c_region_id, self.europe)
        self.assertEqual(customer.user_id, self.credit_manager)
        self.assertEqual(customer.o2c_team_id, team)

    def test_a_given_region_gives_its_salesperson(self):
        customer = self._new_customer(
            "Given", customer_rank=1, country_id=self.be.id, o2c_region_id=self.west.id
        )
        self.assertEqual(customer.user_id, self.other_salesperson)

    def test_outside_all_regions_nothing_happens(self):
        customer = self._new_customer(
            "Far", customer_rank=1, country_id=self.env.ref("base.jp").id
        )
        self.assertFalse(customer.o2c_region_id)
        self.assertFalse(customer.user_id)

    def test_a_vendor_gets_no_region(self):
        vendor = self._new_customer("Vendor", supplier_rank=1, country_id=self.us.id)
        self.assertFalse(vendor.o2c_region_id)
        self.assertFalse(vendor.user_id)

    def test_a_prospect_gets_it_when_he_becomes_a_customer(self):
        prospect = self._new_customer("Prospect", country_id=self.us.id)
        self.assertFalse(prospect.o2c_region_id)
        self._new_order(prospect, user_id=False).action_confirm()
        self.assertEqual(prospect.o2c_region_id, self.america)
        self.assertEqual(prospect.user_id, self.salesperson)

    def test_an_existing_customer_keeps_having_none(self):
        old = self._new_customer("Old")
        old.customer_rank = 1
        old.country_id = self.us
        old.o2c_customer_type = "agent"
        self.assertFalse(old.o2c_region_id)
        self.assertTrue(old.ref)

    def test_archived_regions_and_salespeople_are_passed_over(self):
        self.other_salesperson.active = False
        customer = self._new_customer(
            "A", customer_rank=1, country_id=self.us.id, state_id=self.california.id
        )
        self.assertEqual(customer.o2c_region_id, self.west)
        self.assertEqual(customer.user_id, self.salesperson)
        self.west.active = False
        customer = self._new_customer(
            "B", customer_rank=1, country_id=self.us.id, state_id=self.california.id
        )
        self.assertEqual(customer.o2c_region_id, self.america)

    def test_regions_of_other_companies_are_passed_over(self):
        other_company = self.env["res.company"].create({"name": "Elsewhere"})
        self.west.write({"company_id": other_company.id, "user_id": False})
        values = {
            "customer_rank": 1, "country_id": self.us.id, "state_id": self.california.id,
        }
        self.assertEqual(self._new_customer("Shared", **values).o2c_region_id, self.america)
        other_company.o2c_use_credit = True
        theirs = self._new_customer("Theirs", company_id=other_company.id, **values)
        self.assertEqual(theirs.o2c_region_id, self.west)

    def test_a_branch_uses_the_regions_of_its_company(self):
        branch = self.env["res.company"].create({
            "name": "Branch", "parent_id": self.company.id,
        })
        self.west.company_id = self.company
        customer = self._new_customer(
            "Local",
            customer_rank=1,
            company_id=branch.id,
            country_id=self.us.id,
            state_id=self.california.id,
        )
        self.assertEqual(customer.o2c_region_id, self.west)

    def test_a_user_who_may_not_read_regions_creates_customers(self):
        clerk = self._new_user("clerk", "base.group_partner_manager")
        customer = self.env["res.partner"].with_user(clerk).create({
            "name": "New", "customer_rank": 1, "country_id": self.us.id,
        })
        self.assertEqual(customer.sudo().o2c_region_id, self.america)
        self.assertTrue(customer.sudo().ref)

    def test_nobody_is_mailed_about_new_customers(self):
        before = self.env["mail.mail"].sudo().search_count([])
        self._new_customer("New", customer_rank=1, country_id=self.us.id)
        self.env.flush_all()
        self.assertEqual(self.env["mail.mail"].sudo().search_count([]), before)


@tagged("post_install", "-at_install")
class TestCustomerForm(RegionCase):
    def _form(self):
        return Form(
            self.env["res.partner"].with_context(
                res_partner_search_mode="customer",
                default_is_company=True,
                default_customer_rank=1,
            )
        )

    def test_the_form_proposes_at_once_and_follows_the_address(self):
        form = self._form()
        form.name = "New"
        form.country_id = self.us
        self.assertEqual(form.o2c_region_id, self.america)
        self.assertEqual(form.user_id, self.salesperson)
        form.state_id = self.california
        self.assertEqual(form.o2c_region_id, self.west)
        self.assertEqual(form.user_id, self.other_salesperson)
        self.assertEqual(form.o2c_team_id, self.team)
        form.country_id = self.be
        self.assertEqual(form.o2c_region_id, self.europe)
        self.assertFalse(form.user_id)
        partner = form.save()
        self.assertEqual(partner.o2c_region_id, self.europe)
        self.assertTrue(partner.ref)

    def test_what_the_user_chose_stays(self):
        form = self._form()
        form.name = "New"
        form.user_id = self.credit_manager
        form.country_id = self.us
        form.o2c_region_id = self.europe
        form.state_id = self.california
        self.assertEqual(form.o2c_region_id, self.europe)
        self.assertEqual(form.user_id, self.credit_manager)

    def test_a_chosen_region_brings_its_salesperson(self):
        form = self._form()
        form.name = "New"
        form.o2c_region_id = self.west
        self.assertEqual(form.user_id, self.other_salesperson)

    def test_a_saved_customer_is_left_alone(self):
        self.customer.customer_rank = 1
        with Form(self.customer) as form:
            form.country_id = self.us
        self.assertFalse(self.customer.o2c_region_id)


@tagged("post_install", "-at_install")
class TestAddressRegion(RegionCase):
    def test_an_address_has_the_region_of_its_customer(self):
        self.customer.o2c_region_id = self.west
        self.assertEqual(self._new_address(self.customer).o2c_region_id, self.west)

    def test_or_one_of_its_own(self):
        self.customer.o2c_region_id = self.west
        address = self._new_address(self.customer, o2c_region_id=self.europe.id)
        self.assertEqual(address.o2c_region_id, self.europe)
        address.o2c_region_id = False
        self.assertEqual(address.o2c_region_id, self.west)

    def test_it_follows_its_customer_unless_it_has_its_own(self):
        following = self._new_address(self.customer)
        archived = self._new_address(self.customer, active=False)
        below = self._new_address(following)
        own = self._new_address(self.customer, o2c_region_id=self.europe.id)
        self.customer.o2c_region_id = self.west
        self.assertEqual((following | archived | below).o2c_region_id, self.west)
        self.customer.o2c_region_id = self.america
        self.assertEqual((following | archived | below).o2c_region_id, self.america)
        self.assertEqual(own.o2c_region_id, self.europe)
        self.customer.o2c_region_id = False
        self.assertFalse((following | archived | below).o2c_region_id)
        self.assertEqual(own.o2c_region_id, self.europe)

    def test_a_subsidiary_is_a_customer_of_its_own(self):
        subsidiary = self._new_customer("Subsidiary", parent_id=self.customer.id)
        self.customer.o2c_region_id = self.west
        self.assertFalse(subsidiary.o2c_region_id)

    def test_a_customer_saved_with_its_addresses(self):
        customer = self._new_customer(
            "New",
            customer_rank=1,
            country_id=self.us.id,
            child_ids=[
                Command.create({"name": "A", "type": "delivery"}),
                Command.create({
                    "name": "B", "type": "delivery", "o2c_region_id": self.europe.id,
                }),
            ],
        )
        by_name = {child.name: child.o2c_region_id for child in customer.child_ids}
        self.assertEqual(by_name, {"A": self.america, "B": self.europe})

    def test_a_contact_keeps_the_salesperson_it_has(self):
        customer = self._new_customer("New", customer_rank=1, country_id=self.us.id)
        contact = self._new_address(customer, user_id=self.credit_manager.id)
        self.assertEqual(contact.user_id, self.credit_manager)

    def test_an_address_moved_to_another_customer_follows_it(self):
        self.customer.o2c_region_id = self.west
        self.other_customer.o2c_region_id = self.europe
        following = self._new_address(self.customer)
        below = self._new_address(following)
        own = self._new_address(self.customer, o2c_region_id=self.america.id)
        (following | own).write({"parent_id": self.other_customer.id})
        self.assertEqual((following | below).o2c_region_id, self.europe)
        self.assertEqual(own.o2c_region_id, self.america)
        following.parent_id = False
        self.assertEqual(following.o2c_region_id, self.europe)

    def test_merging_keeps_addresses_with_their_customer(self):
        self.customer.o2c_region_id = self.west
        self.other_customer.o2c_region_id = self.europe
        following = self._new_address(self.other_customer)
        own = self._new_address(self.other_customer, o2c_region_id=self.america.id)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.customer | self.other_customer).ids, self.customer
        )
        self.env.invalidate_all()
        self.assertEqual(following.commercial_partner_id, self.customer)
        self.assertEqual(following.o2c_region_id, self.west)
        self.assertEqual(own.o2c_region_id, self.america)

    def test_many_customers_change_region_with_no_more_statements_than_any_change(self):
        customers = self.env["res.partner"].create([
            {
                "name": f"C{i}",
                "is_company": True,
                "child_ids": [Command.create({"name": "Warehouse", "type": "delivery"})],
            }
            for i in range(60)
        ])

        def count(values):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            customers.write(values)
            self.env.flush_all()
            return self.cr.sql_log_count - before

        # Core itself asks something for each customer with contacts, whatever is changed.
        plain = count({"color": 1})
        with_region = count({"o2c_region_id": self.west.id})
        self.assertEqual(customers.child_ids.o2c_region_id, self.west)
        self.assertLessEqual(with_region, plain + 6)


@tagged("post_install", "-at_install")
class TestHandover(RegionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.write({"o2c_region_id": cls.america.id, "user_id": cls.salesperson.id})
        cls.other_customer.write({"o2c_region_id": cls.west.id})
        cls.contact = cls._new_address(cls.customer, user_id=cls.salesperson.id)
        cls.other_contact = cls._new_address(cls.customer, user_id=cls.credit_manager.id)
        cls.new_user = cls._new_user("nora", "sales_team.group_sale_salesman")
        cls.new_team = cls.env["crm.team"].create({"name": "New team"})

    def _handover(self, **values):
        action = self.america.action_hand_over()
        return (
            self.env["o2c.region.handover"]
            .with_user(self.o2c_manager)
            .with_context(**action["context"])
            .create({"user_id": self.new_user.id, **values})
        )

    def test_a_portal_user_takes_over_no_region(self):
        portal = new_test_user(self.env, login="porta", groups="base.group_portal")
        with self.assertRaises(ValidationError):
            self._handover(user_id=portal.id).action_apply()
        self.assertEqual(self.america.user_id, self.salesperson)

    def test_changing_the_region_itself_concerns_new_customers_only(self):
        self.america.user_id = self.new_user
        self.assertEqual(self.customer.user_id, self.salesperson)
        new = self._new_customer("New", customer_rank=1, country_id=self.us.id)
        self.assertEqual(new.user_id, self.new_user)

    def test_all_customers(self):
        handover = self._handover(team_id=self.new_team.id)
        self.assertEqual(handover.customer_count, 1)
        handover.action_apply()
        self.assertEqual(self.america.user_id, self.new_user)
        self.assertEqual(self.america.team_id, self.new_team)
        self.assertEqual(self.customer.user_id, self.new_user)
        self.assertEqual(self.customer.o2c_team_id, self.new_team)
        self.assertEqual(self.contact.user_id, self.new_user)
        self.assertEqual(self.contact.o2c_team_id, self.new_team)
        self.assertEqual(self.other_contact.user_id, self.credit_manager)
        self.assertEqual(self.west.user_id, self.other_salesperson)
        self.assertFalse(self.other_customer.user_id)
        notes = self.america.message_ids.mapped("body")
        self.assertTrue(any("nora" in body and "moved: 1" in body for body in notes))

    def test_none(self):
        handover = self._handover(customers="none", move_quotations=True)
        order = self._new_order()
        self.assertEqual((handover.customer_count, handover.quotation_count), (0, 0))
        handover.action_apply()
        self.assertEqual(self.america.user_id, self.new_user)
        self.assertEqual(self.customer.user_id, self.salesperson)
        self.assertEqual(order.user_id, self.salesperson)

    def test_sub_regions(self):
        handover = self._handover(include_subregions=True)
        self.assertEqual(handover.subregion_count, 1)
        self.assertEqual(handover.customer_count, 2)
        handover.action_apply()
        self.assertEqual(self.west.user_id, self.new_user)
        self.assertEqual(self.other_customer.user_id, self.new_user)
        # It had no team of its own and goes on taking the one above.
        self.assertFalse(self.west.team_id)

    def test_archived_customers_move_too(self):
        self.customer.active = False
        self._handover().action_apply()
        self.assertEqual(self.customer.user_id, self.new_user)

    def test_open_quotations(self):
        quotation = self._new_order(self.contact)
        confirmed = self._new_order()
        confirmed.action_confirm()
        mails = self.env["mail.mail"].sudo().search_count([])
        handover = self._handover(team_id=self.new_team.id, move_quotations=True)
        self.assertEqual(handover.quotation_count, 1)
        handover.action_apply()
        self.assertEqual(quotation.user_id, self.new_user)
        self.assertEqual(quotation.team_id, self.new_team)
        self.assertEqual(confirmed.user_id, self.salesperson)
        self.assertEqual(self.env["mail.mail"].sudo().search_count([]), mails)

    def test_the_customers_that_move_can_be_looked_at(self):
        action = self._handover(include_subregions=True).action_view_customers()
        self.assertEqual(
            self.env["res.partner"].search(action["domain"]), self.customer | self.other_customer
        )
