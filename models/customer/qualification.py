from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain

from odoo.addons.order_to_cash.algorithms import qualification as algorithm

REMINDER = "order_to_cash.mail_activity_qualification"


class Qualification(models.Model):
    """A paper a customer has handed in: who he is, what he may trade in, who his bank is.

    Only those who may read the customer may read his papers.
    """

    _name = "o2c.qualification"
    _description = "Qualification Document"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "partner_id, type_id, expires_on desc, id desc"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        ondelete="cascade",
        check_company=True,
        tracking=True,
        domain=lambda self: self.env["res.partner"]._o2c_commercial_domain(),
    )
    type_id = fields.Many2one(
        "o2c.qualification.type",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
        tracking=True,
    )
    company_id = fields.Many2one(
        "res.company",
        compute="_compute_company_id",
        precompute=True,
        store=True,
        readonly=False,
        index=True,
        help="Leave empty when the document counts in every company.",
    )
    active = fields.Boolean(default=True)
    number = fields.Char(tracking=True, help="The number printed on the document.")
    issued_on = fields.Date(tracking=True)
    expires_on = fields.Date(
        index=True, tracking=True, help="Last day of validity. Empty when it never expires."
    )
    # The attachment behind the field is read with the rights of the document.
    file = fields.Binary(attachment=True, copy=False)
    file_name = fields.Char(copy=False)
    note = fields.Text(string="Notes")
    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")
    state = fields.Selection(
        selection=[
            ("valid", "Valid"),
            ("expiring", "Expiring"),
            ("expired", "Expired"),
            ("missing", "File Missing"),
        ],
        compute="_compute_state",
        search="_search_state",
        help="As of today.",
    )
    reminded_on = fields.Date(
        copy=False, readonly=True, help="Day the salesperson was told that the document expires."
    )

    _dates_in_order = models.Constraint(
        "CHECK (issued_on <= expires_on)", "A document cannot expire before it is issued."
    )

    # ------------------------------------------------------------------
    # Compute
    # ------------------------------------------------------------------

    @api.depends("type_id", "number")
    def _compute_display_name(self):
        for document in self:
            document.display_name = " ".join(
                filter(None, (document.type_id.name, document.number))
            )

    @api.depends("partner_id", "type_id")
    def _compute_company_id(self):
        for document in self:
            document.company_id = (
                document.partner_id.company_id or document.type_id.company_id or document.company_id
            )

    @api.depends_context("company")
    @api.depends("expires_on", "file", "type_id.warn_days", "type_id.requires_file")
    def _compute_state(self):
        # Only the company's day is read.
        today = self.env.company.sudo()._o2c_today()
        state_by_key = {
            document.key: algorithm.document_state(document, today)
            for document in self._to_algorithm()
        }
        for document in self:
            document.state = state_by_key[document.id]

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain.OR(self._get_state_domain(state) for state in value if state)

    @api.constrains("partner_id")
    def _check_partner(self):
        for document in self:
            partner = document.partner_id
            if partner.commercial_partner_id != partner:
                raise ValidationError(
                    self.env._(
                        "Documents belong to the customer, not to one of its contacts. Choose"
                        " %(customer)s instead of %(contact)s.",
                        customer=partner.commercial_partner_id.display_name,
                        contact=partner.display_name,
                    )
                )

    # ------------------------------------------------------------------
    # CRUD and access
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        documents = super().create(vals_list)
        documents._close_reminders_of_replaced()
        return documents

    def write(self, vals):
        renewed = self.browse()
        if "expires_on" in vals:
            expires_on = fields.Date.to_date(vals["expires_on"])
            renewed = self.filtered(
                lambda document: document.reminded_on and document.expires_on != expires_on
            )
        result = super().write(vals)
        if renewed:
            super(Qualification, renewed).write({"reminded_on": False})
            renewed._close_reminders()
        return result

    @api.model
    def _search(self, domain, *args, active_test=True, bypass_access=False, **kwargs):
        if not (self.env.su or bypass_access):
            # Archived customers keep their documents.
            readable = self.env["res.partner"].with_context(active_test=False)._search([])
            domain = Domain(domain) & Domain("partner_id", "in", readable)
        return super()._search(
            domain, *args, active_test=active_test, bypass_access=bypass_access, **kwargs
        )

    def _check_access(self, operation):
        result = super()._check_access(operation)
        if result or self.env.su or not any(self._ids):
            return result
        # sudo: only to know whose documents they are; the rights to the partner are then checked
        partners = self.sudo().partner_id.sudo(False)
        unreadable = partners - partners._filtered_access("read")
        if not unreadable:
            return result
        # Reads which partner a document belongs to, to refuse it.
        forbidden = self.filtered(lambda document: document.sudo().partner_id in unreadable)

        def make_error():
            return AccessError(
                self.env._("You may not access the documents of a customer you may not see.")
            )

        return forbidden, make_error

    # ------------------------------------------------------------------
    # Business
    # ------------------------------------------------------------------

    @api.model
    def _get_company_domain(self, company):
        """The documents that count in ``company``: its own and the shared ones."""
        # Only the ids of the parent companies are read.
        return Domain("company_id", "in", [False, *company.sudo().parent_ids.ids])

    @api.model
    def _get_state_domain(self, state):
        """The documents in ``state`` (one of the selection) as of today."""
        # Only the company's day is read.
        today = self.env.company.sudo()._o2c_today()
        without_file = Domain("type_id.requires_file", "=", True) & Domain("file", "=", False)
        if state == algorithm.MISSING:
            return without_file
        if state == algorithm.EXPIRED:
            return Domain("expires_on", "<", today) & ~without_file
        warned = self._get_warned_domain(today)
        if state == algorithm.EXPIRING:
            return Domain("expires_on", ">=", today) & warned & ~without_file
        return ~without_file & ~warned

    @api.model
    def _get_warned_domain(self, today):
        """The documents that have expired by ``today`` or are about to."""
        # sudo: the number of days is no secret
        kinds = self.env["o2c.qualification.type"].sudo().with_context(active_test=False)
        return Domain.OR(
            Domain("type_id", "in", same_days.ids)
            & Domain("expires_on", "<=", today + timedelta(days=warn_days))
            for warn_days, same_days in kinds.search([]).grouped("warn_days").items()
        )

    def _to_algorithm(self, kind=lambda document: document.type_id.id):
        """These documents as :class:`algorithms.qualification.Document`."""
        with_file = self._ids_with_file()
        return [
            algorithm.Document(
                key=document.id,
                kind=kind(document),
                expires_on=document.expires_on or None,
                warn_days=document.type_id.warn_days,
                is_complete=not document.type_id.requires_file or document.id in with_file,
            )
            for document in self
        ]

    def _ids_with_file(self):
        """The ids of those of ``self`` that must have a file and have it."""
        concerned = self.filtered("type_id.requires_file")
        # One being typed in has its file in the cache. The files of the others stay where they
        # are: the attachment tells.
        saved = concerned.filtered("id")
        result = {document.id for document in concerned - saved if document.file}
        if saved:
            # sudo: only whether there is one
            attachments = self.env["ir.attachment"].sudo()._read_group(
                [
                    ("res_model", "=", self._name),
                    ("res_field", "=", "file"),
                    ("res_id", "in", saved.ids),
                ],
                ["res_id"],
            )
            result.update(res_id for (res_id,) in attachments)
        return result

    def _close_reminders(self):
        # sudo: the reminder may be a colleague's
        self.sudo().activity_unlink([REMINDER])

    def _close_reminders_of_replaced(self):
        """Drop the reminders about documents that those in ``self`` replace."""
        # sudo: documents of the same customers and kinds, only their reminders are touched
        siblings = self.sudo().search([
            ("partner_id", "in", self.partner_id.ids),
            ("type_id", "in", self.type_id.ids),
            ("reminded_on", "!=", False),
        ])
        siblings._pick_superseded()._close_reminders()

    def _pick_superseded(self):
        """Those of ``self`` that a longer-lived document of the customer replaces."""
        if not self:
            return self
        rivals = self.search([
            ("partner_id", "in", self.partner_id.ids),
            ("type_id", "in", self.type_id.ids),
        ])
        superseded = algorithm.superseded(
            rivals._to_algorithm(
                lambda document: (document.partner_id, document.type_id, document.company_id)
            )
        )
        return self.filtered(lambda document: document.id in superseded)

    @api.model
    def _remind(self, company):
        """Give the salespeople of ``company`` an activity for each document about to expire.

        A document is dealt with once. The very first time only takes note of what has expired
        already, so that switching on does not bury anyone in activities.

        :param company: one ``res.company``
        :return: a sentence saying what was done, or an empty string
        """
        # sudo: the day's cycle sees every document of the company, whoever starts it
        documents = self.sudo().with_company(company)
        today = company.sudo()._o2c_today()
        is_first = not company.sudo().o2c_qualification_scan_on
        due = documents._search_due(company, today, is_first)
        if is_first:
            # The day of the last scan is kept by the program.
            company.sudo().o2c_qualification_scan_on = today
            due.reminded_on = today
            return ""
        replaced = due._pick_superseded()
        replaced.reminded_on = today
        return (due - replaced)._create_reminders(today)

    @api.model
    def _search_due(self, company, today, is_first):
        """The documents of which nobody has been reminded yet."""
        companies = Domain("company_id", "child_of", company.id)
        others_scanned = self.env["res.company"].search_count(
            [("id", "!=", company.id), ("o2c_qualification_scan_on", "!=", False)], limit=1
        )
        if not is_first or not others_scanned:
            # Shared documents are new to the first company only.
            companies |= Domain("company_id", "=", False)
        return self.search(
            companies
            & self._get_warned_domain(today)
            & Domain("reminded_on", "=", False)
            & Domain("expires_on", "!=", False)
            & Domain("partner_id.active", "=", True),
        ).try_lock_for_update()

    def _create_reminders(self, today):
        """One activity for each of ``self``; returns the sentence of :meth:`_remind`."""
        if not self:
            return ""
        responsible_by_partner = self.partner_id._o2c_get_responsible_users()
        reminded = self.filtered(lambda document: responsible_by_partner[document.partner_id])
        activity_type = self.env.ref(REMINDER, raise_if_not_found=False)
        # Told in the inbox of activities only: the cycle mails nobody.
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create([
            document._prepare_reminder(
                responsible_by_partner[document.partner_id], activity_type, today
            )
            for document in reminded
        ])
        reminded.reminded_on = today
        without_user = len(self) - len(reminded)
        if not without_user:
            return self.env._("Reminders of documents that expire: %(count)s", count=len(reminded))
        return self.env._(
            "Reminders of documents that expire: %(count)s. Waiting because the customer has no"
            " salesperson: %(without)s",
            count=len(reminded),
            without=without_user,
        )

    def _prepare_reminder(self, user, activity_type, today):
        self.ensure_one()
        document = self.with_context(lang=user.lang)
        values = {
            "kind": document.type_id.name,
            "customer": document.partner_id.display_name,
            "date": fields.Date.to_string(document.expires_on),
        }
        return {
            "res_model_id": self.env["ir.model"]._get_id(self._name),
            "res_id": self.id,
            "activity_type_id": activity_type.id if activity_type else False,
            "summary": (
                document.env._("%(kind)s of %(customer)s expired on %(date)s", **values)
                if self.expires_on < today
                else document.env._("%(kind)s of %(customer)s expires on %(date)s", **values)
            ),
            "date_deadline": max(self.expires_on, today),
            "user_id": user.id,
            "automated": True,
        }
