"""The lots of goods that deliveries earn on, gathered from the ledger and the documents."""

from collections import defaultdict
from dataclasses import dataclass, field, replace

from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.commission import coverage, deliveries, pricing, returns

from . import sale_line
from .crediting import Credited

NOTHING = pricing.Amounts()
TOLERANCE = 0.00005
# Of bases, costs and quantities.
DIGITS = 4
WHOLE = 100.00005


@dataclass(slots=True)
class Written:
    """What rows after the first have written down for a claim.

    :ivar quantity: by which it was changed
    :ivar lost: base that was written off, in the document's currency and the company's
    :ivar gone: quantity that returns and credit notes took back, without sign
    :ivar taken: base, base in company currency and cost of that, with sign
    :ivar amounts: of that
    """

    quantity: float = 0.0
    lost: tuple[float, float] = (0.0, 0.0)
    gone: float = 0.0
    taken: tuple[float, float, float] = (0.0, 0.0, 0.0)
    amounts: pricing.Amounts = NOTHING


@dataclass(slots=True)
class Held:
    """Goods of one move as one agreement claims them: how they are written down, and how they are by now.

    Quantities are without sign.

    :ivar first: columns of the first row, none of goods that left just now
    :ivar credited: of goods that left just now
    :ivar claim: of all that is delivered by now, on the terms of then
    :ivar was_delivered: as it is written down; ``was_gone``, ``was_lost`` and ``was_taken`` likewise
    :ivar fate: what became of the goods, :class:`returns.Gone`
    :ivar gone: how much of them is returned or credited by now; of equal goods it stays where it was written
        down
    :ivar booked: amounts of all rows
    """

    order_line_id: int
    move_id: int
    claim: pricing.Claim
    fate: returns.Gone
    first: dict | None = None
    credited: Credited | None = None
    gone: float = 0.0
    was_delivered: float = 0.0
    was_gone: float = 0.0
    was_lost: tuple[float, float] = (0.0, 0.0)
    was_taken: tuple[float, float, float] = (0.0, 0.0, 0.0)
    booked: pricing.Amounts = NOTHING

    @property
    def delivered(self):
        return abs(self.claim.quantity)

    @property
    def sign(self):
        quantity = self.claim.quantity or (self.first or {}).get("quantity", 1)
        return -1 if quantity < 0 else 1

    def each(self, name):
        """A column of the first row for a unit, with the sign of the sale."""
        quantity = abs(float(self.first["quantity"] or 0.0))
        return float(self.first[name] or 0.0) / quantity if quantity else 0.0

    def part(self, kept=None):
        """As a part of its lot.

        :param kept: another quantity that is neither returned nor credited
        """
        gone = self.gone if kept is None else self.delivered - kept
        replaced = self.fate.replaced if self.first else 0.0
        if self.claim.terms.is_running:
            replaced = min(replaced, self.gone)
        return deliveries.Part(self.claim, gone, replaced)


@dataclass(slots=True)
class Lot:
    """The goods of an order line that an agreement claims on equal terms.

    :ivar lost: the part of what is kept that was written off
    :ivar earning: of all that was delivered, in a single delivery
    """

    held: list[Held]
    lost: float = 0.0
    merged: pricing.Claim | None = None
    earning: pricing.Earning | None = None

    def standing(self):
        """What is left of its commission."""
        return self._left([held.part() for held in self.held], self.lost)

    def standing_with(self, kept):
        """What is left by what is written down as lost.

        :param kept: quantities that are neither returned nor credited, by position
        """
        parts = [held.part(quantity) for held, quantity in zip(self.held, kept, strict=True)]
        base = sum(
            abs(held.claim.base) * quantity / held.delivered
            for held, quantity in zip(self.held, kept, strict=True)
            if held.delivered
        )
        lost = abs(sum(held.was_lost[0] for held in self.held))
        return self._left(parts, lost / base if base else self.lost)

    def _left(self, parts, lost):
        return deliveries.standing(self.earning.amounts, parts, self.merged.money, lost)

    @property
    def booked(self):
        total = NOTHING
        for held in self.held:
            total = pricing.plus(total, held.booked)
        return total

    def lost_base(self):
        """Base that is written off by now and was not before, in the document's and in company currency."""
        base = -sum(held.was_lost[0] for held in self.held)
        base_company = -sum(held.was_lost[1] for held in self.held)
        for held in self.held:
            if held.delivered and held.first:
                part = (held.delivered - held.gone) / held.delivered * self.lost
                base += held.claim.base * part
                base_company += held.claim.base_company * part
        return round(base, DIGITS), round(base_company, DIGITS)


