from odoo import api, models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    @api.depends("partner_id")
    def _compute_team_id(self):
        super()._compute_team_id()
        if self.env.context.get("default_team_id"):
            return
        for order in self:
            if team := order._o2c_get_customer_team():
                order.team_id = team

    def _action_confirm(self):
        for company, orders in self.grouped("company_id").items():
            # sudo: salespeople need not be entitled to change customers
            customers = orders.partner_id.commercial_partner_id.sudo().with_company(company)
            customers._o2c_welcome_by_first_order()
        return super()._action_confirm()

    def _o2c_get_customer_team(self):
        """The sales team of the customer, where it may be used in the company of the order."""
        self.ensure_one()
        # sudo: portal users and salespeople of other teams order, too
        team = self.partner_id.sudo().commercial_partner_id.o2c_team_id
        if not team.active or (team.company_id and team.company_id != self.company_id):
            return self.env["crm.team"]
        return team.sudo(False)
