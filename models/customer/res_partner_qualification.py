from collections import defaultdict

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.order_to_cash.algorithms import qualification as algorithm


class ResPartner(models.Model):
    """The documents a customer must have."""

    _inherit = "res.partner"

    o2c_qualification_ids = fields.One2many(
        "o2c.qualification", "partner_id", string="Qualifications", groups="base.group_user"
    )
    o2c_qualification_state = fields.Selection(
        selection=[
            ("valid", "Valid"),
            ("expiring", "Expiring"),
            ("expired", "Expired"),
            ("missing", "Missing"),
        ],
        string="Qualification",
        compute="_compute_o2c_qualification_state",
        search="_search_o2c_qualification_state",
        compute_sudo=True,
        groups="base.group_user",
        help="The worst state of the documents this customer must have, as of today. Empty when"
        " none is mandatory.",
    )
    o2c_qualification_note = fields.Char(
        string="Qualification Gaps",
        compute="_compute_o2c_qualification_state",
        compute_sudo=True,
        groups="base.group_user",
        help="Which mandatory documents are missing, expired or expiring.",
    )
    o2c_qualification_count = fields.Integer(
        string="Documents", compute="_compute_o2c_qualification_count", groups="base.group_user"
    )

    @api.depends_context("company")
    @api.depends(
        "commercial_partner_id",
        "customer_rank",
        "o2c_class_id",
        "o2c_customer_type",
        "o2c_qualification_ids.expires_on",
        "o2c_qualification_ids.state",
    )
    def _compute_o2c_qualification_state(self):
        states_by_partner = self.commercial_partner_id._o2c_get_qualification_states(
            self.env.company
        )
        labels = dict(self._fields["o2c_qualification_state"]._description_selection(self.env))
        for partner in self:
            states = states_by_partner.get(partner.commercial_partner_id, {})
            partner.o2c_qualification_state = algorithm.worst(states.values()) or False
            partner.o2c_qualification_note = ", ".join(
                f"{kind.name}: {labels[state]}"
                for kind, state in states.items()
                if state != algorithm.VALID
            )

    def _search_o2c_qualification_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        kinds = self.env["o2c.qualification.type"]._get_mandatory(self.env.company)
        # What holds for a customer of whom some document is at best in this state.
        lacks = {
            state: Domain.OR(
                kind._get_customer_domain() & ~self._o2c_has_document_domain(kind, better)
                for kind in kinds
            )
            for state, better in (
                (algorithm.MISSING, ("valid", "expiring", "expired")),
                (algorithm.EXPIRED, ("valid", "expiring")),
                (algorithm.EXPIRING, ("valid",)),
            )
        }
        concerned = Domain.OR(kind._get_customer_domain() for kind in kinds)
        domain_by_state = {
            algorithm.MISSING: lacks[algorithm.MISSING],
            algorithm.EXPIRED: lacks[algorithm.EXPIRED] & ~lacks[algorithm.MISSING],
            algorithm.EXPIRING: lacks[algorithm.EXPIRING] & ~lacks[algorithm.EXPIRED],
            algorithm.VALID: concerned & ~lacks[algorithm.EXPIRING],
            False: ~concerned,
        }
        domain = Domain.OR(domain_by_state[state] for state in value if state in domain_by_state)
        # A contact is as qualified as its customer, whether or not the user may see the latter.
        return Domain("commercial_partner_id", "any!", domain)

    @api.depends("o2c_qualification_ids")
    def _compute_o2c_qualification_count(self):
        counts = self.env["o2c.qualification"]._read_group(
            [("partner_id", "in", self.ids)], ["partner_id"], ["__count"]
        )
        count_by_partner = {partner.id: count for partner, count in counts}
        for partner in self:
            partner.o2c_qualification_count = count_by_partner.get(partner.id, 0)

    def action_o2c_view_qualifications(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "order_to_cash.o2c_qualification_action"
        )
        action["domain"] = [("partner_id", "=", self.commercial_partner_id.id)]
        action["context"] = {"default_partner_id": self.commercial_partner_id.id}
        return action

    def _o2c_get_qualification_states(self, company):
        """The state of each document these customers must have in ``company``, as of today.

        :param company: one ``res.company``; documents and types of other companies do not count
        :return: dict commercial partner -> dict of ``o2c.qualification.type`` -> state, without
            the customers that need none
        """
        kinds = self.env["o2c.qualification.type"]._get_mandatory(company)
        kinds_by_partner = {}
        for kind in kinds:
            for partner in self.filtered_domain(kind._get_customer_domain()):
                kinds_by_partner.setdefault(partner, []).append(kind)
        if not kinds_by_partner:
            return {}
        # sudo: the state is known to whoever sees the customer, the documents are not shown
        Qualification = self.env["o2c.qualification"].sudo()
        documents = Qualification.search(
            Domain("partner_id", "in", [partner._origin.id for partner in kinds_by_partner])
            & Domain("type_id", "in", kinds.ids)
            & Qualification._get_company_domain(company)
        )
        documents_by_partner = defaultdict(list)
        for record, document in zip(documents, documents._to_algorithm(), strict=True):
            documents_by_partner[record.partner_id.id].append(document)
        # Only the company's day is read.
        today = company.sudo()._o2c_today()
        states_by_partner = {}
        for partner, partner_kinds in kinds_by_partner.items():
            states = algorithm.states_by_kind(
                [kind.id for kind in partner_kinds],
                documents_by_partner[partner._origin.id],
                today,
            )
            states_by_partner[partner] = {kind: states[kind.id] for kind in partner_kinds}
        return states_by_partner

    @api.model
    def _o2c_has_document_domain(self, kind, states):
        """The partners with a document of ``kind`` in one of ``states``."""
        Qualification = self.env["o2c.qualification"]
        return Domain(
            "o2c_qualification_ids",
            "any!",
            Domain("type_id", "=", kind.id)
            & Domain("active", "=", True)
            & Qualification._get_company_domain(self.env.company)
            & Domain.OR(Qualification._get_state_domain(state) for state in states),
        )

    def _o2c_hand_up_documents(self):
        """Documents belong to the customer: move those of contacts there."""
        documents = (
            # Papers that the user may not read move with the contact as well.
            self.env["o2c.qualification"]
            .sudo()
            .with_context(active_test=False)
            .search([("partner_id", "in", self.ids)])
        )
        for customer, members in documents.grouped(
            lambda document: document.partner_id.commercial_partner_id
        ).items():
            members.write({"partner_id": customer.id})
