from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .commission_common import CommissionCommon


@tagged("post_install", "-at_install")
class TestCommissionReaders(CommissionCommon):
    """Whoever asks in whatever way reads his own commission, and nobody else's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        plan = cls._new_plan(trigger="payment")
        cls.own = cls._new_agreement(plan=plan, share=60.0)
        cls.foreign = cls._new_agreement(cls.agent, plan, coverage="all", share=40.0)
        cls.order = cls._new_order(amount=1000.0)
        cls.order.action_confirm()
        cls.invoice = cls.order._create_invoices()
        cls.invoice.invoice_date = "2025-03-01"
        cls.invoice.action_post()
        cls._pay(cls.invoice, 500.0)
        cls.elsewhere = cls._create_company(name="Elsewhere")
        cls.stranger = cls._new_user(
            "trudy", "sales_team.group_sale_manager", company=cls.elsewhere,
        )
        cls.portal = cls._new_user("paul", "base.group_portal", group_ids=[
            Command.set(cls.env.ref("base.group_portal").ids)
        ])
        cls.ledger = cls.env["o2c.commission.entry"]

    def _of(self, user):
        self.env.invalidate_all()
        return self.ledger.with_user(user)

    def test_relations_of_documents(self):
        for document in (self.order, self.order.order_line, self.invoice, self.invoice.invoice_line_ids):
            # The cache has the rows of everybody.
            self.assertEqual(len(document.sudo().o2c_commission_ids.payee_id), 2)
            seen = document.with_user(self.salesperson).o2c_commission_ids
            for row in seen:
                if row.sudo().payee_id != self.salesperson.partner_id:
                    with self.assertRaises(AccessError):
                        row.read(["amount"])
            self.env.invalidate_all()
            mine = document.with_user(self.salesperson).o2c_commission_ids
            self.assertEqual(mine.payee_id, self.salesperson.partner_id)
            data = document.with_user(self.salesperson).read(["o2c_commission_ids"])
            self.assertEqual(set(data[0]["o2c_commission_ids"]), set(mine.ids))
            self.assertEqual(document.with_user(self.salesperson).o2c_commission_earned, 30.0)
        shares = self.order.with_user(self.salesperson).o2c_commission_split_ids
        self.assertEqual(shares.payee_id, self.salesperson.partner_id)

    def test_sums_and_names(self):
        for user, amount, payees in (
            (self.salesperson, 30.0, self.salesperson.partner_id),
            (self.other_salesperson, 0.0, self.env["res.partner"]),
            (self.stranger, 0.0, self.env["res.partner"]),
            (self.commission_manager, 50.0, self.salesperson.partner_id | self.agent),
        ):
            ledger = self._of(user)
            domain = [("company_id", "=", self.company.id), ("kind", "!=", "expect")]
            [(total,)] = ledger._read_group(domain, [], ["amount:sum"])
            self.assertEqual(total or 0.0, amount, user.name)
            groups = ledger.formatted_read_group(domain, ["payee_id"], ["amount:sum"])
            self.assertEqual({group["payee_id"][0] for group in groups}, set(payees.ids))
            names = ledger.name_search(self.invoice.name, limit=None)
            found = ledger.sudo().browse([row for row, __ in names]).payee_id
            self.assertEqual(found, payees if names else payees.browse())
            for model in ("o2c.commission.split", "o2c.commission.agreement"):
                known = self.env[model].with_user(user).search([("plan_id", "!=", False)]
                    if model.endswith("agreement") else [])
                self.assertLessEqual(set(known.sudo().payee_id.ids), set(payees.ids), (model, user.name))

    def test_search_through_relations(self):
        """A filter on what others earn finds nothing that only they would tell."""
        mine = self.env["sale.order"].with_user(self.salesperson)
        self.assertTrue(mine.search([("o2c_commission_ids.payee_id", "=", self.salesperson.partner_id.id)]))
        self.assertFalse(mine.search([("o2c_commission_ids.payee_id", "=", self.agent.id)]))
        moves = self.env["account.move"].with_user(self.salesperson)
        self.assertFalse(moves.search([("o2c_commission_ids.payee_id", "=", self.agent.id)]))
        rows = self.ledger.with_user(self.salesperson)
        self.assertFalse(rows.search([("agreement_id.payee_id", "=", self.agent.id)]))
        self.assertFalse(rows.search([("order_id.o2c_commission_ids.payee_id", "=", self.agent.id)]))

    def test_export(self):
        self.salesperson.group_ids |= self.env.ref("base.group_allow_export")
        rows = self._of(self.salesperson).search([("move_id", "=", self.invoice.id)])
        data = rows.export_data(["payee_id/name", "amount"])["datas"]
        self.assertEqual({name for name, __ in data}, {self.salesperson.partner_id.name})
        everything = self.ledger.sudo().search([("move_id", "=", self.invoice.id)])
        with self.assertRaises(AccessError):
            self._of(self.salesperson).browse(everything.ids).export_data(["amount"])
        self.env.invalidate_all()
        order = self.order.with_user(self.salesperson)
        data = order.export_data(["name", "o2c_commission_ids/payee_id/name"])["datas"]
        self.assertNotIn(self.agent.name, str(data))

    def test_portal_and_other_companies(self):
        for user in (self.portal, self.stranger):
            for document in (self.order, self.invoice):
                self.env.invalidate_all()
                with self.assertRaises(AccessError):
                    document.with_user(user).read(["o2c_commission_ids"])
        self.portal.partner_id.parent_id = self.customer
        self.env.invalidate_all()
        # A customer reads his own order, and not what others earn by it.
        with self.assertRaises(AccessError):
            self.order.with_user(self.portal).read(["o2c_commission_ids"])
        for model in (
            "o2c.commission.entry", "o2c.commission.split", "o2c.commission.agreement",
            "o2c.commission.plan", "o2c.commission.tally",
        ):
            records = self.env[model].with_user(self.portal)
            with self.assertRaises(AccessError):
                records.search([], limit=1)
            with self.assertRaises(AccessError):
                records.name_search("")
        self.assertFalse(self._of(self.stranger).search([]))

    def test_nobody_pays_himself(self):
        split = self.order.o2c_commission_split_ids.filtered(
            lambda split: split.payee_id == self.salesperson.partner_id
        )
        for user in (self.salesperson, self.stranger, self.portal):
            with self.assertRaises(AccessError):
                split.with_user(user).write({"share": 100.0, "reason": "Mine"})
            with self.assertRaises(AccessError):
                self.own.with_user(user).share = 100.0
