from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date
from odoo.tools.misc import formatLang

from odoo.addons.order_to_cash.algorithms import cash_discount

READERS = (
    "account.group_account_invoice,account.group_account_readonly,order_to_cash.group_user"
)


class O2cPaymentTermStep(models.Model):
    """A cash discount for those who miss the first one."""

    _name = "o2c.payment.term.step"
    _description = "Later Step of a Cash Discount"
    _order = "days, id"

    payment_term_id = fields.Many2one(
        "account.payment.term", required=True, index=True, ondelete="cascade"
    )
    percent = fields.Float(string="Discount %", digits=(5, 2), required=True)
    days = fields.Integer(
        string="If Paid Within (Days)", required=True, help="Days after the date of the invoice."
    )

    _once_a_day = models.UniqueIndex(
        "(payment_term_id, days)",
        "Two steps of a payment term cannot end on the same day.",
    )

    @api.constrains("percent", "days", "payment_term_id")
    def _check_steps(self):
        self.payment_term_id._check_o2c_steps()


class AccountPaymentTerm(models.Model):
    """The first step is core's own early discount: a term with one step is plain Odoo."""

    _inherit = "account.payment.term"

    o2c_step_ids = fields.One2many(
        "o2c.payment.term.step",
        "payment_term_id",
        string="Later Steps",
        copy=True,
        groups=READERS,
        help="Smaller discounts for those who pay later than the early discount asks for, but "
        "before the whole amount is due.",
    )
    o2c_remind_discount = fields.Boolean(
        string="Remind of the Discount",
        default=True,
        groups=READERS,
        help="Write to customers before a discount ends, if the settings say so.",
    )

    @api.depends("o2c_step_ids.percent", "o2c_step_ids.days")
    def _compute_example_preview(self):
        super()._compute_example_preview()
        for term in self.filtered("early_discount"):
            start = term.example_date or fields.Date.context_today(term)
            for offer in term._o2c_offers(
                start, term.example_amount, term.example_amount, term.currency_id.round
            )[1:]:
                term.example_preview_discount += Markup("<div>%s</div>") % self.env._(
                    "then %(amount)s if paid before %(date)s",
                    amount=Markup("<b>%s</b>")
                    % formatLang(self.env, offer.to_pay, currency_obj=term.currency_id),
                    date=Markup("<b>%s</b>") % format_date(self.env, offer.deadline),
                )

    @api.constrains("o2c_step_ids", "early_discount", "discount_percentage", "discount_days", "line_ids")
    def _check_o2c_steps(self):
        for term in self.sudo():
            if not term.o2c_step_ids:
                continue
            if not term.early_discount:
                raise ValidationError(
                    self.env._(
                        "%(term)s has later steps of a cash discount but no early discount. Tick "
                        "the early discount, which is the first step, or remove the later ones.",
                        term=term.name,
                    )
                )
            fault = cash_discount.find_fault(term._o2c_steps(), term._o2c_net_days())
            if fault:
                raise ValidationError(term._o2c_fault_message(*fault))

    def _o2c_fault_message(self, fault, step):
        messages = {
            "percent": self.env._(
                "%(term)s: a cash discount of %(percent)s %% is not possible. Enter more than 0 and "
                "less than 100.",
                term=self.name,
                percent=step.percent,
            ),
            "days": self.env._(
                "%(term)s: enter within how many days the cash discount of %(percent)s %% holds.",
                term=self.name,
                percent=step.percent,
            ),
            "order": self.env._(
                "%(term)s: %(percent)s %% within %(days)s days does not follow the step before. From "
                "step to step the days rise and the discount falls.",
                term=self.name,
                percent=step.percent,
                days=step.days,
            ),
            "due": self.env._(
                "%(term)s: the cash discount within %(days)s days must end before the whole amount "
                "is due.",
                term=self.name,
                days=step.days,
            ),
        }
        return messages[fault]

    def _o2c_net_days(self):
        """Days until the whole amount is due; None when it is not counted from the invoice."""
        line = self.line_ids[-1:]
        return line.nb_days if line.delay_type == "days_after" else None

    def _o2c_steps(self):
        """The :class:`cash_discount.Step` of this one term, core's own first."""
        self.ensure_one()
        if not self.early_discount:
            return ()
        # sudo: the steps are as public as the term itself
        later = self.sudo().o2c_step_ids.sorted("days")
        return (
            cash_discount.Step(self.discount_percentage, self.discount_days),
            *(cash_discount.Step(step.percent, step.days) for step in later),
        )

    def _o2c_offers(self, start, total, untaxed, round_amount):
        """The steps of this one term on an amount, as :class:`cash_discount.Offer`.

        :param start: the date of the document
        :param round_amount: by the currency of the amounts
        """
        due = max(self.line_ids.mapped(lambda line: line._get_due_date(start)), default=start)
        return cash_discount.offers(
            self._o2c_steps(),
            start,
            due,
            total,
            untaxed,
            self.early_pay_discount_computation or "included",
            round_amount,
        )
