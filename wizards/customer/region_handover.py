from odoo import api, fields, models


class RegionHandover(models.TransientModel):
    """A region changes hands: its customers, all or none, go with it."""

    _name = "o2c.region.handover"
    _description = "Hand Over a Sales Region"

    region_id = fields.Many2one("o2c.sales.region", required=True, readonly=True)
    company_id = fields.Many2one(related="region_id.company_id")
    old_user_id = fields.Many2one(related="region_id.user_id", string="Salesperson Now", help=None)
    old_team_id = fields.Many2one(related="region_id.team_id", string="Sales Team Now", help=None)
    user_id = fields.Many2one(
        "res.users", string="New Salesperson", required=True, domain=[("share", "=", False)]
    )
    team_id = fields.Many2one(
        "crm.team",
        string="New Sales Team",
        compute="_compute_team_id",
        store=True,
        readonly=False,
        help="Leave empty to keep the team of the region and of its customers.",
    )
    customers = fields.Selection(
        [
            ("all", "All customers there are, and new ones"),
            ("none", "New customers only"),
        ],
        required=True,
        default="all",
    )
    include_subregions = fields.Boolean(
        string="Sub-regions Too",
        help="Hand over the regions below this one as well, whoever looks after them now.",
    )
    move_quotations = fields.Boolean(
        string="Open Quotations Too",
        help="Quotations of these customers that are not confirmed yet get the new salesperson"
        " and team.",
    )
    subregion_count = fields.Integer(compute="_compute_counts", string="Sub-regions")
    customer_count = fields.Integer(compute="_compute_counts", string="Customers to Move")
    quotation_count = fields.Integer(compute="_compute_counts", string="Quotations to Move")

    @api.depends("region_id")
    def _compute_team_id(self):
        for handover in self:
            handover.team_id = handover.region_id.team_id

    @api.depends("region_id", "include_subregions", "customers", "move_quotations")
    def _compute_counts(self):
        for handover in self:
            customers = handover._get_customers()
            handover.subregion_count = len(handover._get_subregions())
            handover.customer_count = len(customers)
            handover.quotation_count = len(handover._get_quotations(customers))

    def action_apply(self):
        self.ensure_one()
        customers = self._get_customers()
        quotations = self._get_quotations(customers)
        self._move_regions()
        self._move_customers(customers)
        # Not a mail for each of them.
        quotations.with_context(mail_auto_subscribe_no_notify=True).write(self._get_new_values())
        self._log(len(customers), len(quotations))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self._describe(len(customers), len(quotations)),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_view_customers(self):
        """The customers that are going to move."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("order_to_cash.res_partner_action")
        action["domain"] = [("id", "in", self._get_customers().ids)]
        action["context"] = {"res_partner_search_mode": "customer"}
        return action

    def _get_subregions(self):
        return self.env["o2c.sales.region"].search([
            ("id", "child_of", self.region_id.ids),
            ("id", "not in", self.region_id.ids),
        ])

    def _get_regions(self):
        return self.region_id | (
            self._get_subregions() if self.include_subregions else self.region_id
        )

    def _get_customers(self):
        """The customers to move, archived ones too."""
        Partner = self.env["res.partner"].with_context(active_test=False)
        if self.customers != "all" or not self.region_id:
            return Partner
        return Partner.search([
            ("o2c_region_id", "in", self._get_regions().ids),
            *Partner._o2c_commercial_domain(),
        ])

    def _get_quotations(self, customers):
        if not self.move_quotations or not customers:
            return self.env["sale.order"]
        return self.env["sale.order"].search([
            ("partner_id.commercial_partner_id", "in", customers.ids),
            ("state", "in", ("draft", "sent")),
        ])

    def _get_new_values(self, user_field="user_id", team_field="team_id"):
        values = {user_field: self.user_id.id}
        if self.team_id:
            values[team_field] = self.team_id.id
        return values

    def _move_regions(self):
        """Sub-regions without a salesperson or team of their own have them from above."""
        own = self._get_regions() - self.region_id
        self.region_id.write(self._get_new_values())
        own.filtered("user_id").write({"user_id": self.user_id.id})
        if self.team_id:
            own.filtered("team_id").write({"team_id": self.team_id.id})

    def _move_customers(self, customers):
        # sudo: whoever may hand over regions need not be entitled to edit contacts; the customers
        # have been searched with the rights of the user
        customers = customers.sudo().with_context(mail_auto_subscribe_no_notify=True)
        contacts = customers.search([
            ("commercial_partner_id", "in", customers.ids),
            ("id", "not in", customers.ids),
            ("user_id", "!=", False),
        ])
        # A contact that someone else looks after stays with him.
        followers = contacts.filtered(lambda p: p.user_id == p.commercial_partner_id.user_id)
        customers.write(self._get_new_values(team_field="o2c_team_id"))
        followers.write({"user_id": self.user_id.id})

    def _describe(self, customer_count, quotation_count):
        if not quotation_count:
            return self.env._(
                "%(region)s handed over to %(user)s. Customers moved: %(customers)s.",
                region=self.region_id.complete_name,
                user=self.user_id.name,
                customers=customer_count,
            )
        return self.env._(
            "%(region)s handed over to %(user)s. Customers moved: %(customers)s, open quotations:"
            " %(quotations)s.",
            region=self.region_id.complete_name,
            user=self.user_id.name,
            customers=customer_count,
            quotations=quotation_count,
        )

    def _log(self, customer_count, quotation_count):
        regions = self._get_regions()
        body = self._describe(customer_count, quotation_count)
        regions._message_log_batch(bodies=dict.fromkeys(regions.ids, body))
