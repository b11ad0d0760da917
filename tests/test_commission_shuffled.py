import random

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.order_to_cash.models.commission.program import PROGRAM

from .commission_goods_common import CommissionGoodsCommon

GOODS_EVENTS = (
    "deliver", "deliver", "return", "return_unknown", "correct", "bill", "bill", "credit", "reset_credit",
    "lose", "lose", "unlose",
)
EVENTS = ("pay", "pay", "unpay", "refund", "apply", "reset_refund", "reset", "lose", "unlose")
SEEDS = 1
STEPS = 10


@tagged("post_install", "-at_install")
class TestCommissionShuffled(CommissionGoodsCommon):
    """Whatever happened in whatever order: what stands at last is what counts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({
            "o2c_write_off_account_id": cls.env["account.account"].create({
                "name": "Bad Debts", "code": "669999", "account_type": "expense",
            }).id,
            "o2c_write_off_threshold": 1000000,
        })
        euro, yen = cls.env.ref("base.EUR"), cls.env.ref("base.JPY")
        (euro | yen).active = True
        cls.env["res.currency.rate"].search([("currency_id", "in", (euro | yen).ids)]).unlink()
        cls.env["res.currency.rate"].create([
            {"currency_id": currency.id, "name": day, "rate": rate, "company_id": cls.company.id}
            for currency, day, rate in (
                (euro, "2025-01-01", 0.83), (euro, "2025-03-20", 0.91), (euro, "2025-04-10", 0.77),
                (yen, "2025-01-01", 151.3), (yen, "2025-04-01", 147.9),
            )
        ])
        cls.currencies = cls.company.currency_id | euro | yen
        cls.tax = cls.env["account.tax"].create({
            "name": "19 % in the price", "amount": 19.0, "price_include_override": "tax_included",
        })

    def _invoice(self, currency):
        invoice = self.env["account.move"].create({
            "move_type": "out_invoice",
            "partner_id": self.customer.id,
            "invoice_date": "2025-03-01",
            "invoice_user_id": self.salesperson.id,
            "currency_id": currency.id,
            "invoice_payment_term_id": self.terms.id,
            "invoice_line_ids": [
                Command.create({
                    "product_id": product.id, "quantity": quantity, "price_unit": price,
                    "tax_ids": tax.ids,
                })
                for product, quantity, price, tax in (
                    (self.service, 3, 333.33, self.tax),
                    (self.goods, 7, 99.99, self.env["account.tax"]),
                    (self.service, 1, -50.0, self.tax),
                    (self.service, 1, 0.0, self.tax),
                )
            ],
        })
        invoice.action_post()
        return invoice

    def _ledger(self):
        return self.env["o2c.commission.entry"].sudo().with_context(o2c_commission_writer=PROGRAM)

    def _sums(self, agreement):
        """Earned and expected, and the base of both.

        In three currencies, but of tiers in company currency alone: what earlier sales earn more stands in
        the currency and at the rate of whatever document brought it.
        """
        rows = self.env["o2c.commission.entry"].search([("agreement_id", "=", agreement.id)])
        earned = rows.filtered(lambda row: row.kind != "expect")
        names = ["amount_company"]
        if not any(rows.mapped("tally_from")):
            names += ["amount", "amount_payee"]
        found = [
            round(sum(part.mapped(name)), 2)
            for name in names for part in (earned, rows - earned)
        ]
        return [*found, round(sum(earned.mapped("base_company")), 2)]

    def _by_month(self, agreement):
        rows = self.env["o2c.commission.entry"].search([
            ("agreement_id", "=", agreement.id), ("kind", "!=", "expect"),
        ])
        return {
            day: round(sum(group.mapped("amount_company")), 2)
            for day, group in rows.grouped("tally_from").items()
        }

    def _check_again(self, moves, step):
        ledger = self._ledger()
        found = ledger._audit(self.company, "2024-01-01", "2030-01-01")
        self.assertFalse(found, step)
        before = ledger.search_count([])
        ledger._accrue_invoices(moves)
        ledger._settle_invoices(moves)
        new = ledger.search([], order="id")[before:]
        self.assertFalse(new, (step, new.mapped(lambda row: (row.kind, row.amount, row.explanation))))

    def _receivable(self, moves):
        return moves.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        )

    def _happen(self, draw, invoice, refunds):
        """One thing that may happen to an invoice; its name."""
        what = draw.choice(EVENTS)
        residual = invoice.amount_residual
        day = draw.choice(("2025-03-05", "2025-03-25", "2025-04-15"))
        if what == "pay" and residual and invoice.state == "posted":
            paid = draw.choice((invoice.currency_id, self.company.currency_id))
            wizard = self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({"payment_date": day, "currency_id": paid.id})
            wizard.amount = paid.round(wizard.amount * draw.choice((0.31, 0.5, 1.0)))
            wizard._create_payments()
        elif what == "unpay":
            invoice.line_ids.remove_move_reconcile()
        elif what == "refund" and invoice.state == "posted":
            refund = invoice._reverse_moves([{"invoice_date": day}])
            part = draw.choice((0.2, 0.5))
            for line in refund.invoice_line_ids:
                line.price_unit *= part
            refund.action_post()
            refunds[invoice] |= refund
        elif what == "apply" and invoice.state == "posted":
            lines = self._receivable(invoice | refunds[invoice].filtered(lambda move: move.state == "posted"))
            if len(lines) > 1:
                lines.reconcile()
        elif what == "reset_refund" and refunds[invoice]:
            refund = refunds[invoice][0]
            if refund.state == "posted":
                refund.button_draft()
            else:
                refund.action_post()
        elif what == "reset" and not self._is_lost(invoice):
            invoice.button_draft()
            invoice.action_post()
        elif what == "lose" and residual and invoice.state == "posted" and not self._is_lost(invoice):
            write_off = self.env["o2c.write.off"].create({
                "partner_id": invoice.commercial_partner_id.id,
                "company_id": self.company.id,
                "reason": "insolvency",
                "line_ids": [
                    Command.create({"move_line_id": line.id}) for line in self._receivable(invoice)
                ],
            })
            write_off.action_request()
            write_off.with_user(self.o2c_manager).action_approve()
        elif what == "unlose" and (lost := self._is_lost(invoice)):
            lost.with_user(self.o2c_manager).action_reverse()
        return what

    def _is_lost(self, invoice):
        return self.env["o2c.write.off"].search([
            ("line_ids.move_line_id.move_id", "in", invoice.ids), ("state", "=", "approved"),
        ])

    def test_back_to_nothing(self):
        self.terms = self.env["account.payment.term"].create({
            "name": "Halves",
            "line_ids": [
                Command.create({"value": "percent", "value_amount": 50, "nb_days": days}) for days in (0, 30)
            ],
        })
        tiers = {"tier_scope": "period", "tier_mode": "retroactive"}
        for number, (trigger, rule) in enumerate((
            ("payment", {"rate": 7.0}),
            ("invoice", {"rate": 7.0}),
            ("payment", self._tier_rule((0, 900, 5), (900, 0, 11), **tiers)),
            ("invoice", self._tier_rule((0, 900, 5), (900, 0, 11), **tiers)),
        )):
            plan = self._new_plan(rule, trigger=trigger)
            agreements = [
                self._new_agreement(
                    self._new_customer(f"Agent {number} {share}"), plan, coverage="all", share=share,
                    currency_id=currency.id,
                )
                for share, currency in zip((33.33, 66.67), self.currencies[:2], strict=True)
            ]
            for seed in range(SEEDS):
                draw = random.Random(1000 * number + seed + 7)
                invoices = [self._invoice(currency) for currency in self.currencies]
                fresh = [self._sums(agreement) for agreement in agreements]
                refunds = dict.fromkeys(invoices, self.env["account.move"])
                steps = []
                for __ in range(STEPS):
                    invoice = draw.choice(invoices)
                    steps.append((invoice.currency_id.name, self._happen(draw, invoice, refunds)))
                    moves = self.env["account.move"].browse(
                        [move.id for move in invoices] + [r.id for v in refunds.values() for r in v]
                    )
                self._check_again(moves, steps)
                for invoice in invoices:
                    self._is_lost(invoice).with_user(self.o2c_manager).action_reverse()
                    (invoice | refunds[invoice]).line_ids.remove_move_reconcile()
                    refunds[invoice].filtered(lambda move: move.state == "posted").button_draft()
                for agreement, sums in zip(agreements, fresh, strict=True):
                    self.assertEqual(self._sums(agreement), sums, (trigger, rule, seed, steps))
                    if trigger == "payment":
                        self.assertFalse(any(self._by_month(agreement).values()))
                for invoice in invoices:
                    invoice.button_draft()
                for agreement in agreements:
                    self.assertFalse(any(self._sums(agreement)), (self._sums(agreement), seed, steps))
            for agreement in agreements:
                agreement.date_to = "2025-01-01"

    # ------------------------------------------------------------------
    # Goods
    # ------------------------------------------------------------------

    def test_goods_back_to_nothing(self):
        """Deliveries, returns, corrections, credit notes and bad debts in any order, and all of it undone."""
        plans = [
            self._new_plan(rule, trigger="delivery", name=f"Goods {number}")
            for number, rule in enumerate((
                {"rate": 7.0},
                self._tier_rule((0, 99, 5), (99, 0, 11), tier_mode="retroactive"),
                self._tier_rule((0, 300, 5), (300, 0, 11), tier_scope="period", tier_mode="retroactive"),
            ))
        ]
        agreements = [
            self._new_agreement(
                self._new_customer(f"Carrier {number}"), plan, coverage="all", mode=mode, share=share,
                currency_id=self.currencies[number % 2].id,
            )
            for number, (plan, mode, share) in enumerate((
                (plans[0], "shared", 33.33), (plans[0], "shared", 66.67),
                (plans[1], "overlay", 50.0), (plans[2], "overlay", 100.0),
            ))
        ]
        for seed in range(2):
            draw = random.Random(seed + 3)
            orders = [self._order_in(currency) for currency in self.currencies[:2]]
            for order in orders:
                self._deliver(order, 3)
            steps = []
            for __ in range(14):
                order = draw.choice(orders)
                steps.append((order.currency_id.name, self._happen_to_goods(draw, order)))
            self.assertFalse(self._audit(), steps)
            for order in orders:
                self._undo_goods(order)
            self.assertFalse(self._audit(), steps)
            for agreement in agreements:
                # Expected of the orders again, but no more earned.
                earned = self._sums(agreement)[::2]
                self.assertFalse(any(earned), (agreement.plan_id.name, seed, steps, earned))

    def _order_in(self, currency):
        pricelist = self.env["product.pricelist"].create({"name": currency.name, "currency_id": currency.id})
        order = self.env["sale.order"].create({
            "partner_id": self.customer.id,
            "user_id": self.salesperson.id,
            "pricelist_id": pricelist.id,
            "order_line": [Command.create({
                "product_id": self.goods.id, "product_uom_qty": 10, "price_unit": 33.33, "tax_ids": [],
            })],
        })
        order.action_confirm()
        return order

    def _happen_to_goods(self, draw, order):
        """One thing that may happen to an order; its name."""
        what = draw.choice(GOODS_EVENTS)
        line = order.order_line
        done = order.picking_ids.filtered(
            lambda picking: picking.state == "done" and picking.location_dest_id.usage == "customer"
        )
        invoice = order.invoice_ids.filtered(lambda move: move.move_type == "out_invoice")
        refunds = order.invoice_ids - invoice
        if what == "deliver" and line.qty_delivered < 10 and order.picking_ids - done:
            if any(picking.state not in ("done", "cancel") for picking in order.picking_ids):
                self._deliver(order, draw.choice((1, 2, 3)))
        elif what == "return" and done and done[0].move_ids.quantity > 1:
            self._return(done[0], 1)
        elif what == "return_unknown" and line.qty_delivered > 2:
            self._return_unknown(order, draw.choice((1, 2)))
        elif what == "correct" and done:
            done[-1].move_ids.quantity = draw.choice((1, 2, 4))
        elif what == "bill" and not invoice:
            self._bill(order)
        elif what == "credit" and invoice and len(refunds) < 2:
            self._credit(invoice, draw.choice((1, 3)))
        elif what == "reset_credit" and refunds:
            refunds[0].button_draft() if refunds[0].state == "posted" else refunds[0].action_post()
        elif what == "lose" and invoice and not self._is_lost(invoice) and invoice.amount_residual > 120:
            self._lose(invoice, 111.11)
        elif what == "unlose" and (lost := self._is_lost(invoice)):
            lost.with_user(self.o2c_manager).action_reverse()
        return what

    def _undo_goods(self, order):
        invoices = order.invoice_ids
        self._is_lost(invoices).with_user(self.o2c_manager).action_reverse()
        invoices.filtered(
            lambda move: move.move_type == "out_refund" and move.state == "posted"
        ).button_draft()
        for move in order.order_line.move_ids.filtered(lambda move: move.state == "done"):
            if move.location_dest_id.usage == "customer":
                move.quantity = 0
