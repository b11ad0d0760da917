"""Ordinary reservation obeys the ranking, whatever starts it.

Nobody loses anything here. Of what is free, a move gets no more than those leave that are served
before it, be they reserved now or not. So that runs and ordinary reservation do not undo each
other's work, those come last that never gain in a run, and last of all those that lose; what a run
has taken from these, and what is not complete where deliveries are to be, is not reserved again.
"""

from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import partial

import pytz

from odoo import models
from odoo.tools import SQL, OrderedSet

from odoo.addons.order_to_cash.algorithms.allocation import FAR_OFF, TURNS

from .engine import Caps
from .stock_quant import WAITS

# Reservations without a delivery yield first.
UNRANKED = 10**6


class Report:
    """What the ranking kept from moves, for the person who asked to reserve them.

    It is handed on in the context. Nobody outside the process can make one.
    """

    def __init__(self):
        self.left_for_others = {}
        # {move id: names of what the goods are set apart by}, and of the caps that were reached
        self.set_apart_by = {}
        self.capped_by = {}


class Permission:
    """An allocation manager's decision to serve moves out of turn.

    It is handed on in the context. Nobody outside the process can make one.
    """

    def __init__(self, moves):
        self.move_ids = frozenset(moves.ids)


class StockMove(models.Model):
    _inherit = "stock.move"

    def _action_assign(self, force_qty=False):
        ranked = self._o2c_ranked_company_moves()
        if force_qty or not ranked:
            return super()._action_assign(force_qty=force_qty)
        served = self.with_context(o2c_waits_for_stock=WAITS)
        products = ranked._o2c_contested_products()
        watched = ranked._o2c_far_off() | ranked._o2c_to_be_complete()
        ranked = watched | ranked.filtered(lambda move: move.product_id.id in products)
        if ranked:
            caps, order = ranked._o2c_turns()
            turns = iter(order)
            served = served.browse([next(turns) if key in caps else key for key in self.ids])
            served = served.with_context(o2c_allocation_caps=Caps(caps))
        return super(StockMove, served)._action_assign(force_qty=force_qty)

    def _o2c_ranked_company_moves(self):
        """Those of the moves that wait for goods in companies that rank."""
        # The engine has planned what it reserves.
        if isinstance(self.env.context.get("o2c_allocation_caps"), Caps):
            return self.browse()
        # sudo: what a company uses is no secret to those who move its goods
        companies = self.company_id.sudo().filtered("o2c_use_allocation")
        if not companies:
            return self.browse()
        permission = self.env.context.get("o2c_allocation_permission")
        allowed = permission.move_ids if isinstance(permission, Permission) else ()
        return self.filtered(
            lambda move: (
                move.company_id in companies
                and move.state in ("confirmed", "partially_available")
                and move.id not in allowed
                and not move._should_bypass_reservation()
            )
        )

    def _o2c_far_off(self):
        """Those of the moves that are due beyond the horizon of their company."""
        # sudo: how far a company looks ahead is no secret to those who move its goods
        companies = self.company_id.sudo()
        horizons = {
            company: horizon
            for company in companies
            if (horizon := company._o2c_allocation_horizon())
        }
        return self.filtered(
            lambda move: move.company_id in horizons and move.date > horizons[move.company_id]
        )

    def _o2c_to_be_complete(self):
        """Those of the moves whose company delivers complete lines or orders."""
        # sudo: how a company delivers is no secret to those who move its goods
        companies = self.company_id.sudo().filtered("o2c_allocation_ship_complete")
        return self.filtered(lambda move: move.company_id in companies)

    def _o2c_contested_products(self):
        """Ids of the products of which there is less free than open moves ask for, something is set
        apart, or a run has taken something from one of these moves.

        One simple statement where these moves are alone, so that nothing more has to be asked.
        """
        self._o2c_flush_contest()
        if not self._o2c_may_be_contested():
            return set()
        set_apart = self.env["o2c.allocation.pool"]._set_apart_sql()
        rows = self.env.execute_query(
            SQL(
                """
                WITH asked AS (
                    SELECT product_id, location_id, COUNT(*) AS moves,
                           SUM(product_qty * (1 - quantity / product_uom_qty)) AS need,
                           BOOL_OR(
                               o2c_source_location_id IS NOT NULL
                               OR o2c_source_lot_id IS NOT NULL
                           ) AS is_designated
                      FROM stock_move
                     WHERE product_id = ANY(%(products)s)
                       AND company_id = ANY(%(companies)s)
                       AND state IN ('confirmed', 'partially_available')
                       AND product_uom_qty > 0
                  GROUP BY product_id, location_id
                ), total AS (
                    SELECT product_id, SUM(need) AS need, BOOL_OR(is_designated) AS is_designated
                      FROM asked
                  GROUP BY product_id
                    HAVING SUM(moves) > 1
                )
                SELECT asked.product_id
                  FROM asked
                  JOIN total ON total.product_id = asked.product_id
                  JOIN stock_location source ON source.id = asked.location_id
                 WHERE total.is_designated OR total.need > (
                       SELECT COALESCE(SUM(quant.quantity - quant.reserved_quantity), 0)
                         FROM stock_quant quant
                         JOIN stock_location place ON place.id = quant.location_id
                        WHERE quant.product_id = asked.product_id
                          AND place.parent_path LIKE source.parent_path || '%%'
                 )
                 UNION
                SELECT set_apart.product_id
                  FROM (%(set_apart)s) set_apart
                  JOIN res_company owner ON owner.id = set_apart.company_id
                 WHERE set_apart.product_id = ANY(%(products)s)
                   AND split_part(owner.parent_path, '/', 1)::int = ANY(%(roots)s)
                 UNION
                SELECT given_up.product_id FROM (%(given_up)s) given_up
                """,
                given_up=self.env["o2c.allocation.run.line"]._given_up_sql(self.ids),
                products=self.product_id.ids,
                companies=self.company_id.ids,
                # sudo: branches share what is set apart, whoever may see the company above them
                roots=self.company_id.sudo().root_id.ids,
                set_apart=set_apart,
            )
        )
        return {product_id for (product_id,) in rows}

    def _o2c_flush_contest(self):
        """Let the database know what decides whether products are contested."""
        self.env["stock.quant"].flush_model(
            ["product_id", "location_id", "quantity", "reserved_quantity"]
        )
        self.env["o2c.supply.protection"].flush_model()
        self.env["o2c.soft.reservation"].flush_model(["product_id", "stage"])
        self.flush_model([
            "company_id",
            "location_id",
            "o2c_source_location_id",
            "o2c_source_lot_id",
            "product_id",
            "product_qty",
            "product_uom_qty",
            "quantity",
            "state",
        ])

    def _o2c_may_be_contested(self):
        """Whether anybody else asks for these products, or anything of them may be set apart: too often
        true rather than too seldom."""
        products = self.product_id
        if len(products) < len(self):
            return True
        [(is_contested,)] = self.env.execute_query(
            SQL(
                """
                SELECT EXISTS (
                           SELECT FROM stock_move
                            WHERE product_id = ANY(%(products)s)
                              AND company_id = ANY(%(companies)s)
                              AND state IN ('confirmed', 'partially_available')
                              AND product_uom_qty > 0
                              AND id <> ALL(%(moves)s)
                       ) OR EXISTS (
                           SELECT FROM o2c_supply_protection
                            WHERE active
                              AND (product_id = ANY(%(products)s) OR product_id IS NULL)
                       ) OR EXISTS (
                           SELECT FROM o2c_soft_reservation
                            WHERE product_id = ANY(%(products)s) AND stage = 'active'
                       ) OR EXISTS (
                           SELECT FROM o2c_allocation_run_line
                            WHERE move_id = ANY(%(moves)s) AND strategy = 'lose'
                       )
                """,
                products=products.ids,
                companies=self.company_id.ids,
                moves=self.ids,
            )
        )
        return is_contested

    def _o2c_turns(self):
        """What each of these moves may still take, and their order: ({id: quantity}, [id]).

        Moves that bring nothing to a customer have no turn: they are not in it.
        """
        caps, order = {}, []
        report = self.env.context.get("o2c_allocation_report")
        # sudo: the demand of others decides, whoever may see it
        pool_model = self.env["o2c.allocation.pool"].sudo()
        # sudo: as above
        for company, moves in self.sudo().grouped("company_id").items():
            complete = company.o2c_allocation_ship_complete
            pool = pool_model._gather(
                company,
                products=moves._o2c_products(complete),
                ship_complete=complete,
                adds_to_begun=True,
            )
            pool.demands = list(moves._o2c_competing(pool, company))
            outcomes = pool.plan()
            mine = [demand for demand in pool.service_order() if demand.key in moves._ids]
            for demand in mine:
                outcome = outcomes[demand.key]
                caps[demand.key] = outcome.planned - outcome.before
                order.append(demand.key)
            taken = {demand.product for demand in mine if caps[demand.key] > 0}
            if taken and pool.protections:
                pool_model._claim(pool, taken)
            if isinstance(report, Report):
                report.left_for_others.update(pool.kept_from(mine, outcomes))
                for found, names_of in (
                    (report.set_apart_by, partial(self._o2c_in_the_way, pool)),
                    (report.capped_by, pool.capped_by),
                ):
                    found.update({
                        demand.key: names
                        for demand in mine
                        if (names := names_of(outcomes[demand.key]))
                    })
        return caps, order

    def _o2c_products(self, complete):
        """The products of these moves and of what is delivered complete with them."""
        if complete != "order":
            return self.product_id
        orders = self.sale_line_id.order_id | self.picking_id.sale_id
        return self.product_id | orders.order_line.move_ids.product_id

    def _o2c_in_the_way(self, pool, outcome):
        """What else than better-ranked deliveries keeps one from being served, in words."""
        names = pool.set_apart_by(outcome)
        if outcome.is_withheld:
            names.append(self.env._("cannot be delivered complete"))
        return names

    def _o2c_competing(self, pool, company):
        """The demands for these moves and for those that go before one of them.

        Everybody keeps what he has: what ranks differently here is only who gets more. Deliveries
        beyond the horizon, and those that a run has taken everything from, get what others leave,
        and only when somebody asks for them by hand. Of others, not all of an order is known here:
        they are left what they need, complete or not.
        """
        horizon = company._o2c_allocation_horizon()
        is_asked_for = isinstance(self.env.context.get("o2c_allocation_report"), Report)
        given_up = self.env["o2c.allocation.run.line"]._given_up(
            demand.key for demand in pool.demands if demand.strategy == "lose"
        )
        mine = {demand.group for demand in pool.demands if demand.key in self._ids}
        for demand in pool.demands:
            is_far_off = bool(horizon) and pool.moves[demand.key].date > horizon
            is_last = is_far_off or demand.key in given_up
            yields = is_last and not (is_asked_for and demand.key in self._ids)
            if yields and demand.group in mine and not demand.is_served:
                pool.incomplete.setdefault(demand.group, demand.product)
            yield replace(
                demand,
                strategy="gain",
                turn=FAR_OFF if is_far_off else TURNS.get(demand.strategy, 0),
                need=0.0 if yields else demand.need,
                group=demand.group if demand.group in mine else None,
            )


