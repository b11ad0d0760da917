from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionScreens(CommissionCommon):
    """What people see on orders, invoices and in the ledger, and what they do not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._new_plan({"rate": 10.0}, trigger="payment")
        cls.own = cls._new_agreement(plan=cls.plan, share=60)
        cls.others = cls._new_agreement(cls.agent, cls.plan, coverage="all", share=40)

    def _order(self, amount=1000.0, **values):
        return self._new_order(amount=amount, date_order="2025-03-01", **values)

    def test_totals_are_the_readers_own(self):
        order = self._order()
        order.action_confirm()
        mine = order.with_user(self.salesperson)
        self.assertEqual((mine.o2c_commission_expected, mine.o2c_commission_earned), (60.0, 0.0))
        self.assertEqual(mine.order_line.o2c_commission_expected, 60.0)
        self.assertEqual(mine.o2c_commission_visible_ids.payee_id, self.salesperson.partner_id)
        for user in (self.commission_manager, self.o2c_manager):
            self.assertEqual(order.with_user(user).o2c_commission_expected, 100.0)
        self.assertEqual(order.with_user(self.other_salesperson).sudo(False).o2c_commission_count, 0)
        invoice = order._create_invoices()
        invoice.invoice_date = "2025-03-02"
        invoice.action_post()
        self._pay(invoice, 500.0, "2025-03-10")
        self.env.invalidate_all()
        # The accountant's rights, the salesperson's own rows.
        seller = invoice.with_user(self.salesperson)
        self.assertEqual((seller.o2c_commission_expected, seller.o2c_commission_earned), (30.0, 30.0))
        [line] = seller.invoice_line_ids
        self.assertEqual((line.o2c_commission_expected, line.o2c_commission_earned), (30.0, 30.0))
        self.assertEqual((mine.o2c_commission_expected, mine.o2c_commission_earned), (30.0, 30.0))
        self.assertEqual(order.with_user(self.commission_manager).o2c_commission_earned, 50.0)

    def test_totals_of_many_documents_by_one_query(self):
        orders = self.env["sale.order"].union(*(self._order() for __ in range(5)))
        orders.action_confirm()
        self.env.flush_all()
        self.env.invalidate_all()
        orders.mapped("currency_id.rounding")
        with self.assertQueryCount(4):
            self.assertEqual(orders.mapped("o2c_commission_expected"), [100.0] * 5)

    def test_an_invoice_in_another_currency_than_its_order(self):
        order = self._order()
        order.action_confirm()
        invoice = order._create_invoices()
        other = self.setup_other_currency("EUR", rates=[("2025-01-01", 2.0)])
        invoice.write({"currency_id": other.id, "invoice_date": "2025-03-02"})
        invoice.invoice_line_ids.price_unit = 2000.0
        invoice.action_post()
        self.assertEqual(invoice.o2c_commission_expected, 200.0)
        self.assertEqual(order.o2c_commission_expected, 100.0)

    def test_no_rates_of_others_leak(self):
        order = self._order()
        estimate = order.with_user(self.salesperson)
        self.assertEqual(estimate.o2c_commission_estimate, 60.0)
        self.assertNotIn(self.agent.name, estimate.o2c_commission_estimate_lines)
        manager = order.with_user(self.commission_manager)
        self.assertEqual(manager.o2c_commission_estimate, 100.0)
        self.assertIn(self.agent.name, manager.o2c_commission_estimate_lines)
        order.action_confirm()
        self.env.invalidate_all()
        rows = self.env["o2c.commission.entry"].search([("order_id", "=", order.id)])
        foreign = rows.filtered(lambda row: row.payee_id == self.agent)
        self.assertTrue(foreign)
        with self.assertRaises(AccessError):
            foreign.with_user(self.salesperson).read(["amount", "rate"])
        with self.assertRaises(AccessError):
            foreign.with_user(self.salesperson).action_open_document()
        split = order.o2c_commission_split_ids.filtered(lambda row: row.payee_id == self.agent)
        with self.assertRaises(AccessError):
            split.with_user(self.salesperson).read(["share"])
        with self.assertRaises(AccessError):
            order.o2c_commission_split_ids[0].with_user(self.salesperson).write({"share": 90, "reason": "!"})
        portal = self._new_user("petra", "base.group_portal", group_ids=[
            Command.set(self.env.ref("base.group_portal").ids)
        ])
        for name in ("o2c_commission_expected", "o2c_commission_estimate", "o2c_commission_ids"):
            with self.assertRaises(AccessError):
                order.with_user(portal).read([name])

    def test_an_estimate_is_what_the_order_will_earn_and_writes_nothing(self):
        order = self._order(777.77)
        before = self.env["o2c.commission.entry"].search_count([])
        estimate = order.o2c_commission_estimate
        self.assertEqual(self.env["o2c.commission.entry"].search_count([]), before)
        self.assertFalse(order.o2c_commission_split_ids)
        order.action_confirm()
        self.assertEqual(estimate, 77.78)
        self.assertEqual(order.o2c_commission_expected, 77.78)
        self.assertEqual(order.o2c_commission_estimate, 0.0)

    def test_an_estimate_follows_the_quotation(self):
        order = self._order()
        self.assertEqual(order.o2c_commission_estimate, 100.0)
        order.order_line.price_unit = 500.0
        self.assertEqual(order.o2c_commission_estimate, 50.0)
        self.company.o2c_use_commission = False
        self.env.invalidate_all()
        self.assertEqual(order.o2c_commission_estimate, 0.0)
        self.assertFalse(order.o2c_commission_estimate_lines)

    def test_shares_are_edited_with_a_reason(self):
        order = self._order()
        order.action_confirm()
        mine = order.o2c_commission_split_ids.filtered(lambda row: row.agreement_id == self.own)
        order = order.with_user(self.commission_manager)
        order.write({"o2c_commission_split_ids": [
            Command.update(mine.id, {"share": 50, "reason": "Shared with the agency"}),
        ]})
        self.assertEqual(order.o2c_commission_expected, 90.0)
        with self.assertRaises(ValidationError):
            order.write({"o2c_commission_split_ids": [Command.update(mine.id, {"share": 90})]})
        third = self._new_agreement(self.other_salesperson.partner_id, self.plan)
        with self.assertRaises(ValidationError):
            order.write({"o2c_commission_split_ids": [Command.create({
                "order_line_id": order.order_line.id, "agreement_id": third.id, "share": 10,
            })]})
        order.write({"o2c_commission_split_ids": [Command.create({
            "order_line_id": order.order_line.id, "agreement_id": third.id, "share": 10, "reason": "Helped",
        })]})
        self.assertEqual(order.o2c_commission_expected, 100.0)

    def test_the_forms_open_for_everybody(self):
        order = self._order()
        order.action_confirm()
        for user in (self.salesperson, self.o2c_manager):
            Form(order.with_user(user))
        Form(order.o2c_commission_ids[0].with_user(self.commission_manager))
        invoice = self._new_invoice(amount=100.0, date="2025-03-01")
        Form(invoice)
        Form(invoice.with_user(self.o2c_manager))

    def test_the_rows_of_a_claim_stand_together(self):
        invoice = self._new_invoice(amount=1000.0, date="2025-03-01")
        self._pay(invoice, 400.0, "2025-03-05")
        rows = invoice.o2c_commission_ids.filtered(lambda row: row.payee_id == self.agent)
        self.assertEqual(len(rows), 3)
        for row in rows:
            self.assertEqual(row.claim_entry_ids, rows)
        self.assertEqual(rows[0].action_open_document()["res_id"], invoice.id)
        action = invoice.action_o2c_open_commission()
        self.assertEqual(
            self.env["o2c.commission.entry"].search(action["domain"]), invoice.o2c_commission_visible_ids
        )

    def test_a_spreadsheet_of_the_ledger(self):
        invoice = self._new_invoice(amount=1000.0, date="2025-03-01")
        rows = invoice.o2c_commission_ids
        self.assertTrue(rows._xlsx())
        self.assertIn("o2c.commission.entry", rows.action_download()["url"])

    def test_an_agreement_says_what_it_is_paid_for(self):
        self.assertEqual(self.own.covers, "Own Sales")
        self.others.write({"coverage": "customers", "partner_ids": self.customer.ids})
        self.assertEqual(self.others.covers, "Certain Customers: Harbour Supplies")

    def test_the_first_day_of_commission_is_a_setting(self):
        settings = self.env["res.config.settings"].create({"o2c_commission_start": "2025-02-01"})
        settings.execute()
        self.assertEqual(str(self.company.o2c_commission_start), "2025-02-01")
        self._new_invoice(amount=100.0, date="2025-01-31")
        self.assertFalse(self.env["o2c.commission.entry"].search([("company_id", "=", self.company.id)]))

    def test_a_bill_that_may_not_be_read_is_made_and_not_opened(self):
        invoice = self._new_invoice(amount=1000.0, date="2025-03-01")
        self._pay(invoice, 1000.0, "2025-03-02")
        settlement = self.env["o2c.commission.settlement"].with_user(self.commission_manager).create({
            "payee_id": self.agent.id,
            "company_id": self.company.id,
            "date_from": "2025-03-01",
            "date_to": "2025-03-31",
        })
        settlement.action_calculate()
        settlement.action_approve()
        self.assertIs(settlement.action_bill(), True)
        self.assertTrue(settlement.sudo().bill_id)
