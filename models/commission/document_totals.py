"""What documents earn the reader, in the currency of the document."""

from collections import defaultdict

from odoo import api, fields, models
from odoo.fields import Domain

USERS = "order_to_cash.group_user"


class O2cCommissionTotals(models.AbstractModel):
    """Expected and earned commission of a document or of its lines.

    Only the rows of the ledger that the reader may see are added up: of a shared order everybody sees his
    own part, commission managers the whole.
    """

    _name = "o2c.commission.totals"
    _description = "Commission of a Document"

    # Which column of the ledger refers to the model.
    _o2c_commission_column = None

    currency_id = fields.Many2one("res.currency")
    o2c_commission_expected = fields.Monetary(
        string="Commission Expected",
        compute="_compute_o2c_commission_totals",
        groups=USERS,
        help="Your part of what it may still earn; commission managers see that of all payees.",
    )
    o2c_commission_earned = fields.Monetary(
        string="Commission Earned",
        compute="_compute_o2c_commission_totals",
        groups=USERS,
        help="Your part of what it has earned; commission managers see that of all payees.",
    )
    o2c_commission_count = fields.Integer(
        string="Commission", compute="_compute_o2c_commission_totals", groups=USERS
    )
    o2c_commission_visible_ids = fields.Many2many(
        "o2c.commission.entry",
        string="Commission Rows",
        compute="_compute_o2c_commission_visible_ids",
        groups=USERS,
        help="The rows of the ledger that the reader may see.",
    )

    @api.depends("o2c_commission_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_o2c_commission_totals(self):
        sums = self._o2c_commission_sums()
        for record in self:
            expected, earned, count = sums.get(record._origin.id, (0.0, 0.0, 0))
            record.o2c_commission_expected = expected
            record.o2c_commission_earned = earned
            record.o2c_commission_count = count

    def _o2c_commission_sums(self):
        """:return: {id: (expected, earned, number of rows)} by one query"""
        column = self._o2c_commission_column
        ids = self._origin.ids
        if not ids:
            return {}
        currencies = {record._origin.id: record.currency_id for record in self}
        groups = self.env["o2c.commission.entry"]._read_group(
            Domain(column, "in", ids),
            [column, "kind", "currency_id"],
            ["amount:sum", "amount_company:sum", "__count"],
        )
        sums = defaultdict(lambda: (0.0, 0.0, 0))
        for record, kind, currency, amount, amount_company, number in groups:
            expected, earned, count = sums[record.id]
            if currency != currencies[record.id]:
                # The invoice of an order may be in another currency than the order.
                amount = amount_company * self.browse(record.id)._o2c_document_rate()
            if kind == "expect":
                expected += amount
            else:
                earned += amount
            sums[record.id] = (expected, earned, count + number)
        return {
            key: (currencies[key].round(expected), currencies[key].round(earned), count)
            for key, (expected, earned, count) in sums.items()
        }

    def _o2c_document_rate(self):
        """How much of this one document's currency one of the company's is."""
        raise NotImplementedError

    @api.depends("o2c_commission_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_o2c_commission_visible_ids(self):
        column = self._o2c_commission_column
        rows = self.env["o2c.commission.entry"].search(
            Domain(column, "in", self._origin.ids), order="id"
        )
        by_record = rows.grouped(column)
        for record in self:
            record.o2c_commission_visible_ids = by_record.get(record._origin, False)

    def action_o2c_open_commission(self):
        """Open the rows of the ledger that are about these documents."""
        domain = Domain(self._o2c_commission_column, "in", self.ids)
        name = len(self) == 1 and self.env._("Commission of %(document)s", document=self.display_name)
        return self.env["o2c.commission.entry"]._open_entries(domain, name)


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = ["sale.order", "o2c.commission.totals"]
    _o2c_commission_column = "order_id"

    def _o2c_document_rate(self):
        return self.currency_rate or 1.0


class SaleOrderLine(models.Model):
    _name = "sale.order.line"
    _inherit = ["sale.order.line", "o2c.commission.totals"]
    _o2c_commission_column = "order_line_id"

    def _o2c_document_rate(self):
        return self.order_id.currency_rate or 1.0


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "o2c.commission.totals"]
    _o2c_commission_column = "move_id"

    def _o2c_document_rate(self):
        return self.invoice_currency_rate or 1.0


class AccountMoveLine(models.Model):
    _name = "account.move.line"
    _inherit = ["account.move.line", "o2c.commission.totals"]
    _o2c_commission_column = "move_line_id"

    def _o2c_document_rate(self):
        return self.move_id.invoice_currency_rate or 1.0
