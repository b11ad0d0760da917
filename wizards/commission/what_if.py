from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date


class O2cCommissionWhatIf(models.TransientModel):
    """Prices a past period with another plan and shows the difference by payee; the ledger stays as it is."""

    _name = "o2c.commission.what.if"
    _description = "What If Another Commission Plan"

    other_plan_id = fields.Many2one(
        "o2c.commission.plan",
        string="Price with",
        required=True,
        help="Any version, a draft too; its dates do not count.",
    )
    plan_id = fields.Many2one(
        "o2c.commission.plan",
        string="Instead of",
        help="Only agreements that follow this plan, whatever version. Empty: all agreements.",
    )
    company_ids = fields.Many2many(
        "res.company", string="Companies", required=True, default=lambda self: self.env.companies
    )
    payee_ids = fields.Many2many("res.partner", string="Payees", help="Empty: all.")
    date_from = fields.Date(
        string="From",
        required=True,
        default=lambda self: self.env.company._o2c_today() + relativedelta(months=-3, day=1),
    )
    date_to = fields.Date(
        string="Until",
        required=True,
        default=lambda self: self.env.company._o2c_today() + relativedelta(day=1, days=-1),
    )
    line_ids = fields.One2many("o2c.commission.what.if.line", "run_id", readonly=True)

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for run in self:
            if run.date_from > run.date_to:
                raise ValidationError(self.env._("The period has to begin before it ends."))

    def action_run(self):
        """Reckon, and open the difference by payee.

        :raise UserError: when nothing was sold that agreements cover, or the plan has no rules
        """
        self.ensure_one()
        if not self.env.user.has_group("order_to_cash.group_commission_manager"):
            raise AccessError(self.env._("Only commission managers compare plans."))
        if self.company_ids - self.env.user.company_ids:
            raise AccessError(self.env._("You do not work in all of these companies."))
        self.other_plan_id.check_access("read")
        if not self.other_plan_id.rule_ids:
            raise UserError(
                self.env._("%(plan)s has no rules to price with.", plan=self.other_plan_id.display_name)
            )
        result = self.other_plan_id._what_if(
            self.company_ids, self.date_from, self.date_to, self.plan_id or None, self.payee_ids or None
        )
        if not result:
            raise UserError(
                self.env._("Nothing was sold in these days that the agreements cover. Choose other days.")
            )
        self.line_ids.unlink()
        self.env["o2c.commission.what.if.line"].create([
            self._line_values(company_id, payee_id, row) for (company_id, payee_id), row in result.items()
        ])
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "order_to_cash.o2c_commission_what_if_line_action"
        )
        name = self.env._(
            "What if: %(plan)s, %(first)s – %(last)s",
            plan=self.other_plan_id.display_name,
            first=format_date(self.env, self.date_from),
            last=format_date(self.env, self.date_to),
        )
        return {
            **action,
            "name": name,
            "display_name": name,
            "domain": [("run_id", "=", self.id)],
        }

    def _line_values(self, company_id, payee_id, row):
        currency = self.env["res.company"].browse(company_id).currency_id
        return {
            "run_id": self.id,
            "company_id": company_id,
            "payee_id": payee_id,
            "line_count": row.lines,
            "sales": currency.round(row.sales),
            "actual": currency.round(row.actual),
            "other": currency.round(row.other),
            "difference": currency.round(row.other - row.actual),
        }


class O2cCommissionWhatIfLine(models.TransientModel):
    """A payee's commission by the ledger and by another plan."""

    _name = "o2c.commission.what.if.line"
    _description = "What If by Payee"
    _inherit = ["o2c.collection.sheet"]
    _order = "company_id, payee_id, id"
    _rec_name = "payee_id"
    _transient_max_count = 0
    _sheet_columns = {
        "payee_id": ("text", 30),
        "company_id": ("text", 24),
        "currency_id": ("text", 10),
        "line_count": ("count", 10),
        "sales": ("money", 16),
        "actual": ("money", 16),
        "other": ("money", 16),
        "difference": ("money", 16),
    }

    run_id = fields.Many2one("o2c.commission.what.if", required=True, ondelete="cascade", index=True)
    payee_id = fields.Many2one("res.partner", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    line_count = fields.Integer(string="Lines", readonly=True)
    sales = fields.Monetary(readonly=True, help="Untaxed amounts that the payee is credited with.")
    actual = fields.Monetary(
        string="By the Ledger", readonly=True, help="Commission of the same lines, earned or still expected."
    )
    other = fields.Monetary(string="By the Other Plan", readonly=True)
    difference = fields.Monetary(readonly=True, help="By the other plan less by the ledger.")

    @api.model
    def _sheet_title(self):
        return self.env._("What If")

    def action_open_entries(self):
        """Open the rows of the ledger of this one payee in the period."""
        self.ensure_one()
        domain = Domain([
            ("payee_id", "=", self.payee_id.id),
            ("company_id", "=", self.company_id.id),
            ("date", ">=", self.run_id.date_from),
            ("date", "<=", self.run_id.date_to),
        ])
        return self.env["o2c.commission.entry"]._open_entries(domain, self.payee_id.display_name)
