from odoo import api, fields, models
from odoo.exceptions import UserError

from ...algorithms.opening_import import TARGETS


class O2cOpeningImportColumn(models.Model):
    """A column of the file and what it holds."""

    _name = "o2c.opening.import.column"
    _description = "Column of an Opening Import"
    _order = "import_id, position"

    import_id = fields.Many2one(
        "o2c.opening.import", required=True, index=True, ondelete="cascade"
    )
    kind = fields.Selection(related="import_id.kind")
    position = fields.Integer(required=True)
    header = fields.Char(string="Column in the File", required=True)
    sample = fields.Char(string="First Values")
    target = fields.Selection(
        [
            ("number", "Document Number"),
            ("customer", "Customer Reference"),
            ("customer_name", "Customer Name"),
            ("invoice_date", "Invoice Date"),
            ("due_date", "Due Date"),
            ("amount", "Amount"),
            ("open_amount", "Open Amount"),
            ("disputed", "Disputed"),
            ("settled_date", "Settled Date"),
            ("company_amount", "Open Amount in Company Currency"),
            ("order_date", "Order Date"),
            ("product", "Product"),
            ("quantity", "Quantity"),
            ("delivered", "Quantity Delivered"),
            ("invoiced", "Quantity Invoiced"),
            ("price", "Unit Price"),
            ("discount", "Discount %"),
            ("commitment_date", "Delivery Date"),
            ("warehouse", "Warehouse"),
            ("currency", "Currency"),
        ],
        string="Meaning",
        help="Leave empty to ignore the column.",
    )
    # What the form offers: only what a file of the kind may have.
    receivable_target = fields.Selection(
        lambda self: self._selection_of("receivable"),
        string="Holds (receivable)",
        compute="_compute_kind_targets",
        inverse="_inverse_receivable_target",
    )
    order_target = fields.Selection(
        lambda self: self._selection_of("order"),
        string="Holds (order)",
        compute="_compute_kind_targets",
        inverse="_inverse_order_target",
    )
    delivered_target = fields.Selection(
        lambda self: self._selection_of("delivered"),
        string="Holds (delivered)",
        compute="_compute_kind_targets",
        inverse="_inverse_delivered_target",
    )

    @api.depends("target", "kind")
    def _compute_kind_targets(self):
        for column in self:
            for kind in TARGETS:
                column[f"{kind}_target"] = column.target if column.kind == kind else False

    def _inverse_receivable_target(self):
        self._take_target("receivable")

    def _inverse_order_target(self):
        self._take_target("order")

    def _inverse_delivered_target(self):
        self._take_target("delivered")

    def _take_target(self, kind):
        for column in self.filtered(lambda column: column.kind == kind):
            column.target = column[f"{kind}_target"]

    def write(self, vals):
        if "target" in vals:
            imports = self.import_id
            imports._check_not_done()
            imports.filtered(lambda opening: opening.state == "checked").state = "mapped"
        return super().write(vals)

    @api.model
    def _target_labels(self, kind=None):
        """``{target: translated label}`` of one kind, or of all."""
        labels = dict(self._fields["target"]._description_selection(self.env))
        if not kind:
            return labels
        return {target.key: labels[target.key] for target in TARGETS[kind]}

    @api.model
    def _selection_of(self, kind):
        return list(self._target_labels(kind).items())


class O2cOpeningImportError(models.Model):
    """Something wrong, or odd, with a row of the file."""

    _name = "o2c.opening.import.error"
    _description = "Issue of an Opening Import"
    _order = "is_warning, row, id"

    import_id = fields.Many2one(
        "o2c.opening.import", required=True, index=True, ondelete="cascade"
    )
    row = fields.Integer(
        aggregator=None, help="As a spreadsheet numbers it: the header is row 1."
    )
    column = fields.Char()
    value = fields.Char(string="In the File")
    reason = fields.Char()
    is_warning = fields.Boolean(string="Only a Warning")


