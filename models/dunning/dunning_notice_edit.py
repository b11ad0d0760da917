from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import is_html_empty
from odoo.tools.mail import email_normalize, email_split

from odoo.addons.order_to_cash.algorithms import dunning_relevel

from .dunning_run import is_chatter

# What a collector may correct on a reminder that waits to be sent.
CORRECTED = {
    "state",
    "level_id",
    "contact_id",
    "other_email",
    "introduction",
    "send_email",
    "send_letter",
    "create_activity",
    "responsible_id",
    "fee_waived",
    "interest_waived",
}
# What he may write down at any time.
REMARKS = {"note"}
CHANNELS = ("send_email", "send_letter", "create_activity")


class O2cDunningNotice(models.Model):
    """What a person may correct on a proposed reminder; all else is written by the program."""

    _inherit = "o2c.dunning.notice"

    proposed_level_id = fields.Many2one(
        "o2c.dunning.level",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The level that the program proposed, before somebody chose another one.",
    )
    is_level_changed = fields.Boolean(compute="_compute_is_level_changed")
    introduction = fields.Html(
        string="Text of This Letter",
        help="Stands above the list of items instead of the text of the level. Empty: the text of "
        "the level.",
    )
    other_email = fields.Char(
        string="Send E-mail To",
        tracking=True,
        help="The e-mail of this reminder goes here instead of to the recipient; several addresses "
        "are separated by commas.",
    )
    note = fields.Text(help="For yourself and your colleagues; the customer does not see it.")
    responsible_id = fields.Many2one(
        "res.users",
        tracking=True,
        domain="[('share', '=', False)]",
        help="Who calls the customer. Empty: as the level says.",
    )
    send_email = fields.Boolean(
        string="By E-mail",
        compute="_compute_channels",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
    )
    send_letter = fields.Boolean(
        string="By Post",
        compute="_compute_channels",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
    )
    create_activity = fields.Boolean(
        string="By a Call",
        compute="_compute_channels",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
    )

    @api.depends("level_id", "proposed_level_id")
    def _compute_is_level_changed(self):
        for notice in self:
            proposed = notice.proposed_level_id
            notice.is_level_changed = bool(proposed) and notice.level_id != proposed

    # Not the fields of the level: what was sent went the ways that it went.
    @api.depends("level_id")
    def _compute_channels(self):
        for notice in self:
            for channel in CHANNELS:
                notice[channel] = notice.level_id[channel]

    @api.constrains("other_email")
    def _check_other_email(self):
        for notice in self:
            for address in (notice.other_email or "").split(","):
                if address.strip() and not email_normalize(address):
                    raise ValidationError(
                        self.env._("“%(address)s” is no e-mail address.", address=address.strip())
                    )

    def write(self, vals):
        if self.env.su:
            return super().write(vals)
        self.check_access("write")
        self._check_may_write(vals)
        vals = dict(vals)
        level, state = vals.pop("level_id", None), vals.pop("state", None)
        if state:
            self._write_state(state)
        if level:
            self.action_set_level(self.env["o2c.dunning.level"].browse(level))
        if "introduction" in vals:
            self._log_each(self.env._("The text of the letter was changed."))
        return super().write(vals) if vals else True

    def _check_may_write(self, vals):
        """:raise AccessError: when somebody writes by himself what the program records
        :raise UserError: when he corrects a reminder that does not wait any more
        """
        names = {name for name in vals if not is_chatter(name)}
        if names - CORRECTED - REMARKS:
            raise AccessError(
                self.env._("What a reminder claims and records is written by the program only.")
            )
        if names - REMARKS:
            self._check_waiting()
        if vals.get("contact_id"):
            self._check_contact(self.env["res.partner"].browse(vals["contact_id"]))

    def _check_waiting(self):
        closed = self.filtered(lambda notice: notice.state not in ("proposed", "skipped"))
        if closed:
            raise UserError(
                self.env._(
                    "%(reminders)s: already sent or settled, and stay as they are. What has been "
                    "charged can only be credited.",
                    reminders=", ".join(closed.mapped("name")),
                )
            )

    def _check_contact(self, contact):
        ancestors = contact
        while ancestors[-1:].parent_id - ancestors:
            ancestors += ancestors[-1:].parent_id
        for notice in self:
            if notice.partner_id not in ancestors:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is no contact of %(customer)s.",
                        contact=contact.display_name,
                        customer=notice.partner_id.display_name,
                    )
                )

    def _write_state(self, state):
        if state == "skipped":
            self.action_skip()
        elif state == "proposed":
            self.action_unskip()
        else:
            raise AccessError(self.env._("A reminder is marked as sent or paid by the program only."))

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_skip(self):
        """Leave these reminders out when their run is sent."""
        self.check_access("write")
        # sudo: the state is the program's; the right to correct reminders is checked above.
        waiting = self.filtered(lambda notice: notice.state == "proposed").sudo()
        waiting.write({"state": "skipped", "fell_out": False, "queued_by_id": False})

    def action_unskip(self):
        """Send these reminders with their run after all."""
        self.check_access("write")
        # sudo: see above.
        self.filtered(
            lambda notice: notice.state == "skipped" and notice.run_id.state != "done"
        ).sudo().state = "proposed"

    def action_set_level(self, level):
        """Send these reminders at another level of the same policy.

        Items whose own level would be above it stay where they are; no item climbs more than one.

        :param level: one ``o2c.dunning.level``, not above the one that follows the highest that an
            overdue item has reached
        :raise UserError: when a level would be skipped, the level is of another policy, or a
            reminder is sent already
        """
        self.check_access("write")
        self._check_waiting()
        if self.run_id.filtered("is_take_up"):
            raise UserError(
                self.env._("Old receivables are taken up at the level that their days ask for.")
            )
        refused = self - self._accepting(level)
        if refused:
            raise UserError(
                self.env._(
                    "%(level)s cannot be sent to %(customers)s: it is of another policy, or a level "
                    "before it would be skipped.",
                    level=level.name,
                    customers=", ".join(refused.partner_id.mapped("display_name")),
                )
            )
        # sudo: levels and charges are the program's; the right to correct is checked above.
        self.sudo()._apply_level(level)

    def action_change_level(self):
        """Open the dialog that sends these reminders at another level."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Change Level"),
            "res_model": "o2c.dunning.level.change",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_notice_ids": self.filtered(lambda n: n.state in ("proposed", "skipped")).ids
            },
        }

    def action_block(self):
        """Open a new block of this customer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Block Reminders"),
            "res_model": "o2c.dunning.block",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_partner_id": self.partner_id.id,
                "default_company_id": self.company_id.id,
            },
        }

    def action_write_own_text(self):
        """Start the text of this letter from that of its level, in the customer's language."""
        for notice in self.filtered(lambda notice: is_html_empty(notice.introduction)):
            notice.introduction = notice._level_text(notice.level_id)

    # ------------------------------------------------------------------
    # Business methods
    # ------------------------------------------------------------------

    def _level_text(self, level):
        return level.with_context(lang=self._lang()).letter_text

    def _email_addresses(self):
        """Where the e-mail goes when somebody said so: a string of addresses, or False."""
        self.ensure_one()
        return ", ".join(email_split(self.other_email or "")) or False

    def _relevel_lines(self):
        """The items as :class:`dunning_relevel.Line`, as the program proposed them."""
        self.ensure_one()
        return [
            dunning_relevel.Line(
                key=line.id,
                height=line.height,
                climbs=bool(line.proposed_level_id)
                and line.proposed_level_id != line.previous_level_id,
                is_overdue=line.days_overdue > 0,
            )
            for line in self.line_ids
        ]

    def _accepting(self, level):
        """Those of these reminders that may be sent at ``level``."""
        heights = self._heights(level)
        return self.filtered(
            lambda notice: notice.proposed_level_id.policy_id == level.policy_id
            and heights[level]
            <= dunning_relevel.highest(
                notice._relevel_lines(), heights[notice.proposed_level_id]
            )
        )

    def _heights(self, level):
        """{level: its place in its policy, from 1} of all levels that are concerned."""
        return {
            other: height
            for policy in (self.proposed_level_id + self.line_ids.level_id + level).policy_id
            for height, other in enumerate(policy.level_ids, start=1)
        }

    def _apply_level(self, level):
        """Set ``level`` on these reminders and its consequences on their items and charges."""
        heights = self._heights(level)
        for notice in self:
            climbing = dunning_relevel.climbing(
                notice._relevel_lines(), heights[notice.proposed_level_id], heights[level]
            )
            for line in notice.line_ids:
                line._set_climbs(line.id in climbing, level.policy_id)
            if notice.introduction == notice._level_text(notice.level_id):
                notice.introduction = False
            if notice.level_id != level:
                notice.level_id = level
        for run, notices in self.grouped("run_id").items():
            items = run._gather_open_items(notices.partner_id.ids)
            notices._reckon_charges({item.key: item for item in items})

    # ------------------------------------------------------------------
    # Proposing again
    # ------------------------------------------------------------------

    def _decisions(self):
        """What somebody decided about these proposals, to be kept when they are made again.

        :return: {(customer id, currency id, proposed level id): values}
        """
        decisions = {}
        for notice in self:
            proposed = notice.proposed_level_id or notice.level_id
            values = {
                "state": "skipped" if notice._is_skipped_by_hand() else "proposed",
                "fee_waived": notice.fee_waived,
                "interest_waived": notice.interest_waived,
                "level_id": notice.level_id.id,
                "contact_id": notice.contact_id.id,
                "other_email": notice.other_email,
                "introduction": notice.introduction,
                "note": notice.note,
                "responsible_id": notice.responsible_id.id,
            }
            for channel in CHANNELS:
                if notice[channel] != notice.level_id[channel]:
                    values[channel] = notice[channel]
            decisions[notice.partner_id.id, notice.currency_id.id, proposed.id] = values
        return decisions

    def _keep_chosen_levels(self):
        """Bring the items of proposals that were made again in line with the level that somebody
        had chosen; where it cannot be sent any more the program's level takes its place."""
        changed = self.filtered(lambda notice: notice.level_id != notice.proposed_level_id)
        for level, notices in changed.grouped("level_id").items():
            accepting = notices._accepting(level)
            accepting._apply_level(level)
            for notice in notices - accepting:
                notice.level_id = notice.proposed_level_id
