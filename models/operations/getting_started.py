from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools.misc import formatLang

SWITCHES = {
    "credit": "o2c_use_credit",
    "allocation": "o2c_use_allocation",
    "plan": "o2c_use_plan",
    "dunning": "o2c_use_dunning",
    "commission": "o2c_use_commission",
}


class O2cGettingStarted(models.TransientModel):
    """A card of the getting-started page: one domain, what switching it on will do, and where to
    begin."""

    _name = "o2c.getting.started"
    _description = "Getting Started"
    _order = "sequence, id"

    sequence = fields.Integer()
    domain = fields.Selection(
        [
            ("customer", "Customer Profile"),
            ("credit", "Credit Control"),
            ("allocation", "Stock Allocation"),
            ("plan", "Sales Plans"),
            ("dunning", "Dunning"),
            ("commission", "Commission"),
            ("opening", "Opening Balances"),
        ],
        required=True,
        readonly=True,
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    has_switch = fields.Boolean(compute="_compute_is_on")
    is_on = fields.Boolean(compute="_compute_is_on")
    description = fields.Text(compute="_compute_description")
    preview = fields.Text(compute="_compute_preview")

    @api.depends("domain", "company_id")
    def _compute_is_on(self):
        for card in self:
            switch = card._switch()
            card.has_switch = bool(switch)
            card.is_on = bool(switch and card.company_id[switch])

    @api.depends("domain")
    def _compute_description(self):
        texts = {
            "customer": self.env._(
                "Who your customers are: class, type, region, payer and the documents they must "
                "show. Region gives a new customer its salesperson."
            ),
            "credit": self.env._(
                "Adds up what a customer owes and has ordered, and checks it against the limit "
                "when a quotation is confirmed."
            ),
            "allocation": self.env._(
                "Gives scarce goods to the customers who matter most: one ranking that every "
                "reservation obeys, quotas, and runs that are simulated before they are applied."
            ),
            "plan": self.env._(
                "Plans sales by team, salesperson and key customer, from last year and a forecast, "
                "and shows every day where they stand."
            ),
            "dunning": self.env._(
                "Proposes reminders to customers with overdue invoices. A person reviews and "
                "sends them."
            ),
            "commission": self.env._(
                "Pays salespeople and agents by plans and agreements: a ledger that explains every amount, "
                "settlements, and statements people can trust."
            ),
            "opening": self.env._(
                "Bring open receivables, orders and deliveries from your old system, and tie them "
                "out against its books."
            ),
        }
        for card in self:
            card.description = texts[card.domain]

    @api.depends("domain", "company_id")
    def _compute_preview(self):
        for card in self:
            card.preview = getattr(card, f"_preview_{card.domain}")()

    def _switch(self):
        self.ensure_one()
        return SWITCHES.get(self.domain)

    def _preview_customer(self):
        Partner = self.env["res.partner"]
        customers = Domain("customer_rank", ">", 0) & Domain(Partner._o2c_commercial_domain())
        return self.env._(
            "%(customers)s customers, %(classified)s of them with a class, %(regions)s with a "
            "region.",
            customers=Partner.search_count(customers),
            classified=Partner.search_count(customers & Domain("o2c_class_id", "!=", False)),
            regions=Partner.search_count(customers & Domain("o2c_region_id", "!=", False)),
        )

    def _preview_credit(self):
        held, warned, total = self.env["o2c.hold.rule"].preview(self.company_id)
        # Core's limit is for accountants; only the number of customers who have one is shown.
        Partner = self.env["res.partner"].sudo().with_company(self.company_id)
        limited = Partner.search_count(
            [("credit_limit", ">", 0), *Partner._o2c_commercial_domain()]
        )
        return self.env._(
            "Of %(total)s open quotations %(held)s would be held today and %(warned)s would get a "
            "warning. %(limited)s customers have a credit limit in Odoo, which is taken over.",
            total=total,
            held=held,
            warned=warned,
            limited=limited,
        )

    def _preview_allocation(self):
        # Only totals are shown, to an administrator of the add-on.
        [(moves, products)] = self.env["stock.move"].sudo()._read_group(
            Domain([
                ("company_id", "child_of", self.company_id.id),
                ("state", "in", ("confirmed", "partially_available")),
                ("picking_code", "=", "outgoing"),
            ]),
            aggregates=["__count", "product_id:count_distinct"],
        )
        return self.env._(
            "%(moves)s deliveries of %(products)s products wait for goods. Nobody loses anything "
            "until a person applies a run.",
            moves=moves,
            products=products,
        )

    def _preview_plan(self):
        company = self.company_id
        # Only totals are shown, to an administrator of the add-on.
        [(customers, salespeople)] = self.env["account.move"].sudo()._read_group(
            Domain([
                ("company_id", "child_of", company.id),
                ("state", "=", "posted"),
                ("move_type", "=", "out_invoice"),
                ("invoice_date", ">=", company._o2c_today() - timedelta(days=365)),
            ]),
            aggregates=["commercial_partner_id:count_distinct", "invoice_user_id:count_distinct"],
        )
        return self.env._(
            "%(salespeople)s salespeople sold to %(customers)s customers in the last year: a plan can "
            "begin with what they did.",
            salespeople=salespeople,
            customers=customers,
        )

    def _preview_dunning(self):
        company = self.company_id
        lines = (
            self.env["account.move.line"]
            # Only totals are shown, to an administrator of the add-on.
            .sudo()
            ._read_group(
                Domain([
                    ("account_id.account_type", "=", "asset_receivable"),
                    ("parent_state", "=", "posted"),
                    ("reconciled", "=", False),
                    ("amount_residual", ">", 0),
                    ("date_maturity", "<", company._o2c_today()),
                    ("company_id", "child_of", company.id),
                ]),
                aggregates=["partner_id:count_distinct", "amount_residual:sum"],
            )
        )
        [(customers, amount)] = lines
        return self.env._(
            "%(customers)s customers are overdue with %(amount)s in all. Nothing is sent until a "
            "person sends it.",
            customers=customers,
            amount=formatLang(self.env, amount or 0.0, currency_obj=company.currency_id),
        )

    def _preview_commission(self):
        company = self.company_id
        Agreement = self.env["o2c.commission.agreement"]
        return self.env._(
            "%(agreements)s agreements with %(payees)s payees. Documents that are posted while it is on earn "
            "commission; older ones earn nothing.",
            agreements=Agreement.search_count([("company_id", "child_of", company.id)]),
            payees=len(
                Agreement._read_group([("company_id", "child_of", company.id)], ["payee_id"])
            ),
        )

    def _preview_opening(self):
        return self.env._(
            "Needed only by a company that starts with this system. Every row of a file is checked "
            "before anything is written."
        )

    @api.model
    def action_open(self):
        """Open the page for the active company."""
        self._check_manager()
        company = self.env.company.root_id
        domains = [key for key, __ in self._fields["domain"].selection]
        cards = self.create([
            {"sequence": sequence, "domain": domain, "company_id": company.id}
            for sequence, domain in enumerate(domains)
        ])
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Getting Started with %(company)s", company=company.name),
            "res_model": self._name,
            "view_mode": "kanban",
            "domain": [("id", "in", cards.ids)],
            "target": "current",
        }

    def action_switch_on(self):
        """Switch the domain of this one card on; nothing happens when it is on already."""
        return self._set_switch(True)

    def action_switch_off(self):
        """Switch the domain of this one card off; nothing happens when it is off already."""
        return self._set_switch(False)

    def _set_switch(self, value):
        self.ensure_one()
        self._check_manager()
        self.company_id.check_access("read")
        # Switches are the add-on's own settings: its administrator, checked above, may change
        # them without being an administrator of Odoo.
        self.company_id.sudo()[self._switch()] = value
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_first_settings(self):
        """Open where the domain of this one card is set up."""
        self.ensure_one()
        action = {
            "customer": "order_to_cash.o2c_sales_region_action",
            "credit": "order_to_cash.o2c_hold_rule_action",
            "allocation": "order_to_cash.o2c_customer_class_action",
            "plan": "order_to_cash.o2c_sales_plan_action",
            "dunning": "order_to_cash.o2c_dunning_policy_action",
            "commission": "order_to_cash.o2c_commission_plan_action",
            "opening": "order_to_cash.o2c_opening_import_action",
        }[self.domain]
        return self.env["ir.actions.act_window"]._for_xml_id(action)

    def _check_manager(self):
        if not self.env.user.has_group("order_to_cash.group_manager"):
            raise AccessError(
                self.env._("Only an Order to Cash administrator may switch its domains.")
            )
