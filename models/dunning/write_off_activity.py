from odoo import models

ACTIVITY = "mail.mail_activity_data_todo"


class O2cWriteOff(models.Model):
    """Who may approve a write-off is told that it waits."""

    _inherit = "o2c.write.off"

    def action_request(self):
        """Ask an approver to write these debts off, by an activity."""
        super().action_request()
        for write_off in self:
            approver = write_off._responsible_approver()
            if not approver:
                continue
            # sudo: who requests need not be allowed to plan the work of others.
            # Told in the inbox of activities only, without an e-mail.
            write_off.sudo().with_context(mail_activity_quick_update=True).activity_schedule(
                ACTIVITY,
                date_deadline=write_off.company_id._o2c_today(),
                summary=write_off.with_context(lang=approver.lang).env._(
                    "Decide on the write-off of %(customer)s",
                    customer=write_off.partner_id.display_name,
                ),
                user_id=approver.id,
            )

    def action_draft(self):
        super().action_draft()
        self._end_activities()

    def _decide(self, state):
        super()._decide(state)
        self._end_activities()

    def _end_activities(self):
        # sudo: the activity is another user's where another one decides
        self.sudo().activity_unlink([ACTIVITY])

    def _responsible_approver(self):
        """The credit manager of the company if he may decide on this one request, or else the
        first one who may, in sudo; nobody when there is none."""
        self.ensure_one()
        # sudo: rights of others are looked up for whoever requests
        company = self.sudo().company_id
        users = self.env.ref(self._approver_group()).sudo().all_user_ids.filtered(
            lambda user: user.active
            and not user.share
            and user != self.env.user
            and company in user.company_ids
        )
        return users & company._o2c_get_credit_manager() or users.sorted("id")[:1]
