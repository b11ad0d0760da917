import datetime
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from math import ceil

from odoo import api, models
from odoo.fields import Domain
from odoo.tools.misc import format_date, formatLang

from odoo.addons.order_to_cash.algorithms.commission.statement import PAYMENT, Movement, build
from odoo.addons.order_to_cash.models.commission.statement import Account

from ..dunning.dunning_letter import Writers, paginate
from ..xlsx import Column, Sheet, workbook

WHOLE = 100.0
# Characters that fit on a line of the explanation, and of the document with its customer.
WHY_WIDTH = 120
NAME_WIDTH = 40
# The explanation is printed smaller.
WHY_HEIGHT = 0.7
# Lines that the summary at the end and the heading of the next currency take.
CLOSING_HEIGHT = 7


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A line of a statement as it is printed.

    ``kind`` is that of the ledger's row, ``payment``, ``opening``, ``closing``, ``expected`` or
    ``expected_total``; ``base`` and ``rate`` are written out. ``base_amount`` is the base as a number, in
    the currency ``base_currency``, or a quantity where that is empty.
    """

    kind: str
    date: datetime.date | None = None
    name: str = ""
    customer: str = ""
    base: str = ""
    rate: str = ""
    why: str = ""
    amount: float = 0.0
    balance: float = 0.0
    base_amount: float = 0.0
    base_currency: str = ""

    @property
    def height(self):
        """Lines of the table that the row takes."""
        if self.kind == "closing":
            return CLOSING_HEIGHT
        lines = max(1, ceil(len(self.name + self.customer) / NAME_WIDTH))
        return lines + WHY_HEIGHT * ceil(len(self.why) / WHY_WIDTH)


class CommissionStatementReport(models.AbstractModel):
    _name = "report.order_to_cash.report_commission_statement"
    _description = "Commission Statement"

    @api.model
    def _get_report_values(self, docids, data=None):
        wizards = self.env["o2c.commission.statement"].browse(docids)
        for wizard in wizards:
            wizard._check_ready()
        return {
            "doc_ids": docids,
            "doc_model": wizards._name,
            "docs": wizards,
            "letters": [letter for wizard in wizards for letter in self._letters(wizard)],
            "writers": Writers(self.env),
        }

    def _letters(self, wizard):
        """What the statements say, one a payee and company. Whoever calls has checked the rights."""
        accounts = defaultdict(list)
        for account in wizard._accounts():
            accounts[account.payee_id, account.company_id].append(account)
        return [
            self._letter(wizard, payee_id, company_id, found)
            for (payee_id, company_id), found in accounts.items()
        ]

    def _letter(self, wizard, payee_id, company_id, accounts):
        # sudo: a statement shows the address and the language of who is paid, and those of the company
        payee = self.env["res.partner"].sudo().browse(payee_id)
        company = self.env["res.company"].sudo().browse(company_id)
        lang = payee.lang or company.partner_id.lang or self.env.lang
        describe = self._describer(accounts, lang)
        sections = [
            (account.currency_id, self._rows(wizard, account, describe)) for account in accounts
        ]
        return {
            "range": wizard.sudo(),
            "settlement": None,
            "reference": wizard._reference(payee, company),
            "expected": [
                (account.currency_id, account.expected)
                for account in accounts
                if account.expected and wizard.with_expected
            ],
            "customer_names": {
                partner.id: partner.display_name
                # sudo: the names of customers of the payee's own sales
                for partner in self.env["res.partner"].sudo().browse({
                    row[2] for account in accounts for row in account.expected if row[2]
                })
            },
            **self._frame(payee, company, lang, accounts, sections),
        }

    def _settlement_letter(self, settlement):
        """What one settlement says: its rows, and what they add up to."""
        # sudo: the caller has checked that the reader may see the settlement
        settlement = settlement.sudo()
        payee, company = settlement.payee_id, settlement.company_id
        lang = payee.lang or company.partner_id.lang or self.env.lang
        entries = settlement.entry_ids
        late = entries._late_rows(Domain("settlement_id", "=", settlement.id), settlement.date_to)
        movements = [
            Movement(
                entry.id,
                entry.date,
                entry.kind,
                entry.amount_payee,
                late_of=entry.date if entry.id in late else None,
            )
            for entry in entries
        ]
        account = Account(
            payee.id,
            company.id,
            settlement.currency_id.id,
            build(0.0, movements),
            (),
            settlement.browse(),
        )
        describe = self._describer([account], lang)
        rows = [describe(line) for line in account.statement.lines]
        closing = StatementRow("closing", date=settlement.date_to, balance=account.statement.closing)
        sections = [(account.currency_id, [*rows, closing])]
        return {
            "range": settlement,
            "settlement": settlement,
            "owed_before": settlement._owed_before(),
            "reference": settlement.display_name,
            "expected": [],
            "customer_names": {},
            **self._frame(payee, company, lang, [account], sections),
        }

    def _frame(self, payee, company, lang, accounts, sections):
        """What a statement and a settlement have in common."""
        states = self.env["o2c.commission.settlement"]._fields["state"]
        return {
            "payee": payee.with_context(lang=lang),
            "company": company.with_context(lang=lang),
            "lang": lang,
            "accounts": {account.currency_id: account for account in accounts},
            "currencies": {
                account.currency_id: self.env["res.currency"].browse(account.currency_id)
                for account in accounts
            },
            "sections": sections,
            "sheets": paginate(sections),
            "settlement_states": dict(states._description_selection(self.with_context(lang=lang).env)),
        }

    # ------------------------------------------------------------------
    # Rows
    # ------------------------------------------------------------------

    def _rows(self, wizard, account, describe):
        return [
            StatementRow("opening", date=wizard.date_from, balance=account.statement.opening),
            *(describe(line) for line in account.statement.lines),
            StatementRow("closing", date=wizard.date_to, balance=account.statement.closing),
        ]

    @api.model
    def _figure_writer(self):
        """What writes the base and the rate of rows of the ledger, for the reader."""
        return _FigureWriter(self.env)

    def _describer(self, accounts, lang):
        """A function from a line of a statement to how it is printed."""
        movements = [line.movement for account in accounts for line in account.statement.lines]
        # sudo: the rows were found with the rights of the reader; names of customers and rules come
        # with them
        entries = self.env["o2c.commission.entry"].sudo().with_context(lang=lang)
        rows = entries.browse([item.key for item in movements if item.kind != PAYMENT])
        row_of = {row.id: row for row in rows}
        settlements = self.env["o2c.commission.settlement"].sudo()
        paid = settlements.browse([item.key for item in movements if item.kind == PAYMENT])
        settlement_of = {settlement.id: settlement for settlement in paid}
        writer = _FigureWriter(entries.env)
        name_of = cache(lambda partner: partner.display_name or "")

        def late_words(day, why):
            return entries.env._(
                "Late: of %(day)s, which was settled when this was written down. %(why)s",
                day=format_date(entries.env, day),
                why=why,
            )

        def describe(line):
            movement = line.movement
            if movement.kind == PAYMENT:
                return StatementRow(
                    PAYMENT,
                    movement.date,
                    settlement_of[movement.key].display_name,
                    amount=movement.amount,
                    balance=line.balance,
                )
            row = row_of[movement.key]
            why = row.reason or ""
            if movement.late_of:
                why = late_words(movement.late_of, why)
            return StatementRow(
                movement.kind,
                movement.date,
                row.name or "",
                name_of(row.partner_id),
                writer.base(row),
                writer.rate(row),
                why,
                movement.amount,
                line.balance,
                row.base_amount,
                "" if row.plan_id.base == "quantity" else row.currency_id.name,
            )

        return describe

    # ------------------------------------------------------------------
    # Spreadsheet
    # ------------------------------------------------------------------

    @api.model
    def _settlement_xlsx(self, settlement):
        """One settlement as a spreadsheet. Whoever calls has checked the rights."""
        return workbook(self._xlsx_movements([self._settlement_letter(settlement)]))

    @api.model
    def _xlsx(self, wizard):
        """The statements of ``wizard`` as a spreadsheet: movements, what is expected, and balances."""
        wizard._check_ready()
        letters = self._letters(wizard)
        return workbook(
            self._xlsx_movements(letters),
            self._xlsx_expected(letters),
            self._xlsx_balances(letters),
        )

    def _kinds(self):
        kinds = dict(self.env["o2c.commission.entry"]._fields["kind"]._description_selection(self.env))
        return kinds | {
            PAYMENT: self.env._("Paid"),
            "opening": self.env._("Opening Balance"),
            "closing": self.env._("Closing Balance"),
        }

    def _xlsx_movements(self, letters):
        kinds, total = self._kinds(), self.env._("Total")
        rows = [
            [
                letter["payee"].name,
                letter["company"].name,
                letter["currencies"][currency].name,
                row.date,
                total if letter["settlement"] and row.kind == "closing" else kinds[row.kind],
                row.name,
                row.customer,
                row.base_amount or None,
                row.rate,
                None if row.kind in ("opening", "closing") else row.amount,
                row.balance,
                row.why,
                row.base_currency if row.base_amount else None,
            ]
            for letter in letters
            for currency, section in letter["sections"]
            for row in section
        ]
        columns = [
            *self._xlsx_head(),
            Column(self.env._("Date"), "date", 12),
            Column(self.env._("Kind"), width=18),
            Column(self.env._("Document"), width=24),
            Column(self.env._("Customer"), width=28),
            Column(self.env._("Base"), "money"),
            Column(self.env._("Rate"), width=14),
            Column(self.env._("Amount"), "money"),
            Column(self.env._("Balance"), "money"),
            Column(self.env._("Why"), width=80),
            Column(self.env._("Base Currency"), width=12),
        ]
        return Sheet(self.env._("Movements"), columns, rows)

    def _xlsx_head(self):
        return [
            Column(self.env._("Payee"), width=28),
            Column(self.env._("Company"), width=24),
            Column(self.env._("Currency"), width=10),
        ]

    def _xlsx_expected(self, letters):
        rows = [
            [
                letter["payee"].name,
                letter["company"].name,
                letter["currencies"][currency].name,
                day,
                name,
                letter["customer_names"].get(customer, ""),
                amount,
            ]
            for letter in letters
            for currency, expected in letter["expected"]
            for day, name, customer, amount in expected
        ]
        columns = [
            *self._xlsx_head(),
            Column(self.env._("Since"), "date", 12),
            Column(self.env._("Document"), width=24),
            Column(self.env._("Customer"), width=28),
            Column(self.env._("Still Expected"), "money"),
        ]
        return Sheet(self.env._("Expected"), columns, rows)

    def _xlsx_balances(self, letters):
        rows = [
            [
                letter["payee"].name,
                letter["company"].name,
                letter["currencies"][currency].name,
                account.statement.opening,
                account.statement.earned,
                -account.statement.paid,
                account.statement.closing,
                sum(row[3] for row in account.expected),
            ]
            for letter in letters
            for currency, account in letter["accounts"].items()
        ]
        columns = [
            *self._xlsx_head(),
            Column(self.env._("Opening Balance"), "money"),
            Column(self.env._("Earned"), "money"),
            Column(self.env._("Paid"), "money"),
            Column(self.env._("Closing Balance"), "money"),
            Column(self.env._("Still Expected"), "money"),
        ]
        return Sheet(self.env._("Balances"), columns, rows)


class CommissionSettlementReport(models.AbstractModel):
    _name = "report.order_to_cash.report_commission_settlement"
    _description = "Commission Settlement"

    @api.model
    def _get_report_values(self, docids, data=None):
        settlements = self.env["o2c.commission.settlement"].browse(docids)
        settlements.check_access("read")
        report = self.env["report.order_to_cash.report_commission_statement"]
        return {
            "doc_ids": docids,
            "doc_model": settlements._name,
            "docs": settlements,
            "letters": [report._settlement_letter(settlement) for settlement in settlements],
            "writers": Writers(self.env),
        }


class _FigureWriter:
    """Writes base and rate of rows of the ledger in the language of the environment."""

    def __init__(self, env):
        self.env = env
        self._money = cache(lambda amount, currency: formatLang(env, amount, currency_obj=currency))
        self._number = cache(lambda amount, digits: formatLang(env, amount, digits=digits))
        self._is_per_unit = cache(lambda rule: rule.method == "fixed" or rule.plan_id.base == "quantity")

    def base(self, row):
        if not row.base_amount:
            return ""
        if row.plan_id.base == "quantity":
            return self._trimmed(row.base_amount)
        return self._money(row.base_amount, row.currency_id)

    def rate(self, row):
        if not row.rule_id or not row.rate:
            return ""
        if self._is_per_unit(row.rule_id):
            rate = self.env._("%(rate)s a unit", rate=self._trimmed(row.rate))
        else:
            rate = self.env._("%(rate)s %%", rate=self._trimmed(row.rate))
        if not row.share or row.share == WHOLE:
            return rate
        # Base times rate times share is the amount.
        return self.env._("%(rate)s × %(share)s %%", rate=rate, share=self._trimmed(row.share))

    def _trimmed(self, value):
        """A figure without needless zeros, four digits at the most."""
        digits = next((digits for digits in range(4) if round(value, digits) == round(value, 4)), 4)
        return self._number(value, digits)
