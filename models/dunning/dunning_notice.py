from odoo import api, fields, models
from odoo.fields import Domain

# Reminders are made and sent by the hundred: the chatter of each says what happened in one note.
QUIET = {
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "tracking_disable": True,
}


class O2cDunningNotice(models.Model):
    """A reminder to one customer in one currency."""

    _name = "o2c.dunning.notice"
    _description = "Reminder"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "run_id, number, id"
    _check_company_auto = True

    name = fields.Char(string="Reference", readonly=True, copy=False, index="trigram")
    run_id = fields.Many2one(
        "o2c.dunning.run", required=True, readonly=True, index=True, ondelete="cascade"
    )
    number = fields.Integer(readonly=True, help="The number of the reminder in its run.")
    company_id = fields.Many2one(related="run_id.company_id", store=True, index=True)
    date = fields.Date(related="run_id.date", store=True)
    run_state = fields.Selection(related="run_id.state", string="State of the Run")
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    contact_id = fields.Many2one(
        "res.partner",
        string="Recipient",
        required=True,
        ondelete="restrict",
        tracking=True,
        domain="[('id', 'child_of', partner_id)]",
        help="Whose address the letter and the e-mail bear.",
    )
    email_partner_id = fields.Many2one(
        "res.partner",
        string="E-mail To",
        compute="_compute_email",
        help="The recipient, or the customer when the recipient has no e-mail address.",
    )
    email = fields.Char(string="E-mail", compute="_compute_email")
    user_id = fields.Many2one(
        "res.users", string="Salesperson", related="partner_id.user_id", store=True
    )
    level_id = fields.Many2one(
        "o2c.dunning.level",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        tracking=True,
    )
    line_ids = fields.One2many("o2c.dunning.notice.line", "notice_id", string="Overdue Items")
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    total_overdue = fields.Monetary(
        string="Overdue", readonly=True, help="The open amounts past their due date."
    )
    total_due_soon = fields.Monetary(
        string="Due Soon",
        readonly=True,
        help="The open amounts that are not overdue yet, of which this reminder tells.",
    )
    total_open = fields.Monetary(
        string="Balance",
        readonly=True,
        help="All that the customer has to pay in this currency, due or not, less his credits.",
    )
    total_overdue_company = fields.Monetary(
        string="Overdue (Company Currency)",
        currency_field="company_currency_id",
        readonly=True,
    )
    state = fields.Selection(
        [
            ("proposed", "Proposed"),
            ("skipped", "Skipped"),
            ("sent", "Sent"),
            ("paid", "Paid"),
            ("recorded", "Taken Up"),
        ],
        default="proposed",
        required=True,
        readonly=True,
        index=True,
        tracking=True,
        help="Paid: nothing is left of the items that the reminder claims. Taken up: the items got "
        "their level when dunning began; nothing was sent.",
    )
    sent_on = fields.Datetime(readonly=True, copy=False)
    sent_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    is_emailed = fields.Boolean(
        string="E-mailed", readonly=True, copy=False, help="An e-mail was put in the outbox."
    )
    letter_id = fields.Many2one(
        "ir.attachment", readonly=True, copy=False, ondelete="set null"
    )

    # Of merged customers each may have been sent one.
    _once_a_run = models.UniqueIndex(
        "(run_id, partner_id, currency_id) WHERE sent_on IS NULL AND state != 'recorded'",
        "A customer gets one reminder a run and currency.",
    )

    @api.depends("contact_id.email", "partner_id.email", "other_email")
    def _compute_email(self):
        for notice in self:
            partner = notice.contact_id.filtered("email") or notice.partner_id.filtered("email")
            notice.email_partner_id = partner
            notice.email = notice._email_addresses() or partner.email

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent(self):
        self.run_id.browse(self.filtered("sent_on").run_id.ids)._check_nothing_sent()

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    @api.model
    def _without_email_domain(self):
        return (
            Domain("contact_id.email", "=", False)
            & Domain("partner_id.email", "=", False)
            & Domain("other_email", "=", False)
        )

    def _log_each(self, text):
        if self:
            self._message_log_batch(bodies=dict.fromkeys(self.ids, text))
