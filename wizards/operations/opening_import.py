from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...algorithms import opening_import as rows
from ...models.operations.opening_document import OPENING

PREVIEW_ROWS = 8
# What, when changed, makes the file to be read again, and what makes it to be checked again.
READ_AGAIN = {"kind", "file", "encoding", "company_id"}
CHECK_AGAIN = {
    "opening_date",
    "date_format",
    "decimal_separator",
    "journal_id",
    "account_id",
    "create_customers",
    "import_settled",
    "column_ids",
}
# Without these an import of thousands of documents would write a chatter message for each change
# of each, and mail their followers.
QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
    "mail_auto_subscribe_no_notify": True,
    "mail_activity_automation_skip": True,
    "sale_no_log_for_new_lines": True,
}


class O2cOpeningImport(models.Model):
    """One file of open business brought from an old system, and the log of what became of it.

    From code::

        opening = env["o2c.opening.import"].create({
            "kind": "receivable", "file": base64_of_the_file, "file_name": "open.csv",
            "opening_date": date(2013, 6, 30), "date_format": "mdy", "decimal_separator": ".",
            "journal_id": journal.id, "account_id": account.id, "create_customers": True,
        })
        opening.action_read()     # columns and preview
        opening.action_check()    # counts and issues, nothing is written yet
        opening.action_import()   # all or nothing, in the caller's transaction

    ``action_import`` with bad rows raises ``UserError`` unless ``bad_row_policy`` is ``good``.
    What came of it: ``good_count``, ``bad_count``, ``skipped_count`` (invoiced or ordered after
    the opening date), ``duplicate_count`` (imported before), ``settled_count``, ``error_ids``,
    ``move_ids``, ``order_ids`` and ``tie_out_ids``.
    """

    _name = "o2c.opening.import"
    _description = "Opening Balances"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(help="Made of kind and date when the import is saved.")
    kind = fields.Selection(
        [
            ("receivable", "Open receivables"),
            ("order", "Open sales orders"),
            ("delivered", "Delivered, not invoiced"),
        ],
        required=True,
        default="receivable",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    opening_date = fields.Date(
        required=True,
        default=fields.Date.context_today,
        tracking=True,
        help="The last day in the old system. What was invoiced or ordered later is left out, "
        "what was settled by this day counts as paid.",
    )

    file = fields.Binary(required=True, attachment=True, help="A CSV or XLSX file, up to 50 MB.")
    file_name = fields.Char(tracking=True)
    encoding = fields.Selection(
        [
            ("utf-8", "UTF-8"),
            ("utf-16", "UTF-16"),
            ("cp1252", "Western European (Windows-1252)"),
            ("gb18030", "Simplified Chinese (GBK, GB 18030)"),
            ("big5", "Traditional Chinese (Big5)"),
            ("shift_jis", "Japanese (Shift JIS)"),
        ],
        help="Leave empty to find out from the file.",
    )
    date_format = fields.Selection(
        [
            ("iso", "Year first (2026-12-31)"),
            ("dmy", "Day first (31/12/2026)"),
            ("mdy", "Month first (12/31/2026)"),
        ],
        required=True,
        default="iso",
    )
    decimal_separator = fields.Selection(
        [(".", "Point (1,234.56)"), (",", "Comma (1.234,56)")],
        required=True,
        default=".",
    )
    create_customers = fields.Boolean(
        string="Create Unknown Customers",
        help="Otherwise a row with an unknown customer is a bad row.",
    )
    bad_row_policy = fields.Selection(
        [("none", "Import nothing"), ("good", "Import the good rows")],
        string="If There Are Bad Rows",
        required=True,
        default="none",
        tracking=True,
    )

    journal_id = fields.Many2one(
        "account.journal",
        domain="[('type', '=', 'sale')]",
        check_company=True,
        tracking=True,
        help="The opening invoices are numbered and posted in this journal. A journal of their "
        "own keeps them out of the sequence of your new invoices.",
    )
    journal_warning = fields.Boolean(compute="_compute_journal_warning")
    account_id = fields.Many2one(
        "account.account",
        string="Opening Account",
        domain="[('account_type', 'not in', "
        "('asset_receivable', 'liability_payable', 'off_balance'))]",
        check_company=True,
        tracking=True,
        help="The counterpart of the receivables: the account that takes over the opening "
        "balance, not one of revenue.",
    )
    import_settled = fields.Boolean(
        string="Import Settled Invoices Too",
        help="As paid on the day they were settled: credit scores are reckoned from how customers "
        "paid in the past. The opening account is left as it is.",
    )

    state = fields.Selection(
        [
            ("draft", "Upload"),
            ("mapped", "Columns"),
            ("checked", "Check"),
            ("done", "Imported"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    imported_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    imported_on = fields.Datetime(readonly=True, copy=False)
    column_ids = fields.One2many("o2c.opening.import.column", "import_id", copy=False)
    date_format_hint = fields.Selection(
        selection=lambda self: self._fields["date_format"]._description_selection(self.env),
        readonly=True,
        copy=False,
    )
    decimal_separator_hint = fields.Selection(
        selection=lambda self: self._fields["decimal_separator"]._description_selection(self.env),
        readonly=True,
        copy=False,
    )
    preview = fields.Html(readonly=True, copy=False, sanitize_attributes=False)
    error_ids = fields.One2many(
        "o2c.opening.import.error",
        "import_id",
        string="Issues",
        readonly=True,
        copy=False,
    )
    tie_out_ids = fields.One2many(
        "o2c.opening.import.total", "import_id", string="Tie-Out", copy=False
    )
    row_count = fields.Integer(string="Rows", readonly=True, copy=False)
    good_count = fields.Integer(
        string="Good Rows", readonly=True, copy=False, help="Rows to import."
    )
    bad_count = fields.Integer(string="Bad Rows", readonly=True, copy=False)
    skipped_count = fields.Integer(
        string="After the Opening Date",
        readonly=True,
        copy=False,
        help="Rows invoiced or ordered after the opening date, which are left out.",
    )
    duplicate_count = fields.Integer(
        string="Already Imported",
        readonly=True,
        copy=False,
        help="Rows that an earlier import has brought, which are left out.",
    )
    settled_count = fields.Integer(
        string="Settled",
        readonly=True,
        copy=False,
        help="Rows settled on or before the opening date. They are among the good rows if settled "
        "invoices are imported too.",
    )
    new_customer_count = fields.Integer(string="New Customers", readonly=True, copy=False)
    warning_count = fields.Integer(string="Warnings", readonly=True, copy=False)
    open_count = fields.Integer(string="Open", readonly=True, copy=False)
    open_amount = fields.Monetary(readonly=True, copy=False)
    overdue_count = fields.Integer(string="Overdue", readonly=True, copy=False)
    overdue_amount = fields.Monetary(readonly=True, copy=False)

    move_ids = fields.One2many(
        "account.move",
        "o2c_opening_import_id",
        string="Invoices",
        domain=[("move_type", "!=", "entry")],
        readonly=True,
    )
    settlement_ids = fields.One2many(
        "account.move",
        "o2c_opening_import_id",
        string="Settlements",
        domain=[("move_type", "=", "entry")],
        readonly=True,
    )
    order_ids = fields.One2many(
        "sale.order", "o2c_opening_import_id", string="Orders", readonly=True
    )
    customer_ids = fields.Many2many(
        "res.partner", string="Customers Created", readonly=True, copy=False
    )
    move_count = fields.Integer(compute="_compute_document_counts")
    settlement_count = fields.Integer(compute="_compute_document_counts")
    order_count = fields.Integer(compute="_compute_document_counts")

    # Compute --------------------------------------------------------------------------------------

    @api.depends("journal_id", "kind")
    def _compute_journal_warning(self):
        """Whether the journal already numbers documents that no import brought."""
        used = self.env["account.move"]._read_group(
            [
                ("journal_id", "in", self.journal_id.ids),
                ("o2c_opening_import_id", "=", False),
                ("state", "=", "posted"),
            ],
            ["journal_id"],
        )
        used_journals = {journal for (journal,) in used}
        for opening in self:
            opening.journal_warning = (
                opening.kind == "receivable" and opening.journal_id in used_journals
            )

    # CRUD -----------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        openings = super().create(vals_list)
        for opening in openings.filtered(lambda opening: not opening.name):
            opening.name = opening._made_name()
        return openings

    def write(self, vals):
        changed = (READ_AGAIN | CHECK_AGAIN | {"bad_row_policy"}).intersection(vals)
        if changed and any(opening.state == "done" for opening in self):
            raise UserError(
                self.env._("This file is imported. Its settings cannot be changed any more.")
            )
        if READ_AGAIN.intersection(vals):
            vals = {**vals, "state": "draft"}
        elif CHECK_AGAIN.intersection(vals) and "state" not in vals:
            self.filtered(lambda opening: opening.state == "checked").state = "mapped"
        renamed = self.browse()
        if {"kind", "opening_date"}.intersection(vals) and "name" not in vals:
            renamed = self.filtered(lambda opening: opening.name == opening._made_name())
        result = super().write(vals)
        for opening in renamed:
            opening.name = opening._made_name()
        return result

    def _made_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        return self.env._(
            "%(kind)s at %(date)s",
            kind=labels[self.kind],
            date=fields.Date.to_string(self.opening_date),
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_done(self):
        if any(opening.state == "done" for opening in self):
            raise UserError(
                self.env._("An import is the record of where its documents came from: it is kept.")
            )

    # Actions --------------------------------------------------------------------------------------

    def action_read(self):
        """Read the file: its columns, what they seem to hold, and its first rows.

        :raise UserError: the file cannot be read
        """
        self.ensure_one()
        self._check_not_done()
        table = self._read_table()
        labels = self.env["o2c.opening.import.column"]._target_labels(self.kind)
        mapping = rows.suggest_mapping(table.headers, self.kind, labels)
        date_hint, decimal_hint = rows.suggest_formats(
            table, mapping, self.date_format, self.decimal_separator
        )
        shown = rows.first_rows(table, PREVIEW_ROWS)
        self.column_ids.unlink()
        self.error_ids.unlink()
        self.write({
            "state": "mapped",
            "row_count": len(table.rows),
            "date_format_hint": date_hint,
            "decimal_separator_hint": decimal_hint,
            "preview": self._render_preview(table.headers, shown),
            "column_ids": [
                fields.Command.create({
                    "position": position,
                    "header": header or self.env._("Column %(number)s", number=position + 1),
                    "sample": ", ".join(filter(None, (cells[position] for cells in shown[:3]))),
                    "target": target,
                })
                for position, (header, target) in enumerate(
                    zip(table.headers, mapping, strict=True)
                )
            ],
        })
        return True

    def action_check(self):
        """Check every row; nothing but the result of the check is written.

        :raise UserError: a setting is missing, so that no row could be imported
        """
        self.ensure_one()
        self._check_not_done()
        if self.state == "draft":
            self.action_read()
        self._store_check(self._check_rows())
        return True

    def action_import(self):
        """Check every row once more and import the good ones, all in one transaction.

        Importing a file a second time finds its rows imported already and adds nothing.

        :raise UserError: there are bad rows and ``bad_row_policy`` is ``none``; nothing is written
        """
        self.ensure_one()
        self._lock()
        self._check_not_done()
        if self.state == "draft":
            self.action_read()
        checked = self._check_rows()
        self._store_check(checked)
        if checked.bad_rows and self.bad_row_policy == "none":
            raise UserError(self._bad_rows_message(checked))
        quiet = self.with_company(self.company_id).with_context(**QUIET, o2c_opening=OPENING)
        quiet._import(checked)
        self.write({
            "state": "done",
            "imported_by_id": self.env.uid,
            "imported_on": fields.Datetime.now(),
        })
        self._tie_out_documents()
        self.message_post(body=self._summary(), subtype_xmlid="mail.mt_note")
        return True

    def action_import_good(self):
        """Import the good rows and leave out the bad ones."""
        self.bad_row_policy = "good"
        return self.action_import()

    def action_take_hint(self):
        """Take the formats that read most cells of the file."""
        for opening in self:
            opening.write({
                "date_format": opening.date_format_hint or opening.date_format,
                "decimal_separator": opening.decimal_separator_hint or opening.decimal_separator,
            })
        return True

    def action_back(self):
        """To the step before."""
        for opening in self:
            opening._check_not_done()
            opening.state = "mapped" if opening.state == "checked" else "draft"
        return True

    def action_create_journal(self):
        """Make a sales journal for opening invoices alone, or take the one there is."""
        self.ensure_one()
        self._check_not_done()
        journals = self.env["account.journal"].with_company(self.company_id)
        company = self.company_id
        journal = journals.search(
            [
                *journals._check_company_domain(company),
                ("type", "=", "sale"),
                ("code", "=like", "OPEN%"),
            ],
            limit=1,
        )
        self.journal_id = journal or journals.create({
            "name": self.env._("Opening Receivables"),
            "code": "OPEN",
            "type": "sale",
            "company_id": company.root_id.id,
            "show_on_dashboard": False,
            "refund_sequence": False,
        })
        return True

    def action_download_errors(self):
        """The bad rows with the reason of each, to be mended and imported again."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/order_to_cash/opening/{self.id}/errors.xlsx",
            "target": "download",
        }

    # Importing ------------------------------------------------------------------------------------

    def _lock(self):
        if not self.try_lock_for_update():
            raise UserError(self.env._("This file is just being imported by somebody else."))

    def _import(self, checked):
        """Write the documents of the good rows."""
        if not checked.good:
            return
        customers = self._create_customers(checked.new_customers)
        good = [
            (row, customers[customer[0]] if isinstance(customer, tuple) else customer)
            for row, customer in checked.good
        ]
        if self.kind == "receivable":
            self._import_receivables(good)
        else:
            self._import_orders(good)

    def _create_customers(self, customers):
        """Create the unknown customers.

        :param dict customers: ``{reference: name}``
        :return: ``{reference: partner}``
        """
        if not customers:
            return {}
        partners = self.env["res.partner"].create([
            {"name": name, "ref": ref, "is_company": True, "customer_rank": 1}
            for ref, name in customers.items()
        ])
        self.customer_ids = [fields.Command.link(partner.id) for partner in partners]
        return dict(zip(customers, partners, strict=True))

    # Log ------------------------------------------------------------------------------------------

    def _summary(self):
        return Markup("%s<br/>%s") % (
            self.env._("Imported from %(file)s.", file=self.file_name or self.env._("a file")),
            self.env._(
                "%(good)s rows imported, %(bad)s bad rows left out, %(duplicates)s imported "
                "before, %(skipped)s after the opening date, %(settled)s settled.",
                good=self.good_count,
                bad=self.bad_count,
                duplicates=self.duplicate_count,
                skipped=self.skipped_count,
                settled=self.settled_count,
            ),
        )
