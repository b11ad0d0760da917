from odoo.tests import tagged

from .test_commission_period import PeriodCommon


@tagged("post_install", "-at_install")
class TestCommissionPeriodChange(PeriodCommon):
    """What is taken out, comes in late or is cancelled changes the periods, and nothing that is approved."""

    def _take_out(self, settlement, entries):
        dispute = settlement._dispute(entries, "Not mine")
        dispute.resolution = "return"
        dispute.action_accept()

    def _sales(self, settlement):
        return settlement.entry_ids.filtered(lambda row: row.source == "invoice")

    # ------------------------------------------------------------------
    # Disputes
    # ------------------------------------------------------------------

    def test_guarantee_after_entries_were_taken_out(self):
        self._new_agreement(plan=self.plan, guarantee_amount=300)
        self._new_invoice(amount=1000, date="2025-01-10")
        self._new_invoice(amount=500, date="2025-01-11")
        january = self._settle_month(1)
        big = self._sales(january).sorted("amount")[-1]
        self._take_out(january, big)
        self.assertEqual((january.state, january.amount), ("calculated", 300.0))
        self.assertEqual(self._parts(january), {("2025-01", "guarantee"): 250.0})
        self.assertEqual(january.period_ids.commission, 50.0)
        january.action_calculate()
        self.assertEqual(january.amount, 300.0)
        january.action_approve()
        # The guarantee has paid for it: the next settlement takes it in and takes as much off.
        february = self._settle_month(2)
        self.assertIn(big, february.entry_ids)
        self.assertEqual(self._parts(february), {
            ("2025-01", "guarantee"): -100.0, ("2025-02", "guarantee"): 300.0,
        })
        self.assertEqual((january.amount, february.amount), (300.0, 300.0))

    def test_cap_after_entries_were_taken_out(self):
        self._new_agreement(plan=self.plan, cap_amount=150)
        self._new_invoice(amount=1000, date="2025-01-10")
        self._new_invoice(amount=1000, date="2025-01-11")
        january = self._settle_month(1)
        self._take_out(january, self._sales(january)[0])
        self.assertEqual((january.amount, self._parts(january)), (100.0, {}))
        january.action_approve()
        self.assertEqual(self._settle_month(2).amount, 50.0)
        self.assertEqual(self._owed(), 150.0)

    def test_the_terms_of_the_time_stay_in_a_dispute(self):
        agreement = self._new_agreement(plan=self.plan, guarantee_amount=300)
        self._new_invoice(amount=1000, date="2025-01-10")
        january = self._settle_month(1)
        agreement.guarantee_amount = 1000
        self._take_out(january, self._sales(january))
        self.assertEqual(january.amount, 300.0)

    def test_draws_of_later_settlements_that_are_approved(self):
        self._new_agreement(plan=self.plan, draw_amount=100)
        self._new_invoice(amount=800, date="2025-01-10")
        self._new_invoice(amount=2000, date="2025-02-10")
        january, february = self._settle_month(1), self._settle_month(2)
        self.assertEqual((january.amount, february.amount), (100.0, 180.0))
        february.action_approve()
        february.action_bill()
        state, entries = february.state, february.entry_ids
        self._take_out(january, self._sales(january))
        # The whole draw is lent now, and February would have taken more of it back.
        self.assertEqual(self._parts(january), {
            ("2025-01", "draw"): 100.0, ("2025-02", "recover"): -80.0,
        })
        self.assertEqual((february.state, february.entry_ids, february.amount), (state, entries, 180.0))
        self.assertEqual(january.amount, 20.0)
        january.action_approve()
        march = self._settle_month(3)
        # 80 came in: nothing of the draw was needed for them.
        self.assertEqual(self._owed(), round(january.amount + february.amount + march.amount, 2))
        self.assertEqual(self._owed(), 80.0 + 200.0 + 100.0)

    def test_a_late_entry_that_is_taken_out(self):
        self._new_agreement(plan=self.plan, cap_amount=150)
        self._new_invoice(amount=1000, date="2025-01-10")
        january = self._settle_month(1)
        january.action_approve()
        self._new_invoice(amount=1000, date="2025-01-20")
        february = self._settle_month(2)
        self.assertEqual(february.amount, 50.0)
        self._take_out(february, self._sales(february))
        self.assertEqual((january.amount, february.amount, self._parts(february)), (100.0, 0.0, {}))
        self.assertEqual(self._settle_month(3).amount, 50.0)

    def test_an_adjustment_leaves_the_periods(self):
        self._new_agreement(plan=self.plan, guarantee_amount=300)
        self._new_invoice(amount=1000, date="2025-01-10")
        january = self._settle_month(1)
        dispute = january._dispute(self._sales(january), "Too little")
        dispute.write({"adjust_amount": 20, "answer": "Right"})
        dispute.action_accept()
        self.assertEqual((january.amount, self._parts(january)), (320.0, {("2025-01", "guarantee"): 200.0}))

    # ------------------------------------------------------------------
    # Cancelled
    # ------------------------------------------------------------------

    def test_cancelled_after_a_later_settlement_had_late_entries(self):
        self._new_agreement(plan=self.plan, guarantee_amount=300)
        self._new_invoice(amount=1000, date="2025-01-10")
        january = self._settle_month(1)
        self._new_invoice(amount=500, date="2025-01-20")
        february = self._settle_month(2)
        self.assertEqual((january.amount, february.amount), (300.0, 300.0))
        january.action_cancel()
        again = self._settle_month(1)
        self.assertEqual((again.amount, february.amount, self._owed()), (300.0, 300.0, 600.0))

    # ------------------------------------------------------------------
    # Companies
    # ------------------------------------------------------------------

    def _branch(self, name="Branch", **values):
        branch = self.env["res.company"].create({
            "name": name, "currency_id": self.company.currency_id.id, "o2c_use_commission": True, **values,
        })
        if not branch.parent_id:
            self._use_chart_template_of(branch)
        self.commission_manager.company_ids += branch
        self.env.user.company_ids += branch
        if branch.parent_id:
            account = self.customer.property_account_receivable_id
            self.customer.with_company(branch).property_account_receivable_id = account
        return branch

    def _use_chart_template_of(self, company):
        self.env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)

    def _sell_in(self, company, amount, date):
        return self._new_invoice(amount=amount, date=date, company_id=company.id)

    def _reasons(self, settlement, user=None):
        """{amount: reason} of the preview of somebody who has chosen this company only."""
        chosen = settlement.with_user(user or self.commission_manager).with_context(
            allowed_company_ids=settlement.company_id.ids
        )
        action = chosen.action_preview()
        lines = self.env[action["res_model"]].with_user(chosen.env.user).search(action["domain"])
        return {line.amount: line.reason for line in lines.filtered("entry_id")}

    def test_late_entries_of_a_branch(self):
        branch = self._branch(parent_id=self.company.id)
        self._new_agreement(self.agent, self.plan, coverage="all", payout="bill", cap_amount=150)
        self._new_invoice(amount=1000, date="2025-01-10")
        january = self._settle_month(1, payee=self.agent)
        january.action_approve()
        self._sell_in(branch, 1000, "2025-01-20")
        # The parent's settlement says where it is, though only the parent was chosen.
        february = self._settle_month(2, payee=self.agent, calculate=False)
        self.assertEqual(self._reasons(february)[100.0], "company")
        # The branch pays it in its next settlement, the parent takes off what exceeds the cap.
        of_branch = self._settle_month(2, payee=self.agent, company=branch)
        self.assertEqual((of_branch.amount, of_branch.entry_count), (100.0, 1))
        february.action_calculate()
        self.assertEqual(self._parts(february), {("2025-01", "cap"): -50.0})
        self.assertEqual((january.amount, self._owed(self.agent)), (100.0, 150.0))
        self.assertFalse(self._settle_month(3, payee=self.agent).entry_count)

    def test_late_entries_of_a_branch_before_the_parent_ever_settled(self):
        branch = self._branch(parent_id=self.company.id)
        self._new_agreement(self.agent, self.plan, coverage="all", payout="bill", cap_amount=150)
        self._sell_in(branch, 2000, "2025-01-20")
        self.assertEqual(self._settle_month(2, payee=self.agent, company=branch).amount, 200.0)
        self.assertEqual(self._settle_month(2, payee=self.agent).amount, -50.0)
        self.assertEqual(self._settle_month(3, payee=self.agent).amount, 0.0)

    def test_the_batch_settles_what_a_branch_earned_by_the_plan_of_its_parent(self):
        branch = self._branch(parent_id=self.company.id)
        self._new_agreement(self.agent, self.plan, coverage="all", payout="bill")
        self._sell_in(branch, 1000, "2025-01-20")
        wizard = self.env["o2c.commission.settlement.batch"].with_user(self.commission_manager).create({
            "company_id": branch.id, "date_from": "2025-02-01", "date_to": "2025-02-28",
            "plan_ids": self.plan.ids,
        })
        action = wizard.action_create_settlements()
        settlement = self.env["o2c.commission.settlement"].search(action["domain"])
        self.assertEqual((settlement.payee_id, settlement.amount), (self.agent, 100.0))

    def test_taken_out_of_a_settlement_of_a_branch(self):
        branch = self._branch(parent_id=self.company.id)
        self._new_agreement(self.agent, self.plan, coverage="all", payout="bill", guarantee_amount=300)
        self._sell_in(branch, 1000, "2025-01-20")
        of_branch = self._settle_month(1, payee=self.agent, company=branch)
        of_parent = self._settle_month(1, payee=self.agent)
        self.assertEqual((of_branch.amount, of_parent.amount), (100.0, 200.0))
        self._take_out(of_branch, self._sales(of_branch))
        self.assertEqual((of_branch.amount, of_parent.amount), (0.0, 300.0))

    def test_two_companies_settle_apart(self):
        other = self._branch("Elsewhere")
        self._new_agreement(self.agent, self.plan, coverage="all", payout="bill", guarantee_amount=300)
        self._new_agreement(
            self.agent, self._new_plan({"rate": 5.0}, company_id=other.id), coverage="all", payout="bill",
            company_id=other.id, guarantee_amount=70,
        )
        self._new_invoice(amount=1000, date="2025-01-10")
        january = self._settle_month(1, payee=self.agent)
        january.action_approve()
        self._sell_in(other, 1000, "2025-01-20")
        both = self.commission_manager.company_ids.ids
        february = self._settle_month(2, payee=self.agent, calculate=False)
        action = february.with_context(allowed_company_ids=both).action_preview()
        lines = self.env[action["res_model"]].with_user(self.commission_manager).search(action["domain"])
        self.assertIn(("company", 50.0), [(line.reason, line.amount) for line in lines])
        february.action_calculate()
        self.assertEqual(february.amount, 300.0)
        # What came in late has its guarantee, too: January was not settled there.
        elsewhere = self._settle_month(2, payee=self.agent, company=other)
        self.assertEqual(self._parts(elsewhere), {
            ("2025-01", "guarantee"): 20.0, ("2025-02", "guarantee"): 70.0,
        })
        self.assertEqual(
            self._owed(self.agent), round(january.amount + february.amount + elsewhere.amount, 2)
        )
