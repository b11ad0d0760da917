"""The rows by which lots of delivered goods are brought to where they stand."""

from collections import defaultdict
from dataclasses import replace

from odoo.addons.order_to_cash.algorithms.commission import deliveries, pricing

from .delivery_lots import DIGITS, TOLERANCE

# Less is no base but what rounding leaves.
NEGLIGIBLE = 0.001
MEASURES = ("base_amount", "base_company", "cost")


class Causes:
    """Finds the return or credit note that takes goods back: one of just now, else the latest of all.

    :param sold: :class:`delivery_lots.Sold`
    :param causes: the :class:`SaleLine` of just now
    """

    def __init__(self, sold, causes):
        self.latest = {}
        self.returns = defaultdict(list)
        for line in sorted([*sold.goods, *sold.bills], key=lambda line: (line.date, line.res_id)):
            if line.kind == "return" or line.is_credit:
                self.latest[line.order_line_id] = line
        for line in causes:
            self.latest[line.order_line_id] = line
            if line.source == "delivery":
                self.returns[line.order_line_id].append(line)

    def of(self, held, quantity):
        """What took goods of a claim back, or less of them: (:class:`SaleLine`, quantity) each."""
        for line in self.returns[held.order_line_id]:
            part = min(quantity, held.fate.by.get(line.res_id, 0.0))
            if part > TOLERANCE:
                quantity -= part
                yield line, part
        last = self.latest.get(held.order_line_id)
        if abs(quantity) > TOLERANCE and last:
            yield last, quantity


class DeliveryRows:
    """Makes the rows of lots.

    :param ledger: ``o2c.commission.entry``
    """

    def __init__(self, ledger, causes):
        self.ledger = ledger
        self.env = ledger.env
        self.causes = causes
        self.words = ledger._words()

    def of(self, lots):
        """Columns of rows; the step is open but for the first of a claim.

        :param lots: list of :class:`delivery_lots.Lot`
        """
        return [row for lot in lots for row in _Steps(self, lot).rows()]

    def say(self, payee_id):
        return self.words(self.env["res.partner"].browse(payee_id))


