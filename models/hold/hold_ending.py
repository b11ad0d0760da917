"""How holds end without a decision: their cause is gone, or their last day is over."""

from odoo import api, models
from odoo.fields import Domain


class O2cHold(models.Model):
    _inherit = "o2c.hold"

    def action_reevaluate(self):
        """Check the orders of these holds again: clear what no longer fails, refresh the rest."""
        self.check_access("read")
        self.order_id._o2c_reevaluate()
        return True

    @api.model
    @api.private
    def reevaluate_open(self, company):
        """Check every held order of ``company`` again, and end what was placed until yesterday.

        :return: (number of orders looked at, number no longer held)
        """
        # The daily step looks at the orders of everybody.
        orders = (
            self.env["sale.order"]
            .sudo()
            .search(
                Domain("o2c_hold_state", "=", "held")
                & Domain("state", "in", ("draft", "sent", "sale"))
                & Domain("company_id", "child_of", company.ids)
            )
        )
        self._end_lapsed(company)
        orders._o2c_reevaluate()
        freed = orders.filtered(lambda order: order.o2c_hold_state != "held")
        return len(orders), len(freed)

    def _end_lapsed(self, company):
        """Clear the holds placed by hand whose last day is over."""
        # Run by the day's cycle for the whole company; what ended is ended for everybody.
        lapsed = self.sudo().search(
            Domain("state", "=", "active")
            & Domain("kind", "=", "manual")
            & Domain("until", "<", company._o2c_today())
            & Domain("company_id", "child_of", company.ids)
        )
        lapsed.write({"state": "cleared"})
        lapsed._end_customer_holds()
        orders = lapsed.order_id
        orders._o2c_tell_cleared()
        orders._o2c_after_release()

    @api.model
    @api.private
    def reevaluate_customers(self, partners):
        """Check the held orders of these customers again, since their figures have changed.

        :param partners: ``res.partner``; orders they pay for count too
        """
        # Whoever books a payment need not be able to read the orders that it frees.
        commercial = partners.sudo().commercial_partner_id
        if not commercial:
            return
        customer = Domain("partner_invoice_id.commercial_partner_id", "in", commercial.ids)
        payer = Domain(
            "partner_invoice_id.commercial_partner_id.o2c_payer_id", "in", commercial.ids
        )
        orders = (
            # A payment ends holds on orders that its clerk may not read.
            self.env["sale.order"]
            .sudo()
            .search(
                Domain("o2c_hold_state", "=", "held")
                & Domain("state", "in", ("draft", "sent", "sale"))
                & (customer | payer)
            )
        )
        orders._o2c_reevaluate()

    def _end_customer_holds(self):
        """Clear the holds on orders whose hold on the customer was released or has lapsed."""
        customer_holds = self.filtered(lambda hold: not hold.order_id)
        if not customer_holds:
            return
        dependent = self.search([
            ("customer_hold_id", "in", customer_holds.ids),
            ("state", "=", "active"),
        ])
        orders = dependent._blocking().order_id
        dependent.write({"state": "cleared"})
        orders._o2c_tell_cleared()
        orders._o2c_after_release()
