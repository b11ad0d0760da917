"""Finding nodes of a plan by their names, and the plan whose attainment is looked at."""

from odoo import api, models
from odoo.fields import Domain

FOUND_AT_MOST = 200


class O2cSalesPlan(models.Model):
    _inherit = "o2c.sales.plan"

    def grid_search(self, text):
        """The nodes of this one plan whose name has ``text``, with those above them; where there is none,
        those whose name has all of its words.

        :return: dict ``nodes`` and ``cells`` as of :meth:`grid_read`, ``found_ids`` (those among the
            nodes that were found) and ``has_more`` (whether others were found as well)
        """
        self.ensure_one()
        self.check_access("read")
        Node = self.env["o2c.sales.plan.node"]
        words = Domain.AND([("name", "ilike", word)] for word in text.split())
        for named in (Domain("name", "ilike", text.strip()), words):
            found = Node.search(named & Domain("plan_id", "=", self.id), limit=FOUND_AT_MOST + 1)
            if found:
                break
        has_more = len(found) > FOUND_AT_MOST
        found = found[:FOUND_AT_MOST]
        # Searched: nobody gets what he may not read.
        nodes = self._with_ancestors(found)
        return {
            "nodes": self._grid_describe(nodes),
            "cells": self._grid_cells(nodes),
            "found_ids": found.ids,
            "has_more": has_more,
        }

    @api.model
    def grid_boards(self):
        """The approved plans that the user may read, those in force today first.

        :return: list of dicts ``id`` and ``name``
        """
        today = self.env.company._o2c_today()
        plans = self.search([("state", "=", "approved")])
        plans = plans.sorted(lambda plan: not plan.date_from <= today <= plan.date_to)
        return [{"id": plan.id, "name": plan.display_name} for plan in plans]
