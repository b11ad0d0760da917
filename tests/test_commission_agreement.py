from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.order_to_cash.algorithms.commission.coverage import Document

from .commission_common import CommissionCommon

DAY = fields.Date.to_date("2025-02-01")


class AgreementCase(CommissionCommon):
    def _document(self, key="SO1", partner=None, **values):
        partner = partner or self.customer
        return Document(key, **{
            "company_id": self.company.id,
            "date": DAY,
            "salesperson_id": self.salesperson.partner_id.id,
            "partner_id": partner.commercial_partner_id.id,
            "contact_id": partner.id,
            "region_id": partner.o2c_region_id.id or None,
            "team_id": None,
            **values,
        })

    def _covering(self, *args, **values):
        return self.env["o2c.commission.agreement"]._covering([self._document(*args, **values)])["SO1"]


@tagged("post_install", "-at_install")
class TestCommissionAgreement(AgreementCase):
    """Who is paid by which plan, on which sales."""

    @freeze_time("2025-03-10")
    def test_a_commission_manager_agrees_with_an_employee_and_an_agent(self):
        plan = self._new_plan()
        Agreement = self.env["o2c.commission.agreement"].with_user(self.commission_manager)
        for payee, payout in ((self.salesperson.partner_id, "payroll"), (self.agent, "bill")):
            with self.subTest(payout):
                form = Form(Agreement)
                form.payee_id = payee
                form.plan_id = plan
                agreement = form.save()
                self.assertEqual(agreement.payout, payout)
                self.assertEqual((agreement.share, agreement.mode), (100, "shared"))
                self.assertEqual(agreement.coverage, "salesperson")
                self.assertEqual(agreement.currency_id, self.company.currency_id)
                self.assertEqual(agreement.date_from, fields.Date.to_date("2025-03-10"))
                self.assertEqual(agreement.display_name, f"{payee.name}: Field Sales")
        self.assertEqual(plan.agreement_count, 2)

    @mute_logger("odoo.sql_db")
    def test_what_makes_no_sense_is_refused(self):
        plan = self._new_plan()
        region = self.env["o2c.sales.region"].create({"name": "Coast"})
        for values in (
            {"coverage": "customers"},
            {"coverage": "region"},
            {"coverage": "team"},
            {"payout": "payroll"},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                self._new_agreement(self.agent, plan, **values)
        for values in (
            {"share": 0.0},
            {"share": -1.0},
            {"share": 100.01},
            {"date_from": "2025-02-01", "date_to": "2025-01-31"},
            {"draw_amount": -1.0},
            {"cap_amount": -1.0},
            {"guarantee_amount": -1.0},
            {"cap_amount": 100.0, "guarantee_amount": 101.0},
        ):
            with self.subTest(values), self.assertRaises(IntegrityError), self.cr.savepoint():
                self._new_agreement(self.agent, plan, **values)
        for values in (
            {"coverage": "customers", "partner_ids": [Command.link(self.customer.id)]},
            {"coverage": "region", "region_id": region.id},
            {"coverage": "all", "share": 0.01, "mode": "overlay"},
            {"guarantee_amount": 101.0},
            {"cap_amount": 101.0, "guarantee_amount": 101.0},
        ):
            with self.subTest(values):
                agreement = self._new_agreement(self.agent, plan, **values)
        with self.assertRaises(ValidationError):
            agreement.payout = "payroll"

    def test_payroll_is_for_internal_users_those_who_left_included(self):
        portal = new_test_user(self.env, login="agent_portal", groups="base.group_portal")
        with self.assertRaises(ValidationError):
            self._new_agreement(portal.partner_id, payout="payroll")
        agreement = self._new_agreement(payout="payroll")
        self.salesperson.active = False
        agreement.payout = "bill"
        agreement.payout = "payroll"

    def test_a_plan_with_agreements_stays(self):
        agreement = self._new_agreement(plan=self._new_plan(activate=False))
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            agreement.plan_id.unlink()

    def test_agreements_of_all_versions_show_on_each(self):
        first = self._new_plan(date_to="2025-06-30")
        second = first.browse(first.action_new_version()["res_id"])
        mine = self._new_agreement(plan=first)
        theirs = self._new_agreement(self.agent, second)
        for plan in first | second:
            self.assertEqual(plan.family_agreement_ids, mine | theirs)
            self.assertEqual(plan.agreement_count, 2)
            found = self.env["o2c.commission.agreement"].search(plan.action_view_agreements()["domain"])
            self.assertEqual(found, mine | theirs)

    def test_a_copy_begins_today(self):
        agreement = self._new_agreement(date_to="2025-12-31")
        with freeze_time("2025-03-10"):
            self.assertEqual(agreement.copy().date_from, fields.Date.to_date("2025-03-10"))
        with freeze_time("2026-03-10"):
            self.assertFalse(agreement.copy().date_to)

    # ------------------------------------------------------------------
    # Coverage
    # ------------------------------------------------------------------

    def test_agreements_in_the_order_of_precedence(self):
        plan = self._new_plan()
        world, coast = self.env["o2c.sales.region"].create([{"name": "World"}, {"name": "Coast"}])
        coast.parent_id = world
        team = self.env["crm.team"].create({"name": "Key Accounts"})
        self.customer.o2c_region_id = coast
        contact = self._new_customer("Purchasing", parent_id=self.customer.id, is_company=False)
        everything = self._new_agreement(self.agent, plan, coverage="all", sequence=1)
        own = self._new_agreement(plan=plan)
        of_team = self._new_agreement(self.agent, plan, coverage="team", team_id=team.id)
        of_world = self._new_agreement(self.agent, plan, coverage="region", region_id=world.id)
        of_coast = self._new_agreement(self.agent, plan, coverage="region", region_id=coast.id)
        of_customer = self._new_agreement(
            self.agent, plan, coverage="customers", partner_ids=[Command.set(self.customer.ids)]
        )
        expected = [of_customer, of_coast, of_world, of_team, own, everything]
        self.assertEqual(list(self._covering(partner=contact, team_id=team.id)), expected)
        self.assertEqual(
            list(self._covering(partner=self.other_customer, salesperson_id=None)), [everything]
        )

    def test_archived_agreements_and_those_out_of_date_cover_nothing(self):
        agreement = self._new_agreement(date_from="2025-02-01", date_to="2025-02-28")
        for date, covers in (("2025-01-31", 0), ("2025-02-01", 1), ("2025-02-28", 1), ("2025-03-01", 0)):
            with self.subTest(date):
                self.assertEqual(len(self._covering(date=fields.Date.to_date(date))), covers)
        agreement.active = False
        Agreement = self.env["o2c.commission.agreement"].with_context(active_test=False)
        self.assertFalse(Agreement._covering([self._document()])["SO1"])

    def test_companies_and_branches(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        other = self.env["res.company"].create({"name": "Elsewhere", "o2c_use_commission": True})
        of_company = self._new_agreement()
        of_branch = self._new_agreement(plan=of_company.plan_id, company_id=branch.id)
        self.assertEqual(self._covering(), of_company)
        self.assertEqual(self._covering(company_id=branch.id), of_company | of_branch)
        self.assertFalse(self._covering(company_id=other.id))
        with self.assertRaises(UserError):
            self._new_agreement(plan=of_company.plan_id, company_id=other.id)
        with self.assertRaises(UserError):
            self._new_agreement(plan=self._new_plan(company_id=branch.id))
        self.company.o2c_use_commission = False
        self.assertFalse(self._covering(company_id=branch.id))

    def test_many_documents_take_no_more_queries_than_few(self):
        plan = self._new_plan()
        region = self.env["o2c.sales.region"].create({"name": "Coast"})
        self._new_agreement(plan=plan)
        self._new_agreement(self.agent, plan, coverage="region", region_id=region.id)
        Agreement = self.env["o2c.commission.agreement"].with_user(self.other_salesperson)
        counts = []
        for number in (1, 1, 500):
            documents = [self._document(key, region_id=region.id) for key in range(number)]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            found = Agreement._covering(documents)
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual({len(agreements) for agreements in found.values()}, {2})
        self.assertEqual(counts[1], counts[2])
        self.assertEqual(Agreement._covering([]), {})


@tagged("post_install", "-at_install")
class TestCommissionRights(AgreementCase):
    """People see their own agreements and plans."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._new_plan(cls._tier_rule((0, 0, 5)), bonus_ids=[
            Command.create({"attainment_from": 100, "factor": 10})
        ])
        cls.other_plan = cls._new_plan(cls._tier_rule((0, 0, 7)), name="Otto's")
        cls.agreement = cls._new_agreement(plan=cls.plan)
        cls.other_agreement = cls._new_agreement(cls.other_salesperson.partner_id, cls.other_plan)

    def _seen(self, model, user):
        return self.env[model].with_user(user).with_context(active_test=False).search([]).sudo(False)

    def _all(self):
        plans = self.plan | self.other_plan
        return {
            "o2c.commission.plan": plans,
            "o2c.commission.rule": plans.rule_ids,
            "o2c.commission.tier": plans.rule_ids.tier_ids,
            "o2c.commission.bonus": plans.bonus_ids,
            "o2c.commission.agreement": self.agreement | self.other_agreement,
        }

    def test_salespeople_see_their_own_only(self):
        rules = self.plan.rule_ids
        expected = {
            "o2c.commission.plan": self.plan,
            "o2c.commission.rule": rules,
            "o2c.commission.tier": rules.tier_ids,
            "o2c.commission.bonus": self.plan.bonus_ids,
            "o2c.commission.agreement": self.agreement,
        }
        for model, records in expected.items():
            with self.subTest(model):
                self.assertEqual(self._seen(model, self.salesperson), records)
                for hidden in self._all()[model] - records:
                    with self.assertRaises(AccessError):
                        hidden.with_user(self.salesperson).read(["display_name"])
        self.env.invalidate_all()
        as_sally = self.plan.with_user(self.salesperson)
        self.assertEqual(as_sally.agreement_ids, self.agreement)
        self._new_agreement(self.agent, self.plan)
        # As in another transaction: new records are patched into the caches of this one.
        self.env.flush_all()
        self.env.transaction.clear()
        self.assertEqual(as_sally.agreement_ids, self.agreement)
        self.assertEqual(as_sally.family_agreement_ids, self.agreement)

    def test_the_plan_opens_for_whom_it_pays(self):
        self._new_agreement(self.agent, self.plan)
        self.env.flush_all()
        self.env.transaction.clear()
        as_sally = self.plan.with_user(self.salesperson)
        form = Form(as_sally)
        self.assertEqual(form.name, "Field Sales")
        specification = {"agreement_ids": {"fields": {"payee_id": {"fields": {"display_name": {}}}}}}
        [values] = as_sally.web_read(specification)
        self.assertEqual([line["id"] for line in values["agreement_ids"]], self.agreement.ids)
        with self.assertRaises(AccessError):
            as_sally.read(["payee_agreement_ids"])

    def test_managers_see_all_and_others_nothing(self):
        nobody = self._new_user("nick", "sales_team.group_sale_salesman")
        collector = self.collector
        for model, records in self._all().items():
            with self.subTest(model):
                self.assertEqual(self._seen(model, self.commission_manager) & records, records)
                self.assertFalse(self._seen(model, nobody))
                self.assertFalse(self._seen(model, collector))

    def test_a_new_version_is_hidden_until_it_is_active(self):
        self.plan.action_close("2025-06-30")
        second = self.plan.browse(self.plan.action_new_version()["res_id"])
        self.assertEqual(self._seen("o2c.commission.plan", self.salesperson), self.plan)
        second.action_activate()
        self.assertEqual(self._seen("o2c.commission.plan", self.salesperson), self.plan | second)
        self.assertEqual(
            self._seen("o2c.commission.rule", self.salesperson), (self.plan | second).rule_ids
        )

    def test_an_own_agreement_opens_even_where_its_plan_is_a_draft(self):
        self.agreement.plan_id = self._new_plan(name="Draft", activate=False)
        self.env.invalidate_all()
        form = Form(self.agreement.with_user(self.salesperson))
        self.assertEqual(form.plan_id.id, self.agreement.plan_id.id)
        self.assertIn("Draft", self.agreement.with_user(self.salesperson).display_name)

    def test_own_archived_agreements_stay_readable(self):
        self.agreement.active = False
        self.assertEqual(self._seen("o2c.commission.agreement", self.salesperson), self.agreement)
        self.assertEqual(self._seen("o2c.commission.plan", self.salesperson), self.plan)

    def test_nobody_grants_himself_commission(self):
        as_sally = self.agreement.with_user(self.salesperson)
        for attempt in (
            lambda: as_sally.write({"share": 99}),
            as_sally.copy,
            as_sally.unlink,
            as_sally.action_archive,
            lambda: as_sally.plan_id.write({"agreement_ids": [Command.update(as_sally.id, {"share": 9})]}),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_a_manager_of_a_branch_keeps_the_branch(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        manager = self._new_user("bruno", "order_to_cash.group_commission_manager", company=branch)
        own = self._new_agreement(self.agent, self.plan, company_id=branch.id)
        plans = self._seen("o2c.commission.plan", manager)
        self.assertEqual(plans & (self.plan | self.other_plan), self.plan | self.other_plan)
        self.assertEqual(self._seen("o2c.commission.agreement", manager), own)
        new = self.env["o2c.commission.agreement"].with_user(manager).with_company(branch).create({
            "payee_id": self.agent.id, "plan_id": self.other_plan.id, "company_id": branch.id,
        })
        self.assertEqual(new.company_id, branch)
        with self.assertRaises(AccessError):
            self.plan.with_user(manager).action_close()
        with self.assertRaises(AccessError):
            self.plan.with_user(manager).action_new_version()
        with self.assertRaises(AccessError):
            self.agreement.with_user(manager).write({"share": 1})

    def test_a_salesperson_of_a_branch_reads_what_the_company_agreed(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        seller = self._new_user("bella", "sales_team.group_sale_salesman", company=branch)
        agreement = self._new_agreement(seller.partner_id, self.plan)
        self.assertEqual(self._seen("o2c.commission.agreement", seller), agreement)
        self.assertEqual(self._seen("o2c.commission.plan", seller), self.plan)

    def test_another_company_is_invisible(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        manager = self._new_user("erik", "order_to_cash.group_commission_manager", company=other)
        for model, records in self._all().items():
            with self.subTest(model):
                self.assertFalse(self._seen(model, manager) & records)
