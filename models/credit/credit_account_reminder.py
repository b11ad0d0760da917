from odoo import api, models

REMINDER = "order_to_cash.mail_activity_credit_review"


class O2cCreditAccount(models.Model):
    """Reminders of limits that are due for review."""

    _inherit = "o2c.credit.account"

    @api.model
    def _remind_reviews(self, company):
        """Give the credit manager of ``company`` an activity for each limit due for review.

        A review date is dealt with once. The very first time only takes note of what is due
        already, so that switching on does not bury anyone in activities.

        :param company: one root ``res.company``
        :return: a sentence saying what was done, or an empty string
        """
        # sudo: the day's cycle sees every account of the company, whoever starts it.
        company = company.sudo()
        today = company._o2c_today()
        due = self.sudo().search([
            ("company_id", "=", company.id),
            ("review_on", "<=", today),
            ("review_reminded_on", "=", False),
            ("partner_id.active", "=", True),
        ]).try_lock_for_update()
        if not company.o2c_credit_scan_on:
            company.o2c_credit_scan_on = today
            due.review_reminded_on = today
            return ""
        manager = company._o2c_get_credit_manager()
        if not due:
            return ""
        if not manager:
            return self.env._(
                "Limits due for review: %(count)s. Waiting because the company has no credit "
                "manager.",
                count=len(due),
            )
        activity_type = self.env.ref(REMINDER, raise_if_not_found=False)
        # Told in the inbox of activities only: the cycle mails nobody.
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create([
            account._prepare_review_reminder(manager, activity_type) for account in due
        ])
        due.review_reminded_on = today
        return self.env._("Limits due for review: %(count)s", count=len(due))

    def _prepare_review_reminder(self, manager, activity_type):
        self.ensure_one()
        return {
            "res_model_id": self.env["ir.model"]._get_id(self._name),
            "res_id": self.id,
            "activity_type_id": activity_type.id if activity_type else False,
            "summary": self.with_context(lang=manager.lang).env._(
                "Review the credit of %(customer)s", customer=self.partner_id.display_name
            ),
            "date_deadline": self.review_on,
            "user_id": manager.id,
            "automated": True,
        }

    def _close_reminders(self):
        # sudo: the reminder may be a colleague's.
        self.sudo().activity_unlink([REMINDER])
