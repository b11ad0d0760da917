from odoo import api, fields, models
from odoo.exceptions import UserError

OUTCOMES = [
    ("reached", "Reached"),
    ("no_answer", "No answer"),
    ("promised", "Promised to pay"),
    ("disputed", "Disputes"),
    ("paid", "Says it is paid"),
    ("callback", "Will call back"),
    ("wrong_number", "Wrong number"),
]
# What may be corrected afterwards.
CORRECTABLE = {"note", "next_contact_on"}


class O2cCollectionContact(models.Model):
    """A collector talked to a customer, or tried to."""

    _name = "o2c.collection.contact"
    _description = "Collection Contact"
    _order = "contacted_on desc, id desc"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="cascade"
    )
    contact_id = fields.Many2one("res.partner", string="Talked To", ondelete="set null")
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company.root_id,
        help="The root of the family: customers are called for its branches too.",
    )
    salesperson_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")
    user_id = fields.Many2one(
        "res.users",
        string="Collector",
        required=True,
        readonly=True,
        default=lambda self: self.env.user,
        index=True,
    )
    contacted_on = fields.Datetime(
        string="When", required=True, readonly=True, default=fields.Datetime.now
    )
    outcome = fields.Selection(OUTCOMES, required=True, default="reached")
    note = fields.Text()
    next_contact_on = fields.Date(
        string="Next Contact", help="Until this day the customer is not on the worklist."
    )
    overdue = fields.Monetary(readonly=True, help="What was overdue on that day.")
    currency_id = fields.Many2one(related="company_id.currency_id")
    promise_id = fields.Many2one("o2c.payment.promise", readonly=True, ondelete="set null")
    dispute_id = fields.Many2one("o2c.payment.dispute", readonly=True, ondelete="set null")

    _latest = models.Index("(partner_id, company_id, contacted_on DESC, id DESC)")

    @api.model_create_multi
    def create(self, vals_list):
        contacts = super().create([self._for_debtor(vals) for vals in vals_list])
        contacts.company_id._o2c_check_dunning_is_on()
        contacts.partner_id.check_access("read")
        contacts._note_on_customer()
        return contacts

    def write(self, vals):
        # The system moves the contacts of merged customers.
        if not self.env.su and vals.keys() - CORRECTABLE:
            raise UserError(
                self.env._(
                    "A logged contact stays as it was. Only its note and the next date can be "
                    "corrected."
                )
            )
        return super().write(vals)

    def _for_debtor(self, vals):
        """A contact is one with the company of whom was called, for the family of a branch, by
        whoever logs it, at the time when he does."""
        partner = self.env["res.partner"].browse(vals.get("partner_id"))
        company = self.env["res.company"].browse(vals.get("company_id")) or self.env.company
        vals = {
            **vals,
            "partner_id": partner.commercial_partner_id.id,
            "company_id": company.root_id.id,
        }
        logged = {"user_id": self.env.uid, "contacted_on": fields.Datetime.now()}
        # What the system takes over was logged by somebody at some time.
        return {**logged, **vals} if self.env.su else {**vals, **logged}

    def _note_on_customer(self):
        outcomes = dict(self._fields["outcome"]._description_selection(self.env))
        for contact in self:
            who = contact.contact_id or contact.partner_id
            text = self.env._(
                "Called %(who)s about what is overdue: %(outcome)s.",
                who=who.name,
                outcome=outcomes[contact.outcome],
            )
            parts = [text, contact.note or ""]
            if contact.next_contact_on:
                parts.append(
                    self.env._("Next contact: %(date)s.", date=contact.next_contact_on)
                )
            # sudo: a note about a customer whom the collector may read but not edit.
            contact.partner_id.sudo()._message_log(body="\n".join(filter(None, parts)))
