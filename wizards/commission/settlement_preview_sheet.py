"""The preview of settlements as a spreadsheet."""

from odoo import models

from ...reports.xlsx import Column, Sheet, workbook


class O2cCommissionSettlementPreview(models.TransientModel):
    _inherit = "o2c.commission.settlement.preview"

    def action_xlsx(self):
        """Download the lines."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/order_to_cash/commission/preview/{self.id}.xlsx",
            "target": "download",
        }

    def _xlsx(self):
        """:return: bytes of a spreadsheet"""
        self.ensure_one()
        columns = [
            Column(self.env._("Payee"), width=28),
            Column(self.env._("Settlement"), width=18),
            Column(self.env._("Why"), width=24),
            Column(self.env._("Document"), width=20),
            Column(self.env._("Customer"), width=28),
            Column(self.env._("Date"), "date", 12),
            Column(self.env._("Commission"), "money", 14),
            Column(self.env._("Currency"), width=10),
            Column(self.env._("Explanation"), width=60),
        ]
        reasons = dict(self.line_ids._fields["reason"]._description_selection(self.env))
        rows = [
            [
                line.payee_id.display_name,
                line.settlement_id.name,
                reasons[line.reason],
                line.name,
                line.partner_id.display_name,
                line.date,
                line.amount,
                line.currency_id.name,
                line.detail,
            ]
            for line in self.line_ids
        ]
        return workbook(Sheet(self.env._("Preview"), columns, rows))


class O2cCommissionSettlementPreviewLine(models.TransientModel):
    _inherit = "o2c.commission.settlement.preview.line"

    def action_xlsx(self):
        """Download all lines of the preview that is open, or that these belong to."""
        open_id = self.env.context.get("o2c_preview_id")
        preview = self.preview_id[:1] or self.env["o2c.commission.settlement.preview"].browse(open_id)
        return preview.action_xlsx()
