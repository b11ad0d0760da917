import inspect

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .commission_outside_common import OutsideCase

INTERFACE = {
    "o2c.commission.plan": """name company_id date_from date_to state trigger base settlement_period rule_ids
        action_activate action_close""",
    "o2c.commission.rule": """name company_id plan_id sequence product_id product_category_id partner_id
        customer_type class_id team_id discount_from discount_to date_from date_to method rate fixed_amount
        tier_mode tier_scope tier_ids""",
    "o2c.commission.tier": "amount_from amount_to rate",
    "o2c.commission.agreement": """payee_id plan_id payout coverage partner_ids region_id team_id date_from
        date_to share mode draw_amount draw_recoverable cap_amount guarantee_amount""",
    "o2c.commission.entry": """payee_id kind state date generation base_amount rate amount currency_id rule_id
        origin_entry_id explanation settlement_id""",
    "o2c.commission.settlement": """payee_id company_id date_from date_to state entry_ids bill_id
        action_calculate action_approve action_bill action_cancel""",
    "sale.order.line": "o2c_commission_ids",
    "account.move.line": "o2c_commission_ids",
    "res.company": "o2c_use_commission",
}
CHOICES = {
    ("o2c.commission.plan", "state"): "draft active closed",
    ("o2c.commission.plan", "trigger"): "order delivery invoice payment",
    ("o2c.commission.plan", "base"): "untaxed margin quantity",
    ("o2c.commission.rule", "customer_type"): "agent distributor end_user",
    ("o2c.commission.rule", "method"): "rate fixed tier",
    ("o2c.commission.rule", "tier_mode"): "marginal retroactive",
    ("o2c.commission.rule", "tier_scope"): "line document period year",
    ("o2c.commission.agreement", "payout"): "bill payroll",
    ("o2c.commission.agreement", "coverage"): "salesperson customers region team all",
    ("o2c.commission.agreement", "mode"): "shared overlay",
    ("o2c.commission.entry", "kind"): "expect accrue release reverse adjust draw recover",
    ("o2c.commission.entry", "state"): "expected earned settled paid",
    ("o2c.commission.settlement", "state"): "draft calculated approved disputed billed paid cancelled",
}


