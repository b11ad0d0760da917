from odoo import api, fields, models

ALLOCATION_STRATEGIES = [
    ("win", "Win"),
    ("gain", "Gain"),
    ("redistribute", "Redistribute"),
    ("fill", "Fill"),
    ("lose", "Lose"),
]


class CustomerClass(models.Model):
    _name = "o2c.customer.class"
    _description = "Customer Class"
    _order = "sequence, code, id"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="Short form shown in lists, for example A, B or C.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", index=True, help="Leave empty to use the class in every company."
    )
    is_key_account = fields.Boolean(
        string="Key Account", help="The customers of this class are key accounts."
    )
    allocation_strategy = fields.Selection(
        ALLOCATION_STRATEGIES,
        help="How open demand of these customers is treated when scarce stock is reallocated.",
    )
    allocation_rank = fields.Integer(
        help="Customers with a lower rank are served first. 0 means no rank of its own."
    )
    customer_count = fields.Integer(compute="_compute_customer_count", string="Customers")

    _allocation_rank_positive = models.Constraint(
        "CHECK (allocation_rank >= 0)", "The allocation rank cannot be negative."
    )

    @api.depends("code", "name")
    def _compute_display_name(self):
        for record in self:
            record.display_name = " · ".join(filter(None, (record.code, record.name)))

    def _compute_customer_count(self):
        Partner = self.env["res.partner"]
        counts = Partner._read_group(
            [("o2c_class_id", "in", self.ids), *Partner._o2c_commercial_domain()],
            ["o2c_class_id"],
            ["__count"],
        )
        count_by_class = {customer_class.id: count for customer_class, count in counts}
        for customer_class in self:
            customer_class.customer_count = count_by_class.get(customer_class.id, 0)

    def action_view_customers(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("order_to_cash.res_partner_action")
        action["domain"] = [
            ("o2c_class_id", "=", self.id),
            *self.env["res.partner"]._o2c_commercial_domain(),
        ]
        action["context"] = {"res_partner_search_mode": "customer", "default_o2c_class_id": self.id}
        return action
