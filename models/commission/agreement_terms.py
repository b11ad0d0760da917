"""What of an agreement still changes once something was earned by it."""

from datetime import date, timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_list

# Rows of the ledger say whom, by what and in which currency.
OF_THE_LEDGER = ("payee_id", "plan_id", "company_id", "currency_id")
# So many are named in a message.
MOST_DOCUMENTS = 10


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

    _one_successor = models.UniqueIndex(
        "(previous_id) WHERE previous_id IS NOT NULL", "These terms were replaced already."
    )

    def _compute_has_earned(self):
        earned = self._that_have_earned()
        for agreement in self:
            agreement.has_earned = agreement._origin in earned

    def _that_have_earned(self):
        # sudo: whether there is anything, not what
        groups = self.env["o2c.commission.entry"].sudo()._read_group(
            [("agreement_id", "in", self.ids)], ["agreement_id"]
        )
        return self.browse(agreement.id for [agreement] in groups)

    def write(self, vals):
        if not vals.keys().isdisjoint(OF_THE_LEDGER):
            self._check_frozen(vals)
        result = super().write(vals)
        if vals.get("date_to"):
            self._tell_of_later_sales()
        if not vals.get("active", True):
            self._end_today()
        return result

    def _end_today(self):
        """What is archived ends today, guaranteed and lent until then; what has not begun never was."""
        for company, agreements in self.grouped("company_id").items():
            today = company._o2c_today()
            running = agreements.filtered(
                lambda one, today=today: one.date_from <= today < (one.date_to or date.max)
            )
            running.date_to = today

    def _check_frozen(self, vals):
        """Raise for values that would make history another one.

        :raise UserError: says which, and what to do instead
        """
        for agreement in self._that_have_earned():
            changed = [name for name in OF_THE_LEDGER if agreement._is_changed(name, vals)]
            if changed:
                raise UserError(agreement._frozen_message(changed))

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

    def _tell_of_later_sales(self):
        """Note what was sold after the last day: it is written down, and stays."""
        later = self.env["o2c.commission.entry"]._later_sales(
            "agreement_id", {agreement.id: agreement.date_to for agreement in self}
        )
        for agreement in self.browse(later):
            agreement.message_post(body=later[agreement.id].in_words(self.env))

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
        """Today, or the day of the last sale that this one agreement has earned by, if it is later."""
        today = max(self.company_id._o2c_today(), self.date_from)
        found = self.env["o2c.commission.entry"]._later_sales("agreement_id", {self.id: today})
        return found[self.id].last if found else today


class O2cCommissionPlan(models.Model):
    _inherit = "o2c.commission.plan"

    def _tell_of_later_sales(self):
        """Note what was sold after the last day of these plans: it is priced, and stays."""
        later = self.env["o2c.commission.entry"]._later_sales(
            "plan_id", {plan.id: plan.date_to for plan in self}
        )
        for plan in self.browse(later):
            plan.message_post(body=later[plan.id].in_words(self.env))


class LaterSales(NamedTuple):
    """Documents after a day.

    :ivar last: the day of the last one
    :ivar names: of the first :data:`MOST_DOCUMENTS`
    """

    last: date
    count: int
    names: list

    def in_words(self, env):
        return env._(
            "Sales after the last day keep what they have earned (%(count)s): %(documents)s",
            count=self.count,
            documents=", ".join(self.names) + (", …" if self.count > len(self.names) else ""),
        )


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    def _later_sales(self, column, days):
        """Sales that earn by plans or agreements after days; what was taken back as a whole is left out.

        :param column: ``plan_id`` or ``agreement_id``
        :param days: {id: day}
        :return: {id: :class:`LaterSales`}, those alone that have any
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT key, MAX(last), COUNT(*), (ARRAY_AGG(name ORDER BY last, name))[1:%(most)s]
                  FROM (
                      SELECT first.%(column)s AS key, first.name, MAX(first.date) AS last
                        FROM unnest(%(ids)s::int[], %(days)s::date[]) AS asked (id, day)
                        JOIN o2c_commission_entry first
                          ON first.%(column)s = asked.id AND first.date > asked.day
                       WHERE first.step = 0 AND first.source IN ('order', 'invoice', 'delivery')
                         AND NOT EXISTS (
                             SELECT FROM o2c_commission_entry closing
                              WHERE closing.is_closing AND closing.agreement_id = first.agreement_id
                                AND closing.source = first.source
                                AND closing.source_res_id = first.source_res_id
                                AND closing.generation = first.generation)
                       GROUP BY first.%(column)s, first.name
                  ) document
                 GROUP BY key
                """,
                column=SQL.identifier(column),
                ids=list(days),
                days=list(days.values()),
                most=MOST_DOCUMENTS,
            )
        )
        return {key: LaterSales(last, count, names) for key, last, count, names in rows}
