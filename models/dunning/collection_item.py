from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.collection import HALF_LIFE_DAYS, UNKNOWN_SCORE

from .collection_figures import account_id


class O2cCollectionItem(models.Model):
    """An open item of a customer, as the books have it now, with what a collector has to know.

    What a customer with a payer owes stands under his payer. The row has the id of its journal
    item.
    """

    _name = "o2c.collection.item"
    _description = "Open Item"
    _inherit = ["o2c.collection.figures", "o2c.collection.by.account"]
    _auto = False
    _order = "date_due, id"
    _rec_name = "move_id"
    _account_field = "account_id"
    _depends = {
        "account.move": [
            "invoice_user_id", "no_followup", "origin_payment_id", "payment_state", "statement_line_id"
        ],
        "account.move.line": [
            "account_id",
            "amount_residual",
            "amount_residual_currency",
            "date_maturity",
            "no_followup",
            "parent_state",
            "partner_id",
            "reconciled",
        ],
        "o2c.credit.account": ["score", "scored_on"],
        "o2c.dunning.block": ["date_from", "date_to", "invoice_id", "lifted_on", "partner_id"],
        "o2c.dunning.level": ["sequence", "user_id"],
        "o2c.dunning.notice.line": ["level_id", "move_line_id", "reached_on"],
        "o2c.late.discount": ["move_id", "state"],
        "o2c.payment.dispute": ["amount_company", "invoice_id", "state"],
        "o2c.payment.promise": ["active", "date", "invoice_ids", "partner_id", "state"],
        "res.partner": ["commercial_partner_id", "o2c_payer_id", "o2c_region_id", "user_id"],
    }

    account_id = fields.Many2one("o2c.collection.account", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    root_id = fields.Many2one("res.company", string="Company Family", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    company_currency_id = fields.Many2one("res.currency", readonly=True)
    move_id = fields.Many2one("account.move", string="Document", readonly=True)
    date_due = fields.Date(string="Due", readonly=True)
    days_overdue = fields.Integer(
        string="Days", readonly=True, aggregator="max", help="Past the due date; below zero before."
    )
    level_id = fields.Many2one("o2c.dunning.level", readonly=True)
    residual = fields.Monetary(
        string="Open", readonly=True, aggregator=None, help="In the currency of the document."
    )
    residual_company = fields.Monetary(
        string="Open (Company Currency)", currency_field="company_currency_id", readonly=True
    )
    disputed = fields.Monetary(currency_field="company_currency_id", readonly=True)
    claim = fields.Monetary(
        string="To Chase",
        currency_field="company_currency_id",
        readonly=True,
        help="The overdue part that nothing speaks against: not disputed, blocked or in process of "
        "payment.",
    )
    expected = fields.Monetary(
        string="Expected Recovery",
        currency_field="company_currency_id",
        readonly=True,
        help="The amount to chase × the probability that it is paid, by the score of the customer "
        "and the days overdue.",
    )
    is_promised = fields.Boolean(string="Promised", readonly=True)
    is_blocked = fields.Boolean(
        string="Blocked", readonly=True, help="Nobody is to be reminded of it, payment is under way, or a "
        "cash discount waits for a decision."
    )

    @property
    def _table_query(self):
        return self._items_sql()

    def action_open_document(self):
        """Open the document of this one item."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }

    @api.model
    def _items_sql(self):
        """A row an open item. The probability is :func:`recovery_probability`."""
        return SQL(
            """
            WITH company AS (%(companies)s),
            reached AS (
                SELECT DISTINCT ON (line.move_line_id) line.move_line_id, line.level_id
                  FROM o2c_dunning_notice_line line
                  JOIN o2c_dunning_level level ON level.id = line.level_id
                 WHERE line.reached_on IS NOT NULL
                   AND line.move_line_id IS NOT NULL
              ORDER BY line.move_line_id, level.sequence DESC, level.id DESC
            ), block AS (
                SELECT block.partner_id, block.invoice_id, company.root_id
                  FROM o2c_dunning_block block
                  JOIN company ON company.id = block.company_id
                 WHERE (block.date_from IS NULL OR block.date_from <= company.today)
                   AND (block.date_to IS NULL OR block.date_to >= company.today)
                   AND (block.lifted_on IS NULL OR block.lifted_on > company.today)
            ), dispute AS (
                SELECT invoice_id, SUM(amount_company) AS amount
                  FROM o2c_payment_dispute
                 WHERE state = 'open'
              GROUP BY invoice_id
            ), promise AS (
                SELECT promise.id, promise.partner_id, company.root_id, link.invoice_id
                  FROM o2c_payment_promise promise
                  JOIN company ON company.id = promise.company_id
             LEFT JOIN o2c_payment_promise_invoice_rel link ON link.promise_id = promise.id
                 WHERE promise.state = 'open'
                   AND promise.active
                   AND promise.date >= company.today
            ), promised_invoice AS (
                SELECT invoice_id FROM promise WHERE invoice_id IS NOT NULL
            ), promised_partner AS (
                SELECT promise.root_id, COALESCE(partner.o2c_payer_id, partner.id)
                  FROM promise
                  JOIN res_partner partner ON partner.id = promise.partner_id
                 WHERE promise.invoice_id IS NULL
            ), late_discount AS (
                SELECT move_id FROM o2c_late_discount WHERE state = 'open'
            ), blocked_invoice AS (
                SELECT invoice_id FROM block WHERE invoice_id IS NOT NULL
            ), blocked_partner AS (
                SELECT root_id, partner_id FROM block WHERE partner_id IS NOT NULL
            ), item AS (
                SELECT line.id,
                       debtor.id AS partner_id,
                       company.root_id,
                       debtor.user_id,
                       line.company_id,
                       line.currency_id,
                       company.currency_id AS company_currency_id,
                       company.rounding,
                       line.move_id,
                       COALESCE(line.date_maturity, line.date) AS date_due,
                       company.today - COALESCE(line.date_maturity, line.date) AS days_overdue,
                       reached.level_id,
                       line.amount_residual_currency AS residual,
                       line.amount_residual AS residual_company,
                       -- the oldest instalments are disputed first
                       CASE WHEN dispute.amount > 0 AND line.amount_residual > 0
                            THEN LEAST(
                                line.amount_residual,
                                GREATEST(
                                    dispute.amount - (
                                        SELECT COALESCE(SUM(before.amount_residual), 0)
                                          FROM account_move_line before
                                         WHERE before.move_id = line.move_id
                                           AND before.account_id = line.account_id
                                           AND (COALESCE(before.date_maturity, before.date),
                                                before.id)
                                             < (COALESCE(line.date_maturity, line.date), line.id)
                                    ),
                                    0
                                )
                            )
                            ELSE 0
                        END AS disputed,
                       COALESCE(
                           line.move_id IN (SELECT invoice_id FROM promised_invoice)
                           OR (company.root_id, debtor.id) IN (SELECT * FROM promised_partner),
                           FALSE
                       ) AS is_promised,
                       COALESCE(
                           line.no_followup
                           OR move.payment_state IN ('blocked', 'in_payment')
                           OR line.move_id IN (SELECT invoice_id FROM blocked_invoice)
                           OR line.move_id IN (SELECT move_id FROM late_discount)
                           OR (company.root_id, debtor.id) IN (SELECT * FROM blocked_partner)
                           OR (company.root_id, commercial.id) IN (SELECT * FROM blocked_partner),
                           FALSE
                       ) AS is_blocked,
                       move.origin_payment_id IS NULL AND move.statement_line_id IS NULL
                           AND line.amount_residual > 0 AS is_claim
                  FROM account_move_line line
                  JOIN company ON company.id = line.company_id
                  JOIN account_move move ON move.id = line.move_id
                  JOIN account_account account ON account.id = line.account_id
                  JOIN res_partner partner ON partner.id = line.partner_id
                  JOIN res_partner commercial ON commercial.id = partner.commercial_partner_id
                  JOIN res_partner debtor
                    ON debtor.id = COALESCE(commercial.o2c_payer_id, commercial.id)
             LEFT JOIN reached ON reached.move_line_id = line.id
             LEFT JOIN dispute ON dispute.invoice_id = line.move_id
                 WHERE line.parent_state = 'posted'
                   AND line.reconciled IS NOT TRUE
                   AND account.account_type = 'asset_receivable'
                   AND (line.amount_residual != 0 OR line.amount_residual_currency != 0)
            ), claimed AS (
                SELECT item.*,
                       CASE WHEN is_claim AND NOT is_blocked AND days_overdue > 0
                            THEN residual_company - disputed ELSE 0
                        END AS claim
                  FROM item
            )
            SELECT claimed.*,
                   %(account_id)s AS account_id,
                   ROUND(
                       claimed.claim
                       * (0.5 + COALESCE(credit.score, %(unknown)s)::numeric / 200)
                       -- powers of floats are a hundred times faster than those of numerics
                       * POWER(
                           0.5::float8, GREATEST(claimed.days_overdue, 0)::float8 / %(half_life)s
                       )::numeric
                       / claimed.rounding
                   ) * claimed.rounding AS expected
              FROM claimed
         LEFT JOIN o2c_credit_account credit
                ON credit.partner_id = claimed.partner_id
               AND credit.company_id = claimed.root_id
               AND credit.scored_on IS NOT NULL
            """,
            companies=self._company_sql(),
            account_id=account_id(SQL("claimed.root_id"), SQL("claimed.partner_id")),
            unknown=UNKNOWN_SCORE,
            half_life=HALF_LIFE_DAYS,
        )
