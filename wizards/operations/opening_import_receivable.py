from collections import defaultdict

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ...algorithms import opening_import as rows
from .opening_import_checking import Checked

# Lines of one journal entry of settlements: enough to be few entries, few enough to be opened.
SETTLEMENT_LINES = 500
COMPLETE = {"skip_invoice_sync": True, "skip_analytic_sync": True}


class O2cOpeningImport(models.Model):
    """Open receivables, and the history of settled ones.

    What was open at the opening date becomes a posted invoice (a negative amount a credit note)
    of what was open, dated with the invoice and due date of the old system and booked at the
    opening date. What was settled by then becomes an invoice of the whole amount, booked on its
    own date, and is paid by an entry on the day of settlement; the opening account ends where it
    began.

    The number of the old system is the reference and payment reference of the invoice. It cannot
    be its ``name``: that belongs to the gapless sequence of the journal, which would go on from
    the last old number, and it must fit the date.
    """

    _inherit = "o2c.opening.import"

    # Checking -------------------------------------------------------------------------------------

    def _check_receivable_settings(self):
        missing = [
            self._fields[name]._description_string(self.env)
            for name in ("journal_id", "account_id")
            if not self[name]
        ]
        if missing:
            raise UserError(self.env._("Choose first: %(fields)s.", fields=", ".join(missing)))
        self._check_journal()
        self._check_account()

    def _check_journal(self):
        journal = self.journal_id
        if journal.type != "sale" or not journal.active:
            raise UserError(
                self.env._("%(journal)s is not an active sales journal.", journal=journal.name)
            )
        # Only the parents of the company are read.
        if journal.company_id not in self.company_id.sudo().parent_ids:
            raise UserError(
                self.env._(
                    "The journal %(journal)s belongs to another company.", journal=journal.name
                )
            )
        if journal.restrict_mode_hash_table:
            raise UserError(
                self.env._(
                    "The journal %(journal)s secures its entries with a hash: an opening import "
                    "could never be corrected there. Choose another journal.",
                    journal=journal.name,
                )
            )

    def _check_account(self):
        account = self.account_id
        # The parents of a branch may be out of its user's reach, their accounts are not.
        if not account.sudo().company_ids & self.company_id.sudo().parent_ids:
            raise UserError(
                self.env._(
                    "The account %(account)s belongs to another company.",
                    account=account.display_name,
                )
            )
        if not account.active or account.account_type in (
            "asset_receivable",
            "liability_payable",
            "off_balance",
        ):
            raise UserError(
                self.env._(
                    "The opening account must be active and no receivable, payable or off-balance "
                    "account: %(account)s.",
                    account=account.display_name,
                )
            )

    def _check_receivables(self, table, mapping):
        """:return: :class:`Checked`"""
        invoices = [
            rows.check_at(invoice, self.opening_date)
            for invoice in rows.read_invoices(table, mapping, self._formats())
        ]
        matches = self._match_customers({
            invoice.customer: invoice.customer_name for invoice in invoices if invoice.customer
        })
        existing = self._existing_invoices(invoices)
        unrated = self._currencies_without_rate(invoices)
        checked = Checked()
        for invoice in invoices:
            customer, invoice = self._with_customer(invoice, matches)
            if invoice.currency in unrated and not invoice.company_amount:
                invoice = rows.flagged(invoice, "no_rate", "currency", invoice.currency)
            self._place_invoice(checked, invoice, customer, existing.get(invoice.number))
        self._check_journal_currency(checked)
        self._check_lock_dates(checked)
        return checked

    def _place_invoice(self, checked, invoice, customer, existing):
        """Put a row where it belongs."""
        if not invoice.is_bad and existing:
            conflict = self._conflict(invoice, customer, existing)
            if conflict:
                invoice = conflict
        checked.issues += invoice.issues
        if invoice.is_bad:
            return
        state = rows.state_at(invoice, self.opening_date)
        checked.settled += state == rows.SETTLED
        if existing:
            checked.duplicates += 1
        elif state == rows.FUTURE:
            checked.skipped += 1
        elif state == rows.OPEN or self.import_settled:
            checked.good.append((invoice, customer))
            checked.good_rows += 1

    def _existing_invoices(self, invoices):
        """``{number: move}`` of those that are here already, imported or not."""
        numbers = sorted({invoice.number for invoice in invoices if invoice.number})
        moves = self.env["account.move"]
        fields_read = ("name", "company_id", "state", "move_type", "o2c_opening_key")
        moves.flush_model(fields_read)
        # A join, since of a long list of names Odoo's trigram index looks up each one: 2,000 take
        # a quarter of a minute.
        found = self.env.execute_query(
            SQL(
                """
                SELECT number, move.id
                  FROM unnest(%(numbers)s) AS number
                  JOIN account_move AS move ON COALESCE(move.o2c_opening_key, move.name) = number
                 WHERE move.company_id = %(company)s
                   AND move.state != 'cancel'
                   AND move.move_type IN ('out_invoice', 'out_refund')
              ORDER BY move.o2c_opening_key NULLS FIRST
                """,
                numbers=numbers,
                company=self.company_id.id,
            )
        )
        return {number: moves.browse(move_id) for number, move_id in found}

    def _conflict(self, invoice, customer, existing):
        """The row with an issue when the document of its number is not the same one."""
        if not existing.o2c_opening_key:
            return rows.flagged(invoice, "exists", "number", invoice.number)
        sign = -1 if existing.move_type == "out_refund" else 1
        same = (
            existing.commercial_partner_id == customer
            and existing.currency_id.name == invoice.currency
            and not existing.currency_id.compare_amounts(
                existing.o2c_opening_amount * sign, float(invoice.amount)
            )
        )
        if same:
            return None
        text = self.env._(
            "%(customer)s, %(amount)s",
            customer=existing.commercial_partner_id.display_name,
            amount=existing.currency_id.format(existing.o2c_opening_amount * sign),
        )
        return rows.flagged(invoice, "other_document", "number", invoice.number, {"existing": text})

    def _currencies_without_rate(self, invoices):
        """The codes of foreign currencies for which Odoo would silently take a rate of 1."""
        codes = {invoice.currency for invoice in invoices}
        currencies = (
            self.env["res.currency"].search([("name", "in", list(codes))])
            - self.company_id.currency_id
        )
        rated = self.env["res.currency.rate"]._read_group(
            [
                ("currency_id", "in", currencies.ids),
                ("company_id", "in", [False, self.company_id.root_id.id]),
            ],
            ["currency_id"],
        )
        rated_ids = {currency.id for (currency,) in rated}
        return {currency.name for currency in currencies if currency.id not in rated_ids}

    def _check_journal_currency(self, checked):
        currency = self.journal_id.currency_id
        if currency and any(invoice.currency != currency.name for invoice, _c in checked.good):
            raise UserError(
                self.env._(
                    "The journal %(journal)s takes %(currency)s only. Choose one without a "
                    "currency of its own.",
                    journal=self.journal_id.name,
                    currency=currency.name,
                )
            )

    def _check_lock_dates(self, checked):
        """Nothing is written into a locked period, nor moved out of it silently."""
        if not checked.good:
            return
        earliest = min(self._booking_date(invoice) for invoice, _customer in checked.good)
        violated = self.company_id._get_lock_date_violations(
            earliest, fiscalyear=True, sale=True, purchase=False, tax=False, hard=True
        )
        if violated:
            raise UserError(
                self.env._(
                    "The import would book on %(date)s, which is locked: %(locks)s. Lift the lock "
                    "for the import%(or_else)s.",
                    date=format_date(self.env, earliest),
                    locks=self.env["res.company"]._format_lock_dates(violated),
                    or_else=self.env._(", or leave out the settled invoices")
                    if earliest < self.opening_date
                    else "",
                )
            )

    # Importing ------------------------------------------------------------------------------------

    def _booking_date(self, invoice):
        """The accounting date: that of the opening for what is open then, its own for history."""
        if rows.state_at(invoice, self.opening_date) == rows.SETTLED:
            return invoice.invoice_date
        return self.opening_date

    def _import_receivables(self, good):
        currencies = self.env["res.currency"].search([("active", "=", True)]).grouped("name")
        accounts = self._receivable_accounts([customer for _invoice, customer in good])
        # The lines are given complete, as core does in a point of sale, and have no analytics:
        # there is nothing to keep in step, which takes more than half of the time.
        moves = self.env["account.move"].with_context(**COMPLETE).create([
            self._invoice_values(invoice, customer, currencies[invoice.currency], accounts)
            for invoice, customer in good
        ])
        self._analyze("account.move", "account.move.line")
        moves.action_post()
        settled = [
            (invoice, move)
            for (invoice, _customer), move in zip(good, moves, strict=True)
            if rows.state_at(invoice, self.opening_date) == rows.SETTLED
        ]
        self._settle(settled)

    def _receivable_accounts(self, customers):
        """``{customer: (receivable account, fiscal position)}``, as an invoice written by hand
        would have them.

        :raise UserError: neither a customer nor the company has a receivable account
        """
        positions = self.env["account.fiscal.position"]
        company_account = self.company_id.partner_id.property_account_receivable_id
        accounts = {}
        for customer in customers:
            if customer in accounts:
                continue
            position = positions._get_fiscal_position(customer)
            account = customer.property_account_receivable_id or company_account
            if not account:
                raise UserError(
                    self.env._(
                        "%(customer)s has no receivable account. Set up the chart of accounts "
                        "first.",
                        customer=customer.display_name,
                    )
                )
            accounts[customer] = (position.map_account(account), position)
        return accounts

    def _invoice_values(self, invoice, customer, currency, accounts):
        is_open = rows.state_at(invoice, self.opening_date) == rows.OPEN
        amount = invoice.outstanding if is_open else invoice.amount
        company_currency = self.company_id.currency_id
        balance = self._company_amount(invoice, amount, currency)
        receivable, position = accounts[customer]
        values = {
            "move_type": "out_invoice" if amount > 0 else "out_refund",
            "company_id": self.company_id.id,
            "journal_id": self.journal_id.id,
            "partner_id": customer.id,
            "currency_id": currency.id,
            "fiscal_position_id": position.id,
            "date": self._booking_date(invoice),
            "invoice_date": invoice.invoice_date,
            "invoice_date_due": invoice.due_date,
            "invoice_payment_term_id": False,
            "invoice_user_id": customer.user_id.id,
            "narration": False,
            "ref": invoice.number,
            "payment_reference": invoice.number,
            # The customer has had it long ago.
            "is_move_sent": True,
            "o2c_opening_import_id": self.id,
            "o2c_opening_key": invoice.number,
            "o2c_opening_amount": abs(float(invoice.amount)),
            "o2c_opening_disputed": invoice.disputed,
            "o2c_opening_settled_date": False if is_open else invoice.settled_date,
            "line_ids": [
                fields.Command.create({
                    "display_type": "product",
                    "name": self._invoice_label(invoice, amount, currency),
                    "account_id": self.account_id.id,
                    "quantity": 1.0,
                    "price_unit": abs(float(amount)),
                    "tax_ids": [fields.Command.clear()],
                    "analytic_distribution": False,
                    "currency_id": currency.id,
                    "amount_currency": -float(amount),
                    "balance": -balance,
                }),
                fields.Command.create({
                    "display_type": "payment_term",
                    "name": invoice.number,
                    "account_id": receivable.id,
                    "analytic_distribution": False,
                    "date_maturity": invoice.due_date,
                    "currency_id": currency.id,
                    "amount_currency": float(amount),
                    "balance": balance,
                }),
            ],
        }
        if currency != company_currency and invoice.company_amount:
            values["invoice_currency_rate"] = float(amount) / balance
        return values

    def _company_amount(self, invoice, amount, currency):
        """An amount of the invoice in the company's currency, by its own rate if it has one."""
        company = self.company_id
        if invoice.company_amount:
            part = amount / invoice.outstanding
            return company.currency_id.round(float(invoice.company_amount * part))
        return currency._convert(
            float(amount), company.currency_id, company, invoice.invoice_date
        )

    def _invoice_label(self, invoice, amount, currency):
        if amount == invoice.amount:
            return self.env._("Invoice %(number)s of the old system", number=invoice.number)
        return self.env._(
            "Invoice %(number)s of the old system: %(open)s open of %(amount)s",
            number=invoice.number,
            open=currency.format(float(amount)),
            amount=currency.format(float(invoice.amount)),
        )

    def _settle(self, settled):
        """Pay invoices on the day they were settled, by one entry a day.

        :param settled: list of ``(invoice, move)``
        """
        by_day = defaultdict(list)
        for invoice, move in settled:
            by_day[invoice.settled_date].append((invoice, move))
        receivables = {
            line.move_id: line
            for line in self.env["account.move"].concat(*(move for _invoice, move in settled))
            .line_ids
            if line.display_type == "payment_term"
        }
        entries = self.env["account.move"].with_context(**COMPLETE).create([
            self._settlement_values(day, pairs[start : start + SETTLEMENT_LINES], receivables)
            for day, pairs in sorted(by_day.items())
            for start in range(0, len(pairs), SETTLEMENT_LINES)
        ])
        entries.action_post()
        paid_by = {
            line.name: line
            for line in entries.line_ids
            if line.account_id.account_type == "asset_receivable"
        }
        self._analyze("account.move.line")
        plan = [receivables[move] + paid_by[invoice.number] for invoice, move in settled]
        for start in range(0, len(plan), 500):
            self.env["account.move.line"]._reconcile_plan(plan[start : start + 500])
            self._analyze("account.partial.reconcile")

    def _analyze(self, *models):
        """Let the planner know of the rows just written.

        A company imports into tables that were empty a minute ago: with the statistics of those,
        PostgreSQL joins thousands of rows by nested loops, and minutes become hours.
        """
        for model in models:
            self.env[model].flush_model()
            self.env.cr.execute(SQL("ANALYZE %s", SQL.identifier(self.env[model]._table)))

    def _settlement_values(self, day, pairs, receivables):
        lines = []
        counterparts = defaultdict(lambda: [0.0, 0.0])
        for invoice, move in pairs:
            line = receivables[move]
            lines.append({
                "name": invoice.number,
                "account_id": line.account_id.id,
                "analytic_distribution": False,
                "partner_id": line.partner_id.id,
                "currency_id": line.currency_id.id,
                "amount_currency": -line.amount_currency,
                "balance": -line.balance,
            })
            counterparts[line.currency_id][0] += line.amount_currency
            counterparts[line.currency_id][1] += line.balance
        for currency, (amount_currency, balance) in counterparts.items():
            lines.append({
                "name": self.env._("Settled in the old system"),
                "account_id": self.account_id.id,
                "analytic_distribution": False,
                "currency_id": currency.id,
                "amount_currency": currency.round(amount_currency),
                "balance": self.company_id.currency_id.round(balance),
            })
        return {
            "move_type": "entry",
            "company_id": self.company_id.id,
            "journal_id": self.journal_id.id,
            "date": day,
            "ref": self.env._("Settled in the old system"),
            "o2c_opening_import_id": self.id,
            "line_ids": [fields.Command.create(line) for line in lines],
        }
