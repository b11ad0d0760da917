"""How what is settled is paid out: by vendor bills, through payroll, or carried forward."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL, format_date

from odoo.addons.order_to_cash.algorithms.commission.pricing import Amounts, minus

from .locks import lock
from .period_rows import columns_of, words_of
from .settlement import BY_BILL

PRODUCT = "order_to_cash.product_commission"


class O2cCommissionSettlement(models.Model):
    _inherit = "o2c.commission.settlement"

    payout_id = fields.Many2one(
        "o2c.commission.payout",
        string="Payroll Batch",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )

    def action_bill(self):
        """Pay out what is approved: a draft vendor bill each, or a place in the payroll batch.

        Below zero it is carried forward, or asked back where that is chosen. Of nothing there is nothing to
        pay: such a settlement is paid.

        :raise UserError: unless all of them are approved
        """
        self.check_access("write")
        self._check_use()
        self._lock()
        self._check_state(("approved",), self.env._("billed"))
        self.filtered(lambda one: one._is_below_zero() and one.when_negative == "carry")._carry_forward()
        nothing = self.filtered(lambda one: one.currency_id.is_zero(one.amount))
        due = self - nothing
        nothing._set(state="paid", bill_id=False)
        due.filtered(lambda one: one.payout == "payroll")._to_payroll()
        return due.filtered(lambda one: one.payout == "bill")._make_bills()

    def action_view_bill(self):
        """Open the vendor bills."""
        return self.bill_id._get_records_action(name=self.env._("Vendor Bills"))

    def action_withdraw(self):
        """Take these off a payroll batch that is not exported yet."""
        self.check_access("write")
        self._lock()
        # sudo: nobody exports the batch meanwhile, whoever may read it
        lock(self.sudo().payout_id)
        for settlement in self:
            if not settlement.payout_id or settlement.payout_id.state != "draft":
                raise UserError(
                    self.env._(
                        "%(settlement)s is in no payroll batch that is still a draft.",
                        settlement=settlement.display_name,
                    )
                )
        self._set(state="approved", payout_id=False)
        return True

    def _is_below_zero(self):
        self.ensure_one()
        return self.currency_id.compare_amounts(self.amount, 0.0) < 0

    # ------------------------------------------------------------------
    # Vendor bills
    # ------------------------------------------------------------------

    def _make_bills(self):
        """Draft vendor bills, or credit notes where the payee owes."""
        if not self:
            return True
        lines = self._bill_lines()
        bills = self.env["account.move"]
        for company, settlements in self.grouped("company_id").items():
            # sudo: who settles commission need not keep the books; what is billed is what was approved
            moves = self.env["account.move"].sudo().with_company(company).create([
                settlement._prepare_bill(lines[settlement.id]) for settlement in settlements
            ])
            for settlement, bill in zip(settlements, moves, strict=True):
                settlement._set(bill_id=bill.id, state="billed")
            bills |= moves
        # Who settles commission need not see the books.
        seen = bills.sudo(False)._filtered_access("read")
        return seen._get_records_action(name=self.env._("Vendor Bills")) if seen else True

    def _bill_lines(self):
        """What the agreements bring: {settlement id: [(agreement or empty, amount)]}"""
        self.env["o2c.commission.entry"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT settlement_id, agreement_id, SUM(amount_payee)
                  FROM o2c_commission_entry
                 WHERE settlement_id = ANY(%s)
                 GROUP BY settlement_id, agreement_id
                HAVING SUM(amount_payee) <> 0
                 ORDER BY settlement_id, agreement_id NULLS LAST
                """,
                self.ids,
            )
        )
        lines = {settlement_id: [] for settlement_id in self.ids}
        for settlement_id, agreement_id, amount in rows:
            agreement = self.env["o2c.commission.agreement"].browse(agreement_id)
            lines[settlement_id].append((agreement, float(amount)))
        return lines

    def _prepare_bill(self, lines):
        """Values of the bill of this one settlement: dated today, so that it falls into no closed month."""
        self.ensure_one()
        company = self.company_id
        journal = company.o2c_commission_journal_id
        sign = -1 if self._is_below_zero() else 1
        return {
            "move_type": "in_refund" if sign < 0 else "in_invoice",
            "partner_id": self.payee_id.id,
            "company_id": company.id,
            "currency_id": self.currency_id.id,
            "invoice_date": company._o2c_today(),
            "ref": self.name,
            "invoice_origin": self.name,
            **({"journal_id": journal.id} if journal else {}),
            "invoice_line_ids": [
                Command.create(self._prepare_bill_line(agreement, sign * amount))
                for agreement, amount in lines
            ],
        }

    def _prepare_bill_line(self, agreement, amount):
        company = self.company_id
        product = company._o2c_commission_product()
        account = company.o2c_commission_expense_account_id
        # The bill is read by the agent.
        env = self.with_context(lang=self.payee_id.lang or self.env.lang).env
        # sudo: the bill names the plan, whoever may bill
        subject = agreement.sudo().plan_id.name or env._("One-off bonuses and adjustments")
        return {
            "product_id": product.id,
            "name": env._(
                "Commission %(first)s – %(last)s: %(subject)s",
                first=format_date(env, self.date_from),
                last=format_date(env, self.date_to),
                subject=subject,
            ),
            "quantity": 1.0,
            "price_unit": amount,
            **({"account_id": account.id} if account else {}),
        }

    # ------------------------------------------------------------------
    # Payroll
    # ------------------------------------------------------------------

    def _to_payroll(self):
        """Put these into the draft batch of their company and currency."""
        for (company, currency), settlements in self.grouped(
            lambda one: (one.company_id, one.currency_id)
        ).items():
            payout = self.env["o2c.commission.payout"]._draft_of(company, currency)
            settlements._set(state="billed", payout_id=payout.id, bill_id=False)

    # ------------------------------------------------------------------
    # Below zero
    # ------------------------------------------------------------------

    def _carry_forward(self):
        """Hand on what the payees owe: a row that brings the settlement to nothing, and one that the next
        settlement takes in. Both are of the day after it: until its last day they owe it, whoever prints the
        statement, and whenever."""
        words = words_of(self.env)
        rows = []
        for settlement in self:
            say = words(settlement.payee_id)
            off = minus(Amounts(), Amounts(settlement.amount, settlement.amount_company, settlement.amount))
            on = minus(Amounts(), off)
            common = {
                **columns_of(settlement),
                "kind": "adjust",
                "date": settlement.date_to + timedelta(days=1),
                "period_part": "carry",
                "currency_id": settlement.currency_id.id,
                "payee_currency_id": settlement.currency_id.id,
                "base_amount": 0.0,
            }
            for amounts, values in (
                (off, {"explanation": say.carried_off(settlement.name)}),
                (on, {"explanation": say.carried_on(settlement.name), "settlement_id": None}),
            ):
                rows.append({
                    **common,
                    **values,
                    "amount": amounts.document,
                    "amount_company": amounts.company,
                    "amount_payee": amounts.payee,
                })
        # sudo: rows of the ledger are the program's
        self.env["o2c.commission.entry"].sudo()._append(rows)
        self._refresh_amounts()


