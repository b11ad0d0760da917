"""Where a delivery takes its goods from, and how much of them its unit can express."""

from .designated_source import passes


class Reach:
    """From which cells, and in which order, a move from a location takes a product."""

    def __init__(self, env, quants):
        self.env = env
        self.quants = quants
        self.found = {}
        self.strategies = {}
        self.paths = {}

    def cells(self, product, location_id, source=None):
        key = product.id, location_id, source
        if key not in self.found:
            self.found[key] = self._cells(product, location_id, source)
        return self.found[key]

    def _cells(self, product, location_id, source):
        quants = [
            quant
            for quant in self.quants.get(product.id, ())
            if quant.path.startswith(self._path(location_id))
        ]
        strategy = self.strategy(product, location_id)
        if strategy == "lifo":
            quants.reverse()
        elif strategy == "closest":
            quants.sort(key=lambda quant: (quant.location_name, -quant.id))
        quants.sort(key=lambda quant: not quant.cell[2])
        if source:
            quants = self._from_source(quants, self._path(location_id), *source)
        return tuple(dict.fromkeys(quant.cell for quant in quants))

    def _from_source(self, quants, path, place, lot_id, is_first):
        """The quants of a designated source, with the others behind them or without."""
        if not place or not passes(place, path):
            place = ""

        def is_there(quant):
            return quant.path.startswith(place) and (not lot_id or quant.cell[2] == lot_id)

        there = [quant for quant in quants if is_there(quant)]
        return there + [quant for quant in quants if not is_there(quant)] if is_first else there

    def _path(self, location_id):
        if location_id not in self.paths:
            # sudo: where goods lie is asked on behalf of the deliveries
            location = self.env["stock.location"].sudo().browse(location_id)
            self.paths[location_id] = location.parent_path
        return self.paths[location_id]

    def strategy(self, product, location_id):
        key = product.category_id, location_id
        if key not in self.strategies:
            self.strategies[key] = self.env["stock.quant"]._get_removal_strategy(
                self.env["product.product"].browse(product.id),
                self.env["stock.location"].browse(location_id),
            )
        return self.strategies[key]


def fit_of(env, product, uom_id):
    """How much of a quantity can be reserved in another unit: as native reservation rounds it."""
    uom, product_uom = env["uom.uom"].browse((uom_id, product.uom_id))

    def fit(quantity):
        rounded = product_uom._compute_quantity(quantity, uom, rounding_method="DOWN")
        return uom._compute_quantity(rounded, product_uom, rounding_method="HALF-UP")

    return fit
