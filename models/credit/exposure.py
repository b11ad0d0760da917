"""The gathering of exposure: one SQL statement, whatever the number of customers."""

from collections import defaultdict
from datetime import timedelta
from typing import NamedTuple

from odoo import api, models
from odoo.tools import float_round

from odoo.addons.order_to_cash.algorithms.credit import EXPOSURE_COMPONENTS, Exposure

# So many customers are looked up one by one and by a statement whose plan is kept; more are
# gathered by statements planned for them.
FEW = 20


class Scope(NamedTuple):
    """Whose exposure is gathered, and as of when. Ids, dates and a time zone's name.

    :ivar cutoffs: ascending; receivables due before one of them count as overdue for it
    :ivar far_off: orders to be delivered after this day do not count as ordered; or None
    """

    debtor_ids: list
    company_ids: list
    currency_id: int
    excluded_order_ids: list
    cutoffs: list
    far_off: object
    timezone: str


class O2cCreditExposure(models.AbstractModel):
    """How much each customer owes or will owe, by component."""

    _name = "o2c.credit.exposure"
    _description = "Credit Exposure"

    @api.model
    def _gather(
        self, partners, company, exclude_orders=None, horizon_days=None, overdue_days=()
    ):
        """See :meth:`O2cCreditAccount._get_exposure`."""
        # Branches share the exposure of their root, which a user of a branch may not read.
        root = (company or self.env.company).sudo().root_id
        # A form may ask for a partner that is not saved yet.
        debtors = self._debtor_ids(partners._origin)
        if not debtors:
            return {}
        days = sorted({0, *overdue_days}, reverse=True)
        amounts = self._fetch(
            self._scope(set(debtors.values()), root, days, exclude_orders, horizon_days), root
        )
        build = self._builder(root, days, overdue_days)
        exposures = {debtor: build(*amounts[debtor]) for debtor in set(debtors.values())}
        return {partner: exposures[debtor] for partner, debtor in debtors.items()}

    @api.model
    def _order_ids(self, partner, company, components):
        """The orders that make up ``components`` of the exposure of ``partner``.

        :param partner: a commercial partner without a payer
        :param components: ``delivered_not_invoiced``, ``ordered_not_delivered`` or both
        """
        # Only the root's id and settings are read.
        scope = self._scope([partner.id], company.sudo().root_id, [0])
        self._flush_sources()
        return [row[0] for row in self.env.execute_query(self._orders_sql(scope, components))]

    @api.model
    def _debtor_ids(self, partners):
        """{id of the partner: id of the partner whose debt it is}."""
        if len(partners) <= FEW:
            # Whose debt it is may be beyond what the user may read; only ids are taken.
            return {partner.id: partner._o2c_debtor().id for partner in partners.sudo()}
        self._flush_sources()
        return dict(self.env.execute_query(self._debtors_sql(partners)))

    @api.model
    def _scope(self, debtor_ids, root, days, exclude_orders=None, horizon_days=None):
        today = root._o2c_today()
        horizon = root._o2c_exposure_horizon() if horizon_days is None else horizon_days
        return Scope(
            debtor_ids=list(debtor_ids),
            company_ids=list(root._o2c_family_ids()),
            currency_id=root.currency_id.id,
            excluded_order_ids=list(exclude_orders.ids) if exclude_orders else [],
            cutoffs=[today - timedelta(days=number) for number in days],
            far_off=None if horizon is None else today + timedelta(days=horizon),
            timezone=root.partner_id.tz or self.env.user.tz or "UTC",
        )

    def _fetch(self, scope, root):
        """Run the statement.

        :return: {debtor: ([amount of each of :data:`EXPOSURE_COMPONENTS`], [what is overdue for
            each of the cutoffs])}, in the root's currency and not rounded
        """
        self._flush_sources()
        rows = self.env.execute_query(self._statement(scope))
        today = root._o2c_today()
        rates = {
            currency.id: currency._get_conversion_rate(currency, root.currency_id, root, today)
            for currency in self.env["res.currency"].browse({row[1] for row in rows})
        }
        count = len(scope.cutoffs)
        amounts = defaultdict(lambda: ([0.0] * len(EXPOSURE_COMPONENTS), [0.0] * count))
        for debtor, currency, before, late, *components in rows:
            rate = rates[currency]
            totals, overdue = amounts[debtor]
            for index, value in enumerate(components):
                if value:
                    totals[index] += value * rate
            if late:
                # Before one cutoff is before all later ones.
                for index in range(before, count):
                    overdue[index] += late * rate
        return amounts

    @staticmethod
    def _builder(root, days, wanted_days):
        """The function that makes an :class:`Exposure` of one row of :meth:`_fetch`.

        :param days: the numbers of days of the cutoffs
        :param wanted_days: those of them for ``overdue_by_days``
        """
        positions = {day: days.index(day) for day in wanted_days}
        today = days.index(0)
        # What the currency's own method does, without reading the currency for each amount.
        precision = root.currency_id.rounding
        left_out = root._o2c_exposure_left_out()

        def rounded(value):
            return float_round(value, precision_rounding=precision) if value else 0.0

        def build(totals, overdue):
            receivable, draft_invoiced, delivered, ordered = map(rounded, totals)
            by_days = {day: rounded(overdue[position]) for day, position in positions.items()}
            return Exposure(
                receivable,
                rounded(overdue[today]),
                draft_invoiced,
                delivered,
                ordered,
                left_out,
                by_days,
            )

        return build
