"""What the files may hold, and what comes out of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

FUTURE, OPEN, SETTLED = "future", "open", "settled"


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
