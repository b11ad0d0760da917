"""Core knows one early discount an invoice: it sees the one that holds on the day of payment."""

from contextlib import contextmanager

from odoo import api, fields, models
from odoo.tools import format_date
from odoo.tools.misc import formatLang

from odoo.addons.order_to_cash.algorithms import cash_discount


@contextmanager
def seen_with(values):
    """Within the block, records are read with other values than they have.

    Core's methods read the one discount of an invoice from its payment term and its receivable
    item, where we cannot hand them another. Nothing is written: values are put back as they were.

    :param values: list of (record, {name of a stored field: value})
    """
    before = []
    try:
        for record, changes in values:
            record.flush_recordset(list(changes))
            for name, value in changes.items():
                field = record._fields[name]
                before.append((record, field, field.convert_to_cache(record[name], record)))
                field._update_cache(record, field.convert_to_cache(value, record))
        yield
    finally:
        for record, field, value in reversed(before):
            field._update_cache(record, value)


class AccountMove(models.Model):
    _inherit = "account.move"

    o2c_cash_discount_ids = fields.One2many(
        "o2c.cash.discount",
        "move_id",
        groups=fields.NO_ACCESS,
        help="The steps of cash discount as they were when the invoice was posted.",
    )
    o2c_discount_note = fields.Char(
        string="Cash Discount",
        compute="_compute_o2c_discount_note",
        groups="base.group_user",
        help="What is to be paid until when.",
    )

    @api.depends("o2c_cash_discount_ids", "state", "payment_state", "amount_residual")
    @api.depends_context("lang")
    def _compute_o2c_discount_note(self):
        self.o2c_discount_note = False
        offers = self._o2c_open_discounts()
        for move in self:
            move.o2c_discount_note = " · ".join(
                self.env._(
                    "%(percent)s %% until %(date)s: %(amount)s",
                    percent=f"{offer.percent:g}",
                    date=format_date(self.env, offer.deadline),
                    amount=formatLang(self.env, offer.to_pay, currency_obj=move.currency_id),
                )
                for offer in offers.get(move.id, ())
            )

    # ------------------------------------------------------------------
    # For letters, e-mails and the portal
    # ------------------------------------------------------------------

    def _o2c_next_discount(self, on_date=None):
        """The cash discount that the customer of each invoice can still take.

        :param on_date: a local date; today by default
        :return: {id of the invoice: :class:`cash_discount.Offer`} with ``deadline``, ``percent``,
            ``discount`` and ``to_pay`` in the currency of the invoice; those without are left out
        """
        found = {}
        for move_id, offers in self._o2c_open_discounts().items():
            day = on_date or self.browse(move_id).sudo().company_id._o2c_today()
            offer = cash_discount.offer_on(offers, day)
            if offer:
                found[move_id] = offer
        return found

    def _o2c_open_discounts(self):
        """Every step of the open invoices of which nothing was paid yet, past ones included.

        :return: {id of the invoice: list of :class:`cash_discount.Offer`}
        """
        # sudo: whoever sees the invoice may know what discount it offers
        return {
            move.id: move.o2c_cash_discount_ids._offers()
            for move in self.sudo()
            if move.o2c_cash_discount_ids
            and move.state == "posted"
            and move.payment_state == "not_paid"
            and move.company_id.o2c_use_dunning
        }

    # ------------------------------------------------------------------
    # Posting
    # ------------------------------------------------------------------

    def _post(self, soft=True):
        posted = super()._post(soft)
        posted._o2c_freeze_discounts()
        return posted

    def _o2c_freeze_discounts(self):
        """Keep the steps of the payment term as these invoices have them."""
        invoices = self.filtered(
            lambda move: move.move_type in ("out_invoice", "out_receipt")
            and move.company_id.o2c_use_dunning
        )
        # sudo: the steps are the system's, whoever posts
        Discount = self.env["o2c.cash.discount"].sudo()
        new, old = [], Discount
        for move in invoices.sudo():
            wanted = move._o2c_discount_values()
            frozen = move.o2c_cash_discount_ids
            same = [
                {name: discount[name] for name in values}
                for discount, values in zip(frozen.sorted("number"), wanted, strict=False)
            ]
            for values in same:
                values["move_id"] = move.id
            if len(frozen) != len(wanted) or same != wanted:
                old += frozen
                new += wanted
        old.unlink()
        if new:
            Discount.create(new)

    def _o2c_discount_values(self):
        """Values of ``o2c.cash.discount`` for this one invoice, in the order of the steps."""
        self.ensure_one()
        term = self.invoice_payment_term_id
        line = self.line_ids.filtered(lambda line: line.display_type == "payment_term")
        if not term.early_discount or len(line) != 1 or not line.discount_date:
            return []
        currency, company_currency = self.currency_id, self.company_currency_id
        rounding = self.invoice_cash_rounding_id

        def to_coin(amount):
            amount = currency.round(amount)
            return amount + rounding.compute_difference(currency, amount) if rounding else amount

        start = self.invoice_date or self.date
        total, balance = abs(line.amount_currency), abs(line.balance)
        offers = term._o2c_offers(start, self.amount_total, self.amount_untaxed, to_coin)
        values = []
        for offer in offers:
            if offer.number == 1:
                # Core's own, to the cent.
                to_pay = abs(line.discount_amount_currency)
                balance_to_pay = abs(line.discount_balance)
            elif rounding:
                to_pay = offer.to_pay
                balance_to_pay = company_currency.round(to_pay * balance / total) if total else 0.0
            else:
                to_pay = offer.to_pay
                balance_to_pay = cash_discount.amount_to_pay(
                    offer.percent,
                    balance,
                    abs(self.amount_untaxed_signed),
                    term.early_pay_discount_computation or "included",
                    company_currency.round,
                )
            values.append({
                "move_id": self.id,
                "number": offer.number,
                "percent": offer.percent,
                "deadline": line.discount_date if offer.number == 1 else offer.deadline,
                "computation": term.early_pay_discount_computation or "included",
                "amount_to_pay": to_pay,
                "discount": currency.round(total - to_pay),
                "balance_to_pay": balance_to_pay,
            })
        return values

    # ------------------------------------------------------------------
    # Core sees the step of the day
    # ------------------------------------------------------------------

    def _o2c_as_core_sees_it(self, discount, **line_values):
        """The values by which core takes ``discount`` for the early discount of this invoice."""
        self.ensure_one()
        line = self.line_ids.filtered(lambda line: line.display_type == "payment_term")
        sign = 1 if line.balance >= 0 else -1
        return [
            (
                self.invoice_payment_term_id,
                {
                    "early_discount": True,
                    "discount_percentage": discount.percent,
                    "early_pay_discount_computation": discount.computation,
                },
            ),
            (
                line,
                {
                    "discount_date": discount.deadline,
                    "discount_amount_currency": sign * discount.amount_to_pay,
                    "discount_balance": sign * discount.balance_to_pay,
                    **line_values,
                },
            ),
        ]

    def _o2c_discount_on(self, day):
        """The ``o2c.cash.discount`` that this one invoice offers on ``day``, in sudo."""
        # sudo: whoever pays an invoice takes its discount
        discounts = self.sudo().o2c_cash_discount_ids
        offer = day and cash_discount.offer_on(discounts._offers(), day)
        return discounts.filtered(lambda discount: offer and discount.number == offer.number)

    @contextmanager
    def _o2c_at(self, day):
        """Within the block, core sees the discount that this one invoice offers on ``day``."""
        if self.state != "posted" or not self.company_id.sudo().o2c_use_dunning:
            yield
            return
        discount = self._o2c_discount_on(day)
        with seen_with(self._o2c_as_core_sees_it(discount) if discount else []):
            yield

    def _is_eligible_for_early_payment_discount(self, currency, reference_date):
        self.ensure_one()
        with self._o2c_at(reference_date):
            return super()._is_eligible_for_early_payment_discount(currency, reference_date)

    def _get_invoice_next_payment_values(self, custom_amount=None):
        self.ensure_one()
        with self._o2c_at(fields.Date.context_today(self)):
            return super()._get_invoice_next_payment_values(custom_amount)

    def _get_invoice_counterpart_amls_for_early_payment_discount_per_payment_term_line(self):
        day = self.env.context.get("o2c_discount_day") or fields.Date.context_today(self)
        with self._o2c_at(day):
            return super()._get_invoice_counterpart_amls_for_early_payment_discount_per_payment_term_line()

    @api.model
    def _get_invoice_counterpart_amls_for_early_payment_discount(self, aml_values_list, open_balance):
        day = self._o2c_day_of_payment(aml_values_list, open_balance)
        if day:
            aml_values_list = [
                {**values, "aml": values["aml"].with_context(o2c_discount_day=day)}
                for values in aml_values_list
            ]
        return super()._get_invoice_counterpart_amls_for_early_payment_discount(
            aml_values_list, open_balance
        )

    @api.model
    def _o2c_day_of_payment(self, aml_values_list, open_balance):
        """The day whose discount is to be booked.

        Who registers a payment says so. Whoever matches a bank statement says only what is left
        open of an invoice: by that we know the step.
        """
        day = self.env.context.get("o2c_discount_day")
        if day or len(aml_values_list) != 1:
            return day
        line = aml_values_list[0]["aml"]
        # sudo: whoever matches a payment takes the discount of its invoice
        for discount in line.move_id.sudo().o2c_cash_discount_ids:
            left = abs(line.balance) - discount.balance_to_pay
            if line.company_currency_id.is_zero(left - abs(open_balance)):
                return discount.deadline
        return day


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _get_installments_data(self, payment_currency=None, payment_date=None, next_payment_date=None):
        day = payment_date or fields.Date.context_today(self)
        with self.move_id._o2c_at(day):
            return super()._get_installments_data(payment_currency, payment_date, next_payment_date)
