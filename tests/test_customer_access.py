from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.order_to_cash.tests.common import O2cCommon

MODELS = (
    "o2c.customer.class",
    "o2c.sales.region",
    "o2c.qualification.type",
    "o2c.qualification",
    "o2c.region.handover",
)


@tagged("post_install", "-at_install")
class TestCustomerAccess(O2cCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.licence = cls.env.ref("order_to_cash.qualification_type_licence")
        cls.document = cls.env["o2c.qualification"].create({
            "partner_id": cls.customer.id,
            "type_id": cls.licence.id,
            "file": b"JVBERi0xLjQK",
            "file_name": "licence.pdf",
        })
        cls.region = cls.env["o2c.sales.region"].create({"name": "North"})
        cls.customer.write({
            "o2c_customer_type": "agent",
            "o2c_class_id": cls.env.ref("order_to_cash.customer_class_a").id,
        })

    def _rights(self, user):
        return {
            model: "".join(
                operation[0]
                for operation in ("read", "write", "create", "unlink")
                if self.env[model].with_user(user).has_access(operation)
            )
            for model in MODELS
        }

    def test_who_may_do_what(self):
        for user, expected in (
            (self.salesperson, ("r", "r", "r", "rwc", "")),
            (self.collector, ("r", "r", "r", "rwc", "")),
            (self.credit_manager, ("rwcu", "r", "rwcu", "rwcu", "")),
            (self.o2c_manager, ("rwcu", "rwcu", "rwcu", "rwcu", "rwcu")),
            (self._new_user("clerk", "base.group_partner_manager"), ("",) * 5),
            (self._portal_user(), ("",) * 5),
            (self.env.ref("base.public_user"), ("",) * 5),
        ):
            with self.subTest(user=user.sudo().login):
                self.assertEqual(self._rights(user), dict(zip(MODELS, expected, strict=True)))

    def _portal_user(self):
        return new_test_user(
            self.env, login="paula", groups="base.group_portal", partner_id=self.customer.id
        )

    def test_portal_users_do_not_see_their_own_profile(self):
        portal_user = self._portal_user()
        partner = self.customer.with_user(portal_user)
        self.assertTrue(partner.name)
        for name in partner._fields:
            if name.startswith("o2c_"):
                with self.subTest(field=name), self.assertRaises(AccessError):
                    partner.read([name])

    def test_a_portal_user_may_change_his_address(self):
        region = self.env["o2c.sales.region"].create({
            "name": "US", "country_ids": [Command.set(self.env.ref("base.us").ids)],
        })
        self.customer.o2c_region_id = region
        address = self.customer.with_user(self._portal_user()).sudo().create({
            "name": "Door", "parent_id": self.customer.id, "type": "delivery",
        })
        self.assertEqual(address.o2c_region_id, region)

    def test_salespeople_record_documents_and_read_their_files(self):
        document = self.env["o2c.qualification"].with_user(self.salesperson).create({
            "partner_id": self.customer.id,
            "type_id": self.licence.id,
            "file": b"JVBERi0xLjQK",
        })
        document.number = "1"
        attachment = self.env["ir.attachment"].sudo().search([
            ("res_model", "=", "o2c.qualification"),
            ("res_field", "=", "file"),
            ("res_id", "=", document.id),
        ])
        attachment.with_user(self.other_salesperson).check_access("read")
        with self.assertRaises(AccessError):
            document.unlink()

    def test_others_do_not_read_the_files(self):
        attachment = self.env["ir.attachment"].sudo().search([
            ("res_model", "=", "o2c.qualification"),
            ("res_field", "=", "file"),
            ("res_id", "=", self.document.id),
        ])
        self.assertTrue(attachment)
        for user in (
            self._new_user("clerk", "base.group_partner_manager"),
            self._portal_user(),
            self.env.ref("base.public_user"),
        ):
            with self.subTest(user=user.sudo().login), self.assertRaises(AccessError):
                attachment.with_user(user).check_access("read")

    def test_whoever_may_not_see_the_customer_does_not_see_its_documents(self):
        self.env["ir.rule"].create({
            "name": "Own customers only",
            "model_id": self.env["ir.model"]._get_id("res.partner"),
            "domain_force": f"[('id', '!=', {self.customer.id})]",
            "groups": [Command.set(self.env.ref("sales_team.group_sale_salesman").ids)],
        })
        Qualification = self.env["o2c.qualification"].with_user(self.salesperson)
        self.assertFalse(Qualification.search([("id", "=", self.document.id)]))
        self.assertFalse(Qualification.search_count([("id", "=", self.document.id)]))
        for operation in ("read", "write"):
            with self.assertRaises(AccessError):
                self.document.with_user(self.salesperson).check_access(operation)
        with self.assertRaises(AccessError):
            Qualification.create({
                "partner_id": self.customer.id, "type_id": self.licence.id,
            })

    def test_archived_customers_keep_their_documents_readable(self):
        self.customer.active = False
        self.assertIn(
            self.document,
            self.env["o2c.qualification"].with_user(self.salesperson).search([]),
        )

    def test_companies_are_apart(self):
        other_company = self.env["res.company"].create({"name": "Elsewhere"})
        partner = self._new_customer("Theirs", company_id=other_company.id)
        records = [
            self.env["o2c.customer.class"].create({
                "name": "Theirs", "code": "X", "company_id": other_company.id,
            }),
            self.env["o2c.sales.region"].create({
                "name": "Theirs", "company_id": other_company.id,
            }),
            self.env["o2c.qualification.type"].create({
                "name": "Theirs", "company_id": other_company.id,
            }),
            self.env["o2c.qualification"].create({
                "partner_id": partner.id, "type_id": self.licence.id,
            }),
        ]
        for record in records:
            with self.subTest(model=record._name):
                for user in (self.salesperson, self.o2c_manager):
                    self.assertFalse(record.with_user(user).has_access("read"))
                    self.assertNotIn(record, record.with_user(user).search([]))

    def test_a_branch_sees_what_is_of_its_company(self):
        branch = self.env["res.company"].create({
            "name": "Branch", "parent_id": self.company.id,
        })
        user = self._new_user("bella", "sales_team.group_sale_salesman", company=branch)
        self.region.company_id = self.company
        self.assertTrue(self.region.with_user(user).has_access("read"))

    def test_only_users_of_the_add_on_see_the_profile_on_the_customer(self):
        for user, sees in (
            (self.salesperson, True),
            (self._new_user("clerk", "base.group_partner_manager"), False),
        ):
            views = self.env["res.partner"].with_user(user).get_views(
                [(False, "form"), (False, "list"), (False, "search")]
            )["views"]
            for kind, view in views.items():
                with self.subTest(user=user.login, view=kind):
                    self.assertEqual("o2c_class_id" in view["arch"], sees)
