from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.credit import Exposure

COMPONENTS = (
    "receivable",
    "overdue",
    "draft_invoiced",
    "delivered_not_invoiced",
    "ordered_not_delivered",
    "exposure",
)


class O2cCreditAccount(models.Model):
    """The credit of one customer in one company: its limit and how much of it is used."""

    _name = "o2c.credit.account"
    _description = "Credit Account"
    _inherit = ["mail.thread"]
    _order = "partner_id, id"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        ondelete="cascade",
        domain=lambda self: self.env["res.partner"]._o2c_commercial_domain(),
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company.root_id,
        domain=[("parent_id", "=", False)],
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")
    limit_mode = fields.Selection(
        [("unlimited", "Unlimited"), ("amount", "Amount")],
        required=True,
        default="unlimited",
        tracking=True,
        help="The customer's own limit. It counts when he has one.",
    )
    has_own_limit = fields.Boolean(
        tracking=True,
        help="Without a limit of its own the customer has the limit set in the contact's "
        "accounting settings, and without one there he has no limit.",
    )
    credit_limit = fields.Monetary(
        tracking=True,
        help="Zero means no credit at all. Entering a limit makes it the customer's own.",
    )
    effective_mode = fields.Selection(
        [("unlimited", "Unlimited"), ("amount", "Amount")], compute="_compute_effective_limit"
    )
    effective_limit = fields.Monetary(
        compute="_compute_effective_limit",
        help="The limit that holds today; zero with the mode Unlimited means none.",
    )
    receivable = fields.Monetary(
        compute="_compute_exposure",
        help="Posted and unpaid, credit notes and unallocated payments deducted.",
    )
    overdue = fields.Monetary(
        compute="_compute_exposure",
        help="The part of the receivable that is past due; credits are not deducted.",
    )
    draft_invoiced = fields.Monetary(
        compute="_compute_exposure", help="On draft invoices that come from no order."
    )
    delivered_not_invoiced = fields.Monetary(compute="_compute_exposure")
    ordered_not_delivered = fields.Monetary(
        compute="_compute_exposure", help="Confirmed, not yet delivered and not yet invoiced."
    )
    exposure = fields.Monetary(compute="_compute_exposure", help="The sum of the components.")
    available_credit = fields.Monetary(
        compute="_compute_exposure", help="What the limit leaves; below zero it is exceeded."
    )
    utilization = fields.Float(
        compute="_compute_exposure", help="Exposure in percent of the limit."
    )

    _partner_company_uniq = models.Constraint(
        "UNIQUE(partner_id, company_id)",
        "This customer already has a credit account in this company.",
    )
    _limit_not_negative = models.Constraint(
        "CHECK(credit_limit >= 0)", "A credit limit cannot be below zero."
    )

    @api.depends("limit_mode", "has_own_limit", "credit_limit", "partner_id", "company_id")
    def _compute_effective_limit(self):
        for company, accounts in self.grouped("company_id").items():
            limits = accounts._limits(accounts.partner_id, company)
            for account in accounts:
                limit = limits.get(account.partner_id.id)
                account.effective_mode = "unlimited" if limit is None else "amount"
                account.effective_limit = limit or 0.0

    @api.depends("partner_id", "company_id", "effective_limit")
    def _compute_exposure(self):
        for company, accounts in self.grouped("company_id").items():
            exposures = self._get_exposure(accounts.partner_id, company)
            for account in accounts:
                found = exposures.get(account.partner_id.id, Exposure())
                for name in COMPONENTS:
                    account[name] = getattr(found, name)
                limited = account.effective_mode == "amount"
                limit = account.effective_limit
                account.available_credit = limit - found.exposure if limited else 0.0
                account.utilization = account._utilization(found.exposure, limit) if limited else 0

    @staticmethod
    def _utilization(exposure, limit):
        """Percent of the limit used; without any credit, whatever is owed uses it up."""
        if limit:
            return 100.0 * exposure / limit
        return 100.0 if exposure > 0 else 0.0

    @api.onchange("credit_limit")
    def _onchange_credit_limit(self):
        if self.credit_limit != self._origin.credit_limit:
            self.has_own_limit = True
            self.limit_mode = "amount"

    @api.constrains("partner_id", "company_id")
    def _check_owner(self):
        for account in self:
            if account.partner_id.commercial_partner_id != account.partner_id:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is a contact of %(company)s: credit is given to the company.",
                        contact=account.partner_id.display_name,
                        company=account.partner_id.commercial_partner_id.display_name,
                    )
                )
            if account.company_id.parent_id:
                raise ValidationError(
                    self.env._(
                        "%(branch)s is a branch: its customers' credit is kept by %(root)s.",
                        branch=account.company_id.display_name,
                        root=account.company_id.root_id.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        accounts = super().create([self._with_own_limit(vals) for vals in vals_list])
        accounts.filtered("has_own_limit")._mirror_limit()
        return accounts

    def write(self, vals):
        self._check_owner_is_kept(vals)
        vals = self._with_own_limit(vals)
        result = super().write(vals)
        if {"credit_limit", "limit_mode", "has_own_limit"} & set(vals):
            self._mirror_limit()
        return result

    def _check_owner_is_kept(self, vals):
        moved = self.filtered(
            lambda account: any(
                name in vals and account[name].id != vals[name]
                for name in ("partner_id", "company_id")
            )
        )
        if moved:
            raise ValidationError(
                self.env._(
                    "The credit account of %(customer)s cannot be given to another customer or "
                    "company. Set the limit in an account of their own.",
                    customer=", ".join(moved.partner_id.mapped("display_name")),
                )
            )

    @api.model
    def _with_own_limit(self, vals):
        """A limit that is set becomes the customer's own, unless the caller says otherwise."""
        if "credit_limit" not in vals:
            return vals
        return {"has_own_limit": True, "limit_mode": "amount", **vals}

    def _mirror_limit(self):
        """Show the own limit in core's field too, for reports and add-ons that read it."""
        for company, accounts in self.grouped("company_id").items():
            # Core's field is for accountants; who may set this limit may set its mirror.
            for account in accounts.sudo().with_company(company):
                partner = account.partner_id
                if not account.has_own_limit:
                    field = partner._fields["credit_limit"]
                    limit = field.get_company_dependent_fallback(partner)
                else:
                    limit = account.credit_limit if account.limit_mode == "amount" else 0.0
                partner.credit_limit = limit

    @api.model
    def _get_exposure(self, partners, company, exclude_orders=None, horizon_days=None):
        """What ``partners`` owe or will owe to ``company`` and its branches.

        A contact stands for its commercial partner, and a customer with a payer for the payer.

        :param partners: ``res.partner``
        :param company: ``res.company``; a branch stands for its root company
        :param exclude_orders: ``sale.order`` that are not to count
        :param horizon_days: undelivered orders due later than so many days from today do not count
        :return: {id of the partner: :class:`Exposure`} in the root company's currency
        """
        return self.env["o2c.credit.exposure"]._gather(
            partners, company, exclude_orders, horizon_days
        )

    @api.model
    def _limits(self, partners, company):
        """The limit that holds for ``partners`` in ``company`` today.

        :param partners: commercial partners
        :return: {id of the partner: limit in company currency, None when unlimited}
        """
        root = company.root_id
        # The check needs limits that the salesperson may not read.
        partners = partners.sudo().with_company(root)
        accounts = self.sudo().search([
            ("partner_id", "in", partners.ids),
            ("company_id", "=", root.id),
            ("has_own_limit", "=", True),
        ])
        own = {
            account.partner_id.id: (
                account.credit_limit if account.limit_mode == "amount" else None
            )
            for account in accounts
        }
        return {
            partner.id: own.get(partner.id, partner.credit_limit or None)
            for partner in partners
        }

    @api.model
    def _get_or_create(self, partners, company):
        """The accounts of the commercial partners of ``partners`` in the root of ``company``.

        Missing ones are made, with core's credit limit, if there is one, as their own. Two users
        who do so at once get the same account.
        """
        root = company.root_id
        commercial = partners.commercial_partner_id
        domain = [("partner_id", "in", commercial.ids), ("company_id", "=", root.id)]
        missing = commercial - self.search(domain).partner_id
        if missing:
            self.flush_model()
            limits = self._limits(missing, root)
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO o2c_credit_account
                           (partner_id, company_id, has_own_limit, limit_mode, credit_limit,
                            create_uid, write_uid, create_date, write_date)
                    SELECT partner_id, %(company)s, limit_amount IS NOT NULL,
                           CASE WHEN limit_amount IS NULL THEN 'unlimited' ELSE 'amount' END,
                           COALESCE(limit_amount, 0), %(uid)s, %(uid)s, %(now)s, %(now)s
                      FROM unnest(%(partners)s, %(limits)s::numeric[])
                           AS new (partner_id, limit_amount)
               ON CONFLICT (partner_id, company_id) DO NOTHING
                    """,
                    company=root.id,
                    uid=self.env.uid,
                    now=self.env.cr.now(),
                    partners=missing.ids,
                    limits=[limits[partner.id] for partner in missing],
                )
            )
            self.invalidate_model()
        return self.search(domain)

    def _member_domain(self, field):
        """Domain on ``field``, a partner, of everybody whose debt counts on this one account."""
        debtor = self.partner_id
        return (
            Domain(f"{field}.commercial_partner_id", "=", debtor.id)
            & Domain(f"{field}.commercial_partner_id.o2c_payer_id", "=", False)
        ) | Domain(f"{field}.commercial_partner_id.o2c_payer_id", "=", debtor.id)

    def _open(self, name, model, domain):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "list,form",
            "domain": list(domain & Domain("company_id", "child_of", self.company_id.id)),
            "context": {"create": False},
        }

    def _receivable_domain(self):
        return Domain([
            ("account_id.account_type", "=", "asset_receivable"),
            ("parent_state", "=", "posted"),
            ("reconciled", "=", False),
        ]) & self._member_domain("partner_id")

    def action_open_receivable(self):
        """Open the unpaid receivable lines of this one account."""
        self.ensure_one()
        return self._open(self.env._("Receivable"), "account.move.line", self._receivable_domain())

    def action_open_overdue(self):
        """Open the receivable lines that are past due."""
        self.ensure_one()
        due = Domain("date_maturity", "<", self.company_id._o2c_today())
        domain = self._receivable_domain() & due & Domain("amount_residual", ">", 0)
        return self._open(self.env._("Overdue"), "account.move.line", domain)

    def action_open_draft_invoiced(self):
        """Open the draft invoices that count."""
        self.ensure_one()
        domain = Domain([
            ("state", "=", "draft"),
            ("move_type", "in", ("out_invoice", "out_refund", "out_receipt")),
            ("invoice_line_ids", "any", [("sale_line_ids", "=", False)]),
        ]) & self._member_domain("partner_id")
        return self._open(self.env._("Draft Invoices"), "account.move", domain)

    def action_open_orders(self):
        """Open the confirmed orders that are not fully invoiced."""
        self.ensure_one()
        domain = Domain([
            ("state", "=", "sale"),
            ("invoice_status", "!=", "invoiced"),
        ]) & self._member_domain("partner_invoice_id")
        return self._open(self.env._("Open Orders"), "sale.order", domain)
