from odoo import api, fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    o2c_dunning_policy_id = fields.Many2one(
        "o2c.dunning.policy",
        string="Dunning Policy",
        company_dependent=True,
        check_company=True,
        groups="base.group_user",
        help="How this customer is reminded of overdue invoices. Empty: as the company does it.",
    )
    o2c_dunning_notice_count = fields.Integer(
        string="Reminders",
        compute="_compute_o2c_dunning_notice_count",
        groups="base.group_user",
    )

    def _compute_o2c_dunning_notice_count(self):
        Notice = self.env["o2c.dunning.notice"]
        self.o2c_dunning_notice_count = 0
        if not Notice.has_access("read"):
            return
        counts = dict(
            Notice._read_group(
                [("partner_id", "in", self.commercial_partner_id.ids)], ["partner_id"], ["__count"]
            )
        )
        for partner in self:
            partner.o2c_dunning_notice_count = counts.get(partner.commercial_partner_id, 0)

    @api.model
    def _commercial_fields(self):
        return [*super()._commercial_fields(), "o2c_dunning_policy_id"]

    def action_o2c_view_dunning_notices(self):
        """Open the reminders of this customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "order_to_cash.o2c_dunning_notice_action"
        )
        action["domain"] = [("partner_id", "=", self.commercial_partner_id.id)]
        action["context"] = {}
        return action
