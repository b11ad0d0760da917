from psycopg2.errors import LockNotAvailable

from .race_common import RaceCommon


class TestCreditRace(RaceCommon):
    """Two users confirm at the same instant, on two real connections."""

    def _create_business(self, env):
        company = env.ref("base.main_company")
        was_on = company.o2c_use_credit
        company.o2c_use_credit = True
        limited, unlimited = env["res.partner"].create([
            {"name": "Racing Ltd", "is_company": True, "ref": "RACE-1"},
            {"name": "Walk-in", "is_company": True, "ref": "RACE-2"},
        ])
        env["o2c.credit.account"]._get_or_create(limited, company).credit_limit = 1000.0
        rule = env["o2c.hold.rule"].create({
            "name": "Race",
            "kind": "credit_limit",
            "effect": "hold_order",
            "partner_ids": (limited | unlimited).ids,
        })
        product = env["product.product"].create({"name": "Ride", "type": "service"})
        orders = env["sale.order"].create([
            {
                "partner_id": partner.id,
                "company_id": company.id,
                "order_line": [
                    (0, 0, {"product_id": product.id, "price_unit": 700.0, "tax_ids": [(5, 0, 0)]})
                ],
            }
            for partner in (limited, limited, unlimited, unlimited)
        ])
        return {
            "sale.order": orders.ids,
            "o2c.hold.rule": rule.ids,
            "product.template": product.product_tmpl_id.ids,
            "res.partner": (limited | unlimited).ids,
            "was_on": was_on,
        }

    def _remove_business(self):
        with self._new_env() as env:
            env.ref("base.main_company").o2c_use_credit = self.ids.pop("was_on")
            env["sale.order"].browse(self.ids["sale.order"])._action_cancel()
            for model, ids in self.ids.items():
                env[model].browse(ids).unlink()

    def _states(self):
        with self._new_env() as env:
            orders = env["sale.order"].browse(self.ids["sale.order"])
            return [(order.state, order.o2c_hold_state) for order in orders]

    def test_of_two_orders_that_fit_alone_and_not_together_one_passes(self):
        first, second = self.ids["sale.order"][:2]
        tries = self._race(
            ("sale.order", [second]),
            lambda env: env["sale.order"].browse(first).action_confirm(),
            lambda env: env["sale.order"].browse(second).action_confirm(),
        )
        self.assertEqual(tries, 2, "the loser was repeated with the winner's order in view")
        self.assertEqual(self._states()[:2], [("sale", "none"), ("draft", "held")])

    def test_customers_without_a_limit_do_not_wait_for_each_other(self):
        self._assert_nobody_waits(*self.ids["sale.order"][2:])
        self.assertEqual(self._states()[2:], [("sale", "none")] * 2)

    def test_nobody_waits_where_rules_only_warn(self):
        with self._new_env() as env:
            env["o2c.hold.rule"].browse(self.ids["o2c.hold.rule"]).effect = "warn"
        self._assert_nobody_waits(*self.ids["sale.order"][:2])
        self.assertEqual([state for state, _hold in self._states()[:2]], ["sale", "sale"])

    def _assert_nobody_waits(self, first, second):
        with self._new_env() as one, self._new_env() as other:
            other.cr.execute("SET LOCAL lock_timeout = '2s'")
            one["sale.order"].browse(first).action_confirm()
            one.flush_all()
            try:
                other["sale.order"].browse(second).action_confirm()
                other.flush_all()
            except LockNotAvailable:
                self.fail("one confirmation waits for another")
