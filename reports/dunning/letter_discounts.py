from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from odoo import models
from odoo.fields import Domain


@dataclass(frozen=True, slots=True)
class LetterDiscount:
    """A cash discount that the reader of a letter can still take, in the letter's currency."""

    name: str
    deadline: date
    percent: str
    discount: float
    to_pay: float


class DunningLetter(models.AbstractModel):
    """Letters name the discounts that can still be taken: pay by the 10th, save 2 %."""

    _inherit = "report.order_to_cash.report_dunning_notice"

    def _letters(self, notices):
        letters = super()._letters(notices)
        discounts = {}
        # sudo: as what stands on the letter else, for the customer and not for its reader
        for run, group in notices.sudo().grouped("run_id").items():
            for key, found in self._discounts(run, group.partner_id).items():
                discounts[run.id, *key] = found
        for letter in letters:
            notice = letter["notice"]
            letter["discounts"] = discounts.get(
                (notice.run_id.id, notice.partner_id.id, notice.currency_id.id), []
            )
        return letters

    def _discounts(self, run, recipients):
        """What the customers that these recipients pay for can save from the date of the run on.

        :return: {(id of the recipient, id of the currency): list of :class:`LetterDiscount`}
        """
        steps = self.env["o2c.cash.discount"].sudo().search(
            Domain("company_id", "child_of", run.company_id.id)
            & Domain("deadline", ">=", run.date)
            & Domain("move_id.invoice_date", "<=", run.date)
            & Domain("move_id.payment_state", "=", "not_paid")
            & Domain("move_id.state", "=", "posted")
            & (
                Domain("partner_id", "in", recipients.ids)
                | Domain("partner_id.o2c_payer_id", "in", recipients.ids)
            )
        )
        invoices = steps.move_id - steps._stopped(run.date)
        offers = invoices._o2c_next_discount(run.date)
        found = defaultdict(list)
        for invoice in invoices.filtered(lambda move: move.id in offers):
            offer = offers[invoice.id]
            customer = invoice.commercial_partner_id
            recipient = customer.o2c_payer_id or customer
            found[recipient.id, invoice.currency_id.id].append(
                LetterDiscount(
                    name=invoice.name,
                    deadline=offer.deadline,
                    percent=f"{offer.percent:g}",
                    discount=offer.discount,
                    to_pay=offer.to_pay,
                )
            )
        return found