class _Steps:
    """Takes one lot from what is written down to where it stands, event by event."""

    def __init__(self, maker, lot):
        self.maker = maker
        self.ledger = maker.ledger
        self.lot = lot
        self.booked = lot.booked
        # What is neither returned nor credited by what is written down.
        self.kept = [held.was_delivered - held.was_gone for held in lot.held]

    def rows(self):
        return [
            row
            for row in (*self._delivered(), *self._gone(), *self._rest())
            if row["step"] == 0 or _is_something(row)
        ]

    def _step(self):
        """What the next row has."""
        before, self.booked = self.booked, self.lot.standing_with(self.kept)
        return pricing.minus(self.booked, before)

    # ------------------------------------------------------------------
    # Delivered
    # ------------------------------------------------------------------

    def _delivered(self):
        for number, held in enumerate(self.lot.held):
            change = held.delivered - held.was_delivered
            if abs(change) > TOLERANCE or not held.first:
                self.kept[number] += change
                yield self._changed(held, change) if held.first else self._first(number, held)

    def _first(self, number, held):
        lot, row = self.lot, held.credited
        base_company = self._base_company(number)
        row = replace(row, claim=replace(row.claim, base_company=base_company))
        earning = pricing.Earning(row.claim, lot.earning.rate, self._step())
        columns = self.ledger._first_row(row, earning, "accrue", {}, self.maker.words)
        if number:
            say = self.maker.say(columns["payee_id"])
            currency = self.maker.env["res.currency"].browse(columns["currency_id"])
            columns["explanation"] = say.with_earlier(
                columns["explanation"], self.booked.document, currency
            )
        return columns

    def _base_company(self, number):
        """So that the bases of a lot add up, too."""
        parts = [deliveries.Part(held.claim) for held in self.lot.held[: number + 1]]
        before = deliveries.together(parts[:-1]).base_company if number else 0.0
        return round(deliveries.together(parts).base_company - before, DIGITS)

    def _changed(self, held, change):
        """Somebody has changed the quantity of goods that had left."""
        say = self.maker.say(held.first["payee_id"])
        return self.ledger._follow(
            held.first,
            None,
            "accrue" if change > 0 else "reverse",
            self._step(),
            date=self.ledger._today(held.first["company_id"]),
            quantity=round(held.sign * change, DIGITS),
            **{name: round(held.each(name) * change, DIGITS) for name in MEASURES},
            explanation=say.delivered_otherwise(held.first["name"], held.sign * change),
        )

    # ------------------------------------------------------------------
    # Returned and credited
    # ------------------------------------------------------------------

    def _gone(self):
        for number, held in enumerate(self.lot.held):
            for cause, quantity in self.maker.causes.of(held, held.gone - held.was_gone):
                self.kept[number] -= quantity
                yield self._taken_back(held, cause, quantity)

    def _taken_back(self, held, cause, quantity):
        """The row by which a return or credit note takes back what it must."""
        first = held.first
        taken = self._take(held, quantity)
        is_return = cause.source == "delivery"
        return self.ledger._follow(
            first,
            None,
            "reverse" if quantity > 0 else "accrue",
            self._step(),
            name=cause.name,
            date=cause.date if quantity > 0 else self.ledger._today(first["company_id"]),
            source=cause.source,
            source_res_id=cause.res_id,
            generation=0,
            move_line_id=None if is_return else cause.res_id,
            move_id=cause.move_id,
            stock_move_id=cause.res_id if is_return else first["stock_move_id"],
            quantity=round(held.sign * -quantity, DIGITS),
            **taken,
            explanation=_why(self.maker.say(first["payee_id"]), cause, quantity, held),
        )

    def _take(self, held, quantity):
        """Bases and cost of goods that are taken back, as their delivery had them, exact when all are."""
        held.was_gone += quantity
        taken = {
            name: round(-held.each(name) * held.was_gone - was, DIGITS)
            for name, was in zip(MEASURES, held.was_taken, strict=True)
        }
        held.was_taken = tuple(was + taken[name] for name, was in zip(MEASURES, held.was_taken, strict=True))
        return taken

    # ------------------------------------------------------------------
    # Written off, and what is left
    # ------------------------------------------------------------------

    def _rest(self):
        """Bad debts, and what the lot earns otherwise since others were delivered."""
        known = [held for held in self.lot.held if held.first]
        # What was lost of goods that have just got their first rows follows these.
        if len(known) < len(self.lot.held):
            return
        first = known[-1].first
        amounts = pricing.minus(self.lot.standing(), self.booked)
        base, base_company = self.lot.lost_base()
        has_base = abs(base) >= NEGLIGIBLE or abs(base_company) >= NEGLIGIBLE
        if not amounts and not has_base:
            return
        say = self.maker.say(first["payee_id"])
        is_loss = amounts.company * self.lot.earning.amounts.company < 0
        is_free = not any(held.claim.base for held in known)
        explanation = say.goods_together()
        if amounts and (has_base or is_free):
            explanation = say.written_off(self.lot.lost) if is_loss else say.written_on()
        yield self.ledger._follow(
            first,
            None,
            "reverse" if is_loss else "accrue",
            amounts,
            date=self.ledger._today(first["company_id"]),
            base_amount=-base,
            base_company=-base_company,
            explanation=explanation,
        )


def _is_something(row):
    return any(row[name] for name in ("amount", "amount_company", "amount_payee", "base_company"))


def _why(say, cause, quantity, held):
    original = held.first["name"]
    if quantity < 0:
        return say.taken_back_less(cause.name, -quantity, original)
    if cause.source == "delivery":
        return say.returned(cause.name, quantity, original)
    return say.refund(cause.name, quantity / held.delivered, original, cause.kind)