@dataclass(slots=True)
class Sold:
    """What happened to order lines.

    :ivar goods: their deliveries and returns, ``bills`` their invoices and credit notes
    :ivar fates: {id of a delivery: :class:`returns.Gone`}
    :ivar lost: {id of an order line: the part of what is kept that was written off}
    """

    goods: list[sale_line.SaleLine]
    bills: list[sale_line.SaleLine]
    fates: dict = field(default_factory=dict)
    lost: dict = field(default_factory=dict)


def what_happened(goods, bills, lost):
    """
    :param goods: list of :class:`SaleLine` of deliveries and returns
    :param bills: of invoices and credit notes
    :param lost: {id of an order line: quantity written off}
    :return: :class:`Sold`
    """
    moved, invoiced, credited = defaultdict(list), defaultdict(list), defaultdict(list)
    for line in goods:
        quantity = abs(line.quantity) if line.kind == "delivery" else -abs(line.quantity)
        moved[line.order_line_id].append(returns.Goods(line.res_id, quantity, line.reversed_id))
    for line in bills:
        (credited if line.is_credit else invoiced)[line.order_line_id].append(line)
    sold = Sold(goods, bills)
    for order_line, found in moved.items():
        billed = [line for line in invoiced[order_line] if line.quantity > 0]
        fates = returns.taken_back(
            found,
            sum(line.quantity for line in billed),
            sum(_worth(line, billed) for line in credited[order_line]),
        )
        sold.fates.update(fates)
        kept = sum(fate.delivered - fate.quantity for fate in fates.values())
        if lost.get(order_line) and kept > 0:
            sold.lost[order_line] = min(1.0, lost[order_line] / kept)
    return sold


def _worth(line, sold):
    """How much of what was invoiced a credited line is worth: half the price of all is half of it."""
    lines = [other for other in sold if other.move_id == line.reversed_id] or sold
    is_other = any(other.currency_id != line.currency_id for other in lines)
    price = sum(_value(other, is_other) for other in lines)
    if price <= 0:
        return -line.quantity
    return -_value(line, is_other) / price * sum(other.quantity for other in lines)


def _value(line, in_company):
    return line.untaxed / line.currency_rate if in_company else line.untaxed


def gather(env, states, credited, sold, splits):
    """The lots of order lines, with what they earn.

    :param states: list of :class:`ClaimState` of deliveries
    :param credited: list of :class:`Credited`, of goods that left just now
    :param sold: :class:`Sold`
    :param splits: {id of an order line: [Credit]}
    :return: list of :class:`Lot`
    """
    held = [*_held(env, states, sold), *(_fresh(row, sold) for row in credited)]
    by_move = defaultdict(list)
    for one in held:
        by_move[one.move_id].append(one)
    lots, equal = defaultdict(list), defaultdict(list)
    for found in by_move.values():
        terms = deliveries.lot_terms(one.claim for one in found)
        for one in found:
            if one.first:
                goods = (one.order_line_id, one.claim.period, round(one.each("base_amount"), 6))
                equal[goods, one.claim.owner, terms[one.claim.key]].append(one)
            # What tiers of a period add up is brought to what it earns together there.
            place = one.move_id if one.claim.terms.is_running else ("line", one.order_line_id)
            lots[place, terms[one.claim.key]].append(one)
    for found in equal.values():
        _note_gone(found)
    result = {}
    for key, found in lots.items():
        for one in found:
            lot = result.setdefault((key, one.claim.owner), Lot([]))
            lot.held.append(one)
            lot.lost = sold.lost.get(one.order_line_id, 0.0)
    _price(env, result, splits)
    return list(result.values())


def _note_gone(equal):
    """Note how much is gone of equal goods: only by as much as it is more or less of them together.

    Which of them a return that names none has brought back, or a credit note is of, may be seen otherwise
    once more is known; that moves no money and shall move no rows.
    """
    for one in equal:
        # The quantity that was delivered may have been lowered since.
        one.gone = min(one.was_gone, one.delivered)
    rest = sum(one.fate.quantity - one.gone for one in equal)
    for one in equal:
        change = one.fate.quantity - one.gone
        if rest * change > 0:
            part = change if abs(change) < abs(rest) else rest
            one.gone += part
            rest -= part


def _held(env, states, sold):
    """Claims that are in the ledger, as they are by now."""
    lines = {line.res_id: line for line in sold.goods if line.kind == "delivery"}
    written = _written(env, [state.first["id"] for state in states])
    terms = env["o2c.commission.plan"]._catalog().terms
    for state in states:
        first = state.first
        rows = written.get(first["id"], Written())
        line = lines.get(state.line)
        sign = -1 if first["quantity"] < 0 else 1
        quantity = sign * abs(line.quantity) if line else 0.0
        yield Held(
            order_line_id=first["order_line_id"],
            move_id=state.line,
            claim=_as_claim(env, state, terms[first["rule_id"]], quantity),
            fate=sold.fates.get(state.line) or returns.Gone(0.0),
            first=first,
            was_delivered=abs(float(first["quantity"]) + rows.quantity),
            was_gone=rows.gone,
            was_lost=rows.lost,
            was_taken=rows.taken,
            booked=pricing.plus(state.earned, rows.amounts),
        )


