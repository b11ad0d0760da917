"""Amounts that a person decides on: one-off bonuses, and corrections after a dispute."""

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from odoo.addons.order_to_cash.algorithms.commission.pricing import decimal

# As long as a settlement is here, its days are not closed.
OPEN = ("draft", "calculated", "disputed", "cancelled")


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    @api.private
    def _adjust(self, payee, company, currency, amount, date, reason, name=None, settlement=None):
        """Add a row that a person decided on. It belongs to no agreement: neither cap nor draw counts it.

        :param payee: ``res.partner``
        :param currency: in which the payee is paid
        :param amount: in this currency, below zero to take off
        :param reason: what the payee reads
        :param settlement: that it belongs to; otherwise the next one takes it in
        """
        amount = currency.round(amount)
        if currency.is_zero(amount):
            raise UserError(self.env._("Enter an amount."))
        if not (reason or "").strip():
            raise UserError(self.env._("Say what the amount is for: the payee reads it."))
        own = company.currency_id
        rate = currency._get_conversion_rate(own, currency, company, date)
        in_company = own.round(float(decimal(amount) / decimal(rate))) if rate else 0.0
        # sudo: rows of the ledger are the program's
        self.sudo()._append([{
            "name": name or self.env._("Adjustment"),
            "company_id": company.id,
            "payee_id": payee.id,
            "kind": "adjust",
            "date": date,
            "source": "manual",
            "source_res_id": settlement.id if settlement else 0,
            "generation": 0,
            "step": 0,
            "settlement_id": settlement.id if settlement else None,
            "currency_id": currency.id,
            "payee_currency_id": currency.id,
            "currency_rate": rate,
            "payee_rate": rate,
            "base_amount": 0.0,
            "base_company": 0.0,
            "quantity": 0.0,
            "cost": 0.0,
            "amount": amount,
            "amount_company": in_company,
            "amount_payee": amount,
            "explanation": reason.strip(),
        }])


class O2cCommissionSettlement(models.Model):
    _inherit = "o2c.commission.settlement"

    @api.model
    @api.private
    def _check_open_day(self, payee, company, currency, date):
        """Raise if a day is settled with a payee and approved: corrections go into the days after it."""
        # sudo: the days of others' settlements count, too
        last = self.sudo().search(
            [
                ("payee_id", "=", payee.id),
                ("company_id", "=", company.id),
                ("currency_id", "=", currency.id),
                ("state", "not in", OPEN),
                ("date_to", ">=", date),
            ],
            order="date_to desc",
            limit=1,
        )
        if last:
            raise UserError(
                self.env._(
                    "%(settlement)s has settled the days until %(date)s. Choose a later day.",
                    settlement=last.display_name,
                    date=format_date(self.env, last.date_to),
                )
            )
