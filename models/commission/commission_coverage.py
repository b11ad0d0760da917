from odoo import api, models
from odoo.fields import Domain

from odoo.addons.order_to_cash.algorithms.commission import coverage


class O2cCommissionAgreement(models.Model):
    """Whose agreements cover a document."""

    _inherit = "o2c.commission.agreement"

    @api.model
    def _covering(self, documents):
        """The agreements that cover documents, in a number of queries that does not grow with them.

        Archived agreements cover nothing, nor do any in companies that do not use commission.

        :param documents: iterable of :class:`coverage.Document`
        :return: {key: agreements in the order of precedence}; every document has one, maybe empty
        """
        documents = list(documents)
        if not documents:
            return {}
        # sudo: people sell without knowing whose agreements cover it; the records returned are theirs
        # to read only as far as their rights go
        agreements = self.sudo()._search_candidates(documents)
        book = coverage.Coverage(agreements._to_algorithm(), self._region_parents(documents))
        return {
            document.key: self.browse([found.id for found in book.of(document)]) for document in documents
        }

    @api.model
    def _search_candidates(self, documents):
        """Agreements that may cover some of the documents, by company and date."""
        companies = self.env["res.company"].browse({document.company_id for document in documents})
        dates = [document.date for document in documents]
        in_force = Domain("date_to", "=", False) | Domain("date_to", ">=", min(dates))
        return self.search(in_force & Domain([
            ("active", "=", True),
            ("company_id", "parent_of", companies.ids),
            ("company_id.o2c_use_commission", "=", True),
            ("date_from", "<=", max(dates)),
        ]))

    @api.model
    def _region_parents(self, documents):
        """The regions of documents and those above them: {region id: parent's id or ``None``}."""
        regions = self.env["o2c.sales.region"].browse({
            document.region_id for document in documents if document.region_id
        })
        parents = {}
        for region in regions:
            path = [None, *region._path_ids()]
            parents.update(zip(path[1:], path, strict=False))
        return parents

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
