from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.order_to_cash.algorithms.credit import EXPOSURE_COMPONENTS

from .credit_rating import LIMIT_MODES

# Whether a component of the exposure counts.
COUNTED = dict(
    zip(
        EXPOSURE_COMPONENTS,
        (
            "o2c_exposure_receivable",
            "o2c_exposure_draft_invoiced",
            "o2c_exposure_delivered",
            "o2c_exposure_ordered",
        ),
        strict=True,
    )
)


class ResCompany(models.Model):
    _inherit = "res.company"

    o2c_default_limit_mode = fields.Selection(
        LIMIT_MODES,
        string="Limit by Default",
        help="For customers without a limit of their own or of their rating. Empty: the default "
        "credit limit of the invoicing settings, and without one there is no limit.",
    )
    o2c_default_credit_limit = fields.Monetary(string="Default Limit Amount")
    o2c_exposure_receivable = fields.Boolean(string="Receivables", default=True)
    o2c_exposure_draft_invoiced = fields.Boolean(string="Draft Invoices", default=True)
    o2c_exposure_delivered = fields.Boolean(string="Delivered, Not Invoiced", default=True)
    o2c_exposure_ordered = fields.Boolean(string="Ordered, Not Delivered", default=True)
    o2c_exposure_horizon_days = fields.Integer(
        string="Exposure Horizon",
        help="Orders to be delivered later than so many days from now do not count. 0: all count.",
    )
    o2c_credit_manager_id = fields.Many2one(
        "res.users",
        string="Credit Manager",
        domain="[('share', '=', False), ('company_ids', 'in', id)]",
        help="Is told when a credit limit is due for review. Empty: any of the credit managers.",
    )
    o2c_review_notches = fields.Integer(
        string="Ratings at Most",
        help="Changes by so many ratings are applied without asking. 0: a person approves each.",
    )
    o2c_review_increase = fields.Monetary(
        string="Limit Raised at Most",
        help="Changes that raise the limit by more than this are never applied without asking.",
    )
    o2c_credit_scan_on = fields.Date(
        string="First Scan of Credit",
        readonly=True,
        help="Reviews that were due by this day are reported to nobody.",
    )

    @api.constrains("o2c_default_credit_limit")
    def _check_o2c_default_credit_limit(self):
        for company in self:
            if company.o2c_default_credit_limit < 0:
                raise ValidationError(
                    self.env._(
                        "The default credit limit of %(company)s cannot be below zero. Enter zero "
                        "for no credit at all.",
                        company=company.display_name,
                    )
                )

    @api.constrains("o2c_review_notches", "o2c_review_increase")
    def _check_o2c_reviews(self):
        for company in self:
            if company.o2c_review_notches < 0 or company.o2c_review_increase < 0:
                raise ValidationError(
                    self.env._(
                        "The changes of credit that %(company)s applies without asking cannot be "
                        "below zero. Enter zero to have each approved by a person.",
                        company=company.display_name,
                    )
                )

    @api.constrains("o2c_exposure_horizon_days")
    def _check_o2c_exposure_horizon_days(self):
        for company in self:
            if company.o2c_exposure_horizon_days < 0:
                raise ValidationError(
                    self.env._(
                        "The exposure horizon of %(company)s cannot be below zero. Enter zero to "
                        "count every order.",
                        company=company.display_name,
                    )
                )

    def write(self, vals):
        idle = self.filtered(lambda company: not company.o2c_use_credit)
        result = super().write(vals)
        if vals.get("o2c_use_credit"):
            # After a pause, what has become due meanwhile is old data again.
            idle.o2c_credit_scan_on = False
        return result

    def _get_company_root_delegated_field_names(self):
        # Branches share the credit of their customers with their root.
        return [*super()._get_company_root_delegated_field_names(), *self._o2c_credit_settings()]

    @api.model
    def _o2c_credit_settings(self):
        """The names of the fields that say how this company controls credit."""
        return [
            "o2c_default_limit_mode",
            "o2c_default_credit_limit",
            "o2c_credit_manager_id",
            "o2c_exposure_horizon_days",
            "o2c_review_notches",
            "o2c_review_increase",
            *COUNTED.values(),
        ]

    def _o2c_exposure_left_out(self):
        """The components of the exposure that do not count in this one company."""
        self.ensure_one()
        return frozenset(name for name, field in COUNTED.items() if not self[field])

    def _o2c_exposure_horizon(self):
        """Days after which undelivered orders do not count in this one company, or None."""
        self.ensure_one()
        return self.o2c_exposure_horizon_days or None

    def _o2c_get_credit_manager(self):
        """The user to be told about the credit of this one company's customers, or nobody."""
        self.ensure_one()
        if self.o2c_credit_manager_id.active:
            return self.o2c_credit_manager_id
        managers = self.env.ref("order_to_cash.group_credit_manager").all_user_ids
        return managers.filtered(
            lambda user: user.active and not user.share and self in user.company_ids
        ).sorted("id")[:1]
