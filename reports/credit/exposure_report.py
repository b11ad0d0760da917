import io
from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.credit import UNLIMITED

AMOUNTS = (
    "receivable",
    "overdue",
    "draft_invoiced",
    "delivered_not_invoiced",
    "ordered_not_delivered",
    "exposure",
)
GROUPINGS = ("rating_id", "region_id", "user_id")


class O2cCreditExposureReport(models.TransientModel):
    """The exposure of every customer, as it was when the report was opened.

    Exposure is reckoned, not stored. A SQL view would have to repeat the rules of limits and of
    currencies in SQL and reckon everything again for each list, pivot and group; so the report is
    a snapshot that the user who opens it gets of his own: exact, of what he may see, and as fast
    to group as a table. Opening it again takes a new one.
    """

    _name = "o2c.credit.exposure.report"
    _description = "Credit Exposure Report"
    _order = "exposure desc, id"
    _transient_max_count = 0

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    account_id = fields.Many2one("o2c.credit.account", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    rating_id = fields.Many2one("o2c.credit.rating", readonly=True)
    class_id = fields.Many2one("o2c.customer.class", string="Customer Class", readonly=True)
    region_id = fields.Many2one("o2c.sales.region", readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    team_id = fields.Many2one("crm.team", string="Sales Team", readonly=True)
    limit_mode = fields.Selection(
        [("unlimited", "Unlimited"), ("amount", "Amount"), ("prepay", "Payment in advance")],
        string="Limit",
        readonly=True,
    )
    credit_limit = fields.Monetary(readonly=True)
    receivable = fields.Monetary(readonly=True)
    overdue = fields.Monetary(readonly=True)
    draft_invoiced = fields.Monetary(readonly=True)
    delivered_not_invoiced = fields.Monetary(readonly=True)
    ordered_not_delivered = fields.Monetary(readonly=True)
    exposure = fields.Monetary(readonly=True)
    over_limit = fields.Monetary(
        readonly=True, help="By how much the exposure goes over the limit."
    )
    insured_amount = fields.Monetary(readonly=True)
    utilization = fields.Float(
        readonly=True, aggregator="avg", help="Exposure in percent of the limit."
    )
    score = fields.Float(digits=(16, 1), readonly=True, aggregator="avg")

    def action_open_account(self):
        """Open the credit account behind this one row."""
        self.ensure_one()
        return self.partner_id.with_company(self.company_id).action_o2c_credit_account()

    @api.model
    def action_open(self):
        """Take a new snapshot for the user and open it."""
        self._refresh()
        return self.env["ir.actions.actions"]._for_xml_id(
            "order_to_cash.o2c_credit_exposure_report_action"
        )

    @api.model
    def action_download(self):
        """Download a new snapshot as a spreadsheet."""
        return {
            "type": "ir.actions.act_url",
            "url": "/order_to_cash/credit/exposure.xlsx",
            "target": "download",
        }

    @api.model
    def _refresh(self):
        """Replace the user's snapshot of the companies he works in; returns it."""
        # sudo: rows are written here only, for the user who opens the report.
        rows = self.sudo()
        rows.search([("create_uid", "=", self.env.uid)]).unlink()
        values = []
        for root in self.env.companies.root_id:
            if root.o2c_use_credit:
                values += self._company_values(root)
        return rows.create(values).sudo(False)

    def _company_values(self, root):
        Account = self.env["o2c.credit.account"]
        partners = self._customers(root)
        # The user may see these customers, their payers perhaps not.
        exposures = Account._get_exposure(partners, root)
        limits = Account._limits(partners, root)
        accounts = {
            account.partner_id: account
            for account in Account.search([
                ("partner_id", "in", partners.ids),
                ("company_id", "=", root.id),
            ])
        }
        for partner in partners.with_company(root):
            account = accounts.get(partner, Account.browse())
            found = exposures[partner.id]
            limit = limits.get(partner.id, UNLIMITED)
            if not account and not any(getattr(found, name) for name in AMOUNTS):
                continue
            yield {
                "partner_id": partner.id,
                "account_id": account.id,
                "company_id": root.id,
                "currency_id": root.currency_id.id,
                "rating_id": account.rating_id.id,
                "class_id": partner.o2c_class_id.id,
                "region_id": partner.o2c_region_id.id,
                "user_id": partner.user_id.id,
                "team_id": partner.o2c_team_id.id,
                "limit_mode": limit.mode,
                "credit_limit": limit.amount,
                **{name: getattr(found, name) for name in AMOUNTS},
                "over_limit": max(-limit.left(found.exposure), 0.0) if limit.is_finite else 0.0,
                "insured_amount": account.insured_amount,
                "utilization": limit.utilization(found.exposure),
                "score": account.score,
            }

    @api.model
    def _customers(self, root):
        """The customers with an account or an open business that the user may see."""
        for name in ("account.move.line", "account.move", "sale.order", "o2c.credit.account"):
            self.env[name].flush_model()
        self.env["res.partner"].flush_model(["commercial_partner_id", "o2c_payer_id"])
        rows = self.env.execute_query(
            SQL(
                """
                WITH company AS (
                    SELECT id FROM res_company WHERE parent_path LIKE %(path)s
                ), debtor AS (
                    SELECT line.partner_id
                      FROM account_move_line line
                      JOIN account_account account ON account.id = line.account_id
                     WHERE account.account_type = 'asset_receivable'
                       AND line.parent_state = 'posted'
                       AND line.reconciled IS NOT TRUE
                       AND line.company_id IN (SELECT id FROM company)
                     UNION
                    SELECT partner_id
                      FROM account_move
                     WHERE state = 'draft'
                       AND move_type IN ('out_invoice', 'out_refund', 'out_receipt')
                       AND company_id IN (SELECT id FROM company)
                     UNION
                    SELECT partner_invoice_id
                      FROM sale_order
                     WHERE state = 'sale'
                       AND company_id IN (SELECT id FROM company)
                     UNION
                    SELECT partner_id FROM o2c_credit_account WHERE company_id = %(root)s
                )
                SELECT DISTINCT COALESCE(commercial.o2c_payer_id, commercial.id)
                  FROM debtor
                  JOIN res_partner partner ON partner.id = debtor.partner_id
                  JOIN res_partner commercial ON commercial.id = partner.commercial_partner_id
                """,
                path=f"{root.parent_path}%",
                root=root.id,
            )
        )
        partners = self.env["res.partner"].browse(partner_id for (partner_id,) in rows)
        return partners._filtered_access("read")._o2c_credit_visible()

    # ------------------------------------------------------------------
    # Spreadsheet
    # ------------------------------------------------------------------

    def _xlsx(self):
        """These rows as a spreadsheet: the customers, and the sums by :data:`GROUPINGS`."""
        import xlsxwriter

        buffer = io.BytesIO()
        with xlsxwriter.Workbook(buffer, {"in_memory": True}) as workbook:
            self._xlsx_customers(workbook)
            for name in GROUPINGS:
                self._xlsx_sums(workbook, name)
        return buffer.getvalue()

    def _xlsx_label(self, name):
        return self._fields[name]._description_string(self.env)

    def _xlsx_customers(self, workbook):
        texts = ("partner_id", "rating_id", "region_id", "user_id", "company_id", "currency_id")
        numbers = ("score", "credit_limit", *AMOUNTS, "over_limit", "insured_amount")
        rows = []
        for row in self:
            mode = dict(self._fields["limit_mode"]._description_selection(self.env))
            rows.append([
                *(row[name].display_name or "" for name in texts),
                mode[row.limit_mode],
                *(row[name] for name in numbers),
                row.utilization / 100.0 if row.limit_mode != "unlimited" else "",
            ])
        labels = [self._xlsx_label(name) for name in (*texts, "limit_mode", *numbers, "utilization")]
        self._xlsx_sheet(workbook, self.env._("Customers"), labels, rows, len(texts) + 1)

    def _xlsx_sums(self, workbook, name):
        sums = defaultdict(lambda: [0, *[0.0] * len(AMOUNTS)])
        for row in self:
            total = sums[row[name], row.currency_id]
            total[0] += 1
            for i, amount in enumerate(AMOUNTS, 1):
                total[i] += row[amount]
        rows = [
            [record.display_name or self.env._("None"), currency.name, *total]
            for (record, currency), total in sorted(
                sums.items(), key=lambda item: -item[1][AMOUNTS.index("exposure") + 1]
            )
        ]
        label = self._xlsx_label(name)
        labels = [
            label,
            self._xlsx_label("currency_id"),
            self.env._("Customers"),
            *map(self._xlsx_label, AMOUNTS),
        ]
        self._xlsx_sheet(workbook, label, labels, rows, 2, counts=1)

    @staticmethod
    def _xlsx_sheet(workbook, title, labels, rows, texts, counts=0):
        """A sheet of ``texts`` columns of text, ``counts`` of counts, and amounts; a last column
        of shares when there are no counts."""
        head = workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        money = workbook.add_format({"num_format": "#,##0.00"})
        percent = workbook.add_format({"num_format": "0%"})
        sheet = workbook.add_worksheet(title[:31])
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, 0, 32)
        sheet.set_column(1, len(labels) - 1, 16)
        sheet.write_row(0, 0, labels, head)
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                # Names are written as text, whatever they begin with.
                if isinstance(value, str):
                    sheet.write_string(number, column, value)
                elif column < texts + counts:
                    sheet.write_number(number, column, value)
                elif not counts and column == len(row) - 1:
                    sheet.write_number(number, column, value, percent)
                else:
                    sheet.write_number(number, column, value, money)
        sheet.autofilter(0, 0, max(len(rows), 1), len(labels) - 1)
