from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain

# What only requesting, deciding and reversing write.
DECIDED = {
    "name",
    "state",
    "requested_by_id",
    "requested_on",
    "decided_by_id",
    "decided_on",
    "entry_ids",
    "amount_company",
    "user_id",
}
# What an approver sees is what he approves.
REQUESTED = {"partner_id", "company_id", "line_ids", "reason", "note", "take_tax_back", "date"}


class O2cWriteOff(models.Model):
    """A debt of a customer given up: requested by one person, approved by another."""

    _name = "o2c.write.off"
    _description = "Write-off"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(string="Reference", readonly=True, copy=False, index="trigram")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
        tracking=True,
    )
    user_id = fields.Many2one(
        "res.users", string="Salesperson", related="partner_id.user_id", store=True, index=True
    )
    line_ids = fields.One2many("o2c.write.off.line", "write_off_id", string="Documents")
    amount_company = fields.Monetary(
        string="Amount",
        currency_field="company_currency_id",
        compute="_compute_amount_company",
        store=True,
        tracking=True,
        help="What is given up, at the rates at which the documents stand in the books.",
    )
    date = fields.Date(
        string="Accounting Date", help="When it is booked. Empty: the day of the approval."
    )
    reason = fields.Selection(
        [
            ("insolvency", "Insolvency"),
            ("untraceable", "Customer cannot be found"),
            ("barred", "Statute-barred"),
            ("uneconomic", "Not worth pursuing"),
            ("settlement", "Settlement"),
            ("small", "Small balance"),
            ("other", "Other"),
        ],
        required=True,
        tracking=True,
    )
    note = fields.Text(string="Explanation", help="What was tried, and why nothing more will come.")
    take_tax_back = fields.Boolean(
        string="Take the Tax Back",
        compute="_compute_take_tax_back",
        store=True,
        readonly=False,
        precompute=True,
        help="The share of the tax goes back by the accounts that the taxes name for credit notes. "
        "Ask your tax adviser when the law allows it.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("requested", "To Approve"),
            ("approved", "Written Off"),
            ("refused", "Refused"),
            ("reversed", "Reversed"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    requested_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    requested_on = fields.Datetime(readonly=True, copy=False)
    decided_by_id = fields.Many2one(
        "res.users", string="Decided by", readonly=True, copy=False, tracking=True
    )
    decided_on = fields.Datetime(readonly=True, copy=False)
    decision_note = fields.Char(string="Reason of the Decision", copy=False, tracking=True)
    entry_ids = fields.One2many(
        "account.move", "o2c_write_off_id", string="Journal Entries", readonly=True, copy=False
    )

    @api.depends("line_ids.amount_company")
    def _compute_amount_company(self):
        for write_off in self:
            write_off.amount_company = sum(write_off.line_ids.mapped("amount_company"))

    @api.depends("company_id")
    def _compute_take_tax_back(self):
        for write_off in self:
            write_off.take_tax_back = write_off.company_id.o2c_write_off_tax

    @api.model_create_multi
    def create(self, vals_list):
        self._check_not_decided(vals_list)
        for vals in vals_list:
            if not self.env.su:
                # Said here, so that no default value says otherwise.
                vals.update(state="draft", requested_by_id=False, decided_by_id=False)
            company = self.env["res.company"].browse(vals.get("company_id")) or self.env.company
            # sudo: the number is the system's
            vals["name"] = (
                self.env["ir.sequence"]
                .sudo()
                .with_company(company)
                .next_by_code("o2c.write.off")
            )
        return super().create(vals_list)

    def write(self, vals):
        self._check_not_decided([vals])
        if REQUESTED & vals.keys() and not self.env.su:
            self._check_is_draft()
        if "decision_note" in vals and not self.env.su:
            self._check_can_decide()
        return super().write(vals)

    def copy_data(self, default=None):
        raise UserError(
            self.env._("A write-off is not duplicated: request a new one from the open documents.")
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_decided(self):
        if self.filtered(lambda write_off: write_off.state in ("approved", "reversed")):
            raise UserError(self.env._("A write-off that was booked is not deleted; reverse it."))

    @api.model
    def _check_not_decided(self, vals_list):
        if not self.env.su and any(DECIDED & vals.keys() for vals in vals_list):
            raise AccessError(
                self.env._("Request, approve or reverse a write-off to change its state.")
            )

    def _check_is_draft(self):
        for write_off in self:
            if write_off.state != "draft":
                raise UserError(
                    self.env._(
                        "%(write_off)s was requested as it is. Set it back to draft to change it.",
                        write_off=write_off.name,
                    )
                )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_fill(self):
        """Take all that the customer has open and overdue into the request."""
        self.check_access("write")
        self._check_is_draft()
        for write_off in self:
            lines = self.env["account.move.line"].search(
                write_off._domain_of_items()
                & Domain("date_maturity", "<", write_off.company_id._o2c_today())
            )
            new = lines - write_off.line_ids.move_line_id
            write_off.line_ids = [
                Command.create({
                    "move_line_id": line.id,
                    "amount": line.amount_residual_currency,
                })
                for line in new
            ]

    def action_request(self):
        """Ask an approver to write these debts off."""
        self.check_access("write")
        self.company_id._o2c_check_dunning_is_on()
        self._check_is_draft()
        for write_off in self:
            write_off._check_lines()
            # sudo: nobody writes the state but by the buttons
            write_off.sudo().write({
                "state": "requested",
                "requested_by_id": self.env.uid,
                "requested_on": fields.Datetime.now(),
                "decided_by_id": False,
                "decided_on": False,
                "decision_note": False,
            })

    def action_draft(self):
        """Take the request back, to change it."""
        self.check_access("write")
        for write_off in self:
            if write_off.state not in ("requested", "refused"):
                raise UserError(
                    self.env._(
                        "%(write_off)s is not waiting for a decision.", write_off=write_off.name
                    )
                )
        # sudo: nobody writes the state but by the buttons
        self.sudo().state = "draft"
        self.sudo().line_ids._refresh()

    def action_approve(self):
        """Write the debts off: book them and close what is paid by it."""
        self._check_can_decide()
        for write_off in self:
            write_off._check_lines()
            write_off._check_threshold_again()
            write_off._book()
            write_off._decide("approved")
            write_off._on_write_off(write_off.line_ids.move_id)

    def action_refuse(self):
        """Keep the debts."""
        self._check_can_decide()
        for write_off in self:
            write_off._decide("refused")

    def action_reverse(self):
        """The money came after all, or it was a mistake: the debts are open again."""
        self.check_access("write")
        for write_off in self:
            if write_off.state != "approved":
                raise UserError(
                    self.env._("%(write_off)s is not written off.", write_off=write_off.name)
                )
            write_off._check_group()
            write_off._reverse()
            # sudo: nobody writes the state but by the buttons
            write_off.sudo().state = "reversed"
            write_off._on_write_off_reversed(write_off.line_ids.move_id)

    def action_view_entries(self):
        """Open the journal entries."""
        self.ensure_one()
        return self.sudo().entry_ids.with_env(self.env)._get_records_action(
            name=self.env._("Journal Entries")
        )

    # ------------------------------------------------------------------
    # Hooks
    # ------------------------------------------------------------------

    def _on_write_off(self, moves):
        """Called when these invoices were written off, wholly or in part; to be extended.

        How much of each is in the ``line_ids`` of the write-off.

        :param moves: ``account.move``
        """

    def _on_write_off_reversed(self, moves):
        """Called when the write-off of these invoices was taken back; to be extended.

        :param moves: ``account.move``
        """

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    def _check_can_decide(self):
        self.check_access("write")
        self.company_id._o2c_check_dunning_is_on()
        for write_off in self:
            if write_off.state != "requested":
                raise UserError(
                    self.env._(
                        "%(write_off)s is not waiting for a decision.", write_off=write_off.name
                    )
                )
            write_off._check_group()
            if write_off.requested_by_id == self.env.user:
                raise AccessError(
                    self.env._(
                        "%(write_off)s is your own request: somebody else decides on it.",
                        write_off=write_off.name,
                    )
                )

    def _decide(self, state):
        # sudo: nobody writes the state but by the buttons
        self.sudo().write({
            "state": state,
            "decided_by_id": self.env.uid,
            "decided_on": fields.Datetime.now(),
        })

    def _domain_of_items(self):
        """The open items that can be on this one write-off."""
        self.ensure_one()
        return (
            Domain("parent_state", "=", "posted")
            & Domain("account_id.account_type", "=", "asset_receivable")
            & Domain("reconciled", "=", False)
            & Domain("amount_residual_currency", ">", 0)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("partner_id", "child_of", self.partner_id.commercial_partner_id.id)
        )

    def _check_lines(self):
        """Raise unless the documents stand as they stood when the request was made."""
        self.ensure_one()
        if not self.line_ids:
            raise UserError(
                self.env._("%(write_off)s: choose what is to be written off.", write_off=self.name)
            )
        self.line_ids._check_items()
        # sudo: what decides on the approver is reckoned here, whatever was written before
        self.sudo().line_ids._compute_amount_company()
        self.sudo()._compute_amount_company()
