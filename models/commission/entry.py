from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from .program import is_program

KINDS = [
    ("expect", "Expected"),
    ("accrue", "Accrued"),
    ("release", "Released"),
    ("reverse", "Taken Back"),
    ("adjust", "Adjusted"),
    ("draw", "Draw"),
    ("recover", "Draw Recovered"),
]
STATES = [
    ("expected", "Expected"),
    ("earned", "Earned"),
    ("settled", "Settled"),
    ("paid", "Paid"),
]


class O2cCommissionEntry(models.Model):
    """A row of the commission ledger. Rows are only ever added: the sum of them is what is owed.

    The first row of a claim (``step`` 0), of one agreement on one line of a document, keeps the terms:
    rule, base, rate, share, rates of exchange and the whole commission. What happens later, a payment, a
    refund, a write-off, adds rows that refer to it by ``origin_entry_id``.
    """

    _name = "o2c.commission.entry"
    _description = "Commission Entry"
    _order = "date desc, id desc"
    _rec_name = "name"
    # Written down by the ten thousand by the program alone, which notes when and for whom.
    _log_access = False

    name = fields.Char(string="Document", readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    payee_id = fields.Many2one(
        "res.partner", required=True, readonly=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    product_id = fields.Many2one(
        "product.product", readonly=True, ondelete="restrict", index="btree_not_null"
    )
    kind = fields.Selection(KINDS, required=True, readonly=True)
    state = fields.Selection(
        STATES, compute="_compute_state", search="_search_state", help="Where the amount stands today."
    )
    date = fields.Date(required=True, readonly=True)
    logged_on = fields.Datetime(readonly=True, default=fields.Datetime.now)
    user_id = fields.Many2one(
        "res.users",
        string="Caused by",
        readonly=True,
        index="btree_not_null",
        help="Whose action added the row.",
    )

    agreement_id = fields.Many2one(
        "o2c.commission.agreement", readonly=True, ondelete="restrict", index="btree_not_null"
    )
    plan_id = fields.Many2one(
        "o2c.commission.plan", readonly=True, ondelete="restrict", index="btree_not_null"
    )
    rule_id = fields.Many2one(
        "o2c.commission.rule", readonly=True, ondelete="restrict", index="btree_not_null"
    )
    share = fields.Float(string="Share (%)", readonly=True, aggregator=None)

    source = fields.Selection(
        [
            ("order", "Order Line"),
            ("invoice", "Invoice Line"),
            ("delivery", "Stock Move"),
            ("settlement", "Settlement"),
            ("manual", "Manual"),
        ],
        required=True,
        readonly=True,
    )
    source_res_id = fields.Integer(
        string="Source ID", readonly=True, aggregator=None, help="Stays when the source is deleted."
    )
    generation = fields.Integer(
        readonly=True,
        aggregator=None,
        help="An invoice that is reset to draft and posted again, or an order that is changed, starts a "
        "new generation.",
    )
    part = fields.Integer(
        readonly=True,
        aggregator=None,
        help="A credit note that takes back several invoices has a part for each after the first.",
    )
    step = fields.Integer(readonly=True, aggregator=None)
    origin_entry_id = fields.Many2one(
        "o2c.commission.entry",
        string="Original Entry",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The row that keeps the terms: rule, rate, cost and split.",
    )
    # Documents may be deleted once the commission on them is taken back; their names stay.
    order_line_id = fields.Many2one(
        "sale.order.line", readonly=True, index="btree_not_null", ondelete="set null"
    )
    order_id = fields.Many2one(
        "sale.order", readonly=True, index="btree_not_null", ondelete="set null"
    )
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Invoice Line",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    move_id = fields.Many2one(
        "account.move", string="Invoice", readonly=True, index="btree_not_null", ondelete="set null"
    )
    stock_move_id = fields.Many2one(
        "stock.move", readonly=True, index="btree_not_null", ondelete="set null"
    )
    partial_ref = fields.Integer(
        string="Reconciliation", readonly=True, aggregator=None, help="The payment that released it."
    )

    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    payee_currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    base_amount = fields.Float(
        string="Base",
        readonly=True,
        aggregator=None,
        digits=(16, 4),
        help="Untaxed amount or margin in the currency of the document, or quantity, that the amount is "
        "reckoned of.",
    )
    base_company = fields.Float(
        string="Base (Company Currency)", readonly=True, digits=(16, 4), aggregator="sum"
    )
    quantity = fields.Float(readonly=True, digits="Product Unit")
    cost = fields.Float(
        readonly=True, digits=(16, 4), aggregator=None, help="In the currency of the document, frozen."
    )
    rate = fields.Float(
        readonly=True,
        digits=(16, 4),
        aggregator=None,
        help="Percent of the base, or an amount a unit in company currency.",
    )
    currency_rate = fields.Float(
        readonly=True,
        digits=0,
        aggregator=None,
        help="How much of the currency of the document one of the company's was.",
    )
    payee_rate = fields.Float(
        string="Payee's Rate",
        readonly=True,
        digits=0,
        aggregator=None,
        help="How much of the payee's currency one of the company's was.",
    )
    amount = fields.Monetary(readonly=True)
    amount_company = fields.Monetary(
        string="Amount (Company Currency)", currency_field="company_currency_id", readonly=True
    )
    amount_payee = fields.Monetary(
        string="Amount (Payee's Currency)", currency_field="payee_currency_id", readonly=True
    )
    tally_from = fields.Date(
        string="Counts from",
        readonly=True,
        help="First day of the period or year whose sales are added up for the tiers.",
    )
    is_closing = fields.Boolean(
        readonly=True, help="Ends its generation: the document was reset, changed or cancelled."
    )
    explanation = fields.Text(readonly=True)

    # An event counts once for each claim, whoever runs what twice.
    _once_a_source = models.UniqueIndex(
        "(source, source_res_id, agreement_id, generation, COALESCE(part, 0), step)"
        " WHERE agreement_id IS NOT NULL",
        "This event has been written down already.",
    )
    _by_payee = models.Index("(payee_id, company_id, date)")

    # ------------------------------------------------------------------
    # State
    # ------------------------------------------------------------------

    @api.depends("kind")
    def _compute_state(self):
        for entry in self:
            entry.state = "expected" if entry.kind == "expect" else "earned"

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain.OR([self._state_domain(state) for state in value])

    @api.model
    def _state_domain(self, state):
        """What finds the rows that stand there."""
        if state == "expected":
            return Domain("kind", "=", "expect")
        return Domain("kind", "!=", "expect") if state == "earned" else Domain.FALSE

    # ------------------------------------------------------------------
    # Append only
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if not is_program(self.env):
            raise AccessError(
                self.env._(
                    "Rows of the commission ledger are added by the program only. Enter a one-off bonus "
                    "or an adjustment instead."
                )
            )
        return super().create(vals_list)

    def write(self, vals):
        if vals.keys() != {"settlement_id"} or not is_program(self.env):
            raise UserError(
                self.env._(
                    "A row of the commission ledger never changes. What was wrong is set right by another "
                    "row."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Rows of the commission ledger are never deleted."))

    def action_open_document(self):
        """Open the invoice, the order or the delivery that the row is about."""
        self.ensure_one()
        document = self.move_id or self.stock_move_id.picking_id or self.order_id
        return document._get_records_action() if document else False
