from markupsafe import Markup

from odoo import fields, models
from odoo.tools import format_date
from odoo.tools.misc import formatLang

CALL = "mail.mail_activity_data_call"


class O2cDunningLevel(models.Model):
    _inherit = "o2c.dunning.level"

    call_script = fields.Text(
        string="What to Say",
        translate=True,
        help="What the caller finds with the figures of the customer when this level asks for a "
        "call.",
    )


class O2cDunningNotice(models.Model):
    """Calls that go with a reminder."""

    _inherit = "o2c.dunning.notice"

    def _plan_calls(self):
        """Plan a call for each of these reminders that asks for it."""
        calls = self.filtered("create_activity")
        if not calls:
            return
        activity_type = self.env.ref(CALL, raise_if_not_found=False)
        model = self.env["ir.model"]._get_id(self._name)
        # Those who call find it among their activities; they get no e-mail about each.
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create([
            {
                "activity_type_id": activity_type.id if activity_type else False,
                "res_model_id": model,
                "res_id": notice.id,
                "user_id": notice._responsible().id,
                "summary": self.env._(
                    "Call %(customer)s: %(level)s",
                    customer=notice.partner_id.name,
                    level=notice.level_id.name,
                ),
                "note": notice._call_note(),
                "automated": True,
                "date_deadline": notice.company_id._o2c_today(),
            }
            for notice in calls
        ])

    def _responsible(self):
        """Who calls the customer: one who may read the reminder."""
        self.ensure_one()
        for user in self._responsible_candidates():
            # sudo: the groups and companies of a user are only asked for, not shown.
            if (
                user.active
                and user.has_group("order_to_cash.group_user")
                and self.company_id in user.sudo().company_ids
            ):
                return user
        return self.env.user

    def _responsible_candidates(self):
        """Who may be asked to call, the first who can is; to be extended."""
        partner = self.partner_id.commercial_partner_id.with_company(self.company_id.root_id)
        return [
            self.responsible_id,
            partner.o2c_collector_id,
            self.level_id.user_id,
            self.user_id,
            self.company_id.sudo().o2c_collector_id,
        ]

    def _call_note(self):
        """What the caller has to know, in his language."""
        notice = self.with_context(lang=self._responsible().lang or self.env.lang)
        env = notice.env
        oldest = max(
            notice.line_ids, key=lambda line: (line.days_overdue, -line.id), default=None
        )
        facts = [
            env._(
                "Overdue: %(overdue)s of a balance of %(balance)s.",
                overdue=formatLang(env, notice.total_overdue, currency_obj=notice.currency_id),
                balance=formatLang(env, notice.total_open, currency_obj=notice.currency_id),
            )
        ]
        if oldest and oldest.days_overdue > 0:
            facts.append(
                env._(
                    "Oldest: %(document)s, due %(date)s, %(days)s days ago.",
                    document=oldest.name,
                    date=format_date(env, oldest.date_due),
                    days=oldest.days_overdue,
                )
            )
        phone = notice.contact_id.phone or notice.partner_id.phone
        if phone:
            facts.append(
                env._(
                    "Phone of %(contact)s: %(phone)s",
                    contact=notice.contact_id.name or notice.partner_id.name,
                    phone=phone,
                )
            )
        facts += [text for text in (notice.level_id.call_script, notice.note) if text]
        return Markup().join(Markup("<p>%s</p>") % fact for fact in facts)
