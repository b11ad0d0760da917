from odoo import fields, models
from odoo.exceptions import UserError

from .override import check_may_rank
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
                "title": self.env._("Left for others")
                if report.set_apart_by
                else self.env._("Left for better-ranked deliveries"),
                "message": self._o2c_left_message(report),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _o2c_left_message(self, report):
        """What was not reserved here because it is for others, in a sentence each."""
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        sentences = []
        for move in self.env["stock.move"].browse(report.left_for_others):
            quantity = f"{report.left_for_others[move.id]:.{digits}f}"
            figures = {
                "product": move.product_id.display_name,
                "quantity": quantity.rstrip("0").rstrip(".") if "." in quantity else quantity,
                "unit": move.product_id.uom_id.name,
            }
            names = report.set_apart_by.get(move.id)
            if names:
                sentence = self.env._(
                    "%(product)s: %(quantity)s %(unit)s (%(names)s)",
                    names=", ".join(names),
                    **figures,
                )
            else:
                sentence = self.env._("%(product)s: %(quantity)s %(unit)s", **figures)
            sentences.append(sentence)
        return "\n".join(sentences)

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
