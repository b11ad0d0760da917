from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.order_to_cash.algorithms import cash_discount


class O2cCashDiscount(models.Model):
    """A step of cash discount as an invoice had it when it was posted.

    What becomes of the payment term afterwards changes nothing for the invoice.
    """

    _name = "o2c.cash.discount"
    _description = "Cash Discount"
    _order = "deadline, move_id, number"
    _rec_name = "move_id"

    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    number = fields.Integer(string="Step", readonly=True, aggregator=None)
    company_id = fields.Many2one(related="move_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(
        string="Customer", related="move_id.commercial_partner_id", store=True, index=True
    )
    user_id = fields.Many2one(
        string="Salesperson", related="move_id.invoice_user_id", store=True, index=True
    )
    invoice_date = fields.Date(related="move_id.invoice_date")
    invoice_date_due = fields.Date(related="move_id.invoice_date_due")
    payment_state = fields.Selection(related="move_id.payment_state")
    currency_id = fields.Many2one(related="move_id.currency_id")
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    percent = fields.Float(
        string="Discount %", digits=(5, 2), readonly=True, aggregator=None
    )
    deadline = fields.Date(readonly=True, index=True, help="The last day of payment.")
    computation = fields.Char(
        readonly=True, help="How the discount reduces the tax, as the payment term said."
    )
    amount_to_pay = fields.Monetary(
        string="To Pay", readonly=True, aggregator=None, help="What settles the invoice in time."
    )
    discount = fields.Monetary(readonly=True, aggregator=None)
    balance_to_pay = fields.Monetary(
        string="To Pay (Company Currency)",
        currency_field="company_currency_id",
        readonly=True,
        aggregator=None,
    )
    reminded_on = fields.Date(
        readonly=True, copy=False, help="When the customer was written to before the deadline."
    )

    _once_an_invoice = models.UniqueIndex(
        "(move_id, number)", "A step of cash discount exists once an invoice."
    )

    # ------------------------------------------------------------------
    # The daily step
    # ------------------------------------------------------------------

    @api.model
    def _remind(self, company):
        """Write to the customers of ``company`` and its branches before a discount ends.

        An invoice is not written about twice for the same step: the day it was is kept with the
        step, in the transaction that puts the e-mail into the outbox.

        :return: a sentence saying how many were written to, empty if none
        """
        days = company.o2c_discount_reminder_days
        template = company.o2c_discount_template_id or self.env.ref(
            "order_to_cash.mail_template_cash_discount", raise_if_not_found=False
        )
        if not days or not template:
            return ""
        today = company._o2c_today()
        # sudo: reminders are the company's, whoever starts the day's cycle
        candidates = self.sudo().search(self._domain_to_remind(company, today, days))
        offers = candidates.move_id._o2c_next_discount(today)
        due = candidates.filtered(
            lambda step: (offer := offers.get(step.move_id.id))
            and offer.number == step.number
            and not step.move_id.no_followup
        )
        stopped = due._stopped(today)
        due = due.filtered(lambda step: step.move_id not in stopped).try_lock_for_update()
        if not due:
            return ""
        due.reminded_on = today
        template.send_mail_batch(due.ids)
        due.move_id._message_log_batch(
            bodies={
                step.move_id.id: self.env._(
                    "Reminder sent: %(percent)s %% cash discount until %(date)s.",
                    percent=step.percent,
                    date=fields.Date.to_string(step.deadline),
                )
                for step in due
            }
        )
        return self.env._("%(count)s reminders of cash discounts sent.", count=len(due))

    @api.model
    def _domain_to_remind(self, company, today, days):
        return (
            Domain("company_id", "child_of", company.id)
            & Domain("reminded_on", "=", False)
            & Domain("deadline", ">=", today)
            & Domain("deadline", "<=", fields.Date.add(today, days=days))
            & Domain("invoice_date", "<", today)
            & Domain("move_id.state", "=", "posted")
            & Domain("move_id.payment_state", "=", "not_paid")
            & Domain("move_id.invoice_payment_term_id.o2c_remind_discount", "=", True)
            & Domain("move_id.partner_id.email", "!=", False)
        )

    def _stopped(self, date):
        """The invoices among those of these steps that are blocked or disputed on ``date``."""
        invoices = self.move_id
        blocks = self.env["o2c.dunning.block"].search(
            self.env["o2c.dunning.block"]._in_force_domain(date)
            & Domain("company_id", "parent_of", invoices.company_id.ids)
            & (
                Domain("invoice_id", "in", invoices.ids)
                | Domain("partner_id", "in", self.partner_id.ids)
            )
        )
        disputes = self.env["o2c.payment.dispute"].search(
            Domain("invoice_id", "in", invoices.ids) & Domain("state", "=", "open")
        )
        return blocks.invoice_id | disputes.invoice_id | invoices.filtered(
            lambda move: any(
                block.partner_id == move.commercial_partner_id
                and block.company_id in move.company_id.parent_ids
                for block in blocks
            )
        )

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    def _offers(self):
        """These steps, of one invoice, as :class:`cash_discount.Offer`."""
        return tuple(
            cash_discount.Offer(
                number=step.number,
                percent=step.percent,
                deadline=step.deadline,
                to_pay=step.amount_to_pay,
                discount=step.discount,
            )
            for step in self
        )

    def action_view_invoice(self):
        """Open the invoice."""
        self.ensure_one()
        return self.move_id._get_records_action()
