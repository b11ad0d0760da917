from odoo import api, fields, models
from odoo.fields import Domain


class O2cAgedReceivableFilter(models.TransientModel):
    """The day, and the part of the receivables, that somebody wants to see."""

    _name = "o2c.aged.receivable.filter"
    _description = "Aged Receivables of a Day"

    date = fields.Date(
        string="As Of",
        required=True,
        default=lambda self: self.env.company._o2c_today(),
        help="What was open at the end of this day, whatever was paid later.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company.root_id & self.env.companies or self.env.company,
        help="With its branches, as far as you work in them.",
    )
    partner_ids = fields.Many2many("res.partner", string="Customers", help="Empty: all.")
    user_ids = fields.Many2many(
        "res.users", string="Salespeople", domain="[('share', '=', False)]", help="Empty: all."
    )
    region_ids = fields.Many2many(
        "o2c.sales.region", string="Regions", help="With the regions below them. Empty: all."
    )
    currency_ids = fields.Many2many("res.currency", string="Currencies", help="Empty: all.")
    is_overdue = fields.Boolean(string="Overdue Only")

    def action_open(self):
        """Open the list."""
        self.ensure_one()
        return self._open(self._domain())

    def action_download(self):
        """Download the spreadsheet."""
        self.ensure_one()
        self.company_id._o2c_check_dunning_is_on()
        return {
            "type": "ir.actions.act_url",
            "url": "/order_to_cash/dunning/aged_receivables.xlsx"
            f"?as_of={self.date}&filter={self.id}",
            "target": "download",
        }

    def _open(self, domain):
        self.company_id._o2c_check_dunning_is_on()
        return self.env["o2c.aged.receivable"]._open_as_of(self.date, domain, self.id)

    @api.model
    def _domain_of(self, filter_id):
        """What the user asked for in the filter of this id; all he works with if it is gone."""
        # Searched, so that what others asked for is as good as gone.
        chosen = self.search([("id", "=", filter_id)])
        if not chosen:
            return Domain("company_id", "in", self.env["o2c.aged.receivable"]._companies().ids)
        return chosen._domain()

    def _domain(self):
        domain = Domain("company_id", "child_of", self.company_id.id)
        if self.partner_ids:
            partners = self.partner_ids.commercial_partner_id.ids
            domain &= Domain("partner_id", "in", partners) | Domain("customer_id", "in", partners)
        if self.user_ids:
            domain &= Domain("user_id", "in", self.user_ids.ids)
        if self.region_ids:
            domain &= Domain("region_id", "child_of", self.region_ids.ids)
        if self.currency_ids:
            domain &= Domain("currency_id", "in", self.currency_ids.ids)
        if self.is_overdue:
            domain &= Domain("bucket", "!=", "not_due")
        return domain
