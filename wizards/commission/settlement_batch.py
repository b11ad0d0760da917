from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.order_to_cash.algorithms.commission.settlement import last_closed_month


class O2cCommissionSettlementBatch(models.TransientModel):
    """Settlements for all payees of a company at once."""

    _name = "o2c.commission.settlement.batch"
    _description = "New Settlements"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    date_from = fields.Date(
        string="From",
        required=True,
        default=lambda self: last_closed_month(self.env.company._o2c_today()).date_from,
    )
    date_to = fields.Date(
        string="Until",
        required=True,
        default=lambda self: last_closed_month(self.env.company._o2c_today()).date_to,
    )
    payee_ids = fields.Many2many("res.partner", string="Payees", help="Empty: all.")
    plan_ids = fields.Many2many(
        "o2c.commission.plan", string="Plans", help="Payees with an agreement on one of them. Empty: all."
    )
    calculate = fields.Boolean(string="Calculate at Once", default=True)

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        if any(wizard.date_from > wizard.date_to for wizard in self):
            raise UserError(self.env._("A settlement ends on the day it begins, or later."))

    def action_create_settlements(self):
        """Make one settlement a payee and currency, where there is none for these days, and open them.

        One that cannot be calculated stays a draft, says why, and keeps the others from nothing. Very many
        are calculated by the job.

        :raise UserError: where there is nothing to settle with anybody
        """
        self.ensure_one()
        Settlement = self.env["o2c.commission.settlement"]
        Settlement.check_access("create")
        wanted = self._payees()
        made = self._made()
        new = Settlement.create([
            {
                "payee_id": payee.id,
                "currency_id": currency.id,
                "company_id": self.company_id.id,
                "date_from": self.date_from,
                "date_to": self.date_to,
            }
            for payee, currency in sorted(wanted - set(made), key=lambda key: (key[0].id, key[1].id))
        ])
        settlements = new | Settlement.browse().concat(
            *(made[key] for key in wanted if key in made)
        )
        if not settlements:
            raise UserError(self._nothing_message())
        waiting = settlements.filtered(lambda one: one.state in ("draft", "calculated"))
        if self.calculate and waiting._is_for_job("action_calculate"):
            return waiting._let_job_do("action_calculate")
        failures = waiting._press_each("action_calculate") if self.calculate else {}
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Settlements"),
            "res_model": "o2c.commission.settlement",
            "view_mode": "list,form,pivot,graph",
            "views": [(False, "list"), (False, "form"), (False, "pivot"), (False, "graph")],
            "domain": [("id", "in", settlements.ids)],
        }
        if not failures:
            return action
        told = waiting._tell_of_each(len(waiting) - len(failures), failures)
        told["params"]["next"] = action
        return told

    def _payees(self):
        """With whom to settle: set of (payee, currency)."""
        agreements = self.env["o2c.commission.agreement"].with_context(active_test=False)
        of_them = Domain.TRUE
        if self.payee_ids:
            of_them &= Domain("payee_id", "in", self.payee_ids.ids)
        if self.plan_ids:
            of_them &= Domain("plan_id.family_id", "in", self.plan_ids.family_id.ids)
        chosen = of_them & Domain("company_id", "=", self.company_id.id)
        # Agreements of parents cover this company; what they earned here is settled here.
        above = of_them & Domain("company_id", "parent_of", self.company_id.id)
        in_force = (
            Domain("active", "=", True)
            & Domain("date_from", "<=", self.date_to)
            & (Domain("date_to", "=", False) | Domain("date_to", ">=", self.date_from))
            & Domain("plan_id.state", "!=", "draft")
        )
        pairs = agreements._read_group(chosen & in_force, ["payee_id", "currency_id"])
        earned = Domain([
            ("company_id", "=", self.company_id.id),
            ("kind", "!=", "expect"),
            ("settlement_id", "=", False),
            ("date", "<=", self.date_to),
        ])
        if self.payee_ids or self.plan_ids:
            payees = self.payee_ids
            if self.plan_ids:
                payees = payees.browse().concat(
                    *(payee for (payee,) in agreements._read_group(above, ["payee_id"]))
                )
            earned &= Domain("payee_id", "in", payees.ids)
        entries = self.env["o2c.commission.entry"]._read_group(earned, ["payee_id", "payee_currency_id"])
        return {*pairs, *entries}

    def _made(self):
        """Settlements of these days that there are: {(payee, currency): settlement}"""
        settlements = self.env["o2c.commission.settlement"].search([
            ("company_id", "=", self.company_id.id),
            ("date_from", "=", self.date_from),
            ("date_to", "=", self.date_to),
            ("state", "!=", "cancelled"),
        ])
        return {(one.payee_id, one.currency_id): one for one in settlements}

    def _nothing_message(self):
        return self.env._(
            "There is nobody to settle with in %(company)s: no agreement that follows an active plan is in "
            "force in these days, and nothing was earned that is not settled.",
            company=self.company_id.display_name,
        )
