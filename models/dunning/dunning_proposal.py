from odoo import api, models
from odoo.tools import SQL, split_every

from odoo.addons.order_to_cash.algorithms import dunning
from odoo.addons.order_to_cash.algorithms.array_literal import array_literal

from .account_move_line import document_name
from .dunning_claims import rounder
from .dunning_notice import QUIET

# Rows that one statement writes.
INSERT_BATCH = 10000
ARRAYS = {
    "date": SQL("date[]"), "int": SQL("int[]"), "numeric": SQL("numeric[]"), "text": SQL("text[]"),
}
LINE_COLUMNS = {
    "notice_id": "int",
    "company_id": "int",
    "move_line_id": "int",
    "move_id": "int",
    "name": "text",
    "date_due": "date",
    "level_id": "int",
    "proposed_level_id": "int",
    "previous_level_id": "int",
    "height": "int",
    "days_overdue": "int",
    "amount": "numeric",
    "amount_company": "numeric",
    "books": "numeric",
    "fee": "numeric",
    "interest": "numeric",
}


class O2cDunningRun(models.Model):
    """What a run proposes, decided by :mod:`algorithms.dunning`."""

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
            rounder(self.currency_id),
        )
        if self.is_take_up:
            return dunning.take_up(*arguments)
        return dunning.propose(
            *arguments,
            {policy.id: policy.grace_days for policy in self._policies() if policy.grace_days},
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

        :param rows: values in the order of :data:`LINE_COLUMNS`
        """
        self.flush_recordset()
        kinds = LINE_COLUMNS.values()
        columns = SQL(", ").join(map(SQL.identifier, LINE_COLUMNS))
        for batch in split_every(INSERT_BATCH, rows, list):
            arrays = [
                SQL("%s::%s", array_literal(values, kind), ARRAYS[kind])
                for kind, values in zip(kinds, zip(*batch, strict=True), strict=True)
            ]
            self.env.cr.execute(
                SQL(
                    "INSERT INTO o2c_dunning_notice_line (%s) SELECT * FROM unnest(%s)",
                    columns,
                    SQL(", ").join(arrays),
                )
            )
        self.env["o2c.dunning.notice.line"].invalidate_model(flush=False)
        self.invalidate_recordset(["line_ids"], flush=False)
