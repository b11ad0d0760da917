import csv
import io
from datetime import date

from odoo import models

from ...algorithms import opening_import as rows

# What the templates show: text, numbers and dates as a file would have them.
EXAMPLES = {
    "receivable": {
        "number": ("INV-1001", "INV-1002", "CN-0007"),
        "customer": ("C001", "C002", "C002"),
        "customer_name": ("Harbour Supplies", "Inland Stores", "Inland Stores"),
        "invoice_date": (date(2026, 5, 4), date(2026, 5, 18), date(2026, 6, 2)),
        "due_date": (date(2026, 6, 3), date(2026, 6, 17), date(2026, 6, 2)),
        "amount": (1200.0, 350.5, -50.0),
        "open_amount": (700.0, 0.0, -50.0),
        "disputed": ("no", "no", "no"),
        "settled_date": (None, date(2026, 6, 10), None),
    },
    "order": {
        "number": ("SO-2001", "SO-2001", "SO-2002"),
        "customer": ("C001", "C001", "C002"),
        "customer_name": ("Harbour Supplies", "Harbour Supplies", "Inland Stores"),
        "order_date": (date(2026, 6, 1), date(2026, 6, 1), date(2026, 6, 8)),
        "product": ("CRATE", "LID", "CRATE"),
        "quantity": (10.0, 20.0, 5.0),
        "price": (25.0, 2.5, 26.0),
        "discount": (0.0, 10.0, 0.0),
        "commitment_date": (date(2026, 7, 15), date(2026, 7, 15), None),
    },
    "delivered": {
        "number": ("SO-1990", "SO-1990", "SO-1995"),
        "customer": ("C001", "C001", "C002"),
        "customer_name": ("Harbour Supplies", "Harbour Supplies", "Inland Stores"),
        "order_date": (date(2026, 5, 20), date(2026, 5, 20), date(2026, 5, 28)),
        "product": ("CRATE", "LID", "CRATE"),
        "quantity": (10.0, 20.0, 5.0),
        "delivered": (6.0, 20.0, 5.0),
        "invoiced": (0.0, 8.0, 0.0),
        "price": (25.0, 2.5, 26.0),
        "discount": (0.0, 10.0, 0.0),
    },
}


class O2cOpeningImport(models.Model):
    """The files that can be downloaded: templates, and the bad rows of an import."""

    _inherit = "o2c.opening.import"

    def _template_file(self, kind, extension):
        """A file of examples with a header that is recognised.

        :param kind: ``receivable``, ``order`` or ``delivered``
        :param extension: ``xlsx`` or ``csv``
        :return: bytes
        """
        labels = self.env["o2c.opening.import.column"]._target_labels(kind)
        shown = {target: labels[target] for target in EXAMPLES[kind]}
        examples = list(zip(*EXAMPLES[kind].values(), strict=True))
        if extension == "csv":
            return self._write_csv(list(shown.values()), examples)
        notes = [
            (
                labels[target.key],
                self.env._("yes") if target.required else self.env._("no"),
                self._target_notes(kind).get(target.key, ""),
            )
            for target in rows.TARGETS[kind]
        ]
        return self._write_xlsx([
            (self.env._("Rows"), list(shown.values()), examples),
            (
                self.env._("Columns"),
                [self.env._("Column"), self.env._("Needed"), self.env._("Explanation")],
                notes,
            ),
        ])

    def _target_notes(self, kind):
        return {
            "number": self.env._("Once for each invoice. The lines of an order repeat its number.")
            if kind != "receivable"
            else self.env._("As the customer knows it. Each number once."),
            "customer": self.env._("The reference of the customer, or the exact name."),
            "customer_name": self.env._("The name of a customer who is to be created."),
            "amount": self.env._("The whole amount with taxes; negative for a credit note."),
            "open_amount": self.env._("What is still open of it. Empty means the whole amount."),
            "disputed": self.env._("yes or no"),
            "settled_date": self.env._("The day of full payment. Empty for what was never settled."),
            "company_amount": self.env._("What is open, in your own currency: sets the exchange rate."),
            "currency": self.env._("A code such as EUR. Empty means your own currency."),
            "product": self.env._("Internal reference, barcode or exact name."),
            "quantity": self.env._("What is still to be delivered.")
            if kind == "order"
            else self.env._("What was ordered in all. Empty means what was delivered."),
            "delivered": self.env._("What was delivered before the opening date."),
            "invoiced": self.env._("What of it was invoiced already."),
            "price": self.env._("Of one unit, without the discount."),
            "discount": self.env._("In percent."),
            "commitment_date": self.env._("The day promised to the customer."),
            "warehouse": self.env._("Short name or name."),
        }

    def _errors_file(self):
        """The bad rows as they stand in the file, with row number and reason of each.

        It can be mended and imported as it is: the two columns added are not recognised.

        :return: bytes of an XLSX file
        :raise UserError: the file or the settings are such that no row can be read
        """
        self.ensure_one()
        opening = self.with_company(self.company_id)
        table = opening._read_table()
        reasons = opening._reasons_by_row(table)
        header = [self.env._("Row in the File"), self.env._("What Is Wrong"), *table.headers]
        lines = [
            (row.number, " ".join(reasons[row.number]), *map(self._export_cell, row.cells))
            for row in table.rows
            if row.number in reasons
        ]
        return self._write_xlsx([(self.env._("Bad Rows"), header, lines)])

    def _export_cell(self, cell):
        return cell if isinstance(cell, (int, float, date)) else rows.harmless(cell)

    def _reasons_by_row(self, table):
        """``{row: [reason]}`` of every bad row: kept issues of an import that is done (checking
        again would find its rows imported), else those of a new check."""
        reasons = {}
        if self.state == "done":
            for error in self.error_ids.filtered(lambda error: not error.is_warning):
                reasons.setdefault(error.row, []).append(error.reason)
            return reasons
        templates = self._issue_templates()
        for issue in self._check_rows().issues:
            if not issue.warning:
                reasons.setdefault(issue.row, []).append(self._issue_text(issue, templates))
        return reasons

    def _write_csv(self, header, lines):
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        writer.writerow(header)
        writer.writerows([["" if cell is None else cell for cell in line] for line in lines])
        # The byte order mark tells Excel that this is UTF-8.
        return buffer.getvalue().encode("utf-8-sig")

    def _write_xlsx(self, sheets):
        """:param sheets: list of ``(name, header, lines)``"""
        import xlsxwriter  # slow to import and rarely needed

        buffer = io.BytesIO()
        # Text of a file is never taken for a formula or a link.
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(buffer, options) as book:
            bold = book.add_format({"bold": True, "bottom": 1})
            day = book.add_format({"num_format": "yyyy-mm-dd"})
            for name, header, lines in sheets:
                sheet = book.add_worksheet(name[:31])
                sheet.freeze_panes(1, 0)
                sheet.write_row(0, 0, header, bold)
                for number, line in enumerate(lines, start=1):
                    for column, cell in enumerate(line):
                        if isinstance(cell, date):
                            sheet.write_datetime(number, column, cell, day)
                        else:
                            sheet.write(number, column, cell)
                sheet.autofit()
        return buffer.getvalue()
