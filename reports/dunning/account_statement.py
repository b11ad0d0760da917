import datetime
from dataclasses import dataclass

from odoo import api, models

from odoo.addons.order_to_cash.algorithms.ageing import BUCKETS

from ..xlsx import Column, Sheet, workbook
from .dunning_letter import paginate

NAME_WIDTH = 34
# Lines that the balance at the end, the ageing and the heading of the next currency take.
CLOSING_HEIGHT = 8


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A line of a printed statement.

    ``kind`` is that of an entry, or ``opening`` or ``closing``; ``balance`` is what the customer
    owes after it or, among open items, what is left of it.
    """

    kind: str
    name: str = ""
    customer: str = ""
    date: datetime.date | None = None
    due: datetime.date | None = None
    days_overdue: int = 0
    amount: float = 0.0
    balance: float = 0.0

    @property
    def height(self):
        """Lines of the table that the row takes."""
        if self.kind == "closing":
            return CLOSING_HEIGHT
        return 1 + bool(self.customer) + (len(self.name) > NAME_WIDTH)


class AccountStatementReport(models.AbstractModel):
    _name = "report.order_to_cash.report_account_statement"
    _description = "Statement of Account"

    @api.model
    def _get_report_values(self, docids, data=None):
        wizards = self.env["o2c.account.statement.print"].browse(docids)
        for wizard in wizards:
            wizard._check_ready()
        return {
            "doc_ids": docids,
            "doc_model": wizards._name,
            "docs": wizards,
            "statements": [letter for wizard in wizards for letter in self._letters(wizard)],
        }

    def _letters(self, wizard):
        """What each statement says. Whoever calls has checked that the user may see it."""
        documents = wizard._documents()
        describe = self._describer(documents)
        # sudo: the statement shows the address and the language of the customer.
        contacts = wizard.sudo()._customers()._o2c_statement_contacts()
        letters = []
        for partner, statements in documents:
            partner_sudo = partner.sudo()
            contact = contacts[partner_sudo]
            sections = [
                (item.currency, self._rows(wizard, partner, item, describe)) for item in statements
            ]
            letters.append({
                "wizard": wizard.sudo(),
                "partner": partner_sudo,
                "contact": contact,
                "reference": wizard._reference(partner),
                "lang": partner_sudo._o2c_statement_lang(contact, wizard.company_id.sudo()),
                "is_open": wizard.kind == "open",
                "statements": {item.currency: item for item in statements},
                "currencies": {
                    item.currency: self.env["res.currency"].browse(item.currency)
                    for item in statements
                },
                "buckets": BUCKETS,
                "sections": sections,
                "sheets": paginate(sections),
            })
        return letters

    def _describer(self, documents):
        """A function (entry, partner) -> what the entry is called, and whose it is if not his."""
        entries = [
            entry
            for _partner, statements in documents
            for item in statements
            for entry in (*item.open_items, *(line.entry for line in item.lines))
        ]
        # sudo: a statement is for the customer and shows all that he has open, whatever part of
        # the books its reader may see; only the numbers of his documents and names are read.
        lines = self.env["account.move.line"].sudo().browse({entry.key for entry in entries})
        names = {line.id: line._o2c_document_name() for line in lines}
        customers = self.env["res.partner"].sudo().browse({entry.customer for entry in entries})
        name_of = {customer.id: customer.display_name for customer in customers}

        def describe(entry, partner):
            whose = name_of[entry.customer] if entry.customer != partner.id else ""
            return names[entry.key], whose

        return describe

    def _rows(self, wizard, partner, item, describe):
        closing = StatementRow("closing", balance=item.closing)
        if wizard.kind == "open":
            return [
                *(
                    self._row(wizard, partner, entry, entry.open, describe)
                    for entry in item.open_items
                ),
                closing,
            ]
        return [
            StatementRow("opening", date=wizard.date_from, balance=item.opening),
            *(
                self._row(wizard, partner, line.entry, line.balance, describe)
                for line in item.lines
            ),
            closing,
        ]

    def _row(self, wizard, partner, entry, balance, describe):
        name, customer = describe(entry, partner)
        return StatementRow(
            kind=entry.kind,
            name=name,
            customer=customer,
            date=entry.date,
            due=entry.due,
            days_overdue=max((wizard.date_to - entry.due).days, 0),
            amount=entry.amount,
            balance=balance,
        )

    # ------------------------------------------------------------------
    # Spreadsheet
    # ------------------------------------------------------------------

    @api.model
    def _xlsx(self, wizard):
        """The statements of ``wizard`` as a spreadsheet: movements, open items and balances."""
        wizard._check_ready()
        documents = wizard._documents()
        describe = self._describer(documents)
        sheets = [self._xlsx_open_items(wizard, documents, describe), self._xlsx_ageing(documents)]
        if wizard.kind == "movements":
            sheets.insert(0, self._xlsx_movements(wizard, documents, describe))
        return workbook(*sheets)

    def _kinds(self):
        labels = dict(
            self.env["o2c.aged.receivable"]._fields["kind"]._description_selection(self.env)
        )
        return labels | {"settled": self.env._("Settled Otherwise")}

    def _xlsx_movements(self, wizard, documents, describe):
        kinds = self._kinds()
        rows = []
        for partner, currency, item in self._each(documents):
            customer = partner.display_name
            opening = self.env._("Opening Balance")
            rows.append([
                customer, currency, wizard.date_from, opening, "", "", None, None, item.opening
            ])
            for line in item.lines:
                entry = line.entry
                name, whose = describe(entry, partner)
                rows.append([
                    customer,
                    currency,
                    entry.date,
                    kinds[entry.kind],
                    name,
                    whose,
                    entry.due,
                    entry.amount,
                    line.balance,
                ])
            closing = self.env._("Closing Balance")
            rows.append([
                customer, currency, wizard.date_to, closing, "", "", None, None, item.closing
            ])
        columns = [
            Column(self.env._("Customer"), width=32),
            Column(self.env._("Currency"), width=10),
            Column(self.env._("Date"), "date", 12),
            Column(self.env._("Kind"), width=18),
            Column(self.env._("Document"), width=28),
            Column(self.env._("Invoiced Customer"), width=24),
            Column(self.env._("Due Date"), "date", 12),
            Column(self.env._("Amount"), "money"),
            Column(self.env._("Balance"), "money"),
        ]
        return Sheet(self.env._("Movements"), columns, rows)

    def _xlsx_open_items(self, wizard, documents, describe):
        kinds = self._kinds()
        rows = []
        for partner, currency, item in self._each(documents):
            for entry in item.open_items:
                name, whose = describe(entry, partner)
                rows.append([
                    partner.display_name,
                    currency,
                    entry.date,
                    kinds[entry.kind],
                    name,
                    whose,
                    entry.due,
                    max((wizard.date_to - entry.due).days, 0),
                    entry.amount,
                    entry.open,
                ])
        columns = [
            Column(self.env._("Customer"), width=32),
            Column(self.env._("Currency"), width=10),
            Column(self.env._("Date"), "date", 12),
            Column(self.env._("Kind"), width=18),
            Column(self.env._("Document"), width=28),
            Column(self.env._("Invoiced Customer"), width=24),
            Column(self.env._("Due Date"), "date", 12),
            Column(self.env._("Days Overdue"), "count", 12),
            Column(self.env._("Original Amount"), "money"),
            Column(self.env._("Open"), "money"),
        ]
        return Sheet(self.env._("Open Items"), columns, rows)

    def _xlsx_ageing(self, documents):
        fields = self.env["o2c.aged.receivable"]._fields
        rows = [
            [partner.display_name, currency, item.closing, *(item.ageing[key] for key in BUCKETS)]
            for partner, currency, item in self._each(documents)
        ]
        columns = [
            Column(self.env._("Customer"), width=32),
            Column(self.env._("Currency"), width=10),
            Column(self.env._("Balance"), "money"),
            *(Column(fields[key]._description_string(self.env), "money") for key in BUCKETS),
        ]
        return Sheet(self.env._("Balances"), columns, rows)

    def _each(self, documents):
        for partner, statements in documents:
            # sudo: the name of the customer, in a portal too.
            for item in statements:
                yield partner.sudo(), self.env["res.currency"].browse(item.currency).name, item
