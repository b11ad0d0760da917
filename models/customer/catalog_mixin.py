"""What every document has to know of all records of a model, remembered so that it need not be read each
time."""

from odoo import api, models
from odoo.tools import ormcache


class O2cCatalogMixin(models.AbstractModel):
    """Remembers what :meth:`_read_catalog` says until a record changes that it is made of.

    A model whose records are in the catalog of another names that one in ``_catalog_model``.
    """

    _name = "o2c.catalog.mixin"
    _description = "Remembered Records"

    _catalog_model = None

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self._forget_catalog()
        return records

    def write(self, vals):
        result = super().write(vals)
        self._forget_catalog()
        return result

    def unlink(self):
        result = super().unlink()
        self._forget_catalog()
        return result

    @api.model
    def _forget_catalog(self):
        self.env.registry.clear_cache()
        self.env.cr.cache.pop(self._catalog_memo(), None)
        # Until it is committed, others may remember the records as they were.
        self.env.cr.postcommit.add(self.env.registry.clear_cache)

    @api.model
    def _catalog(self):
        """What :meth:`_read_catalog` says.

        A transaction that emptied Odoo's caches, as one does that changes records, shares nothing with others
        before it is committed: what it did may be undone by a savepoint, and with it goes what it remembers
        itself.
        """
        if "default" not in self.env.registry.cache_invalidated:
            return self._shared_catalog()
        memo = self.env.cr.cache
        key = self._catalog_memo()
        if key not in memo:
            memo[key] = self._read_catalog()
        return memo[key]

    @api.model
    @ormcache()
    def _shared_catalog(self):
        return self._read_catalog()

    @api.model
    def _read_catalog(self):
        """Values that are the same for every user and company, without records of an environment."""
        raise NotImplementedError

    @api.model
    def _catalog_memo(self):
        """Where a transaction keeps its own; Odoo empties it with the record caches."""
        return f"{self._catalog_model or self._name}.catalog"
