"""Reads the files a company brings from its old system and checks every row of them.

How to use: ``read_table`` turns the bytes of a CSV or XLSX file into headers and numbered rows,
``suggest_mapping`` proposes what each column holds, ``read_invoices`` and ``read_orders`` turn the
rows into typed documents. A row that cannot be read comes back with its issues and is never
dropped; what is wrong is said by a code and the values it is about, the caller words it.

Nothing here knows Odoo: customers, products and currencies are text. Amounts and quantities are
``Decimal``, dates are ``date`` without a time zone.
"""

import csv
import hashlib
import io
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache

MAX_ROWS = 100_000
MAX_COLUMNS = 200
MAX_BYTES = 50 * 1024 * 1024
# What a packed workbook may grow to when it is opened.
MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "utf-16", "gb18030", "big5", "shift_jis", "cp1252", "latin-1")
FUTURE, OPEN, SETTLED = "future", "open", "settled"


class FileError(ValueError):
    """A file that cannot be read at all; ``code`` says why, ``values`` what it is about."""

    def __init__(self, code, **values):
        super().__init__(code)
        self.code = code
        self.values = values


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file: ``number`` as a spreadsheet shows it, the header being row 1.

    ``missing`` counts the cells that the row has less than the header, negative for too many;
    a ``broken`` row could not be split into cells at all.
    """

    number: int
    cells: tuple
    missing: int = 0
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """What was read of a file. Rows without any content are left out."""

    headers: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """Something that a column may hold.

    ``synonyms`` are the headers by which a column is recognised, the surest first; they are
    compared without case, accents, spaces and punctuation.
    """

    key: str
    required: bool = False
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong (or, as a ``warning``, odd) with one row."""

    row: int
    code: str
    target: str = ""
    value: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Formats:
    """How the file writes dates and numbers, and the currencies it may name.

    ``date`` is ``iso``, ``dmy`` or ``mdy``; ``decimal`` is ``.`` or ``,``; ``currencies`` maps the
    code of every usable currency to its number of decimals.
    """

    date: str
    decimal: str
    currency: str
    currencies: Mapping[str, int]
    quantity_decimals: int = 2
    price_decimals: int = 6


