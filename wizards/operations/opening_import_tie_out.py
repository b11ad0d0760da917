from odoo import models

from ...algorithms import opening_import as rows


class O2cOpeningImport(models.Model):
    """What an import comes to, beside what the ledger and the people say."""

    _inherit = "o2c.opening.import"

    def action_tie_out(self):
        """Add up the documents once more, after one of them was corrected."""
        for opening in self:
            opening._tie_out_documents()
        return True

    def _tie_out_rows(self, checked):
        """Show what the good rows will come to."""
        if self.kind == "receivable":
            totals = self._receivable_totals(self._receivable_entries(checked))
        else:
            totals = self._order_totals(self._order_entries(checked))
        self._store_totals(totals)

    def _tie_out_documents(self):
        """Show what the imported documents come to."""
        if self.kind == "receivable":
            totals = self._receivable_totals(self._receivable_documents())
        else:
            totals = self._order_totals(self._order_documents())
        self._store_totals(totals)

    def _store_totals(self, totals):
        """Replace the tie-out, but keep the totals that were typed."""
        typed = {
            (total.section, total.label): total.control_amount
            for total in self.tie_out_ids
            if total.is_controlled
        }
        self.tie_out_ids.unlink()
        lines = self.env["o2c.opening.import.total"].create([
            {"import_id": self.id, **total} for total in totals
        ])
        for line in lines:
            control = typed.get((line.section, line.label))
            if control is not None:
                line.control_amount = control

    # Receivables ----------------------------------------------------------------------------------

    def _receivable_entries(self, checked):
        """What the good rows will come to: ``(salesperson, due date, amount)`` of the open ones,
        the amount in the company's currency."""
        currencies = self.env["res.currency"].search([("active", "=", True)]).grouped("name")
        for invoice, customer in checked.good:
            if rows.state_at(invoice, self.opening_date) != rows.OPEN:
                continue
            amount = self._company_amount(
                invoice, invoice.outstanding, currencies[invoice.currency]
            )
            user = self.env["res.users"] if isinstance(customer, tuple) else customer.user_id
            yield user, invoice.due_date, amount

    def _receivable_documents(self):
        """The same of the invoices that are there."""
        moves = self.env["account.move"].search(self._open_moves_domain("1_receivable"))
        for move in moves:
            yield move.invoice_user_id, move.invoice_date_due, move.amount_total_signed

    def _receivable_totals(self, entries):
        """The rows of the tie-out: all receivables, all arrears, and arrears by salesperson.

        As everywhere in credit control, arrears are what customers owe: a credit note does not
        lower them.
        """
        entries = list(entries)
        decimals = self.company_id.currency_id.decimal_places
        overdue = [
            (user, amount)
            for user, due, amount in entries
            if amount > 0 and rows.is_overdue(due, self.opening_date)
        ]
        count, amount = self._sum(entries, decimals)
        overdue_count, overdue_amount = self._sum(overdue, decimals)
        self.write({
            "open_count": count,
            "open_amount": amount,
            "overdue_count": overdue_count,
            "overdue_amount": overdue_amount,
        })
        return [
            {
                "section": "1_receivable",
                "is_sum": True,
                "count": count,
                "amount": amount,
                "ledger_amount": self._receivable_balance(),
            },
            {
                "section": "2_arrears",
                "is_sum": True,
                "count": overdue_count,
                "amount": overdue_amount,
            },
            *(
                {
                    "section": "2_arrears",
                    "user_id": user.id,
                    "count": user_count,
                    "amount": float(user_amount),
                }
                for user, (user_count, user_amount) in rows.totals_by(overdue, decimals).items()
            ),
        ]

    def _sum(self, entries, decimals):
        totals = rows.totals_by(((None, entry[-1]) for entry in entries), decimals)
        count, amount = totals.get(None, (0, 0))
        return count, float(amount)

    def _receivable_balance(self):
        """The balance of the receivable accounts of the company at the opening date."""
        [(balance,)] = self.env["account.move.line"]._read_group(
            [
                ("company_id", "=", self.company_id.id),
                ("parent_state", "=", "posted"),
                ("account_id.account_type", "=", "asset_receivable"),
                ("date", "<=", self.opening_date),
            ],
            [],
            ["balance:sum"],
        )
        return balance

    def _open_moves_domain(self, section):
        """The imported invoices that were open at the opening date, or overdue then."""
        domain = [
            ("o2c_opening_import_id", "=", self.id),
            ("move_type", "in", ("out_invoice", "out_refund")),
            ("state", "=", "posted"),
            ("o2c_opening_settled_date", "=", False),
        ]
        if section == "2_arrears":
            domain += [
                ("move_type", "=", "out_invoice"),
                ("invoice_date_due", "<", self.opening_date),
            ]
        return domain
