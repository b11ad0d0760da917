from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import O2cCommon


@tagged("post_install", "-at_install")
class TestCreditTerms(O2cCommon):
    """Class, payer and limit of a customer are a credit manager's, by whatever way."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key, cls.risky = cls.env["o2c.customer.class"].create([
            {"name": "Key", "code": "KEY"}, {"name": "Risky", "code": "RISKY"},
        ])
        cls.seller = cls._new_user(
            "sylvia",
            "sales_team.group_sale_salesman,base.group_partner_manager,"
            "account.group_account_invoice",
        )
        cls.customer.o2c_class_id = cls.risky
        cls.generous = cls._new_customer("Generous")

    def _sold(self, partner):
        return partner.with_user(self.seller)

    def _assert_refused(self, function):
        with self.assertRaises(AccessError) as caught:
            function()
        self.assertIn("only a credit manager", str(caught.exception))

    def _contact(self, parent, **values):
        return self.env["res.partner"].with_user(self.seller).create({
            "name": "Contact", "parent_id": parent.id, **values,
        })

    def test_a_customer_is_not_washed_by_making_him_a_contact(self):
        shell = self.env["res.partner"].with_user(self.seller).create({
            "name": "Shell", "is_company": True,
        })
        self._assert_refused(
            lambda: self._sold(self.customer).write({"parent_id": shell.id, "is_company": False})
        )
        # Who has no terms to lose may become anybody's contact.
        plain = self._new_customer("Plain")
        self._sold(plain).write({"parent_id": self.customer.id, "is_company": False})
        self.assertEqual(plain.o2c_class_id, self.risky)

    def test_a_contact_gets_no_terms_of_its_own(self):
        contact = self._contact(self.customer)
        for values in (
            {"o2c_payer_id": self.generous.id},
            {"o2c_class_id": self.key.id},
            {"credit_limit": 1e6},
            {"parent_id": False, "o2c_class_id": self.key.id},
        ):
            self._assert_refused(lambda values=values: contact.write(values))
        self.assertEqual(
            self._contact(self.customer, o2c_class_id=self.key.id).o2c_class_id, self.risky
        )

    def test_a_contact_that_becomes_a_customer_starts_without_terms(self):
        self.other_customer.write({"o2c_class_id": self.key.id, "o2c_payer_id": self.generous.id})
        for change in ({"parent_id": False}, {"is_company": True}):
            contact = self._contact(self.other_customer)
            self.assertEqual(contact.o2c_class_id, self.key)
            contact.write(change)
            self.assertEqual(contact.commercial_partner_id, contact)
            self.assertFalse(contact.o2c_class_id or contact.o2c_payer_id)
        # A credit manager decides otherwise.
        manager = self._new_user(
            "clara", "order_to_cash.group_credit_manager,base.group_partner_manager"
        )
        contact = self._contact(self.other_customer)
        contact.with_user(manager).parent_id = False
        self.assertEqual(contact.o2c_class_id, self.key)

    def test_a_company_made_of_a_person_has_its_terms(self):
        person = self.env["res.partner"].create({
            "name": "Person", "company_name": "Person Ltd", "o2c_class_id": self.risky.id,
            "credit_limit": 70.0,
        })
        self._sold(person).create_company()
        company = person.parent_id
        self.assertEqual((company.o2c_class_id, company.credit_limit), (self.risky, 70.0))

    def test_copies_and_defaults_of_the_company_are_no_obstacle(self):
        self.assertFalse(self._sold(self.customer).copy().o2c_class_id)
        self.env["ir.default"].set("res.partner", "o2c_class_id", self.risky.id)
        Partner = self.env["res.partner"].with_user(self.seller)
        self.assertEqual(Partner.create({"name": "New"}).o2c_class_id, self.risky)
        # What a user has set for himself decides nothing.
        self.env["ir.default"].with_user(self.seller).set(
            "res.partner", "o2c_class_id", self.key.id, user_id=True
        )
        self._assert_refused(lambda: Partner.create({"name": "Newer"}))

    def test_the_companies_that_sell_to_the_customer_matter(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        user = self._new_user(
            "ella", "base.group_partner_manager,account.group_account_invoice", company=other
        )
        # Shared with a company that controls credit: its class counts there too.
        self._assert_refused(
            lambda: self.customer.with_user(user).write({"o2c_class_id": self.key.id})
        )
        self.customer.with_user(user).with_company(other).credit_limit = 5000.0
        local = self.env["res.partner"].create({"name": "Local", "company_id": other.id})
        local.with_user(user).o2c_class_id = self.key
        self.assertEqual(local.o2c_class_id, self.key)

    def test_a_rating_is_found_whatever_a_salesperson_has_read_before(self):
        rating = self.env["o2c.credit.rating"].search([], limit=1)
        account = self.env["o2c.credit.account"]._get_or_create(self.customer, self.company)
        account.rating_id = rating
        self.env["o2c.hold.rule"].search([]).action_archive()
        self.env["o2c.hold.rule"].create({
            "name": "Rated", "kind": "order_value", "effect": "hold_order",
            "rating_ids": rating.ids,
        })
        order = self._new_order()
        stranger = self._new_user("steve", "sales_team.group_sale_salesman")
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            self.customer.with_user(stranger).read(["o2c_credit_account_ids"])
        order.with_user(self.salesperson).action_confirm()
        self.assertEqual(order.o2c_hold_state, "held")
