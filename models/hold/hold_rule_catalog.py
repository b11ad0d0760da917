"""What every check has to know of all rules, remembered so that it need not be read each time."""

from typing import NamedTuple

from odoo import api, models
from odoo.fields import Domain


class Entry(NamedTuple):
    """One rule. ``scoped`` names the scope fields that narrow it down; most have none."""

    company_id: int | bool
    kind: str
    is_exclusion: bool
    is_active: bool
    scoped: frozenset


class O2cHoldRule(models.Model):
    _inherit = "o2c.hold.rule"

    @api.model
    def _read_catalog(self):
        """:return: {id: :class:`Entry`} of all rules and exemptions, archived ones too, in their order"""
        # Everybody's orders are checked, by rules that only managers may read.
        rules = self.sudo().with_context(active_test=False)
        scoped = {
            name: set(rules.search(Domain(name, "!=", False)).ids)
            for name in self._scope_fields()
        }
        return {
            rule.id: Entry(
                rule.company_id.id,
                rule.kind,
                rule.is_exclusion,
                rule.active,
                frozenset(name for name, ids in scoped.items() if rule.id in ids),
            )
            for rule in rules.search(Domain.TRUE)
        }

    @api.model
    def _rules_of(self, companies):
        """The active rules and exemptions of ``companies``, in their order, in sudo."""
        # Only the ids of the parent companies are read; rules apply to whoever sells.
        valid_in = {False, *companies.sudo().parent_ids.ids}
        return self.sudo().browse([
            rule_id
            for rule_id, entry in self._catalog().items()
            if entry.is_active and entry.company_id in valid_in
        ])

    def _of_kind(self, kind, is_exclusion=False):
        """The rules, or the exemptions, of one kind among ``self``, in sudo."""
        catalog = self._catalog()
        # Rules bind everybody and are read by few.
        return self.sudo().browse([
            rule_id
            for rule_id in self.ids
            if rule_id in catalog
            and catalog[rule_id].kind == kind
            and catalog[rule_id].is_exclusion == is_exclusion
        ])

    def _scope_records(self, name):
        """What this one rule is narrowed down to in one of its scope fields, archived too."""
        self.ensure_one()
        if name not in self._catalog()[self.id].scoped:
            return self.env[self._fields[name].comodel_name]
        return self.with_context(active_test=False)[name]
