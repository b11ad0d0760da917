from odoo import api, models

from odoo.addons.order_to_cash.algorithms.ageing import BUCKETS

from ..xlsx import Column, Sheet, workbook

GROUPINGS = ("partner_id", "user_id", "region_id")
ITEM_COLUMNS = (
    ("partner_id", "text"),
    ("customer_id", "text"),
    ("move_id", "text"),
    ("kind", "text"),
    ("date", "date"),
    ("date_due", "date"),
    ("days_overdue", "count"),
    ("bucket", "text"),
    ("user_id", "text"),
    ("region_id", "text"),
    ("company_id", "text"),
    ("currency_id", "text"),
    ("amount_currency", "money"),
    ("residual_currency", "money"),
    ("residual", "money"),
)


class O2cAgedReceivable(models.Model):
    """Aged receivables as a spreadsheet."""

    _inherit = "o2c.aged.receivable"

    @api.model
    def _xlsx(self, domain):
        """The rows in ``domain`` as a spreadsheet: sums by customer, salesperson and region in
        company currency, by currency in that currency, and the items."""
        return workbook(
            *(self._xlsx_sums(domain, name) for name in GROUPINGS),
            self._xlsx_currencies(domain),
            self._xlsx_items(domain),
        )

    def _xlsx_label(self, name):
        return self._fields[name]._description_string(self.env)

    def _xlsx_sums(self, domain, name):
        amounts = ("residual", *BUCKETS, "overdue")
        groups = self._read_group(
            domain,
            [name, "company_currency_id"],
            [f"{amount}:sum" for amount in amounts],
            order="residual:sum DESC",
        )
        # sudo: names only, of what stands on rows that the user may see.
        rows = [
            [record.sudo().display_name or self.env._("None"), currency.name, *sums]
            for record, currency, *sums in groups
        ]
        columns = [
            Column(self._xlsx_label(name), width=32),
            Column(self._xlsx_label("company_currency_id")),
            *(Column(self._xlsx_label(amount), "money") for amount in amounts),
        ]
        return Sheet(self._xlsx_label(name), columns, rows)

    def _xlsx_currencies(self, domain):
        sums = {}
        for currency, bucket, amount in self._read_group(
            domain, ["currency_id", "bucket"], ["residual_currency:sum"]
        ):
            sums.setdefault(currency, {})[bucket] = amount
        rows = [
            [
                currency.name,
                currency.round(sum(found.values())),
                *(found.get(name, 0.0) for name in BUCKETS),
            ]
            for currency, found in sums.items()
        ]
        columns = [
            Column(self._xlsx_label("currency_id"), width=32),
            *(Column(self._xlsx_label(name), "money") for name in ("residual", *BUCKETS)),
        ]
        return Sheet(self._xlsx_label("currency_id"), columns, rows)

    def _xlsx_items(self, domain):
        names = [name for name, _kind in ITEM_COLUMNS]
        values = self._values(domain, names)
        texts = [self._xlsx_texts(name, values, at) for at, name in enumerate(names)]
        rows = [
            [
                value if text is None else text.get(value)
                for text, value in zip(texts, row, strict=True)
            ]
            for row in values
        ]
        columns = [Column(self._xlsx_label(name), kind) for name, kind in ITEM_COLUMNS]
        return Sheet(self.env._("Items"), columns, rows)

    def _xlsx_texts(self, name, values, at):
        """What stands for each value of the column, None where the values stand for themselves."""
        field = self._fields[name]
        if field.type == "selection":
            return dict(field._description_selection(self.env))
        if field.type != "many2one":
            return None
        # sudo: names only, of what stands on rows that the user may see.
        records = self.env[field.comodel_name].sudo().browse({row[at] for row in values} - {None})
        return {record.id: record.display_name for record in records}