@tagged("post_install", "-at_install")
class TestCommissionOutsideRights(OutsideCase):
    """Names that others rely on, and who sees what."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._new_plan({"rate": 10.0}, trigger="invoice")
        cls._new_agreement(plan=cls.plan, share=60)
        cls._new_agreement(cls.agent, cls.plan, coverage="all", share=40)
        cls._new_agreement(cls.other_salesperson.partner_id, cls.plan)
        cls.accountant = cls._new_user("abel", "account.group_account_manager")
        elsewhere = cls.env["res.company"].create({"name": "Elsewhere", "o2c_use_commission": True})
        cls.stranger = cls._new_user(
            "stan", "order_to_cash.group_commission_manager", company=elsewhere
        )

        (cls.salesperson | cls.other_salesperson | cls.commission_manager | cls.stranger).write({
            "group_ids": [Command.link(cls.env.ref("base.group_allow_export").id)],
        })

    def setUp(self):
        super().setUp()
        self.order = self._order((self.service, 1, 1000.0))
        self.invoice = self._invoice_order(self.order)
        self._bill(500.0, invoice_user_id=self.other_salesperson.id)
        self.settlements = (
            self._settle("2025-03-01", "2025-03-31")
            | self._settle("2025-03-01", "2025-03-31", self.other_salesperson.partner_id)
            | self._settle("2025-03-01", "2025-03-31", self.agent)
        )
        self.env.flush_all()
        self.env.invalidate_all()

    def test_the_interface(self):
        for model, names in INTERFACE.items():
            for name in names.split():
                if name.startswith("action_"):
                    method = getattr(type(self.env[model]), name)
                    needed = [
                        parameter for parameter in list(inspect.signature(method).parameters.values())[1:]
                        if parameter.default is inspect.Parameter.empty
                    ]
                    self.assertFalse(needed, (model, name))
                else:
                    self.assertIn(name, self.env[model]._fields, model)
        for (model, name), values in CHOICES.items():
            self.assertEqual(
                {value for value, __ in self.env[model]._fields[name]._description_selection(self.env)},
                set(values.split()), (model, name),
            )

    def _mine(self, user, model):
        """What a user finds, by each door."""
        records = self.env[model].with_user(user)
        found = records.search([])
        counted = records._read_group([], [], ["__count"])[0][0]
        self.assertEqual(counted, len(found))
        self.assertEqual(records.search_count([]), len(found))
        if "payee_id" in records._fields:
            groups = records._read_group([], ["payee_id"])
            self.assertEqual({payee.id for (payee,) in groups}, set(found.mapped("payee_id").ids))
        self.assertLessEqual({key for key, __ in records.name_search("", limit=None)}, set(found.ids))
        return found

    def test_everybody_sees_his_own_by_every_door(self):
        hidden_of = {
            model: self.env[model].search([("company_id", "=", self.company.id)])
            for model in (
                "o2c.commission.entry", "o2c.commission.settlement", "o2c.commission.agreement",
                "o2c.commission.split", "o2c.commission.settlement.period",
            )
        }
        for user in (self.salesperson, self.other_salesperson, self.commission_manager, self.stranger):
            for model, everything in hidden_of.items():
                found = self._mine(user, model) & everything.with_user(user)
                if user == self.commission_manager:
                    self.assertEqual(found.sudo(), everything.sudo())
                elif user == self.stranger:
                    self.assertFalse(found, model)
                else:
                    own = everything.filtered(lambda one, user=user: one.payee_id == user.partner_id)
                    self.assertEqual(found.sudo(), own.sudo(), (user.name, model))
                for one in everything.sudo() - found.sudo():
                    self.env.invalidate_all()
                    for read in (
                        lambda one=one, user=user: one.with_user(user).read(["payee_id"]),
                        lambda one=one, user=user: one.with_user(user).export_data(["payee_id/name"]),
                        lambda one=one, user=user: one.with_user(user).web_read({"payee_id": {}}),
                    ):
                        with self.assertRaises(AccessError):
                            read()

    def test_filters_tell_nothing_of_others(self):
        ledger = self.env["o2c.commission.entry"].with_user(self.salesperson)
        agent = self.agent.id
        for domain in (
            [("payee_id", "=", agent)], [("settlement_id.payee_id", "=", agent)],
            [("origin_entry_id.payee_id", "=", agent)], [("agreement_id.payee_id", "=", agent)],
        ):
            self.assertFalse(ledger.search_count(domain), domain)
        settlements = self.env["o2c.commission.settlement"].with_user(self.salesperson)
        self.assertFalse(settlements.search_count([("entry_ids.payee_id", "=", agent)]))
        # A document may not be found by what it earns others.
        orders = self.env["sale.order"].with_user(self.salesperson)
        self.assertFalse(orders.search_count([("o2c_commission_ids.payee_id", "=", agent)]))
        self.assertFalse(orders.search_count([("o2c_commission_split_ids.payee_id", "=", agent)]))
        self.assertTrue(orders.search_count([
            ("o2c_commission_ids.payee_id", "=", self.salesperson.partner_id.id)
        ]))

    def test_documents_show_everybody_his_part(self):
        for user, expected, earned in (
            (self.salesperson, 0.0, 60.0), (self.commission_manager, 0.0, 100.0),
        ):
            self.env.invalidate_all()
            # Commission managers need not be salespeople: what they read of the order is on the ledger.
            order = self.order.with_user(user)
            if user == self.salesperson:
                self.assertEqual(order.o2c_commission_expected, expected)
                self.assertEqual(order.o2c_commission_earned, earned)
                self.assertEqual(order.o2c_commission_ids.payee_id, user.partner_id)
                amounts = order.order_line.o2c_commission_ids.mapped("amount")
                self.assertEqual(sorted(amounts), [-60.0, 60.0, 60.0])
            ledger = self.env["o2c.commission.entry"].with_user(user)
            rows = ledger.search([("order_id", "=", self.order.id)])
            self.assertEqual(self._sum(rows), earned)

    def test_accountants_and_portal_users_read_nothing(self):
        portal = self.env["res.users"].with_context(no_reset_password=True).create({
            "name": "Quayside", "login": "quay", "partner_id": self.agent.id,
            "group_ids": [Command.set(self.env.ref("base.group_portal").ids)],
            "company_id": self.company.id, "company_ids": [Command.set(self.company.ids)],
        })
        models = [name for name in self.env.registry if name.startswith("o2c.commission.")]
        self.assertGreater(len(models), 12)
        for model in models:
            records = self.env[model]
            if records._abstract:
                continue
            for user in (portal, self.accountant):
                try:
                    found = records.with_user(user).search([])
                except AccessError:
                    continue
                if "payee_id" in records._fields:
                    self.assertFalse(
                        found.sudo().filtered(lambda one, user=user: one.payee_id != user.partner_id), model
                    )
                self.assertNotEqual(user, portal, model)
        self.env.invalidate_all()
        invoice = self.invoice.with_user(self.accountant)
        self.assertEqual(invoice.amount_total, 1000.0)
        # They post, pay and credit what earns others commission all the same.
        new = self._bill(100.0, post=False)
        new.with_user(self.accountant).action_post()
        self.assertEqual(len(new.sudo().o2c_commission_ids), 2)
        self._receive(new.with_user(self.accountant))

    def test_nobody_but_the_program_writes_the_ledger(self):
        for user in (self.salesperson, self.commission_manager, self.o2c_manager, self.env.user):
            entry = self.invoice.o2c_commission_ids[:1].with_user(user)
            for attempt in (
                lambda entry=entry: entry.write({"amount": 1.0}),
                lambda entry=entry: entry.with_context(o2c_commission_writer=True).write({"amount": 1.0}),
                lambda entry=entry: entry.write({"settlement_id": self.settlements[0].id}),
                lambda entry=entry: entry.copy(),
                lambda entry=entry: entry.unlink(),
                lambda entry=entry: self.settlements[:1].with_user(entry.env.user).write(
                    {"entry_ids": [Command.unlink(entry.id)]}
                ),
            ):
                with self.assertRaises(Exception) as failed, self.env.cr.savepoint():
                    attempt()
                self.assertIn(type(failed.exception).__name__, ("AccessError", "UserError"))
