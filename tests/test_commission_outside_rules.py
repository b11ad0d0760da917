from decimal import Decimal

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .commission_outside_common import OutsideCase, money


@tagged("post_install", "-at_install")
class TestCommissionOutsideRules(OutsideCase):
    """Which rule counts, and what it makes of a figure at its edge."""

    def _earned(self, *documents):
        return self._sum(self.env["account.move"].concat(*documents).o2c_commission_ids)

    def _end(self, agreement):
        agreement.date_to = "2025-01-01"

    # ------------------------------------------------------------------
    # Tiers
    # ------------------------------------------------------------------

    def test_half_open_bands_of_a_line(self):
        bands = (0, 1000, 2), (1000, 5000, 4), (5000, 0, 6)
        # Below 1,000 at 2 %; 1,000 itself lies in the second band.
        cases = {
            "marginal": {
                0: 0.0, 999.99: 20.0, 1000: 20.0, 1000.01: 20.0, 1000.25: 20.01, 4999.99: 180.0,
                5000: 180.0, 5001: 180.06,
            },
            "retroactive": {
                0: 0.0, 999.99: 20.0, 1000: 40.0, 1000.01: 40.0, 4999.99: 200.0, 5000: 300.0, 5001: 300.06,
            },
        }
        for mode, amounts in cases.items():
            for scope in ("line", "document"):
                agreement = self._new_agreement(
                    plan=self._new_plan(self._tier_rule(*bands, tier_mode=mode, tier_scope=scope))
                )
                for amount, earned in amounts.items():
                    invoice = self._bill(amount)
                    self.assertEqual(self._earned(invoice), earned, (mode, scope, amount))
                    if amount:
                        refund = self._credit(invoice)
                        self.assertEqual(self._earned(refund), -earned, (mode, scope, amount))
                self._end(agreement)

    def test_lines_of_a_document_enter_the_bands_together(self):
        bands = (0, 100, 10), (100, 0, 20)
        for mode, of_line, of_document in (("marginal", 15.0, 20.0), ("retroactive", 15.0, 30.0)):
            found = []
            for scope in ("line", "document"):
                agreement = self._new_agreement(
                    plan=self._new_plan(self._tier_rule(*bands, tier_mode=mode, tier_scope=scope))
                )
                found.append(self._earned(self._bill(50.0, 50.0, 50.0)))
                self._end(agreement)
            self.assertEqual(found, [of_line, of_document], mode)

    def test_a_document_that_does_not_divide(self):
        bands = self._tier_rule((0, 100, 10), (100, 0, 20), tier_scope="document")
        for trigger in ("invoice", "order"):
            plan = self._new_plan(bands, trigger=trigger)
            mine = self._new_agreement(plan=plan, share=50.0)
            leader = self._new_agreement(self.agent, plan, coverage="all", mode="overlay", share=10.0)
            order = self._order(*[(self.service, 1, 50.0)] * 3, (self.service, 1, -7.77))
            self._invoice_order(order)
            rows = order.o2c_commission_ids
            # 10 + 20 % of 42.23 = 18.446.
            for agreement, earned in ((mine, 9.22), (leader, 1.84)):
                found = rows.filtered(lambda row, agreement=agreement: row.agreement_id == agreement)
                self.assertEqual(self._sum(found), earned, trigger)
                self.assertEqual(self._sum(found, expected=True), 0.0)
            audit = self.env["o2c.commission.audit"].create({
                "date_from": "2025-01-01", "date_to": "2026-12-31", "company_id": self.company.id,
            })
            audit.action_run()
            self.assertFalse(audit.line_ids)
            self._end(mine | leader)

    def test_a_changed_line_enters_the_bands_with_the_others(self):
        self._new_agreement(plan=self._new_plan(
            self._tier_rule((0, 100, 10), (100, 0, 20), tier_scope="document", tier_mode="retroactive"),
            trigger="order",
        ))
        order = self._order((self.service, 1, 50.0), (self.service, 1, 50.0))
        self.assertEqual(self._sum(order.o2c_commission_ids), 20.0)
        order.order_line[0].price_unit = 25.0
        self.assertEqual(self._sum(order.o2c_commission_ids), 7.5)
        order.write({"order_line": [Command.create({
            "product_id": self.service.id, "product_uom_qty": 1, "price_unit": 30.0, "tax_ids": [],
        })]})
        self.assertEqual(self._sum(order.o2c_commission_ids), 21.0)
        rows = len(order.o2c_commission_ids)
        order._o2c_refresh_commission()
        self.assertEqual(len(order.o2c_commission_ids), rows)
        order.order_line[2].product_uom_qty = 0.0
        self.assertEqual(self._sum(order.o2c_commission_ids), 7.5)

    def test_a_period_begins_anew_and_a_year_does_not(self):
        bands = (0, 1000, 5), (1000, 0, 10)
        months = ("2025-01-31", 600.0), ("2025-02-01", 600.0), ("2025-02-28", 400.0), ("2025-12-31", 100.0)
        for scope, mode, earned in (
            # 30 + 30 + 20 (1,000 exactly is all at 5 % for each part) + 5.
            ("period", "marginal", [30.0, 30.0, 20.0, 5.0]),
            # 1,000 exactly is the second band: 100 − 30.
            ("period", "retroactive", [30.0, 30.0, 70.0, 5.0]),
            ("year", "marginal", [30.0, 40.0, 40.0, 10.0]),
            ("year", "retroactive", [30.0, 90.0, 40.0, 10.0]),
        ):
            agreement = self._new_agreement(
                plan=self._new_plan(self._tier_rule(*bands, tier_mode=mode, tier_scope=scope))
            )
            self.assertEqual(
                [self._earned(self._bill(amount, date=date)) for date, amount in months],
                earned, (scope, mode),
            )
            next_year = self._bill(100.0, date="2026-01-01")
            self.assertEqual(self._earned(next_year), 5.0)
            self._end(agreement)

    def test_a_tier_is_left_again_by_a_return(self):
        agreement = self._new_agreement(plan=self._new_plan(
            self._tier_rule((0, 1000, 5), (1000, 0, 10), tier_mode="retroactive", tier_scope="period")
        ))
        first, second = self._bill(600.0), self._bill(500.0)
        rows = self._rows(agreement.payee_id)
        self.assertEqual(self._sum(rows), 110.0)
        refund = self._credit(second, 200.0, date="2025-03-31")
        # 900 are left: 45.
        self.assertEqual(self._sum(self._rows(agreement.payee_id)), 45.0)
        refund.button_draft()
        self.assertEqual(self._sum(self._rows(agreement.payee_id)), 110.0)
        first.button_draft()
        self.assertEqual(self._sum(self._rows(agreement.payee_id)), 25.0)

    def test_quantities_in_tiers_and_rates(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        for rule, earned in (
            # 24 of them: 10 × 0.5 + 14 × 0.75.
            (self._tier_rule((0, 10, 0.5), (10, 0, 0.75)), 15.5),
            (self._tier_rule((0, 24, 0.5), (24, 0, 0.75), tier_mode="retroactive"), 18.0),
            (self._tier_rule((0, 25, 0.5), (25, 0, 0.75), tier_mode="retroactive"), 12.0),
            ({"rate": 1.25}, 30.0),
            ({"method": "fixed", "fixed_amount": 0.333}, 7.99),
        ):
            agreement = self._new_agreement(plan=self._new_plan(rule, base="quantity"))
            invoice = self._bill(12.0, product=self.goods, quantity=2, post=False)
            invoice.invoice_line_ids.product_uom_id = dozen
            invoice.action_post()
            self.assertEqual(self._earned(invoice), earned)
            self._end(agreement)

    def test_bands_with_a_gap_or_an_overlap_are_refused(self):
        for bands in (
            ((0, 100, 5), (101, 0, 6)),
            ((0, 100, 5), (99, 0, 6)),
            ((10, 100, 5), (100, 0, 6)),
            ((0, 100, 5), (100, 200, 6)),
            ((0, 0, 5), (100, 0, 6)),
            (),
        ):
            with self.subTest(bands), self.assertRaises(UserError), self.env.cr.savepoint():
                self._new_plan(self._tier_rule(*bands))

    # ------------------------------------------------------------------
    # The most specific rule
    # ------------------------------------------------------------------

    def test_the_most_specific_rule_counts(self):
        category = self.env["product.category"].create({"name": "Boats"})
        below = self.env["product.category"].create({"name": "Sails", "parent_id": category.id})
        lowest = self.env["product.category"].create({"name": "Jibs", "parent_id": below.id})
        product = self._create_product(name="Jib", type="consu", categ_id=lowest.id, taxes_id=[])
        grade = self.env["o2c.customer.class"].create({"name": "A", "code": "A"})
        team = self.env["crm.team"].create({"name": "Coast", "company_id": self.company.id})
        self.customer.write({"o2c_customer_type": "distributor", "o2c_class_id": grade.id})
        # From the least to the most specific, each with a sequence that would put it last.
        ladder = [
            {},
            {"date_from": "2025-02-01", "date_to": "2025-12-31"},
            {"discount_from": 10.0, "discount_to": 20.0},
            {"team_id": team.id},
            {"class_id": grade.id},
            {"customer_type": "distributor"},
            {"partner_id": self.customer.id},
            {"product_category_id": category.id},
            {"product_category_id": below.id},
            {"product_category_id": lowest.id},
            {"product_tmpl_id": product.product_tmpl_id.id},
            {"product_id": product.id},
        ]
        for length in range(1, len(ladder) + 1):
            rules = [
                {"rate": float(number), "sequence": number * 10, **values}
                for number, values in enumerate(ladder[:length], start=1)
            ]
            agreement = self._new_agreement(plan=self._new_plan(*rules))
            invoice = self._bill(100.0, product=product, post=False, team_id=team.id)
            invoice.invoice_line_ids.write({"discount": 10.0, "price_unit": 1000.0})
            invoice.action_post()
            self.assertEqual(self._earned(invoice), length * 9.0, ladder[length - 1])
            self.assertTrue(invoice.o2c_commission_ids.explanation)
            self._end(agreement)

    def test_equally_specific_rules_by_sequence(self):
        self._new_agreement(plan=self._new_plan(
            {"rate": 1.0, "sequence": 20, "product_id": self.service.id},
            {"rate": 2.0, "sequence": 10, "product_id": self.service.id},
            {"rate": 3.0, "sequence": 30, "product_id": self.service.id},
        ))
        self.assertEqual(self._earned(self._bill(100.0)), 2.0)

    def test_discount_bands_at_their_edges(self):
        self._new_agreement(plan=self._new_plan(
            {"rate": 10.0, "discount_to": 5.0},
            {"rate": 5.0, "discount_from": 5.0, "discount_to": 20.0},
            {"rate": 1.0, "discount_from": 20.0},
        ))
        for discount, rate in (
            (0, 10), (4.99, 10), (5, 5), (19.99, 5), (20, 1), (99, 1), (-3, 10),
        ):
            invoice = self._bill(1000.0, post=False)
            invoice.invoice_line_ids.discount = discount
            invoice.action_post()
            base = Decimal(1000) - Decimal(10) * Decimal(str(discount))
            self.assertEqual(self._earned(invoice), money(base * rate / 100), discount)

    def test_contacts_of_the_customer_and_dates_of_rules(self):
        contact = self.env["res.partner"].create({"name": "Buyer", "parent_id": self.customer.id})
        self._new_agreement(plan=self._new_plan(
            {"rate": 1.0},
            {"rate": 2.0, "partner_id": self.customer.id, "date_from": "2025-03-02", "date_to": "2025-03-31"},
        ))
        for day, rate in (("2025-03-01", 1.0), ("2025-03-02", 2.0), ("2025-03-31", 2.0), ("2025-04-01", 1.0)):
            for partner in (self.customer, contact):
                invoice = self._bill(100.0, date=day, partner_id=partner.id)
                self.assertEqual(self._earned(invoice), rate, (day, partner.name))

    # ------------------------------------------------------------------
    # Versions, agreements, first day
    # ------------------------------------------------------------------

    def test_closed_and_succeeded(self):
        plan = self._new_plan({"rate": 10.0}, trigger="payment")
        self._new_agreement(plan=plan)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            plan.rule_ids.rate = 12.0
        with self.assertRaises(UserError), self.env.cr.savepoint():
            plan.write({"rule_ids": [Command.create({"rate": 1.0})]})
        with self.assertRaises(UserError), self.env.cr.savepoint():
            plan.date_from = "2024-01-01"
        old = self._bill(1000.0, date="2025-03-31")
        plan.action_close("2025-03-31")
        successor = plan.action_new_version()
        successor = self.env["o2c.commission.plan"].search([
            ("family_id", "=", plan.family_id.id), ("id", "!=", plan.id),
        ])
        successor.write({"date_from": "2025-04-01", "rule_ids": [
            Command.update(successor.rule_ids.id, {"rate": 20.0}),
        ]})
        successor.action_activate()
        new = self._bill(1000.0, date="2025-04-01")
        self._receive(old, 500.0, date="2025-04-15")
        self._receive(new, 500.0, date="2025-04-15")
        self.assertEqual((self._earned(old), self._earned(new)), (50.0, 100.0))
        refund = self._credit(old, 500.0, date="2025-05-01")
        self._apply(old, refund)
        # 100 of the old; what is credited goes at 10 % as it came.
        self.assertEqual(self._earned(old, refund), 50.0)
        self.assertEqual(refund.o2c_commission_ids.plan_id, plan)

    def test_agreements_from_a_day_until_a_day(self):
        plan = self._new_plan()
        self._new_agreement(plan=plan, date_from="2025-03-02", date_to="2025-03-04")
        self.assertEqual(
            [self._earned(self._bill(100.0, date=f"2025-03-0{day}")) for day in range(1, 6)],
            [0.0, 10.0, 10.0, 10.0, 0.0],
        )

    def test_first_day_of_commission(self):
        self._new_agreement(plan=self._new_plan(trigger="payment"))
        self.company.o2c_commission_start = "2025-03-01"
        old, new = self._bill(100.0, date="2025-02-28"), self._bill(100.0, date="2025-03-01")
        self._receive(old)
        self._receive(new)
        refund = self._credit(old)
        self.assertEqual((self._earned(old), self._earned(new), self._earned(refund)), (0.0, 10.0, 0.0))

    # ------------------------------------------------------------------
    # Splits
    # ------------------------------------------------------------------

    def test_three_agents_and_one_on_top(self):
        plan = self._new_plan({"rate": 10.0}, trigger="payment")
        agents = [self._new_customer(f"Agent {number}", o2c_customer_type="agent") for number in range(3)]
        for agent, share in zip(agents, (33.33, 33.33, 33.34), strict=True):
            self._new_agreement(agent, plan, coverage="customers", partner_ids=self.customer.ids, share=share)
        leader = self._new_customer("Leader")
        self._new_agreement(leader, plan, coverage="all", mode="overlay", share=12.5)
        for total in (0.10, 0.01, 0.15, 1.0, 100.01, 333.33, 1000.0, 7.77):
            order = self._order((self.service, 1, total))
            invoice = self._invoice_order(order)
            whole = money(Decimal(str(total)) / 10)
            rows = invoice.o2c_commission_ids
            shared = rows.filtered(lambda row: row.payee_id != leader)
            self.assertEqual(self._sum(shared, expected=True), whole, total)
            self.assertEqual(
                self._sum(rows - shared, expected=True), money(Decimal(str(total)) * Decimal("0.0125")), total
            )
            self._receive(invoice)
            rows = invoice.o2c_commission_ids
            shared = rows.filtered(lambda row: row.payee_id != leader)
            self.assertEqual(self._sum(shared), whole, total)
            for agent in agents:
                part = self._sum(shared.filtered(lambda row, agent=agent: row.payee_id == agent))
                self.assertLessEqual(abs(part - whole / 3), 0.01 + whole * 0.0001, total)

    def test_more_than_the_whole_is_refused(self):
        plan = self._new_plan()
        mine = self._new_agreement(plan=plan, share=60.0)
        other = self._new_agreement(self.agent, plan, coverage="all", share=40.0)
        order = self._order((self.service, 1, 100.0), (self.service, 1, 50.0))
        line = order.order_line[0]
        splits = line.o2c_commission_split_ids
        self.assertEqual(
            {split.agreement_id: split.share for split in splits}, {mine: 60.0, other: 40.0}
        )
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            splits.filtered(lambda split: split.agreement_id == other).write({"share": 40.01, "reason": "!"})
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            splits[0].write({"share": 10.0})
        splits.filtered(lambda split: split.agreement_id == mine).write({"share": 10.0, "reason": "Referred"})
        rows = order.o2c_commission_ids
        # 10 + 40 of 10, 60 + 40 of 5.
        self.assertEqual(self._sum(rows, expected=True), 10.0)
        invoice = self._invoice_order(order)
        self.assertEqual(self._earned(invoice), 10.0)

    # ------------------------------------------------------------------
    # Margin, freight and services
    # ------------------------------------------------------------------

    def test_margin_keeps_the_cost_of_its_day(self):
        self._new_agreement(plan=self._new_plan({"rate": 20.0}, base="margin", trigger="payment"))
        self.goods.standard_price = 61.11
        invoice = self._bill(100.0, product=self.goods, quantity=3)
        self.goods.standard_price = 99.0
        # (300 − 183.33) × 20 % = 23.334.
        self._receive(invoice, 100.0)
        self.assertEqual(self._earned(invoice), 7.78)
        invoice_rows = len(invoice.o2c_commission_ids)
        refund = self._credit(invoice, post=False)
        refund.invoice_line_ids.quantity = 1
        refund.action_post()
        self.assertEqual(sum(refund.o2c_commission_ids.mapped("amount")), -7.78)
        self._apply(invoice, refund)
        self.assertEqual(self._earned(invoice, refund), money(Decimal("23.33") * 2 / 3 - Decimal("7.78")))
        self.assertGreater(len(invoice.o2c_commission_ids), invoice_rows)
        loss = self._bill(50.0, product=self.goods)
        self.assertEqual(self._sum(loss.o2c_commission_ids, expected=True), 0.0)

    def test_deliveries_one_by_one(self):
        self._new_agreement(plan=self._new_plan(trigger="delivery"))
        order = self._order((self.goods, 3, 33.33))
        for __ in range(3):
            picking = order.picking_ids.filtered(lambda picking: picking.state not in ("done", "cancel"))
            picking.move_ids.write({"quantity": 1, "picked": True})
            picking._action_done()
        rows = order.o2c_commission_ids
        # Each is an event with a base of its own, 3.33; together they earn what the line was expected to.
        self.assertEqual((self._sum(rows), self._sum(rows, expected=True)), (10.0, 0.0))

    def test_sold_below_zero(self):
        for mode, earned in (("marginal", -25.0), ("retroactive", -30.0)):
            agreement = self._new_agreement(plan=self._new_plan(
                self._tier_rule((0, 100, 5), (100, 0, 10), tier_mode=mode)
            ))
            loose = self._bill(300.0, move_type="out_refund")
            self.assertEqual(self._earned(loose), earned, mode)
            self._end(agreement)

    def test_freight_and_services_left_out(self):
        carriage = self._create_product(name="Carriage", type="service", taxes_id=[], o2c_is_freight=True)
        for freight, services, earned in (
            (False, True, 15.0), (False, False, 10.0), (True, False, 10.0 + 2.0), (True, True, 17.0),
        ):
            agreement = self._new_agreement(plan=self._new_plan(
                include_freight=freight, include_services=services, trigger="order",
            ))
            order = self._order((self.goods, 1, 100.0), (self.service, 1, 50.0), (carriage, 1, 20.0))
            self.assertEqual(self._sum(order.o2c_commission_ids), earned, (freight, services))
            self._end(agreement)

    # ------------------------------------------------------------------
    # What if
    # ------------------------------------------------------------------

    def test_what_if(self):
        self._new_agreement(plan=self._new_plan({"rate": 10.0}))
        self._new_agreement(self.other_salesperson.partner_id, self._new_plan({"rate": 4.0}), share=50.0)
        other = self._new_plan({"rate": 7.5}, activate=False)
        self._bill(1000.0)
        self._bill(333.33, invoice_user_id=self.other_salesperson.id)
        before = len(self._rows())
        run = self.env["o2c.commission.what.if"].with_user(self.commission_manager).create({
            "other_plan_id": other.id, "date_from": "2025-03-01", "date_to": "2025-03-31",
            "company_ids": [Command.set(self.company.ids)],
        })
        run.action_run()
        found = {line.payee_id: (line.actual, line.other, line.difference) for line in run.line_ids}
        self.assertEqual(found, {
            self.salesperson.partner_id: (100.0, 75.0, -25.0),
            # Half of 4 % and of 7.5 % of 333.33: 6.67 and 12.50.
            self.other_salesperson.partner_id: (6.67, 12.5, 5.83),
        })
        self.assertEqual(len(self._rows()), before)
