from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.order_to_cash.algorithms import region as region_algorithm


class SalesRegion(models.Model):
    """A tree of regions; the region says who looks after the new customers in it."""

    _name = "o2c.sales.region"
    _description = "Sales Region"
    _inherit = ["mail.thread"]
    _parent_store = True
    _rec_name = "complete_name"
    _rec_names_search = ["complete_name", "code"]
    _order = "complete_name, id"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(required=True, tracking=True)
    code = fields.Char(index="btree_not_null")
    complete_name = fields.Char(
        compute="_compute_complete_name", store=True, recursive=True, string="Full Name"
    )
    sequence = fields.Integer(
        default=10,
        help="When several regions at the same level cover an address, the lowest sequence wins.",
    )
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", index=True, help="Leave empty to use the region in every company."
    )
    parent_id = fields.Many2one(
        "o2c.sales.region",
        string="Parent Region",
        index=True,
        check_company=True,
        ondelete="restrict",
    )
    parent_path = fields.Char(index=True)
    child_ids = fields.One2many("o2c.sales.region", "parent_id", string="Sub-regions")
    country_ids = fields.Many2many(
        "res.country",
        "o2c_sales_region_country_rel",
        "region_id",
        "country_id",
        string="Countries",
        help="Customers of these countries belong here, unless a region names their state. When"
        " states of a country are chosen too, only those states of it belong here.",
    )
    state_ids = fields.Many2many(
        "res.country.state",
        "o2c_sales_region_state_rel",
        "region_id",
        "state_id",
        string="States",
        help="Customers of these states belong here.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Salesperson",
        check_company=True,
        domain=[("share", "=", False)],
        tracking=True,
        help="Looks after the new customers of this region. Empty takes the salesperson of the"
        " region above. A change counts for new customers only; use Hand Over to move the"
        " customers there are.",
    )
    team_id = fields.Many2one(
        "crm.team",
        string="Sales Team",
        check_company=True,
        tracking=True,
        help="Team of the new customers of this region. Empty takes the team of the region above."
        " A change counts for new customers only; use Hand Over to move the customers there are.",
    )
    customer_count = fields.Integer(
        compute="_compute_customer_count",
        string="Customers",
        help="Customers of this region and its sub-regions.",
    )

    @api.depends("name", "parent_id.complete_name")
    def _compute_complete_name(self):
        for region in self:
            parent = region.parent_id.complete_name
            region.complete_name = f"{parent} / {region.name}" if parent else region.name

    def _compute_customer_count(self):
        Partner = self.env["res.partner"]
        counts = Partner._read_group(
            [("o2c_region_id", "child_of", self.ids), *Partner._o2c_commercial_domain()],
            ["o2c_region_id"],
            ["__count"],
        )
        count_by_region = defaultdict(int)
        for region, count in counts:
            # sudo: only ids on the path up are read, of regions of customers that were counted
            for region_id in region.sudo()._path_ids():
                count_by_region[region_id] += count
        for region in self:
            region.customer_count = count_by_region[region.id]

    @api.constrains("user_id")
    def _check_user_is_internal(self):
        for region in self:
            if region.user_id.share:
                raise ValidationError(
                    self.env._(
                        "%(user)s is a portal user and cannot look after the customers of"
                        " %(region)s. Choose an employee.",
                        user=region.user_id.name,
                        region=region.name,
                    )
                )

    def write(self, vals):
        # Before the tree is stored, which would refuse it in less helpful words.
        parent = self.browse(vals.get("parent_id"))
        if parent and not set(self.ids).isdisjoint(parent._path_ids()):
            raise ValidationError(self.env._("A region cannot lie in one of its own sub-regions."))
        return super().write(vals)

    def action_view_customers(self):
        """The customers of the region and its sub-regions."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("order_to_cash.res_partner_action")
        action["domain"] = [
            ("o2c_region_id", "child_of", self.id),
            *self.env["res.partner"]._o2c_commercial_domain(),
        ]
        action["context"] = {
            "res_partner_search_mode": "customer",
            "default_o2c_region_id": self.id,
        }
        return action

    def action_hand_over(self):
        """Open the wizard that gives the region, and its customers, to someone else."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Hand Over %(region)s", region=self.name),
            "res_model": "o2c.region.handover",
            "view_mode": "form",
            "target": "new",
            "context": {"default_region_id": self.id},
        }

    @api.model
    def _find_for_partners(self, partners):
        """The region each partner's own address lies in.

        A partner of one company gets a region of it or a shared one; a shared partner one of the
        active company or a shared one.

        :param partners: ``res.partner``, saved or not
        :return: dict partner -> region (``o2c.sales.region``, empty when none covers the address)
        """
        # sudo: whoever creates a customer need not be entitled to read the regions
        regions = self.sudo().search([
            "|", ("country_ids", "!=", False), ("state_ids", "!=", False),
        ])
        found = {}
        result = {}
        for partner in partners:
            company = partner.company_id or self.env.company
            country = partner.country_id or partner.state_id.country_id
            key = (company, country, partner.state_id)
            if key not in found:
                candidates = regions.filtered(
                    # bound now: `company` changes with the loop
                    lambda region, company=company: (
                        not region.company_id or region.company_id in company.sudo().parent_ids
                    )
                )
                found[key] = self.browse(
                    region_algorithm.best_region(
                        candidates._to_algorithm(), country.id, partner.state_id.id
                    )
                )
            result[partner] = found[key]
        return result

    def _to_algorithm(self):
        return [
            region_algorithm.Region(
                key=region.id,
                depth=len(region._path_ids()) - 1,
                sequence=region.sequence,
                countries=frozenset((region.country_ids - region.state_ids.country_id).ids),
                states=frozenset(region.state_ids.ids),
            )
            for region in self
        ]

    def _get_responsible(self):
        """Who looks after these regions: their own salesperson and team, else those of the nearest
        region above that names one. Archived users and teams are passed over.

        :return: dict region -> tuple (``res.users``, ``crm.team``), either may be empty
        """
        # sudo: see _find_for_partners
        regions = self.sudo()
        path_by_region = {region: region._path_ids()[::-1] for region in self}
        every_id = list(set().union(*path_by_region.values()))
        result = {}
        for region, path_ids in path_by_region.items():
            path = regions.browse(path_ids).with_prefetch(every_id)
            result[region] = (
                path.user_id.filtered("active")[:1].sudo(False),
                path.team_id.filtered("active")[:1].sudo(False),
            )
        return result

    def _path_ids(self):
        """The ids from the root of the tree down to this region."""
        self.ensure_one()
        # sudo: ids only
        return [int(region_id) for region_id in self.sudo().parent_path.split("/") if region_id]
