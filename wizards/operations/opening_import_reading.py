import base64

from markupsafe import Markup

from odoo import models
from odoo.exceptions import UserError

from ...algorithms import opening_import as rows


class O2cOpeningImport(models.Model):
    """From the file of an import to its columns, its preview and how it writes things."""

    _inherit = "o2c.opening.import"

    def _read_table(self):
        try:
            return rows.read_table(
                base64.b64decode(self.with_context(bin_size=False).file or b""),
                self.kind,
                self.encoding or None,
            )
        except rows.FileError as error:
            raise UserError(self._file_error_message(error)) from error

    def _file_error_message(self, error):
        messages = {
            "empty": self.env._("The file is empty."),
            "no_rows": self.env._("The file has a header but no rows."),
            "too_big": self.env._("The file is larger than %(megabytes)s MB. Split it."),
            "too_many_rows": self.env._("The file has more than %(rows)s rows. Split it."),
            "too_many_columns": self.env._(
                "The file has more than %(columns)s columns. Is its first row the header?"
            ),
            "xls": self.env._(
                "This is a workbook of the old kind (.xls). Save it as .xlsx or .csv."
            ),
            "not_a_table": self.env._("This is not a CSV or XLSX file, or it is damaged."),
            "encoding": self.env._("The file is not written in %(encoding)s. Pick another one."),
        }
        return messages[error.code] % error.values

    def _render_preview(self, headers, shown):
        """The first rows as an HTML table; what stands in the file is escaped."""
        head = Markup().join(
            Markup('<th class="text-nowrap">%s</th>') % (header or "") for header in headers
        )
        body = Markup().join(
            Markup("<tr>%s</tr>")
            % Markup().join(Markup('<td class="text-nowrap">%s</td>') % cell for cell in cells)
            for cells in shown
        )
        return (
            Markup(
                '<div class="table-responsive"><table class="table table-sm table-striped mb-0">'
                "<thead><tr>%s</tr></thead><tbody>%s</tbody></table></div>"
            )
            % (head, body)
        )

    def _mapping(self, table):
        """The target of each column, by position.

        :raise UserError: a required one is missing, one is used twice, or the file has changed
        """
        columns = self.column_ids.sorted("position")
        if len(columns) != len(table.headers):
            raise UserError(self.env._("The columns do not fit the file. Read the file again."))
        mapping = [column.target or None for column in columns]
        labels = self.env["o2c.opening.import.column"]._target_labels(self.kind)
        used = [target for target in mapping if target]
        for target in used:
            if target not in labels:
                raise UserError(
                    self.env._(
                        "%(target)s is nothing that this kind of file has.",
                        target=self.env["o2c.opening.import.column"]._target_labels()[target],
                    )
                )
            if used.count(target) > 1:
                raise UserError(
                    self.env._("Two columns hold %(target)s.", target=labels[target])
                )
        missing = rows.missing_targets(mapping, self.kind)
        if missing:
            raise UserError(
                self.env._(
                    "No column is said to hold: %(targets)s.",
                    targets=", ".join(labels[target] for target in missing),
                )
            )
        return mapping

    def _formats(self):
        currencies = self.env["res.currency"].search([("active", "=", True)])
        precision = self.env["decimal.precision"]
        return rows.Formats(
            date=self.date_format,
            decimal=self.decimal_separator,
            currency=self.company_id.currency_id.name,
            currencies={
                currency.name: currency.decimal_places
                for currency in currencies | self.company_id.currency_id
            },
            quantity_decimals=precision.precision_get("Product Unit"),
            price_decimals=precision.precision_get("Product Price"),
        )
