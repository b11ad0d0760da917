from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .test_dunning_write_off import WriteOffCommon


@tagged("post_install", "-at_install")
class TestDunningWriteOffEdges(WriteOffCommon):
    """Write-offs where they could go wrong."""

    def test_a_document_is_not_slipped_into_a_request(self):
        requested = self._requested(self._new_invoice(amount=300))
        draft = self._draft(self._new_invoice(amount=200))
        with self.assertRaises(UserError), self.cr.savepoint():
            draft.line_ids.write_off_id = requested
        with self.assertRaises(UserError), self.cr.savepoint():
            requested.line_ids.write_off_id = draft

    def test_what_the_approver_reads_stays(self):
        requested = self._requested(self._new_invoice(amount=300), note="Insolvent")
        with self.assertRaises(UserError), self.cr.savepoint():
            requested.note = "Something else"
        with self.assertRaises(AccessError), self.cr.savepoint():
            requested.decision_note = "Fine with me"
        approver = requested.with_user(self.credit_manager)
        approver.decision_note = "Agreed"
        approver.action_approve()
        with self.assertRaises(UserError), self.cr.savepoint():
            approver.decision_note = "Never"

    def test_small_write_offs_for_one_customer_add_up(self):
        contact = self._new_customer("Depot", parent_id=self.customer.id, is_company=False)
        first = self._requested(self._new_invoice(amount=600))
        second = self._requested(self._new_invoice(contact, amount=300))
        third = self._requested(self._new_invoice(amount=200))
        with self.assertRaises(AccessError), self.cr.savepoint():
            (first | second | third).with_user(self.credit_manager).action_approve()
        (first | second).with_user(self.credit_manager).action_approve()
        third.invalidate_recordset()
        self.assertEqual((third.amount_recent, third.needs_administrator), (900, True))
        with self.assertRaises(AccessError), self.cr.savepoint():
            third.with_user(self.credit_manager).action_approve()
        other = self._requested(self._new_invoice(self.other_customer, amount=200))
        self.assertFalse(other.amount_recent)
        (first | second).sudo().decided_on = "2025-01-01"
        third.with_user(self.credit_manager).action_approve()

    def test_nobody_takes_an_entry_for_a_write_off(self):
        write_off = self._approved(self._new_invoice(amount=300))
        clerk = self._new_user("clerk", "account.group_account_invoice")
        invoice = self._new_invoice().with_user(clerk)
        with self.assertRaises(AccessError), self.cr.savepoint():
            invoice.write({"o2c_write_off_id": write_off.id})
        Move = self.env["account.move"].with_user(clerk)
        for context, values in (
            ({}, {"o2c_write_off_id": write_off.id}),
            ({"default_o2c_write_off_id": write_off.id}, {}),
        ):
            with self.assertRaises(AccessError), self.cr.savepoint():
                Move.with_context(**context).create({"move_type": "out_invoice", **values})

    def test_an_entry_that_the_accountant_reversed_is_not_reversed_again(self):
        invoice = self._new_invoice(amount=300)
        write_off = self._approved(invoice)
        self._entry(write_off)._reverse_moves([{"date": "2025-06-01"}], cancel=True)
        self.assertEqual(invoice.amount_residual, 300)
        write_off.with_user(self.credit_manager).action_reverse()
        balance = sum(
            self.env["account.move.line"]
            .search([("account_id", "=", self.loss.id), ("parent_state", "=", "posted")])
            .mapped("balance")
        )
        self.assertEqual(balance, 0)
        self.assertEqual(invoice.amount_residual, 300)

    def test_the_other_of_two_requests_for_the_same_debt(self):
        invoice = self._new_invoice(amount=300)
        one = self._requested(invoice, amounts=[200])
        two = self._requested(invoice, amounts=[200])
        one.with_user(self.credit_manager).action_approve()
        with self.assertRaises(UserError), self.cr.savepoint():
            two.with_user(self.credit_manager).action_approve()
        self.assertEqual(invoice.amount_residual, 100)

    def test_tax_that_is_due_with_the_payment(self):
        transition = self.company_data["default_account_tax_sale"].copy({"code": "252999"})
        transition.reconcile = True
        self.company.tax_exigibility = True
        tag = self.env["account.account.tag"].create({
            "name": "base",
            "applicability": "taxes",
            "country_id": self.company.account_fiscal_country_id.id,
        })
        tax = self.tax.copy({
            "name": "On payment",
            "tax_exigibility": "on_payment",
            "cash_basis_transition_account_id": transition.id,
        })
        (tax.invoice_repartition_line_ids | tax.refund_repartition_line_ids).tag_ids = tag
        invoice = self._new_invoice(invoice_line_ids=[
            Command.create({"name": "x", "price_unit": 1000, "tax_ids": tax.ids}),
        ])
        write_off = self._draft(invoice, take_tax_back=True)
        write_off.action_request()
        write_off.with_user(self.o2c_manager).action_approve()
        items = self.env["account.move.line"].search([
            ("company_id", "=", self.company.id), ("parent_state", "=", "posted"),
            ("move_id.partner_id", "in", (self.customer.id, False)),
        ])
        self.assertFalse(invoice.amount_residual)
        for account in (transition, self.company_data["default_account_tax_sale"]):
            self.assertEqual(
                sum(items.filtered(lambda line, a=account: line.account_id == a).mapped("balance")), 0
            )
        self.assertEqual(
            sum(items.filtered(lambda line: line.account_id == self.loss).mapped("balance")), 1000
        )
        self.assertEqual(
            sum(items.filtered(lambda line: tag in line.tax_tag_ids).mapped("balance")), 0
        )

    def test_tax_of_an_invoice_whose_tax_was_reduced_at_once(self):
        term = self.env["account.payment.term"].create({
            "name": "3 % 10", "early_discount": True, "discount_percentage": 3,
            "discount_days": 10, "early_pay_discount_computation": "mixed",
            "line_ids": [Command.create({"value": "percent", "value_amount": 100, "nb_days": 30})],
        })
        invoice = self._new_invoice(
            invoice_payment_term_id=term.id,
            invoice_line_ids=[
                Command.create({"name": "x", "price_unit": 1000, "tax_ids": self.tax.ids})
            ],
        )
        lines = self._entry(self._approved(invoice, take_tax_back=True)).line_ids
        self.assertEqual(sum(lines.filtered("tax_ids").mapped("balance")), 970)
        self.assertEqual(sum(lines.filtered("tax_line_id").mapped("balance")), 145.5)
        self.assertFalse(invoice.amount_residual)

    def test_odd_taxes_go_back(self):
        fixed = self.env["account.tax"].create({
            "name": "Eco",
            "amount_type": "fixed",
            "amount": 3.33,
            "include_base_amount": True,
            "sequence": 0,
        })
        invoice = self._new_invoice(invoice_line_ids=[
            Command.create({"name": "x", "price_unit": 99.99, "tax_ids": (fixed | self.tax).ids}),
            Command.create({"name": "y", "price_unit": -9.99, "tax_ids": self.tax.ids}),
        ])
        total = invoice.amount_total
        self._approved(invoice, take_tax_back=True, amounts=[33.33])
        self.assertAlmostEqual(invoice.amount_residual, total - 33.33)
        accounts = self.company_data
        refund = self.tax.refund_repartition_line_ids.filtered("account_id")
        entry_invoice = self.env["account.move"].create({
            "move_type": "entry",
            "date": "2025-01-01",
            "line_ids": [Command.create(values) for values in (
                {
                    "account_id": accounts["default_account_receivable"].id,
                    "partner_id": self.customer.id,
                    "debit": 115,
                },
                {
                    "account_id": accounts["default_account_revenue"].id,
                    "credit": 100,
                    "tax_ids": self.tax.ids,
                },
                {
                    "account_id": accounts["default_account_tax_sale"].id,
                    "credit": 15,
                    "tax_repartition_line_id": refund.id,
                },
            )],
        })
        entry_invoice.action_post()
        self._approved(
            entry_invoice,
            take_tax_back=True,
            partner_id=self.customer.id,
            line_ids=[Command.create({"move_line_id": self._item(entry_invoice).id})],
        )
        self.assertTrue(self._item(entry_invoice).reconciled)

    def test_approvers_are_asked(self):
        write_off = self._requested(self._new_invoice(amount=300))
        activity = write_off.sudo().activity_ids
        self.assertEqual(len(activity), 1)
        self.assertTrue(activity.user_id.has_group("order_to_cash.group_credit_manager"))
        self.assertNotEqual(activity.user_id, self.collector)
        write_off.with_user(self.credit_manager).action_approve()
        self.assertFalse(write_off.sudo().activity_ids)
        large = self._requested(self._new_invoice(amount=3000))
        self.assertTrue(large.sudo().activity_ids.user_id.has_group("order_to_cash.group_manager"))
        large.action_draft()
        self.assertFalse(large.sudo().activity_ids)
