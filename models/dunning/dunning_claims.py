from collections import defaultdict
from functools import partial

from odoo import api, models
from odoo.tools import SQL, float_round

from odoo.addons.order_to_cash.algorithms import dunning, dunning_stops

from .dunning_stop import Stops
from .open_items import later_reconciliations


def rounder(currency):
    """What rounds an amount as ``currency.round`` does, without looking at the record each time."""
    return partial(float_round, precision_rounding=currency.rounding)


class O2cDunningRun(models.Model):
    """What a run is about: the open items as of its date, gathered from the books."""

    _inherit = "o2c.dunning.run"

    def _gather_open_items(self, partner_ids=None):
        """What customers had to pay, and their credits, at the end of the run's date.

        What a customer with a payer owes stands under his payer. Left out is what stops dunning.

        :param partner_ids: ids of the recipients, None for all
        :return: list of :class:`dunning.OpenItem`
        """
        items, _parts, _stops = self._gather_claims(partner_ids)
        return items

    def _gather_claims(self, partner_ids=None):
        """The open items at the end of the run's date, apart from what stops dunning.

        :param partner_ids: ids of the recipients, None for all
        :return: tuple of the items as :meth:`_gather_open_items` gives them, what of them is not
            claimed as list of :class:`dunning_stops.StoppedPart`, and the
            :class:`~.dunning_stop.Stops` behind it
        """
        self.ensure_one()
        if partner_ids is not None and not partner_ids:
            return [], [], Stops(stops=[])
        rows = self.env.execute_query_dict(self._open_items_sql(partner_ids))
        stops = self.env["o2c.dunning.stop"]._gather(self.company_id, self.date, rows)
        items, parts = dunning_stops.apply(
            self._as_open_items(rows),
            stops.stops,
            self._rounding({row["currency"] for row in rows}),
            rounder(self.currency_id),
        )
        return items, parts, stops

    def _as_open_items(self, rows):
        """The rows of :meth:`_open_items_sql` as :class:`dunning.OpenItem`."""
        policies = self._policies()
        heights = self._level_heights({level for row in rows for level in row["levels"] or ()})
        customers = self.env["res.partner"].with_company(self.company_id).browse(
            {row["customer"] for row in rows}
        )
        # sudo: the policy of a customer is configuration, whatever else of him the user may see.
        policy_of = {
            partner.id: partner.o2c_dunning_policy_id.id for partner in customers.sudo()
        }
        company_policy = self.company_id.sudo().o2c_dunning_policy_id.id
        return [
            dunning.OpenItem(
                key=row["id"],
                customer=row["customer"],
                currency=row["currency"],
                due=row["due"],
                residual=row["residual"],
                residual_company=row["residual_company"],
                books=row["books"],
                policy=next(
                    (
                        policy
                        for policy in (row["policy"], policy_of[row["customer"]], company_policy)
                        # Nobody is reminded of what reminders cost.
                        if policy in policies._ids and not row["is_charge"]
                    ),
                    None,
                ),
                height=max((heights[level] for level in row["levels"] or ()), default=0),
                last_reminded=row["last_reminded"],
                charged_until=row["charged_until"],
                is_claim=row["is_claim"],
            )
            for row in rows
        ]

    def _other_items(self, items, notices):
        """Those of ``items`` that the letters of ``notices`` mention but do not claim.

        :return: {(customer id, currency id): list of :class:`dunning.OpenItem`}
        """
        groups = defaultdict(list)
        for item in items:
            groups[item.customer, item.currency].append(item)
        policies = self._levels_by_policy()
        claimed = set(notices.line_ids.move_line_id.ids)
        Currency = self.env["res.currency"]
        return {
            (customer, currency): dunning.other_items(
                items, policies, self.date, claimed, Currency.browse(currency).round
            )
            for (customer, currency), items in groups.items()
        }

    def _level_heights(self, level_ids):
        """How many levels of its policy each of these levels stands for, by id."""
        levels = self.env["o2c.dunning.level"].browse(level_ids)
        return {
            level.id: height
            for policy in levels.policy_id
            for height, level in enumerate(policy.level_ids, start=1)
        }

    def _open_items_sql(self, partner_ids):
        # All levels that an item ever reached are read, not the last: levels may be put in another
        # order, and none is reached twice.
        self.env.flush_all()
        companies = self.env["res.company"].sudo().search([("id", "child_of", self.company_id.id)])
        recipient = SQL("COALESCE(commercial.o2c_payer_id, commercial.id)")
        scope = SQL()
        if partner_ids is not None:
            scope = SQL("AND %s = ANY(%s)", recipient, list(partner_ids))
        return SQL(
            """
            WITH later AS (%(later)s
            ), reminded AS (
                SELECT move_line_id,
                       ARRAY_AGG(level_id) AS level_ids,
                       MAX(reached_on) AS reached_on
                  FROM o2c_dunning_notice_line
                 WHERE reached_on IS NOT NULL
                   AND move_line_id IS NOT NULL
                   AND level_id IS NOT NULL
              GROUP BY move_line_id
            ), held_back AS (
                SELECT move_line_id, MAX(held_back_on) AS held_back_on
                  FROM o2c_dunning_notice_line
                 WHERE held_back_on IS NOT NULL
                   AND move_line_id IS NOT NULL
              GROUP BY move_line_id
            ), charge AS (
                SELECT DISTINCT charge_move_id AS id
                  FROM o2c_dunning_notice
                 WHERE charge_move_id IS NOT NULL
            ), charged AS (
                SELECT move_line_id, MAX(interest_to) AS interest_to
                  FROM o2c_dunning_notice_line
                 WHERE interest_to IS NOT NULL
                   AND move_line_id IS NOT NULL
              GROUP BY move_line_id
            )
            SELECT line.id,
                   line.move_id AS move,
                   line.company_id AS company,
                   commercial.id AS debtor,
                   %(recipient)s AS customer,
                   line.currency_id AS currency,
                   COALESCE(line.date_maturity, line.date) AS due,
                   line.amount_residual_currency + COALESCE(later.amount_currency, 0) AS residual,
                   line.amount_residual + COALESCE(later.amount, 0) AS residual_company,
                   line.amount_residual_currency AS books,
                   move.o2c_dunning_policy_id AS policy,
                   reminded.level_ids AS levels,
                   GREATEST(reminded.reached_on, held_back.held_back_on) AS last_reminded,
                   charged.interest_to AS charged_until,
                   move.origin_payment_id IS NULL AND move.statement_line_id IS NULL AS is_claim,
                   line.no_followup AND charge.id IS NOT NULL AS is_charge,
                   CASE
                       WHEN line.no_followup AND charge.id IS NULL THEN 'excluded'
                       WHEN move.payment_state = 'blocked' THEN 'blocked'
                       -- a payment that has no entry yet counts from its date
                       WHEN COALESCE(
                           (
                               SELECT BOOL_OR(payment.date <= %(date)s)
                                 FROM account_move__account_payment matched
                                 JOIN account_payment payment ON payment.id = matched.payment_id
                                WHERE matched.invoice_id = move.id
                                  AND payment.move_id IS NULL
                                  AND payment.state IN ('in_process', 'paid')
                           ),
                           move.payment_state = 'in_payment' AND line.reconciled IS NOT TRUE
                       ) THEN 'paying'
                   END AS stop
              FROM account_move_line line
              JOIN account_move move ON move.id = line.move_id
              JOIN account_account account ON account.id = line.account_id
              JOIN res_partner partner ON partner.id = line.partner_id
              JOIN res_partner commercial ON commercial.id = partner.commercial_partner_id
         LEFT JOIN later ON later.line_id = line.id
         LEFT JOIN reminded ON reminded.move_line_id = line.id
         LEFT JOIN held_back ON held_back.move_line_id = line.id
         LEFT JOIN charged ON charged.move_line_id = line.id
         LEFT JOIN charge ON charge.id = line.move_id
             WHERE line.parent_state = 'posted'
               AND line.company_id = ANY(%(company_ids)s)
               AND line.date <= %(date)s
               AND account.account_type = 'asset_receivable'
               AND (line.reconciled IS NOT TRUE OR later.line_id IS NOT NULL)
               %(scope)s
          ORDER BY line.id
            """,
            later=later_reconciliations(self.date),
            date=self.date,
            recipient=recipient,
            company_ids=companies.ids,
            scope=scope,
        )

    def _scope_partner_ids(self):
        """The ids of the recipients that the run is restricted to; None for all."""
        if not self.partner_ids:
            return None
        customers = self.partner_ids.commercial_partner_id
        return [(customer.o2c_payer_id or customer).id for customer in customers]

    def _policies(self):
        """The policies that are in use in the company of the run."""
        domain = self.env["o2c.dunning.policy"]._check_company_domain(self.company_id)
        return self.env["o2c.dunning.policy"].search(domain)

    def _levels_by_policy(self):
        """The levels of each policy that the run is for, as :class:`dunning.Level`."""
        policies = self._policies()
        if self.policy_ids:
            policies &= self.policy_ids
        return {policy.id: policy.level_ids._as_algorithm_levels() for policy in policies}

    @api.model
    def _rounding(self, currency_ids):
        """What rounds an amount, by the id of its currency."""
        return {
            currency.id: rounder(currency)
            for currency in self.env["res.currency"].browse(currency_ids)
        }
