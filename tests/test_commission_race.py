from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL

from .race_common import RaceCommon

PLAN = "o2c.commission.plan"


class TestCommissionPlanRace(RaceCommon):
    """Two managers change or activate a plan at the same instant."""

    def _create_business(self, env):
        first = env[PLAN].create({
            "name": "Raced",
            "company_id": env.ref("base.main_company").id,
            "date_from": "2025-01-01",
            "rule_ids": [Command.create({"rate": 5.0})],
        })
        second = env[PLAN].create(dict(first.copy_data()[0], date_from="2025-06-01"))
        second._write_system({"family_id": first.id, "version": 2})
        return {"first": first.id, "second": second.id}

    def _remove_business(self):
        with self._new_env() as env:
            plans = env[PLAN].browse(self.ids.values())
            env.execute_query(SQL(
                "UPDATE o2c_commission_plan SET state = 'draft' WHERE id = ANY(%s) RETURNING id", plans.ids
            ))
            plans.invalidate_recordset()
            plans.sorted("version", reverse=True).unlink()

    def _states(self):
        with self._new_env() as env:
            return [env[PLAN].browse(self.ids[name]).state for name in ("first", "second")]

    def test_one_of_two_versions_that_overlap_is_activated(self):
        with self.assertRaises(UserError):
            self._race(
                (PLAN, list(self.ids.values())),
                lambda env: env[PLAN].browse(self.ids["first"]).action_activate(),
                lambda env: env[PLAN].browse(self.ids["second"]).action_activate(),
            )
        self.assertEqual(self._states(), ["active", "draft"])

    def test_a_rule_does_not_slip_into_a_plan_that_is_activated(self):
        with self.assertRaises(UserError):
            self._race(
                (PLAN, [self.ids["first"]]),
                lambda env: env[PLAN].browse(self.ids["first"]).action_activate(),
                lambda env: env[PLAN].browse(self.ids["first"]).rule_ids.write({"rate": 50.0}),
            )
        with self._new_env() as env:
            self.assertEqual(env[PLAN].browse(self.ids["first"]).rule_ids.rate, 5.0)

    def test_a_plan_is_checked_with_what_was_added_meanwhile(self):
        with self.assertRaises(UserError):
            self._race(
                (PLAN, [self.ids["first"]]),
                lambda env: env["o2c.commission.rule"].create({
                    "plan_id": self.ids["first"], "method": "tier",
                }),
                lambda env: env[PLAN].browse(self.ids["first"]).action_activate(),
            )
        self.assertEqual(self._states(), ["draft", "draft"])


class TestCommissionRefundRace(RaceCommon):
    """Two credit notes of one invoice are posted at the same instant."""

    def _create_business(self, env):
        company = env.ref("base.main_company")
        self.used = company.o2c_use_commission
        company.o2c_use_commission = True
        plan = env[PLAN].create({
            "name": "Raced", "company_id": company.id, "date_from": "2025-01-01", "trigger": "invoice",
            "rule_ids": [Command.create({"rate": 10.0})],
        })
        plan.action_activate()
        payee, customer = env["res.partner"].create([{"name": "Raced Agency"}, {"name": "Raced Customer"}])
        agreement = env["o2c.commission.agreement"].create({
            "payee_id": payee.id, "plan_id": plan.id, "company_id": company.id, "date_from": "2025-01-01",
            "coverage": "customers", "partner_ids": [Command.set(customer.ids)],
        })
        invoice = env["account.move"].create({
            "move_type": "out_invoice", "partner_id": customer.id, "company_id": company.id,
            "invoice_date": "2025-03-01",
            "invoice_line_ids": [
                Command.create({"name": "Raced", "quantity": 1, "price_unit": 100.0, "tax_ids": []})
            ],
        })
        invoice.action_post()
        # Credit notes of what is paid are not reconciled with it: they meet nowhere but in the ledger.
        register = env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        payment = register.create({})._create_payments()
        refunds = invoice.browse()
        journals = invoice.journal_id.browse()
        # Nor do they share a journal.
        for number in (1, 2):
            journal = env["account.journal"].create({
                "name": f"Raced {number}", "code": f"RACE{number}", "type": "sale", "company_id": company.id,
            })
            refund = invoice._reverse_moves([{"invoice_date": "2025-03-02", "journal_id": journal.id}])
            refund.invoice_line_ids.price_unit = 60.0
            refunds += refund
            journals += journal
        return {
            "plan": plan.id, "agreement": agreement.id, "partners": (payee | customer).ids,
            "invoice": invoice.id, "refunds": refunds.ids, "journals": journals.ids,
            "payment": payment.id, "paid_by": payment.move_id.id,
        }

    def _remove_business(self):
        with self._new_env() as env:
            moves = [self.ids["invoice"], self.ids["paid_by"], *self.ids["refunds"]]
            lines = env["account.move"].browse(moves).line_ids.ids
            plan, agreement = self.ids["plan"], self.ids["agreement"]
            for query in (
                SQL("DELETE FROM o2c_commission_entry WHERE agreement_id = %s", agreement),
                SQL("DELETE FROM account_partial_reconcile WHERE debit_move_id = ANY(%s)", lines),
                SQL("UPDATE account_move SET reversed_entry_id = NULL WHERE id = ANY(%s)", moves),
                SQL("DELETE FROM account_payment WHERE id = %s", self.ids["payment"]),
                SQL(
                    "DELETE FROM account_payment_register WHERE partner_id = ANY(%s)", self.ids["partners"]
                ),
                SQL("DELETE FROM account_move_line WHERE move_id = ANY(%s)", moves),
                SQL("DELETE FROM account_move WHERE id = ANY(%s)", moves),
                SQL("DELETE FROM o2c_commission_agreement WHERE id = %s", agreement),
                SQL("DELETE FROM o2c_commission_rule WHERE plan_id = %s", plan),
                SQL("UPDATE o2c_commission_plan SET family_id = NULL WHERE id = %s", plan),
                SQL("DELETE FROM o2c_commission_plan WHERE id = %s", plan),
            ):
                env.cr.execute(query)
            env.invalidate_all()
            env["account.journal"].browse(self.ids["journals"]).unlink()
            env["res.partner"].browse(self.ids["partners"]).unlink()
            env.ref("base.main_company").o2c_use_commission = self.used

    def test_together_they_take_back_what_was_earned_and_no_more(self):
        first, second = self.ids["refunds"]
        tries = self._race(
            ("account.move", [self.ids["invoice"]]),
            lambda env: env["account.move"].browse(first).action_post(),
            lambda env: env["account.move"].browse(second).action_post(),
        )
        self.assertEqual(tries, 2)
        with self._new_env() as env:
            rows = env["o2c.commission.entry"].search([("agreement_id", "=", self.ids["agreement"])])
            self.assertEqual(sorted(rows.mapped("amount")), [-6.0, -4.0, 10.0])
