from odoo import api, fields, models
from odoo.fields import Domain


class O2cCommissionEntry(models.Model):
    """What people see of the ledger: the rows of a claim together, and their documents."""

    _inherit = "o2c.commission.entry"

    claim_entry_ids = fields.Many2many(
        "o2c.commission.entry",
        string="Rows of the Claim",
        compute="_compute_claim_entry_ids",
        help="What was written down for the same line of the same document and agreement, the first row "
        "and all that followed it, credit notes included.",
    )
    has_document = fields.Boolean(compute="_compute_has_document")
    # sudo: the first row of a claim is its payee's, like those that follow it
    reason = fields.Text(
        string="Why",
        compute="_compute_reason",
        compute_sudo=True,
        help="Why the row is what it is; of what is released or taken back, the rule that priced it, too.",
    )

    @api.depends("explanation", "origin_entry_id.explanation")
    def _compute_reason(self):
        for entry in self:
            words = filter(None, (entry.explanation, entry.origin_entry_id.explanation))
            entry.reason = " · ".join(words) or False

    @api.depends("origin_entry_id")
    @api.depends_context("uid")
    def _compute_claim_entry_ids(self):
        firsts = {entry: entry.origin_entry_id.id or entry.id for entry in self}
        ids = list(set(firsts.values()))
        rows = self.search(
            Domain("id", "in", ids) | Domain("origin_entry_id", "in", ids), order="date, id"
        )
        claims = rows.grouped(lambda row: row.origin_entry_id.id or row.id)
        for entry in self:
            entry.claim_entry_ids = claims.get(firsts[entry], entry)

    @api.depends("move_id", "stock_move_id", "order_id")
    def _compute_has_document(self):
        for entry in self:
            entry.has_document = bool(entry.move_id or entry.stock_move_id or entry.order_id)

    @api.model
    def _open_entries(self, domain, name=None):
        """The action that opens the rows of ``domain`` as far as the user may see them."""
        action = self.env["ir.actions.act_window"]._for_xml_id("order_to_cash.o2c_commission_entry_action")
        name = name or action["name"]
        return {
            **action,
            "name": name,
            # Screens bear this one.
            "display_name": name,
            "domain": list(domain),
            "context": {"create": False},
        }
