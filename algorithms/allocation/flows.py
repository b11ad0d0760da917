"""Who gained what somebody else lost."""

from collections import defaultdict


class Flows:
    """Who gained what somebody else lost: the best served from the worst served first."""

    def __init__(self):
        self.gained = defaultdict(list)
        self.lost = defaultdict(list)

    def trace(self, many):
        """Match gains and losses of demands of one product, in the order of service."""
        gains = [[served, served.total - served.before] for served in many]
        gainers = [entry for entry in gains if entry[1] > 0]
        losers = [[served, -units] for served, units in reversed(gains) if units < 0]
        if not gainers or not losers:
            return
        pool = _pools(many)
        for gainer in gainers:
            for loser in losers:
                units = min(gainer[1], loser[1])
                if units <= 0 or pool[gainer[0]] != pool[loser[0]]:
                    continue
                self.gained[gainer[0]].append((loser[0].demand.key, units))
                self.lost[loser[0]].append((gainer[0].demand.key, units))
                gainer[1] -= units
                loser[1] -= units
                if not gainer[1]:
                    break
            losers = [loser for loser in losers if loser[1]]


def _pools(many):
    """{demand: a number that those have in common whose cells are linked}."""
    parent = {}

    def root(cell):
        while parent.setdefault(cell, cell) != cell:
            cell = parent[cell]
        return cell

    for served in many:
        cells = [*served.demand.cells, *(cell for cell, _units in served.held)]
        for cell in cells:
            parent[root(cell)] = root(cells[0])
    return {
        served: root((*served.demand.cells, *(cell for cell, _units in served.held), None)[0])
        for served in many
    }
