"""From rows to typed documents, with what is wrong with each row."""

import hashlib
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from .cells import clean_text, parse_date, parse_flag, parse_number
from .layout import FUTURE, OPEN, SETTLED, Invoice, Issue, OrderLine


class _Reader:
    """Reads the cells of one row by target and gathers what is wrong with them."""

    def __init__(self, row, columns, formats):
        self.row = row
        self.columns = columns
        self.formats = formats
        self.issues = []
        if row.broken:
            self.issue("broken_row", value=row.cells[0][:200])
        elif row.missing > 0:
            self.issue("too_few_cells", count=row.missing)
        elif row.missing < 0:
            self.issue("too_many_cells", count=-row.missing)

    @property
    def is_misshapen(self):
        """Whether the cells cannot be told: what they seem to hold is no issue of its own."""
        return self.row.broken or self.row.missing

    def issue(self, code, target="", value="", warning=False, **values):
        if self.is_misshapen and self.issues:
            return
        texts = {key: str(entry) for key, entry in values.items()}
        self.issues.append(Issue(self.row.number, code, target, str(value), texts, warning))

    def raw(self, target):
        column = self.columns.get(target)
        if column is None or self.row.broken:
            return None
        return self.row.cells[column]

    def text(self, target, required=False):
        text = clean_text(self.raw(target))
        if required and not text:
            self.issue("missing", target)
        return text

    def date(self, target, required=False):
        return self._parsed(target, required, "bad_date", lambda v: parse_date(v, self.formats.date))

    def number(self, target, required=False):
        return self._parsed(
            target, required, "bad_number", lambda v: parse_number(v, self.formats.decimal)
        )

    def quantity(self, target, required=False):
        return self._rounded(target, self.number(target, required), self.formats.quantity_decimals)

    def price(self, target, required=False):
        return self._rounded(target, self.number(target, required), self.formats.price_decimals)

    def money(self, target, currency, required=False):
        number = self.number(target, required)
        return self._rounded(target, number, self.formats.currencies.get(currency))

    def flag(self, target):
        return bool(self._parsed(target, False, "bad_flag", parse_flag))

    def currency(self):
        code = self.text("currency").upper() or self.formats.currency
        if code not in self.formats.currencies:
            self.issue("unknown_currency", "currency", code)
        return code

    def _parsed(self, target, required, code, parse):
        raw = self.raw(target)
        try:
            value = parse(raw)
        except (ValueError, InvalidOperation, OverflowError):
            self.issue(code, target, clean_text(raw))
            return None
        if required and value is None:
            self.issue("missing", target)
        return value

    def _rounded(self, target, number, decimals):
        if number is None or decimals is None:
            return number
        if abs(number) >= 10**15:
            self.issue("bad_number", target, clean_text(self.raw(target)))
            return None
        rounded = round(number, decimals)
        if abs(rounded - number) > Decimal("0.000001"):
            # Most likely a thousands separator taken for a decimal point.
            self.issue(
                "too_precise", target, clean_text(self.raw(target)), decimals=decimals
            )
            return None
        return rounded


def _readers(table, mapping, formats):
    columns = {target: column for column, target in enumerate(mapping) if target}
    for row in table.rows:
        yield _Reader(row, columns, formats)


def read_invoices(table, mapping, formats):
    """Read and check the rows of open receivables, each by itself and against the rows before it.

    :param Table table: the file
    :param mapping: for each column a target key or None
    :param Formats formats: how dates and numbers are written
    :return: list of :class:`Invoice`, one a row, in the order of the file
    """
    invoices = [_read_invoice(reader) for reader in _readers(table, mapping, formats)]
    return _refuse_repeated(invoices)


