"""What payees object to in their settlements."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tools import SQL

from .program import PROGRAM, is_program
from .settlement_entry import IS_OWN_ROW

# What a commission manager may write while it is open.
ANSWER = {"answer", "resolution", "adjust_amount"}
FREE_PREFIXES = ("message_", "activity_")


class O2cCommissionDispute(models.Model):
    """A payee objects to a settlement or to some of its entries; each objection is answered by itself."""

    _name = "o2c.commission.dispute"
    _description = "Commission Dispute"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _rec_name = "settlement_id"

    settlement_id = fields.Many2one(
        "o2c.commission.settlement", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="settlement_id.company_id", store=True, index=True)
    payee_id = fields.Many2one(related="settlement_id.payee_id", store=True, index=True)
    currency_id = fields.Many2one(related="settlement_id.currency_id", store=True)
    user_id = fields.Many2one("res.users", string="Entered by", readonly=True)
    date = fields.Datetime(string="Entered on", readonly=True)
    entry_ids = fields.Many2many(
        "o2c.commission.entry",
        "o2c_commission_dispute_entry_rel",
        "dispute_id",
        "entry_id",
        string="Entries",
        readonly=True,
        help="Empty: the settlement as a whole.",
    )
    amount = fields.Monetary(
        string="Disputed", readonly=True, help="Sum of the entries, or of the whole settlement."
    )
    text = fields.Text(string="Objection", required=True, readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("accepted", "Accepted"), ("refused", "Refused")],
        required=True,
        readonly=True,
        default="open",
        index=True,
        tracking=True,
    )
    resolution = fields.Selection(
        [("adjust", "Adjust the Amount"), ("return", "Take the Entries Out")],
        default="adjust",
        help="An adjustment is a row of its own in the settlement. Entries that are taken out are settled "
        "another time.",
    )
    adjust_amount = fields.Monetary(string="Adjustment", help="Paid besides; below zero to take off.")
    answer = fields.Text(help="The payee reads it.")
    answered_by_id = fields.Many2one("res.users", string="Answered by", readonly=True)
    answered_on = fields.Datetime(readonly=True)

    # ------------------------------------------------------------------
    # Guards
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if not is_program(self.env):
            raise AccessError(self.env._("Objections are entered on the settlement."))
        return super().create(vals_list)

    def write(self, vals):
        if not is_program(self.env):
            if any(name not in ANSWER and not name.startswith(FREE_PREFIXES) for name in vals):
                raise UserError(self.env._("Of a dispute only the answer is written by hand."))
            if not ANSWER.isdisjoint(vals):
                self._check_open()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        if any(dispute.state == "open" for dispute in self):
            raise UserError(self.env._("Answer the dispute instead of deleting it."))

    def _check_open(self):
        if any(dispute.state != "open" for dispute in self):
            raise UserError(self.env._("The dispute is answered already."))

    # ------------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------------

    def action_accept(self):
        """Grant these objections as their resolution says; the answer may say why.

        :raise UserError: for one's own, those that are answered, and an adjustment without an amount
        """
        self._prepare_to_answer()
        for dispute in self:
            if dispute.resolution == "return":
                dispute._take_out()
            else:
                dispute._adjust()
        self._answered("accepted")
        self.filtered(lambda dispute: dispute.resolution == "return").settlement_id._settle_periods_again()
        return True

    def action_refuse(self):
        """Refuse these objections; the answer says why."""
        self._prepare_to_answer()
        if any(not (dispute.answer or "").strip() for dispute in self):
            raise UserError(self.env._("Say why it is refused: the payee reads it."))
        self._answered("refused")
        return True

    def _prepare_to_answer(self):
        self.check_access("write")
        self.settlement_id.check_access("write")
        self.settlement_id._lock()
        self.invalidate_recordset(["state"])
        self._check_open()
        self.settlement_id._check_four_eyes()

    def _take_out(self):
        """Give the entries back, to be settled another time."""
        self.ensure_one()
        # sudo: which rows a settlement has added itself; the manager may read all of them
        entries = self.sudo().entry_ids
        if not entries:
            raise UserError(
                self.env._("The whole settlement is disputed: adjust the amount, or cancel the settlement.")
            )
        self.settlement_id._flush_entries()
        self.env.cr.execute(
            SQL(
                """
                UPDATE o2c_commission_entry entry SET settlement_id = NULL
                 WHERE id = ANY(%s) AND settlement_id = %s AND NOT %s
                RETURNING id
                """,
                entries.ids,
                self.settlement_id.id,
                IS_OWN_ROW,
            )
        )
        if len(self.env.cr.fetchall()) < len(entries):
            raise UserError(
                self.env._(
                    "Caps, guarantees, bonuses and draws belong to the settlement and cannot be taken out. "
                    "Adjust the amount instead."
                )
            )
        self.settlement_id._forget_entries()

    def _adjust(self):
        self.ensure_one()
        settlement = self.settlement_id
        # The payee reads it.
        env = self.with_context(lang=settlement.payee_id.lang or self.env.lang).env
        self.env["o2c.commission.entry"]._adjust(
            settlement.payee_id,
            settlement.company_id,
            settlement.currency_id,
            self.adjust_amount,
            settlement.date_to,
            env._("After a dispute: %(answer)s", answer=(self.answer or self.text).strip()),
            name=settlement.name,
            settlement=settlement,
        )

    def _answered(self, state):
        # sudo: what follows from the button
        self.sudo().with_context(o2c_commission_writer=PROGRAM).write({
            "state": state,
            "answered_by_id": self.env.uid,
            "answered_on": fields.Datetime.now(),
        })
        self.settlement_id._on_answer()


class O2cCommissionSettlement(models.Model):
    _inherit = "o2c.commission.settlement"

    dispute_ids = fields.One2many(
        "o2c.commission.dispute", "settlement_id", string="Disputes", readonly=True, copy=False
    )
    open_dispute_count = fields.Integer(string="Open Disputes", compute="_compute_open_dispute_count")
    is_own = fields.Boolean(string="Mine", compute="_compute_is_own")

    @api.depends("dispute_ids.state")
    def _compute_open_dispute_count(self):
        counts = dict(
            self.env["o2c.commission.dispute"]._read_group(
                [("settlement_id", "in", self.ids), ("state", "=", "open")], ["settlement_id"], ["__count"]
            )
        )
        for settlement in self:
            settlement.open_dispute_count = counts.get(settlement._origin, 0)

    @api.depends_context("uid")
    @api.depends("payee_id")
    def _compute_is_own(self):
        for settlement in self:
            settlement.is_own = settlement._is_own()

    def _dispute(self, entries, text):
        """Object to this one settlement, as its payee, or as a commission manager who was told.

        The settlement waits until each objection is answered; what it has is frozen meanwhile.

        :param entries: ``o2c.commission.entry`` of the settlement, empty for the whole of it
        :param text: what is wrong, in the payee's words
        :return: ``o2c.commission.dispute``
        :raise AccessError: for somebody else
        :raise UserError: without a text, for entries of other settlements, and after it was billed
        """
        self.ensure_one()
        if not self._is_own() and not self.env.user.has_group("order_to_cash.group_commission_manager"):
            raise AccessError(self.env._("Only the payee objects to a settlement."))
        if not self._is_own():
            self.check_access("write")
        # sudo: the payee reads its settlement and changes nothing of it but by this
        settlement = self.sudo()
        settlement._lock()
        settlement.invalidate_recordset(["state"])
        settlement._check_state(("calculated", "approved", "disputed"), self.env._("disputed"))
        settlement._check_disputable(entries.sudo(), text)
        disputes = settlement.env["o2c.commission.dispute"].with_context(o2c_commission_writer=PROGRAM)
        dispute = disputes.create({
            "settlement_id": settlement.id,
            "entry_ids": [Command.set(entries.ids)],
            # sudo: the sum of the very entries that the payee objects to, which are his own
            "amount": sum(entries.sudo().mapped("amount_payee")) if entries else settlement.amount,
            "text": text.strip(),
            "user_id": self.env.uid,
            "date": fields.Datetime.now(),
        })
        settlement._set(state="disputed", approved_by_id=False, approved_on=False)
        settlement._tell_of_dispute(dispute)
        # Not with what lets the program write.
        return dispute.with_env(self.env)

    def _check_disputable(self, entries, text):
        if not (text or "").strip():
            raise UserError(self.env._("Say what is wrong."))
        if any(entry.settlement_id != self for entry in entries):
            raise UserError(self.env._("Object only to entries of this settlement."))
        waiting = self.dispute_ids.filtered(lambda dispute: dispute.state == "open")
        if not entries and any(not dispute.entry_ids for dispute in waiting):
            raise UserError(
                self.env._("You have objected to the whole settlement already. Wait for the answer.")
            )
        if entries & waiting.entry_ids:
            raise UserError(self.env._("You have objected to this entry already. Wait for the answer."))

    def _tell_of_dispute(self, dispute):
        """Whoever settled it finds it among his activities."""
        user = self.create_uid if self.create_uid.active else self.env["res.users"]
        if user and not user.share and user.has_group("order_to_cash.group_commission_manager"):
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=user.id,
                summary=self.env._("Answer the dispute"),
                note=dispute.text,
            )

    def _on_answer(self):
        """Once all is answered the settlement is calculated, and may be approved."""
        self._refresh_amounts()
        self.invalidate_recordset(["dispute_ids"])
        answered = self.filtered(
            lambda one: one.state == "disputed"
            and all(dispute.state != "open" for dispute in one.dispute_ids)
        )
        answered._set(state="calculated")

    def _sql_is_takeable(self):
        # What a dispute took out of a settlement does not come back into the same one.
        self.env["o2c.commission.dispute"].flush_model()
        return SQL(
            """
            %s AND NOT EXISTS (
                SELECT FROM o2c_commission_dispute dispute
                  JOIN o2c_commission_dispute_entry_rel rel ON rel.dispute_id = dispute.id
                 WHERE rel.entry_id = entry.id AND dispute.settlement_id = settlement.id
                   AND dispute.state = 'accepted' AND dispute.resolution = 'return')
            """,
            super()._sql_is_takeable(),
        )

    def _sql_is_taken_out(self):
        self.env["o2c.commission.dispute"].flush_model()
        return SQL(
            """
            %s OR entry.settlement_id IS NULL AND EXISTS (
                SELECT FROM o2c_commission_dispute dispute
                  JOIN o2c_commission_dispute_entry_rel rel ON rel.dispute_id = dispute.id
                 WHERE rel.entry_id = entry.id AND dispute.state = 'accepted'
                   AND dispute.resolution = 'return')
            """,
            super()._sql_is_taken_out(),
        )

    def action_view_disputes(self):
        """Open the objections to these settlements."""
        action = self.env["ir.actions.actions"]._for_xml_id("order_to_cash.o2c_commission_dispute_action")
        return {**action, "domain": [("settlement_id", "in", self.ids)], "context": {}}
