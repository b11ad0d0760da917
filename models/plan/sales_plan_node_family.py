"""A plan is about what its company, those above it and its branches have."""

from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from .sales_plan_node import OF_COMPANIES


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    @api.constrains("company_id")
    def _check_family(self):
        self.node_ids._check_family()


class O2cSalesPlanNode(models.Model):
    _inherit = "o2c.sales.plan.node"

    @api.constrains(*OF_COMPANIES)
    def _check_family(self):
        for company, nodes in self.grouped(lambda node: node.plan_id.company_id).items():
            domain = self._family_domain(company)
            for name in OF_COMPANIES:
                # sudo: a planner need not see what belongs to a branch to have it refused or not
                records = nodes[name].sudo().with_context(active_test=False)
                if foreign := records - records.filtered_domain(domain):
                    raise ValidationError(
                        self.env._(
                            "%(field)s %(record)s belongs to %(other)s, which has no part in the plans of "
                            "%(company)s.",
                            field=self._fields[name]._description_string(self.env),
                            record=foreign[0].display_name,
                            other=foreign[0].company_id.display_name,
                            # sudo: only the name of the company
                            company=company.sudo().display_name,
                        )
                    )

    @api.model
    def _family_domain(self, company):
        """What may stand for a node of a company's plan, of a model with a company."""
        # sudo: which companies a company belongs to is no secret
        above = company.sudo().parent_ids.ids
        return Domain("company_id", "in", [False, *above, *company._o2c_family_ids()])