@dataclass(frozen=True, slots=True)
class Invoice:
    """A row of open receivables; a field that could not be read is None and has an issue.

    ``open_amount`` is None when the file gives none, ``company_amount`` is what is open in the
    company's currency.
    """

    row: int
    number: str
    customer: str
    customer_name: str
    invoice_date: date | None
    due_date: date | None
    amount: Decimal | None
    open_amount: Decimal | None
    disputed: bool
    settled_date: date | None
    currency: str
    company_amount: Decimal | None = None
    issues: tuple[Issue, ...] = ()

    @property
    def outstanding(self):
        """What is open, the whole amount unless the file says otherwise."""
        return self.amount if self.open_amount is None else self.open_amount

    @property
    def is_bad(self):
        return any(not issue.warning for issue in self.issues)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A row of an order; quantities are those ordered, delivered and invoiced in the old system."""

    row: int
    number: str
    customer: str
    customer_name: str
    order_date: date | None
    product: str
    quantity: Decimal | None
    delivered: Decimal
    invoiced: Decimal
    price: Decimal | None
    discount: Decimal
    commitment_date: date | None
    warehouse: str
    currency: str
    issues: tuple[Issue, ...] = ()

    @property
    def is_bad(self):
        return any(not issue.warning for issue in self.issues)


_NUMBER = Target(
    "number",
    True,
    (
        "invoice no", "invoice no.", "invoice number", "invoice", "invoice id", "invoice #", "number",
        "document number", "document no", "document", "doc no", "bill number", "bill no", "voucher no",
        "belegnummer", "rechnungsnummer", "rechnung", "numero facture", "n facture", "facture",
        "numero factura", "factura", "发票号", "发票号码", "发票编号", "单据号", "單據號", "發票號碼",
    ),
)
_ORDER_NUMBER = Target(
    "number",
    True,
    (
        "order no", "order number", "order", "order id", "order #", "sales order", "so number", "so no",
        "number", "document number", "auftragsnummer", "auftrag", "numero commande", "commande",
        "numero pedido", "pedido", "订单号", "订单编号", "销售订单号", "訂單號",
    ),
)
_CUSTOMER = Target(
    "customer",
    True,
    (
        "customer", "customer ref", "customer reference", "customer id", "customer no",
        "customer number", "customer code", "cust no", "cust id", "client", "client id", "client no",
        "client code", "account no", "account number", "debtor", "debtor no", "partner", "partner ref",
        "kunde", "kundennummer", "debitor", "debitorennummer", "code client", "cliente",
        "codigo cliente", "客户", "客户编号", "客户代码", "客户号", "客戶編號",
    ),
)
_CUSTOMER_NAME = Target(
    "customer_name",
    False,
    (
        "customer name", "client name", "company name", "debtor name", "partner name", "name",
        "kundenname", "nom client", "nombre cliente", "客户名称", "客户姓名", "客戶名稱",
    ),
)
_CURRENCY = Target(
    "currency",
    False,
    (
        *("currency", "currency code", "curr", "ccy", "wahrung", "währung", "devise", "moneda"),
        *("币种", "货币", "幣別"),
    ),
)
_PRODUCT = Target(
    "product",
    True,
    (
        "product", "product code", "product ref", "product reference", "internal reference", "sku",
        "item", "item code", "item no", "article", "article no", "barcode", "ean", "material",
        "artikel", "artikelnummer", "produit", "référence produit", "producto", "产品", "产品编码",
        "产品编号", "物料", "物料编码", "商品", "商品编码",
    ),
)
_PRICE = Target(
    "price",
    True,
    (
        "unit price", "price", "price unit", "net price", "einzelpreis", "preis", "prix unitaire",
        "prix", "precio unitario", "precio", "单价", "價格",
    ),
)
_DISCOUNT = Target(
    "discount", False, ("discount", "discount %", "disc", "disc %", "rabatt", "remise", "descuento", "折扣")
)
_ORDER_DATE = (
    "order date", "date", "ordered on", "document date", "auftragsdatum", "bestelldatum",
    "date commande", "fecha pedido", "订单日期", "下单日期", "訂單日期",
)  # fmt: skip
_COMMITMENT = Target(
    "commitment_date",
    False,
    (
        "delivery date", "requested date", "promised date", "commitment date", "due date", "ship date",
        "requested delivery date", "liefertermin", "date livraison", "fecha entrega", "交货日期", "交期",
    ),
)
_WAREHOUSE = Target(
    "warehouse", False, ("warehouse", "warehouse code", "wh", "lager", "entrepot", "almacen", "仓库")
)

DATES = {"invoice_date", "due_date", "settled_date", "order_date", "commitment_date"}
NUMBERS = {
    "amount", "open_amount", "company_amount", "quantity", "delivered", "invoiced", "price", "discount"
}  # fmt: skip
TARGETS = {
    "receivable": (
        _NUMBER,
        _CUSTOMER,
        _CUSTOMER_NAME,
        Target(
            "invoice_date",
            True,
            (
                "invoice date", "date", "document date", "issue date", "issued", "issued on", "bill date",
                "rechnungsdatum", "belegdatum", "date facture", "fecha factura", "发票日期", "开票日期",
                "单据日期", "發票日期",
            ),
        ),
        Target(
            "due_date",
            True,
            (
                "due date", "due", "due on", "maturity", "maturity date", "payment due", "payable by",
                "fälligkeit", "fällig am", "fälligkeitsdatum", "date échéance", "échéance",
                "vencimiento", "fecha vencimiento", "到期日", "到期日期", "付款到期日",
            ),
        ),
        Target(
            "amount",
            True,
            (
                "amount", "invoice amount", "total", "total amount", "gross amount", "invoice total",
                "betrag", "rechnungsbetrag", "bruttobetrag", "montant", "montant ttc", "importe",
                "金额", "发票金额", "价税合计", "金額",
            ),
        ),
        Target(
            "open_amount",
            False,
            (
                "open amount", "open", "outstanding", "outstanding amount", "balance", "residual",
                "amount due", "balance due", "remaining", "unpaid amount", "offener betrag", "restbetrag",
                "solde", "reste à payer", "saldo", "pendiente", "未付金额", "未收金额", "余额", "欠款金额",
            ),
        ),
        Target(
            "disputed",
            False,
            ("disputed", "dispute", "in dispute", "is disputed", "strittig", "litige", "争议", "是否有争议"),
        ),
        Target(
            "settled_date",
            False,
            (
                "settled date", "settled on", "settled", "paid date", "paid on", "payment date",
                "date paid", "cleared on", "clearing date", "bezahlt am", "zahldatum", "ausgleichsdatum",
                "date paiement", "fecha pago", "结算日期", "付款日期", "收款日期", "核销日期",
            ),
        ),
        _CURRENCY,
        Target(
            "company_amount",
            False,
            (
                "open amount in company currency", "open amount company currency", "local amount",
                "amount in local currency", "open amount local", "本位币金额", "本币余额",
            ),
        ),
    ),
    "order": (
        _ORDER_NUMBER,
        _CUSTOMER,
        _CUSTOMER_NAME,
        Target("order_date", True, _ORDER_DATE),
        _PRODUCT,
        Target(
            "quantity",
            True,
            (
                "quantity to deliver", "quantity still to deliver", "open quantity", "remaining quantity",
                "backorder quantity", "quantity", "qty", "qty to deliver", "offene menge", "menge",
                "quantité", "reste à livrer", "cantidad", "未交数量", "未发数量", "数量",
            ),
        ),
        _PRICE,
        _DISCOUNT,
        _COMMITMENT,
        _WAREHOUSE,
        _CURRENCY,
    ),
    "delivered": (
        _ORDER_NUMBER,
        _CUSTOMER,
        _CUSTOMER_NAME,
        Target("order_date", False, _ORDER_DATE),
        _PRODUCT,
        Target(
            "quantity",
            False,
            (
                "quantity ordered", "ordered quantity", "ordered", "order quantity", "quantity", "qty",
                "qty ordered", "bestellte menge", "menge", "quantité commandée", "cantidad pedida",
                "订购数量", "订单数量", "数量",
            ),
        ),
        Target(
            "delivered",
            True,
            (
                "quantity delivered", "delivered quantity", "delivered", "qty delivered", "shipped",
                "shipped quantity", "quantity shipped", "gelieferte menge", "geliefert",
                "quantité livrée", "cantidad entregada", "已交数量", "已发数量", "发货数量",
            ),
        ),
        Target(
            "invoiced",
            False,
            (
                "quantity invoiced", "invoiced quantity", "invoiced", "qty invoiced", "billed quantity",
                "quantity billed", "billed", "fakturierte menge", "quantité facturée",
                "cantidad facturada", "已开票数量", "开票数量",
            ),
        ),
        _PRICE,
        _DISCOUNT,
        _COMMITMENT,
        _WAREHOUSE,
        _CURRENCY,
    ),
}  # fmt: skip


# Reading files ------------------------------------------------------------------------------------


def read_table(content, kind, encoding=None):
    """Read the headers and rows of a CSV or XLSX file.

    :param bytes content: the file
    :param str kind: a key of ``TARGETS``; helps to find the header among title lines, and the
        delimiter
    :param str encoding: one of ``ENCODINGS`` for a CSV file, or None to find out
    :return: :class:`Table`
    :raise FileError: ``empty``, ``too_big``, ``too_many_rows``, ``too_many_columns``, ``xls``,
        ``not_a_table``, ``encoding``, ``no_rows``
    """
    if not content.strip():
        raise FileError("empty")
    if len(content) > MAX_BYTES:
        raise FileError("too_big", megabytes=str(MAX_BYTES // 2**20))
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileError("xls")
    if content.startswith(b"PK\x03\x04"):
        return _build_table(_read_workbook(content), kind, is_csv=False)
    if content.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")):
        raise FileError("not_a_table")
    text = decode(content, encoding)
    if "\0" in text:
        raise FileError("not_a_table")
    return _build_table(_read_csv(text, kind), kind, is_csv=True)


def decode(content, encoding=None):
    """The text of a CSV file, its encoding found out when not given.

    Without a byte order mark the file is UTF-8 if it can be; of the others Chinese is told from
    Western European text by its high bytes, which come in pairs.

    :raise FileError: ``encoding``
    """
    if encoding:
        try:
            return content.decode(encoding).removeprefix("\ufeff")
        except (UnicodeDecodeError, LookupError) as error:
            raise FileError("encoding", encoding=encoding) from error
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return decode(content, "utf-16")
    guesses = (
        _guess_utf_16,
        lambda content: "utf-8-sig",
        _guess_multibyte,
        lambda content: "cp1252",
    )
    for guess in guesses:
        name = guess(content)
        try:
            if name:
                return content.decode(name)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _guess_utf_16(content):
    """UTF-16 without a byte order mark: nearly every other byte of Latin text and digits is 0."""
    sample = content[:4000]
    half = max(len(sample) // 2, 1)
    if sample[1::2].count(0) > 0.4 * half:
        return "utf-16-le"
    if sample[0::2].count(0) > 0.4 * half:
        return "utf-16-be"
    return None


def _guess_multibyte(content):
    leads = trails = 0
    position = 0
    while position < len(content) - 1:
        if content[position] < 0x81:
            position += 1
            continue
        leads += 1
        trails += content[position + 1] >= 0xA1
        position += 2
    return "gb18030" if leads and trails / leads > 0.7 else None


def _read_workbook(content):
    """The rows of the first sheet that has any, as tuples of cell values."""
    from openpyxl import load_workbook  # slow to import and rarely needed

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
        if unpacked > MAX_UNPACKED_BYTES:
            raise FileError("too_big", megabytes=str(MAX_BYTES // 2**20))
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        for sheet in book.worksheets:
            # Some writers declare a range of one cell and then write more.
            sheet.reset_dimensions()
            rows = list(_limited(sheet.iter_rows(values_only=True)))
            if rows:
                return rows
    except FileError:
        raise
    except Exception as error:  # whatever a damaged archive makes openpyxl raise
        raise FileError("not_a_table") from error
    raise FileError("empty")


def _limited(rows):
    """Number the rows that have any content, refusing too many of them."""
    count = 0
    for number, cells in enumerate(rows, start=1):
        if not any(_has_content(cell) for cell in cells):
            continue
        count += 1
        if count > MAX_ROWS + 1:
            raise FileError("too_many_rows", rows=str(MAX_ROWS))
        yield number, tuple(cells)


def _has_content(cell):
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def _read_csv(text, kind):
    lines = text.splitlines()
    if lines and (match := re.fullmatch(r'"?sep=(.)"?', lines[0].strip(), re.IGNORECASE)):
        # Excel's own hint, a row as far as numbering goes.
        return _parse_csv(text, match[1])[1:]
    best = max(
        DELIMITERS, key=lambda delimiter: _header_score(_sample_rows(lines, delimiter), kind)
    )
    return _parse_csv(text, best)


def _sample_rows(lines, delimiter):
    try:
        return list(csv.reader(lines[:10], delimiter=delimiter))
    except csv.Error:
        return []


def _header_score(rows, kind):
    return max(
        ((_recognised(cells, kind), len(cells)) for cells in rows),
        default=(0, 0),
    )


def _recognised(cells, kind):
    return sum(target is not None for target in suggest_mapping(cells, kind))


def _parse_csv(text, delimiter):
    """The numbered rows of a CSV file; a row whose quotes do not match costs no other row.

    A quote that is opened by mistake swallows lines up to the next one, or to the end. A record
    of several lines is therefore taken apart again when it looks like several rows.
    """
    lines = list(io.StringIO(text, newline=""))
    records = list(_records(lines, delimiter))
    lengths = Counter(len(cells) for cells, raw in records if len(raw) == 1 and len(cells) > 1)
    width = lengths.most_common(1)[0][0] if lengths else 0
    return list(_limited(_split_swallowed(records, width, delimiter)))


def _records(lines, delimiter):
    """Pairs of the cells of a record and the lines it was read from."""
    start = 0
    while start < len(lines):
        reader = csv.reader(lines[start:], delimiter=delimiter, strict=True)
        first, used = start, 0
        try:
            for cells in reader:
                yield cells, lines[first + used : first + reader.line_num]
                used = reader.line_num
            return
        except csv.Error:
            start = first + used
            yield _parse_line(lines[start], delimiter), lines[start : start + 1]
            start += 1


def _split_swallowed(records, width, delimiter):
    for cells, raw in records:
        swallowed = len(raw) > 1 and (
            len(cells) != width
            or any(cell.count(delimiter) >= width - 1 > 0 for cell in cells if "\n" in cell or "\r" in cell)
        )
        if not swallowed:
            yield cells
            continue
        for line in raw:
            yield _parse_line(line, delimiter)


def _parse_line(line, delimiter):
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), ())
    except csv.Error:
        return (_BrokenLine(line.strip()),)


class _BrokenLine(str):
    """A line of a CSV file whose quotes do not match."""

    __slots__ = ()


def _build_table(numbered, kind, is_csv):
    """Split off the header: of the first rows the one most of whose cells are recognised."""
    if not numbered:
        raise FileError("empty")
    candidates = range(min(len(numbered), 10))
    header_at = max(
        candidates, key=lambda at: (_recognised(map(clean_text, numbered[at][1]), kind), -at)
    )
    header = [clean_text(cell) for cell in numbered[header_at][1]]
    while header and not header[-1]:
        header.pop()
    if len(header) > MAX_COLUMNS:
        raise FileError("too_many_columns", columns=str(MAX_COLUMNS))
    rows = tuple(
        _build_row(number, cells, len(header), is_csv)
        for number, cells in numbered[header_at + 1 :]
    )
    if not rows:
        raise FileError("no_rows")
    return Table(tuple(header), rows)


def _build_row(number, cells, width, is_csv):
    if cells and isinstance(cells[0], _BrokenLine):
        return Row(number, (str(cells[0]),), broken=True)
    surplus = sum(1 for cell in cells[width:] if _has_content(cell))
    # A workbook leaves out empty cells at the end of a row, a CSV file does not: there a short
    # row was cut off, and what it lacks (a date of settlement, say) must not be taken as empty.
    missing = max(width - len(cells), 0) if is_csv else 0
    padded = (*cells[:width], *([None] * (width - len(cells))))
    return Row(number, tuple(map(_plain_cell, padded)), missing - surplus)


def _plain_cell(cell):
    if isinstance(cell, datetime):
        return cell.date()
    return cell


# Mapping columns ----------------------------------------------------------------------------------


def suggest_mapping(headers, kind, labels=None):
    """What each column seems to hold, by its header.

    :param headers: iterable of the headers
    :param str kind: a key of ``TARGETS``
    :param dict labels: ``{target: label}`` to recognise besides the synonyms, in the user's
        language
    :return: a list as long as the headers, of target keys or None; no target is used twice
    """
    slugs = [slug(header) for header in headers]
    claims = []
    for order, target in enumerate(TARGETS[kind]):
        names = [labels[target.key]] if labels and target.key in labels else []
        ranks = {}
        for rank, name in enumerate((*names, *target.synonyms)):
            ranks.setdefault(slug(name), rank)
        claims += [
            (ranks[text], order, column, target.key)
            for column, text in enumerate(slugs)
            if text in ranks
        ]
    mapping = [None] * len(slugs)
    for _rank, _order, column, key in sorted(claims):
        if mapping[column] is None and key not in mapping:
            mapping[column] = key
    return mapping


@lru_cache(maxsize=4096)
def slug(text):
    """A header without case, accents, spaces and punctuation, to compare it."""
    decomposed = unicodedata.normalize("NFKD", str(text or "")).casefold()
    return "".join(char for char in decomposed if char.isalnum())


def missing_targets(mapping, kind):
    """The required targets of ``kind`` that no column of ``mapping`` holds."""
    return [
        target.key for target in TARGETS[kind] if target.required and target.key not in mapping
    ]


def suggest_formats(table, mapping, date_order, decimal):
    """The formats that read most cells of the file, those given where others do no better.

    :return: ``(date order, decimal separator)``
    """
    dates = [column for column, target in enumerate(mapping) if target in DATES]
    numbers = [column for column, target in enumerate(mapping) if target in NUMBERS]

    def readable(columns, parse, choice):
        count = 0
        for row in table.rows:
            for column in columns if not row.broken else ():
                try:
                    parse(row.cells[column], choice)
                    count += 1
                except (ValueError, InvalidOperation):
                    continue
        return count

    # The given one stands first, and of equals max() takes the first.
    orders = sorted(("iso", "dmy", "mdy"), key=lambda order: order != date_order)
    decimals = sorted((".", ","), key=lambda point: point != decimal)
    return (
        max(orders, key=lambda order: readable(dates, parse_date, order)),
        max(decimals, key=lambda point: readable(numbers, parse_number, point)),
    )


# Reading cells ------------------------------------------------------------------------------------

_YMD = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_COMPACT = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})")
_CHINESE = re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日?")
_PAIR_FIRST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_TIME = re.compile(r"[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?( ?[AP]M)?Z?$", re.IGNORECASE)
_PLAIN = re.compile(r"[0-9]+(\.[0-9]+)?|\.[0-9]+")
_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_YES = {"yes", "y", "true", "t", "1", "x", "ja", "j", "oui", "o", "si", "s", "wahr", "vrai", "是", "有"}
_NO = {"no", "n", "false", "f", "0", "-", "nein", "non", "falsch", "faux", "否", "无"}


def clean_text(value):
    """A cell as text on one line: ``611365`` for the number 611365.0, ``""`` for no content."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(unicodedata.normalize("NFKC", str(value)).split())