class ResCompany(models.Model):
    _inherit = "res.company"

    def _o2c_allocation_horizon(self):
        """The moment (UTC) up to which deliveries of this one company compete, or ``None``."""
        self.ensure_one()
        days = self.o2c_allocation_horizon_days
        return self._o2c_end_of_day(self._o2c_today() + timedelta(days=days)) if days else None

    def _o2c_end_of_day(self, day):
        """The last moment (UTC) of a local day of this one company."""
        self.ensure_one()
        zone = pytz.timezone(self.partner_id.tz or self.env.user.tz or "UTC")
        moment = zone.localize(datetime.combine(day, time.max))
        return moment.astimezone(pytz.utc).replace(tzinfo=None)


class StockMoveLine(models.Model):
    _inherit = "stock.move.line"

    def _free_reservation(
        self,
        product_id,
        location_id,
        quantity,
        lot_id=None,
        package_id=None,
        owner_id=None,
        ml_ids_to_ignore=None,
    ):
        """When more goods leave than were free, those lose who are served last."""
        arguments = {"lot_id": lot_id, "package_id": package_id, "owner_id": owner_id}
        ignored = OrderedSet(ml_ids_to_ignore or ()) | OrderedSet(self.ids)
        losers = self.browse()
        # sudo: what a company uses is no secret to those who move its goods
        if self.company_id.sudo().o2c_use_allocation:
            losers = self._o2c_losers(product_id, location_id, ignored, **arguments)
        if len(losers.move_id) < 2:
            return super()._free_reservation(
                product_id, location_id, quantity, ml_ids_to_ignore=ml_ids_to_ignore, **arguments
            )
        for loser in losers:
            lost = min(quantity, loser.quantity_product_uom)
            others = ignored | OrderedSet((losers - loser).ids)
            super()._free_reservation(
                product_id, location_id, lost, ml_ids_to_ignore=others, **arguments
            )
            quantity -= lost
            if self.product_id.uom_id.compare(quantity, 0.0) <= 0:
                break
        return None

    def _o2c_losers(self, product_id, location_id, ignored, lot_id, package_id, owner_id):
        """The reservations that may have to yield: of this transfer first, then the last served."""
        lines = self.search([
            ("state", "not in", ("done", "cancel")),
            ("product_id", "=", product_id.id),
            ("lot_id", "=", lot_id.id if lot_id else False),
            ("location_id", "=", location_id.id),
            ("owner_id", "=", owner_id.id if owner_id else False),
            ("package_id", "=", package_id.id if package_id else False),
            ("quantity_product_uom", ">", 0.0),
            ("picked", "=", False),
            ("id", "not in", tuple(ignored)),
        ])
        ranked = self.env["o2c.allocation.ranking"]._resolve(lines.move_id)
        own = self.move_id.picking_id

        def last_first(line):
            place = ranked[line.move_id.id].sort_key if line.move_id else (UNRANKED,)
            return (line.picking_id != own, [-figure for figure in place], -line.id)

        return lines.sorted(last_first)