def _read_invoice(reader):
    number = reader.text("number", required=True)
    customer = reader.text("customer", required=True)
    currency = reader.currency()
    invoice_date = reader.date("invoice_date", required=True)
    due_date = reader.date("due_date", required=True)
    amount = reader.money("amount", currency, required=True)
    open_amount = reader.money("open_amount", currency)
    company_amount = reader.money("company_amount", reader.formats.currency)
    settled_date = reader.date("settled_date")
    disputed = reader.flag("disputed")
    _check_invoice_dates(reader, invoice_date, due_date, settled_date)
    _check_amounts(reader, amount, open_amount, settled_date)
    _check_company_amount(reader, currency, amount, open_amount, company_amount)
    return Invoice(
        row=reader.row.number,
        number=number,
        customer=customer,
        customer_name=reader.text("customer_name"),
        invoice_date=invoice_date,
        due_date=due_date,
        amount=amount,
        open_amount=open_amount,
        disputed=disputed,
        settled_date=settled_date,
        currency=currency,
        company_amount=company_amount,
        issues=tuple(reader.issues),
    )


def _check_invoice_dates(reader, invoice_date, due_date, settled_date):
    if not invoice_date:
        return
    if settled_date and settled_date < invoice_date:
        reader.issue(
            "settled_before_invoiced", "settled_date", settled_date, invoice_date=invoice_date
        )
    if due_date and due_date < invoice_date:
        reader.issue(
            "due_before_invoiced", "due_date", due_date, warning=True, invoice_date=invoice_date
        )


def _check_amounts(reader, amount, open_amount, settled_date):
    if amount is None:
        return
    if not amount:
        reader.issue("zero_amount", "amount")
    elif open_amount is None:
        return
    elif open_amount * amount < 0:
        reader.issue("open_other_sign", "open_amount", open_amount, amount=amount)
    elif abs(open_amount) > abs(amount):
        reader.issue("open_over_amount", "open_amount", open_amount, amount=amount)
    elif not open_amount and not settled_date:
        reader.issue("nothing_open", "open_amount", open_amount)


def _check_company_amount(reader, currency, amount, open_amount, company_amount):
    """The amount in the company's currency sets the rate, so it must go with the open amount."""
    if company_amount is None or not amount:
        return
    outstanding = amount if open_amount is None else open_amount
    if not company_amount and not outstanding:
        # How a list shows what is settled: there is no rate in it.
        return
    if company_amount * outstanding <= 0:
        reader.issue("open_other_sign", "company_amount", company_amount, amount=outstanding)
    elif currency == reader.formats.currency and company_amount != outstanding:
        reader.issue("company_amount_differs", "company_amount", company_amount, amount=outstanding)


def _refuse_repeated(invoices):
    first = {}
    checked = []
    for invoice in invoices:
        if invoice.number and first.setdefault(invoice.number, invoice.row) != invoice.row:
            place = {"first": first[invoice.number]}
            invoice = flagged(invoice, "repeated_number", "number", invoice.number, place)
        checked.append(invoice)
    return checked


def state_at(invoice, opening):
    """Where a good invoice stood at the end of the ``opening`` day.

    :return: ``FUTURE`` when it was invoiced later, ``SETTLED`` when it was settled by then, else
        ``OPEN``
    """
    if invoice.invoice_date > opening:
        return FUTURE
    if invoice.settled_date and invoice.settled_date <= opening:
        return SETTLED
    return OPEN


def check_at(invoice, opening):
    """The invoice with the issues that show only by its state at the ``opening`` date.

    An open amount contradicts a settlement before the opening; nothing open contradicts a
    settlement after it, but that is how a list printed later looks: the invoice was open in full.
    """
    if invoice.is_bad:
        return invoice
    state = state_at(invoice, opening)
    if state == SETTLED and invoice.open_amount:
        code, warning = "settled_but_open", False
    elif state == OPEN and not invoice.outstanding:
        code, warning = "settled_later", True
    else:
        return invoice
    settled = {"settled_date": invoice.settled_date}
    invoice = flagged(invoice, code, "open_amount", invoice.open_amount, settled, warning)
    return replace(invoice, open_amount=None) if warning else invoice


def is_overdue(due_date, opening):
    """Whether something due on ``due_date`` is in arrears at the ``opening`` date.

    What falls due on that very day is not.
    """
    return due_date < opening


