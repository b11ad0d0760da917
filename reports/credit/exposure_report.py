from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.credit import UNLIMITED

from ..xlsx import Column, Sheet, workbook

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
        return workbook(self._xlsx_customers(), *map(self._xlsx_sums, GROUPINGS))

    def _xlsx_columns(self, names, kind="text"):
        labels = (self._fields[name]._description_string(self.env) for name in names)
        return [Column(label, kind) for label in labels]

    def _xlsx_customers(self):
        texts = ("rating_id", "region_id", "user_id", "company_id", "currency_id")
        numbers = ("credit_limit", *AMOUNTS, "over_limit", "insured_amount")
        modes = dict(self._fields["limit_mode"]._description_selection(self.env))
        rows = [
            [
                row.partner_id.display_name,
                *(row[name].display_name for name in texts),
                modes[row.limit_mode],
                row.score,
                *(row[name] for name in numbers),
                row.utilization / 100.0 if row.limit_mode != "unlimited" else None,
            ]
            for row in self
        ]
        columns = [
            Column(self._fields["partner_id"]._description_string(self.env), width=32),
            *self._xlsx_columns((*texts, "limit_mode")),
            *self._xlsx_columns(["score"], "score"),
            *self._xlsx_columns(numbers, "money"),
            *self._xlsx_columns(["utilization"], "percent"),
        ]
        return Sheet(self.env._("Customers"), columns, rows)

    def _xlsx_sums(self, name):
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
        label = self._fields[name]._description_string(self.env)
        columns = [
            Column(label, width=32),
            *self._xlsx_columns(["currency_id"]),
            Column(self.env._("Customers"), "count"),
            *self._xlsx_columns(AMOUNTS, "money"),
        ]
        return Sheet(label, columns, rows)
