import datetime
from collections import defaultdict
from dataclasses import dataclass
from math import isfinite

from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date, plaintext2html

from odoo.addons.order_to_cash.algorithms.ageing import BUCKETS

# What customers write is kept to a length that a person reads.
MOST_CHARACTERS = 2000
QUIET = {"mail_create_nosubscribe": True, "mail_create_nolog": True}


@dataclass(frozen=True, slots=True)
class PortalItem:
    """An open item as its customer sees it; amounts are in the currency of the item.

    ``move`` is empty where the document is not the customer's own (he pays for somebody else), so
    that nothing of it but its number is shown. ``promises`` are pairs of a date and an amount,
    ``discount`` the cash discount that he can still take.
    """

    name: str
    kind: str
    customer: str
    date: datetime.date
    due: datetime.date
    days_overdue: int
    amount: float
    open: float
    move_id: int
    move: object = None
    disputed: float = 0.0
    promises: tuple = ()
    discount: object = None
    is_in_process: bool = False

    @property
    def may_dispute(self):
        return bool(self.move) and self.kind == "invoice" and self.open > self.disputed


class O2cPortalReceivables(models.AbstractModel):
    """What a customer sees of his account in the portal, and what he may do there.

    All methods work with the rights of the system on the account of the partner they are given:
    whoever calls them passes the commercial partner of the user, never one from a request.
    """

    _name = "o2c.portal.receivables"
    _description = "Receivables in the Portal"

    @api.model
    def _companies(self):
        """The companies that the user deals with and that use dunning."""
        # sudo: a customer may not read companies; only whose pages he may open is asked for.
        return self.env.user.sudo().company_ids.root_id.filtered("o2c_use_dunning")

    @api.model
    def _account(self, partner, company):
        """What ``partner`` has open with ``company`` today.

        :return: list of dicts with ``currency``, ``items`` (list of :class:`PortalItem`), ``total``,
            ``overdue``, ``ageing`` (by bucket) and ``promisable``, what he may still promise
        """
        # sudo: see the class; the statement reads the documents of this partner only.
        records = self.sudo()
        today = company._o2c_today()
        [statements] = records.env["o2c.account.statement"]._get_statements(
            partner, company, today, today
        ).values()
        lines = records.env["account.move.line"].browse(
            item.key for statement in statements for item in statement.open_items
        )
        line_of = {line.id: line for line in lines}
        marks = records._marks(partner, company, lines.move_id)
        account = []
        for statement in statements:
            items = [
                records._item(item, line_of[item.key], partner, today, marks)
                for item in statement.open_items
            ]
            currency = records.env["res.currency"].browse(statement.currency)
            account.append({
                "currency": currency,
                "items": items,
                "total": statement.closing,
                "overdue": currency.round(
                    sum(statement.ageing[name] for name in BUCKETS if name != BUCKETS[0])
                ),
                "ageing": statement.ageing,
                "promisable": records._promisable(currency, items, marks),
            })
        return [part for part in account if part["items"]]

    def _marks(self, partner, company, moves):
        disputed = self.env["o2c.payment.dispute"]._disputed_by_invoice(moves)
        promises = self.env["o2c.payment.promise"].search([
            ("partner_id", "=", partner.id),
            ("company_id", "child_of", company.id),
            ("state", "=", "open"),
        ], order="date, id")
        by_invoice = defaultdict(list)
        for promise in promises:
            for invoice in promise.invoice_ids:
                by_invoice[invoice.id].append((promise.date, promise.amount))
        return {
            "disputed": disputed,
            "promises": promises,
            "by_invoice": by_invoice,
            "discounts": moves._o2c_next_discount(company._o2c_today()),
        }

    def _item(self, item, line, partner, today, marks):
        move = line.move_id
        is_own = item.customer == partner.id
        is_invoice = item.kind == "invoice"
        customer = line.partner_id.commercial_partner_id
        return PortalItem(
            name=line._o2c_document_name(),
            kind=item.kind,
            customer="" if is_own else customer.display_name,
            date=item.date,
            due=item.due,
            days_overdue=max((today - item.due).days, 0) if item.open > 0 else 0,
            amount=item.amount,
            open=item.open,
            move_id=move.id,
            move=move if is_own and is_invoice else None,
            disputed=marks["disputed"].get(move.id, 0.0) if is_invoice else 0.0,
            promises=tuple(marks["by_invoice"].get(move.id, ())) if is_invoice else (),
            discount=marks["discounts"].get(move.id) if is_invoice else None,
            is_in_process=is_invoice and move.payment_state == "in_payment",
        )

    def _promisable(self, currency, items, marks):
        """What is claimed in ``currency`` and not promised yet."""
        promised = sum(
            promise.amount - promise.paid_amount
            for promise in marks["promises"]
            if promise.currency_id == currency
        )
        claimed = sum(item.open for item in items if item.kind == "invoice")
        return currency.round(max(claimed - promised, 0.0))

    @api.model
    def _count_open(self, partner, companies):
        """How many items ``partner`` has open."""
        return sum(
            len(statement.open_items)
            for company in companies
            for statement in self.sudo().env["o2c.account.statement"]._get_statements(
                partner, company, company._o2c_today(), company._o2c_today()
            )[partner.id]
        )

    @api.model
    def _has_account(self, partner, companies):
        """Whether ``companies`` ever invoiced ``partner`` or somebody whom he pays for."""
        # sudo: only whether there is anything to show is asked for.
        return bool(companies) and bool(
            self.env["account.move"].sudo().search_count([
                ("state", "=", "posted"),
                ("move_type", "in", ("out_invoice", "out_refund", "out_receipt")),
                ("company_id", "child_of", companies.ids),
                "|",
                ("commercial_partner_id", "=", partner.id),
                ("commercial_partner_id.o2c_payer_id", "=", partner.id),
            ], limit=1)
        )

    @api.model
    def _notices(self, partner, companies):
        """The reminders that ``partner`` received from ``companies``."""
        # sudo: a customer may not read reminders; he sees those sent to him, without the chatter.
        return self.env["o2c.dunning.notice"].sudo().search([
            ("partner_id", "=", partner.id),
            ("company_id", "child_of", companies.ids),
            ("sent_on", "!=", False),
        ], order="date desc, id desc")

    # ------------------------------------------------------------------
    # What the customer does
    # ------------------------------------------------------------------

    @api.model
    def _own_invoice(self, partner, companies, invoice_id):
        """The open invoice of this id if it is one of ``partner``, else an empty record."""
        # sudo: found by his own id only.
        return self.env["account.move"].sudo().search([
            ("id", "=", invoice_id),
            ("commercial_partner_id", "=", partner.id),
            ("move_type", "in", ("out_invoice", "out_receipt")),
            ("state", "=", "posted"),
            ("company_id", "child_of", companies.ids),
        ])

    @api.model
    def _dispute(self, invoice, amount, category, reason):
        """Open a dispute of ``invoice``, which is the customer's own.

        :param amount: the disputed part as the customer typed it
        :param category: a key of the kinds of dispute
        :param reason: what he writes
        :raise ValidationError: with what he has to correct
        """
        Dispute = self.env["o2c.payment.dispute"]
        reason = self._text(reason)
        if not reason:
            raise ValidationError(self.env._("Please tell us what is wrong with the invoice."))
        if category not in dict(Dispute._fields["category"].selection):
            raise ValidationError(self.env._("Please choose the kind of your objection."))
        amount = self._amount(amount, invoice.currency_id)
        left = invoice.currency_id.round(
            invoice.amount_residual - Dispute._disputed_by_invoice(invoice).get(invoice.id, 0.0)
        )
        if invoice.currency_id.compare_amounts(amount, left) > 0:
            raise ValidationError(
                self.env._(
                    "You can dispute at most %(left)s of this invoice.",
                    left=invoice.currency_id.format(left),
                )
            )
        # sudo: see the class; the invoice is the customer's own and the checks stand above.
        dispute = Dispute.sudo().with_company(invoice.company_id).with_context(**QUIET).create({
            "invoice_id": invoice.id,
            "amount": amount,
            "category": category,
            "reason": reason,
        })
        self._inform(
            dispute,
            dispute.user_id,
            self.env._("Disputed in the portal by %(name)s", name=self.env.user.name),
            reason,
        )
        return dispute

    @api.model
    def _promise(self, partner, company, currency_id, invoice_ids, amount, day, note=""):
        """Record that ``partner`` promises to pay.

        :param currency_id: one of the currencies in which he has something open
        :param invoice_ids: ids of his open invoices in that currency; none for the oldest
        :param amount: as the customer typed it
        :param day: a date as text (YYYY-MM-DD)
        :raise ValidationError: with what he has to correct
        """
        part = next(
            (part for part in self._account(partner, company) if part["currency"].id == currency_id),
            None,
        )
        if not part:
            raise ValidationError(self.env._("You have nothing open in this currency."))
        currency = part["currency"]
        open_of = defaultdict(float)
        for item in part["items"]:
            if item.kind == "invoice" and item.open > 0:
                open_of[item.move_id] += item.open
        if set(invoice_ids) - open_of.keys():
            raise ValidationError(
                self.env._("One of the invoices is no longer open. Please choose again.")
            )
        amount = self._amount(amount, currency)
        chosen = sum(open_of[key] for key in invoice_ids) if invoice_ids else sum(open_of.values())
        most = min(currency.round(chosen), part["promisable"])
        if currency.compare_amounts(amount, most) > 0:
            raise ValidationError(
                self.env._(
                    "The amount is above what is open and not promised yet: %(most)s.",
                    most=currency.format(most),
                )
            )
        day = self._promised_day(company, day)
        # sudo: see the class; partner and invoices are the customer's own.
        promise = (
            self.env["o2c.payment.promise"]
            .sudo()
            .with_company(company)
            .with_context(**QUIET)
            .create({
                "partner_id": partner.id,
                "company_id": company.id,
                "currency_id": currency.id,
                "invoice_ids": [(6, 0, list(invoice_ids))],
                "amount": amount,
                "date": day,
                "note": self._text(note),
            })
        )
        self._inform(
            promise,
            partner.sudo().user_id or company.o2c_collector_id,
            self.env._("Promised in the portal by %(name)s", name=self.env.user.name),
            self._text(note),
        )
        return promise

    def _promised_day(self, company, text):
        today = company._o2c_today()
        last = today + datetime.timedelta(days=company.o2c_portal_promise_days)
        try:
            day = datetime.date.fromisoformat(text or "")
        except ValueError as error:
            raise ValidationError(
                self.env._("Please enter the day on which you will pay.")
            ) from error
        if not today <= day <= last:
            raise ValidationError(
                self.env._(
                    "The day has to be between %(first)s and %(last)s.",
                    first=format_date(self.env, today),
                    last=format_date(self.env, last),
                )
            )
        return day

    def _amount(self, text, currency):
        try:
            amount = float(text)
        except (TypeError, ValueError):
            amount = 0.0
        if not isfinite(amount) or currency.compare_amounts(amount, 0.0) <= 0:
            raise ValidationError(self.env._("Please enter an amount above zero."))
        return currency.round(amount)

    @staticmethod
    def _text(text):
        return (text or "").strip()[:MOST_CHARACTERS]

    def _inform(self, record, user, title, text):
        """Tell ``user`` by an internal note, which no customer ever sees."""
        record.message_post(
            body=plaintext2html(f"{title}\n{text}" if text else title),
            partner_ids=user.partner_id.ids,
            subtype_xmlid="mail.mt_note",
        )
