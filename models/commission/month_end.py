"""Commission that is earned and not billed, in the books at the end of a month.

What changes afterwards is brought into the month as long as its books are open: a bill that is dated in it
and posted later, which would bear the expense a second time; one that is cancelled; sales that come late.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL, format_date

from odoo.addons.order_to_cash.algorithms.commission.settlement import last_closed_month

from .locks import lock
from .program import PROGRAM, is_program

ONE_DAY = timedelta(days=1)


class O2cCommissionMonthEnd(models.Model):
    """An entry of expense against accrued commission, reversed on the first day of the next month.

    The bill brings the expense then, so that each month bears what was earned in it.
    """

    _name = "o2c.commission.month.end"
    _description = "Commission Accrued at Month End"
    _order = "date desc, id desc"
    _rec_name = "date"
    _check_company_auto = True

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(string="Month End", required=True, readonly=True)
    amount = fields.Monetary(
        readonly=True,
        help="Earned until the day, and not billed or paid by then; of a correction, what has changed since.",
    )
    is_correction = fields.Boolean(
        string="Correction",
        readonly=True,
        help="Something was billed, cancelled or earned in the month after it was accrued.",
    )
    move_id = fields.Many2one(
        "account.move", string="Journal Entry", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    reversal_id = fields.Many2one(
        "account.move", string="Reversed by", readonly=True, index="btree_not_null", ondelete="restrict"
    )

    _once = models.UniqueIndex(
        "(company_id, date) WHERE is_correction IS NOT TRUE", "This month is accrued already."
    )

    @api.model_create_multi
    def create(self, vals_list):
        if not is_program(self.env):
            raise UserError(self.env._("Months are accrued by the button, or day by day."))
        return super().create(vals_list)

    def write(self, vals):
        if not is_program(self.env):
            raise UserError(self.env._("What is accrued is not changed."))
        return super().write(vals)

    def action_accrue_last_month(self):
        """Accrue the last month of the active company, or correct it where something has changed since."""
        self.env["o2c.commission.settlement"].check_access("write")
        company = self.env.company
        if not company.o2c_use_commission:
            raise UserError(
                self.env._("Commission is switched off in %(company)s.", company=company.display_name)
            )
        date = last_closed_month(company._o2c_today()).date_to
        self._accrue(company, date)
        return self._of_month(company, date)._get_records_action()

    def action_view_entries(self):
        """Open the rows of the ledger behind this one month: earned by its end, and not billed or paid."""
        self.ensure_one()
        return self.env["o2c.commission.entry"]._open_entries(
            self._unbilled_domain(self.company_id, self.date),
            self.env._("Earned, Not Billed: %(date)s", date=format_date(self.env, self.date)),
        )

    @api.model
    @api.private
    def _accrue_daily(self, company):
        """Accrue the last month where it is not, and correct it where something has changed.

        :return: a sentence saying what was done, empty if nothing
        """
        date = last_closed_month(company._o2c_today()).date_to
        known = self._of_month(company, date)
        if known and self._is_closed(company, date):
            return ""
        done = self._accrue(company, date)
        if done in known:
            return ""
        return self.env._(
            "Commission accrued on %(date)s: %(amount)s",
            date=format_date(self.env, date),
            amount=company.currency_id.format(done.amount),
        )

    @api.model
    @api.private
    def _accrue(self, company, date):
        """Write down what is earned and not billed at the end of a month; later, what has changed of it.

        :param date: the last day of the month
        :raise UserError: without accounts, and in a month that is locked
        :return: ``o2c.commission.month.end`` that brings the month to what it must be
        """
        # sudo: whoever accrues takes his turn, and who posts a bill need not read what was accrued
        known = self._of_month(company, date).sudo()
        lock(known)
        amount = company.currency_id.round(self._unbilled(company, date) - sum(known.mapped("amount")))
        if known and company.currency_id.is_zero(amount):
            return known[:1].with_env(self.env)
        move = self._make_move(company, date, amount)
        # sudo: the program writes what the button or the day's cycle brings about
        done = self.sudo().with_context(o2c_commission_writer=PROGRAM).create({
            "company_id": company.id,
            "date": date,
            "amount": amount,
            "is_correction": bool(known),
            "move_id": move.id,
            "reversal_id": self._reverse(move, date).id,
        })
        return done.with_env(self.env)

    @api.model
    @api.private
    def _correct(self, company, since):
        """Correct the accrued months, as far as their books are open, in which something has changed.

        :param since: the first day of what has changed
        """
        if not company.o2c_commission_expense_account_id or not company.o2c_commission_accrued_account_id:
            # Who posts a bill is not kept from it by what somebody else has to choose.
            return
        # sudo: whoever posts or cancels a bill keeps the books right
        months = self.sudo().search([
            ("company_id", "=", company.id), ("date", ">=", since), ("is_correction", "=", False),
        ])  # fmt: skip
        for date in months.sorted("date").mapped("date"):
            if not self._is_closed(company, date):
                months._accrue(company, date)

    def _of_month(self, company, date):
        # sudo: whether there is one does not depend on who asks
        found = self.sudo().search([("company_id", "=", company.id), ("date", "=", date)], order="id")
        return found.sudo(False)

    def _unbilled(self, company, date):
        """What is earned until a day and was neither billed nor paid by then, in company currency.

        Of bills those count that are posted: a draft is in no books.
        """
        # sudo: the books bear the commission of all payees, whoever accrues
        [(amount,)] = self.env["o2c.commission.entry"].sudo()._read_group(
            self._unbilled_domain(company, date), aggregates=["amount_company:sum"]
        )
        return company.currency_id.round(amount)

    def _unbilled_domain(self, company, date):
        return [
            ("company_id", "=", company.id),
            ("kind", "!=", "expect"),
            ("date", "<=", date),
            ("settlement_id", "not in", self._billed_until(company, date)),
        ]

    def _billed_until(self, company, date):
        """Ids of the settlements that were billed or paid by a day."""
        for model in ("o2c.commission.settlement", "o2c.commission.payout", "account.move"):
            self.env[model].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT settlement.id
                  FROM o2c_commission_settlement settlement
                  -- One that is billed anew had a bill before, which counted until it was reversed.
                  LEFT JOIN account_move bill
                    ON bill.state = 'posted' AND (
                       bill.id = settlement.bill_id
                       OR bill.payment_state = 'reversed' AND bill.invoice_origin = settlement.name
                          AND bill.partner_id = settlement.payee_id
                          AND bill.company_id = settlement.company_id)
                   AND NOT (bill.payment_state = 'reversed' AND EXISTS (
                       SELECT FROM account_move back
                        WHERE back.reversed_entry_id = bill.id AND back.state = 'posted'
                          AND back.date <= %(date)s))
                  LEFT JOIN o2c_commission_payout payout
                    ON payout.id = settlement.payout_id AND payout.state = 'paid'
                 WHERE settlement.company_id = %(company)s
                   AND (bill.date <= %(date)s OR payout.paid_on <= %(date)s)
                """,
                company=company.id,
                date=date,
            )
        )
        return [settlement_id for (settlement_id,) in rows]

    def _make_move(self, company, date, amount):
        """The posted entry, empty where nothing is open."""
        moves = self.env["account.move"]
        if company.currency_id.is_zero(amount):
            return moves
        expense = company.o2c_commission_expense_account_id
        accrued = company.o2c_commission_accrued_account_id
        if not expense or not accrued:
            raise UserError(
                self.env._(
                    "Choose the accounts for commission expense and accrued commission of %(company)s in the "
                    "settings.",
                    company=company.display_name,
                )
            )
        self._check_locks(company, date)
        journal = company.o2c_commission_accrual_journal_id
        name = self.env._("Commission earned, not billed: %(date)s", date=format_date(self.env, date))
        debit, credit = max(amount, 0.0), max(-amount, 0.0)
        # sudo: who settles commission need not keep the books; amounts and accounts are the company's
        move = moves.sudo().with_company(company).create({
            "move_type": "entry",
            "company_id": company.id,
            "date": date,
            "ref": name,
            **({"journal_id": journal.id} if journal else {}),
            "line_ids": [
                Command.create({"account_id": expense.id, "name": name, "debit": debit, "credit": credit}),
                Command.create({"account_id": accrued.id, "name": name, "debit": credit, "credit": debit}),
            ],
        })
        move._post(soft=False)
        return move

    def _reverse(self, move, date):
        if not move:
            return move
        reversal = move._reverse_moves([{
            "date": date + ONE_DAY,
            "ref": self.env._("Reversal of: %(move)s", move=move.name),
        }])
        # Dated tomorrow or earlier: a month is accrued after it has ended.
        reversal._post(soft=False)
        return reversal

    def _check_locks(self, company, date):
        if not self._is_closed(company, date):
            return
        raise UserError(
            self.env._(
                "The books of %(company)s are closed until %(date)s. Commission is accrued before a month is "
                "closed.",
                company=company.display_name,
                date=format_date(self.env, max(day for day, __ in self._closed_by(company, date))),
            )
        )

    def _is_closed(self, company, date):
        return bool(self._closed_by(company, date))

    def _closed_by(self, company, date):
        # sudo: lock dates are read for whoever accrues
        return company.sudo()._get_lock_date_violations(
            date, fiscalyear=True, sale=False, purchase=False, tax=False, hard=True
        )
