from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import O2cCommon


class WriteOffCommon(O2cCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax = cls.company_data["default_tax_sale"]
        cls.loss = cls.env["account.account"].create({
            "name": "Bad Debts", "code": "669999", "account_type": "expense",
        })
        cls.company.write({
            "o2c_write_off_account_id": cls.loss.id, "o2c_write_off_threshold": 1000,
        })
        cls.customer.user_id = cls.salesperson
        cls.other_customer.user_id = cls.other_salesperson

    def _item(self, move):
        return move.line_ids.filtered(lambda line: line.account_type == "asset_receivable")

    def _draft(self, *moves, amounts=None, user=None, **values):
        lines = []
        for number, move in enumerate(moves):
            line = {"move_line_id": self._item(move).id}
            if amounts:
                line["amount"] = amounts[number]
            lines.append(Command.create(line))
        return self.env["o2c.write.off"].with_user(user or self.collector).create({
            "partner_id": moves[0].partner_id.id,
            "reason": "insolvency",
            "line_ids": lines,
            **values,
        })

    def _requested(self, *moves, **values):
        write_off = self._draft(*moves, **values)
        write_off.action_request()
        return write_off

    def _approved(self, *moves, **values):
        write_off = self._requested(*moves, **values)
        write_off.with_user(self.o2c_manager).action_approve()
        return write_off

    def _entry(self, write_off):
        return write_off.sudo().entry_ids.filtered(lambda entry: not entry.reversed_entry_id)


@tagged("post_install", "-at_install")
class TestDunningWriteOff(WriteOffCommon):
    """Bad debts are requested by one and approved by another."""

    # ------------------------------------------------------------------
    # Booking
    # ------------------------------------------------------------------

    def test_an_approved_write_off_is_booked_and_closes_the_invoices(self):
        moves = self._new_invoice(amount=300) | self._new_invoice(amount=200)
        write_off = self._approved(*moves)
        self.assertEqual(write_off.state, "approved")
        self.assertEqual(write_off.decided_by_id, self.o2c_manager)
        self.assertEqual(write_off.amount_company, 500)
        entry = self._entry(write_off)
        self.assertEqual(entry.state, "posted")
        self.assertEqual(
            sum(entry.line_ids.filtered(lambda line: line.account_id == self.loss).mapped("debit")),
            500,
        )
        self.assertEqual(set(moves.mapped("payment_state")), {"paid"})
        self.assertEqual(moves.mapped("o2c_written_off"), [300, 200])
        self.assertEqual(write_off.line_ids.mapped("date"), [self.company._o2c_today()] * 2)

    def test_a_part_is_written_off(self):
        invoice = self._new_invoice(amount=300)
        self._pay(invoice, 100)
        write_off = self._approved(invoice, amounts=[150])
        self.assertEqual((invoice.amount_residual, write_off.amount_company), (50, 150))

    def test_it_leaves_dunning(self):
        invoice = self._new_invoice(amount=300)
        run = self.env["o2c.dunning.run"].create({"date": "2025-06-01"})
        keys = {item.key for item in run._gather_open_items()}
        self.assertIn(self._item(invoice).id, keys)
        self._approved(invoice, date="2025-05-01")
        keys = {item.key for item in run._gather_open_items()}
        self.assertNotIn(self._item(invoice).id, keys)

    def test_the_tax_goes_back_when_asked(self):
        invoice = self._new_invoice(amount=1000, invoice_line_ids=[
            Command.create({
                "name": "Goods", "price_unit": 1000, "tax_ids": [Command.set(self.tax.ids)],
            }),
            Command.create({"name": "Free of tax", "price_unit": 50, "tax_ids": []}),
        ])
        self.assertEqual(invoice.amount_total, 1200)
        self.company.o2c_write_off_tax = True
        write_off = self._approved(invoice, amounts=[600])
        self.assertTrue(write_off.take_tax_back)
        lines = self._entry(write_off).line_ids
        tax = lines.filtered("tax_line_id")
        self.assertEqual(tax.balance, 75)
        self.assertEqual(tax.tax_repartition_line_id.document_type, "refund")
        self.assertEqual(
            sorted(lines.filtered(lambda line: line.account_id == self.loss).mapped("balance")),
            [25, 500],
        )
        self.assertEqual(lines.filtered("tax_ids").balance, 500)
        self.assertEqual(invoice.amount_residual, 600)

    def test_gross_by_default(self):
        invoice = self._new_invoice(invoice_line_ids=[
            Command.create({
                "name": "Goods", "price_unit": 100, "tax_ids": [Command.set(self.tax.ids)],
            }),
        ])
        lines = self._entry(self._approved(invoice)).line_ids
        self.assertFalse(lines.tax_line_id)
        self.assertEqual(lines.filtered(lambda line: line.account_id == self.loss).balance, 115)

    def test_in_foreign_currency_at_the_rate_of_the_books(self):
        currency = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0), ("2025-01-14", 1.6)])
        invoice = self._new_invoice(amount=1000, currency_id=currency.id)
        domestic = self._new_invoice(amount=70)
        write_off = self._draft(invoice, domestic, amounts=[400, 70])
        self.assertEqual(write_off.amount_company, 270)
        write_off.action_request()
        write_off.with_user(self.o2c_manager).action_approve()
        self.assertEqual(len(write_off.sudo().entry_ids), 2)
        self.assertEqual(invoice.amount_residual, 600)
        self.assertEqual(self._item(invoice).amount_residual, 300)
        self.assertFalse(self._item(invoice).matched_credit_ids.exchange_move_id)
        self.assertFalse(domestic.amount_residual)

    def test_money_that_came_after_all_opens_the_debt_again(self):
        invoice = self._new_invoice(amount=300)
        write_off = self._approved(invoice)
        with self.assertRaises(AccessError):
            write_off.with_user(self.collector).action_reverse()
        write_off.with_user(self.credit_manager).action_reverse()
        self.assertEqual(write_off.state, "reversed")
        self.assertEqual((invoice.payment_state, invoice.amount_residual), ("not_paid", 300))
        self.assertFalse(invoice.o2c_written_off)
        self.assertEqual(write_off.amount_company, 300)
        self.assertFalse(sum(write_off.sudo().entry_ids.line_ids.filtered(
            lambda line: line.account_id == self.loss
        ).mapped("balance")))
        with self.assertRaises(UserError):
            write_off.with_user(self.credit_manager).action_reverse()

    def test_the_hook_tells_of_the_invoices(self):
        invoice = self._new_invoice(amount=300)
        model = self.env.registry["o2c.write.off"]
        with patch.object(model, "_on_write_off") as on, patch.object(
            model, "_on_write_off_reversed"
        ) as off:
            write_off = self._approved(invoice)
            on.assert_called_once_with(invoice)
            write_off.with_user(self.o2c_manager).action_reverse()
            off.assert_called_once_with(invoice)

    # ------------------------------------------------------------------
    # Approval
    # ------------------------------------------------------------------

    def test_nobody_approves_his_own_request(self):
        write_off = self._requested(self._new_invoice(), user=self.o2c_manager)
        with self.assertRaises(AccessError):
            write_off.with_user(self.o2c_manager).action_approve()
        self.assertFalse(write_off.with_user(self.o2c_manager).can_decide)
        self.assertTrue(write_off.with_user(self.credit_manager).can_decide)

    def test_above_the_threshold_an_administrator_approves(self):
        small = self._requested(self._new_invoice(amount=1000))
        large = self._requested(self._new_invoice(amount=1000.01))
        with self.assertRaises(AccessError):
            large.with_user(self.credit_manager).action_approve()
        with self.assertRaises(AccessError):
            small.with_user(self.collector).action_approve()
        small.with_user(self.credit_manager).action_approve()
        large.with_user(self.o2c_manager).action_approve()
        self.assertEqual({small.state, large.state}, {"approved"})

    def test_the_threshold_is_not_got_round(self):
        invoice = self._new_invoice(amount=5000)
        with self.assertRaises(AccessError):
            self._draft(invoice, amount_company=1)
        line = {"move_line_id": self._item(invoice).id, "amount_company": 1}
        with self.assertRaises(AccessError):
            self._draft(invoice, line_ids=[Command.create(line)])
        write_off = self.env["o2c.write.off"].with_user(self.collector).with_context(
            default_amount_company=1, default_state="requested"
        ).create({
            "partner_id": self.customer.id, "reason": "other",
            "line_ids": [Command.create({"move_line_id": self._item(invoice).id})],
        })
        self.assertEqual(write_off.state, "draft")
        write_off.action_request()
        self.assertEqual(write_off.amount_company, 5000)
        with self.assertRaises(AccessError):
            write_off.with_user(self.credit_manager).action_approve()

    def test_refused_and_corrected(self):
        invoice = self._new_invoice(amount=300)
        write_off = self._requested(invoice)
        write_off.with_user(self.credit_manager).action_refuse()
        self.assertEqual((write_off.state, invoice.amount_residual), ("refused", 300))
        write_off.action_draft()
        write_off.line_ids.amount = 200
        write_off.action_request()
        write_off.with_user(self.credit_manager).action_approve()
        self.assertEqual(invoice.amount_residual, 100)

    def test_what_has_changed_is_not_written_off(self):
        invoice = self._new_invoice(amount=300)
        write_off = self._requested(invoice)
        self._pay(invoice, 100)
        with self.assertRaises(UserError):
            write_off.with_user(self.credit_manager).action_approve()
        write_off.action_draft()
        self.assertEqual((write_off.line_ids.residual, write_off.line_ids.amount), (200, 200))
        write_off.action_request()
        write_off.with_user(self.credit_manager).action_approve()
        self.assertEqual(invoice.payment_state, "paid")

    def test_a_request_is_not_changed_while_it_waits(self):
        write_off = self._requested(self._new_invoice(amount=300))
        for change in (
            lambda: write_off.line_ids.write({"amount": 10}),
            lambda: write_off.write({"reason": "other"}),
            write_off.line_ids.unlink,
            lambda: write_off.write({"line_ids": [Command.clear()]}),
            write_off.action_request,
        ):
            with self.assertRaises(UserError), self.cr.savepoint():
                change()
        with self.assertRaises(AccessError):
            write_off.state = "approved"

    def test_wrong_amounts_and_foreign_documents_are_refused(self):
        invoice = self._new_invoice(amount=300)
        foreign = self._new_invoice(self.other_customer, 100)
        for moves, amounts in (
            ((invoice,), [301]), ((invoice,), [0]), ((invoice,), [-1]), ((invoice, foreign), None),
        ):
            with (
                self.subTest(amounts=amounts),
                self.assertRaises(ValidationError),
                self.cr.savepoint(),
            ):
                self._draft(*moves, amounts=amounts)
        with self.assertRaises(UserError):
            self.env["o2c.write.off"].with_user(self.collector).create({
                "partner_id": self.customer.id, "reason": "other",
            }).action_request()

    def test_closed_periods_and_missing_settings_are_said_clearly(self):
        invoice = self._new_invoice(amount=300)
        write_off = self._requested(invoice, date="2025-02-01")
        approver = write_off.with_user(self.o2c_manager)
        self.company.fiscalyear_lock_date = "2025-03-31"
        with self.assertRaises(UserError), self.cr.savepoint():
            approver.action_approve()
        self.company.fiscalyear_lock_date = False
        self.company.o2c_write_off_account_id = False
        with self.assertRaises(UserError), self.cr.savepoint():
            approver.action_approve()
        self.assertEqual((write_off.state, invoice.amount_residual), ("requested", 300))

    def test_nothing_while_dunning_is_off(self):
        write_off = self._draft(self._new_invoice(amount=300))
        self.company.o2c_use_dunning = False
        with self.assertRaises(UserError):
            write_off.action_request()

    # ------------------------------------------------------------------
    # Requesting and reading
    # ------------------------------------------------------------------

    def test_from_the_invoices_and_from_all_that_is_overdue(self):
        moves = self._new_invoice(amount=300) | self._new_invoice(amount=200)
        action = moves.with_user(self.collector).action_o2c_write_off()
        write_off = (
            self.env["o2c.write.off"]
            .with_user(self.collector)
            .with_context(**action["context"])
            .create({"reason": "small"})
        )
        self.assertEqual(write_off.line_ids.move_id, moves)
        self.assertEqual(write_off.amount_company, 500)
        foreign = self._new_invoice(self.other_customer, 100)
        with self.assertRaises(UserError):
            (moves | foreign).action_o2c_write_off()
        self._new_invoice(amount=50, due=fields.Date.add(fields.Date.today(), days=5))
        write_off.line_ids.unlink()
        write_off.action_fill()
        self.assertEqual(write_off.line_ids.move_id, moves)

    def test_salespeople_read_their_own_and_request_nothing(self):
        own = self._approved(self._new_invoice(amount=300))
        other = self._approved(self._new_invoice(
            self.other_customer, 100, invoice_user_id=self.other_salesperson.id
        ))
        WriteOff = self.env["o2c.write.off"].with_user(self.salesperson)
        self.assertEqual(WriteOff.search([("id", "in", (own | other).ids)]), own)
        lines = self.env["o2c.write.off.line"].with_user(self.salesperson).search([])
        self.assertEqual(lines.write_off_id, own)
        with self.assertRaises(AccessError):
            WriteOff.create({"partner_id": self.customer.id, "reason": "other"})
        with self.assertRaises(AccessError):
            own.with_user(self.salesperson).action_reverse()

    def test_a_branch_writes_off_its_own(self):
        self.company.write({"child_ids": [Command.create({"name": "Branch"})]})
        branch = self.company.child_ids
        self.env.user.company_ids |= branch
        for user in (self.collector, self.o2c_manager):
            user.company_ids |= branch
        env = self.env(context={"allowed_company_ids": (self.company | branch).ids})
        self.customer.with_company(branch).property_account_receivable_id = (
            self.company_data["default_account_receivable"]
        )
        invoice = env["account.move"].with_company(branch).create({
            "move_type": "out_invoice",
            "partner_id": self.customer.id,
            "invoice_date": "2025-01-01",
            "invoice_line_ids": [Command.create({"name": "x", "price_unit": 90, "tax_ids": []})],
        })
        invoice.action_post()
        write_off = self._draft(invoice, company_id=branch.id)
        write_off.action_request()
        write_off.with_user(self.o2c_manager).with_context(
            allowed_company_ids=(self.company | branch).ids
        ).action_approve()
        self.assertEqual(self._entry(write_off).company_id, branch)
        self.assertFalse(invoice.amount_residual)

    def test_what_was_booked_is_not_deleted_nor_duplicated(self):
        write_off = self._approved(self._new_invoice(amount=300))
        with self.assertRaises(UserError):
            write_off.unlink()
        with self.assertRaises(UserError):
            write_off.copy()
        draft = self._draft(self._new_invoice(amount=10))
        draft.unlink()

    def test_bad_debts_as_a_spreadsheet(self):
        write_off = self._approved(self._new_invoice(amount=300))
        self.assertTrue(write_off.line_ids._xlsx().startswith(b"PK"))
        self.assertIn("bad_debts.xlsx", write_off.line_ids.action_download()["url"])