def parse_date(value, order):
    """The date in a cell, or None when it is empty.

    A date that begins with a year of four digits is read as such whatever the order; a year of
    two digits lies between 1969 and 2068. A time of day is dropped.

    :param order: ``iso`` (year first), ``dmy`` or ``mdy``
    :raise ValueError: the text is no date in that order
    """
    if value is None or isinstance(value, date):
        return value
    text = _TIME.sub("", clean_text(value))
    if not text:
        return None
    for pattern in (_YMD, _COMPACT, _CHINESE):
        if match := pattern.fullmatch(text):
            year, month, day = (match[1], match[match.lastindex - 1], match[match.lastindex])
            return _sensible(int(year), int(month), int(day))
    match = _PAIR_FIRST.fullmatch(text)
    if not match or order == "iso":
        raise ValueError(text)
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    if len(match[4]) == 2:
        year += 1900 if year >= 69 else 2000
    return _sensible(year, second, first) if order == "dmy" else _sensible(year, first, second)


def _sensible(year, month, day):
    if not 1950 <= year <= 2100:
        raise ValueError(year)
    return date(year, month, day)


def parse_number(value, decimal="."):
    """The number in a cell as ``Decimal``, or None when it is empty.

    Thousands may be grouped by spaces, apostrophes or the other one of point and comma, in
    groups of three; a negative number has a minus on either side or stands in brackets.

    :param decimal: ``.`` or ``,``, used for text only
    :raise ValueError: the text is no number in that notation
    """
    if value is None:
        return None
    if isinstance(value, bool):
        raise ValueError(value)
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        # 15 digits are what a double holds: 55.940000000000005 was 55.94.
        number = Decimal(format(value, ".15g"))
        if not number.is_finite():
            raise ValueError(value)
        return number
    text = unicodedata.normalize("NFKC", str(value)).replace("−", "-")
    text = "".join(char for char in text if unicodedata.category(char) != "Sc").strip()
    if not text:
        return None
    negative = False
    if text.startswith("(") and text.endswith(")"):
        negative, text = True, text[1:-1]
    elif text.startswith(("-", "+")):
        negative, text = text[0] == "-", text[1:]
    elif text.endswith("-"):
        negative, text = True, text[:-1]
    if decimal == ",":
        text = text.translate(str.maketrans(",.", ".,"))
    text = re.sub(r"(?<=[0-9])[\s'’](?=[0-9])", ",", text.strip())
    if not (_PLAIN.fullmatch(text) or _GROUPED.fullmatch(text)):
        raise ValueError(value)
    number = Decimal(text.replace(",", ""))
    return -number if negative else number


