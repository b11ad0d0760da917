from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.order_to_cash.algorithms import dunning


class O2cDunningLevel(models.Model):
    _name = "o2c.dunning.level"
    _description = "Dunning Level"
    _order = "sequence, id"

    name = fields.Char(
        required=True,
        translate=True,
        help="The heading of the letter and the subject of the e-mail.",
    )
    policy_id = fields.Many2one(
        "o2c.dunning.policy", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="policy_id.company_id")
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    sequence = fields.Integer(default=10)
    days_overdue = fields.Integer(
        default=1,
        required=True,
        help="An item reaches this level when it is at least so many days past its due date. A "
        "negative number reminds before the due date: -3 means three days before.",
    )
    min_amount = fields.Monetary(
        string="Minimum Amount",
        help="Do not send this level when the customer has less to pay, in company currency: his "
        "overdue items less his credits. Items then stay at the level they have.",
    )
    min_percent = fields.Float(
        string="Minimum %",
        digits=(5, 2),
        help="Do not send this level when what the customer has to pay is a smaller share of his "
        "whole balance, in per cent. Items then stay at the level they have.",
    )
    min_interval_days = fields.Integer(
        string="Minimum Days Between",
        help="An item reaches this level no sooner than so many days after its last reminder.",
    )
    blocks_orders = fields.Boolean(
        help="While an item stands at this level, hold rules of the kind “dunning level reached” "
        "catch new orders of its customer, and of those he pays for.",
    )
    is_automatic = fields.Boolean(
        string="Automatic",
        help="The day's cycle sends reminders of this level by itself. Otherwise it proposes them "
        "and waits for a person.",
    )
    send_email = fields.Boolean(string="E-mail", default=True)
    send_letter = fields.Boolean(
        string="Letter",
        default=True,
        help="Print the letter for the post. Customers without an e-mail address get a letter "
        "instead of the e-mail.",
    )
    create_activity = fields.Boolean(
        string="Call",
        help="Plan a call with the reminder, for the person responsible.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        domain="[('share', '=', False)]",
        help="Who calls the customer. Empty: the customer's salesperson, or else the company's "
        "collector, or else whoever sends the reminder.",
    )
    fee_amount = fields.Monetary(
        string="Fee",
        help="Charged once for each document that reaches this level, in company currency.",
    )
    interest_rate = fields.Float(
        string="Interest (% a Year)",
        digits=(5, 2),
        help="Charged on what is open of the documents at this level, for the days since they fell "
        "due or were charged last.",
    )
    fee_posting = fields.Selection(
        [("none", "Printed only"), ("draft", "Draft invoice"), ("post", "Posted invoice")],
        string="Fee and Interest",
        default="none",
        required=True,
        help="What becomes of fee and interest: they are only printed on the letter, or they are "
        "invoiced too. Customers are not reminded of such an invoice.",
    )
    mail_template_id = fields.Many2one(
        "mail.template",
        string="E-mail Template",
        domain=[("model", "=", "o2c.dunning.notice")],
        default=lambda self: self.env.ref(
            "order_to_cash.mail_template_dunning_notice", raise_if_not_found=False
        ),
        help="The e-mail that carries the letter.",
    )
    letter_text = fields.Html(
        translate=True,
        help="What the letter says above the list of items, in the language of the customer.",
    )

    _check_min_amount = models.Constraint(
        "CHECK(min_amount >= 0)",
        "The minimum amount cannot be negative.",
    )
    _check_min_percent = models.Constraint(
        "CHECK(min_percent >= 0 AND min_percent <= 100)",
        "The minimum share of the balance is a percentage from 0 to 100.",
    )
    _check_charges = models.Constraint(
        "CHECK(fee_amount >= 0 AND interest_rate >= 0)",
        "The fee and the rate of interest cannot be negative.",
    )
    _check_min_interval_days = models.Constraint(
        "CHECK(min_interval_days >= 0)",
        "The minimum days between two reminders cannot be negative.",
    )

    @api.depends("policy_id.company_id")
    @api.depends_context("company")
    def _compute_currency_id(self):
        for level in self:
            level.currency_id = (level.company_id or self.env.company).currency_id

    @api.constrains("sequence", "days_overdue", "policy_id")
    def _check_order_in_policy(self):
        self.policy_id._check_level_order()

    @api.constrains("send_email", "send_letter", "create_activity", "mail_template_id")
    def _check_channel(self):
        for level in self:
            if not (level.send_email or level.send_letter or level.create_activity):
                raise ValidationError(
                    self.env._("%(level)s: choose e-mail, letter or a call.", level=level.name)
                )
            if level.send_email and not level.mail_template_id:
                raise ValidationError(
                    self.env._("%(level)s: choose an e-mail template.", level=level.name)
                )

    def _as_algorithm_levels(self):
        """These levels as :class:`dunning.Level`, in their order."""
        return tuple(
            dunning.Level(
                key=level.id,
                days_overdue=level.days_overdue,
                min_amount=level.min_amount,
                min_percent=level.min_percent,
                min_interval_days=level.min_interval_days,
            )
            for level in self
        )
