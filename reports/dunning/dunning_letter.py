from dataclasses import dataclass
from datetime import date

from odoo import api, models


@dataclass(frozen=True, slots=True)
class LetterRow:
    """An open item as the letter shows it; amounts are negative for a credit."""

    name: str
    customer: str
    date: date
    due: date
    days_overdue: int
    total: float
    paid: float
    open: float


class DunningLetter(models.AbstractModel):
    _name = "report.order_to_cash.report_dunning_notice"
    _description = "Reminder Letter"

    @api.model
    def _get_report_values(self, docids, data=None):
        notices = self.env["o2c.dunning.notice"].browse(docids)
        notices.check_access("read")
        return {
            "doc_ids": docids,
            "doc_model": notices._name,
            "docs": notices,
            "letters": self._letters(notices),
        }

    def _letters(self, notices):
        """What the letters say, with one query for the open items of each run."""
        # sudo: a letter is for the customer and shows all that he has open, whatever part of the
        # books its reader may see; the bank accounts on it are the company's own.
        notices = notices.sudo()
        items_of = {}
        for run, group in notices.grouped("run_id").items():
            items = run._gather_open_items(group.partner_id.ids)
            for key, others in run._other_items(items).items():
                items_of[run.id, *key] = others
        move_lines = notices._move_lines(
            item.key for others in items_of.values() for item in others
        )
        move_line_of = {line.id: line for line in move_lines}
        letters = []
        for notice in notices:
            others = [
                self._other_row(notice, item, move_line_of[item.key])
                for item in items_of.get(
                    (notice.run_id.id, notice.partner_id.id, notice.currency_id.id), []
                )
            ]
            letters.append({
                "notice": notice,
                "lang": notice._lang(),
                "overdue": [self._overdue_row(line) for line in notice.line_ids],
                "coming": [row for row in others if row.open > 0],
                "credits": [row for row in others if row.open < 0],
                "to_pay": notice.currency_id.round(
                    notice.total_overdue + sum(row.open for row in others if row.open < 0)
                ),
            })
        return letters

    def _overdue_row(self, line):
        notice = line.notice_id
        return self._row(
            notice,
            line.move_line_id,
            name=line.name,
            due=line.date_due,
            days_overdue=line.days_overdue,
            open=line.amount,
        )

    def _other_row(self, notice, item, move_line):
        return self._row(
            notice,
            move_line,
            name=move_line._o2c_document_name(),
            due=item.due,
            days_overdue=0,
            open=notice.currency_id.round(item.residual),
        )

    def _row(self, notice, move_line, **values):
        total = move_line.amount_currency or values["open"]
        customer = move_line.partner_id.commercial_partner_id
        return LetterRow(
            customer=customer.display_name if customer != notice.partner_id else "",
            date=move_line.move_id.invoice_date or move_line.date,
            total=total,
            paid=notice.currency_id.round(total - values["open"]),
            **values,
        )
