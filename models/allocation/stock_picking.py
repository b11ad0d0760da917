from odoo import fields, models
from odoo.exceptions import UserError

from .override import check_may_rank
from .reasons import plain_number
from .reservation import Permission, Report


class StockPicking(models.Model):
    _inherit = "stock.picking"

    o2c_use_allocation = fields.Boolean(related="company_id.o2c_use_allocation")

    def action_assign(self):
        # sudo: what a company uses is no secret to those who move its goods
        if not any(company.o2c_use_allocation for company in self.company_id.sudo()):
            return super().action_assign()
        report = Report()
        result = super(StockPicking, self.with_context(o2c_allocation_report=report)).action_assign()
        if not report.left_for_others:
            return result
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "title": self._o2c_left_title(report),
                "message": self._o2c_left_message(report),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _o2c_left_title(self, report):
        """For whom, or why, something was not reserved, in a few words."""
        capped = report.capped_by.keys() - report.set_apart_by.keys()
        if capped >= report.left_for_others.keys():
            return self.env._("No More Is Allowed")
        if capped or report.set_apart_by:
            return self.env._("Left for Others")
        return self.env._("Left for Better-Ranked Deliveries")

    def _o2c_left_message(self, report):
        """What was not reserved here though it is there, a line for each delivery."""
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        lines = []
        for move in self.env["stock.move"].browse(report.left_for_others):
            goods = self.env._(
                "%(product)s: %(quantity)s %(unit)s",
                product=move.product_id.display_name,
                quantity=plain_number(report.left_for_others[move.id], digits),
                unit=move.product_id.uom_id.name,
            )
            why = ", ".join([
                *report.set_apart_by.get(move.id, ()),
                *(
                    self.env._("%(name)s allows no more", name=name)
                    for name in report.capped_by.get(move.id, ())
                ),
            ])
            lines.append(f"{goods} ({why})" if why else goods)
        return "\n".join(lines)

    def action_o2c_assign_out_of_turn(self, reason):
        """Reserve what is free for these transfers, whoever is ranked better.

        :param reason: why; it is noted on the transfers
        :raise AccessError: for whoever is no allocation manager
        :raise UserError: without a reason
        """
        check_may_rank(self)
        reason = (reason or "").strip()
        if not reason:
            raise UserError(self.env._("Say why these deliveries are served out of turn."))
        for picking in self:
            picking.message_post(
                body=self.env._("Served out of turn: %(reason)s", reason=reason)
            )
        moves = self.move_ids.filtered(lambda move: move.state not in ("draft", "cancel", "done"))
        moves.with_context(o2c_allocation_permission=Permission(moves))._action_assign()
        return True
