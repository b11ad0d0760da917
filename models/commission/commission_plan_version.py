from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

ONE_DAY = timedelta(days=1)


class VersionBook:
    """Which version of a plan is in force on a day.

    :param versions: {family id: list of (first day, last day or ``None``, version)}
    """

    def __init__(self, versions):
        self._versions = versions

    def at(self, plan, date):
        """The version of ``plan``'s family in force on ``date``, an empty record where none is."""
        for date_from, date_to, version in self._versions.get(plan.family_id.id, ()):
            if date_from <= date and (not date_to or date <= date_to):
                return version
        return plan.browse()


class O2cCommissionPlan(models.Model):
    """The versions of a plan: one follows the other."""

    _inherit = "o2c.commission.plan"

    version_count = fields.Integer(string="Number of Versions", compute="_compute_family")
    agreement_count = fields.Integer(string="Number of Agreements", compute="_compute_family")
    family_agreement_ids = fields.Many2many(
        "o2c.commission.agreement",
        string="Agreements of All Versions",
        compute="_compute_family",
        help="An agreement follows the version that is in force.",
    )

    @api.depends("family_id.version_ids.agreement_ids")
    def _compute_family(self):
        agreements = self.env["o2c.commission.agreement"].search([
            ("family_id", "in", self.family_id.ids)
        ]).grouped("family_id")
        counts = dict(self._read_group([("family_id", "in", self.family_id.ids)], ["family_id"], ["__count"]))
        for plan in self:
            plan.version_count = counts.get(plan.family_id, 0)
            plan.family_agreement_ids = agreements.get(plan.family_id, False)
            plan.agreement_count = len(plan.family_agreement_ids)

    def _version_book(self):
        """All versions in force at some time of the families of these plans, by one query.

        :return: :class:`VersionBook`
        """
        versions = self.search(
            [("family_id", "in", self.family_id.ids), ("state", "in", ("active", "closed"))],
            order="date_from, id",
        )
        return VersionBook({
            family.id: [(plan.date_from, plan.date_to or None, plan) for plan in members]
            for family, members in versions.grouped("family_id").items()
        })

    def _version_at(self, date):
        """The version of each of these plans in force on a day.

        :return: {plan: version of its family, active or closed; empty where none is in force}
        """
        book = self._version_book()
        return {plan: book.at(plan, date) for plan in self}

    def action_new_version(self):
        """Copy this plan with its rules as a draft that begins when this one ends, and open it."""
        self.ensure_one()
        self.check_access("write")
        versions = self.family_id.version_ids
        if drafts := versions.filtered(lambda plan: plan.state == "draft"):
            raise UserError(
                self.env._(
                    "%(plan)s is still a draft: change that one.", plan=drafts[0].display_name
                )
            )
        versions._lock()
        last_day = max(self.date_to or self.company_id._o2c_today(), self.date_from)
        # Not copy(): it is the same plan, and keeps its name.
        new = self.create([
            dict(self.copy_data()[0], name=self.name, date_from=last_day + ONE_DAY, date_to=False)
        ])
        new._write_system({
            "family_id": self.family_id.id,
            "previous_id": self.id,
            "version": max(versions.mapped("version")) + 1,
        })
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": new.id,
            "views": [(False, "form")],
        }

    def action_view_versions(self):
        """Open all versions of this one plan."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("order_to_cash.o2c_commission_plan_action")
        action["domain"] = [("family_id", "=", self.family_id.id)]
        action["context"] = {}
        return action

    def action_view_agreements(self):
        """Open the agreements that follow this one plan, whatever version they name."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("order_to_cash.o2c_commission_agreement_action")
        action["domain"] = [("family_id", "=", self.family_id.id)]
        action["context"] = {"default_plan_id": self.id, "default_company_id": self.company_id.id}
        return action
