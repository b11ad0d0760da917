from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

from odoo import api, models
from odoo.fields import Domain

# A broken promise is forgotten after a year.
MEMORY = timedelta(days=365)


class O2cCreditAccount(models.Model):
    """Disputes and broken promises speak against a customer."""

    _inherit = "o2c.credit.account"

    @api.model
    def _score_inputs(self, partners, as_of=None):
        histories = super()._score_inputs(partners, as_of)
        root = self.env.company.root_id
        # sudo: whoever scores a customer may know how often he disputed or broke his word.
        if not root.sudo().o2c_use_dunning:
            return histories
        as_of = as_of or root._o2c_today()
        customers = Domain("partner_id", "in", partners.ids) | Domain(
            "partner_id.o2c_payer_id", "in", partners.ids
        )
        scope = customers & Domain("company_id", "child_of", root.id)
        disputed = self.sudo()._disputed_items(scope, as_of)
        broken = self.sudo()._broken_promises(scope, as_of)
        return {
            partner_id: replace(
                history,
                invoices=[
                    replace(invoice, is_disputed=True) if invoice.key in disputed else invoice
                    for invoice in history.invoices
                ],
                broken_promises=broken[partner_id],
            )
            for partner_id, history in histories.items()
        }

    def _disputed_items(self, scope, as_of):
        """The ids of the receivable lines whose invoices were disputed on ``as_of``."""
        disputes = self.env["o2c.payment.dispute"].search(
            scope
            & Domain("opened_on", "<=", as_of)
            & (Domain("resolved_on", "=", False) | Domain("resolved_on", ">=", as_of))
        )
        return set(
            self.env["account.move.line"]
            .search([
                ("move_id", "in", disputes.invoice_id.ids),
                ("account_type", "=", "asset_receivable"),
            ])
            .ids
        )

    def _broken_promises(self, scope, as_of):
        """{id of who pays: number of promises broken in the year up to ``as_of``}"""
        broken = defaultdict(int)
        for partner, count in self.env["o2c.payment.promise"]._read_group(
            scope
            & Domain("state", "=", "broken")
            & Domain("date", "<", as_of)
            & Domain("date", ">=", as_of - MEMORY),
            ["partner_id"],
            ["__count"],
        ):
            customer = partner.commercial_partner_id
            broken[(customer.o2c_payer_id or customer).id] += count
        return broken
