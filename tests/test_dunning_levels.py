from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .test_dunning_run import DATE, DunningCommon


@tagged("post_install", "-at_install")
class TestDunningShippedPolicy(DunningCommon):
    """The policy of four levels that comes with the program."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shipped = cls.env.ref("order_to_cash.dunning_policy_default")
        cls.company.o2c_dunning_policy_id = cls.shipped

    def test_four_levels_sent_by_hand(self):
        levels = self.shipped.level_ids
        self.assertEqual(levels.mapped("days_overdue"), [-3, 7, 21, 35])
        self.assertFalse(any(levels.mapped("is_automatic")))
        self.assertTrue(all(levels.mapped("letter_text")))
        self.assertTrue(all(levels.mapped("mail_template_id")))

    def test_from_before_the_due_date_to_the_final_notice(self):
        self._new_invoice(amount=100, date="2025-01-01", due="2025-03-10")
        for date, name in [
            ("2025-03-06", None),
            ("2025-03-07", "Friendly Reminder"),
            ("2025-03-16", None),
            ("2025-03-17", "First Notice"),
            ("2025-03-31", "Second Notice"),
            ("2025-04-13", None),
            ("2025-04-14", "Final Notice"),
            ("2025-12-31", None),
        ]:
            run = self._propose(date)
            self.assertEqual(run.notice_ids.level_id.name or None, name, date)
            if run.notice_ids:
                run.action_send()
            self.assertFalse(self._propose(date).notice_ids, "a run can be repeated")

    def test_what_is_due_soon_is_no_claim(self):
        self._new_invoice(amount=100, date="2025-03-01", due="2025-04-02")
        run = self._propose()
        self.assertRecordValues(run.notice_ids, [{
            "total_overdue": 0,
            "total_due_soon": 100,
            "total_open": 100,
            "total_overdue_company": 0,
        }])
        run.action_send()
        notice = run.notice_ids
        self.assertEqual(notice.state, "sent")
        letter = notice.letter_id.raw.decode()
        self.assertIn("Due soon", letter)
        self.assertIn("Please pay when it falls due", letter)
        self.assertNotIn("Please pay now", letter)
        mail = self._mails(notice)
        self.assertIn("will soon be due", mail.body_html)
        self.assertNotIn("past its due date", mail.body_html)

    def test_the_final_notice_plans_a_call_with_the_salesperson(self):
        self.customer.user_id = self.salesperson
        self._new_invoice(amount=100)
        for date in ("2025-02-01", "2025-02-11", "2025-02-21"):
            self._propose(date).action_send()
        run = self._propose("2025-03-03")
        self.assertFalse(run.notice_ids.activity_ids)
        run.action_send()
        self.assertRecordValues(run.notice_ids.activity_ids, [{
            "user_id": self.salesperson.id,
            "summary": "Call Harbour Supplies: Final Notice",
        }])


@tagged("post_install", "-at_install")
class TestDunningLevels(DunningCommon):
    def test_minimum_share_of_the_balance(self):
        self.level.min_percent = 25
        self._new_invoice(amount=100, date="2025-01-01")
        coming = self._new_invoice(amount=301, date="2025-01-01", due="2025-06-30")
        self.assertFalse(self._propose().notice_ids)
        self._pay(coming, 1, "2025-03-30")
        self.assertTrue(self._propose().notice_ids)
        self.assertFalse(self._propose("2025-03-29").notice_ids)

    def test_below_the_minimum_the_item_stays_at_its_level(self):
        second = self._second_level(min_amount=500)
        self._new_invoice(amount=400, date="2025-01-01")
        self._propose("2025-02-01").action_send()
        self.assertFalse(self._propose("2025-03-01").notice_ids)
        self._new_invoice(amount=100, date="2025-02-20")
        run = self._propose("2025-03-01")
        self.assertEqual(run.notice_ids.level_id, second)
        self.assertEqual(run.notice_ids.line_ids.level_id, second | self.level)

    def test_days_of_grace(self):
        self.policy.grace_days = 30
        self._new_invoice(amount=100, date="2025-03-02")
        self.assertFalse(self._propose().notice_ids)
        self._new_invoice(amount=50, date="2025-03-01")
        self.assertEqual(self._propose().notice_ids.total_overdue, 150)

    def test_who_calls(self):
        self.level.write({"create_activity": True, "send_letter": False, "send_email": False})
        other = self._new_user("otis", "sales_team.group_sale_salesman")
        outsider = self._new_user("oda", "base.group_user")
        self.company.o2c_collector_id = self.collector
        self.customer.user_id = self.salesperson
        for level_user, salesperson, expected in [
            (other, self.salesperson, other),
            (False, self.salesperson, self.salesperson),
            # One who may not read reminders cannot be asked to call.
            (outsider, self.salesperson, self.salesperson),
            (False, outsider, self.collector),
            (False, False, self.collector),
        ]:
            self.level.user_id = level_user
            self.customer.user_id = salesperson
            self._new_invoice(amount=100)
            run = self._propose()
            run.action_send()
            self.assertEqual(run.notice_ids.activity_ids.user_id, expected)
            self.assertFalse(run.notice_ids.letter_id, "a call needs no letter")
            self.assertFalse(self._mails(run.notice_ids))

    def test_a_collector_may_plan_calls_of_others(self):
        self.level.create_activity = True
        self.customer.user_id = self.salesperson
        self._new_invoice(amount=100)
        run = self._propose()
        run.with_user(self.collector).action_send()
        self.assertEqual(run.notice_ids.activity_ids.user_id, self.salesperson)

    def test_a_level_needs_a_channel(self):
        self.level.write({"send_email": False, "send_letter": False, "create_activity": True})
        with self.assertRaises(ValidationError):
            self.level.create_activity = False

    def test_automatic_levels_are_sent_by_night(self):
        second = self._second_level(is_automatic=True)
        today = self.company._o2c_today()
        self._new_invoice(amount=100, date=today - timedelta(days=40))
        self._propose(today - timedelta(days=10)).action_send()
        self._new_invoice(self.other_customer, 200, date=today - timedelta(days=40))
        Run = self.env["o2c.dunning.run"]
        message = Run._propose_daily(self.company)
        run = Run.search([("is_daily", "=", True)])
        self.assertRecordValues(run.notice_ids.sorted("state"), [
            {"partner_id": self.other_customer.id, "state": "proposed", "level_id": self.level.id},
            {"partner_id": self.customer.id, "state": "sent", "level_id": second.id},
        ])
        self.assertIn("1 reminders sent, 1 wait", message)
        # The next night sends nothing twice and remembers what somebody decided.
        run.notice_ids.filtered(lambda notice: notice.state == "proposed").action_skip()
        Run._propose_daily(self.company)
        later = Run.search([("is_daily", "=", True)]) - run
        self.assertEqual(later.notice_ids.partner_id, self.other_customer)
        self.assertEqual(later.notice_ids.state, "skipped")
        self.assertEqual(len(self._mails(run.notice_ids)), 1)


@tagged("post_install", "-at_install")
class TestDunningTakeUp(DunningCommon):
    """When dunning begins, nobody is reminded of old debts from the first level up."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls._second_level(interest_rate=10)
        cls.third = cls.env["o2c.dunning.level"].create({
            "policy_id": cls.policy.id,
            "name": "Final Notice",
            "sequence": 30,
            "days_overdue": 60,
            "min_interval_days": 5,
            "fee_amount": 10,
        })

    def _take_up(self, date=DATE):
        run = self._propose(date, is_take_up=True)
        run.action_send()
        return run

    def test_each_item_gets_the_level_of_its_days_and_nothing_is_sent(self):
        old = self._new_invoice(amount=100, date="2022-01-01")
        middle = self._new_invoice(amount=200, date="2025-03-01")
        young = self._new_invoice(amount=300, date="2025-03-30")
        coming = self._new_invoice(amount=400, date="2025-03-30", due="2025-04-10")
        mails = self.env["mail.mail"].search_count([])
        run = self._take_up()
        self.assertEqual(run.state, "done")
        self.assertRecordValues(run.notice_ids, [{
            "state": "recorded",
            "level_id": self.third.id,
            "sent_on": False,
            "letter_id": False,
            "total_overdue": 600,
            "total_open": 1000,
            "fee": 0,
            "interest": 0,
        }])
        self.assertEqual(
            {line.move_id: line.level_id for line in run.notice_ids.line_ids},
            {old: self.third, middle: self.second, young: self.level},
        )
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)
        self.assertFalse(run.notice_ids.activity_ids)
        self.assertFalse(self._propose().notice_ids)
        # Dunning goes on from there.
        later = self._propose("2025-04-30")
        self.assertEqual(later.notice_ids.level_id, self.third)
        self.assertEqual(
            {line.move_id: line.level_id for line in later.notice_ids.line_ids},
            {old: self.third, middle: self.third, young: self.second, coming: self.level},
        )

    def test_it_is_done_once(self):
        self._new_invoice(amount=100)
        self._take_up()
        again = self._take_up()
        self.assertFalse(again.notice_ids)
        # Nor are items taken up of which the customer was reminded in the meantime.
        self._new_invoice(self.other_customer, 100)
        waiting = self._propose(is_take_up=True)
        self._propose(partner_ids=self.other_customer.ids).action_send()
        waiting.action_send()
        self.assertEqual(waiting.notice_ids.state, "skipped")
        self.assertFalse(waiting.notice_ids.line_ids)

    def test_interest_of_the_time_before_is_not_charged(self):
        self._new_invoice(amount=3650, date="2025-03-01")
        run = self._take_up()
        self.assertEqual(
            run.notice_ids.line_ids.interest_to, fields.Date.to_date(DATE)
        )
        self.third.interest_rate = 10
        later = self._propose("2025-05-10")
        self.assertEqual(later.notice_ids.interest, 40)

    def test_deleting_the_run_takes_the_levels_away(self):
        self._new_invoice(amount=100, date="2022-01-01")
        run = self._take_up()
        run.unlink()
        self.assertEqual(self._propose().notice_ids.level_id, self.level)

    def test_a_customer_whose_credits_cover_it_is_taken_up_too(self):
        self._new_invoice(amount=100, date="2022-01-01")
        self._new_invoice(amount=-100, date="2022-01-01")
        self.assertEqual(self._take_up().notice_ids.state, "recorded")

    def test_only_the_policy_asked_for(self):
        other = self.env["o2c.dunning.policy"].create({
            "name": "Other", "level_ids": [Command.create({"name": "Pay"})],
        })
        self.other_customer.o2c_dunning_policy_id = other
        self._new_invoice(amount=100)
        self._new_invoice(self.other_customer, 100)
        action = other.action_take_up()
        run = self.env["o2c.dunning.run"].with_context(**action["context"]).create({"date": DATE})
        run.action_propose()
        self.assertTrue(run.is_take_up)
        self.assertEqual(run.notice_ids.partner_id, self.other_customer)