class AccountMove(models.Model):
    _inherit = "account.move"

    def button_draft(self):
        self._o2c_check_commission_bills()
        return super().button_draft()

    def _o2c_check_commission_bills(self):
        """Raise for a bill of commission that was cancelled or reversed, where the settlement has been
        billed anew, reopened or cancelled since: it would be paid twice."""
        bills = self.filtered(lambda move: move.is_purchase_document() and move.invoice_origin)
        if not bills:
            return
        # sudo: who keeps the books need not settle commission
        settlements = self.env["o2c.commission.settlement"].sudo().search([
            ("name", "in", bills.mapped("invoice_origin")),
            ("payee_id", "in", bills.partner_id.ids),
            ("company_id", "in", bills.company_id.ids),
        ])
        settlement_of = {(one.name, one.payee_id, one.company_id): one for one in settlements}
        for bill in bills:
            found = settlement_of.get((bill.invoice_origin, bill.partner_id, bill.company_id))
            if found and (found.bill_id != bill or found.state not in BY_BILL):
                raise UserError(
                    self.env._(
                        "%(bill)s is not the bill of %(settlement)s any more. Bill the settlement instead.",
                        bill=bill.display_name,
                        settlement=found.display_name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _o2c_release_settlements(self):
        """A settlement whose bill is deleted is approved, and may be billed again; one that was reopened or
        cancelled stays so."""
        bills = self.filtered(lambda move: move.is_purchase_document())
        if not bills:
            return
        # sudo: who deletes a bill need not settle commission
        settlements = self.env["o2c.commission.settlement"].sudo().search([("bill_id", "in", bills.ids)])
        billed = settlements.filtered(lambda one: one.state in BY_BILL)
        billed._set(bill_id=False, state="approved")
        (settlements - billed)._set(bill_id=False)
