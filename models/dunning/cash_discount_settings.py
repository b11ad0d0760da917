from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from odoo.addons.order_to_cash.models.customer.daily_step import DailyStep


class ResCompany(models.Model):
    _inherit = "res.company"

    o2c_discount_reminder_days = fields.Integer(
        string="Remind of Cash Discounts",
        help="Write to customers so many days before a cash discount ends. 0: never.",
    )
    o2c_discount_template_id = fields.Many2one(
        "mail.template",
        string="E-mail on Cash Discounts",
        domain=[("model", "=", "o2c.cash.discount")],
        help="Empty: the e-mail that comes with the program.",
    )
    o2c_write_off_journal_id = fields.Many2one(
        "account.journal",
        string="Journal of Write-offs",
        check_company=True,
        domain="[('type', '=', 'general')]",
        help="Where write-offs and cash discounts granted afterwards are booked. Empty: the first "
        "miscellaneous journal.",
    )
    o2c_write_off_account_id = fields.Many2one(
        "account.account",
        string="Account of Bad Debts",
        check_company=True,
        domain="[('account_type', 'in', ('expense', 'expense_other', 'income', 'income_other'))]",
        help="What is written off is an expense of this account.",
    )
    o2c_write_off_tax = fields.Boolean(
        string="Take the Tax Back",
        help="Proposed for new write-offs: their share of the tax goes back by the accounts that "
        "the taxes name for credit notes, only the rest is an expense. Otherwise all of it is.",
    )
    o2c_write_off_threshold = fields.Monetary(
        string="Administrators Approve above",
        help="Write-offs above this amount, in company currency, are approved by administrators "
        "only, others by credit managers too. 0: credit managers approve all.",
    )

    _o2c_discount_reminder_days_positive = models.Constraint(
        "CHECK(o2c_discount_reminder_days >= 0)",
        "The days before a cash discount ends cannot be negative.",
    )

    def _get_company_root_delegated_field_names(self):
        return [
            *super()._get_company_root_delegated_field_names(),
            "o2c_discount_reminder_days",
            "o2c_discount_template_id",
            "o2c_write_off_journal_id",
            "o2c_write_off_account_id",
            "o2c_write_off_tax",
            "o2c_write_off_threshold",
        ]

    def _o2c_write_off_journal(self):
        """The journal of write-offs and of cash discounts granted afterwards, in sudo."""
        self.ensure_one()
        # sudo: who decides on a debt need not keep the books
        company = self.sudo()
        Journal = self.env["account.journal"].sudo()
        journal = company.o2c_write_off_journal_id or Journal.search(
            [*Journal._check_company_domain(company), ("type", "=", "general")], limit=1
        )
        if not journal:
            raise UserError(
                self.env._(
                    "%(company)s has no miscellaneous journal for write-offs. Choose one under Order "
                    "to Cash > Configuration > Settings.",
                    company=company.display_name,
                )
            )
        return journal

    def _o2c_check_period_is_open(self, date, journal, has_tax):
        """Raise when nothing may be booked on ``date`` any more."""
        self.ensure_one()
        locks = self.sudo()._get_violated_lock_dates(date, has_tax, journal)
        if locks:
            raise UserError(
                self.env._(
                    "The books of %(company)s are closed until %(lock)s. Choose a later date than "
                    "%(date)s.",
                    company=self.display_name,
                    lock=format_date(self.env, locks[-1][0]),
                    date=format_date(self.env, date),
                )
            )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    o2c_discount_reminder_days = fields.Integer(
        related="company_id.o2c_discount_reminder_days", readonly=False
    )
    o2c_discount_template_id = fields.Many2one(
        related="company_id.o2c_discount_template_id", readonly=False
    )
    o2c_write_off_journal_id = fields.Many2one(
        related="company_id.o2c_write_off_journal_id", readonly=False
    )
    o2c_write_off_account_id = fields.Many2one(
        related="company_id.o2c_write_off_account_id", readonly=False
    )
    o2c_write_off_tax = fields.Boolean(related="company_id.o2c_write_off_tax", readonly=False)
    o2c_write_off_threshold = fields.Monetary(
        related="company_id.o2c_write_off_threshold", readonly=False
    )


class O2cDailyStep(models.AbstractModel):
    _inherit = "o2c.daily.step"

    @api.model
    @api.private
    def steps(self, company):
        steps = super().steps(company)
        # The settings of a company are those of its branches.
        if company.o2c_use_dunning and not company.parent_id:
            steps.append(
                DailyStep(
                    key="cash_discount",
                    label=self.env._("Remind of cash discounts that end"),
                    run=lambda company: company.env["o2c.cash.discount"]._remind(company),
                )
            )
        return steps
