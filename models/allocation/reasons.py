"""Says in words why a delivery gets what it gets."""


class Reasons:
    """The sentences of one run, in the language of the user."""

    def __init__(self, env, pool):
        self.env = env
        self.pool = pool
        self.digits = env["decimal.precision"].precision_get("Product Unit")
        _ = env._
        self.frozen = {
            "locked": _("Kept as it is: locked by hand."),
            "picked": _("Kept as it is: goods are picked."),
            "printed": _("Kept as it is: the transfer is printed."),
            "batch": _("Kept as it is: its batch is started."),
            "chained": _("Kept as it is: the goods come from an earlier step."),
            "mto": _("Kept as it is: the goods are procured for this delivery."),
            "held": _("On hold: keeps what it has and gets nothing new."),
        }
        self.lost = _("Lost %(quantity)s to %(who)s.")
        self.given_up = _("Gave up %(quantity)s.")
        self.gained = _("Got %(quantity)s from %(who)s.")
        self.from_free = _("Got %(quantity)s from free stock.")
        self.short = _("%(quantity)s cannot be served.")
        self.short_win = _("Has to win, yet %(quantity)s cannot be served.")
        self.withheld = _("Cannot be delivered complete.")
        self.incomplete = _("Cannot be delivered complete: %(product)s is not reserved.")
        self.protected = _("%(name)s protects %(quantity)s.")
        self.capped = _("%(name)s allows no more.")
        self.on_hold = _("On hold.")
        self.rank = _("rank %(rank)s")
        self._names = self._load_names()
        self._groups = {demand.key: demand.group for demand in pool.demands}
        self._who = {}
        self._waited_for = None

    def of(self, move, outcome):
        """The reason for what ``move`` gets, or ``None`` when there is nothing to say.

        :param outcome: :class:`algorithms.allocation.Outcome`, or ``None`` when it is not touched
        """
        if outcome is None:
            return self.frozen[move.frozen]
        parts = []
        if move.id in self.pool.held:
            parts.append(self.on_hold)
        parts += [
            self.lost % {"quantity": self.text(quantity), "who": self.who(key)}
            for key, quantity in outcome.lost_to
        ]
        if outcome.given_up:
            parts.append(self.given_up % {"quantity": self.text(outcome.given_up)})
        parts += [
            self.gained % {"quantity": self.text(quantity), "who": self.who(key)}
            for key, quantity in outcome.gained_from
        ]
        if outcome.from_free:
            parts.append(self.from_free % {"quantity": self.text(outcome.from_free)})
        parts += [
            self.protected % {"name": self.protection(key), "quantity": self.text(quantity)}
            for key, quantity in outcome.protected_by
        ]
        parts += [self.capped % {"name": self.protection(key)} for key in outcome.capped_by]
        if outcome.is_withheld:
            parts.append(self._withheld(move.id))
        if outcome.missing:
            is_win = self.pool.ranked[move.id].strategy == "win"
            sentence = self.short_win if is_win else self.short
            parts.append(sentence % {"quantity": self.text(outcome.missing)})
        return " ".join(parts) or None

    def _withheld(self, move_id):
        """Why a delivery that is to be complete gets nothing."""
        product_id = self.pool.incomplete.get(self._groups[move_id])
        if not product_id:
            return self.withheld
        return self.incomplete % {"product": self._products()[product_id]}

    def _products(self):
        """{id: name} of the products that others wait for."""
        if self._waited_for is None:
            # sudo: that a product is ordered is known to those who distribute the others
            products = self.env["product.product"].sudo().browse(set(self.pool.incomplete.values()))
            self._waited_for = {product.id: product.display_name for product in products}
        return self._waited_for

    def text(self, quantity):
        """``quantity`` without idle zeros."""
        return plain_number(quantity, self.digits)

    def protection(self, key):
        """What people call a protection."""
        return self.pool.protection_names.get(key, "")

    def who(self, move_id):
        """A delivery by its order, the class of its customer and its rank."""
        if move_id not in self._who:
            move = self.pool.moves[move_id]
            orders, pickings, classes = self._names
            rank = self.rank % {"rank": self.pool.ranked[move_id].rank}
            parts = (
                orders.get(move.order_id) or pickings.get(move.picking_id),
                classes.get(move.class_id),
                rank,
            )
            self._who[move_id] = ", ".join(filter(None, parts))
        return self._who[move_id]

    def _load_names(self):
        """{id: name} of the orders, transfers and classes of the pool."""
        moves = self.pool.moves.values()
        result = []
        for model, ids in (
            ("sale.order", {move.order_id for move in moves}),
            ("stock.picking", {move.picking_id for move in moves if not move.order_id}),
            ("o2c.customer.class", {move.class_id for move in moves}),
        ):
            # sudo: an allocation manager reads no orders of others; their numbers are on transfers
            records = self.env[model].sudo().browse(ids - {None})
            records.fetch(["name"])
            result.append({record.id: record.name for record in records})
        return result


def plain_number(quantity, digits):
    """``quantity`` with at most ``digits`` decimals, without idle zeros."""
    text = f"{quantity:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
