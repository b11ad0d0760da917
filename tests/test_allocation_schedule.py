from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged

from .allocation_common import AllocationCommon


@tagged("post_install", "-at_install")
class TestAllocationSchedule(AllocationCommon):
    """Runs that are due by themselves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first, cls.last = cls._move(5.0, rank=1), cls._move(5.0, rank=9)
        cls._stock(5.0)
        cls._reserve(cls.last)
        cls.Run = cls.env["o2c.allocation.run"]

    def _automatic(self):
        return self.Run.search([("is_automatic", "=", True)])

    def _hourly(self):
        """The hourly job; in a test nothing may be committed."""
        with patch.object(type(self.env["ir.cron"]), "_commit_progress", lambda *_args, **_kwargs: 1.0):
            self.Run._cron_run()

    def _nightly(self):
        for step in self.env["o2c.daily.step"].steps(self.company):
            if step.key == "allocation":
                return step.run(self.company)
        return None

    def test_nothing_is_due_before_somebody_says_so(self):
        self._hourly()
        self.assertIsNone(self._nightly())
        self.assertFalse(self._automatic())
        self._assert_reserved((self.first, 0.0), (self.last, 5.0))

    def test_every_hour(self):
        self.company.o2c_allocation_schedule = "hourly"
        self._hourly()
        self._assert_reserved((self.first, 5.0), (self.last, 0.0))
        run = self._automatic()
        self.assertEqual((run.state, run.applied_by_id), ("applied", self.env.user))
        self.assertIsNone(self._nightly())
        # With nothing to change there is nothing to tell.
        self._hourly()
        self.assertEqual(self._automatic(), run)

    def test_every_night(self):
        self.company.o2c_allocation_schedule = "daily"
        self._hourly()
        self.assertFalse(self._automatic())
        self.assertIn("1 deliveries gain, 1 lose", self._nightly())
        self._assert_reserved((self.first, 5.0), (self.last, 0.0))
        self.assertEqual(self._nightly(), "")

    def test_nothing_runs_where_allocation_is_off(self):
        self.company.write({"o2c_allocation_schedule": "hourly", "o2c_use_allocation": False})
        self._hourly()
        self.assertFalse(self._automatic())

    def test_branches_have_stock_of_their_own(self):
        self.company.o2c_allocation_schedule = "daily"
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.env.user.company_ids = [Command.link(branch.id)]
        self.assertEqual(branch.o2c_allocation_schedule, "daily")
        self._nightly()
        self.assertEqual(self._automatic().company_id, self.company)

    def test_a_run_takes_the_options_of_its_company(self):
        self.company.write(
            {"o2c_allocation_ship_complete": "order", "o2c_allocation_fair_share": True}
        )
        run = self.Run.create({"company_id": self.company.id})
        self.assertEqual((run.ship_complete, run.fair_share), ("order", True))
        run = self.Run.create({"company_id": self.company.id, "fair_share": False})
        self.assertFalse(run.fair_share)

    def test_a_run_by_hand_goes_first(self):
        self.company.o2c_allocation_schedule = "hourly"
        with self.registry.cursor() as other:
            other.execute(
                "SELECT pg_advisory_xact_lock(hashtext('o2c.allocation.run'), %s)",
                [self.company.id],
            )
            self._hourly()
        self.assertEqual(self._automatic().state, "cancelled")
        self._assert_reserved((self.first, 0.0), (self.last, 5.0))
