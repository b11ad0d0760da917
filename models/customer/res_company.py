from odoo import api, fields, models
from odoo.tools import ormcache

SWITCHES = (
    "o2c_use_credit",
    "o2c_use_allocation",
    "o2c_use_commission",
    "o2c_use_plan",
    "o2c_use_dunning",
)


class ResCompany(models.Model):
    _inherit = "res.company"

    o2c_use_credit = fields.Boolean(
        string="Credit Control",
        help="Check the credit of the customer when a quotation is confirmed.",
    )
    o2c_use_allocation = fields.Boolean(
        string="Stock Allocation",
        help="Serve scarce stock by the rank of the customer.",
    )
    o2c_use_commission = fields.Boolean(
        string="Commission",
        help="Accrue and settle commission of salespeople and agents.",
    )
    o2c_use_plan = fields.Boolean(
        string="Sales Plans",
        help="Plan sales and follow attainment.",
    )
    o2c_use_dunning = fields.Boolean(
        string="Dunning",
        help="Propose reminders to customers with overdue invoices.",
    )

    o2c_qualification_scan_on = fields.Date(
        string="First Scan of Qualifications",
        readonly=True,
        help="Documents that had expired by this day are reported to nobody.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        # A branch may be new in a family that was looked up meanwhile.
        self.env.registry.clear_cache()
        return companies

    def write(self, vals):
        if vals.keys().isdisjoint(SWITCHES):
            return super().write(vals)
        idle = self.filtered(lambda company: not company._o2c_uses_any())
        result = super().write(vals)
        # After a pause, what has expired meanwhile is old data again.
        idle.filtered(lambda company: company._o2c_uses_any()).o2c_qualification_scan_on = False
        return result

    def _get_company_root_delegated_field_names(self):
        # Branches are one company in law: they share its customers' credit and its switches.
        return super()._get_company_root_delegated_field_names() + list(SWITCHES)

    @ormcache("self.id")
    def _o2c_family_ids(self):
        """The ids of this one company and of all branches below it."""
        self.ensure_one()
        # Figures of a family are added up for whoever may see one of its companies.
        return self.sudo().search([("id", "child_of", self.id)]).ids

    def _o2c_today(self):
        """The company's local date now."""
        self.ensure_one()
        return fields.Date.context_today(self.with_context(tz=self.partner_id.tz or self.env.user.tz))

    def _o2c_uses_any(self):
        """Whether any domain is switched on in this company."""
        self.ensure_one()
        return any(self[switch] for switch in SWITCHES)
