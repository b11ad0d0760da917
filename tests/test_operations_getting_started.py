from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import O2cCommon


@tagged("post_install", "-at_install")
class TestGettingStarted(O2cCommon):
    def _card(self, domain, user=None):
        Card = self.env["o2c.getting.started"].with_user(user or self.o2c_manager)
        action = Card.action_open()
        return Card.search(action["domain"]).filtered(lambda card: card.domain == domain)

    def test_two_administrators_who_switch_on_at_once_do_not_switch_off(self):
        self.company.o2c_use_credit = False
        first, second = self._card("credit"), self._card("credit")
        first.action_switch_on()
        second.action_switch_on()
        self.assertTrue(self.company.o2c_use_credit)
        first.action_switch_off()
        self.assertFalse(self.company.o2c_use_credit)

    def test_every_card_says_what_it_would_do(self):
        for domain, __ in self.env["o2c.getting.started"]._fields["domain"].selection:
            with self.subTest(domain=domain):
                self.assertTrue(self._card(domain).preview)

    def test_only_an_administrator_of_the_company_switches(self):
        with self.assertRaises(AccessError):
            self._card("credit", self.credit_manager)
        other = self.env["res.company"].create({"name": "Other"})
        card = self.env["o2c.getting.started"].with_user(self.o2c_manager).create({
            "domain": "credit",
            "company_id": other.id,
        })
        with self.assertRaises(AccessError):
            card.action_switch_on()
        self.assertFalse(other.o2c_use_credit)

    def test_the_card_of_allocation_counts_what_waits(self):
        self.company.o2c_use_allocation = False
        self.assertIn("0 deliveries of 0 products", self._card("allocation").preview)
        self._new_order(product=self.goods).action_confirm()
        self.assertIn("1 deliveries of 1 products", self._card("allocation").preview)
        self._card("allocation").action_switch_on()
        self.assertTrue(self.company.o2c_use_allocation)

    def test_the_card_of_plans_counts_who_sold_to_whom(self):
        self.assertIn("0 salespeople sold to 0 customers", self._card("plan").preview)
        self._new_invoice(date=self.company._o2c_today())
        self.assertIn("1 salespeople sold to 1 customers", self._card("plan").preview)
