from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain
from odoo.tools import format_date
from odoo.tools.misc import formatLang

from odoo.addons.order_to_cash.algorithms import cash_discount

from .cash_discount_move import seen_with

# What a customer may have reckoned otherwise, in smallest units of the currency.
TOLERANCE = 2
# What the program finds, and what only deciding writes.
GUARDED = {
    "move_id",
    "discount_id",
    "paid_on",
    "days_late",
    "amount",
    "state",
    "decided_by_id",
    "decided_on",
    "entry_id",
}


class O2cLateDiscount(models.Model):
    """A customer paid an invoice less a cash discount that he had no claim to, or in a way that the
    program did not book it: what is left open is the discount of a step. A person decides."""

    _name = "o2c.late.discount"
    _description = "Discount Taken Late"
    _inherit = ["mail.thread"]
    _order = "paid_on desc, id desc"
    _rec_name = "move_id"

    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    discount_id = fields.Many2one(
        "o2c.cash.discount", string="Step", readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="move_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(
        string="Customer", related="move_id.commercial_partner_id", store=True, index=True
    )
    user_id = fields.Many2one(
        string="Salesperson", related="move_id.invoice_user_id", store=True, index=True
    )
    currency_id = fields.Many2one(related="move_id.currency_id")
    percent = fields.Float(related="discount_id.percent", string="Discount %", aggregator=None)
    deadline = fields.Date(related="discount_id.deadline", store=True)
    paid_on = fields.Date(readonly=True, help="The day of the last payment.")
    days_late = fields.Integer(
        compute="_compute_days_late",
        store=True,
        aggregator="max",
        help="Days after the deadline. 0: paid in time, but the discount was not booked.",
    )
    amount = fields.Monetary(
        readonly=True, aggregator=None, help="What the customer has left open of the invoice."
    )
    state = fields.Selection(
        [("open", "To Decide"), ("accepted", "Accepted"), ("claimed", "Claimed")],
        default="open",
        required=True,
        readonly=True,
        index=True,
        tracking=True,
        help="Accepted: the discount is booked and the invoice closed. Claimed: the rest stays open "
        "and is dunned like any other.",
    )
    decided_by_id = fields.Many2one("res.users", string="Decided by", readonly=True)
    decided_on = fields.Datetime(readonly=True)
    entry_id = fields.Many2one(
        "account.move", string="Journal Entry", readonly=True, ondelete="set null", index=True
    )

    _once_an_invoice = models.UniqueIndex(
        "(move_id) WHERE state = 'open'", "An invoice waits for one decision at a time."
    )

    @api.depends("paid_on", "deadline")
    def _compute_days_late(self):
        for late in self:
            late.days_late = (
                max(0, (late.paid_on - late.deadline).days)
                if late.paid_on and late.deadline
                else 0
            )

    def write(self, vals):
        if GUARDED & vals.keys() and not self.env.su:
            raise AccessError(
                self.env._("Accept the discount or claim the rest to change its state.")
            )
        return super().write(vals)

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_accept(self):
        """Grant the discounts: book them as of today and close the invoices."""
        self._check_can_decide()
        for late in self:
            entry = late._book()
            late._decide("accepted", entry)

    def action_claim(self):
        """Claim the rests: the invoices stay open."""
        self._check_can_decide()
        for late in self:
            late._decide("claimed")

    def action_view_invoice(self):
        """Open the invoice."""
        self.ensure_one()
        return self.move_id._get_records_action()

    def _decide(self, state, entry=None):
        # sudo: nobody writes a decision but by deciding
        self.sudo().write({
            "state": state,
            "decided_by_id": self.env.uid,
            "decided_on": fields.Datetime.now(),
            "entry_id": entry.id if entry else False,
        })

    def _check_can_decide(self):
        self.check_access("write")
        self.company_id._o2c_check_dunning_is_on()
        for late in self:
            if late.state != "open":
                raise UserError(
                    self.env._("%(invoice)s: this is decided already.", invoice=late.display_name)
                )

    # ------------------------------------------------------------------
    # Booking
    # ------------------------------------------------------------------

    def _book(self):
        """Book the discount like core does with a payment, and close the invoice.

        :return: the journal entry
        """
        self.ensure_one()
        # sudo: who decides on the discount need not keep the books
        move = self.sudo().move_id.with_company(self.company_id)
        line = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
        currency = move.currency_id
        if currency.compare_amounts(line.amount_residual_currency, self.amount):
            raise UserError(
                self.env._(
                    "%(amount)s of %(invoice)s are open now, no longer %(before)s: there is nothing "
                    "to accept.",
                    amount=formatLang(
                        self.env, line.amount_residual_currency, currency_obj=currency
                    ),
                    invoice=move.name,
                    before=formatLang(self.env, self.amount, currency_obj=currency),
                )
            )
        date = self.company_id._o2c_today()
        journal = self.company_id._o2c_write_off_journal()
        values = self._discount_items(move, line)
        self.company_id._o2c_check_period_is_open(
            date, journal, any("tax_repartition_line_id" in item for item in values)
        )
        entry = (
            self.env["account.move"]
            .sudo()
            .with_company(self.company_id)
            .with_context(skip_invoice_sync=True)
            .create({
                "move_type": "entry",
                "company_id": move.company_id.id,
                "journal_id": journal.id,
                "date": date,
                "ref": self.env._(
                    "Cash discount granted afterwards: %(invoice)s", invoice=move.name
                ),
                "line_ids": [
                    *(Command.create(item) for item in values),
                    Command.create({
                        "name": move.name,
                        "account_id": line.account_id.id,
                        "partner_id": line.partner_id.id,
                        "currency_id": currency.id,
                        "amount_currency": -sum(item["amount_currency"] for item in values),
                        "balance": -sum(item["balance"] for item in values),
                    }),
                ],
            })
        )
        entry.action_post()
        (line + entry.line_ids.filtered(lambda item: item.account_id == line.account_id)).reconcile()
        return entry

    def _discount_items(self, move, line):
        """What core would have booked with a payment in time, adjusted to what is open."""
        discount = self.sudo().discount_id
        # What waits to be computed must not be computed from what only core is to see.
        self.env.flush_all()
        # The discount is on the whole document, however little of it is still open.
        as_unpaid = {"amount_residual_currency": line.amount_currency}
        with seen_with(move._o2c_as_core_sees_it(discount, **as_unpaid)):
            # A day that no step answers to: core is to see this one.
            parts = move.with_context(
                o2c_discount_day=discount.deadline
            )._get_invoice_counterpart_amls_for_early_payment_discount_per_payment_term_line()
        items = [
            {"partner_id": line.partner_id.id, "currency_id": move.currency_id.id, **key, **values}
            for part in ("base_lines", "tax_lines", "term_lines")
            for key, values in parts[part][line].items()
        ]
        largest = max(
            (item for item in items if "tax_repartition_line_id" not in item),
            key=lambda item: item["amount_currency"],
        )
        difference = self.amount - sum(item["amount_currency"] for item in items)
        rate = move.invoice_currency_rate or 1.0
        largest["amount_currency"] = move.currency_id.round(
            largest["amount_currency"] + difference
        )
        largest["balance"] = move.company_currency_id.round(
            largest["balance"] + difference / rate
        )
        return items

    # ------------------------------------------------------------------
    # Finding
    # ------------------------------------------------------------------

    @api.model
    def _detect(self, moves):
        """Flag those of these invoices that were paid less the discount of a step."""
        # sudo: a payment is flagged whoever registers it
        moves = moves.sudo().filtered(
            lambda move: move.company_id.o2c_use_dunning and move.o2c_cash_discount_ids
        )
        if not moves:
            return
        flags = self.sudo().search(Domain("move_id", "in", moves.ids)).grouped("move_id")
        new = []
        for move in moves:
            known = flags.get(move, self.sudo())
            waiting = known.filtered(lambda flag: flag.state == "open")
            values = self._detected_values(move)
            if not values:
                waiting.unlink()
            elif waiting:
                waiting.write(values)
            elif not any(
                flag.state == "claimed"
                and not move.currency_id.compare_amounts(flag.amount, values["amount"])
                for flag in known
            ):
                new.append(values)
        for flag in self.sudo().create(new):
            flag.move_id._message_log(body=flag._message())

    @api.model
    def _detected_values(self, move):
        if move.state != "posted" or move.payment_state not in ("partial", "in_payment"):
            return None
        line = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
        open_amount = line.amount_residual_currency if len(line) == 1 else 0.0
        discounts = move.o2c_cash_discount_ids
        offer = cash_discount.taken(
            discounts._offers(), open_amount, TOLERANCE * move.currency_id.rounding
        )
        if not offer:
            return None
        return {
            "move_id": move.id,
            "discount_id": discounts.filtered(lambda step: step.number == offer.number).id,
            "paid_on": max(line.matched_credit_ids.mapped("max_date"), default=False),
            "amount": open_amount,
        }

    def _message(self):
        self.ensure_one()
        return self.env._(
            "Cash discount taken late: %(amount)s left open, paid on %(paid)s; %(percent)s %% held "
            "until %(deadline)s.",
            amount=formatLang(self.env, self.amount, currency_obj=self.currency_id),
            paid=format_date(self.env, self.paid_on),
            percent=f"{self.percent:g}",
            deadline=format_date(self.env, self.deadline),
        )


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        self.env["o2c.late.discount"]._detect(partials.debit_move_id.move_id)
        return partials

    def unlink(self):
        moves = self.debit_move_id.move_id
        result = super().unlink()
        self.env["o2c.late.discount"]._detect(moves.exists())
        return result
