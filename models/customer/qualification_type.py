from odoo import api, fields, models
from odoo.fields import Domain


class QualificationType(models.Model):
    _name = "o2c.qualification.type"
    _description = "Qualification Type"
    _order = "sequence, name, id"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(required=True, translate=True)
    code = fields.Char()
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", index=True, help="Leave empty to use the type in every company."
    )
    warn_days = fields.Integer(
        string="Warn Before Expiry",
        default=30,
        help="Days before a document expires when the salesperson gets an activity.",
    )
    requires_file = fields.Boolean(
        string="File Required",
        help="A document counts as missing until the paper itself is attached.",
    )
    is_mandatory = fields.Boolean(
        string="Mandatory",
        help="Customers must have a valid document of this type. Without customer types and"
        " classes below this holds for all customers.",
    )
    for_agent = fields.Boolean(string="Agents")
    for_distributor = fields.Boolean(string="Distributors")
    for_end_user = fields.Boolean(string="End Users")
    class_ids = fields.Many2many(
        "o2c.customer.class",
        "o2c_qualification_type_class_rel",
        "type_id",
        "class_id",
        string="Customer Classes",
        check_company=True,
        help="Customers of these classes must have the document, besides those of the customer"
        " types ticked.",
    )
    mandatory_for = fields.Char(compute="_compute_mandatory_for")

    _warn_days_positive = models.Constraint(
        "CHECK (warn_days >= 0)", "The days before expiry cannot be negative."
    )

    @api.depends("is_mandatory", "for_agent", "for_distributor", "for_end_user", "class_ids")
    def _compute_mandatory_for(self):
        labels = dict(
            self.env["res.partner"]._fields["o2c_customer_type"]._description_selection(self.env)
        )
        for kind in self:
            kind.mandatory_for = kind.is_mandatory and (
                ", ".join([
                    *(labels[customer_type] for customer_type in kind._customer_types()),
                    *kind.class_ids.mapped("display_name"),
                ])
                or self.env._("All customers")
            )

    def _customer_types(self):
        """The customer types that must have the document."""
        return [
            customer_type
            for customer_type in ("agent", "distributor", "end_user")
            if self[f"for_{customer_type}"]
        ]

    def _get_customer_domain(self):
        """The commercial partners that must have a document of this type.

        :return: a domain of ``res.partner``
        """
        self.ensure_one()
        if not self.is_mandatory:
            return Domain.FALSE
        is_customer = Domain("customer_rank", ">", 0) | Domain("o2c_customer_type", "!=", False)
        customer_types = self._customer_types()
        if not customer_types and not self.class_ids:
            return is_customer
        return is_customer & (
            Domain("o2c_customer_type", "in", customer_types)
            | Domain("o2c_class_id", "in", self.class_ids.ids)
        )

    @api.model
    def _get_mandatory(self, company):
        """The types that customers of ``company`` may have to have, in order.

        :param company: one ``res.company``
        """
        # sudo: everyone who sees a customer sees whether something is missing
        return self.sudo().search([
            ("is_mandatory", "=", True),
            ("company_id", "in", [False, *company.sudo().parent_ids.ids]),
        ])
