from odoo import api, fields, models
from odoo.tools import groupby

# Salesperson and team of a customer without region.
NOBODY = (None, None)


class ResPartner(models.Model):
    """The sales region: of a customer, and of an address when it differs.

    It is a plain column, kept right by create() and write(): an address without a region of its
    own has its customer's and follows it.
    """

    _inherit = "res.partner"

    o2c_region_id = fields.Many2one(
        "o2c.sales.region",
        string="Sales Region",
        index="btree_not_null",
        ondelete="restrict",
        groups="base.group_user",
        help="New customers get it by their state or country. An address has the region of its"
        " customer unless another one is chosen.",
    )
    # The region that the form has filled in last, so that it can follow the address while the
    # user types, and leaves alone what he has chosen himself.
    o2c_proposed_region_id = fields.Many2one(
        "o2c.sales.region", store=False, groups="base.group_user"
    )

    @api.onchange(
        "country_id", "state_id", "company_id", "is_company", "o2c_customer_type", "o2c_region_id"
    )
    def _onchange_o2c_address(self):
        if self._origin.id or (self.parent_id and not self.is_company):
            return
        is_new_customer = self._o2c_is_customer() or (
            self.env.context.get("res_partner_search_mode") == "customer"
            and (self.company_id or self.env.company)._o2c_uses_any()
        )
        if not is_new_customer:
            return
        before = self.o2c_proposed_region_id
        if self.o2c_region_id == before:
            self.o2c_region_id = self.env["o2c.sales.region"]._find_for_partners(self)[self]
            self.o2c_proposed_region_id = self.o2c_region_id
        if self.o2c_region_id == before:
            return
        responsible = (before | self.o2c_region_id)._get_responsible()
        old_user, old_team = responsible.get(before, NOBODY)
        user, team = responsible.get(self.o2c_region_id, NOBODY)
        if not self.user_id or self.user_id == old_user:
            self.user_id = user
        if not self.o2c_team_id or self.o2c_team_id == old_team:
            self.o2c_team_id = team

    def _o2c_assign_region(self):
        """Give new customers a region by their address, and from it salesperson and team."""
        Region = self.env["o2c.sales.region"]
        without_region = self.filtered(lambda p: not p.o2c_region_id)
        found = Region._find_for_partners(without_region) if without_region else {}
        region_by_partner = {partner: partner.o2c_region_id or found[partner] for partner in self}
        responsible = Region.union(*region_by_partner.values())._get_responsible()
        values_by_partner = {}
        for partner, region in region_by_partner.items():
            if not region:
                continue
            user, team = responsible[region]
            proposed = {"o2c_region_id": region.id, "user_id": user.id, "o2c_team_id": team.id}
            values_by_partner[partner] = tuple(
                (name, value) for name, value in proposed.items() if value and not partner[name]
            )
        for values, partners in groupby(values_by_partner, key=values_by_partner.get):
            if values:
                # The salesperson is not mailed about each of many customers imported at once.
                partners = self.browse().concat(*partners)
                partners.with_context(mail_auto_subscribe_no_notify=True).write(dict(values))

    def _o2c_inherit_region(self):
        """Give addresses without a region that of their customer."""
        addresses = self.filtered(
            lambda p: not p.o2c_region_id and p.commercial_partner_id.o2c_region_id
        )
        for region, members in addresses.grouped(
            lambda p: p.commercial_partner_id.o2c_region_id
        ).items():
            members.write({"o2c_region_id": region.id})

    def _o2c_region_followers(self):
        """Those of ``self`` that have no region of their own but their customer's."""
        return self.filtered(
            lambda p: not p.o2c_region_id or p.o2c_region_id == p.commercial_partner_id.o2c_region_id
        )

    def _o2c_spread_region(self, old_region):
        """After a change: addresses follow their customer, emptied ones fall back to it.

        :param old_region: dict partner -> region before the change, for each of ``self``
        """
        customers = self.filtered(
            lambda p: p.commercial_partner_id == p and p.o2c_region_id != old_region[p]
        )
        addresses = self.with_context(active_test=False).search([
            ("commercial_partner_id", "in", customers.ids),
            ("id", "not in", self.ids),
        ]) if customers else customers
        for customer, members in addresses.grouped("commercial_partner_id").items():
            followers = members.filtered(
                lambda p, old=old_region[customer]: not p.o2c_region_id or p.o2c_region_id == old
            )
            followers.write({"o2c_region_id": customer.o2c_region_id.id})
        self._o2c_inherit_region()

    def _o2c_get_responsible_users(self):
        """Who looks after each customer: the salesperson, else the one of the region.

        :return: dict partner -> ``res.users`` (active and internal), or None
        """
        responsible = self.o2c_region_id._get_responsible()
        return {
            # Reads whether a colleague is still active.
            partner: partner.user_id.sudo().filtered(lambda u: u.active and not u.share)
            or responsible.get(partner.o2c_region_id, NOBODY)[0]
            for partner in self
        }
