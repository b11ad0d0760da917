from odoo import api, fields, models
from odoo.tools import SQL


class O2cCreditLock(models.Model):
    """The row that two confirmations for one customer both have to write.

    Transactions see the database as it was at their start. Of two that confirm orders of one
    customer at the same instant, each sees the exposure without the other's order; so each first
    writes this row, the second fails to serialize, and Odoo repeats it with the first one's order
    in view. It is a table of its own, so that the nightly scores, which write credit accounts, stay
    out of the way of the people who sell.
    """

    _name = "o2c.credit.lock"
    _description = "Credit Lock"
    _log_access = False

    partner_id = fields.Many2one("res.partner", required=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    counter = fields.Integer()

    _one_a_customer = models.UniqueIndex("(partner_id, company_id)")

    @api.model
    def _take(self, debtors, root):
        """Make this transaction the only one that confirms orders on these debtors' credit.

        :param debtors: ``res.partner`` with a finite limit
        :param root: their root ``res.company``
        """
        if not debtors:
            return
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO o2c_credit_lock (partner_id, company_id, counter)
                     SELECT debtor, %(company)s, 0 FROM unnest(%(debtors)s) AS debtor
                ON CONFLICT (partner_id, company_id)
                  DO UPDATE SET counter = o2c_credit_lock.counter + 1
                """,
                company=root.id,
                # In one order for everybody, or two batches would wait for each other.
                debtors=sorted(debtors.ids),
            ),
            # That it fails to serialize is what it is for.
            log_exceptions=False,
        )
