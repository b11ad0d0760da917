"""How long sales wait for their money. Pure: no database, no clock.

- **Days sales outstanding** (DSO), the usual formula: receivables at the end of the period ÷ sales
  on credit of the last N days × N. Receivables and sales both with taxes.
- **Count-back** DSO (Gallinger & Healey): the sales of the last months are taken off the
  receivables, the latest first; each month taken off counts its days, the last one the share that
  was needed. A busy month does not make old debts look younger.
- **Collection effectiveness index** (CEI, Credit Research Foundation): of what could be collected
  in the period, how many per cent were:
  (opening + sales − closing total) ÷ (opening + sales − closing current) × 100,
  closing current being what is not due yet at its end.
"""

from collections.abc import Iterable


def days_sales_outstanding(receivable: float, sales: float, days: int) -> float | None:
    """DSO of ``receivable`` by the ``sales`` of the last ``days``; ``None`` without sales."""
    if days <= 0:
        raise ValueError("Days must be above zero.")
    if sales <= 0:
        return None
    return max(receivable, 0.0) / sales * days


def count_back(receivable: float, months: Iterable[tuple[float, int]]) -> float | None:
    """DSO by counting back.

    :param months: (sales, days) of each month, the latest first
    :return: ``None`` when the sales of all ``months`` are less than ``receivable``
    """
    days = 0.0
    if receivable <= 0:
        return days
    for sales, length in months:
        if sales >= receivable:
            return days + length * receivable / sales
        days += length
        receivable -= max(sales, 0.0)
    return None


def collection_effectiveness(
    opening: float, sales: float, closing: float, closing_current: float
) -> float | None:
    """CEI in per cent; ``None`` when there was nothing to collect.

    More than 100 % come in where customers pay before the due date.
    """
    collectable = opening + sales - closing_current
    if collectable <= 0:
        return None
    return 100.0 * (opening + sales - closing) / collectable
