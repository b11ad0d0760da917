from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import payment_promise

# How long after its day a kept promise is looked at again: its payment may be taken back.
RECENT = timedelta(days=90)

# What only the program sets.
OURS = {"state", "paid_amount", "after_partial_id", "after_line_id"}


class O2cPaymentPromise(models.Model):
    """A customer promises to pay an amount by a day. Until then nobody reminds him of what the
    promise covers; if it is broken, dunning goes on."""

    _name = "o2c.payment.promise"
    _description = "Promise to Pay"
    _inherit = ["mail.thread"]
    _mail_post_access = "read"
    _order = "date desc, id desc"
    _check_company_auto = True

    active = fields.Boolean(default=True, tracking=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        ondelete="restrict",
        tracking=True,
        domain="['|', ('parent_id', '=', False), ('is_company', '=', True)]",
    )
    invoice_ids = fields.Many2many(
        "account.move",
        "o2c_payment_promise_invoice_rel",
        "promise_id",
        "invoice_id",
        string="Invoices",
        domain="[('move_type', 'in', ('out_invoice', 'out_receipt')), ('state', '=', 'posted'), "
        "('commercial_partner_id', '=?', partner_id), ('company_id', 'child_of', company_id)]",
        help="What he will pay. Empty: his oldest invoices, up to the amount.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        compute="_compute_company_id",
        store=True,
        readonly=False,
        precompute=True,
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    amount = fields.Monetary(
        required=True,
        compute="_compute_amount",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="Proposed: all that is open of the invoices chosen.",
    )
    amount_company = fields.Monetary(
        string="Amount (Company Currency)",
        currency_field="company_currency_id",
        compute="_compute_amount_company",
        store=True,
        help="At the rate of the day on which the promise was made.",
    )
    date = fields.Date(
        string="Pays By",
        required=True,
        index=True,
        tracking=True,
        help="The last day on which a payment keeps the promise.",
    )
    note = fields.Text(help="Who promised, and what was said.")
    made_on = fields.Date(
        required=True, default=lambda self: self.env.company._o2c_today(), copy=False
    )
    made_by_id = fields.Many2one(
        "res.users", string="Recorded By", default=lambda self: self.env.user, copy=False
    )
    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson", store=True)
    state = fields.Selection(
        [("open", "Open"), ("kept", "Kept"), ("broken", "Broken")],
        default="open",
        required=True,
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
        help="Determined from the payments: kept when they reach the amount by the day, broken the "
        "day after otherwise.",
    )
    paid_amount = fields.Monetary(
        string="Paid",
        readonly=True,
        copy=False,
        help="Of the promise, since it was made, as of the last time somebody looked.",
    )

    # Payments that the books knew when the promise was made do not keep it.
    after_partial_id = fields.Integer(
        string="Last Reconciliation Before", readonly=True, copy=False
    )
    after_line_id = fields.Integer(string="Last Journal Item Before", readonly=True, copy=False)

    @api.depends("invoice_ids")
    def _compute_company_id(self):
        for promise in self:
            companies = promise.invoice_ids.company_id
            if companies:
                promise.company_id = companies if len(companies) == 1 else companies.root_id[:1]
            else:
                promise.company_id = promise.company_id or self.env.company

    @api.depends("invoice_ids", "company_id")
    def _compute_currency_id(self):
        for promise in self:
            currencies = promise.invoice_ids.currency_id
            promise.currency_id = (
                (currencies if len(currencies) == 1 else promise.currency_id)
                or promise.company_id.currency_id
            )

    @api.depends("invoice_ids", "currency_id")
    def _compute_amount(self):
        for promise in self:
            invoices = promise.invoice_ids
            if not promise.amount and invoices.currency_id == promise.currency_id:
                promise.amount = sum(invoices.mapped("amount_residual"))

    @api.depends("amount", "currency_id", "company_id", "made_on")
    def _compute_amount_company(self):
        for promise in self:
            company = promise.company_id or self.env.company
            currency = promise.currency_id or company.currency_id
            promise.amount_company = currency._convert(
                promise.amount,
                company.currency_id,
                company,
                promise.made_on or company._o2c_today(),
            )

    @api.depends("partner_id", "date")
    def _compute_display_name(self):
        for promise in self:
            promise.display_name = self.env._(
                "%(customer)s by %(date)s",
                customer=promise.partner_id.name or "",
                date=fields.Date.to_string(promise.date) if promise.date else "",
            )

    @api.constrains("amount")
    def _check_amount(self):
        for promise in self:
            if promise.currency_id.compare_amounts(promise.amount, 0.0) <= 0:
                raise ValidationError(self.env._("The promised amount has to be above zero."))

    @api.constrains("partner_id", "invoice_ids", "company_id")
    def _check_invoices(self):
        for promise in self:
            # sudo: what the invoices are and whose, for the check only.
            for invoice in promise.sudo().invoice_ids:
                if not invoice._o2c_is_claim() or invoice.state != "posted":
                    raise ValidationError(
                        self.env._(
                            "%(document)s cannot be promised: only posted invoices can.",
                            document=invoice.display_name,
                        )
                    )
                customer = invoice.commercial_partner_id
                if promise.partner_id not in customer | customer.o2c_payer_id:
                    raise ValidationError(
                        self.env._(
                            "%(document)s is not an invoice that %(customer)s pays.",
                            document=invoice.display_name,
                            customer=promise.partner_id.display_name,
                        )
                    )
                if promise.company_id not in invoice.company_id.parent_ids:
                    raise ValidationError(
                        self.env._(
                            "%(document)s belongs to another company than the promise.",
                            document=invoice.display_name,
                        )
                    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_is_not_ours(vals)
        known = self._last_ids()
        promises = super().create([
            self._for_commercial_partner({**vals, **known}) for vals in vals_list
        ])
        promises.company_id.sudo()._o2c_check_dunning_is_on()
        promises.invoice_ids.check_access("read")
        return promises

    def write(self, vals):
        self._check_is_not_ours(vals)
        result = super().write(self._for_commercial_partner(vals))
        if "invoice_ids" in vals:
            self.invoice_ids.check_access("read")
        return result

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    def _check_is_not_ours(self, vals):
        """Raise when somebody sets what follows from the payments."""
        if self.env.su or not OURS & vals.keys() or vals.get("state") == "open":
            return
        raise UserError(
            self.env._(
                "Whether a promise is kept follows from the payments. Register the payment, or "
                "change the amount or the date."
            )
        )

    @api.model
    def _last_ids(self):
        """Values that tell the payments in the books from those to come."""
        self.env["account.partial.reconcile"].flush_model()
        [(partial, line)] = self.env.execute_query(
            SQL(
                """
                SELECT (SELECT MAX(id) FROM account_partial_reconcile),
                       (SELECT MAX(id) FROM account_move_line)
                """
            )
        )
        return {"after_partial_id": partial or 0, "after_line_id": line or 0}

    @api.model
    def _for_commercial_partner(self, vals):
        """A promise of a contact is one of his company."""
        if not vals.get("partner_id"):
            return vals
        partner = self.env["res.partner"].browse(vals["partner_id"])
        return dict(vals, partner_id=partner.commercial_partner_id.id)

    @api.model
    def _known_domain(self, date):
        """The promises that count on ``date``: made by then, or open now, since nobody is reminded
        today of what is promised by now, whichever day a run looks at. One that was recorded after
        its own day counts for all days before. Left out: those kept before ``date``."""
        made = (
            Domain("made_on", "<=", date)
            | Domain("state", "=", "open")
            | Domain.custom(
                to_sql=lambda model, alias, query: SQL(
                    "%s > %s",
                    model._field_to_sql(alias, "made_on", query),
                    model._field_to_sql(alias, "date", query),
                )
            )
        )
        return made & (Domain("date", ">=", date) | Domain("state", "!=", "kept"))

    def _rate(self):
        """What one unit of the promise's currency is worth in company currency."""
        self.ensure_one()
        if self.currency_id == self.company_currency_id or not self.amount:
            return 1.0
        return self.amount_company / self.amount or 1.0

    def _evaluate(self, date):
        """How these promises stand at the end of ``date``, from the payments.

        :return: {id: :class:`payment_promise.Outcome`}
        """
        if not self:
            return {}
        # sudo: payments of branches count, and whoever looks at a promise may know how it stands.
        # The customers' other promises share their payments.
        partners = self.sudo().partner_id
        partners |= partners.o2c_payer_id
        promises = self.sudo() | self.sudo().search(
            Domain("partner_id", "in", partners.ids)
            | Domain("partner_id.o2c_payer_id", "in", partners.ids)
        )
        scope = self.env["o2c.dunning.stop"].sudo()._company_scopes(promises.company_id)
        return payment_promise.evaluate(
            [
                payment_promise.Promise(
                    key=promise.id,
                    customer=promise.partner_id.commercial_partner_id.id,
                    amount=promise.amount,
                    currency=promise.currency_id.id,
                    made_on=promise.made_on,
                    date=promise.date,
                    companies=frozenset(scope[promise.company_id.id]),
                    documents=frozenset(promise.invoice_ids.ids),
                    after_partial=promise.after_partial_id,
                    after_line=promise.after_line_id,
                    rate=promise._rate(),
                )
                for promise in promises
            ],
            promises._payments(date),
            date,
            {currency.id: currency.round for currency in promises.currency_id},
        )

    def _payments(self, date):
        """The payments up to ``date`` that these promises may count, as
        :class:`payment_promise.Payment`: what was reconciled with invoices, and what was not."""
        for model in (
            "account.partial.reconcile", "account.move.line", "account.move", "res.partner"
        ):
            self.env[model].flush_model()
        values = {
            "date": date,
            "made_on": min(self.mapped("made_on")),
            "customers": self.partner_id.commercial_partner_id.ids,
            "after_partial": min(self.mapped("after_partial_id")),
            "after_line": min(self.mapped("after_line_id")),
        }
        rows = self.env.execute_query_dict(self._reconciled_sql(**values))
        if any(not promise.invoice_ids for promise in self):
            rows += self.env.execute_query_dict(self._unallocated_sql(**values))
        return [
            payment_promise.Payment(
                date=row["date"],
                customers=(row["debtor"], row["recipient"]),
                company=row["company"],
                amount=row["amount"],
                currency=row["currency"],
                amount_company=row["amount_company"],
                document=row["document"],
                partial=row["partial"],
                line=row["line"],
            )
            for row in rows
        ]

    def _reconciled_sql(self, date, made_on, customers, after_partial, after_line):
        # What a payment to the customer is reconciled with is no payment of his.
        return SQL(
            """
            SELECT partial.max_date AS date,
                   commercial.id AS debtor,
                   COALESCE(commercial.o2c_payer_id, commercial.id) AS recipient,
                   debit.company_id AS company,
                   partial.debit_amount_currency AS amount,
                   debit.currency_id AS currency,
                   partial.amount AS amount_company,
                   debit.move_id AS document,
                   partial.id AS partial,
                   0 AS line
              FROM account_partial_reconcile partial
              JOIN account_move_line debit ON debit.id = partial.debit_move_id
              JOIN account_move move ON move.id = debit.move_id
              JOIN account_account account ON account.id = debit.account_id
              JOIN res_partner partner ON partner.id = debit.partner_id
              JOIN res_partner commercial ON commercial.id = partner.commercial_partner_id
             WHERE (partial.id > %(after_partial)s OR partial.max_date > %(made_on)s)
               AND partial.max_date <= %(date)s
               AND partial.debit_amount_currency > 0
               AND account.account_type = 'asset_receivable'
               AND move.origin_payment_id IS NULL
               AND move.statement_line_id IS NULL
               AND (commercial.id = ANY(%(customers)s)
                    OR commercial.o2c_payer_id = ANY(%(customers)s))
            """,
            after_partial=after_partial,
            made_on=made_on,
            date=date,
            customers=customers,
        )

    def _unallocated_sql(self, date, made_on, customers, after_partial, after_line):
        return SQL(
            """
            SELECT *
              FROM (
                    SELECT credit.date AS date,
                           commercial.id AS debtor,
                           COALESCE(commercial.o2c_payer_id, commercial.id) AS recipient,
                           credit.company_id AS company,
                           -credit.amount_currency - COALESCE(used.amount_currency, 0) AS amount,
                           credit.currency_id AS currency,
                           -credit.balance - COALESCE(used.amount, 0) AS amount_company,
                           NULL::int AS document,
                           0 AS partial,
                           credit.id AS line
                      FROM account_move_line credit
                      JOIN account_account account ON account.id = credit.account_id
                      JOIN res_partner partner ON partner.id = credit.partner_id
                      JOIN res_partner commercial
                        ON commercial.id = partner.commercial_partner_id
         LEFT JOIN LATERAL (
                           SELECT SUM(partial.credit_amount_currency) AS amount_currency,
                                  SUM(partial.amount) AS amount
                             FROM account_partial_reconcile partial
                            WHERE partial.credit_move_id = credit.id
                              AND partial.max_date <= %(date)s
                           ) AS used ON TRUE
                     WHERE (credit.id > %(after_line)s OR credit.date > %(made_on)s)
                       AND credit.date <= %(date)s
                       AND credit.parent_state = 'posted'
                       AND credit.amount_currency < 0
                       AND account.account_type = 'asset_receivable'
                       AND (commercial.id = ANY(%(customers)s)
                            OR commercial.o2c_payer_id = ANY(%(customers)s))
                   ) AS unallocated
             WHERE amount > 0
            """,
            after_line=after_line,
            made_on=made_on,
            date=date,
            customers=customers,
        )

    def _store(self, outcomes):
        """Write down how these promises stand in a run, of those that are open.

        None is broken before its day has passed by the calendar, and none that is decided is open
        again because a run looks at a past day.
        """
        # sudo: who proposes for a branch may find promises to the whole company kept or broken.
        waiting = self.sudo().filtered(lambda promise: promise.state == "open")
        waiting.filtered(
            lambda promise: outcomes[promise.id].state != payment_promise.BROKEN
            or promise.date < promise.company_id._o2c_today()
        )._write_outcomes(outcomes)

    @api.model
    def _refresh(self, company):
        """Determine anew which promises to ``company`` and its branches are kept or broken, as of
        today: a payment may have been booked late or taken back.

        :return: a sentence saying how many were broken since, empty if none
        """
        today = company._o2c_today()
        promises = self.search(
            Domain("company_id", "child_of", company.id)
            & (Domain("state", "!=", "kept") | Domain("date", ">=", today - RECENT))
        )
        before = promises.filtered(lambda promise: promise.state == "broken")
        promises._write_outcomes(promises._evaluate(today))
        broken = promises.filtered(lambda promise: promise.state == "broken") - before
        if not broken:
            return ""
        return self.env._("Promises broken: %(count)s.", count=len(broken))

    @api.model
    def _refresh_paid(self, partners):
        """A payment was allocated to invoices of ``partners`` or taken back from them."""
        # sudo: whoever registers payments need not have any right on promises.
        promises = self.sudo().search([
            ("partner_id", "in", (partners | partners.o2c_payer_id).ids),
            ("company_id.o2c_use_dunning", "=", True),
        ])
        if not promises:
            return
        outcomes = promises._evaluate(fields.Date.context_today(self))
        for promise in promises:
            # Which ones are broken is for the day's cycle and the runs to say.
            if outcomes[promise.id].state == payment_promise.BROKEN:
                outcomes[promise.id] = payment_promise.Outcome(
                    state=promise.state if promise.state == "broken" else "open",
                    in_time=outcomes[promise.id].in_time,
                    paid=outcomes[promise.id].paid,
                )
        promises._write_outcomes(outcomes)

    def _write_outcomes(self, outcomes):
        """Write down how these promises stand, where that has changed.

        :param outcomes: {id: :class:`payment_promise.Outcome`}
        """
        changes = defaultdict(self.browse)
        for promise in self:
            outcome = outcomes[promise.id]
            values = (outcome.state, outcome.paid)
            if values != (promise.state, promise.paid_amount):
                changes[values] |= promise
        for (state, paid), promises in changes.items():
            # sudo: only the program sets this, from the payments.
            promises.sudo().write({"state": state, "paid_amount": paid})
