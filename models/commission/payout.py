"""What is paid to employees through payroll."""

import base64

from odoo import api, fields, models
from odoo.exceptions import UserError

from .locks import lock
from .program import PROGRAM, is_program

SEQUENCE = "o2c.commission.payout"
GUARDED = {"name", "state", "settlement_ids", "exported_on", "paid_on", "file_xlsx", "file_csv"}


class O2cCommissionPayout(models.Model):
    """Settlements of employees that go to payroll together."""

    _name = "o2c.commission.payout"
    _description = "Commission Payroll Batch"
    _inherit = ["mail.thread"]
    _order = "date desc, id desc"
    _check_company_auto = True

    name = fields.Char(readonly=True, copy=False, default="/")
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.company.currency_id
    )
    date = fields.Date(
        string="Payroll Date",
        required=True,
        default=lambda self: self.env.company._o2c_today(),
        tracking=True,
    )
    state = fields.Selection(
        [("draft", "Draft"), ("exported", "Exported"), ("paid", "Paid")],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        index=True,
        tracking=True,
    )
    settlement_ids = fields.One2many(
        "o2c.commission.settlement", "payout_id", string="Settlements", readonly=True, copy=False
    )
    settlement_count = fields.Integer(string="Number of Settlements", compute="_compute_totals")
    amount = fields.Monetary(string="Total", compute="_compute_totals")
    exported_on = fields.Datetime(readonly=True, copy=False)
    paid_on = fields.Date(readonly=True, copy=False)
    # What payroll got, byte by byte: whoever downloads it again gets the same.
    file_xlsx = fields.Binary(string="Spreadsheet", readonly=True, copy=False, attachment=True)
    file_csv = fields.Binary(string="CSV File", readonly=True, copy=False, attachment=True)

    @api.depends("settlement_ids.amount")
    def _compute_totals(self):
        sums = {
            payout: (amount, count)
            for payout, amount, count in self.env["o2c.commission.settlement"]._read_group(
                [("payout_id", "in", self.ids)], ["payout_id"], ["amount:sum", "__count"]
            )
        }
        for payout in self:
            payout.amount, payout.settlement_count = sums.get(payout._origin, (0.0, 0))

    @api.model_create_multi
    def create(self, vals_list):
        if not is_program(self.env) and any(not GUARDED.isdisjoint(vals) for vals in vals_list):
            raise UserError(self._guard_message())
        sequences = self.env["ir.sequence"]
        return super().create([
            {**vals, "name": sequences.next_by_code(SEQUENCE, vals.get("date")) or "/", "state": "draft"}
            for vals in vals_list
        ])

    def write(self, vals):
        if not is_program(self.env):
            if not GUARDED.isdisjoint(vals):
                raise UserError(self._guard_message())
            if {"company_id", "currency_id"} & vals.keys() and self.settlement_ids:
                raise UserError(self.env._("A batch with settlements keeps its company and currency."))
        return super().write(vals)

    def _guard_message(self):
        return self.env._("Settlements come into a payroll batch, and out of it, by their buttons only.")

    @api.ondelete(at_uninstall=False)
    def _unlink_empty_only(self):
        # sudo: settlements that the user may not see keep it, too
        if self.sudo().settlement_ids:
            raise UserError(self.env._("Take the settlements off the payroll batch first."))

    def _set(self, **vals):
        # sudo: the program sets what follows from a button that the user may press
        self.sudo().with_context(o2c_commission_writer=PROGRAM).write(vals)

    # ------------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------------

    def action_export(self, kind="xlsx"):
        """Hand these over to payroll: download the file; nothing is taken off them any more.

        Exported again it is the same file.

        :param kind: ``xlsx`` or ``csv``
        """
        self.ensure_one()
        self.check_access("write")
        lock(self)
        if not self.settlement_ids:
            raise UserError(self.env._("%(payout)s is empty.", payout=self.display_name))
        if self.state == "draft":
            self._set(
                state="exported",
                exported_on=fields.Datetime.now(),
                file_xlsx=base64.b64encode(self._xlsx()),
                file_csv=base64.b64encode(self._csv()),
            )
        return {
            "type": "ir.actions.act_url",
            "url": f"/order_to_cash/commission/payout/{self.id}.{kind}",
            "target": "download",
        }

    def action_export_csv(self):
        """See :meth:`action_export`."""
        return self.action_export("csv")

    def action_draft(self):
        """Take these back from payroll before they are paid."""
        self.check_access("write")
        self._check_state("exported", self.env._("taken back"))
        self._set(state="draft", exported_on=False, file_xlsx=False, file_csv=False)
        return True

    def action_paid(self):
        """Payroll has paid: so are the settlements."""
        self.check_access("write")
        self._check_state("exported", self.env._("paid"))
        for company, payouts in self.grouped("company_id").items():
            payouts._set(state="paid", paid_on=company._o2c_today())
        # sudo: the settlements follow the batch, whoever may pay it
        self.sudo().settlement_ids._set(state="paid")
        return True

    def action_unpaid(self):
        """Payroll has not paid after all."""
        self.check_access("write")
        self._check_state("paid", self.env._("taken back"))
        self._set(state="exported", paid_on=False)
        # sudo: the settlements follow the batch, whoever may reopen it
        self.sudo().settlement_ids._set(state="billed")
        return True

    def action_view_settlements(self):
        """Open the settlements."""
        return self.settlement_ids._get_records_action(name=self.env._("Settlements"))

    def _check_state(self, state, done):
        """Hold these, and raise unless all of them are in this state."""
        lock(self)
        labels = dict(self._fields["state"]._description_selection(self.env))
        for payout in self:
            if payout.state != state:
                raise UserError(
                    self.env._(
                        "%(payout)s is %(state)s and cannot be %(done)s.",
                        payout=payout.display_name,
                        state=labels[payout.state],
                        done=done,
                    )
                )

    # ------------------------------------------------------------------
    # Business
    # ------------------------------------------------------------------

    @api.model
    def _draft_of(self, company, currency):
        """The batch that settlements of a company and currency go into; nobody exports it meanwhile."""
        domain = [
            ("company_id", "=", company.id), ("currency_id", "=", currency.id), ("state", "=", "draft"),
        ]  # fmt: skip
        draft = self.search(domain, limit=1)
        lock(draft)
        return draft or self.create({
            "company_id": company.id,
            "currency_id": currency.id,
            "date": company._o2c_today(),
        })
