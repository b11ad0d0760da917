from odoo.exceptions import AccessError
from odoo.tests import TransactionCase, new_test_user, tagged

OPERATIONS = ("read", "write", "create", "unlink")
# What portal customers may know of documents that are theirs.
SHOWN_IN_PORTAL = {"o2c_hold_state"}
# What only administrators of the add-on may look at, whatever else they are.
ADMINISTRATION = {
    "o2c.day.cycle",
    "o2c.day.cycle.line",
    "o2c.getting.started",
    "o2c.opening.import",
    "o2c.opening.import.total",
    "o2c.region.handover",
}


@tagged("post_install", "-at_install")
class TestSecurity(TransactionCase):
    """What holds for every model of the add-on, those to come included."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.models = [
            model
            for name, model in sorted(cls.env.items())
            if name.startswith("o2c.") and not model._abstract
        ]
        cls.portal = new_test_user(cls.env, login="o2c_portal", groups="base.group_portal")
        cls.public = new_test_user(cls.env, login="o2c_public", groups="base.group_public")
        cls.employee = new_test_user(cls.env, login="o2c_employee", groups="base.group_user")
        cls.salesperson = new_test_user(
            cls.env, login="o2c_salesperson", groups="sales_team.group_sale_salesman"
        )
        cls.manager = new_test_user(
            cls.env, login="o2c_admin", groups="order_to_cash.group_manager"
        )

    def _rights(self, model, user):
        return {
            operation
            for operation in OPERATIONS
            if model.with_user(user).has_access(operation)
        }

    def test_there_are_models(self):
        self.assertGreater(len(self.models), 10)

    def test_portal_public_and_other_employees_have_no_access(self):
        for model in self.models:
            for user in (self.portal, self.public, self.employee):
                with self.subTest(model=model._name, user=user.login):
                    self.assertEqual(self._rights(model, user), set())

    def test_administrators_read_everything(self):
        for model in self.models:
            with self.subTest(model=model._name):
                self.assertIn("read", self._rights(model, self.manager))

    def test_salespeople_see_no_administration(self):
        for model in self.models:
            if model._name.split(".error")[0].split(".column")[0] in ADMINISTRATION:
                with self.subTest(model=model._name):
                    self.assertEqual(self._rights(model, self.salesperson), set())

    def test_every_stored_model_of_a_company_has_a_company_rule(self):
        Rule = self.env["ir.rule"]
        for model in self.models:
            if model._transient or "company_id" not in model._fields:
                continue
            with self.subTest(model=model._name):
                rules = Rule.search([
                    ("model_id.model", "=", model._name),
                    ("groups", "=", False),
                    ("domain_force", "like", "company_ids"),
                ])
                self.assertTrue(rules)

    def test_portal_users_cannot_read_what_we_add_to_core_models(self):
        for name in ("res.partner", "sale.order", "sale.order.line", "account.move"):
            model = self.env[name]
            for field in model._fields.values():
                if not field.name.startswith("o2c_") or field.name in SHOWN_IN_PORTAL:
                    continue
                with self.subTest(model=name, field=field.name), self.assertRaises(AccessError):
                    model.with_user(self.portal)._check_field_access(field, "read")

    def test_nothing_we_add_to_core_models_is_compulsory(self):
        """A column that must not be empty would fail whatever writes the table without us: Odoo's
        own data while an update has not loaded the add-on yet, or plain SQL."""
        for model in self.env.registry.values():
            if model._abstract or model._name.startswith("o2c."):
                continue
            for field in model._fields.values():
                if field.name.startswith("o2c_") and field.store:
                    self.assertFalse(field.required, f"{model._name}.{field.name}")

    def test_roles_do_not_imply_each_other(self):
        roles = ("credit_manager", "allocation_manager", "plan_manager", "collector")
        groups = {role: self.env.ref(f"order_to_cash.group_{role}") for role in roles}
        groups["commission_manager"] = self.env.ref("order_to_cash.group_commission_manager")
        user = self.env.ref("order_to_cash.group_user")
        manager = self.env.ref("order_to_cash.group_manager")
        for role, group in groups.items():
            with self.subTest(role=role):
                self.assertIn(user, group.all_implied_ids)
                self.assertIn(group, manager.all_implied_ids)
                others = manager.union(*groups.values()) - group
                self.assertFalse(group.all_implied_ids & others)
        self.assertIn(user, self.env.ref("sales_team.group_sale_salesman").all_implied_ids)
        self.assertEqual(
            len(manager.union(user, *groups.values()).privilege_id), 1, "under one privilege"
        )
