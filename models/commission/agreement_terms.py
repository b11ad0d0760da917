"""What of an agreement still changes once something was earned by it."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date, format_list

# Rows of the ledger say whom, by what and in which currency.
OF_THE_LEDGER = ("payee_id", "plan_id", "company_id", "currency_id")
# Settled periods are reckoned of them again, to see whether anything is missing.
OF_THE_PERIODS = ("draw_amount", "draw_recoverable", "cap_amount", "guarantee_amount")


class O2cCommissionAgreement(models.Model):
    _inherit = "o2c.commission.agreement"

    previous_id = fields.Many2one(
        "o2c.commission.agreement",
        string="Succeeds",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The agreement whose terms were replaced by these.",
    )
    has_earned = fields.Boolean(compute="_compute_has_earned")
    is_settled = fields.Boolean(compute="_compute_has_earned")

    _one_successor = models.UniqueIndex(
        "(previous_id) WHERE previous_id IS NOT NULL", "These terms were replaced already."
    )

    def _compute_has_earned(self):
        settlements = self._settlement_counts()
        for agreement in self:
            agreement.has_earned = agreement._origin.id in settlements
            agreement.is_settled = bool(settlements.get(agreement._origin.id))

    def _settlement_counts(self):
        """In how many settlements those of these agreements are that have entries: {id: count}"""
        # sudo: whether there is anything, not what
        groups = self.env["o2c.commission.entry"].sudo()._read_group(
            [("agreement_id", "in", self.ids)], ["agreement_id"], ["settlement_id:count_distinct"]
        )
        return {agreement.id: count for agreement, count in groups}

    def write(self, vals):
        self._check_terms(vals)
        return super().write(vals)

    def _check_terms(self, vals):
        """Raise for values that would make history another one.

        :raise UserError: says which, and what to do instead
        """
        if vals.keys().isdisjoint((*OF_THE_LEDGER, *OF_THE_PERIODS, "date_from", "date_to")):
            return
        settlements = self._settlement_counts()
        days = self.env["o2c.commission.entry"]._days_of_claims("agreement_id", self.ids)
        for agreement in self:
            frozen = (
                *(OF_THE_LEDGER if agreement.id in settlements else ()),
                *(OF_THE_PERIODS if settlements.get(agreement.id) else ()),
            )
            changed = [name for name in frozen if agreement._is_changed(name, vals)]
            if changed:
                raise UserError(agreement._frozen_message(changed))
            if agreement.id in days:
                agreement._check_days(vals, *days[agreement.id])

    def _is_changed(self, name, vals):
        self.ensure_one()
        if name not in vals:
            return False
        field = self._fields[name]
        if name == "plan_id":
            # Any version stands for all of them.
            return self.plan_id.browse(vals[name]).family_id != self.family_id
        return field.convert_to_cache(vals[name], self) != field.convert_to_cache(self[name], self)

    def _frozen_message(self, names):
        return self.env._(
            "%(agreement)s has earned commission: %(fields)s cannot be changed any more. New Terms ends it "
            "and begins another.",
            agreement=self.display_name,
            fields=format_list(
                self.env, [self._fields[name]._description_string(self.env) for name in names]
            ),
        )

    def _check_days(self, vals, first, last, document):
        """Raise if the agreement would not cover what it has earned."""
        begin = fields.Date.to_date(vals.get("date_from", self.date_from))
        end = fields.Date.to_date(vals.get("date_to", self.date_to))
        if begin and begin > first >= self.date_from:
            raise UserError(
                self.env._(
                    "%(agreement)s has earned commission since %(date)s: it cannot begin later.",
                    agreement=self.display_name,
                    date=format_date(self.env, first),
                )
            )
        if end and end < last and (not self.date_to or end < self.date_to):
            raise UserError(
                self.env._(
                    "%(agreement)s has earned commission on %(date)s, by %(document)s: it cannot end before "
                    "that day.",
                    agreement=self.display_name,
                    date=format_date(self.env, last),
                    document=document,
                )
            )

    def action_new_terms(self):
        """End this agreement, and open a copy of it from the next day on, to be changed.

        The last day is that on which it ends, else today or that of the last sale, whichever is later. An
        agreement that was replaced already opens the one that replaced it.
        """
        self.ensure_one()
        self.check_access("write")
        successor = self.with_context(active_test=False).search([("previous_id", "=", self.id)])
        if not successor:
            last = self.date_to or self._last_day()
            self.date_to = last
            successor = self.copy({"date_from": last + timedelta(days=1), "previous_id": self.id})
        return successor._get_records_action(name=self.env._("New Terms"))

    def _last_day(self):
        found = self.env["o2c.commission.entry"]._days_of_claims("agreement_id", self.ids)
        __, last, __ = found.get(self.id, (None, self.date_from, None))
        return max(self.company_id._o2c_today(), self.date_from, last)


class O2cCommissionPlan(models.Model):
    _inherit = "o2c.commission.plan"

    def _check_close(self, last):
        """Raise if sales after a day were priced by this one plan: what is written down is not priced anew.

        :param last: the last day on which it is to be in force
        """
        self.ensure_one()
        days = self.env["o2c.commission.entry"]._days_of_claims("plan_id", self.ids)
        __, latest, document = days.get(self.id, (None, last, None))
        if latest > last:
            raise UserError(
                self.env._(
                    "%(plan)s has priced sales until %(date)s, the last one is %(document)s. Close it on that "
                    "day or later.",
                    plan=self.display_name,
                    date=format_date(self.env, latest),
                    document=document,
                )
            )


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    def _days_of_claims(self, column, ids):
        """The days of sales that earn by plans or agreements; what was taken back as a whole is left out.

        :param column: ``plan_id`` or ``agreement_id``
        :return: {id: (first day, last day, name of the last document)}
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT first.%(column)s, MIN(first.date), MAX(first.date),
                       (ARRAY_AGG(first.name ORDER BY first.date DESC, first.id DESC))[1]
                  FROM o2c_commission_entry first
                 WHERE first.%(column)s = ANY(%(ids)s) AND first.step = 0
                   AND first.source IN ('order', 'invoice', 'delivery')
                   AND NOT EXISTS (
                       SELECT FROM o2c_commission_entry closing
                        WHERE closing.is_closing AND closing.agreement_id = first.agreement_id
                          AND closing.source = first.source
                          AND closing.source_res_id = first.source_res_id
                          AND closing.generation = first.generation)
                 GROUP BY first.%(column)s
                """,
                column=SQL.identifier(column),
                ids=list(ids),
            )
        )
        return {key: (first, last, name) for key, first, last, name in rows}
