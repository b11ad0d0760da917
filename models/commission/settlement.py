from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

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
# What the program sets and people do not.
GUARDED = {"state", "entry_ids", "bill_id", "approved_by_id", "approved_on", "name"}
# As long as a settlement is here, its entries may be given back.
OPEN = ("calculated", "disputed", "approved")


class O2cCommissionSettlement(models.Model):
    """What a payee is owed for a range of days: the entries of the ledger that it settles."""

    _name = "o2c.commission.settlement"
    _description = "Commission Settlement"
    _inherit = ["mail.thread", "mail.activity.mixin", "portal.mixin"]
    _order = "date_to desc, id desc"
    _check_company_auto = True

    name = fields.Char(readonly=True, copy=False, default="/")
    payee_id = fields.Many2one("res.partner", required=True, index=True, ondelete="restrict", tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="Of the agreements that are settled; those in another currency need a settlement of their own.",
    )
    date_from = fields.Date(string="From", required=True)
    date_to = fields.Date(string="Until", required=True)
    state = fields.Selection(
        STATES, required=True, readonly=True, default="draft", copy=False, index=True, tracking=True
    )
    entry_ids = fields.One2many("o2c.commission.entry", "settlement_id", string="Entries", copy=False)
    entry_count = fields.Integer(string="Number of Entries", compute="_compute_amounts")
    amount = fields.Monetary(string="Total", compute="_compute_amounts")
    bill_id = fields.Many2one(
        "account.move", string="Vendor Bill", readonly=True, copy=False, index="btree_not_null"
    )
    approved_by_id = fields.Many2one("res.users", string="Approved by", readonly=True, copy=False)
    approved_on = fields.Datetime(readonly=True, copy=False)

    _dates_ck = models.Constraint(
        "CHECK(date_from <= date_to)", "A settlement ends on the day it begins, or later."
    )

    @api.depends("entry_ids")
    def _compute_amounts(self):
        sums = {
            settlement: (amount, count)
            for settlement, amount, count in self.env["o2c.commission.entry"]._read_group(
                [("settlement_id", "in", self.ids)], ["settlement_id"], ["amount_payee:sum", "__count"]
            )
        }
        for settlement in self:
            amount, count = sums.get(settlement._origin, (0.0, 0))
            settlement.amount, settlement.entry_count = amount, count

    # ------------------------------------------------------------------
    # Guards
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not is_program(self.env):
                self._check_guarded(vals)
        settlements = super().create(vals_list)
        for settlement in settlements:
            if settlement.state != "draft" and not is_program(self.env):
                raise UserError(self.env._("A settlement begins as a draft."))
        return settlements

    def write(self, vals):
        if not is_program(self.env):
            self._check_guarded(vals)
            frozen = {"payee_id", "company_id", "currency_id", "date_from", "date_to"} & vals.keys()
            if frozen and any(settlement.state != "draft" for settlement in self):
                raise UserError(
                    self.env._("What is calculated keeps its payee and dates. Cancel it and begin anew.")
                )
        return super().write(vals)

    def _check_guarded(self, vals):
        if not GUARDED.isdisjoint(vals):
            raise UserError(
                self.env._("States, entries and bills of settlements are set by their buttons only.")
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_drafts_only(self):
        if any(settlement.state not in ("draft", "cancelled") for settlement in self):
            raise UserError(self.env._("Only drafts can be deleted. Cancel the settlement instead."))

    def _set(self, **vals):
        # sudo: the program sets what follows from a button that the user may press
        self.sudo().with_context(o2c_commission_writer=PROGRAM).write(vals)

    # ------------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------------

    def action_calculate(self):
        """Take in every earned entry of the payee that no other settlement has, up to the last day.

        Calculated again, a settlement takes in what has come since, and lets go of nothing.

        :raise UserError: when a settlement is approved or later
        """
        self.check_access("write")
        self._check_state(("draft", "calculated"), self.env._("calculated"))
        for settlement in self:
            settlement._take_in()
        self._set(state="calculated")

    def action_approve(self):
        """Agree to pay what is calculated."""
        self.check_access("write")
        self._check_state(("calculated", "disputed"), self.env._("approved"))
        self._set(state="approved", approved_by_id=self.env.uid, approved_on=fields.Datetime.now())

    def action_cancel(self):
        """Give the entries back, to be settled another time."""
        self.check_access("write")
        self._check_state(("draft", *OPEN), self.env._("cancelled"))
        for settlement in self:
            settlement._let_go()
        self._set(state="cancelled")

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

    # ------------------------------------------------------------------
    # Entries
    # ------------------------------------------------------------------

    def _entry_domain(self):
        """What this one settlement takes in."""
        self.ensure_one()
        return Domain([
            ("payee_id", "=", self.payee_id.id),
            ("company_id", "=", self.company_id.id),
            ("payee_currency_id", "=", self.currency_id.id),
            ("kind", "!=", "expect"),
            ("settlement_id", "=", False),
            ("date", "<=", self.date_to),
        ])

    def _take_in(self):
        """Settle the entries, by one statement: there may be a hundred thousand."""
        self.ensure_one()
        self.env["o2c.commission.entry"].flush_model()
        # Written, not only read: of two settlements at once the second one starts over.
        self.env.cr.execute(
            SQL(
                """
                UPDATE o2c_commission_entry SET settlement_id = %s
                 WHERE payee_id = %s AND company_id = %s AND payee_currency_id = %s
                   AND kind <> 'expect' AND settlement_id IS NULL AND date <= %s
                """,
                self.id,
                self.payee_id.id,
                self.company_id.id,
                self.currency_id.id,
                self.date_to,
            )
        )
        self._forget_entries()

    def _let_go(self):
        self.ensure_one()
        self.env.cr.execute(
            SQL("UPDATE o2c_commission_entry SET settlement_id = NULL WHERE settlement_id = %s", self.id)
        )
        self._forget_entries()

    def _forget_entries(self):
        self.env["o2c.commission.entry"].invalidate_model(["settlement_id", "state"], flush=False)
        self.invalidate_recordset(["entry_ids"], flush=False)

    @api.constrains("payee_id", "currency_id", "company_id")
    def _check_agreements(self):
        for settlement in self:
            if not settlement.payee_id:
                raise ValidationError(self.env._("Choose who is paid."))


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    settlement_id = fields.Many2one(
        "o2c.commission.settlement", readonly=True, index="btree_not_null", ondelete="restrict"
    )

    @api.depends("kind", "settlement_id.state")
    def _compute_state(self):
        # sudo: where an entry stands is told to whoever reads it
        for entry in self.sudo():
            if entry.kind == "expect":
                entry.state = "expected"
            elif not entry.settlement_id:
                entry.state = "earned"
            else:
                entry.state = "paid" if entry.settlement_id.state == "paid" else "settled"

    @api.model
    def _state_domain(self, state):
        domain = super()._state_domain(state)
        if state == "earned":
            return domain & Domain("settlement_id", "=", False)
        if state == "settled":
            return Domain("settlement_id", "!=", False) & Domain("settlement_id.state", "!=", "paid")
        if state == "paid":
            return Domain("settlement_id.state", "=", "paid")
        return domain
