"""The files that payroll gets."""

import base64
import csv
import io

from odoo import models

from ..xlsx import Column, Sheet, workbook

# What a spreadsheet takes for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class O2cCommissionPayout(models.Model):
    _inherit = "o2c.commission.payout"

    def _columns(self):
        return [
            Column(self.env._("Employee"), width=28),
            Column(self.env._("User"), width=24),
            Column(self.env._("Settlement"), width=18),
            Column(self.env._("From"), "date", 12),
            Column(self.env._("Until"), "date", 12),
            Column(self.env._("Amount"), "money", 14),
            Column(self.env._("Currency"), width=10),
        ]

    def _rows(self):
        """A row a settlement, in the order of the columns."""
        self.ensure_one()
        # sudo: the logins of employees whose user may be archived, for whoever may read the settlements
        users = self.env["res.users"].sudo().with_context(active_test=False).search([
            ("partner_id", "in", self.settlement_ids.payee_id.ids), ("share", "=", False),
        ]).grouped("partner_id")
        return [
            [
                settlement.payee_id.name,
                users[settlement.payee_id][:1].login if settlement.payee_id in users else "",
                settlement.name,
                settlement.date_from,
                settlement.date_to,
                settlement.amount,
                settlement.currency_id.name,
            ]
            for settlement in self.settlement_ids.sorted(lambda one: (one.payee_id.name or "", one.id))
        ]

    def _exported(self, name):
        """What payroll got, empty before."""
        return base64.b64decode(self[name] or b"")

    def _xlsx(self):
        """:return: bytes of a spreadsheet, once exported the same for ever"""
        return self._exported("file_xlsx") or workbook(Sheet(self.name, self._columns(), self._rows()))

    def _csv(self):
        """:return: bytes of a file with commas, points and ISO dates, in UTF-8 with a mark, once exported
        the same for ever"""
        if exported := self._exported("file_csv"):
            return exported
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        writer.writerow([column.label for column in self._columns()])
        digits = self.currency_id.decimal_places
        for name, login, settlement, date_from, date_to, amount, currency in self._rows():
            text = [harmless(value) for value in (name, login, settlement)]
            writer.writerow([*text, date_from, date_to, f"{amount:.{digits}f}", currency])
        return buffer.getvalue().encode("utf-8-sig")


def harmless(text):
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if (text or "").startswith(FORMULA) else text or ""
