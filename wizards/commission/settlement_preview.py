from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from odoo.addons.order_to_cash.models.commission import sale_line, uncredited
from odoo.addons.order_to_cash.models.commission.period_run import PeriodRun

REASONS = [
    ("included", "Included"),
    ("unpaid", "Invoice Not Paid"),
    ("not_invoiced", "Order Not Invoiced or Delivered"),
    ("later", "After the Last Day"),
    ("settled", "In Another Settlement"),
    ("disputed", "Disputed"),
    ("returned", "Taken Out by a Dispute"),
    ("closed", "Settlement Approved Already"),
    ("currency", "Other Currency"),
    ("company", "Other Company"),
    ("period", "Period Not Ended"),
    (uncredited.NO_AGREEMENT, "No Agreement"),
    (uncredited.NO_PLAN, "No Plan in Force"),
    (uncredited.NO_PAY, "Plan Does Not Pay on It"),
    (uncredited.NO_RULE, "No Rule"),
    (uncredited.NOT_ACCRUED, "Not Written Down"),
    ("nothing", "Nothing Sold"),
]
# So many invoices that earned nothing are looked at; more say no more.
MOST_INVOICES = 2000


class O2cCommissionSettlementPreview(models.TransientModel):
    """What settlements would take in, and what not and why."""

    _name = "o2c.commission.settlement.preview"
    _description = "Preview of Settlements"

    line_ids = fields.One2many("o2c.commission.settlement.preview.line", "preview_id")

    @api.model
    def _of(self, settlements):
        """A preview with all lines.

        :param settlements: ``o2c.commission.settlement`` in any state
        """
        settlements.check_access("read")
        preview = self.create({})
        settlements._flush_entries()
        preview._add_entries(settlements)
        preview._add_expected(settlements)
        preview._add_sales(settlements)
        preview._add_open_periods(settlements)
        preview._add_empty(settlements)
        preview.line_ids.invalidate_model(flush=False)
        return preview

    def action_open(self):
        """Open the lines, by reason."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preview: What Is Settled, What Is Not"),
            "res_model": "o2c.commission.settlement.preview.line",
            "view_mode": "list,pivot",
            "domain": [("preview_id", "=", self.id)],
            "context": {"search_default_group_reason": 1, "o2c_preview_id": self.id},
        }

    def _insert(self, select):
        """Add lines by SQL: there may be a hundred thousand.

        :param select: columns settlement, entry, reason, date, name, customer, invoice, order, amount, other
            settlement
        """
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO o2c_commission_settlement_preview_line (
                    create_uid, create_date, preview_id, settlement_id, payee_id, entry_id, reason,
                    is_included, date, name, partner_id, move_id, order_id, currency_id, amount,
                    other_settlement_id)
                SELECT %s, NOW() AT TIME ZONE 'UTC', %s, settlement.id, settlement.payee_id, found.entry_id,
                       found.reason, found.reason = 'included', found.date, found.name, found.partner_id,
                       found.move_id, found.order_id, found.currency_id, found.amount, found.other_id
                  FROM (%s) found
                  JOIN o2c_commission_settlement settlement ON settlement.id = found.settlement_id
                """,
                self.env.uid,
                self.id,
                select,
            )
        )

    def _add_entries(self, settlements):
        """Rows of the ledger that are earned."""
        self._insert(
            SQL(
                """
                SELECT settlement.id AS settlement_id, entry.id AS entry_id, entry.date, entry.name,
                       entry.partner_id, entry.move_id, entry.order_id,
                       entry.payee_currency_id AS currency_id, entry.amount_payee AS amount,
                       CASE WHEN entry.settlement_id <> settlement.id THEN entry.settlement_id
                       END AS other_id,
                       CASE
                           WHEN entry.company_id <> settlement.company_id THEN 'company'
                           WHEN entry.settlement_id IS NOT NULL AND EXISTS (
                               SELECT FROM o2c_commission_dispute dispute
                                 JOIN o2c_commission_dispute_entry_rel rel ON rel.dispute_id = dispute.id
                                WHERE rel.entry_id = entry.id AND dispute.state = 'open') THEN 'disputed'
                           WHEN entry.settlement_id = settlement.id THEN 'included'
                           WHEN entry.settlement_id IS NOT NULL THEN 'settled'
                           WHEN entry.payee_currency_id <> settlement.currency_id THEN 'currency'
                           WHEN entry.date > settlement.date_to THEN 'later'
                           WHEN NOT (%(takeable)s) THEN 'returned'
                           WHEN settlement.state NOT IN ('draft', 'calculated', 'disputed') THEN 'closed'
                           ELSE 'included'
                       END AS reason
                  FROM o2c_commission_settlement settlement
                  JOIN o2c_commission_entry entry ON entry.payee_id = settlement.payee_id
                 WHERE settlement.id = ANY(%(settlements)s) AND entry.company_id = ANY(%(companies)s)
                   AND entry.kind <> 'expect'
                   AND (entry.settlement_id IS NULL OR entry.settlement_id = settlement.id
                        OR entry.date BETWEEN settlement.date_from AND settlement.date_to)
                """,
                settlements=settlements.ids,
                companies=(self.env.companies | self._branches(settlements)).ids,
                takeable=settlements._sql_is_takeable(),
            )
        )

    def _branches(self, settlements):
        """Branches that the user may work for, chosen or not: agreements of their parents cover them."""
        return self.env.user.company_ids.filtered_domain([
            ("id", "child_of", settlements.company_id.ids)
        ])

    def _add_open_periods(self, settlements):
        """What is agreed for periods that go on after the last day."""
        self.env["o2c.commission.settlement.preview.line"].create([
            {
                "preview_id": self.id,
                "settlement_id": settlement.id,
                "payee_id": settlement.payee_id.id,
                "reason": "period",
                "date": period.date_to,
                "name": agreement.plan_id.name,
                "currency_id": settlement.currency_id.id,
            }
            for settlement, agreement, period in PeriodRun(settlements).open_periods()
        ])

    def _add_expected(self, settlements):
        """Claims of which something is still to be earned."""
        self._insert(
            SQL(
                """
                SELECT settlement.id AS settlement_id, NULL::int AS entry_id, MIN(entry.date) AS date,
                       MIN(entry.name) AS name, MIN(entry.partner_id) AS partner_id,
                       MIN(entry.move_id) AS move_id, MIN(entry.order_id) AS order_id,
                       entry.payee_currency_id AS currency_id, SUM(entry.amount_payee) AS amount,
                       NULL::int AS other_id,
                       CASE WHEN MIN(entry.date) > settlement.date_to THEN 'later'
                            WHEN entry.source = 'invoice' THEN 'unpaid'
                            ELSE 'not_invoiced' END AS reason
                  FROM o2c_commission_settlement settlement
                  JOIN o2c_commission_entry entry
                    ON entry.payee_id = settlement.payee_id AND entry.company_id = settlement.company_id
                 WHERE settlement.id = ANY(%s) AND entry.kind = 'expect'
                 GROUP BY settlement.id, entry.payee_currency_id, entry.source, entry.source_res_id,
                          entry.agreement_id, entry.generation
                HAVING SUM(entry.amount_payee) <> 0
                """,
                settlements.ids,
            )
        )

    def _add_sales(self, settlements):
        """Invoices of the days that earned the payees nothing."""
        rows = []
        for members in settlements.grouped(lambda one: (one.company_id, one.date_from, one.date_to)).values():
            rows.extend(self._uncredited(members))
        self.env["o2c.commission.settlement.preview.line"].create(rows)

    def _uncredited(self, settlements):
        # sudo: a commission manager is told of sales whose documents he may not open
        env = settlements.sudo().env
        moves = self._invoices(settlements).with_env(env)
        known = self._known(settlements, moves)
        book = uncredited.Uncredited(env)
        lines = sale_line.invoice_lines(env, moves)
        shares = book.covering(lines)
        agreements = self._agreements(settlements)
        for settlement in settlements:
            payee, own = settlement.payee_id.id, agreements[settlement.payee_id.id]
            told = set()
            for line in lines:
                if (payee, line.res_id) in known:
                    continue
                reason = book.reason(line, own, shares)
                if reason == uncredited.NO_AGREEMENT and line.salesperson_id != payee:
                    continue
                if (line.move_id, reason) in told:
                    continue
                told.add((line.move_id, reason))
                yield self._sale_values(settlement, line, reason)

    def _sale_values(self, settlement, line, reason):
        return {
            "preview_id": self.id,
            "settlement_id": settlement.id,
            "payee_id": settlement.payee_id.id,
            "reason": reason,
            "date": line.date,
            "name": line.name,
            "partner_id": line.partner_id,
            "move_id": line.move_id,
            "order_id": line.order_id,
            "currency_id": settlement.currency_id.id,
        }

    def _invoices(self, settlements):
        first = settlements[0]
        # sudo: see _uncredited
        return self.env["account.move"].sudo().search(
            [
                ("company_id", "=", first.company_id.id),
                ("state", "=", "posted"),
                ("move_type", "in", ("out_invoice", "out_refund", "out_receipt")),
                ("invoice_date", ">=", first.date_from),
                ("invoice_date", "<=", first.date_to),
            ],
            order="invoice_date, id",
            limit=MOST_INVOICES,
        )

    def _known(self, settlements, moves):
        """Lines of invoices, and of the orders they are of, that the ledger has: {(payee id, line id)}"""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT payee_id, move_line_id FROM o2c_commission_entry
                 WHERE payee_id = ANY(%(payees)s) AND move_id = ANY(%(moves)s)
                 UNION
                SELECT entry.payee_id, rel.invoice_line_id
                  FROM account_move_line line
                  JOIN sale_order_line_invoice_rel rel ON rel.invoice_line_id = line.id
                  JOIN o2c_commission_entry entry ON entry.order_line_id = rel.order_line_id
                 WHERE line.move_id = ANY(%(moves)s) AND entry.payee_id = ANY(%(payees)s)
                   AND entry.source IN ('order', 'delivery') AND entry.kind <> 'expect'
                """,
                payees=settlements.payee_id.ids,
                moves=moves.ids,
            )
        )
        return set(rows)

    def _agreements(self, settlements):
        """{payee id: ids of agreements}"""
        found = defaultdict(set)
        agreements = self.env["o2c.commission.agreement"].with_context(active_test=False).search([
            ("payee_id", "in", settlements.payee_id.ids)
        ])
        for agreement in agreements:
            found[agreement.payee_id.id].add(agreement.id)
        return found

    def _add_empty(self, settlements):
        """Who has no line at all is told why."""
        told = {
            settlement.id
            for (settlement,) in self.env["o2c.commission.settlement.preview.line"]._read_group(
                [("preview_id", "=", self.id)], ["settlement_id"]
            )
        }
        agreements = self._agreements(settlements)
        plans = self.env["o2c.commission.agreement"].browse(set().union(*agreements.values())).plan_id
        in_force = plans._version_at(settlements[-1:].date_to) if settlements else {}
        self.env["o2c.commission.settlement.preview.line"].create([
            {
                "preview_id": self.id,
                "settlement_id": settlement.id,
                "payee_id": settlement.payee_id.id,
                "currency_id": settlement.currency_id.id,
                "reason": self._empty_reason(agreements[settlement.payee_id.id], in_force),
            }
            for settlement in settlements
            if settlement.id not in told
        ])

    def _empty_reason(self, agreement_ids, in_force):
        agreements = self.env["o2c.commission.agreement"].browse(agreement_ids)
        if not agreements.filtered("active"):
            return uncredited.NO_AGREEMENT
        if not any(in_force.get(plan) for plan in agreements.plan_id):
            return uncredited.NO_PLAN
        return "nothing"


class O2cCommissionSettlementPreviewLine(models.TransientModel):
    """An entry, a claim or an invoice, and whether a settlement takes it in."""

    _name = "o2c.commission.settlement.preview.line"
    _description = "Line of a Preview of Settlements"
    _order = "settlement_id, is_included desc, date desc, id"
    _rec_name = "name"

    preview_id = fields.Many2one(
        "o2c.commission.settlement.preview", required=True, index=True, ondelete="cascade"
    )
    settlement_id = fields.Many2one("o2c.commission.settlement", required=True, ondelete="cascade")
    payee_id = fields.Many2one("res.partner")
    entry_id = fields.Many2one("o2c.commission.entry")
    reason = fields.Selection(REASONS, string="Why", required=True)
    is_included = fields.Boolean(string="Included")
    detail = fields.Char(compute="_compute_detail")
    date = fields.Date()
    name = fields.Char(string="Document")
    partner_id = fields.Many2one("res.partner", string="Customer")
    move_id = fields.Many2one("account.move", string="Invoice")
    order_id = fields.Many2one("sale.order")
    other_settlement_id = fields.Many2one("o2c.commission.settlement")
    currency_id = fields.Many2one("res.currency")
    amount = fields.Monetary(string="Commission", aggregator="sum")

    @api.depends("reason")
    def _compute_detail(self):
        for line in self:
            line.detail = line._detail_of(line.reason)

    def _detail_of(self, reason):
        """The reason in words, with what it is about."""
        name, day = self.name or "", format_date(self.env, self.settlement_id.date_to)
        sentences = {
            "included": lambda: "",
            "unpaid": lambda: self.env._(
                "Invoice %(name)s is open: it is earned when money comes in", name=name
            ),
            "not_invoiced": lambda: self.env._(
                "%(name)s is not invoiced, delivered or paid yet", name=name
            ),
            "later": lambda: self.env._("Earned after %(date)s", date=day)
            if self.entry_id
            else self.env._("Sold after %(date)s, and not earned yet", date=day),
            "settled": lambda: self.env._(
                # sudo: only the number, which tells where the entry went
                "Settled in %(settlement)s", settlement=self.sudo().other_settlement_id.name
            ),
            "disputed": lambda: self.env._("Waits for the answer to an objection"),
            "returned": lambda: self.env._("A dispute took it out of this settlement"),
            "closed": lambda: self.env._(
                "%(settlement)s takes in nothing any more: the next settlement does",
                settlement=self.settlement_id.name,
            ),
            "currency": lambda: self.env._(
                "Paid in %(currency)s: it needs a settlement of its own", currency=self.currency_id.name
            ),
            "company": lambda: self.env._(
                "Of %(company)s: it needs a settlement of its own",
                # sudo: only the name of the company
                company=self.sudo().entry_id.company_id.display_name,
            ),
            "period": lambda: self.env._(
                "Cap, guarantee, draw and bonus are reckoned by the settlement whose days include "
                "%(date)s, the last day of the period",
                date=format_date(self.env, self.date),
            ),
            uncredited.NO_AGREEMENT: lambda: self.env._("No agreement of the payee covers it"),
            uncredited.NO_PLAN: lambda: self.env._(
                "No version of the agreement's plan is in force on the day; activate one"
            ),
            uncredited.NO_PAY: lambda: self.env._("The plan does not pay on freight or services"),
            uncredited.NO_RULE: lambda: self.env._("No rule of the plan pays for it"),
            uncredited.NOT_ACCRUED: lambda: self.env._(
                "Not in the ledger: before the first day of commission, earned by another event of the "
                "order, or posted while commission was switched off"
            ),
            "nothing": lambda: self.env._("The agreements cover no sale of these days"),
        }
        return sentences[reason]()

    def action_open_document(self):
        """Open the invoice or order, or the settlement that has it."""
        self.ensure_one()
        document = self.move_id or self.order_id or self.other_settlement_id
        return document._get_records_action() if document else False


class O2cCommissionSettlement(models.Model):
    _inherit = "o2c.commission.settlement"

    def action_preview(self):
        """Show what these settlements would take in, and what not and why; nothing is changed."""
        return self.env["o2c.commission.settlement.preview"]._of(self).action_open()
