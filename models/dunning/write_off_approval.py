from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools.misc import formatLang

# Write-offs for one customer within this time add up, so that nobody divides a big one.
PERIOD = timedelta(days=30)


class O2cWriteOff(models.Model):
    """Who decides on a write-off: a credit manager, or an administrator above the limit."""

    _inherit = "o2c.write.off"

    amount_recent = fields.Monetary(
        string="Written Off in the 30 Days Before",
        currency_field="company_currency_id",
        compute="_compute_amount_recent",
        help="For the same customer, in all companies of the family. It counts towards the amount "
        "above which an administrator decides.",
    )
    needs_administrator = fields.Boolean(compute="_compute_needs_administrator")
    can_decide = fields.Boolean(compute="_compute_can_decide")

    @api.depends("partner_id", "company_id", "state", "decided_on")
    def _compute_amount_recent(self):
        customers = self.partner_id.commercial_partner_id
        now = fields.Datetime.now()
        ends = {write_off: self._counts_until(write_off, now) for write_off in self}
        # sudo: what others wrote off counts, whoever asks.
        approved = self.sudo().search(
            Domain("state", "=", "approved")
            & Domain("partner_id.commercial_partner_id", "in", customers.ids)
            & Domain("decided_on", ">=", min(ends.values(), default=now) - PERIOD)
        ).grouped(self._debt_key)
        for write_off in self:
            end = ends[write_off]
            write_off.amount_recent = sum(
                other.amount_company
                for other in approved.get(self._debt_key(write_off.sudo()), ())
                if other != write_off._origin and end - PERIOD <= other.decided_on <= end
            )

    @api.depends("amount_company", "amount_recent", "company_id")
    def _compute_needs_administrator(self):
        for write_off in self:
            # sudo: the limit is a setting for whoever asks
            threshold = write_off.company_id.sudo().o2c_write_off_threshold
            write_off.needs_administrator = bool(threshold) and (
                write_off.company_currency_id.compare_amounts(
                    write_off.amount_company + write_off.amount_recent, threshold
                )
                > 0
            )

    @api.depends("state", "requested_by_id", "needs_administrator")
    @api.depends_context("uid")
    def _compute_can_decide(self):
        for write_off in self:
            write_off.can_decide = (
                write_off.state == "requested"
                and write_off.requested_by_id != self.env.user
                and self.env.user.has_group(write_off._approver_group())
            )

    @api.model
    def _counts_until(self, write_off, now):
        """What was decided after this one says nothing about it."""
        decided = write_off.state in ("approved", "reversed") and write_off.decided_on
        return decided or now

    @api.model
    def _debt_key(self, write_off):
        return write_off.partner_id.commercial_partner_id, write_off.company_id.root_id

    def _approver_group(self):
        self.ensure_one()
        role = "manager" if self.needs_administrator else "credit_manager"
        return f"order_to_cash.group_{role}"

    def _check_group(self):
        self.ensure_one()
        if self.env.user.has_group(self._approver_group()):
            return
        if not self.needs_administrator:
            raise AccessError(
                self.env._(
                    "%(write_off)s is decided by a credit manager.", write_off=self.name
                )
            )
        raise AccessError(
            self.env._(
                "%(write_off)s over %(amount)s is decided by an administrator of Order to Cash. "
                "Written off for this customer in the 30 days before: %(recent)s.",
                write_off=self.name,
                amount=self._format_company(self.amount_company),
                recent=self._format_company(self.amount_recent),
            )
        )

    def _check_threshold_again(self):
        """Of several that are approved at once, those before count as well."""
        self.invalidate_recordset(["amount_recent", "needs_administrator"])
        self._check_group()

    def _format_company(self, amount):
        return formatLang(self.env, amount, currency_obj=self.company_currency_id)
