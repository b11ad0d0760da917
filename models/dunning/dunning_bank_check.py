from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, format_date


class ResCompany(models.Model):
    _inherit = "res.company"

    o2c_dunning_bank_days = fields.Integer(
        string="Bank Entries Older Than",
        default=7,
        help="A dunning run warns when the last entry of a bank journal is older, since customers "
        "may have paid by then. Zero: never.",
    )
    o2c_dunning_bank_waits = fields.Boolean(
        string="Do Not Send Automatically Then",
        help="Reminders of automatic levels wait until the bank journals are up to date.",
    )

    _check_o2c_dunning_bank_days = models.Constraint(
        "CHECK(o2c_dunning_bank_days >= 0)",
        "The age of bank entries cannot be negative.",
    )

    def _get_company_root_delegated_field_names(self):
        return [
            *super()._get_company_root_delegated_field_names(),
            "o2c_dunning_bank_days",
            "o2c_dunning_bank_waits",
        ]


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    o2c_dunning_bank_days = fields.Integer(
        related="company_id.o2c_dunning_bank_days", readonly=False
    )
    o2c_dunning_bank_waits = fields.Boolean(
        related="company_id.o2c_dunning_bank_waits", readonly=False
    )


class O2cDunningRun(models.Model):
    """Before customers are reminded the books should know what they have paid."""

    _inherit = "o2c.dunning.run"

    bank_warning = fields.Char(
        compute="_compute_bank_warning",
        help="Bank journals whose last entry is old, with its date.",
    )

    @api.depends("company_id", "date", "state", "is_take_up")
    def _compute_bank_warning(self):
        for run in self:
            days = run.company_id.o2c_dunning_bank_days
            stale = []
            if days and run.date and run.state != "done" and not run.is_take_up:
                stale = run._stale_bank_journals(run.date - timedelta(days=days))
            run.bank_warning = bool(stale) and self.env._(
                "Customers may have paid already: the last entry in %(journals)s.",
                journals=", ".join(
                    self.env._(
                        "%(journal)s is of %(date)s", journal=name, date=format_date(self.env, last)
                    )
                    for name, last in stale
                ),
            )

    def _stale_bank_journals(self, since):
        """The bank journals that are in use and have no entry since that day.

        :return: list of (name, date of the last entry)
        """
        # sudo: names and dates of the journals of the company and its branches, no figures.
        companies = self.env["res.company"].sudo().search([("id", "child_of", self.company_id.id)])
        journals = self.env["account.journal"].sudo().search([
            ("type", "=", "bank"), ("company_id", "in", companies.ids)
        ])
        self.env["account.move"].flush_model(["journal_id", "date", "state"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT journal.id, last.date
                  FROM account_journal journal
                       -- the newest by the index on journal, company and date
            CROSS JOIN LATERAL (
                           SELECT move.date
                             FROM account_move move
                            WHERE move.journal_id = journal.id
                              AND move.company_id = ANY(%(companies)s)
                              AND move.state = 'posted'
                         ORDER BY move.date DESC
                            LIMIT 1
                       ) last
                 WHERE journal.id = ANY(%(journals)s)
                   AND last.date < %(since)s
              ORDER BY last.date, journal.id
                """,
                companies=companies.ids,
                journals=journals.ids,
                since=since,
            )
        )
        return [(journals.browse(journal).name, last) for journal, last in rows]
