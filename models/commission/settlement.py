from odoo import api, fields, models
from odoo.exceptions import UserError

from .locks import lock
from .program import PROGRAM, is_program

STATES = [
    ("draft", "Draft"),
    ("calculated", "Calculated"),
    ("approved", "Approved"),
    ("disputed", "Disputed"),
    ("billed", "Billed"),
    ("paid", "Paid"),
    ("cancelled", "Cancelled"),
]
# Where the bill decides on the state.
BY_BILL = ("approved", "billed", "paid")
# What the program sets and people do not.
GUARDED = {
    "name", "state", "entry_ids", "entry_count", "amount", "amount_company", "bill_id", "payout_id",
    "bill_payment_state", "bill_amount", "bill_total", "bill_paid", "bill_difference", "not_done_because",
    "period_ids", "dispute_ids", "calculated_on", "approved_by_id", "approved_on",
}  # fmt: skip
# What decides on which entries it takes in.
OF_A_DRAFT = {"payee_id", "company_id", "currency_id", "date_from", "date_to"}
SEQUENCE = "o2c.commission.settlement"


class O2cCommissionSettlement(models.Model):
    """What a payee is owed for a range of days: the entries of the ledger that it settles."""

    _name = "o2c.commission.settlement"
    _description = "Commission Settlement"
    _inherit = ["mail.thread", "mail.activity.mixin", "portal.mixin"]
    _order = "date_to desc, id desc"
    _check_company_auto = True

    name = fields.Char(readonly=True, copy=False, default="/")
    payee_id = fields.Many2one(
        "res.partner",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
        tracking=True,
        help="An agent, or the contact of an employee.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="Of the agreements that are settled; those in another currency need a settlement of their own.",
    )
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")
    date_from = fields.Date(
        string="From",
        required=True,
        help="Bonuses, caps, guarantees and draws are settled of the periods that end from this day on. "
        "Entries before it that nobody has settled are taken in as well.",
    )
    date_to = fields.Date(
        string="Until", required=True, help="The last day whose entries are taken in."
    )
    payout = fields.Selection(
        [("bill", "Vendor Bill"), ("payroll", "Payroll")],
        compute="_compute_payout",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        tracking=True,
        help="As the payee's agreements say: external agents are paid by vendor bill, employees through "
        "payroll.",
    )
    when_negative = fields.Selection(
        [("carry", "Carry Forward"), ("refund", "Refund")],
        string="If Negative",
        required=True,
        default="carry",
        tracking=True,
        help="What is owed by the payee is taken off the next settlement, or asked back by a credit note "
        "or through payroll.",
    )
    state = fields.Selection(
        STATES,
        compute="_compute_state",
        store=True,
        required=True,
        default="draft",
        copy=False,
        index=True,
        tracking=True,
    )
    entry_ids = fields.One2many("o2c.commission.entry", "settlement_id", string="Entries", copy=False)
    # Written when entries come and go: they may be a hundred thousand, and lists add them up.
    entry_count = fields.Integer(string="Number of Entries", readonly=True, copy=False, aggregator="sum")
    amount = fields.Monetary(string="Total", readonly=True, copy=False)
    amount_company = fields.Monetary(
        string="Total (Company Currency)",
        currency_field="company_currency_id",
        readonly=True,
        copy=False,
    )
    bill_id = fields.Many2one(
        "account.move", string="Vendor Bill", readonly=True, copy=False, index="btree_not_null"
    )
    calculated_on = fields.Datetime(readonly=True, copy=False)
    approved_by_id = fields.Many2one("res.users", string="Approved by", readonly=True, copy=False)
    approved_on = fields.Datetime(readonly=True, copy=False)
    note = fields.Html(string="Internal Note", groups="order_to_cash.group_commission_manager")

    _dates_ck = models.Constraint(
        "CHECK(date_from <= date_to)", "A settlement ends on the day it begins, or later."
    )

    @api.depends("payee_id", "company_id")
    def _compute_currency_id(self):
        agreements = self._agreements_of_payees()
        for settlement in self:
            own = settlement.company_id.currency_id or self.env.company.currency_id
            found = settlement._agreed(agreements)
            paid_in = found.currency_id
            # Of several currencies the company's comes first, then that of the latest agreement.
            settlement.currency_id = own if own in paid_in or not paid_in else found[-1].currency_id

    def _agreements_of_payees(self):
        """The agreements of these payees, archived ones too, the latest last: {payee id: agreements}"""
        # sudo: how a payee is paid decides on the buttons; archived agreements may still owe
        agreements = self.env["o2c.commission.agreement"].sudo().with_context(active_test=False).search(
            [("payee_id", "in", self.payee_id.ids)], order="date_from, id"
        )
        return agreements.grouped(lambda agreement: agreement.payee_id.id)

    def _agreed(self, agreements):
        """Those whose commission this one settles: of its company, or of a parent, which cover branches.

        :param agreements: from :meth:`_agreements_of_payees`
        """
        # sudo: see _agreements_of_payees
        none = self.env["o2c.commission.agreement"].sudo()
        companies = self.company_id.sudo().parent_ids
        return agreements.get(self.payee_id._origin.id, none).filtered(
            lambda agreement: agreement.company_id in companies
        )

    @api.depends("payee_id", "company_id")
    def _compute_payout(self):
        agreements = self._agreements_of_payees()
        for settlement in self:
            found = settlement._agreed(agreements)
            found = found.filtered("active") or found
            settlement.payout = "payroll" if "payroll" in found.mapped("payout") else "bill"

    # Fields of the bill are not named: every write of any journal entry would look for settlements.
    @api.depends("bill_id", "bill_amount", "bill_paid")
    def _compute_state(self):
        for settlement in self:
            settlement.state = settlement._state_of_bill() or settlement.state or "draft"

    def _state_of_bill(self):
        """Where the bill stands; ``None`` without one, and where it does not decide."""
        self.ensure_one()
        # sudo: who keeps the books need not settle commission, nor the other way round
        bill = self.sudo().bill_id
        if not bill or self.state not in BY_BILL:
            return None
        if bill.state == "cancel" or bill.payment_state == "reversed":
            return "approved"
        return "paid" if bill.state == "posted" and self._is_paid_in_full() else "billed"

    # ------------------------------------------------------------------
    # Guards
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if not is_program(self.env):
            for vals in vals_list:
                self._check_guarded(vals)
        # sudo: only locked. Of two who settle with a payee at once the second begins anew, and finds what the
        # first has made.
        payee_ids = {vals["payee_id"] for vals in vals_list if vals.get("payee_id")}
        lock(self.env["res.partner"].sudo().browse(payee_ids))
        sequences = self.env["ir.sequence"]
        return super().create([
            # A default of the context must not come in here.
            {
                **vals,
                "name": sequences.next_by_code(SEQUENCE, vals.get("date_to")) or "/",
                "state": "draft",
                "amount": 0.0,
                "bill_id": False,
                "payout_id": False,
            }
            for vals in vals_list
        ])

    def write(self, vals):
        if not is_program(self.env):
            self._check_guarded(vals)
            if not OF_A_DRAFT.isdisjoint(vals) and any(one.state != "draft" for one in self):
                raise UserError(
                    self.env._("What is calculated keeps its payee and dates. Cancel it and begin anew.")
                )
            if not {"payout", "when_negative"}.isdisjoint(vals) and any(
                one.state in ("billed", "paid", "cancelled") for one in self
            ):
                raise UserError(self.env._("How it is paid is decided before it is billed."))
        return super().write(vals)

    def _check_guarded(self, vals):
        if not GUARDED.isdisjoint(vals):
            raise UserError(
                self.env._("States, entries and bills of settlements are set by their buttons only.")
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_drafts_only(self):
        for settlement in self:
            if settlement.state not in ("draft", "cancelled"):
                raise UserError(self.env._("Only drafts can be deleted. Cancel the settlement instead."))
            # sudo: entries that the user may not see keep it, too
            if settlement.sudo().entry_ids:
                raise UserError(
                    self.env._(
                        "%(settlement)s stays: the ledger tells what was taken back of it.",
                        settlement=settlement.display_name,
                    )
                )

    def _set(self, **vals):
        if "state" in vals:
            # Whatever kept it from a button for many settlements does not matter any more.
            vals.setdefault("not_done_because", False)
        # sudo: the program sets what follows from a button that the user may press
        self.sudo().with_context(o2c_commission_writer=PROGRAM).write(vals)

    # ------------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------------

    def action_calculate(self):
        """Take in every earned entry of the payees that no other settlement has, up to the last day, and
        write down bonuses, caps, guarantees and draws of the periods that end.

        Calculated again, a settlement takes in what has come since, and lets go of nothing.

        :raise UserError: when a settlement is approved or later
        """
        self.check_access("write")
        self._check_use()
        self._lock()
        self._check_state(("draft", "calculated"), self.env._("calculated"))
        self._take_in()
        self._settle_periods()
        self._refresh_amounts()
        self._set(state="calculated", calculated_on=fields.Datetime.now())
        return True

    def action_approve(self):
        """Agree to pay what is calculated. Nobody approves what he is paid himself."""
        self.check_access("write")
        self._lock()
        self._check_state(("calculated",), self.env._("approved"))
        self._check_four_eyes()
        self._set(state="approved", approved_by_id=self.env.uid, approved_on=fields.Datetime.now())
        return True

    def action_reopen(self):
        """Take the approval back."""
        self.check_access("write")
        self._lock()
        self._check_state(("approved",), self.env._("reopened"))
        self._set(state="calculated", approved_by_id=False, approved_on=False)
        return True

    def action_cancel(self):
        """Give the entries back, to be settled another time, and take back what was written down besides."""
        self.check_access("write")
        self._lock()
        self._check_state(("draft", "calculated", "approved"), self.env._("cancelled"))
        self._take_periods_back()
        self._let_go()
        self._refresh_amounts()
        self._set(state="cancelled")
        return True

    def action_view_entries(self):
        """Open the entries."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Entries of %(settlement)s", settlement=self.name),
            "res_model": "o2c.commission.entry",
            "view_mode": "list,form,pivot,graph",
            "domain": [("settlement_id", "=", self.id)],
        }

    def _lock(self):
        """Whoever presses another button of these meanwhile, or us, starts anew."""
        lock(self)

    def _check_use(self):
        for company in self.company_id:
            if not company.o2c_use_commission:
                raise UserError(
                    self.env._(
                        "Commission is switched off in %(company)s. Switch it on in the settings.",
                        company=company.display_name,
                    )
                )

    def _check_state(self, states, done):
        for settlement in self:
            if settlement.state not in states:
                raise UserError(
                    self.env._(
                        "%(settlement)s is %(state)s and cannot be %(done)s.",
                        settlement=settlement.display_name,
                        state=dict(self._fields["state"]._description_selection(self.env))[settlement.state],
                        done=done,
                    )
                )

    def _check_four_eyes(self):
        own = self.filtered(lambda settlement: settlement._is_own())
        if own:
            raise UserError(
                self.env._(
                    "%(settlement)s is your own: another commission manager has to do this.",
                    settlement=own[0].display_name,
                )
            )

    def _is_own(self):
        """Whether the user is the payee, or an agent's contact."""
        self.ensure_one()
        return self.env.user._o2c_is_payee(self.payee_id)
