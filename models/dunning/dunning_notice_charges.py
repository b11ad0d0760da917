from collections import defaultdict
from math import fsum

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import dunning_interest

WAIVERS = ("fee_waived", "interest_waived")


class O2cDunningNotice(models.Model):
    """Fee and interest of a reminder: reckoned with the proposal and again when it is sent, charged
    once, invoiced if its level says so."""

    _inherit = "o2c.dunning.notice"

    fee = fields.Monetary(
        compute="_compute_charges",
        store=True,
        help="For the documents that reach their level with this reminder.",
    )
    interest = fields.Monetary(compute="_compute_charges", store=True)
    fee_waived = fields.Boolean(
        string="Waive the Fee",
        tracking=True,
        help="The fee is not asked for, with this reminder or a later one.",
    )
    interest_waived = fields.Boolean(
        string="Waive the Interest",
        tracking=True,
        help="The interest up to the date of this reminder is not asked for, with it or later.",
    )
    has_charges = fields.Boolean(compute="_compute_has_charges")
    charge_move_id = fields.Many2one(
        "account.move",
        string="Invoice of the Charges",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The invoice of fee and interest. Nobody is reminded of it.",
    )

    @api.depends("line_ids.fee", "line_ids.interest", *WAIVERS)
    def _compute_charges(self):
        for notice in self:
            fee = 0.0 if notice.fee_waived else sum(notice.line_ids.mapped("fee"))
            interest = 0.0 if notice.interest_waived else sum(notice.line_ids.mapped("interest"))
            notice.fee = notice.currency_id.round(fee)
            notice.interest = notice.currency_id.round(interest)

    @api.depends("line_ids.fee", "line_ids.interest")
    def _compute_has_charges(self):
        for notice in self:
            notice.has_charges = any(line.fee or line.interest for line in notice.line_ids)

    def action_view_charge_move(self):
        """Open the invoice of fee and interest."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.charge_move_id.id,
            "view_mode": "form",
        }

    @api.model
    def _charges(self, run, entries):
        """What items cost the customer with a reminder of ``run``.

        :param entries: list of (:class:`dunning.OpenItem`, id of its level, whether it climbs)
        :return: {key of the item: (fee, interest, day from which interest runs or None)} of the
            items that cost anything; amounts in the currency of the item
        """
        levels = {
            level.id: level
            for level in self.env["o2c.dunning.level"].browse(
                {level for _item, level, _climbs in entries if level}
            )
            if level.fee_amount or level.interest_rate
        }
        entries = [entry for entry in entries if entry[1] in levels]
        bearing = [
            item
            for item, level, _climbs in entries
            if levels[level].interest_rate and self._interest_start(item) < run.date
        ]
        payments = self._payments(bearing, run.date)
        deferred = self.env["o2c.dunning.notice.line"]._deferred_interest(bearing)
        starts = {item.key: self._interest_start(item) for item in bearing}
        charges = {}
        for item, level_id, climbs in entries:
            level = levels[level_id]
            currency = self.env["res.currency"].browse(item.currency)
            fee = interest = 0.0
            if climbs and level.fee_amount:
                fee = run.currency_id._convert(
                    level.fee_amount, currency, run.company_id, run.date
                )
            if item.key in starts:
                interest = dunning_interest.interest(
                    item.residual,
                    payments[item.key],
                    level.interest_rate,
                    starts[item.key],
                    run.date,
                    currency.round,
                    fsum(
                        part.interest(item.residual, item.stopped)
                        for part in deferred[item.key].values()
                    ),
                )
            charges[item.key] = (fee, interest, starts.get(item.key))
        return charges

    @api.model
    def _interest_start(self, item):
        return max(item.due, item.charged_until) if item.charged_until else item.due

    @api.model
    def _payments(self, items, date):
        """The :class:`dunning_interest.Payment` on each of these items up to ``date``, by key."""
        payments = defaultdict(list)
        if not items:
            return payments
        self.env["account.partial.reconcile"].flush_model()
        for key, day, amount in self.env.execute_query(
            SQL(
                """
                SELECT debit_move_id, max_date, debit_amount_currency
                  FROM account_partial_reconcile
                 WHERE debit_move_id = ANY(%s)
                   AND max_date > %s
                   AND max_date <= %s
                """,
                [item.key for item in items],
                min(self._interest_start(item) for item in items),
                date,
            )
        ):
            payments[key].append(dunning_interest.Payment(date=day, amount=amount))
        return payments

    def _reckon_charges(self, items):
        """Reckon fee and interest of these reminders, of one run, again.

        :param items: the open items as of the date of the run, by key
        :return: {line: day from which its interest runs} of the lines that bear interest
        """
        lines = self.line_ids.filtered(lambda line: line.move_line_id.id in items)
        charges = self._charges(
            self.run_id,
            [
                (items[line.move_line_id.id], line.level_id.id, line._climbs())
                for line in lines
            ],
        )
        starts = {}
        for line in lines:
            fee, interest, start = charges.get(line.move_line_id.id, (0.0, 0.0, None))
            if line.currency_id.compare_amounts(line.fee, fee):
                line.fee = fee
            if line.currency_id.compare_amounts(line.interest, interest):
                line.interest = interest
            if start:
                starts[line] = start
        return starts

    def _update_charges(self, items):
        """Reckon fee and interest when the reminders are sent: from now on they are charged.

        :param items: the open items as of the date of the run, by key
        """
        starts = self._reckon_charges(items)
        charged = [items[line.move_line_id.id] for line in starts]
        self.env["o2c.dunning.notice.line"]._charge_deferred(charged)
        for line, start in starts.items():
            # Waived or not: these days are done with. The database refuses them twice.
            line.write({
                "interest_from": start,
                "interest_to": self.run_id.date,
                "interest_pending": 0.0
                if line.notice_id.interest_waived
                else items[line.move_line_id.id].stopped,
            })

    def _invoice_charges(self):
        """Invoice fee and interest of those of these reminders whose level says so."""
        charged = self.filtered(
            lambda notice: notice.level_id.fee_posting != "none"
            and (notice.fee or notice.interest)
            and not notice.charge_move_id
        )
        for company, notices in charged.grouped("company_id").items():
            moves = self.env["account.move"].with_company(company).create(
                [notice._prepare_charge_move() for notice in notices]
            )
            for notice, move in zip(notices, moves, strict=True):
                notice.charge_move_id = move
            moves.no_followup = True
            notices.filtered(
                lambda notice: notice.level_id.fee_posting == "post"
            ).charge_move_id.action_post()

    def _prepare_charge_move(self):
        """Values of the invoice of fee and interest; to be extended."""
        self.ensure_one()
        company = self.company_id
        reminder = self.with_context(lang=self._lang())
        level = reminder.level_id.name
        charges = [
            (
                self.fee,
                company._o2c_dunning_product("fee"),
                reminder.env._("Fee: %(level)s %(reminder)s", level=level, reminder=self.name),
            ),
            (
                self.interest,
                company._o2c_dunning_product("interest"),
                reminder.env._(
                    "Interest on late payment: %(level)s %(reminder)s",
                    level=level,
                    reminder=self.name,
                ),
            ),
        ]
        values = {
            "move_type": "out_invoice",
            "partner_id": self.contact_id.id,
            "currency_id": self.currency_id.id,
            "invoice_date": self.date,
            "invoice_date_due": self.date,
            "invoice_payment_term_id": False,
            "invoice_origin": self.name,
            "invoice_user_id": self.user_id.id,
            "invoice_line_ids": [
                Command.create({
                    "product_id": product.id,
                    "name": name,
                    "quantity": 1.0,
                    "price_unit": amount,
                })
                for amount, product, name in charges
                if amount
            ],
        }
        if company.o2c_dunning_journal_id:
            values["journal_id"] = company.o2c_dunning_journal_id.id
        return values
