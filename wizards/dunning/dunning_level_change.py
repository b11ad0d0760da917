from odoo import api, fields, models
from odoo.exceptions import UserError


class O2cDunningLevelChange(models.TransientModel):
    """The dialog in which a collector sends reminders at another level than was proposed."""

    _name = "o2c.dunning.level.change"
    _description = "Change Dunning Level"

    notice_ids = fields.Many2many("o2c.dunning.notice", string="Reminders", readonly=True)
    allowed_level_ids = fields.Many2many("o2c.dunning.level", compute="_compute_allowed_level_ids")
    level_id = fields.Many2one(
        "o2c.dunning.level",
        required=True,
        domain="[('id', 'in', allowed_level_ids)]",
        help="Documents whose own level would be above it stay where they are; none skips a level.",
    )
    note = fields.Char(string="Reason")
    refused_count = fields.Integer(compute="_compute_refused")
    refused_names = fields.Char(compute="_compute_refused")

    @api.depends("notice_ids")
    def _compute_allowed_level_ids(self):
        for wizard in self:
            notices = wizard.notice_ids._origin
            levels = notices.proposed_level_id.policy_id.level_ids
            wizard.allowed_level_ids = levels.filtered(
                lambda level, notices=notices: notices._accepting(level)
            )

    @api.depends("notice_ids", "level_id")
    def _compute_refused(self):
        for wizard in self:
            notices, level = wizard.notice_ids._origin, wizard.level_id._origin
            refused = notices - notices._accepting(level) if level else notices.browse()
            wizard.refused_count = len(refused)
            names = refused[:5].partner_id.mapped("display_name")
            wizard.refused_names = ", ".join(names) + (" …" if len(refused) > len(names) else "")

    def action_apply(self):
        """Set the level on the reminders that can be sent at it.

        :raise UserError: when that is none of them
        """
        notices = self.notice_ids._accepting(self.level_id)
        if not notices:
            raise UserError(self.env._("None of these reminders can be sent at this level."))
        notices.action_set_level(self.level_id)
        if self.note:
            notices._log_each(
                self.env._(
                    "Level changed to %(level)s: %(reason)s",
                    level=self.level_id.name,
                    reason=self.note,
                )
            )
        return {"type": "ir.actions.act_window_close"}
