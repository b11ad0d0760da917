from collections import defaultdict
from functools import partial

from odoo import api, models
from odoo.tools import SQL, float_round, split_every

from odoo.addons.order_to_cash.algorithms import dunning, dunning_stops

from .account_move_line import document_name
from .dunning_notice import QUIET
from .dunning_stop import Stops
from .open_items import later_reconciliations

# Rows that one statement writes.
INSERT_BATCH = 10000


def _rounder(currency):
    """What rounds an amount as ``currency.round`` does, without looking at the record each time."""
    return partial(float_round, precision_rounding=currency.rounding)


class O2cDunningRun(models.Model):
    """What a run proposes: gathered from the books, decided by :mod:`algorithms.dunning`."""

    _inherit = "o2c.dunning.run"

    def _replace_proposals(self, decisions=None):
        """Propose anew.

        :param decisions: what somebody decided about the proposals of an earlier run
        """
        self.ensure_one()
        unsent = self._unsent_notices()
        decisions = (decisions or {}) | unsent._decisions()
        unsent.unlink()
        items, parts, stops = self._gather_claims(self._scope_partner_ids())
        self.env["o2c.payment.promise"].browse(stops.outcomes)._store(stops.outcomes)
        # Who was written to by this run already waits for the next one.
        told = {(notice.partner_id.id, notice.currency_id.id) for notice in self.notice_ids}
        proposals = [
            proposal
            for proposal in self._due_notices(items)
            if (proposal.customer, proposal.currency) not in told
        ]
        # Who broke a promise comes first.
        proposals.sort(key=lambda proposal: proposal.customer not in stops.broken)
        notices = self.env["o2c.dunning.notice"]._create_proposals(self, proposals, decisions)
        notices.filtered(
            lambda notice: notice.partner_id.id in stops.broken
        ).has_broken_promise = True
        if not self.is_take_up:
            notices._list_stopped(parts)
        self.write({"state": "proposed", "proposed_on": self.company_id._o2c_today()})

    def _due_notices(self, items):
        """The :class:`dunning.Notice` due on the date of the run.

        :param items: see :meth:`_gather_open_items`
        """
        arguments = (
            items,
            self._levels_by_policy(),
            self.date,
            self._rounding({item.currency for item in items}),
            _rounder(self.currency_id),
        )
        if self.is_take_up:
            return dunning.take_up(*arguments)
        return dunning.propose(
            *arguments,
            {policy.id: policy.grace_days for policy in self._policies() if policy.grace_days},
        )

    @api.model
    def _rounding(self, currency_ids):
        """What rounds an amount, by the id of its currency."""
        return {
            currency.id: _rounder(currency)
            for currency in self.env["res.currency"].browse(currency_ids)
        }

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

    def _scope_partner_ids(self):
        """The ids of the recipients that the run is restricted to; None for all."""
        if not self.partner_ids:
            return None
        customers = self.partner_ids.commercial_partner_id
        return [(customer.o2c_payer_id or customer).id for customer in customers]

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
            _rounder(self.currency_id),
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
                        if policy in policies._ids
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
                   CASE
                       WHEN line.no_followup THEN 'excluded'
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


