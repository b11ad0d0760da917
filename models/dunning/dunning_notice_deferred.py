from collections import defaultdict

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.order_to_cash.algorithms import dunning_interest


class O2cDunningNoticeLine(models.Model):
    """Interest on what was not claimed when the rest of its item was charged: due once it is claimed."""

    _inherit = "o2c.dunning.notice.line"

    interest_pending = fields.Monetary(
        string="Without Interest So Far",
        readonly=True,
        help="What of the document was disputed or promised when interest was charged. The interest "
        "of those days is due when it is claimed after all; what is credited bears none.",
    )

    @api.model
    def _deferred_interest(self, items):
        """What of these items bore no interest at times.

        :param items: list of :class:`dunning.OpenItem`
        :return: {key of an item: {line of its earlier reminder: :class:`dunning_interest.Deferred`}}
        """
        deferred = defaultdict(dict)
        if not items:
            return deferred
        for line in self.search(
            Domain("move_line_id", "in", [item.key for item in items])
            & Domain("interest_pending", ">", 0),
            order="id",
        ):
            deferred[line.move_line_id.id][line] = dunning_interest.Deferred(
                start=line.interest_from,
                end=line.interest_to,
                amount=line.interest_pending,
                rate=line.level_id.interest_rate,
            )
        return deferred

    @api.model
    def _charge_deferred(self, items):
        """The interest of those days on what of these items is claimed now is charged."""
        deferred = self._deferred_interest(items)
        for item in items:
            for line, part in deferred[item.key].items():
                claimed = part.claimed(item.residual, item.stopped)
                if claimed:
                    line.interest_pending = line.currency_id.round(part.amount - claimed)

    @api.model
    def _forgive_deferred(self, credited):
        """What was credited bears no interest.

        :param credited: {id of a journal item: amount in its currency}
        """
        # sudo: who books a credit note need not have any right on reminders.
        for line in self.sudo().search(
            Domain("move_line_id", "in", list(credited)) & Domain("interest_pending", ">", 0)
        ):
            rest = line.interest_pending - credited[line.move_line_id.id]
            line.interest_pending = line.currency_id.round(max(rest, 0.0))
