from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def action_o2c_statement(self):
        """Ask for the period of the statement of account of these customers."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "order_to_cash.o2c_account_statement_print_action"
        )
        action["context"] = {"active_model": "res.partner", "active_ids": self.ids}
        return action

    def action_o2c_aged_receivables(self):
        """Open what these customers, and those that they pay for, owe today."""
        partners = self.commercial_partner_id
        Receivable = self.env["o2c.aged.receivable"]
        companies = Receivable._companies()
        return Receivable._open_as_of(
            companies[0]._o2c_today(),
            [
                ("company_id", "in", companies.ids),
                "|",
                ("partner_id", "in", partners.ids),
                ("customer_id", "in", partners.ids),
            ],
        )

    def _o2c_statement_contacts(self):
        """To whom the statements of these customers go: {customer: partner}, the invoice address,
        or the customer where that has no e-mail address."""
        addresses = self.search([("parent_id", "in", self.ids), ("type", "=", "invoice")])
        contacts = {partner: partner for partner in self}
        for address in addresses.sorted("id", reverse=True):
            if address.email or not address.parent_id.email:
                contacts[address.parent_id] = address
        return contacts

    def _o2c_statement_lang(self, contact, company):
        """The language in which ``company`` writes to ``contact`` of this one customer."""
        self.ensure_one()
        return contact.lang or self.lang or company.partner_id.lang or self.env.lang
