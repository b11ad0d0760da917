from decimal import ROUND_HALF_UP, Decimal

from odoo.fields import Command

from .commission_common import CommissionCommon

CENT = Decimal("0.01")


def money(value, unit=CENT):
    """Rounded half up, as a person reckons it."""
    return float(Decimal(str(value)).quantize(unit, ROUND_HALF_UP))


class OutsideCase(CommissionCommon):
    """Sees commission as its users do: through documents, buttons and the sums of the ledger."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({
            "o2c_write_off_account_id": cls.env["account.account"].create({
                "name": "Bad Debts", "code": "669999", "account_type": "expense",
            }).id,
            "o2c_write_off_threshold": 1000000,
        })

    @classmethod
    def _rates(cls, code, rates):
        """:param rates: {day: how much of the currency one of the company's is}"""
        currency = cls.env.ref(f"base.{code}")
        currency.active = True
        cls.env["res.currency.rate"].search([("currency_id", "=", currency.id)]).unlink()
        cls.env["res.currency.rate"].create([
            {"currency_id": currency.id, "name": day, "rate": rate, "company_id": cls.company.id}
            for day, rate in rates.items()
        ])
        return currency

    def _bill(self, *amounts, date="2025-03-01", product=None, quantity=1.0, post=True, **values):
        """An invoice of a line for each amount, a price a unit."""
        invoice = self.env["account.move"].create({
            "move_type": "out_invoice",
            "partner_id": self.customer.id,
            "invoice_date": date,
            "invoice_user_id": self.salesperson.id,
            "invoice_payment_term_id": False,
            "invoice_line_ids": [
                Command.create({
                    "product_id": (product or self.service).id, "quantity": quantity, "price_unit": amount,
                    "tax_ids": [],
                })
                for amount in amounts
            ],
            **values,
        })
        if post:
            invoice.action_post()
        return invoice

    def _receive(self, invoice, amount=None, date="2025-03-15", currency=None, **values):
        first = {"payment_date": date}
        if currency:
            first["currency_id"] = currency.id
        wizard = invoice.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create(first)
        if amount is not None:
            wizard.amount = amount
        wizard.write(values)
        return wizard._create_payments()

    def _credit(self, invoice, *prices, date="2025-04-10", post=True):
        """A credit note, of the prices given or of everything."""
        refund = invoice._reverse_moves([{"invoice_date": date}])
        for line, price in zip(refund.invoice_line_ids, prices, strict=False):
            line.price_unit = price
        if post:
            refund.action_post()
        return refund

    def _apply(self, *moves):
        lines = self.env["account.move"].concat(*moves).line_ids
        lines.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        ).reconcile()

    def _order(self, *lines, **values):
        """A confirmed order. Lines are (product, quantity, price)."""
        order = self.env["sale.order"].create({
            "partner_id": self.customer.id,
            "user_id": self.salesperson.id,
            "date_order": "2025-02-01",
            "order_line": [
                Command.create({
                    "product_id": product.id, "product_uom_qty": quantity, "price_unit": price, "tax_ids": [],
                })
                for product, quantity, price in lines
            ],
            **values,
        })
        date = order.date_order
        order.action_confirm()
        order.date_order = date
        return order

    def _invoice_order(self, order, date="2025-03-01"):
        invoice = order._create_invoices(final=True)
        invoice.invoice_date = date
        invoice.action_post()
        return invoice

    def _rows(self, *payees):
        domain = [("payee_id", "in", [payee.id for payee in payees])] if payees else []
        return self.env["o2c.commission.entry"].search(domain, order="id")

    def _sum(self, rows, name="amount", expected=False):
        return round(sum(
            row[name] for row in rows if (row.state == "expected") == expected
        ), 2)

    def _settle(self, first, last, payee=None, **values):
        settlement = self.env["o2c.commission.settlement"].create({
            "payee_id": (payee or self.salesperson.partner_id).id,
            "company_id": self.company.id,
            "date_from": first,
            "date_to": last,
            **values,
        })
        settlement.action_calculate()
        return settlement

    def _write_off(self, invoice):
        lines = invoice.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        write_off = self.env["o2c.write.off"].create({
            "partner_id": invoice.commercial_partner_id.id,
            "company_id": self.company.id,
            "reason": "insolvency",
            "line_ids": [Command.create({"move_line_id": line.id}) for line in lines],
        })
        write_off.action_request()
        write_off.with_user(self.o2c_manager).action_approve()
        return write_off

    def _replay(self, *moves):
        """How many rows it adds to tell the ledger of documents again: posted, paid, confirmed, delivered."""
        before = len(self._rows())
        moves = self.env["account.move"].concat(*moves)
        moves._o2c_accrue_commission()
        moves._o2c_settle_commission()
        return len(self._rows()) - before
