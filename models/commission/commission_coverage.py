from odoo import api, models

from odoo.addons.order_to_cash.algorithms.commission import coverage


class O2cCommissionAgreement(models.Model):
    """Whose agreements cover a document."""

    _inherit = "o2c.commission.agreement"

    @api.model
    def _covering(self, documents):
        """The agreements that cover documents, in a number of queries that does not grow with them.

        Archived agreements cover nothing, nor do any in companies that do not use commission.

        :param documents: sequence of :class:`coverage.Document`
        :return: {key: agreements in the order of precedence}; every document has one, maybe empty
        """
        books = self.env["o2c.commission.plan"]._catalog().coverages
        roots = self._using_roots({document.company_id for document in documents})
        found = {}
        for document in documents:
            book = books.get(roots[document.company_id])
            agreements = book.of(document) if book else ()
            found[document.key] = self.browse([agreement.id for agreement in agreements])
        return found

    @api.model
    def _using_roots(self, company_ids):
        """The root of each company that uses commission: {id: id or ``None``}"""
        # sudo: people sell without knowing whose agreements cover it
        companies = self.env["res.company"].sudo().browse(sorted(company_ids))
        return {
            company.id: company.root_id.id if company.o2c_use_commission else None for company in companies
        }

    def _to_algorithm(self):
        """These agreements as :class:`coverage.Agreement`."""
        return [
            coverage.Agreement(
                id=agreement.id,
                sequence=agreement.sequence,
                coverage=agreement.coverage,
                payee_id=agreement.payee_id.id,
                company_ids=frozenset(agreement.company_id._o2c_family_ids()),
                date_from=agreement.date_from,
                date_to=agreement.date_to or None,
                partner_ids=frozenset(agreement.partner_ids.ids),
                region_id=agreement.region_id.id or None,
                team_id=agreement.team_id.id or None,
            )
            for agreement in self
        ]
