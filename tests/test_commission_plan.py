from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, freeze_time, tagged

from odoo.addons.order_to_cash.algorithms.commission.matching import Fact
from odoo.addons.order_to_cash.algorithms.commission.tiers import Band

from .commission_common import CommissionCommon

day = fields.Date.to_date


@tagged("post_install", "-at_install")
class TestCommissionPlan(CommissionCommon):
    """A plan is drawn up, activated, closed and succeeded."""

    def _refuses(self, error=UserError):
        return self.assertRaises(error)

    # ------------------------------------------------------------------
    # Activation
    # ------------------------------------------------------------------

    def test_a_commission_manager_draws_up_and_activates_a_plan(self):
        with Form(self.env["o2c.commission.plan"].with_user(self.commission_manager)) as form:
            form.name = "Inside Sales"
            with form.rule_ids.new() as rule:
                rule.method = "rate"
                rule.rate = 5.0
        plan = form.save()
        self.assertEqual((plan.state, plan.version, plan.family_id), ("draft", 1, plan))
        self.assertEqual((plan.trigger, plan.base, plan.settlement_period), ("payment", "untaxed", "month"))
        plan.action_activate()
        self.assertEqual(plan.state, "active")

    def test_a_new_tier_begins_where_the_last_one_ends(self):
        with Form(self.env["o2c.commission.plan"]) as form:
            form.name = "Tiers"
            with form.rule_ids.new() as rule:
                rule.method = "tier"
                for end in (10_000, 25_000, 0):
                    with rule.tier_ids.new() as tier:
                        tier.amount_to = end
        plan = form.save()
        self.assertEqual(plan.rule_ids.tier_ids.mapped("amount_from"), [0, 10_000, 25_000])
        with Form(plan.rule_ids) as rule, rule.tier_ids.new() as tier:
            self.assertEqual(tier.amount_from, 0, "nothing begins after what has no end")
            tier.amount_from = 30_000

    def test_what_a_plan_needs_before_it_is_activated(self):
        def tier_plan(*bands):
            return self._new_plan(self._tier_rule(*bands), activate=False)

        plans = {
            "no rule": self._new_plan(activate=False, rule_ids=False),
            "no tiers": tier_plan(),
            "start": tier_plan((1, 0, 5)),
            "end": tier_plan((0, 10, 5)),
            "gap": tier_plan((0, 10, 5), (11, 0, 6)),
            "overlap": tier_plan((0, 10, 5), (9, 0, 6)),
            "two without end": tier_plan((0, 0, 5), (9, 0, 6)),
            "bonuses that overlap": self._new_plan(activate=False, bonus_ids=[
                Command.create({"attainment_from": 90, "factor": 5}),
                Command.create({"attainment_from": 100, "factor": 10}),
            ]),
        }
        for name, plan in plans.items():
            with self.subTest(name), self._refuses():
                plan.action_activate()
            self.assertEqual(plan.state, "draft")
        # In any order of entry; bonuses of two kinds do not overlap.
        plan = self._new_plan(
            self._tier_rule((10, 0, 6), (0, 10, 5)),
            bonus_ids=[
                Command.create({"attainment_from": 90, "attainment_to": 100, "factor": 5}),
                Command.create({"attainment_from": 100, "factor": 10}),
                Command.create({"attainment_from": 95, "kind": "amount", "amount": 500}),
            ],
        )
        self.assertEqual(plan.rule_ids._bands(), (Band(0, 10, 5), Band(10, 0, 6)))

    def test_nonsense_is_refused_at_once(self):
        for values in (
            {"rate": -1.0},
            {"rate": 101.0},
            {"method": "fixed", "fixed_amount": -1.0},
            {"discount_from": 10.0, "discount_to": 10.0},
            {"discount_to": 101.0},
            {"date_from": "2025-02-01", "date_to": "2025-01-01"},
            {"product_id": self.goods.id, "product_tmpl_id": self.service.product_tmpl_id.id},
            self._tier_rule((0, 0, 101)),
        ):
            with self.subTest(values), self._refuses(ValidationError):
                self._new_plan(values, activate=False)
        self._new_plan({"rate": 250.0}, self._tier_rule((0, 0, 101)), base="quantity")
        plan = self._new_plan({"rate": 250.0}, base="quantity", activate=False)
        with self._refuses(ValidationError):
            plan.base = "margin"
        with self._refuses(ValidationError):
            plan.write({"date_from": "2025-02-01", "date_to": "2025-01-01"})

    # ------------------------------------------------------------------
    # Frozen
    # ------------------------------------------------------------------

    def test_an_active_or_closed_plan_is_frozen_with_all_it_consists_of(self):
        plan = self._new_plan(
            self._tier_rule((0, 0, 5)),
            bonus_ids=[Command.create({"attainment_from": 100, "factor": 10})],
        )
        other = self._new_plan(self._tier_rule((0, 0, 5)), activate=False)
        rule, bonus = plan.rule_ids, plan.bonus_ids
        tier = rule.tier_ids
        Rule, Tier = self.env["o2c.commission.rule"], self.env["o2c.commission.tier"]
        attempts = {
            "plan": lambda: plan.write({"name": "Other"}),
            "state": lambda: plan.write({"state": "draft"}),
            "dates": lambda: plan.write({"date_to": "2030-01-01"}),
            "delete": plan.unlink,
            "rule by command": lambda: plan.write({"rule_ids": [Command.create({"rate": 1})]}),
            "rule deleted by command": lambda: plan.write({"rule_ids": [Command.clear()]}),
            "tier by command": lambda: plan.write({
                "rule_ids": [Command.update(rule.id, {"tier_ids": [Command.update(tier.id, {"rate": 9})]})]
            }),
            "rule": lambda: rule.write({"rate": 1}),
            "order": lambda: rule.write({"sequence": 1}),
            "new rule": lambda: Rule.create({"plan_id": plan.id, "rate": 1}),
            "default of the context": lambda: Rule.with_context(default_plan_id=plan.id).create({}),
            "delete rule": rule.unlink,
            "copy rule": rule.copy,
            "rule moved here": lambda: other.rule_ids.write({"plan_id": plan.id}),
            "rule moved away": lambda: rule.write({"plan_id": other.id}),
            "tier": lambda: tier.write({"rate": 9}),
            "new tier": lambda: Tier.create({"rule_id": rule.id, "rate": 1}),
            "delete tier": tier.unlink,
            "copy tier": tier.copy,
            "tier moved here": lambda: other.rule_ids.tier_ids.write({"rule_id": rule.id}),
            "tiers by command": lambda: rule.write({"tier_ids": [Command.clear()]}),
            "bonus": lambda: bonus.write({"factor": 9}),
            "copy bonus": bonus.copy,
            "delete bonus": bonus.unlink,
        }
        for state in ("active", "closed"):
            self.assertEqual(plan.state, state)
            for name, attempt in attempts.items():
                with self.subTest(name, state=state), self._refuses():
                    attempt()
            if state == "active":
                plan.action_close("2025-06-30")
        self.env.invalidate_all()
        self.assertEqual((plan.rule_ids.tier_ids.rate, plan.bonus_ids.factor), (5, 10))

    def test_system_fields_are_not_set_by_hand(self):
        plan = self._new_plan()
        for values in ({"state": "active"}, {"version": 7}, {"family_id": plan.id}, {"previous_id": plan.id}):
            with self.subTest(values), self._refuses():
                self._new_plan(activate=False, **values)
        Plan = self.env["o2c.commission.plan"].with_context(
            default_state="active", default_version=7, default_family_id=plan.id
        )
        new = Plan.create({"name": "New"})
        self.assertEqual((new.state, new.version, new.family_id), ("draft", 1, new))
        copy = plan.copy()
        self.assertEqual((copy.state, copy.version, copy.family_id), ("draft", 1, copy))
        self.assertEqual(copy.rule_ids.rate, 10)
        self.assertNotEqual(copy.name, plan.name)

    def test_conversation_goes_on_and_drafts_may_go(self):
        plan = self._new_plan()
        plan.message_post(body="Why?")
        plan.activity_schedule(summary="Ask", user_id=self.commission_manager.id)
        plan.message_subscribe(self.commission_manager.partner_id.ids)
        draft = self._new_plan(self._tier_rule((0, 0, 5)), activate=False)
        rules = draft.rule_ids
        draft.unlink()
        self.assertFalse(rules.exists())

    # ------------------------------------------------------------------
    # Versions
    # ------------------------------------------------------------------

    def test_versions_follow_each_other_without_overlap(self):
        plan = self._new_plan(date_to="2025-06-30")
        second = self.env["o2c.commission.plan"].browse(plan.action_new_version()["res_id"])
        self.assertEqual((second.name, second.version, second.state), (plan.name, 2, "draft"))
        self.assertEqual((second.family_id, second.previous_id), (plan, plan))
        self.assertEqual((second.date_from, second.date_to), (day("2025-07-01"), False))
        self.assertEqual(second.rule_ids.rate, 10)
        self.assertEqual(plan.version_count, 2)
        with self._refuses():
            plan.action_new_version()
        second.date_from = "2025-06-30"
        with self._refuses():
            second.action_activate()
        second.date_from = "2025-07-01"
        second.action_activate()
        for date, version in (
            ("2024-12-31", plan.browse()), ("2025-01-01", plan), ("2025-06-30", plan),
            ("2025-07-01", second), ("2035-01-01", second),
        ):
            with self.subTest(date):
                self.assertEqual((plan | second)._version_at(day(date)), {plan: version, second: version})

    @freeze_time("2025-03-10")
    def test_a_plan_without_end_is_closed_before_the_next_begins(self):
        plan = self._new_plan()
        second = self.env["o2c.commission.plan"].browse(plan.action_new_version()["res_id"])
        self.assertEqual(second.date_from, day("2025-03-11"))
        with self._refuses():
            second.action_activate()
        plan.action_close()
        self.assertEqual((plan.state, plan.date_to), ("closed", day("2025-03-10")))
        second.action_activate()
        with self._refuses():
            plan.action_close()
        self.assertEqual(plan._version_at(day("2025-03-10"))[plan], plan)
        self.assertEqual(plan._version_at(day("2025-03-11"))[plan], second)

    def test_closing_never_lengthens_and_may_come_before_the_beginning(self):
        plan = self._new_plan(date_to="2025-06-30")
        plan.action_close("2025-12-31")
        self.assertEqual(plan.date_to, day("2025-06-30"))
        never = self._new_plan(date_from="2030-01-01")
        never.action_close("2025-01-01")
        self.assertFalse(never._version_at(day("2030-01-01"))[never])
        self.assertFalse(never._version_at(day("2025-01-01"))[never])
        instead = never.browse(never.action_new_version()["res_id"])
        instead.date_from = "2030-01-01"
        instead.action_activate()
        self.assertEqual(never._version_at(day("2030-01-01"))[never], instead)

    def test_two_drafts_of_one_plan_are_not_activated_over_each_other(self):
        plan = self._new_plan(date_to="2025-01-31")
        drafts = plan
        for _turn in range(2):
            draft = plan.browse(plan.action_new_version()["res_id"])
            # As if two people had made them at once.
            draft._write_system({"state": "closed"})
            drafts |= draft
        drafts -= plan
        drafts._write_system({"state": "draft"})
        with self._refuses():
            drafts.action_activate()

    # ------------------------------------------------------------------
    # Rules
    # ------------------------------------------------------------------

    def _fact(self, product=None, partner=None, **values):
        product, partner = product or self.goods, partner or self.customer
        path = tuple(int(step) for step in product.categ_id.parent_path.split("/") if step)[::-1]
        return Fact(**{
            "product_id": product.id,
            "product_tmpl_id": product.product_tmpl_id.id,
            "category_path": path,
            "partner_ids": (partner.id, partner.commercial_partner_id.id),
            "customer_type": partner.o2c_customer_type or None,
            "class_id": partner.o2c_class_id.id or None,
            "team_id": None,
            "discount": 0.0,
            "date": day("2025-02-01"),
            **values,
        })

    def test_the_rule_book_finds_records(self):
        plan = self._new_plan(
            {"rate": 1.0},
            {"rate": 2.0, "product_tmpl_id": self.goods.product_tmpl_id.id},
            {"rate": 3.0, "partner_id": self.customer.id},
            {"rate": 4.0, "discount_from": 5.0, "discount_to": 10.0},
            {"rate": 5.0, "discount_to": 5.0, "product_id": self.service.id},
        )
        for expected, fact in (
            (2.0, self._fact()),
            (3.0, self._fact(self.service, discount=20.0)),
            (5.0, self._fact(self.service, discount=-5.0)),
            (1.0, self._fact(self.service, self.other_customer, discount=10.0)),
            (4.0, self._fact(self.service, self.other_customer, discount=5.0)),
        ):
            with self.subTest(expected):
                found = plan._make_rule_book().best(fact)
                self.assertEqual(self.env["o2c.commission.rule"].browse(found.id).rate, expected)

    def test_a_draft_is_indexed_as_it_stands(self):
        plan = self._new_plan(activate=False)
        self.assertTrue(plan._make_rule_book().best(self._fact()))
        plan.rule_ids.partner_id = self.other_customer
        self.assertFalse(plan._make_rule_book().best(self._fact()))

    def test_rules_in_words(self):
        ropes = self.env["product.category"].create({"name": "Ropes"})
        for words, base, values in (
            ("10 % of the untaxed amount", "untaxed", {"rate": 10.0}),
            ("2.5 % of margin on category Ropes for distributors", "margin", {
                "rate": 2.5, "product_category_id": ropes.id, "customer_type": "distributor",
            }),
            ("$ 0.50 a unit for Harbour Supplies", "quantity", {
                "rate": 0.5, "partner_id": self.customer.id,
            }),
            ("$ 0.125 a unit", "quantity", {"rate": 0.125}),
            ("$ 0.333 a unit", "untaxed", {"method": "fixed", "fixed_amount": 0.333}),
            ("$ 3.00 a unit on Crate", "untaxed", {"method": "fixed", "fixed_amount": 3.0,
                                                     "product_tmpl_id": self.goods.product_tmpl_id.id}),
            ("2 % – 4 % of margin by tiers of the settlement period", "margin", self._tier_rule(
                (0, 100, 2), (100, 0, 4), tier_scope="period",
            )),
            ("1 % of margin at discounts from 5 % to below 10 %", "margin", {
                "rate": 1.0, "discount_from": 5.0, "discount_to": 10.0,
            }),
            ("1 % of margin from 02/01/2025 until 02/28/2025", "margin", {
                "rate": 1.0, "date_from": "2025-02-01", "date_to": "2025-02-28",
            }),
        ):
            with self.subTest(words):
                rule = self._new_plan(values, base=base).rule_ids
                self.assertEqual(rule.display_name.replace("\xa0", " "), words)
        rule = self._new_plan({"rate": 1.0, "name": "Launch bonus"}).rule_ids
        self.assertEqual(rule.display_name, "Launch bonus")

    # ------------------------------------------------------------------
    # Companies and rights
    # ------------------------------------------------------------------

    def test_nothing_of_another_company(self):
        other = self._create_company(name="Elsewhere")
        product = self._create_product(name="Theirs", company_id=other.id)
        for values in (
            {"product_id": product.id},
            {"product_tmpl_id": product.product_tmpl_id.id},
            {"partner_id": self._new_customer("Their Customer", company_id=other.id).id},
            {"team_id": self.env["crm.team"].create({"name": "Theirs", "company_id": other.id}).id},
        ):
            with self.subTest(values), self._refuses():
                self._new_plan({"rate": 1.0, **values}, activate=False)
        plan = self._new_plan({"rate": 1.0, "partner_id": self._new_customer(
            "Ours", company_id=self.company.id).id}, activate=False)
        with self._refuses():
            plan.company_id = other

    def test_salespeople_change_nothing(self):
        plan = self._new_plan(activate=False)
        self._new_agreement(plan=plan)
        as_sally = plan.with_user(self.salesperson)
        for attempt in (
            as_sally.action_activate,
            lambda: as_sally.write({"name": "Mine"}),
            as_sally.action_new_version,
            lambda: as_sally.create({"name": "Mine"}),
            lambda: plan.rule_ids.with_user(self.salesperson).write({"rate": 99}),
        ):
            with self._refuses(AccessError):
                attempt()
        plan.action_activate()
        with self._refuses(AccessError):
            as_sally.action_close()