class O2cOpeningImportTotal(models.Model):
    """A total of what was imported against the same total in the old books."""

    _name = "o2c.opening.import.total"
    _description = "Tie-Out of an Opening Import"
    _order = "import_id, section, is_sum desc, amount desc, id"

    import_id = fields.Many2one(
        "o2c.opening.import", required=True, index=True, ondelete="cascade"
    )
    state = fields.Selection(related="import_id.state")
    currency_id = fields.Many2one(related="import_id.currency_id")
    section = fields.Selection(
        [
            ("1_receivable", "Receivables"),
            ("2_arrears", "Arrears"),
            ("3_ordered", "Ordered, not delivered"),
            ("4_delivered", "Delivered, not invoiced"),
        ],
        required=True,
        readonly=True,
    )
    is_sum = fields.Boolean(readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    label = fields.Char(compute="_compute_label")
    new_customer = fields.Char(readonly=True, help="A customer that the import will create.")
    count = fields.Integer(string="Items", readonly=True)
    amount = fields.Monetary(string="Imported", readonly=True)
    ledger_amount = fields.Monetary(
        string="Ledger",
        readonly=True,
        help="The balance of all receivable accounts at the opening date.",
    )
    control_amount = fields.Monetary(
        string="Old Books", help="The total that the old books show, for comparison."
    )
    is_controlled = fields.Boolean(readonly=True)
    difference = fields.Monetary(compute="_compute_difference")
    result = fields.Selection(
        [("open", "To compare"), ("equal", "Agrees"), ("different", "Differs")],
        compute="_compute_difference",
    )
    ledger_differs = fields.Boolean(compute="_compute_difference")

    @api.depends("section", "is_sum", "user_id", "partner_id", "new_customer")
    def _compute_label(self):
        for total in self:
            total.label = total._label()

    def _label(self):
        if self.partner_id or self.new_customer:
            return self.partner_id.display_name or self.new_customer
        if self.is_sum:
            return {
                "1_receivable": self.env._("Open receivables"),
                "2_arrears": self.env._("Overdue at the opening date"),
                "3_ordered": self.env._("Ordered, not delivered"),
                "4_delivered": self.env._("Delivered, not invoiced"),
            }[self.section]
        return self.user_id.name or self.env._("No salesperson")

    @api.depends("amount", "ledger_amount", "control_amount", "is_controlled", "import_id.state")
    def _compute_difference(self):
        for total in self:
            currency = total.currency_id
            total.difference = (
                total.amount - total.control_amount if total.is_controlled else 0.0
            )
            if not total.is_controlled:
                total.result = "open"
            else:
                total.result = "equal" if currency.is_zero(total.difference) else "different"
            total.ledger_differs = (
                total.section == "1_receivable"
                and total.state == "done"
                and currency.compare_amounts(total.amount, total.ledger_amount) != 0
            )

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._controlled(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._controlled(vals))

    def _controlled(self, vals):
        """A total typed, even 0, is one to compare with."""
        if "control_amount" in vals and "is_controlled" not in vals:
            return {**vals, "is_controlled": True}
        return vals

    def action_open_documents(self):
        """The documents that the total adds up.

        :raise UserError: nothing is imported yet
        """
        self.ensure_one()
        opening = self.import_id
        if opening.state != "done":
            raise UserError(self.env._("Nothing is imported yet."))
        if self.section in ("1_receivable", "2_arrears"):
            return opening._open_documents(
                "account.move",
                self.label,
                opening._open_moves_domain(self.section) + self._key_domain("invoice_user_id"),
                "account.view_out_invoice_tree",
            )
        return opening._open_documents(
            "sale.order",
            self.label,
            [("o2c_opening_import_id", "=", opening.id), *self._key_domain("user_id")],
        )

    def _key_domain(self, user_field):
        if self.is_sum:
            return []
        if self.partner_id:
            return [("partner_id.commercial_partner_id", "=", self.partner_id.id)]
        return [(user_field, "=", self.user_id.id)]
