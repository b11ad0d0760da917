"""What receivables were on a day: the SQL that all reports of dunning share."""

from odoo.tools import SQL


def later_reconciliations(date):
    """What was reconciled after ``date``, a row a journal item.

    The residual of a past day is today's with this added, which reads the few later
    reconciliations instead of all. Reconciliations count from the later date of the two items, so
    what is open on a day adds up to the balance of the account on that day.

    :param date: a date, or :class:`SQL` for one
    :return: :class:`SQL` of a SELECT of ``line_id``, ``amount_currency`` (in the currency of the
        item) and ``amount`` (in company currency)
    """
    return SQL(
        """
        SELECT line_id,
               SUM(amount_currency) AS amount_currency,
               SUM(amount) AS amount
          FROM (
                   SELECT debit_move_id AS line_id,
                          debit_amount_currency AS amount_currency,
                          amount
                     FROM account_partial_reconcile
                    WHERE max_date > %(date)s
                UNION ALL
                   SELECT credit_move_id, -credit_amount_currency, -amount
                     FROM account_partial_reconcile
                    WHERE max_date > %(date)s
               ) AS partial
      GROUP BY line_id
        """,
        date=date,
    )


def receivable_accounts():
    """:class:`SQL` of an array of the ids of all receivable accounts: PostgreSQL estimates it well
    and can look items up by it."""
    return SQL(
        "ARRAY(SELECT id FROM account_account WHERE account_type = 'asset_receivable')"
    )


def document_kind():
    """:class:`SQL` for the kind of the document ``move``, see :class:`algorithms.statement.Entry`."""
    return SQL(
        """
        CASE WHEN move.move_type IN ('out_invoice', 'out_receipt') THEN 'invoice'
             WHEN move.move_type = 'out_refund' THEN 'credit_note'
             WHEN move.origin_payment_id IS NOT NULL
               OR move.statement_line_id IS NOT NULL THEN 'payment'
             ELSE 'other'
         END
        """
    )
