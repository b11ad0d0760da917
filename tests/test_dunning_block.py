from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .test_dunning_run import DunningCommon


@tagged("post_install", "-at_install")
class TestDunningBlock(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._new_invoice(amount=100)
        cls.other_invoice = cls._new_invoice(amount=50)

    def _block(self, **values):
        return self.env["o2c.dunning.block"].create({"reason": "Goodwill", **values})

    def test_a_customer_is_left_alone_until_the_day(self):
        self._block(partner_id=self.customer.id, date_to="2025-03-31")
        self.assertFalse(self._propose("2025-03-31").notice_ids)
        self.assertEqual(self._propose("2025-04-01").notice_ids.total_overdue, 150)

    def test_one_invoice_is_blocked_and_listed(self):
        self._block(invoice_id=self.invoice.id)
        notice = self._propose().notice_ids
        self.assertEqual(notice.line_ids.move_id, self.other_invoice)
        self.assertRecordValues(notice, [{
            "total_overdue": 50, "total_open": 50, "total_stopped": 100,
        }])
        self.assertRecordValues(notice.item_ids, [{
            "move_id": self.invoice.id, "kind": "blocked", "amount": 100,
        }])
        content, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "order_to_cash.report_dunning_notice", notice.ids
        )
        self.assertIn("Blocked", content.decode())
        self.assertIn(self.invoice.name, content.decode())

    def test_core_marks_are_listed_too(self):
        self.invoice.no_followup = True
        more = self._new_invoice(amount=30)
        more.action_toggle_block_payment()
        notice = self._propose().notice_ids
        self.assertEqual(notice.total_overdue, 50)
        self.assertEqual(
            {item.move_id: item.kind for item in notice.item_ids},
            {self.invoice: "excluded", more: "blocked"},
        )

    def test_a_block_begins_and_is_lifted(self):
        block = self._block(
            partner_id=self.customer.id, date_from="2025-03-01", date_to="2999-12-31"
        )
        self.assertTrue(block.is_active)
        self.assertTrue(self._propose("2025-02-28").notice_ids)
        self.assertFalse(self._propose("2025-03-01").notice_ids)
        block.action_lift()
        self.assertFalse(block.is_active)
        self.assertEqual(block.lifted_by_id, self.env.user)
        self.assertFalse(self._propose("2025-03-01").notice_ids, "a past run is as it was")
        self.assertTrue(self._propose(block.lifted_on).notice_ids)

    def test_blocks_in_force_are_found(self):
        Block = self.env["o2c.dunning.block"]
        ended = self._block(partner_id=self.customer.id, date_to="2025-01-31")
        endless = self._block(invoice_id=self.invoice.id)
        self.assertEqual(Block.search([("is_active", "=", True)]), endless)
        self.assertEqual(Block.search([("is_active", "=", False)]), ended)
        self.assertEqual(
            Block.search([("customer_id", "=", self.customer.id)]), ended | endless
        )

    def test_a_contact_is_blocked_through_his_company(self):
        contact = self.env["res.partner"].create({
            "name": "Ada", "parent_id": self.customer.id,
        })
        block = self._block(partner_id=contact.id)
        self.assertEqual(block.partner_id, self.customer)
        self.assertFalse(self._propose().notice_ids)

    def test_the_customer_whose_payer_is_reminded(self):
        self.other_customer.o2c_payer_id = self.customer
        self._new_invoice(self.other_customer, 80)
        self._block(partner_id=self.other_customer.id)
        notice = self._propose().notice_ids
        self.assertEqual((notice.total_overdue, notice.total_stopped), (150, 80))

    def test_either_a_customer_or_an_invoice(self):
        refund = self._new_invoice(amount=-10)
        for values in (
            {},
            {"partner_id": self.customer.id, "invoice_id": self.invoice.id},
            {"invoice_id": refund.id},
        ):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                self._block(**values)

    def test_salespeople_see_blocks_and_place_none(self):
        self.customer.user_id = self.salesperson
        block = self._block(partner_id=self.customer.id)
        foreign = self._block(partner_id=self.other_customer.id)
        Block = self.env["o2c.dunning.block"].with_user(self.salesperson)
        self.assertEqual(Block.search([]), block)
        with self.assertRaises(AccessError):
            foreign.with_user(self.salesperson).read(["reason"])
        for attempt in (
            lambda: Block.create({"partner_id": self.customer.id, "reason": "My friend"}),
            lambda: block.with_user(self.salesperson).write({"date_to": "2999-01-01"}),
            lambda: block.with_user(self.salesperson).action_lift(),
        ):
            with self.assertRaises(AccessError), self.cr.savepoint():
                attempt()
        mine = self.env["o2c.dunning.block"].with_user(self.collector).create({
            "partner_id": self.other_customer.id, "reason": "Talks about a new contract",
        })
        mine.action_lift()
        self.assertFalse(mine.is_active)

    def test_companies_and_branches(self):
        other = self._new_company()
        other.o2c_use_dunning = True
        stranger = self._new_user("steve", "order_to_cash.group_collector", company=other)
        block = self._block(partner_id=self.customer.id, company_id=other.id)
        self.assertEqual(self._propose().notice_ids.total_overdue, 150)
        self.assertEqual(self.env["o2c.dunning.block"].with_user(stranger).search([]), block)
        block = self._block(partner_id=self.customer.id)
        self.assertNotIn(block, self.env["o2c.dunning.block"].with_user(stranger).search([]))
        branch = self.env["res.company"].create({
            "name": "Branch", "parent_id": self.company.id,
        })
        self.cr.precommit.run()
        self.env.user.company_ids += branch
        move = self.env["account.move"].with_company(branch).create({
            "move_type": "out_invoice",
            "partner_id": self.customer.id,
            "invoice_date": "2025-01-01",
            "invoice_date_due": "2025-01-01",
            "invoice_line_ids": [
                Command.create({"name": "Goods", "price_unit": 30, "tax_ids": []})
            ],
        })
        move.action_post()
        self.assertFalse(self._propose().notice_ids, "the block of a company counts in branches")
        block.company_id = branch
        self.assertEqual(self._propose().notice_ids.total_overdue, 150)

    def test_the_number_of_statements_does_not_grow(self):
        def measure(count):
            partners = self.env["res.partner"].create([
                {"name": f"Customer {number}", "is_company": True} for number in range(count)
            ])
            invoices = self._new_invoices(partners, [100] * count)
            self.env["o2c.dunning.block"].create([
                {"invoice_id": invoice.id, "reason": "x"} for invoice in invoices[::4]
            ])
            self.env["o2c.payment.dispute"].create([
                {"invoice_id": invoice.id, "reason": "x", "amount": 30}
                for invoice in invoices[1::4]
            ])
            self.env["o2c.payment.promise"].create([
                {"partner_id": partner.id, "amount": 40, "date": "2999-01-01"}
                for partner in partners[2::4]
            ])
            run = self._new_run(partner_ids=partners.ids)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            run.action_propose()
            self.env.flush_all()
            self.assertEqual(len(run.notice_ids), count - len(invoices[::4]))
            return self.cr.sql_log_count - before

        measure(4)  # warms the caches
        few, many = measure(8), measure(60)
        self.assertLessEqual(many, few + 5, f"{few} to {many}")
