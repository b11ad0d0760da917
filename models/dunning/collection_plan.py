from collections import defaultdict
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, float_round
from odoo.tools.misc import format_date

from odoo.addons.order_to_cash.algorithms import collection

SOURCES = [
    ("habit", "Due date and habit"),
    ("promise", "Promise"),
    ("late", "Later than by habit"),
]
LINE_COLUMNS = {
    "plan_id": SQL("int"),
    "move_line_id": SQL("int"),
    "partner_id": SQL("int"),
    "user_id": SQL("int"),
    "date_due": SQL("date"),
    "delay_days": SQL("int"),
    "date": SQL("date"),
    "amount": SQL("numeric"),
    "probable": SQL("numeric"),
    "source": SQL("text"),
    "promise_id": SQL("int"),
}
AMOUNT, PROBABLE = (list(LINE_COLUMNS).index(name) for name in ("amount", "probable"))


class O2cCollectionPlan(models.Model):
    """What may be expected to come in when, as it could be known at the end of a day.

    The plan of a past day can be made later: items, promises, disputes and habits count as they
    stood on it. How items become expected receipts says :mod:`algorithms.collection`.
    """

    _name = "o2c.collection.plan"
    _description = "Collection Plan"
    _order = "date desc, id desc"
    _check_company_auto = True

    name = fields.Char(required=True, default=lambda self: self._default_name())
    date = fields.Date(
        string="As Of",
        required=True,
        default=lambda self: self.env.company._o2c_today(),
        help="The plan is made with what was in the books at the end of this day.",
    )
    weeks = fields.Integer(
        default=13, required=True, help="So many weeks after that day are compared with the plan."
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company.root_id,
        domain=[("parent_id", "=", False)],
        help="The plan covers the branches of the company.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    calculated_on = fields.Datetime(readonly=True, copy=False)
    line_ids = fields.One2many("o2c.collection.plan.line", "plan_id", readonly=True, copy=False)
    total = fields.Monetary(
        string="Expected in All", readonly=True, copy=False, help="All that was open, less credits."
    )
    total_probable = fields.Monetary(
        string="Probable",
        readonly=True,
        copy=False,
        help="Each receipt × the probability that it comes, by the score of the customer and the "
        "days it is expected late.",
    )
    planned = fields.Monetary(
        string="Expected in Time",
        compute="_compute_compared",
        help="Expected within the weeks of the plan.",
    )
    received = fields.Monetary(
        compute="_compute_compared", help="What came in within these weeks until today."
    )

    _check_weeks = models.Constraint("CHECK(weeks > 0)", "A plan covers at least one week.")

    @api.model
    def _default_name(self):
        return self.env._(
            "Collection Plan %(date)s", date=format_date(self.env, self.env.company._o2c_today())
        )

    @api.depends("calculated_on", "weeks")
    def _compute_compared(self):
        sums = {
            plan.id: figures
            for plan, *figures in self.env["o2c.collection.plan.report"]._read_group(
                [("plan_id", "in", self.ids), ("is_in_time", "=", True)],
                ["plan_id"],
                ["planned:sum", "received:sum"],
            )
        }
        for plan in self:
            plan.planned, plan.received = sums.get(plan._origin.id, (0.0, 0.0))

    def write(self, vals):
        if {"date", "company_id"} & vals.keys():
            # sudo: the lines are the program's, nobody may delete them one by one.
            self.sudo().line_ids.unlink()
            vals = {**vals, "calculated_on": False, "total": 0.0, "total_probable": 0.0}
        return super().write(vals)

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_calculate(self):
        """Make the plan, or make it anew: the same day gives the same plan."""
        self.check_access("write")
        self.company_id._o2c_check_dunning_is_on()
        for plan in self:
            if plan.date > plan.company_id._o2c_today():
                raise UserError(
                    self.env._(
                        "%(plan)s: a plan is made as of today or a past day.", plan=plan.name
                    )
                )
            plan._replace_lines()

    def action_open_lines(self):
        """Open the expected receipts of this one plan."""
        return self._open_of_plan("order_to_cash.o2c_collection_plan_line_action")

    def action_open_report(self):
        """Open this one plan against what came in."""
        return self._open_of_plan("order_to_cash.o2c_collection_plan_report_action")

    def _open_of_plan(self, action):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(action)
        action["domain"] = [("plan_id", "=", self.id)]
        return action

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    def _replace_lines(self):
        self.env.flush_all()
        items = {row["id"]: row for row in self.env.execute_query_dict(self._items_sql())}
        delays = self._delays({row["partner_id"] for row in items.values()})
        # The day of the plan is over: what did not come by then comes on the next one at the earliest.
        first_day = fields.Date.add(self.date, days=1)
        # As currency.round(), without asking the record for its rounding a million times.
        round_amount = partial(float_round, precision_rounding=self.currency_id.rounding)
        expected = collection.forecast(
            [
                collection.Due(
                    row["id"], row["partner_id"], row["date_due"],
                    float(row["residual"] - row["disputed"]),
                )
                for row in items.values()
            ],
            self._promises(items),
            delays,
            first_day,
            round_amount,
        )
        # sudo: the lines are the program's, nobody may write them.
        self.sudo()._write_lines([
            self._line_values(part, items[part.item], delays, round_amount) for part in expected
        ])

    def _line_values(self, part, item, delays, round_amount):
        score = None if item["score"] is None else float(item["score"])
        probability = collection.recovery_probability(score, (part.day - item["date_due"]).days)
        return (
            self.id,
            item["id"],
            item["partner_id"],
            item["user_id"],
            item["date_due"],
            delays.get(item["partner_id"], 0),
            part.day,
            part.amount,
            round_amount(part.amount * probability),
            part.source,
            part.promise,
        )

    def _write_lines(self, rows):
        # 100,000 items make as many lines: one statement instead of a batch of the ORM a thousand.
        Line = self.env["o2c.collection.plan.line"]
        self.env.cr.execute(SQL("DELETE FROM o2c_collection_plan_line WHERE plan_id = %s", self.id))
        if rows:
            columns = [
                SQL("%s::%s[]", list(values), kind)
                for values, kind in zip(zip(*rows, strict=True), LINE_COLUMNS.values(), strict=True)
            ]
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO o2c_collection_plan_line (%s)
                    SELECT * FROM unnest(%s)
                    """,
                    SQL(", ").join(map(SQL.identifier, LINE_COLUMNS)),
                    SQL(", ").join(columns),
                )
            )
        Line.invalidate_model()
        self.invalidate_recordset()
        self.write({
            "calculated_on": fields.Datetime.now(),
            "total": self.currency_id.round(sum(row[AMOUNT] for row in rows)),
            "total_probable": self.currency_id.round(sum(row[PROBABLE] for row in rows)),
        })

    def _delays(self, partner_ids):
        """The days after the due date to plan with, by the id of each of these customers."""
        settled = defaultdict(list)
        for partner_id, amount, due, on_day in self.env.execute_query(self._settled_sql()):
            settled[partner_id].append(collection.Settled(float(amount), due, on_day))
        # The last day counts: the plan is made at its end.
        as_of = fields.Date.add(self.date, days=1)
        of_all = collection.habitual_delay(
            [item for items in settled.values() for item in items], as_of
        )
        return {
            partner_id: collection.planned_delay(
                collection.habitual_delay(settled[partner_id], as_of), of_all
            )
            for partner_id in partner_ids
        }

    def _promises(self, items):
        """The promises that were open at the end of the day, as :class:`collection.Promised`."""
        is_today = self.date >= self.company_id._o2c_today()
        # sudo: the plan is of the whole family, whatever companies the user has chosen.
        promises = self.env["o2c.payment.promise"].sudo().search([
            ("company_id", "child_of", self.company_id.id),
            ("made_on", "<=", self.date),
            ("date", ">", self.date),
            *([("state", "=", "open")] if is_today else []),
        ])
        items_of = defaultdict(set)
        for item in items.values():
            items_of[item["move_id"]].add(item["id"])
        for promise in promises:
            left = max(1 - promise.paid_amount / promise.amount, 0.0) if is_today else 1.0
            named = {
                item for move in promise.invoice_ids for item in items_of.get(move.id, ())
            }
            if promise.invoice_ids and not named:
                continue
            yield collection.Promised(
                key=promise.id,
                customer=(promise.partner_id.o2c_payer_id or promise.partner_id).id,
                day=promise.date,
                amount=self.currency_id.round(promise.amount_company * left),
                items=frozenset(named),
            )

    def _items_sql(self):
        """What was open at the end of the day, in company currency: what is open now with the
        later reconciliations added back."""
        return SQL(
            """
            WITH later AS (
                SELECT line_id, SUM(amount) AS amount
                  FROM (
                           SELECT debit_move_id AS line_id, amount
                             FROM account_partial_reconcile
                            WHERE max_date > %(date)s
                        UNION ALL
                           SELECT credit_move_id, -amount
                             FROM account_partial_reconcile
                            WHERE max_date > %(date)s
                       ) AS partial
              GROUP BY line_id
            ), dispute AS (
                SELECT invoice_id, SUM(amount_company) AS amount
                  FROM o2c_payment_dispute
                 WHERE opened_on <= %(date)s
                   AND (resolved_on IS NULL OR resolved_on > %(date)s)
              GROUP BY invoice_id
            ), item AS (
                SELECT line.id,
                       line.move_id,
                       COALESCE(commercial.o2c_payer_id, commercial.id) AS partner_id,
                       move.invoice_user_id AS user_id,
                       COALESCE(line.date_maturity, line.date) AS date_due,
                       line.amount_residual + COALESCE(later.amount, 0) AS residual
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
                  JOIN account_account account ON account.id = line.account_id
                  JOIN res_partner partner ON partner.id = line.partner_id
                  JOIN res_partner commercial ON commercial.id = partner.commercial_partner_id
             LEFT JOIN later ON later.line_id = line.id
                 WHERE line.parent_state = 'posted'
                   AND line.company_id = ANY(%(company_ids)s)
                   AND line.date <= %(date)s
                   AND account.account_type = 'asset_receivable'
                   AND (line.reconciled IS NOT TRUE OR later.line_id IS NOT NULL)
            )
            SELECT item.*,
                   CASE WHEN item.residual > 0
                        THEN LEAST(
                            item.residual,
                            GREATEST(
                                COALESCE(dispute.amount, 0)
                                - COALESCE(SUM(item.residual) OVER before, 0),
                                0
                            )
                        )
                        ELSE 0
                    END AS disputed,
                   credit.score
              FROM item
         LEFT JOIN dispute ON dispute.invoice_id = item.move_id
         LEFT JOIN o2c_credit_account credit
                ON credit.partner_id = item.partner_id
               AND credit.company_id = %(root_id)s
               AND credit.scored_on IS NOT NULL
             WHERE item.residual != 0
            WINDOW before AS (
                       PARTITION BY item.move_id
                           ORDER BY item.date_due, item.id
                               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                   )
          ORDER BY item.id
            """,
            date=self.date,
            company_ids=list(self.company_id._o2c_family_ids()),
            root_id=self.company_id.id,
        )

    def _settled_sql(self):
        """The instalments that were paid in the time that habits are told from. What a credit note
        alone settled says nothing about how somebody pays."""
        return SQL(
            """
            SELECT COALESCE(commercial.o2c_payer_id, commercial.id),
                   line.balance,
                   COALESCE(line.date_maturity, line.date),
                   MAX(partial.max_date)
              FROM account_move_line line
              JOIN account_move move ON move.id = line.move_id
              JOIN account_account account ON account.id = line.account_id
              JOIN res_partner partner ON partner.id = line.partner_id
              JOIN res_partner commercial ON commercial.id = partner.commercial_partner_id
              JOIN account_partial_reconcile partial ON partial.debit_move_id = line.id
              JOIN account_move_line counterpart ON counterpart.id = partial.credit_move_id
              JOIN account_move paying ON paying.id = counterpart.move_id
             WHERE line.reconciled
               AND line.balance > 0
               AND line.parent_state = 'posted'
               AND line.company_id = ANY(%(company_ids)s)
               AND account.account_type = 'asset_receivable'
               AND move.move_type IN ('out_invoice', 'out_receipt')
               AND line.date <= %(date)s
          GROUP BY line.id, commercial.id
            HAVING MAX(partial.max_date) BETWEEN %(date)s - %(days)s AND %(date)s
               AND NOT BOOL_AND(paying.move_type = 'out_refund')
            """,
            company_ids=list(self.company_id._o2c_family_ids()),
            date=self.date,
            days=collection.MEMORY_DAYS,
        )


class O2cCollectionPlanLine(models.Model):
    """A part of an open item, expected on a day.

    A plan makes as many as there are open items: no more is stored than a plan has to remember.
    """

    _name = "o2c.collection.plan.line"
    _description = "Expected Receipt"
    _order = "date, date_due, id"
    _rec_name = "move_line_id"
    _log_access = False

    plan_id = fields.Many2one("o2c.collection.plan", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="plan_id.company_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    move_line_id = fields.Many2one(
        "account.move.line", index="btree_not_null", ondelete="cascade", string="Journal Item"
    )
    move_id = fields.Many2one(related="move_line_id.move_id", string="Document")
    partner_id = fields.Many2one("res.partner", string="Customer", ondelete="cascade", index=True)
    user_id = fields.Many2one("res.users", string="Salesperson")
    date_due = fields.Date(string="Due")
    delay_days = fields.Integer(
        string="Habitual Delay",
        aggregator="avg",
        help="The days after the due date on which the customer usually pays.",
    )
    date = fields.Date(string="Expected")
    amount = fields.Monetary()
    probable = fields.Monetary()
    source = fields.Selection(SOURCES, string="Why Then")
    promise_id = fields.Many2one("o2c.payment.promise", ondelete="set null")

    def action_open_document(self):
        """Open the document of this one receipt."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }
