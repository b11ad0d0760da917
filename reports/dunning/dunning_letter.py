from dataclasses import dataclass
from datetime import date
from functools import cache

from odoo import api, models
from odoo.tools.misc import format_amount, format_date

# How many table rows fit on a sheet of A4 or Letter: below the letter head, and on the sheets that
# follow. The PDF engine does not repeat the head of a table, so we start a new one ourselves.
ROWS_ON_FIRST_PAGE = 28
ROWS_ON_PAGE = 44
# A name of more characters takes two lines.
NAME_WIDTH = 30


@dataclass(frozen=True, slots=True)
class LetterRow:
    """An open item as the letter shows it; amounts are negative for a credit."""

    name: str
    customer: str
    issued: date
    due: date
    days_overdue: int
    total: float
    paid: float
    open: float
    kind: str = ""
    until: date | None = None
    stopped: float = 0.0

    @property
    def height(self):
        """Lines of the table that the row takes."""
        return (
            1
            + bool(self.customer)
            + bool(self.kind or self.stopped)
            + (len(self.name) > NAME_WIDTH)
        )


def paginate(sections):
    """Spread the rows over sheets.

    :param sections: list of (name of the section, list of :class:`LetterRow`)
    :return: list of sheets, each a list of (name of the section, rows of it on this sheet, whether
        the section ends here); an empty section is left out
    """
    sheets = [[]]
    space = ROWS_ON_FIRST_PAGE
    for name, rows in sections:
        part = []
        for row in rows:
            if row.height > space:
                if part:
                    sheets[-1].append((name, part, False))
                sheets.append([])
                part, space = [], ROWS_ON_PAGE
            part.append(row)
            space -= row.height
        if part:
            sheets[-1].append((name, part, True))
            # The heading of the section and its total.
            space -= 2
    return sheets


class Writers:
    """What writes dates and amounts of the many rows: QWeb's own widgets take as long for each as all
    the rest of its row."""

    def __init__(self, env):
        self.env = env
        self.date = cache(self._date)
        self.money = cache(self._money)

    def _date(self, lang):
        return cache(lambda day: format_date(self.env, day, lang_code=lang))

    def _money(self, currency, lang):
        return cache(lambda amount: format_amount(self.env, amount, currency, lang_code=lang))


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
            for key, others in run._other_items(items, group).items():
                items_of[run.id, *key] = others
        move_lines = notices._move_lines(
            item.key for others in items_of.values() for item in others
        )
        move_line_of = {line.id: line for line in move_lines}
        writers = Writers(self.env)
        letters = []
        for notice in notices:
            others = [
                self._other_row(notice, item, move_line_of[item.key])
                for item in items_of.get(
                    (notice.run_id.id, notice.partner_id.id, notice.currency_id.id), []
                )
            ]
            credit = [row for row in others if row.open < 0]
            # Lists: a recordset cut out of the lines would read its journal items by itself.
            overdue = [line for line in notice.line_ids if line.days_overdue > 0]
            soon = [line for line in notice.line_ids if line.days_overdue <= 0]
            # Credits pay what is overdue and its cost first, then what is due soon.
            to_pay = notice.currency_id.round(
                notice.total_overdue
                + notice.fee
                + notice.interest
                + sum(row.open for row in credit)
            )
            lang = notice._lang()
            letters.append({
                "notice": notice,
                "lang": lang,
                "date": writers.date(lang),
                "money": writers.money(notice.currency_id, lang),
                "sheets": paginate([
                    ("overdue", [self._line_row(line) for line in overdue]),
                    ("soon", [self._line_row(line) for line in soon]),
                    ("credits", credit),
                    ("coming", [row for row in others if row.open > 0]),
                    ("stopped", [self._stopped_row(item) for item in notice.item_ids]),
                ]),
                "has_credits": bool(credit),
                "has_others": bool(others or notice.item_ids or (overdue and soon)),
                "balance": notice.currency_id.round(notice.total_open + notice.total_stopped),
                "to_pay": to_pay,
                "to_pay_soon": notice.currency_id.round(
                    notice.total_due_soon + min(to_pay, 0.0)
                ),
            })
        return letters

    def _line_row(self, line):
        notice = line.notice_id
        return self._row(
            notice,
            line.move_line_id,
            name=line.name,
            due=line.date_due,
            days_overdue=line.days_overdue,
            open=line.amount,
            stopped=line.amount_stopped,
        )

    def _stopped_row(self, item):
        notice = item.notice_id
        # Of a part, the rest of the document says what it came to and what was paid.
        total = item.amount if item.is_part else 0.0
        return self._row(
            notice,
            item.move_line_id,
            total=total,
            name=item.name,
            due=item.date_due,
            days_overdue=max((notice.date - item.date_due).days, 0),
            open=item.amount,
            kind=item.kind,
            until=item.until,
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

    def _row(self, notice, move_line, total=0.0, **values):
        total = total or move_line.amount_currency or values["open"]
        customer = move_line.partner_id.commercial_partner_id
        return LetterRow(
            customer=customer.display_name if customer != notice.partner_id else "",
            issued=move_line.move_id.invoice_date or move_line.date,
            total=total,
            paid=notice.currency_id.round(total - values["open"] - values.get("stopped", 0.0)),
            **values,
        )
