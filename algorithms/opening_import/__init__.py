"""Reads the files a company brings from its old system and checks every row of them.

How to use: ``read_table`` turns the bytes of a CSV or XLSX file into headers and numbered rows,
``suggest_mapping`` proposes what each column holds, ``read_invoices`` and ``read_orders`` turn the
rows into typed documents. A row that cannot be read comes back with its issues and is never
dropped; what is wrong is said by a code and the values it is about, the caller words it.

Nothing here knows Odoo: customers, products and currencies are text. Amounts and quantities are
``Decimal``, dates are ``date`` without a time zone.
"""

from .cells import clean_text, parse_date, parse_flag, parse_number
from .documents import (
    check_at,
    fingerprint,
    flagged,
    is_overdue,
    read_invoices,
    read_orders,
    refuse_whole_orders,
    state_at,
)
from .files import DELIMITERS, MAX_BYTES, MAX_COLUMNS, MAX_ROWS, FileError, decode, read_table
from .layout import (
    FUTURE,
    OPEN,
    SETTLED,
    TARGETS,
    Formats,
    Invoice,
    Issue,
    OrderLine,
    Row,
    Table,
    Target,
)
from .mapping import missing_targets, slug, suggest_formats, suggest_mapping
from .output import first_rows, harmless, totals_by
