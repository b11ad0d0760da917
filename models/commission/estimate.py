"""What a quotation would earn, reckoned by the rules of the day and written down nowhere."""

from dataclasses import dataclass

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools.misc import formatLang

from odoo.addons.order_to_cash.algorithms.commission import pricing

from . import sale_line
from .crediting import Crediting
from .document_totals import USERS


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a line of a quotation would earn somebody.

    :ivar line_id: id of the order line
    :ivar amount: in the currency of the order
    :ivar explanation: in the language of the reader
    """

    order_id: int
    line_id: int
    payee_id: int
    product_id: int | None
    base: float
    rate: float
    share: float
    amount: float
    explanation: str


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    def _estimate_orders(self, orders):
        """What orders would earn if they were confirmed as they stand, by the agreements in force.

        Nothing is written, and the sales that tiers add up stay as they are. Salespeople get their own part
        only, commission managers all.

        :param orders: ``sale.order``
        :return: list of :class:`Estimate`, by order and line
        """
        orders = orders._origin._o2c_uses_commission()
        if not orders:
            return []
        # sudo: who sells need not read plans and agreements; what is others' is left out below
        ledger = self.sudo()
        lines = sale_line.order_lines(ledger.env, orders)
        crediting = Crediting(ledger.env)
        credited = crediting.credited(lines, crediting.covering(lines))
        tallies = ledger._load_tallies([row.claim for row in credited], lock=False)
        earnings = pricing.price([row.claim for row in credited], tallies)
        words = ledger._words_of_reader()
        is_manager = self.env.user.has_group("order_to_cash.group_commission_manager")
        own = self.env.user.partner_id
        return [
            Estimate(
                row.line.document_id,
                row.line.res_id,
                row.agreement.payee_id.id,
                row.line.product_id,
                row.claim.base,
                earning.rate,
                row.credit.share,
                earning.amounts.document,
                words.terms(row, earning),
            )
            for row, earning in zip(credited, earnings, strict=True)
            if is_manager or row.agreement.payee_id.id == own.id
        ]

    @api.model
    def _words_of_reader(self):
        return self._words()(self.env.user.partner_id)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    o2c_commission_estimate = fields.Monetary(
        string="Commission if Confirmed",
        compute="_compute_o2c_commission_estimate",
        groups=USERS,
        help="Your part of what the quotation would earn by today's rules; commission managers see that of "
        "all payees.",
    )
    o2c_commission_estimate_lines = fields.Html(
        string="How It Comes About",
        compute="_compute_o2c_commission_estimate",
        groups=USERS,
        sanitize=False,
    )
    o2c_uses_commission = fields.Boolean(compute="_compute_o2c_uses_commission", groups=USERS)

    @api.depends("company_id")
    def _compute_o2c_uses_commission(self):
        for order in self:
            # sudo: a switch of the company, which is read on every screen
            order.o2c_uses_commission = order.company_id.sudo().o2c_use_commission

    @api.depends(
        "state",
        "date_order",
        "partner_id",
        "user_id",
        "team_id",
        "order_line.price_subtotal",
        "order_line.product_uom_qty",
        "order_line.product_id",
    )
    @api.depends_context("uid", "lang")
    def _compute_o2c_commission_estimate(self):
        quotations = self.filtered(lambda order: order.state in ("draft", "sent") and order._origin)
        estimates = self.env["o2c.commission.entry"]._estimate_orders(quotations)
        by_order = {}
        for estimate in estimates:
            by_order.setdefault(estimate.order_id, []).append(estimate)
        for order in self:
            found = by_order.get(order._origin.id, [])
            order.o2c_commission_estimate = order.currency_id.round(sum(row.amount for row in found))
            order.o2c_commission_estimate_lines = order._o2c_estimate_table(found)

    def _o2c_estimate_table(self, estimates):
        """Estimates of this one order as a table."""
        if not estimates:
            return False
        # sudo: names of payees and products of what the reader may see
        partners = self.env["res.partner"].sudo()
        products = self.env["product.product"].sudo()
        rows = Markup().join(
            Markup(
                "<tr><td>{product}</td><td>{payee}</td><td class='text-end text-nowrap'>{amount}</td>"
                "<td class='text-muted'>{why}</td></tr>"
            ).format(
                product=products.browse(row.product_id).display_name or "",
                payee=partners.browse(row.payee_id).name,
                amount=formatLang(self.env, row.amount, currency_obj=self.currency_id),
                why=row.explanation,
            )
            for row in estimates
        )
        return Markup(
            "<table class='table table-sm'><thead><tr><th>{product}</th><th>{payee}</th>"
            "<th class='text-end'>{amount}</th><th>{why}</th></tr></thead><tbody>{rows}</tbody></table>"
        ).format(
            product=self.env._("Product"),
            payee=self.env._("Payee"),
            amount=self.env._("Commission"),
            why=self.env._("Why"),
            rows=rows,
        )
