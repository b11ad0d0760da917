"""Rows that only one may change at a time."""

from odoo.tools import SQL


def lock(records):
    """Hold these records, in the order of their ids, until the transaction ends.

    Whoever wants them meanwhile fails to serialize, and Odoo begins his request anew.
    """
    if not records.ids:
        return
    records.flush_recordset()
    table = SQL.identifier(records._table)
    # Written, not only locked: who waits for the row must not go on with what was read before. Documents that
    # refer to it need not wait.
    records.env.cr.execute(
        SQL(
            """
            UPDATE %(table)s SET write_uid = write_uid WHERE id IN (
                SELECT id FROM %(table)s WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE)
            """,
            table=table,
            ids=records.ids,
        ),
        # That it fails to serialize is what it is for.
        log_exceptions=False,
    )
