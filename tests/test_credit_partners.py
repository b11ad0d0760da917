from odoo.tests import tagged

from .common import O2cCommon


@tagged("post_install", "-at_install")
class TestCreditOfMovedPartners(O2cCommon):
    """Merged customers, moved contacts: figures and limits follow."""

    def _account(self, partner):
        return self.env["o2c.credit.account"]._get_or_create(partner, self.company)

    def _accounts(self, *partners):
        partners = self.env["res.partner"].union(*partners)
        return self.env["o2c.credit.account"].search([("partner_id", "in", partners.ids)])

    def _exposure(self, partner):
        found = self.env["o2c.credit.account"]._get_exposure(partner, self.company)
        return found[partner.id].exposure

    def _merge(self, source, into):
        self.env["base.partner.merge.automatic.wizard"]._merge((source | into).ids, into)

    def _business(self, partner):
        self._new_invoice(partner, amount=100.0)
        self._new_order(partner, amount=30.0).action_confirm()

    def test_merged_customers_owe_together(self):
        self._business(self.customer)
        self._business(self.other_customer)
        self._account(self.customer).credit_limit = 500.0
        kept = self._account(self.other_customer)
        kept.credit_limit = 300.0
        self._merge(self.customer, self.other_customer)
        self.assertEqual(self._exposure(self.other_customer), 260.0)
        self.assertEqual(self._accounts(self.other_customer), kept)
        self.assertEqual(kept.credit_limit, 300.0, "his own limit")
        self.assertEqual(kept.exposure, 260.0)
        self.assertIn("500", kept.message_ids[0].body)

    def test_the_limit_of_the_merged_one_is_taken_over_where_there_is_none(self):
        rating = self.env["o2c.credit.rating"].create({"name": "Test", "code": "T"})
        self._account(self.customer).write({"credit_limit": 0.0, "rating_id": rating.id})
        kept = self._account(self.other_customer)
        self._merge(self.customer, self.other_customer)
        self.assertRecordValues(kept, [
            {"effective_mode": "amount", "effective_limit": 0.0, "rating_id": rating.id},
        ])

    def test_an_account_of_the_merged_one_only_moves(self):
        self._account(self.customer).credit_limit = 500.0
        self._merge(self.customer, self.other_customer)
        account = self._accounts(self.other_customer)
        self.assertEqual(account.effective_limit, 500.0)
        self.assertEqual(self.other_customer.credit_limit, 500.0)

    def test_a_limit_of_odoo_of_the_kept_one_stays(self):
        self._account(self.customer).credit_limit = 500.0
        self.other_customer.credit_limit = 200.0
        self._merge(self.customer, self.other_customer)
        self.assertEqual(self._account(self.other_customer).effective_limit, 200.0)
        self.assertEqual(self.other_customer.credit_limit, 200.0)

    def test_accounts_in_two_companies_are_merged_each_in_its_own(self):
        other = self._new_company()
        Account = self.env["o2c.credit.account"]
        self._account(self.customer).credit_limit = 500.0
        Account._get_or_create(self.customer, other).credit_limit = 70.0
        self._account(self.other_customer).credit_limit = 300.0
        self._merge(self.customer, self.other_customer)
        limits = {
            account.company_id: account.effective_limit
            for account in self._accounts(self.other_customer)
        }
        self.assertEqual(limits, {self.company: 300.0, other: 70.0})

    def test_a_customer_that_becomes_a_contact_gives_its_account_to_its_company(self):
        self._business(self.customer)
        self._account(self.customer).credit_limit = 500.0
        self.customer.write({"is_company": False, "parent_id": self.other_customer.id})
        account = self._accounts(self.customer, self.other_customer)
        self.assertEqual(account.partner_id, self.other_customer)
        self.assertEqual(account.effective_limit, 500.0)
        self.assertEqual(account.exposure, 130.0)
        self.assertEqual(self.customer.credit_limit, 500.0)

    def test_a_company_that_has_a_limit_keeps_it_when_a_customer_joins(self):
        self._account(self.customer).credit_limit = 500.0
        self._account(self.other_customer).limit_mode = "unlimited"
        self.customer.write({"is_company": False, "parent_id": self.other_customer.id})
        account = self._accounts(self.customer, self.other_customer)
        self.assertEqual(account.partner_id, self.other_customer)
        self.assertEqual(account.effective_mode, "unlimited")

    def test_a_contact_that_becomes_a_customer_takes_its_open_orders_along(self):
        contact = self.env["res.partner"].create({
            "name": "Buyer",
            "parent_id": self.customer.id,
        })
        self._business(contact)
        self.assertEqual(self._exposure(self.customer), 130.0)
        contact.parent_id = False
        # The invoice was made out to the company, which owes it.
        self.assertEqual(self._exposure(self.customer), 100.0)
        self.assertEqual(self._exposure(contact), 30.0)

    def test_branches_share_one_account(self):
        branch = self.env["res.company"].create({"name": "B", "parent_id": self.company.id})
        self.env.user.company_ids |= branch
        self._new_order(amount=30.0, company_id=branch.id).action_confirm()
        account = self.env["o2c.credit.account"]._get_or_create(self.customer, branch)
        account.credit_limit = 100.0
        self.assertEqual(account, self._account(self.customer))
        self.assertEqual((account.exposure, account.available_credit), (30.0, 70.0))