def _as_claim(env, state, terms, quantity):
    """A claim of the ledger on another quantity."""
    first = state.first
    before = float(first["quantity"])
    factor = quantity / before if before else 0.0
    return pricing.Claim(
        key=first["id"],
        line=state.line,
        document=("delivery", first["order_id"]),
        owner=first["agreement_id"],
        terms=terms,
        share=first["share"],
        is_shared=True,
        base=float(first["base_amount"]) * factor,
        base_company=float(first["base_company"]) * factor,
        quantity=quantity,
        money=state.money(env),
        period=first["tally_from"],
    )


def _fresh(row, sold):
    line = row.line
    return Held(
        order_line_id=line.order_line_id,
        move_id=line.res_id,
        claim=row.claim,
        fate=sold.fates[line.res_id],
        credited=row,
    )


def _written(env, first_ids):
    """What rows after the first have written down for claims: {id of the first row: :class:`Written`}"""
    rows = env.execute_query(
        SQL(
            """
            WITH entry AS (
                SELECT claim.id AS claim_id, entry.*,
                       (entry.source, entry.source_res_id) = (claim.source, claim.source_res_id) AS is_own
                  FROM o2c_commission_entry claim
                  JOIN o2c_commission_entry entry ON entry.origin_entry_id = claim.id
                 WHERE claim.id = ANY(%s) AND entry.kind <> 'adjust'
            )
            SELECT claim_id,
                   SUM(quantity) FILTER (WHERE is_own),
                   -SUM(base_amount) FILTER (WHERE is_own AND quantity = 0),
                   -SUM(base_company) FILTER (WHERE is_own AND quantity = 0),
                   ABS(SUM(quantity) FILTER (WHERE NOT is_own)),
                   SUM(base_amount) FILTER (WHERE NOT is_own),
                   SUM(base_company) FILTER (WHERE NOT is_own),
                   SUM(cost) FILTER (WHERE NOT is_own),
                   SUM(amount) FILTER (WHERE NOT is_own),
                   SUM(amount_company) FILTER (WHERE NOT is_own),
                   SUM(amount_payee) FILTER (WHERE NOT is_own)
              FROM entry
             GROUP BY claim_id
            """,
            first_ids,
        )
    )
    found = {}
    for first_id, *figures in rows:
        quantity, lost, lost_company, gone, *rest = (float(figure or 0.0) for figure in figures)
        found[first_id] = Written(
            quantity, (lost, lost_company), gone, tuple(rest[:3]), pricing.Amounts(*rest[3:])
        )
    return found


def _price(env, lots, splits):
    """Note in lots what all that was delivered of them earns.

    :param lots: {(key, agreement id): :class:`Lot`}
    """
    companions = defaultdict(dict)
    for (key, owner), lot in lots.items():
        merged = deliveries.together([held.part() for held in lot.held])
        lot.merged = replace(merged, key=(key, owner), line=key, document=_document(lot.held[-1]))
        companions[key][owner] = lot
    claims = []
    for (key, owner), lot in lots.items():
        shared = _shared(env, companions[key], splits)
        lot.merged = replace(lot.merged, is_shared=owner in shared)
        if lot.merged.terms.is_running:
            lot.earning = _of_a_tally(lot)
        else:
            claims.append(lot.merged)
    for earning in pricing.price(claims):
        lots[earning.claim.key].earning = earning


def _document(held):
    first = held.first
    return ("delivery", first["order_id"] if first else held.credited.line.order_id)


def _shared(env, lots, splits):
    """Ids of the agreements whose lots are parts of one whole.

    :param lots: {agreement id: :class:`Lot`} of the same goods on the same terms
    """
    if len(lots) == 1:
        return set(lots)
    shares = {}
    for owner, lot in lots.items():
        modes = {credit.agreement_id: credit.mode for credit in splits.get(lot.held[-1].order_line_id, ())}
        mode = modes.get(owner) or env["o2c.commission.agreement"].browse(owner).mode
        if mode == coverage.SHARED:
            shares[owner] = lot.merged.share
    # Modes that were changed since may make more than a whole of them.
    return set(shares) if sum(shares.values()) <= WHOLE else set()


def _of_a_tally(lot):
    """What was written down at the first, for as much as is delivered by now."""
    [held] = lot.held
    first, money = held.first, lot.merged.money
    amounts = pricing.Amounts(*(float(first[name]) for name in ("amount", "amount_company", "amount_payee")))
    whole = deliveries.scaled(amounts, lot.merged.quantity, float(first["quantity"]), money)
    return pricing.Earning(lot.merged, float(first["rate"]), whole)
