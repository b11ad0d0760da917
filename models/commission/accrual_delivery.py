"""What deliveries earn."""

from collections import defaultdict

from odoo import api, models

from . import claim_state, sale_line
from .crediting import Crediting


class O2cCommissionEntry(models.Model):
    _inherit = "o2c.commission.entry"

    @api.model
    def _accrue_deliveries(self, moves):
        """Write down what goods earn that have left, where deliveries earn it; returned ones take it back.

        :param moves: ``stock.move``, also such as earn nothing
        """
        lines = sale_line.delivery_lines(self.env, moves)
        states = claim_state.load(self.env, "delivery", [line.res_id for line in lines])
        known = {state.line for state in states}
        fresh = [line for line in lines if line.res_id not in known]
        delivered = [line for line in fresh if line.kind == "delivery"]
        self._accrue_goods(delivered)
        self._accrue_returns([line for line in fresh if line.kind == "return"])
        self._refresh_progress(moves.sale_line_id)

    @api.model
    def _accrue_goods(self, lines):
        splits = self._splits({line.order_line_id for line in lines})
        shares = {(line.source, line.res_id): splits.get(line.order_line_id, []) for line in lines}
        credited = [
            row for row in Crediting(self.env).credited(lines, shares) if row.trigger == "delivery"
        ]
        tallies = self._load_tallies([row.claim for row in credited])
        self._append(self._first_rows(credited, tallies, "accrue", {}))

    @api.model
    def _accrue_returns(self, lines):
        """Goods that come back take back what their delivery earned; which it was, the return says."""
        if not lines:
            return
        moves = self.env["stock.move"].browse({line.reversed_id for line in lines if line.reversed_id})
        originals = {line.res_id: line for line in sale_line.delivery_lines(self.env, moves)}
        states = defaultdict(list)
        for state in claim_state.load(self.env, "delivery", list(originals)):
            states[state.line].append(state)
        taken = self._taken_back([state for found in states.values() for state in found])
        words = self._words()
        rows = [
            self._return_row(line, originals[line.reversed_id], state, taken, words)
            for line in lines
            for state in states.get(line.reversed_id, ())
        ]
        self._append(rows)
        self._level(rows)

    @api.model
    def _return_row(self, line, original, state, taken, words):
        payee = self.env["res.partner"].browse(state.first["payee_id"])
        return {
            **self._refund_row(line, original, state, taken, 0, words),
            "source": "delivery",
            "stock_move_id": line.res_id,
            "move_line_id": None,
            "explanation": words(payee).returned(line.name, abs(line.quantity), state.first["name"]),
        }
