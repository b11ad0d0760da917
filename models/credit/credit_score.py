"""The gathering of what a customer is judged by, and the scores from it."""

from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_amount

from odoo.addons.order_to_cash.algorithms.credit_score import (
    COMPONENTS,
    History,
    Invoice,
    rating_for,
    score,
)

# Older invoices of a customer say nothing new; open ones count whatever their age.
MOST_INVOICES = 300


class O2cCreditAccount(models.Model):
    _inherit = "o2c.credit.account"

    score = fields.Float(
        digits=(16, 1),
        readonly=True,
        copy=False,
        aggregator="avg",
        help="From 0 to 100, the best, by how the customer paid so far.",
    )
    scored_on = fields.Date(readonly=True, copy=False)
    score_details = fields.Json(readonly=True, copy=False)
    score_explanation = fields.Text(string="Why", compute="_compute_score_explanation")
    is_rating_pinned = fields.Boolean(
        string="Keep This Rating",
        tracking=True,
        help="The rating was set by a person and stays, whatever the score says.",
    )
    review_ids = fields.One2many("o2c.credit.review", "account_id")
    review_count = fields.Integer(compute="_compute_review_count", string="Reviews")
    open_review_id = fields.Many2one("o2c.credit.review", compute="_compute_review_count")

    @api.depends("score_details")
    @api.depends_context("lang")
    def _compute_score_explanation(self):
        for account in self:
            account.score_explanation = "\n".join(account._score_sentences())

    @api.depends("review_ids.state")
    def _compute_review_count(self):
        for account in self:
            account.review_count = len(account.review_ids)
            account.open_review_id = account.review_ids.filtered(
                lambda review: review.state == "proposed"
            )[:1]

    @api.onchange("rating_id")
    def _onchange_rating_id(self):
        if self.rating_id != self._origin.rating_id:
            self.is_rating_pinned = bool(self.rating_id)

    def action_score(self):
        """Score these customers now and propose the rating that goes with it."""
        self.check_access("write")
        for company, accounts in self.grouped("company_id").items():
            accounts._score(company._o2c_today())
            self.env["o2c.credit.review"]._propose(accounts)
        return True

    def action_start_review(self):
        """Open the review of this one account that is not decided yet, or a new one."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "o2c.credit.review",
            "res_id": self.open_review_id.id,
            "view_mode": "form",
            "context": {
                "default_account_id": self.id,
                "default_proposed_rating_id": self.rating_id.id,
            },
        }

    def action_open_reviews(self):
        """Open the reviews of this one account."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("order_to_cash.o2c_credit_review_action")
        action["domain"] = [("account_id", "=", self.id)]
        action["context"] = {"default_account_id": self.id}
        return action

    @api.model
    def _score_company(self, company):
        """Score all customers of ``company`` and propose the ratings that go with it.

        Nobody is told but by the list of proposals. Customers get an account when they have been
        invoiced.

        :param company: one root ``res.company``
        :return: a sentence saying what was done, or an empty string
        """
        # sudo: the day's cycle sees every customer of the company, whoever starts it.
        Account = self.sudo()
        partners = Account._invoiced_customers(company)
        if not partners:
            return ""
        accounts = Account._get_or_create(partners, company)
        # Reads the company's day; proposals are written by the program, never by the caller.
        accounts._score(company.sudo()._o2c_today())
        proposed, applied = self.env["o2c.credit.review"].sudo()._propose(accounts)
        return self.env._(
            "%(count)s customers scored, %(proposed)s changes of rating proposed, %(applied)s "
            "applied.",
            count=len(accounts),
            proposed=proposed,
            applied=applied,
        )

    def _score(self, as_of):
        """Set the score of these accounts, all of one company, by what was known before ``as_of``."""
        company = self.company_id
        if not self:
            return
        # sudo: the score is made of invoices that the credit manager may not read.
        accounts = self.sudo()
        scores = accounts._get_scores(accounts.partner_id, company, as_of)
        for account in accounts:
            found = scores.get(account.partner_id.id)
            if not found:
                continue
            details = [
                {
                    "name": item.name,
                    "points": round(item.points, 2),
                    "facts": {name: round(value, 2) for name, value in item.facts.items()},
                }
                for item in found.contributions
            ]
            if account.score_details != details or account.score != found.value:
                account.write({"score": found.value, "score_details": details})
            if account.scored_on != as_of:
                account.scored_on = as_of

    @api.model
    def _get_scores(self, partners, company, as_of):
        """The scores of ``partners`` in ``company``, by what was known before ``as_of``.

        :param partners: commercial partners without a payer
        :return: {id of the partner: :class:`algorithms.credit_score.Score`, without those of whom
            nothing was known}
        """
        weights = self.env["o2c.credit.scoring"]._of_company(company)._weights()
        histories = self.with_company(company.root_id)._score_inputs(partners, as_of)
        scores = {
            partner_id: score(history, as_of, weights) for partner_id, history in histories.items()
        }
        return {partner_id: found for partner_id, found in scores.items() if found}

    @api.model
    def _score_inputs(self, partners, as_of=None):
        """What ``partners`` are judged by in the active company and its branches.

        Hook: a domain that knows more, of disputes for example, extends this. An invoice's key is
        the id of its receivable line.

        :param as_of: today by default; the use of the limit is known of today only
        :return: {id of the partner: :class:`algorithms.credit_score.History`}
        """
        root = self.env.company.root_id
        today = root._o2c_today()
        as_of = as_of or today
        invoices = defaultdict(list)
        for debtor, *values in self.env.execute_query(self._score_sql(partners, root, as_of)):
            key, amount, dated, due, settled, residual, is_disputed = values
            invoices[debtor].append(
                Invoice(
                    amount=float(amount),
                    dated=dated,
                    due=due,
                    settled=settled,
                    residual=float(residual),
                    is_disputed=is_disputed,
                    key=key,
                )
            )
        utilization = self._utilizations(partners, root) if as_of == today else {}
        return {
            partner.id: History(invoices[partner.id], utilization.get(partner.id))
            for partner in partners
        }

    @api.model
    def _utilizations(self, partners, root):
        """Percent of the limit in use, of those who have a limit."""
        limits = self._limits(partners, root)
        limited = partners.filtered(
            lambda partner: limits[partner.id].is_finite and limits[partner.id].amount
        )
        exposures = self._get_exposure(limited, root)
        return {
            partner.id: limits[partner.id].utilization(exposures[partner.id].exposure)
            for partner in limited
        }

    def _score_sql(self, partners, root, as_of):
        """A row an instalment of a posted invoice. One that a credit note alone settled was wrong
        and says nothing about how the customer pays."""
        self.env["account.move.line"].flush_model()
        self.env["account.move"].flush_model()
        self.env["account.partial.reconcile"].flush_model()
        self.env["res.partner"].flush_model(["commercial_partner_id", "o2c_payer_id"])
        return SQL(
            """
            WITH instalment AS (
                SELECT COALESCE(commercial.o2c_payer_id, commercial.id) AS debtor_id,
                       line.id,
                       line.balance,
                       COALESCE(move.invoice_date, line.date) AS dated,
                       COALESCE(line.date_maturity, move.invoice_date, line.date) AS due,
                       CASE WHEN line.reconciled THEN paid.on_date END AS settled,
                       line.amount_residual,
                       %(is_disputed)s AS is_disputed,
                       line.reconciled AND paid.by_credit_note AS is_void
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
                  JOIN account_account account ON account.id = line.account_id
                  JOIN res_partner partner ON partner.id = line.partner_id
                  JOIN res_partner commercial ON commercial.id = partner.commercial_partner_id
            CROSS JOIN LATERAL (
                           SELECT MAX(partial.max_date) AS on_date,
                                  bool_and(paying_move.move_type = 'out_refund') AS by_credit_note
                             FROM account_partial_reconcile partial
                             JOIN account_move_line paying ON paying.id = partial.credit_move_id
                             JOIN account_move paying_move ON paying_move.id = paying.move_id
                            WHERE partial.debit_move_id = line.id
                       ) paid
                 WHERE account.account_type = 'asset_receivable'
                   AND line.parent_state = 'posted'
                   AND move.move_type IN ('out_invoice', 'out_receipt')
                   AND line.balance > 0
                   AND line.company_id IN (
                           SELECT id FROM res_company WHERE parent_path LIKE %(path)s
                       )
                   AND (commercial.id = ANY(%(debtors)s) AND commercial.o2c_payer_id IS NULL
                        OR commercial.o2c_payer_id = ANY(%(debtors)s))
            ), ranked AS (
                SELECT *,
                       ROW_NUMBER() OVER (PARTITION BY debtor_id ORDER BY dated DESC, id DESC) AS rank
                  FROM instalment
                 WHERE dated < %(as_of)s
                   AND is_void IS NOT TRUE
            )
            SELECT debtor_id, id, balance, dated, due, settled, amount_residual,
                   COALESCE(is_disputed, FALSE)
              FROM ranked
             WHERE rank <= %(most)s OR settled IS NULL
            """,
            is_disputed=self._is_disputed_sql(),
            path=f"{root.parent_path}%",
            debtors=partners.ids,
            as_of=as_of,
            most=MOST_INVOICES,
        )

    @api.model
    def _is_disputed_sql(self):
        """Whether the invoice ``move`` is disputed; for domains that know of disputes."""
        return SQL("FALSE")

    @api.model
    def _invoiced_customers(self, company):
        """Those who ever owed an invoice to ``company`` or its branches."""
        self.env["account.move"].flush_model()
        self.env["res.partner"].flush_model(["commercial_partner_id", "o2c_payer_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT COALESCE(commercial.o2c_payer_id, commercial.id)
                  FROM account_move move
                  JOIN res_partner partner ON partner.id = move.partner_id
                  JOIN res_partner commercial ON commercial.id = partner.commercial_partner_id
                 WHERE move.state = 'posted'
                   AND move.move_type IN ('out_invoice', 'out_receipt')
                   AND move.company_id IN (
                           SELECT id FROM res_company WHERE parent_path LIKE %s
                       )
                """,
                f"{company.root_id.parent_path}%",
            )
        )
        return self.env["res.partner"].browse(partner_id for (partner_id,) in rows)

    def _hand_over_reviews(self, kept):
        """Move the reviews of this one account to ``kept``; of two open ones, that one's stays."""
        reviews = self.review_ids
        if kept.open_review_id:
            self.open_review_id.unlink()
        reviews.exists().write({"account_id": kept.id})

    def _rating_by_score(self, ratings):
        """The rating among ``ratings`` that goes with the score of this one account."""
        thresholds = [(rating, rating.min_score) for rating in ratings]
        return rating_for(self.score, thresholds) or ratings.browse()

    def _score_sentences(self):
        """Why this one account has its score: what cost most first."""
        self.ensure_one()
        details = sorted(
            (item for item in self.score_details or [] if item["name"] in COMPONENTS),
            key=lambda item: -item["points"],
        )
        return [
            self.env._(
                "%(sentence)s (%(points)s points)",
                sentence=self._score_sentence(item["name"], item["facts"]),
                points=f"−{item['points']:.1f}" if item["points"] else "0",
            )
            for item in details
            if item["facts"]
        ]

    def _score_sentence(self, name, facts):
        def money(value):
            return format_amount(self.env, value, self.currency_id)

        if name == "late_share":
            return self.env._(
                "%(late)d of %(count)d invoices were or are paid late",
                late=facts["late"],
                count=facts["invoices"],
            )
        if name == "days_late":
            return self.env._("%(days).1f days late on average, by amount", days=facts["days"])
        if name == "overdue":
            return self.env._(
                "%(overdue)s of %(open)s open are overdue",
                overdue=money(facts["overdue"]),
                open=money(facts["open"]),
            )
        if name == "disputes" and facts.get("broken"):
            return self.env._(
                "%(disputed)d of %(count)d invoices disputed, promises broken: %(broken)d",
                disputed=facts["disputed"],
                count=facts["invoices"],
                broken=facts["broken"],
            )
        if name == "disputes":
            return self.env._(
                "%(disputed)d of %(count)d invoices disputed",
                disputed=facts["disputed"],
                count=facts["invoices"],
            )
        if name == "limit_use":
            return self.env._(
                "%(percent).0f%% of the credit limit used", percent=facts["utilization"]
            )
        return self.env._("Customer for %(days)d days", days=facts["days"])
