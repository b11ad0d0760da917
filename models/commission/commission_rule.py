from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import float_compare, format_amount, format_date, formatLang

from odoo.addons.order_to_cash.algorithms.commission import matching
from odoo.addons.order_to_cash.models.customer.res_partner import CUSTOMER_TYPES

from . import bands
from .commission_plan import QUANTITY

HUNDRED = 100.0
RATE_DECIMALS = 4
SCOPES = [
    ("line", "Order Line"),
    ("document", "Order or Invoice"),
    ("period", "Settlement Period"),
    ("year", "Year to Date"),
]


class O2cCommissionRule(models.Model):
    """What is paid on which sales. Of the rules of a plan the most specific one counts."""

    _name = "o2c.commission.rule"
    _description = "Commission Rule"
    _inherit = ["o2c.catalog.mixin", "o2c.commission.plan.content"]
    _catalog_model = "o2c.commission.plan"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(string="Label", translate=True, help="Shown instead of the rule in words.")
    plan_id = fields.Many2one("o2c.commission.plan", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="plan_id.company_id")
    currency_id = fields.Many2one(related="plan_id.currency_id")
    base = fields.Selection(related="plan_id.base")
    sequence = fields.Integer(default=10, help="Decides between rules that are equally specific.")
    product_id = fields.Many2one(
        "product.product",
        string="Product Variant",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    product_tmpl_id = fields.Many2one(
        "product.template",
        string="Product",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        help="With all its variants.",
    )
    product_category_id = fields.Many2one(
        "product.category",
        index="btree_not_null",
        ondelete="restrict",
        help="With the categories below it; a rule for one of those goes before.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        help="With all contacts and addresses of the same company; a rule for one of those goes before.",
    )
    customer_type = fields.Selection(CUSTOMER_TYPES)
    class_id = fields.Many2one(
        "o2c.customer.class",
        string="Customer Class",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    team_id = fields.Many2one(
        "crm.team", string="Sales Team", check_company=True, index="btree_not_null", ondelete="restrict"
    )
    discount_from = fields.Float(
        string="Discount From (%)", digits="Discount", help="This discount belongs to the band."
    )
    discount_to = fields.Float(
        string="Discount Below (%)", digits="Discount", help="0: the band has no end."
    )
    date_from = fields.Date(string="From", help="First day; empty: from the beginning of the plan.")
    date_to = fields.Date(string="Until", help="Last day; empty: until the end of the plan.")
    method = fields.Selection(
        [("rate", "Rate"), ("fixed", "Fixed Amount"), ("tier", "Tiers")], required=True, default="rate"
    )
    rate = fields.Float(
        digits=(16, RATE_DECIMALS),
        help="In percent of the base; an amount a unit in plans on quantity. 0: nothing is paid.",
    )
    # More decimals than prices have: a third of a cent a unit is real money by the thousand.
    fixed_amount = fields.Float(
        digits=(16, RATE_DECIMALS),
        help="For each unit of the product, in the currency of the plan's company.",
    )
    tier_mode = fields.Selection(
        [("marginal", "Each Part at Its Rate"), ("retroactive", "Everything at the Rate Reached")],
        string="Tiers Apply To",
        required=True,
        default="marginal",
    )
    tier_scope = fields.Selection(SCOPES, string="Tiers Count", required=True, default="line")
    tier_ids = fields.One2many("o2c.commission.tier", "rule_id", string="Tiers", copy=True)
    description = fields.Char(compute="_compute_description", help="The rule in words.")

    @api.depends_context("lang")
    @api.depends(
        "base", "product_id", "product_tmpl_id", "product_category_id", "partner_id", "customer_type",
        "class_id", "team_id", "discount_from", "discount_to", "date_from", "date_to", "method", "rate",
        "fixed_amount", "tier_mode", "tier_scope", "tier_ids.rate", "currency_id",
    )
    def _compute_description(self):
        for rule in self:
            rule.description = rule._describe()

    @api.depends_context("lang")
    @api.depends("name", "description")
    def _compute_display_name(self):
        for rule in self:
            rule.display_name = rule.name or rule.description

    # ------------------------------------------------------------------
    # Constraints
    # ------------------------------------------------------------------

    @api.constrains("rate", "fixed_amount", "method", "plan_id")
    def _check_rates(self):
        for rule in self:
            highest = None if rule.base == QUANTITY else HUNDRED
            for rate in (rule.rate, *rule.tier_ids.mapped("rate")):
                if rate < 0 or (highest and rate > highest):
                    raise ValidationError(rule._rate_message())
            if rule.fixed_amount < 0:
                raise ValidationError(
                    self.env._("%(rule)s: a fixed amount cannot be negative.", rule=rule.display_name)
                )

    def _rate_message(self):
        if self.base == QUANTITY:
            return self.env._("%(rule)s: a rate cannot be negative.", rule=self.display_name)
        return self.env._(
            "%(rule)s: a rate is a percentage from 0 to 100. Amounts a unit need a plan on quantity, or "
            "the method fixed amount.",
            rule=self.display_name,
        )

    @api.constrains("discount_from", "discount_to")
    def _check_discounts(self):
        for rule in self:
            low, high = rule.discount_from, rule.discount_to
            if low < 0 or high < 0 or max(low, high) > HUNDRED:
                raise ValidationError(
                    self.env._("%(rule)s: discounts are percentages from 0 to 100.", rule=rule.display_name)
                )
            if high and high <= low:
                raise ValidationError(
                    self.env._(
                        "%(rule)s: the band of discounts must end above its beginning. 0 means no end.",
                        rule=rule.display_name,
                    )
                )

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for rule in self:
            if rule.date_from and rule.date_to and rule.date_to < rule.date_from:
                raise ValidationError(
                    self.env._("%(rule)s ends before it begins. Correct the dates.", rule=rule.display_name)
                )

    @api.constrains("product_id", "product_tmpl_id")
    def _check_product(self):
        for rule in self:
            template = rule.product_tmpl_id
            if rule.product_id and template and rule.product_id.product_tmpl_id != template:
                raise ValidationError(
                    self.env._(
                        "%(variant)s is no variant of %(product)s, so the rule would never count.",
                        variant=rule.product_id.display_name,
                        product=template.display_name,
                    )
                )

    def _check_tiers(self):
        """Raise unless the tiers of these rules are complete: it is asked when a plan is activated."""
        for rule in self:
            if rule.method == "tier":
                bands.check(self.env, rule.display_name, rule._bands())

    # ------------------------------------------------------------------
    # Business
    # ------------------------------------------------------------------

    def _bands(self):
        """The tiers of this one rule in their order: tuple of :class:`tiers.Band`."""
        self.ensure_one()
        return self.tier_ids._to_algorithm()

    def _to_algorithm(self):
        """These rules as :class:`matching.Rule`."""
        return [
            matching.Rule(
                id=rule.id,
                sequence=rule.sequence,
                product_id=rule.product_id.id or None,
                product_tmpl_id=rule.product_tmpl_id.id or None,
                category_id=rule.product_category_id.id or None,
                partner_id=rule.partner_id.id or None,
                customer_type=rule.customer_type or None,
                class_id=rule.class_id.id or None,
                team_id=rule.team_id.id or None,
                # A surcharge is no discount: it belongs to bands from 0.
                discount_from=rule.discount_from or None,
                discount_to=rule.discount_to or None,
                date_from=rule.date_from or None,
                date_to=rule.date_to or None,
            )
            for rule in self
        ]

    def _describe(self):
        """This one rule in words: what is paid, then on what."""
        self.ensure_one()
        # sudo: a customer or product is named to those who may read the rule
        rule = self.sudo()
        return " ".join([rule._describe_pay(), *rule._describe_product(), *rule._describe_customer(),
                         *rule._describe_when()])

    def _describe_pay(self):
        if self.method == "fixed":
            return self.env._("%(amount)s a unit", amount=self._format_amount(self.fixed_amount))
        if self.method == "rate":
            return self._describe_rate(self._format_rate(self.rate))
        rates = self.tier_ids.mapped("rate") or [0.0]
        low, high = self._format_rate(min(rates)), self._format_rate(max(rates))
        pay = self._describe_rate(low if low == high else f"{low} – {high}")
        scope = dict(self._fields["tier_scope"]._description_selection(self.env))[self.tier_scope]
        return self.env._("%(pay)s by tiers of the %(scope)s", pay=pay, scope=scope.lower())

    def _describe_rate(self, rate):
        if self.base == QUANTITY:
            return self.env._("%(rate)s a unit", rate=rate)
        if self.base == "margin":
            return self.env._("%(rate)s of margin", rate=rate)
        return self.env._("%(rate)s of the untaxed amount", rate=rate)

    def _describe_product(self):
        if self.product_id:
            yield self.env._("on %(product)s", product=self.product_id.display_name)
        elif self.product_tmpl_id:
            yield self.env._("on %(product)s", product=self.product_tmpl_id.display_name)
        if self.product_category_id:
            yield self.env._("on category %(category)s", category=self.product_category_id.display_name)

    def _describe_customer(self):
        if self.partner_id:
            yield self.env._("for %(customer)s", customer=self.partner_id.display_name)
        if self.customer_type:
            yield {
                "agent": self.env._("for agents"),
                "distributor": self.env._("for distributors"),
                "end_user": self.env._("for end users"),
            }.get(self.customer_type, self.customer_type)
        if self.class_id:
            yield self.env._("for class %(name)s", name=self.class_id.name)
        if self.team_id:
            yield self.env._("by team %(name)s", name=self.team_id.name)

    def _describe_when(self):
        low, high = self._trim(self.discount_from), self._trim(self.discount_to)
        if self.discount_to:
            yield self.env._("at discounts from %(low)s %% to below %(high)s %%", low=low, high=high)
        elif self.discount_from:
            yield self.env._("at discounts from %(low)s %%", low=low)
        if self.date_from:
            yield self.env._("from %(date)s", date=format_date(self.env, self.date_from))
        if self.date_to:
            yield self.env._("until %(date)s", date=format_date(self.env, self.date_to))

    def _format_rate(self, rate):
        if self.base == QUANTITY:
            return self._format_amount(rate)
        return self.env._("%(rate)s %%", rate=self._trim(rate))

    def _format_amount(self, amount):
        """An amount a unit: with as many decimals as it has, but no fewer than the currency."""
        currency = self.currency_id or self.env.company.currency_id
        if currency.compare_amounts(currency.round(amount), amount) == 0 and round(
            amount, currency.decimal_places
        ) == round(amount, RATE_DECIMALS):
            return format_amount(self.env, amount, currency)
        parts = (currency.symbol, self._trim(amount))
        return "\N{NO-BREAK SPACE}".join(parts if currency.position == "before" else reversed(parts))

    def _trim(self, value):
        """A figure in the language of the user, without zeros at its end."""
        digits = next(
            digits for digits in range(RATE_DECIMALS + 1)
            if digits == RATE_DECIMALS
            or not float_compare(round(value, digits), value, precision_digits=RATE_DECIMALS)
        )
        return formatLang(self.env, value, digits=digits)