def read_orders(table, mapping, formats, kind):
    """Read and check the rows of open or delivered orders.

    The rows of one order are taken or refused together: half an order would be a wrong one.

    :param kind: ``order`` (the quantity is what is still to be delivered) or ``delivered``
    :return: list of :class:`OrderLine`, one a row, in the order of the file
    """
    read = _read_open_line if kind == "order" else _read_delivered_line
    lines = [read(reader) for reader in _readers(table, mapping, formats)]
    return refuse_whole_orders(_refuse_differing_headers(lines))


def _read_open_line(reader):
    quantity = reader.quantity("quantity", required=True)
    if quantity is not None and quantity <= 0:
        reader.issue("not_positive", "quantity", quantity)
    return _read_order_line(reader, quantity, Decimal(0), Decimal(0), date_required=True)


def _read_delivered_line(reader):
    delivered = reader.quantity("delivered", required=True)
    ordered = reader.quantity("quantity")
    invoiced = reader.quantity("invoiced") or Decimal(0)
    if delivered is None:
        return _read_order_line(reader, ordered, Decimal(0), invoiced)
    quantity = delivered if ordered is None else ordered
    if quantity <= 0:
        reader.issue("not_positive", "quantity", quantity)
    if delivered < 0:
        reader.issue("negative", "delivered", delivered)
    elif delivered > quantity:
        reader.issue("over_delivered", "delivered", delivered, warning=True, quantity=quantity)
    if invoiced < 0:
        reader.issue("negative", "invoiced", invoiced)
    elif invoiced > max(quantity, delivered):
        reader.issue("over_invoiced", "invoiced", invoiced, quantity=max(quantity, delivered))
    return _read_order_line(reader, quantity, delivered, invoiced)


def _read_order_line(reader, quantity, delivered, invoiced, date_required=False):
    currency = reader.currency()
    discount = reader.number("discount") or Decimal(0)
    if not 0 <= discount <= 100:
        reader.issue("bad_discount", "discount", discount)
    return OrderLine(
        row=reader.row.number,
        number=reader.text("number", required=True),
        customer=reader.text("customer", required=True),
        customer_name=reader.text("customer_name"),
        order_date=reader.date("order_date", required=date_required),
        product=reader.text("product", required=True),
        quantity=quantity,
        delivered=delivered,
        invoiced=invoiced,
        price=reader.price("price", required=True),
        discount=discount,
        commitment_date=reader.date("commitment_date"),
        warehouse=reader.text("warehouse"),
        currency=currency,
        issues=tuple(reader.issues),
    )


# What all the rows of an order have in common.
ORDER_HEADER = ("customer", "order_date", "commitment_date", "warehouse", "currency")


def _refuse_differing_headers(lines):
    first = {}
    checked = []
    for line in lines:
        head = first.setdefault(line.number, line)
        different = [name for name in ORDER_HEADER if getattr(line, name) != getattr(head, name)]
        if line.number and different:
            value = getattr(line, different[0]) or ""
            place = {"first": head.row, "number": line.number}
            line = flagged(line, "differs_in_order", different[0], value, place)
        checked.append(line)
    return checked


def refuse_whole_orders(lines):
    """Add an issue to every good row of an order that has a bad row."""
    bad_row = {}
    for line in lines:
        if line.is_bad and line.number:
            bad_row.setdefault(line.number, line.row)
    return [
        flagged(line, "order_refused", "number", line.number, {"bad": bad_row[line.number]})
        if line.number in bad_row and not line.is_bad
        else line
        for line in lines
    ]


def fingerprint(lines):
    """What an order says, as a short text: equal for equal orders, whatever the row order.

    :param lines: the :class:`OrderLine` of one order
    """
    parts = sorted(
        "|".join([
            line.customer,
            line.product,
            *(
                str(Decimal(value).normalize())
                for value in (line.quantity, line.delivered, line.invoiced, line.price, line.discount)
            ),
        ])
        for line in lines
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def flagged(row, code, target, value, values=None, warning=False):
    """A row (:class:`Invoice` or :class:`OrderLine`) with one more issue."""
    texts = {key: str(entry) for key, entry in (values or {}).items()}
    issue = Issue(row.row, code, target, str(value), texts, warning)
    return replace(row, issues=(*row.issues, issue))
