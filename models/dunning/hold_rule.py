from collections import defaultdict

from odoo import fields, models
from odoo.fields import Domain


class O2cHoldRule(models.Model):
    _inherit = "o2c.hold.rule"

    kind = fields.Selection(
        selection_add=[("dunning", "Dunning level reached")], ondelete={"dunning": "cascade"}
    )

    def _evaluate(self, orders):
        failures = super()._evaluate(orders)
        self._collect(
            failures,
            # Whoever confirms an order may not know how its company is set up.
            orders.sudo().filtered("company_id.o2c_use_dunning"),
            "dunning",
            lambda rule, found: rule._dunning_failures(found),
        )
        return failures

    def _dunning_failures(self, orders):
        self.ensure_one()
        amounts = orders._o2c_amounts()
        partners = {order.id: order._o2c_customer() | order._o2c_debtor() for order in orders}
        blocking = self._blocking_items(
            orders.env["res.partner"].union(*partners.values()), orders.company_id.root_id
        )
        for order in orders:
            items = [item for partner in partners[order.id] for item in blocking[partner.id]]
            if items:
                yield order.id, self._failure(amounts[order.id], self._dunning_reason(items))

    def _blocking_items(self, partners, root):
        """The open items that have reached a level that blocks orders.

        :param partners: commercial partners
        :param root: the root of a company family
        :return: {id of the partner: [line of the reminder that took an item to its level]}, the
            highest level first
        """
        reached = self.env["o2c.dunning.notice.line"].search(
            Domain("reached_on", "!=", False)
            & Domain("level_id", "!=", False)
            & Domain("company_id", "child_of", root.ids)
            & Domain("move_line_id.partner_id.commercial_partner_id", "in", partners.ids)
            & Domain("move_line_id.reconciled", "=", False)
            & Domain("move_line_id.parent_state", "=", "posted")
            & Domain("move_line_id.no_followup", "!=", True)
            & Domain("move_id.payment_state", "not in", ("blocked", "in_payment"))
        )
        reached = self._still_claimed(reached, root)
        height = {level: (level.sequence, level.id) for level in reached.level_id}
        blocking = defaultdict(list)
        for item, lines in reached.grouped("move_line_id").items():
            highest = max(lines, key=lambda line: height[line.level_id])
            if highest.level_id.blocks_orders:
                blocking[item.partner_id.commercial_partner_id.id].append(highest)
        for found in blocking.values():
            found.sort(key=lambda line: height[line.level_id], reverse=True)
        return blocking

    def _still_claimed(self, reached, root):
        """Those of these lines whose item is not wholly disputed, promised or blocked by now."""
        if not reached:
            return reached
        customers = reached.move_line_id.partner_id.commercial_partner_id
        # sudo: what is claimed of a customer does not depend on who confirms an order.
        open_lines = self.env["account.move.line"].sudo().search(
            Domain("account_type", "=", "asset_receivable")
            & Domain("parent_state", "=", "posted")
            & Domain("reconciled", "=", False)
            & Domain("company_id", "child_of", root.ids)
            & (
                Domain("partner_id.commercial_partner_id", "in", customers.ids)
                | Domain("partner_id.commercial_partner_id.o2c_payer_id", "in", customers.ids)
            )
        )
        claimed = self.env["o2c.dunning.stop"]._claimed(open_lines, root)
        return reached.filtered(lambda line: line.move_line_id in claimed)

    def _dunning_reason(self, lines):
        first = lines[0]
        figures = {
            "document": first.name,
            "customer": first.move_line_id.partner_id.commercial_partner_id.name,
            "level": first.level_id.name,
        }
        if len(lines) == 1:
            return self.env._(
                "%(document)s of %(customer)s is open and has reached “%(level)s”.", **figures
            )
        return self.env._(
            "%(count)s documents of %(customer)s are open and have reached “%(level)s”, among "
            "them %(document)s.",
            count=len(lines),
            **figures,
        )
