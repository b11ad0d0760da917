"""Gathers what stands behind a promise: stock, receipts, deliveries, and what is set apart.

The number of statements does not depend on the number of lines.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytz

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import promise as algorithm

from .pool_data import OpenMove, Quant
from .promise_market import Shared, markets_of
from .ranking import Ranked, better_of

LAST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Promise:
    """What can be promised for one line, in the unit of the product.

    :ivar wanted: the day for which delivery is agreed or, without agreement, expected
    :ivar earliest: the day from which the whole line can be promised, or ``None``
    :ivar before: ids of the deliveries that are served before it or hold some of the goods
    :ivar receipts: ids of the moves that bring goods
    """

    need: float
    wanted: date
    earliest: date | None
    timeline: algorithm.Timeline
    before: tuple[int, ...]
    receipts: tuple[int, ...]


class O2cPromise(models.AbstractModel):
    _name = "o2c.promise"
    _description = "Available to Promise"

    @api.model
    def _promises(self, lines):
        """What can be promised for quotation lines, others of their quotations considered.

        :param lines: ``sale.order.line``, saved or not
        :return: {line: :class:`Promise`}, without lines for which nothing is to be promised
        """
        asked = lines.filtered(self._is_asked)
        if not asked:
            return {}
        result = {}
        # sudo: the demand of others decides, whoever may see it; only sums are handed on
        everything = asked.sudo().order_id.order_line.filtered(self._is_asked)
        for company, many in everything.grouped("company_id").items():
            # sudo: as above
            result.update(self.sudo()._company_promises(company, many))
        return {line: result[line] for line in asked if line in result}

    @api.model
    def _is_asked(self, line):
        # sudo: what a company uses is no secret to those who sell for it
        return (
            line.state in ("draft", "sent")
            and not line.display_type
            and line.product_id.is_storable
            and line.company_id.sudo().o2c_use_allocation
            and line.product_uom_id
            and line.product_uom_qty > 0
            # sudo: those who sell for a warehouse need not see it
            and line.sudo().warehouse_id
            and not line.is_mto
        )

    def _company_promises(self, company, lines):
        arrivals = self._arrivals(company, lines.product_id)
        asks = self._asks(company, lines)
        places = {
            arrival.cell: Quant(0, arrival.cell, 0.0, 0.0, None, path, name)
            for _move, arrival, path, name in arrivals
        }
        pool = self.env["o2c.allocation.pool"]._gather(
            company,
            products=lines.product_id,
            adds_to_begun=True,
            asks={ask: ranked for ask, ranked, _line in asks},
            places=places.values(),
        )
        self._join(pool, asks)
        competes_from = self._competes_from(company, pool)
        today = company._o2c_today()
        demands = {demand.key: demand for demand in pool.demands}
        order_of = {ask.id: line.order_id for ask, _ranked, line in asks}
        own = defaultdict(list)
        for ask, _ranked, line in asks:
            own[line.order_id].append(demands[ask.id])
        markets = markets_of(pool, arrivals)
        shared = Shared(markets)
        result = {}
        for ask, _ranked, line in asks:
            market = markets[ask.product_id]
            # Other quotations do not count, other lines of this one do.
            others = [
                other
                for other in market.demands
                if other.key != ask.id and order_of.get(other.key, line.order_id) == line.order_id
            ]
            demand = demands[ask.id]
            before = algorithm.served_before(demand, own[line.order_id], today, competes_from)
            timeline = algorithm.timeline(
                demand,
                others,
                market.cells,
                [arrival for _move, arrival in market.arrivals],
                [shared.narrowed(guard, demand, before) for guard in market.protections],
                today=today,
                competes_from=competes_from,
                roundings={demand.product: pool.rounding},
            )
            result[line] = self._promise(line, demand, others, market, timeline, competes_from)
        return result

    def _promise(self, line, ask, others, market, timeline, competes_from):
        wanted = _local_date(line, line.order_id.commitment_date or line._expected_date())
        possible = timeline.earliest(ask.need)
        served_before = algorithm.served_before(ask, others, wanted, competes_from)
        holders = [other for other in others if other.held or other.frozen]
        return Promise(
            need=ask.need,
            wanted=wanted,
            earliest=possible and max(possible, _local_date(line, line._expected_date())),
            timeline=timeline,
            before=tuple(
                dict.fromkeys(other.key for other in served_before + holders if other.key > 0)
            ),
            receipts=tuple(
                move for move, arrival in market.arrivals if arrival.cell in ask.cells
            ),
        )

    # ------------------------------------------------------------------
    # Demand
    # ------------------------------------------------------------------

    def _asks(self, company, lines):
        """[(:class:`OpenMove`, ``Ranked``, line)], as if the lines were delivered from stock."""
        accounts = self._credit_accounts(company, lines)
        ranking = self.env["o2c.allocation.ranking"]._company_ranking(company)
        result = []
        for number, line in enumerate(lines, 1):
            product, order = line.product_id, line.order_id
            wanted = order.commitment_date or line._expected_date()
            customer = order.partner_id.commercial_partner_id
            ask = OpenMove(
                id=-number,
                product_id=product.id,
                picking_id=None,
                order_id=order._origin.id or None,
                line_id=line._origin.id or None,
                partner_id=customer.id,
                class_id=customer.o2c_class_id.id,
                location_id=line.warehouse_id.lot_stock_id.id,
                uom_id=product.uom_id.id,
                need=line.product_uom_id._compute_quantity(line.product_uom_qty, product.uom_id),
                date=wanted - timedelta(days=company.security_lead),
                frozen=None,
                may_be_held=False,
                is_special=False,
                source_path=line.o2c_source_location_id.parent_path or None,
                source_lot_id=line.o2c_source_lot_id.id or None,
                is_source_first=line.o2c_source_mode == "first",
            )
            account = accounts.get(customer.id)
            result.append((ask, self._ranked(line, number, wanted, account, ranking), line))
        return result

    def _credit_accounts(self, company, lines):
        """{customer id: credit account}"""
        root = company.root_id
        if not root.o2c_use_credit:
            return {}
        accounts = self.env["o2c.credit.account"].search([
            ("partner_id", "in", lines.order_id.partner_id.commercial_partner_id.ids),
            ("company_id", "=", root.id),
        ])
        return {account.partner_id.id: account for account in accounts}

    def _ranked(self, line, number, wanted, account, ranking):
        """The place in the ranking which the delivery of a line would have."""
        strategy, default_rank, ties = ranking
        order = line.order_id
        customer_class = order.partner_id.commercial_partner_id.o2c_class_id
        owner = customer_class.company_id
        if owner and owner not in line.company_id.parent_ids:
            customer_class = customer_class.browse()
        customer_strategy, customer_rank = better_of(
            *(
                (source.allocation_strategy, source.allocation_rank)
                for source in (customer_class, account.rating_id if account else customer_class)
            )
        )
        figures = (
            _timestamp(wanted),
            # An order counts from its confirmation.
            _timestamp(fields.Datetime.now()),
            -order.amount_total / (order.currency_rate or 1.0),
            -account.score if account else 0.0,
            1,
        )
        return Ranked(
            strategy=line.o2c_allocation_strategy or customer_strategy or strategy,
            rank=line.o2c_allocation_rank or customer_rank or default_rank,
            tie=(*(figures[tie] for tie in ties), order._origin.id or LAST, 0, number),
        )

    def _competes_from(self, company, pool):
        """{demand: the day from which it competes}"""
        days = company.o2c_allocation_horizon_days
        if not days:
            return {}
        return {
            move.id: _in_zone(company, move.date) - timedelta(days=days)
            for move in pool.moves.values()
        }

    def _join(self, pool, asks):
        """Count the asks among those for whom something is set apart."""
        members = self._memberships(pool, asks)
        pool.protections = [
            replace(protection, members=protection.members | members[protection.key])
            if protection.key in members
            else protection
            for protection in pool.protections
        ]

    @api.model
    def _memberships(self, pool, asks):
        """{key of a protection: ids of the asks that it is for}"""
        by_partner = defaultdict(set)
        for ask, _ranked, line in asks:
            by_partner[line.order_id.partner_id._origin.id].add(ask.id)
        result = defaultdict(frozenset)
        keys = [key for key in {guard.key for guard in pool.protections} if isinstance(key, int)]
        if not keys:
            return result
        rows = self.env.execute_query(
            SQL(
                """
                SELECT protection.id, partner.id
                  FROM o2c_supply_protection protection
                  JOIN res_partner partner ON partner.id = ANY(%(partners)s)
             LEFT JOIN res_partner customer ON customer.id = partner.commercial_partner_id
             LEFT JOIN o2c_sales_region region
                    ON region.id = COALESCE(partner.o2c_region_id, customer.o2c_region_id)
                 WHERE protection.id = ANY(%(protections)s) AND %(is_member)s
                """,
                partners=list(by_partner),
                protections=keys,
                is_member=self.env["o2c.supply.protection"]._is_member_sql(),
            )
        )
        for protection, partner in rows:
            result[protection] |= by_partner[partner]
        return result

    # ------------------------------------------------------------------
    # Supply
    # ------------------------------------------------------------------

    def _arrivals(self, company, products):
        """[(move id, :class:`algorithm.Arrival`, path, name of the place)] of goods on their way.

        Of a chain the step counts that brings goods into the stock of a warehouse. Goods that are
        procured for a certain delivery are nobody else's.
        """
        self.env["stock.move"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT move.id, move.product_id, target.id, move.date,
                       move.product_qty::float, target.parent_path, target.complete_name
                  FROM stock_move move
                  JOIN stock_location source ON source.id = move.location_id
                  JOIN stock_location target
                    ON target.id = COALESCE(move.location_final_id, move.location_dest_id)
                  JOIN stock_warehouse warehouse
                    ON warehouse.id = target.warehouse_id AND warehouse.company_id = %(company)s
                  JOIN stock_location stock ON stock.id = warehouse.lot_stock_id
                 WHERE move.product_id = ANY(%(products)s)
                   AND move.company_id = %(company)s
                   AND move.state IN ('waiting', 'confirmed', 'partially_available', 'assigned')
                   AND move.product_qty > 0
                   AND target.parent_path LIKE stock.parent_path || '%%'
                   AND source.parent_path NOT LIKE stock.parent_path || '%%'
                   AND NOT EXISTS (
                       SELECT FROM stock_move_move_rel link
                         JOIN stock_move later ON later.id = link.move_dest_id
                        WHERE link.move_orig_id = move.id AND later.state NOT IN ('done', 'cancel')
                   )
              ORDER BY move.date, move.id
                """,
                products=products.ids,
                company=company.id,
            )
        )
        return [
            (
                move,
                algorithm.Arrival(
                    (product, place, 0, 0, 0), product, _in_zone(company, moment), quantity
                ),
                path,
                name,
            )
            for move, product, place, moment, quantity, path, name in rows
        ]


def _zone(company):
    return pytz.timezone(company.partner_id.tz or company.env.user.tz or "UTC")


def _in_zone(company, moment):
    """The company's local date of a moment in UTC."""
    return pytz.utc.localize(moment).astimezone(_zone(company)).date()


def _local_date(line, moment):
    return _in_zone(line.company_id, moment)


def _timestamp(moment):
    return pytz.utc.localize(moment).timestamp()
