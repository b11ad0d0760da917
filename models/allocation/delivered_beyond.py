"""What people deliver beyond a cap, or out of what is protected, is their decision; it is noted."""

from odoo import models

from .reasons import plain_number
from .supply_protection_usage import NOTHING_USED


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _action_done(self):
        result = super()._action_done()
        # sudo: what is set apart is looked at, whoever delivers
        deliveries = self.sudo().filtered(
            lambda picking: (
                picking.state == "done"
                and picking.location_dest_id.usage == "customer"
                and picking.company_id.o2c_use_allocation
            )
        )
        for company, pickings in deliveries.grouped("company_id").items():
            pickings._o2c_note_beyond(company)
        return result

    def _o2c_note_beyond(self, company):
        """Note on these deliveries of one company what they took that was not theirs to take."""
        Pool = self.env["o2c.allocation.pool"]
        covered = Pool._current_protections(company, self.move_ids.product_id.ids)
        if not covered:
            return
        protections = self.env["o2c.supply.protection"].union(*covered)
        usages = protections._usage()
        free = Pool._free_elsewhere(protections, ())
        for protection, products in covered.items():
            usage = usages.get(protection.id, NOTHING_USED)
            moves = self.move_ids.filtered(
                lambda move, products=products: move.state == "done" and move.product_id.id in products
            )
            text = self._o2c_beyond(protection, usage, moves, free.get(protection.id, 0.0))
            for picking in moves.picking_id if text else ():
                picking.message_post(body=text)

    def _o2c_beyond(self, protection, usage, moves, free):
        """What is wrong with a protection after some of ``moves``, in words, or ``None``."""
        uom = protection.product_id.uom_id or moves.product_id.uom_id[:1]
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        used = usage.reserved + max(0.0, usage.delivered)
        members = set(usage.move_ids)
        if protection.kind == "cap":
            if members.isdisjoint(moves.ids) or uom.compare(used, protection.quantity) <= 0:
                return None
            return self.env._(
                "Delivered beyond '%(name)s': %(used)s are taken, %(quantity)s are allowed.",
                name=protection.name,
                used=plain_number(used, digits),
                quantity=plain_number(protection.quantity, digits),
            )
        left = max(0.0, protection.quantity - used)
        strangers = [move for move in moves if move.id not in members]
        if not strangers or uom.compare(free, left) >= 0:
            return None
        return self.env._(
            "'%(name)s' protects %(left)s, and after this delivery %(free)s are free.",
            name=protection.name,
            left=plain_number(left, digits),
            free=plain_number(max(0.0, free), digits),
        )
