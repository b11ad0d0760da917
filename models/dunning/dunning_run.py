from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import dunning


class O2cDunningRun(models.Model):
    """A round of reminders: proposed by the program, corrected and sent by a person.

    Everything is seen as of the run's date, so that a past round can be repeated.
    """

    _name = "o2c.dunning.run"
    _description = "Dunning Run"
    _inherit = ["mail.thread"]
    _order = "date desc, id desc"
    _check_company_auto = True

    name = fields.Char(string="Reference", readonly=True, copy=False, index="trigram")
    date = fields.Date(
        required=True,
        default=lambda self: self.env.company._o2c_today(),
        tracking=True,
        help="Items are taken as they stood at the end of this day.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
        help="The run covers the branches of the company.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    policy_ids = fields.Many2many(
        "o2c.dunning.policy",
        string="Policies",
        check_company=True,
        help="Only items under these policies. Empty: all.",
    )
    partner_ids = fields.Many2many(
        "res.partner",
        string="Customers",
        check_company=True,
        help="Only these customers, or their payers. Empty: all.",
    )
    state = fields.Selection(
        [("draft", "Draft"), ("proposed", "Proposed"), ("done", "Done")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    is_daily = fields.Boolean(
        string="By the Day's Cycle",
        readonly=True,
        copy=False,
        help="The day's cycle keeps this proposal up to date until somebody sends it.",
    )
    is_take_up = fields.Boolean(
        string="Take Up Old Receivables",
        copy=False,
        help="When dunning begins: overdue documents that nobody was reminded of get the level "
        "that their days ask for, without anything being sent or charged. The next run goes on "
        "from there, instead of reminding of old debts from the first level up.",
    )
    proposed_on = fields.Date(readonly=True, copy=False)
    is_outdated = fields.Boolean(compute="_compute_is_outdated")
    notice_ids = fields.One2many("o2c.dunning.notice", "run_id", string="Reminders", copy=False)
    notice_count = fields.Integer(string="Reminders in All", compute="_compute_totals")
    pending_count = fields.Integer(string="To Send", compute="_compute_totals")
    skipped_count = fields.Integer(string="Skipped", compute="_compute_totals")
    sent_count = fields.Integer(string="Sent", compute="_compute_totals")
    without_email_count = fields.Integer(
        string="Without E-mail",
        compute="_compute_totals",
        help="Reminders of customers who have no e-mail address, the skipped ones left out.",
    )
    total_overdue = fields.Monetary(
        string="Overdue",
        compute="_compute_totals",
        help="What the reminders claim in company currency, the skipped ones left out.",
    )

    @api.depends("proposed_on", "state")
    def _compute_is_outdated(self):
        for run in self:
            run.is_outdated = (
                run.state == "proposed" and run.proposed_on < run.company_id._o2c_today()
            )

    @api.depends("notice_ids.state", "notice_ids.total_overdue_company")
    def _compute_totals(self):
        Notice = self.env["o2c.dunning.notice"]
        mine = Domain("run_id", "in", self.ids)
        states = defaultdict(lambda: defaultdict(int))
        overdue = defaultdict(float)
        for run, state, count, amount in Notice._read_group(
            mine, ["run_id", "state"], ["__count", "total_overdue_company:sum"]
        ):
            states[run][state] = count
            overdue[run] += amount if state != "skipped" else 0.0
        sent = dict(
            Notice._read_group(mine & Domain("sent_on", "!=", False), ["run_id"], ["__count"])
        )
        without_email = dict(
            Notice._read_group(
                mine & Domain("state", "!=", "skipped") & Notice._without_email_domain(),
                ["run_id"],
                ["__count"],
            )
        )
        for run in self:
            origin = run._origin
            run.notice_count = sum(states[origin].values())
            run.pending_count = states[origin]["proposed"]
            run.skipped_count = states[origin]["skipped"]
            run.sent_count = sent.get(origin, 0)
            run.without_email_count = without_email.get(origin, 0)
            run.total_overdue = overdue[origin]

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            company = self.env["res.company"].browse(vals.get("company_id")) or self.env.company
            vals["name"] = (
                self.env["ir.sequence"].with_company(company).next_by_code("o2c.dunning.run")
            )
        return super().create(vals_list)

    def write(self, vals):
        if {"date", "company_id", "is_take_up"} & vals.keys():
            self._check_nothing_sent()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent(self):
        self._check_nothing_sent()

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_propose(self):
        """Propose the reminders due on the run's date.

        Reminders of the run that are not sent yet are replaced; what somebody skipped or waived
        stays so as long as the same level would be sent.
        """
        self.check_access("write")
        self.company_id._o2c_check_dunning_is_on()
        for run in self:
            if run.state == "done":
                raise UserError(
                    self.env._("%(run)s is finished. Create a new run.", run=run.display_name)
                )
            run._replace_proposals()

    def action_send(self):
        """Send the proposed reminders that nobody skipped; a second time there are none left.

        :return: a notification saying what was sent
        """
        return self.notice_ids.filtered(lambda notice: notice.state == "proposed").action_send()

    def action_cancel(self):
        """Throw the proposal away."""
        self.check_access("write")
        self._check_nothing_sent()
        self.notice_ids.unlink()
        self.state = "draft"

    def action_print(self):
        """Print the letters as one document: the reminders to be posted once they are sent, a
        preview of all that are proposed before."""
        notices = self.notice_ids.filtered("sent_on")._to_post()
        if not notices:
            notices = self.notice_ids.filtered(lambda notice: notice.state == "proposed")
        return notices.action_print()

    def action_view_notices(self):
        """Open the reminders of the run in a list of their own."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "order_to_cash.o2c_dunning_notice_action"
        )
        action["domain"] = [("run_id", "=", self.id)]
        action["context"] = {}
        return action

    # ------------------------------------------------------------------
    # The daily step
    # ------------------------------------------------------------------

    @api.model
    def _propose_daily(self, company):
        """Propose today's reminders of ``company`` and send those of automatic levels.

        A proposal of an earlier day that nobody sent is brought up to date instead of adding
        another.

        :return: a sentence saying how many reminders were sent and wait, empty if none
        """
        self.env["o2c.dunning.notice"]._mark_settled([("company_id", "=", company.id)])
        self.env["o2c.dunning.notice"]._mark_reopened([("company_id", "=", company.id)])
        run = self.search([
            ("company_id", "=", company.id),
            ("is_daily", "=", True),
            ("state", "!=", "done"),
        ], limit=1)
        decisions = run._unsent_notices()._decisions()
        if run.notice_ids.filtered("sent_on"):
            run._finish()
            run = self.browse()
        if not run:
            run = self.create({"company_id": company.id, "is_daily": True})
        run.date = company._o2c_today()
        run._replace_proposals(decisions)
        if not run.notice_ids:
            run.unlink()
            return ""
        run._send_automatic()
        return self.env._(
            "%(sent)s reminders sent, %(count)s wait in %(run)s.",
            sent=run.sent_count,
            count=run.pending_count,
            run=run.name,
        )

    def _send_automatic(self):
        """Send the proposed reminders of levels that are sent without a person."""
        automatic = self.notice_ids.filtered(
            lambda notice: notice.state == "proposed" and notice.level_id.is_automatic
        )
        if automatic:
            automatic.action_send()

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    def _check_nothing_sent(self):
        """A run that took receivables up may be deleted: that takes their levels away again."""
        sent = self.notice_ids.filtered("sent_on").run_id
        if sent:
            raise UserError(
                self.env._(
                    "Reminders of %(runs)s have been sent. Create a new run instead.",
                    runs=", ".join(sent.mapped("name")),
                )
            )

    def _unsent_notices(self):
        return self.notice_ids.filtered(
            lambda notice: not notice.sent_on and notice.state != "recorded"
        )

    def _finish(self):
        """Close the run; what was not sent goes."""
        self._unsent_notices().unlink()
        self.state = "done"

    def _finish_if_sent(self):
        """Close the runs that have nothing left to send."""
        finished = self.filtered(
            lambda run: any(
                notice.sent_on or notice.state == "recorded" for notice in run.notice_ids
            )
            and not any(notice.state == "proposed" for notice in run.notice_ids)
        )
        finished.filtered(lambda run: run.state != "done").state = "done"

    def _replace_proposals(self, decisions=None):
        """Propose anew.

        :param decisions: what somebody decided about the proposals of an earlier run
        """
        self.ensure_one()
        unsent = self._unsent_notices()
        decisions = (decisions or {}) | unsent._decisions()
        unsent.unlink()
        notices = self._due_notices()
        self.env["o2c.dunning.notice"]._create_proposals(self, notices, decisions)
        self.write({"state": "proposed", "proposed_on": self.company_id._o2c_today()})

    def _due_notices(self):
        """The :class:`dunning.Notice` due on the date of the run."""
        items = self._gather_open_items(self._scope_partner_ids())
        currencies = self.env["res.currency"].browse({item.currency for item in items})
        arguments = (
            items,
            self._levels_by_policy(),
            self.date,
            {currency.id: currency.round for currency in currencies},
            self.currency_id.round,
        )
        if self.is_take_up:
            return dunning.take_up(*arguments)
        return dunning.propose(
            *arguments,
            {policy.id: policy.grace_days for policy in self._policies() if policy.grace_days},
        )

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

        What a customer with a payer owes stands under his payer.

        Left out: what core marks as not to be followed up, blocked, or in process of payment.

        :param partner_ids: ids of the recipients, None for all
        :return: list of :class:`dunning.OpenItem`
        """
        self.ensure_one()
        if partner_ids is not None and not partner_ids:
            return []
        rows = self.env.execute_query_dict(self._open_items_sql(partner_ids))
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
        # The residual of a past day is today's with the later payments added back, which reads
        # the few later reconciliations instead of all. All levels that an item ever reached are
        # read, not the last: levels may be put in another order, and none is reached twice.
        self.env.flush_all()
        companies = self.env["res.company"].sudo().search([("id", "child_of", self.company_id.id)])
        recipient = SQL("COALESCE(commercial.o2c_payer_id, commercial.id)")
        scope = SQL()
        if partner_ids is not None:
            scope = SQL("AND %s = ANY(%s)", recipient, list(partner_ids))
        return SQL(
            """
            WITH later AS (
                SELECT line_id,
                       SUM(amount_currency) AS amount_currency,
                       SUM(amount) AS amount
                  FROM (
                           SELECT debit_move_id AS line_id,
                                  debit_amount_currency AS amount_currency,
                                  amount
                             FROM account_partial_reconcile
                            WHERE max_date > %(date)s
                        UNION ALL
                           SELECT credit_move_id, -credit_amount_currency, -amount
                             FROM account_partial_reconcile
                            WHERE max_date > %(date)s
                       ) AS partial
              GROUP BY line_id
            ), reminded AS (
                SELECT move_line_id,
                       ARRAY_AGG(level_id) AS level_ids,
                       MAX(reached_on) AS reached_on
                  FROM o2c_dunning_notice_line
                 WHERE reached_on IS NOT NULL
                   AND move_line_id IS NOT NULL
                   AND level_id IS NOT NULL
              GROUP BY move_line_id
            ), charged AS (
                SELECT move_line_id, MAX(interest_to) AS interest_to
                  FROM o2c_dunning_notice_line
                 WHERE interest_to IS NOT NULL
                   AND move_line_id IS NOT NULL
              GROUP BY move_line_id
            )
            SELECT line.id,
                   %(recipient)s AS customer,
                   line.currency_id AS currency,
                   COALESCE(line.date_maturity, line.date) AS due,
                   line.amount_residual_currency + COALESCE(later.amount_currency, 0) AS residual,
                   line.amount_residual + COALESCE(later.amount, 0) AS residual_company,
                   line.amount_residual_currency AS books,
                   move.o2c_dunning_policy_id AS policy,
                   reminded.level_ids AS levels,
                   reminded.reached_on AS last_reminded,
                   charged.interest_to AS charged_until,
                   move.origin_payment_id IS NULL AND move.statement_line_id IS NULL AS is_claim
              FROM account_move_line line
              JOIN account_move move ON move.id = line.move_id
              JOIN account_account account ON account.id = line.account_id
              JOIN res_partner partner ON partner.id = line.partner_id
              JOIN res_partner commercial ON commercial.id = partner.commercial_partner_id
         LEFT JOIN later ON later.line_id = line.id
         LEFT JOIN reminded ON reminded.move_line_id = line.id
         LEFT JOIN charged ON charged.move_line_id = line.id
             WHERE line.parent_state = 'posted'
               AND line.company_id = ANY(%(company_ids)s)
               AND line.date <= %(date)s
               AND account.account_type = 'asset_receivable'
               AND (line.reconciled IS NOT TRUE OR later.line_id IS NOT NULL)
               AND line.no_followup IS NOT TRUE
               AND move.payment_state IS DISTINCT FROM 'blocked'
               AND NOT COALESCE(
                       -- a payment that has no entry yet counts from its date
                       (
                           SELECT BOOL_OR(payment.date <= %(date)s)
                             FROM account_move__account_payment matched
                             JOIN account_payment payment ON payment.id = matched.payment_id
                            WHERE matched.invoice_id = move.id
                              AND payment.move_id IS NULL
                              AND payment.state IN ('in_process', 'paid')
                       ),
                       move.payment_state = 'in_payment' AND line.reconciled IS NOT TRUE,
                       FALSE
                   )
               %(scope)s
          ORDER BY line.id
            """,
            date=self.date,
            recipient=recipient,
            company_ids=companies.ids,
            scope=scope,
        )
