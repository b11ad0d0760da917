from odoo.fields import Command

from odoo.addons.order_to_cash.models.commission.program import PROGRAM

from .commission_common import CommissionCommon


class CommissionGoodsCommon(CommissionCommon):
    """Orders whose goods leave, come back, are billed and credited by one call each."""

    def setUp(self):
        super().setUp()
        self.goods.invoice_policy = "order"

    def _order(self, quantity=10, price=33.33, product=None):
        order = self.env["sale.order"].create({
            "partner_id": self.customer.id,
            "user_id": self.salesperson.id,
            "order_line": [Command.create({
                "product_id": (product or self.goods).id, "product_uom_qty": quantity, "price_unit": price,
                "tax_ids": [],
            })],
        })
        order.action_confirm()
        return order

    def _return_unknown(self, order, quantity):
        """Goods of the order line come back, nobody says from which delivery."""
        out = order.picking_ids.filtered(lambda one: one.location_dest_id.usage == "customer")[:1]
        picking = self.env["stock.picking"].create({
            "partner_id": self.customer.id,
            "picking_type_id": out.picking_type_id.return_picking_type_id.id or out.picking_type_id.id,
            "location_id": out.location_dest_id.id,
            "location_dest_id": out.location_id.id,
            "move_ids": [Command.create({
                "product_id": order.order_line.product_id.id,
                "product_uom_qty": quantity,
                "product_uom": order.order_line.product_id.uom_id.id,
                "location_id": out.location_dest_id.id,
                "location_dest_id": out.location_id.id,
                "sale_line_id": order.order_line.id,
                "to_refund": True,
            })],
        })
        picking.action_confirm()
        picking.move_ids.write({"quantity": quantity, "picked": True})
        picking._action_done()
        return picking

    def _bill(self, order):
        invoice = order._create_invoices(final=True)
        invoice.action_post()
        return invoice

    def _credit(self, invoice, quantity=None, price=None):
        refund = invoice._reverse_moves([{"invoice_date": invoice.invoice_date}])
        if quantity:
            refund.invoice_line_ids.quantity = quantity
        if price:
            refund.invoice_line_ids.price_unit = price
        refund.action_post()
        return refund

    def _check(self, order, earned):
        rows = order.o2c_commission_ids.filtered(lambda row: row.kind != "expect")
        self.assertEqual(round(sum(rows.mapped("amount")), 2), earned, rows.mapped("explanation"))
        self.assertFalse(self._audit())

    def _audit(self):
        ledger = self.env["o2c.commission.entry"].sudo().with_context(o2c_commission_writer=PROGRAM)
        return ledger._audit(self.company, "2020-01-01", "2040-01-01")

    def _lose(self, invoice, amount):
        """A bad debt of a part of an invoice."""
        line = invoice.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        lost = self.env["o2c.write.off"].create({
            "partner_id": invoice.commercial_partner_id.id,
            "company_id": self.company.id,
            "reason": "insolvency",
            "line_ids": [Command.create({"move_line_id": line.id, "amount": amount})],
        })
        lost.action_request()
        lost.with_user(self.o2c_manager).action_approve()
        return lost

    def _plan(self, trigger="delivery", rule=None, **values):
        return self._new_agreement(plan=self._new_plan(rule or {"rate": 10.0}, trigger=trigger, **values))
