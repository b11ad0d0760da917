"""What follows from an approved plan: targets of teams, stock that is kept for key customers."""

from odoo import fields, models
from odoo.exceptions import UserError


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    protection_count = fields.Integer(
        string="Protections", compute="_compute_protection_count", groups="order_to_cash.group_plan_manager"
    )

    def _compute_protection_count(self):
        counts = dict(self.env["o2c.supply.protection"]._read_group(
            [("origin", "in", [plan._protection_origin() for plan in self])], ["origin"], ["__count"]
        ))
        for plan in self:
            plan.protection_count = counts.get(plan._protection_origin(), 0)

    def _on_approved(self, superseded):
        super()._on_approved(superseded)
        for company in self.company_id:
            self.env["crm.team"]._o2c_fill_targets(company)
        # Where the old version set stock apart, the new one does instead.
        for plan in superseded.filtered("protection_count"):
            plan._protect([])
            new = self.filtered(lambda version, family=plan.family_id: version.family_id == family)
            new._protect(new._protection_rows() if new.metric == "quantity" else [])

    def action_protect_supply(self):
        """Keep stock for the customers of this approved plan of quantities, period by period.

        Doing it again changes nothing unless the plan's targets say otherwise.
        """
        self.ensure_one()
        self.check_access("write")
        self.company_id._o2c_check_plan_is_on()
        if not self.company_id.o2c_use_allocation:
            raise UserError(
                self.env._(
                    "Stock allocation is switched off in %(company)s: nothing would be set apart.",
                    company=self.company_id.display_name,
                )
            )
        if self.state != "approved" or self.metric != "quantity":
            raise UserError(
                self.env._(
                    "%(plan)s: stock is set apart by an approved plan of quantities.", plan=self.display_name
                )
            )
        rows = self._protection_rows()
        if not rows:
            raise UserError(
                self.env._(
                    "%(plan)s has no target of a storable product, or product category, below a customer, "
                    "class or region in a period that is not over.",
                    plan=self.display_name,
                )
            )
        self._protect(rows)
        return self.action_view_protections()

    def action_view_protections(self):
        """Open the protections that follow from this plan."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("order_to_cash.o2c_supply_protection_action")
        action["domain"] = [("origin", "=", self._protection_origin())]
        action["context"] = {}
        return action

    def _protect(self, rows):
        """Let the protections of this one plan be those of ``rows``."""
        # sudo: planners do not keep protections by hand, their plans make them
        self.env["o2c.supply.protection"].sudo()._generate_from_plan(self._protection_origin(), rows)

    def _protection_origin(self):
        return f"{self._name},{self.id}"

    def _protection_rows(self):
        """Values of a protection for each period, product and customer, class or region."""
        # sudo: the date of a company is no secret
        today = self.company_id.sudo()._o2c_today()
        rows = []
        for node in self.node_ids:
            about = node._protected()
            if not about:
                continue
            rows += [
                {
                    **about,
                    "name": f"{self.display_name}: {node.complete_name}",
                    "company_id": self.company_id.id,
                    "quantity": cell.target,
                    "date_from": cell.date_from,
                    "date_to": cell.date_to,
                }
                for cell in node.cell_ids
                if cell.target > 0 and cell.date_to >= today
            ]
        return rows


class O2cSalesPlanNode(models.Model):
    _inherit = "o2c.sales.plan.node"

    def _protected(self):
        """What stock, for whom, a target of this node without others below it asks for, or ``None``."""
        self.ensure_one()
        if self.child_ids:
            return None
        path = self.browse(self._path_ids()).sorted("depth", reverse=True)

        def nearest(name):
            nothing = self.env[self._fields[name].comodel_name]
            return next((node[name] for node in path if node[name]), nothing)

        product, category = nearest("product_id"), nearest("product_category_id")
        for_whom = {
            "partner_ids": nearest("partner_id").commercial_partner_id.ids,
            "class_ids": nearest("class_id").ids,
            "region_ids": nearest("region_id").ids,
        }
        if product and not product.is_storable:
            return None
        # The closest description only: a protection is for any of those it names.
        named = next(({name: ids} for name, ids in for_whom.items() if ids), None)
        if not named or not (product or category):
            return None
        what = {"product_id": product.id} if product else {"product_category_id": category.id}
        return {**what, **named}