class O2cDunningNotice(models.Model):
    """Writing proposals down."""

    _inherit = "o2c.dunning.notice"

    @api.model
    def _create_proposals(self, run, proposals, decisions):
        """Write the proposals of ``run`` down.

        :param proposals: list of :class:`dunning.Notice`
        :param decisions: what somebody decided about an earlier proposal, see
            :meth:`_decisions`
        :return: the reminders
        """
        contacts = self._invoice_contacts({proposal.customer for proposal in proposals})
        documents = self._documents(
            line.item.key for proposal in proposals for line in proposal.lines
        )
        charges = self._charges(run, [
            (line.item, line.level, line.climbs)
            for proposal in proposals
            for line in proposal.lines
            if not run.is_take_up
        ])
        free = (0.0, 0.0, None)
        first = max(run.notice_ids.mapped("number"), default=0) + 1
        vals_list = []
        for number, proposal in enumerate(proposals, start=first):
            key = (proposal.customer, proposal.currency, proposal.level)
            decided = decisions.get(key, {})
            costs = [charges.get(line.item.key, free) for line in proposal.lines]
            round_amount = self.env["res.currency"].browse(proposal.currency).round
            fee = 0.0 if decided.get("fee_waived") else sum(cost[0] for cost in costs)
            interest = 0.0 if decided.get("interest_waived") else sum(cost[1] for cost in costs)
            vals_list.append({
                "name": f"{run.name}/{number:04}",
                "run_id": run.id,
                "number": number,
                "partner_id": proposal.customer,
                "contact_id": contacts.get(proposal.customer, proposal.customer),
                "currency_id": proposal.currency,
                "level_id": proposal.level,
                "proposed_level_id": proposal.level,
                "total_open": proposal.total_open,
                "total_overdue": proposal.total_overdue,
                "total_overdue_company": proposal.total_overdue_company,
                "total_due_soon": proposal.total_due_soon,
                "fee": round_amount(fee),
                "interest": round_amount(interest),
                **decided,
            })
        notices = self.with_context(**QUIET).create(vals_list)
        notices._insert_lines([
            (
                notice.id,
                run.company_id.id,
                line.item.key,
                *documents[line.item.key],
                line.item.due,
                line.level or None,
                line.level or None,
                line.previous_level or None,
                line.item.height,
                line.days_overdue,
                line.amount,
                line.amount_company,
                line.item.books,
                *charges.get(line.item.key, free)[:2],
            )
            for notice, proposal in zip(notices, proposals, strict=True)
            for line in proposal.lines
        ])
        # Reckoned here, without reading all that was just written.
        for notice, vals in zip(notices, vals_list, strict=True):
            if vals["fee"] or vals["interest"]:
                notice.write({"fee": vals["fee"], "interest": vals["interest"]})
        notices._keep_chosen_levels()
        return notices.with_env(self.env)

    @api.model
    def _invoice_contacts(self, partner_ids):
        """The invoice address of each customer that has one, by ids."""
        contacts = self.env["res.partner"].search(
            [("parent_id", "in", list(partner_ids)), ("type", "=", "invoice")], order="id desc"
        )
        return {contact.parent_id.id: contact.id for contact in contacts}

    @api.model
    def _move_lines(self, ids):
        # sudo: a run covers the branches of its company, whose items its collector need not be
        # allowed to see in their own books.
        return self.env["account.move.line"].sudo().browse(ids)

    def _documents(self, move_line_ids):
        """{id of a journal item: (id of its document, what the customer knows it by)}."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.id, move.id, move.name, move.ref, move.payment_reference, move.move_type
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
                 WHERE line.id = ANY(%s)
                """,
                list(move_line_ids),
            )
        )
        return {
            line: (move, document_name(name, ref, reference, kind))
            for line, move, name, ref, reference, kind in rows
        }

    def _insert_lines(self, rows):
        """Write the items of these new reminders down.

        By SQL: the ORM takes some milliseconds a row, to find the currency of each amount, and all
        amounts are rounded already.

        :param rows: values in the order of the columns below, from the reminder on
        """
        self.flush_recordset()
        for batch in split_every(INSERT_BATCH, rows, list):
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO o2c_dunning_notice_line (
                        create_uid, write_uid, create_date, write_date,
                        notice_id, company_id, move_line_id, move_id, name, date_due,
                        level_id, proposed_level_id, previous_level_id, height, days_overdue,
                        amount, amount_company, books, fee, interest
                    )
                    SELECT %s, %s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', line.*
                      FROM unnest(
                               %s::int[], %s::int[], %s::int[], %s::int[], %s::text[], %s::date[],
                               %s::int[], %s::int[], %s::int[], %s::int[], %s::int[],
                               %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[],
                               %s::numeric[]
                           ) AS line
                    """,
                    self.env.uid,
                    self.env.uid,
                    *[list(values) for values in zip(*batch, strict=True)],
                )
            )
        self.env["o2c.dunning.notice.line"].invalidate_model(flush=False)
        self.invalidate_recordset(["line_ids"], flush=False)