def parse_flag(value):
    """Yes or no; an empty cell is no.

    :raise ValueError: neither
    """
    if isinstance(value, bool):
        return value
    text = clean_text(value).casefold()
    if not text or text in _NO:
        return False
    if text in _YES:
        return True
    raise ValueError(text)


# Reading rows -------------------------------------------------------------------------------------


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


# Writing ------------------------------------------------------------------------------------------


def harmless(cell):
    """A cell for a file that people open in a spreadsheet: text that would start a formula gets
    an apostrophe before it, unless it is a number."""
    text = clean_text(cell)
    if not text.startswith(("=", "+", "-", "@", "\t", "\r")):
        return text
    for decimal in (".", ","):
        try:
            parse_number(text, decimal)
            return text
        except ValueError:
            continue
    return f"'{text}"


def totals_by(entries: Iterable[tuple], decimals: int) -> dict:
    """Add up ``(key, amount)`` entries: ``{key: (count, total rounded to decimals)}``."""
    totals = {}
    for key, amount in entries:
        count, total = totals.get(key, (0, Decimal(0)))
        totals[key] = (count + 1, total + Decimal(str(amount)))
    return {key: (count, round(total, decimals)) for key, (count, total) in totals.items()}


def first_rows(table: Table, count: int) -> Sequence[tuple[str, ...]]:
    """The first ``count`` rows as text, to be shown."""
    return [tuple(clean_text(cell) for cell in row.cells) for row in table.rows[:count]]
