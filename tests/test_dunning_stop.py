from datetime import timedelta

from odoo.fields import Command
from odoo.tests import Form, tagged

from .hold_common import HoldRuleCommon
from .test_dunning_run import DunningCommon


@tagged("post_install", "-at_install")
class TestDunningStopScore(DunningCommon):
    """What disputes and promises mean elsewhere: score, buttons, merged customers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._new_invoice(amount=100)
        cls.second = cls._new_invoice(amount=50)

    def _history(self, partner=None):
        partner = partner or self.customer
        return self.env["o2c.credit.account"]._score_inputs(partner)[partner.id]

    def _dispute(self, **values):
        return self.env["o2c.payment.dispute"].create({
            "invoice_id": self.invoice.id, "reason": "Wet", **values,
        })

    def _promise(self, **values):
        return self.env["o2c.payment.promise"].create({
            "partner_id": self.customer.id, "amount": 50, "date": "2999-01-01", **values,
        })

    def test_disputes_and_broken_promises_count_in_the_score(self):
        self.assertFalse([one for one in self._history().invoices if one.is_disputed])
        dispute = self._dispute(amount=10)
        disputed = [one for one in self._history().invoices if one.is_disputed]
        self.assertEqual(len(disputed), 1)
        self.assertEqual(disputed[0].amount, 100)
        promise = self._promise()
        self.assertEqual(self._history().broken_promises, 0)
        promise.sudo().write({
            "state": "broken", "date": self.company._o2c_today() - timedelta(days=3),
        })
        self.assertEqual(self._history().broken_promises, 1)
        self.company.o2c_use_dunning = False
        self.assertEqual(self._history().broken_promises, 0)
        self.assertEqual(dispute.state, "open")

    def test_the_invoice_and_the_customer_show_and_open_them(self):
        self._dispute(amount=10)
        self._promise(invoice_ids=[Command.set(self.invoice.ids)])
        self.env["o2c.dunning.block"].create({"invoice_id": self.invoice.id, "reason": "x"})
        self.env["o2c.dunning.block"].create({"partner_id": self.customer.id, "reason": "x"})
        for record in (self.invoice, self.customer):
            self.assertEqual(
                (record.o2c_dispute_count, record.o2c_promise_count), (1, 1)
            )
            self.assertEqual(record.o2c_dunning_block_count, 1)
            for action, model in (
                (record.action_o2c_view_disputes(), "o2c.payment.dispute"),
                (record.action_o2c_view_promises(), "o2c.payment.promise"),
                (record.action_o2c_view_dunning_blocks(), "o2c.dunning.block"),
            ):
                self.assertEqual(action["res_model"], model)
                self.assertTrue(self.env[model].search(action["domain"]))
        self.assertEqual(self.second.o2c_dispute_count, 0)
        employee = self._new_user("emil", "base.group_user")
        self.assertEqual(self.customer.with_user(employee).o2c_dispute_count, 0)

    def test_the_dialogs_make_them(self):
        for action in (
            self.invoice.action_o2c_dispute(),
            self.invoice.action_o2c_promise(),
            self.invoice.action_o2c_block_dunning(),
            self.customer.action_o2c_promise(),
            self.customer.action_o2c_block_dunning(),
        ):
            model = self.env[action["res_model"]].with_context(**action["context"])
            form = Form(model)
            if "reason" in model._fields:
                form.reason = "He says so"
            else:
                form.date = "2999-01-01"
                form.amount = 20
            self.assertTrue(form.save())

    def test_they_follow_merged_customers(self):
        self._dispute(amount=10)
        promise = self._promise()
        block = self.env["o2c.dunning.block"].create({
            "partner_id": self.customer.id, "reason": "x",
        })
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.customer | self.other_customer).ids, self.other_customer
        )
        self.assertEqual(promise.partner_id, self.other_customer)
        self.assertEqual(block.partner_id, self.other_customer)
        self.assertEqual(
            self.env["o2c.payment.dispute"].search([
                ("partner_id", "=", self.other_customer.id)
            ]).invoice_id,
            self.invoice,
        )

    def test_they_follow_a_contact_who_becomes_a_company_by_merging(self):
        promise = self._promise()
        contact = self.env["res.partner"].create({
            "name": "Store", "parent_id": self.other_customer.id,
        })
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.customer | contact).ids, contact
        )
        self.assertEqual(contact.commercial_partner_id, contact)
        self.assertEqual(promise.partner_id, contact)


@tagged("post_install", "-at_install")
class TestDunningStopHold(HoldRuleCommon):
    def test_what_is_wholly_stopped_holds_no_orders(self):
        self._new_rule("dunning")
        policy = self.env["o2c.dunning.policy"].create({
            "name": "Sharp",
            "level_ids": [
                Command.create({"name": "Pay", "days_overdue": 1, "blocks_orders": True})
            ],
        })
        self.company.o2c_dunning_policy_id = policy
        invoice = self._new_invoice(amount=500.0)
        run = self.env["o2c.dunning.run"].create({
            "company_id": self.company.id, "date": "2025-02-01",
        })
        run.action_propose()
        run.action_send()
        order = self._new_order()
        self._assert_fails(order, invoice.name)
        dispute = self.env["o2c.payment.dispute"].create({
            "invoice_id": invoice.id, "amount": 100, "reason": "Wet",
        })
        self._assert_fails(order, invoice.name)
        dispute.amount = 500
        self._assert_passes(order)
        dispute.write({"state": "resolved"})
        self._assert_fails(order, invoice.name)
        promise = self.env["o2c.payment.promise"].create({
            "partner_id": self.customer.id, "amount": 500, "date": "2999-01-01",
        })
        self._assert_passes(order)
        promise.action_archive()
        self._assert_fails(order, invoice.name)
