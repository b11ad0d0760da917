"""Holds that somebody places by hand, on an order or on a customer."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.hold import Failure


class ResPartner(models.Model):
    _inherit = "res.partner"

    o2c_hold_ids = fields.One2many(
        "o2c.hold",
        "partner_id",
        string="Holds on the Customer",
        domain=[("order_id", "=", False)],
        groups="order_to_cash.group_user",
    )
    o2c_is_on_hold = fields.Boolean(
        string="Customer on Hold",
        compute="_compute_o2c_is_on_hold",
        store=True,
        copy=False,
        groups="base.group_user",
        help="Somebody has put all orders of this customer on hold, in some company.",
    )

    o2c_hold_message = fields.Text(
        compute="_compute_o2c_hold_message", groups="order_to_cash.group_user"
    )

    def _auto_init(self):
        # Nobody is on hold when the column is new: nothing to compute for millions of contacts.
        self.env.cr.execute(
            SQL(
                "ALTER TABLE %s ADD COLUMN IF NOT EXISTS o2c_is_on_hold boolean",
                SQL.identifier(self._table),
            )
        )
        return super()._auto_init()

    @api.depends("o2c_hold_ids.state")
    def _compute_o2c_is_on_hold(self):
        for partner in self:
            partner.o2c_is_on_hold = "active" in partner.o2c_hold_ids.mapped("state")

    @api.depends("o2c_hold_ids.state")
    @api.depends_context("uid", "lang")
    def _compute_o2c_hold_message(self):
        for partner in self:
            # Whoever reads the customer may know why his orders do not go.
            holds = partner.sudo().o2c_hold_ids.filtered(
                lambda hold: (
                    hold.state == "active" and hold.company_id in self.env.companies.root_id
                )
            )
            partner.o2c_hold_message = "\n".join(hold._sentence() for hold in holds)

    def write(self, vals):
        if "o2c_is_on_hold" in vals and not self.env.su:
            raise AccessError(
                self.env._("Whether a customer is on hold follows from his holds: decide on those.")
            )
        return super().write(vals)

    def action_o2c_hold(self, reason=None, effect="hold_order", until=None):
        """Put all new and open orders of these customers on hold, in the active company.

        :param reason: why: a sentence, or an ``o2c.hold.reason``; without it a dialog asks for it
        :param effect: ``hold_order``, which stops open deliveries too, or ``hold_delivery`` alone
        :param until: last day of the hold; until it is released by default
        :return: the dialog, or ``True``
        :raise AccessError: for whoever is not a credit manager
        """
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group("order_to_cash.group_credit_manager"):
            raise AccessError(self.env._("Only a credit manager puts a customer on hold."))
        if not reason:
            return self.env["o2c.hold.placement"]._open(partners=self)
        company = self.env.company.root_id
        sentence = self.env["o2c.hold"]._check_placement(company, reason, until)
        self.env["o2c.hold"].place([
            {
                **sentence,
                "partner_id": customer.id,
                "company_id": company.id,
                "effect": effect if effect == "hold_delivery" else "hold_order",
            }
            for customer in self.commercial_partner_id
        ])
        return True

    def action_o2c_release_holds(self):
        """Open the decision on the holds of this customer."""
        return self.commercial_partner_id.o2c_hold_ids.action_decide()

    def _o2c_open_orders(self, companies):
        """The quotations of these customers, and their confirmed orders with goods to deliver, in
        ``companies`` and their branches."""
        return (
            # A hold on a customer binds the orders of all salespeople.
            self.env["sale.order"]
            .sudo()
            .search(
                (
                    Domain("partner_invoice_id.commercial_partner_id", "in", self.ids)
                    | Domain("partner_id.commercial_partner_id", "in", self.ids)
                )
                & Domain("company_id", "child_of", companies.ids)
                & (
                    Domain("state", "in", ("draft", "sent"))
                    | (
                        Domain("state", "=", "sale")
                        & Domain("order_line.move_ids.state", "not in", ("done", "cancel"))
                    )
                )
            )
        )


class O2cHold(models.Model):
    _inherit = "o2c.hold"

    @api.model
    @api.private
    def place(self, values):
        """Write holds placed by hand, after the caller has checked who may.

        :param values: list of values, of orders or of customers
        :return: the holds, in sudo
        """
        # Nobody has write access to holds; the callers check the right to place one.
        holds = self.sudo().create([
            {"kind": "manual", "state": "active", **entry} for entry in values
        ])
        of_customers = holds.filtered(lambda hold: not hold.order_id)
        if of_customers:
            orders = of_customers.partner_id._o2c_open_orders(of_customers.company_id)
            orders._o2c_hold_with_customers(of_customers)
        return holds

    @api.model
    def _check_placement(self, company, reason, until):
        """The values that ``reason`` and ``until`` come to.

        :raise UserError: without a reason, with a date in the past, or where credit control is off
        """
        if not company.o2c_use_credit:
            raise UserError(
                self.env._(
                    "Credit control is switched off in %(company)s: nothing would be held. Switch "
                    "it on first.",
                    company=company.name,
                )
            )
        is_record = isinstance(reason, models.BaseModel)
        sentence = reason.name if is_record else str(reason).strip()
        if not sentence:
            raise UserError(self.env._("Say why: a hold needs a reason."))
        until = fields.Date.to_date(until) or False
        if until and until < company._o2c_today():
            raise UserError(self.env._("The last day of the hold is over. Choose a later one."))
        return {
            "reason": sentence,
            "reason_id": reason.id if is_record else False,
            "until": until,
        }

    def _manual_reason(self):
        self.ensure_one()
        if self.order_id:
            return self.env._("The order was put on hold: %(reason)s.", reason=self.reason.rstrip("."))
        return self.env._(
            "%(customer)s was put on hold: %(reason)s.",
            customer=self.partner_id.name,
            reason=self.reason.rstrip("."),
        )


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def action_o2c_hold(self, reason=None, until=None):
        """Put these orders on hold: quotations cannot be confirmed, orders not be delivered.

        :param reason: why: a sentence, or an ``o2c.hold.reason``; without it a dialog asks for it
        :param until: last day of the hold; until it is released by default
        :return: the dialog, or ``True``
        :raise UserError: for a cancelled order
        """
        self.check_access("write")
        if any(order.state == "cancel" for order in self):
            raise UserError(self.env._("A cancelled order cannot be put on hold."))
        if not reason:
            return self.env["o2c.hold.placement"]._open(orders=self)
        amounts = self._o2c_amounts()
        self.env["o2c.hold"].place([
            {
                **self.env["o2c.hold"]._check_placement(order.company_id, reason, until),
                "order_id": order.id,
                # Whose order it is may be beyond what the salesperson reads.
                "partner_id": order.sudo()._o2c_customer().id,
                "company_id": order.company_id.id,
                "effect": "hold_delivery" if order.state == "sale" else "hold_order",
                "order_amount": amounts[order.id],
            }
            for order in self
        ])
        self._o2c_log({
            order.id: [
                self.env._(
                    "Put on hold: %(reason)s", reason=getattr(reason, "name", None) or reason
                )
            ]
            for order in self
        })
        return True

    def _o2c_manual_failures(self):
        """What holds placed by hand say of these orders: {id: [:class:`Failure`]}."""
        # Holds are read whatever the user may read; only the sentence is shown to him.
        orders = self.sudo().filtered(
            lambda order: (
                order.o2c_hold_state != "none"
                or any(order._o2c_parties().mapped("o2c_is_on_hold"))
            )
        )
        if not orders:
            return {}
        # A hold binds whoever confirms, whether or not he may read it.
        holds = self.env["o2c.hold"].sudo().search(orders._o2c_manual_domain())
        by_order = holds.filtered("order_id").grouped("order_id")
        of_customers = holds.filtered(lambda hold: not hold.order_id)
        amounts = orders._o2c_amounts()
        failures = {}
        for order in orders:
            of_order = by_order.get(order, holds.browse())
            if order.state == "sale":
                of_order = of_order.filtered(lambda hold: hold.state == "active")
            for hold in of_order | of_customers.filtered(
                lambda hold, order=order: (
                    hold.partner_id in order._o2c_parties()
                    and hold.company_id.root_id == order.company_id.root_id
                )
            ):
                if hold.until and hold.until < order.company_id._o2c_today():
                    continue
                failures.setdefault(order.id, []).append(
                    Failure(
                        rule_id=0,
                        hold_id=hold.id,
                        kind="manual",
                        effect=hold.effect,
                        reason=hold._manual_reason(),
                        order_amount=amounts[order.id],
                    )
                )
        return failures

    def _o2c_parties(self):
        """Whom these orders are for: neither another invoice address nor another company above
        gets round a hold on one of them."""
        parties = self.partner_id | self.partner_invoice_id
        return parties | parties.commercial_partner_id

    def _o2c_manual_domain(self):
        # A rejection by hand is no end of the hold: it is the cause of itself.
        own = Domain("order_id", "in", self.ids) & Domain("state", "in", ("active", "rejected"))
        of_customers = (
            Domain("order_id", "=", False)
            & Domain("state", "=", "active")
            & Domain("partner_id", "in", self._o2c_parties().ids)
        )
        return (
            Domain("kind", "=", "manual")
            & Domain("customer_hold_id", "=", False)
            & (own | of_customers)
        )

    def _o2c_hold_with_customers(self, customer_holds):
        """Hold these orders because their customers were put on hold."""
        new = set(customer_holds.ids)
        values, notes = [], {}
        for order_id, failures in self._o2c_manual_failures().items():
            order = self.browse(order_id)
            for failure in failures:
                if failure.hold_id not in new:
                    continue
                if order.state != "sale" and not failure.blocks:
                    continue
                values.append(order._o2c_hold_values(failure))
                notes.setdefault(order_id, []).append(failure.reason)
        # Holds are written by the program alone.
        self.env["o2c.hold"].sudo().create(values)
        self._o2c_log(notes)
