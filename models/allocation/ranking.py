"""The place of a move in the ranking, resolved in one SQL statement whatever their number."""

from collections.abc import Mapping
from dataclasses import dataclass

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms.allocation import STRATEGIES

# Moves of a chain that are looked at, behind the one to be ranked. Real chains have two or three;
# a bound keeps a loop in somebody's data from going on for ever.
CHAIN_LENGTH = 8
LAST_RANK = 100
# What comes after all others.
LAST = 2**31 - 1
# What a step of a chain says; of each the first that is there counts.
FIGURES = (
    "move_strategy",
    "move_rank",
    "line_strategy",
    "line_rank",
    "customer_strategy",
    "customer_rank",
    "order_id",
    "line_id",
    "promised",
    "ordered",
    "value",
    "score",
    "star",
)


@dataclass(frozen=True, slots=True)
class Ranked:
    """How a move is ranked.

    :ivar strategy: one of :data:`STRATEGIES`; it matters to runs only
    :ivar rank: from 1; lower is served first
    :ivar tie: orders moves of one rank
    """

    strategy: str
    rank: int
    tie: tuple[float, ...]

    @property
    def sort_key(self):
        """Moves sorted by this are in the order in which they are served."""
        return (self.rank, *self.tie)


def better_of(*pairs):
    """The better of some (strategy, rank), as the ranking has it; either may be empty.

    What the better one leaves open, the other says.
    """

    def place(pair):
        strategy, rank = pair
        return rank or LAST, STRATEGIES.index(strategy) if strategy else len(STRATEGIES)

    pairs = sorted(pairs, key=place)
    return tuple(next(filter(None, values), False) for values in zip(*pairs, strict=True))


class O2cAllocationRanking(models.AbstractModel):
    """Who is served first.

    A strategy and, by itself, a rank come from the first that has one: the move or one later in
    its chain; the order line; the customer; the company. A customer's strategy and rank are a pair:
    that of his class or of his credit rating, whichever has the lower rank or, with equal ranks,
    the strategy that is served first.
    """

    _name = "o2c.allocation.ranking"
    _description = "Ranking of Deliveries"

    @api.model
    def _resolve(self, moves) -> Mapping[int, Ranked]:
        """The place of each of ``moves`` in the ranking of its company.

        :param moves: saved ``stock.move``
        :return: {id of the move: :class:`Ranked`}
        """
        return self._resolve_ids(moves.ids)

    @api.model
    def _resolve_ids(self, move_ids):
        """As :meth:`_resolve`, for those who have ids only."""
        if not move_ids:
            return {}
        self._flush_sources()
        companies = {}
        result = {}
        for row in self.env.execute_query(self._sql(move_ids)):
            move_id, company_id, strategy, rank, *figures = row
            if company_id not in companies:
                # sudo: how companies rank is no secret to those who move their goods
                companies[company_id] = self._company_ranking(
                    self.env["res.company"].sudo().browse(company_id)
                )
            default_strategy, default_rank, ties = companies[company_id]
            order_id, line_id, *figures = figures
            # What a backorder keeps goes before its own id.
            tie = (*(figures[number] for number in ties), order_id, line_id, move_id)
            result[move_id] = Ranked(
                strategy=STRATEGIES[strategy - 1] if strategy else default_strategy,
                rank=rank or default_rank,
                tie=tie,
            )
        return result

    @api.model
    def _company_ranking(self, company):
        names = ("promised", "ordered", "value", "score", "star")
        return (
            company.o2c_allocation_strategy or "redistribute",
            company.o2c_allocation_rank or LAST_RANK,
            tuple(names.index(tie) for tie in company._o2c_allocation_ties()),
        )

    @api.model
    def _flush_sources(self):
        for model, names in {
            "stock.move": [
                "company_id",
                "create_date",
                "date",
                "date_deadline",
                "move_dest_ids",
                "o2c_allocation_rank",
                "o2c_allocation_strategy",
                "partner_id",
                "picking_id",
                "priority",
                "sale_line_id",
                "state",
            ],
            "stock.picking": ["partner_id", "sale_id"],
            "sale.order.line": ["o2c_allocation_rank", "o2c_allocation_strategy", "order_id"],
            "sale.order": ["amount_total", "currency_rate", "date_order", "partner_id"],
            "res.partner": ["commercial_partner_id", "o2c_class_id"],
            "res.company": ["o2c_use_credit", "parent_path"],
            "o2c.customer.class": ["allocation_rank", "allocation_strategy", "company_id"],
            "o2c.credit.account": ["company_id", "partner_id", "rating_id", "score"],
            "o2c.credit.rating": ["allocation_rank", "allocation_strategy"],
        }.items():
            self.env[model].flush_model(names)

    @api.model
    def _sql(self, move_ids):
        """A row a move: id, company, number of the strategy, rank, order, line and the ties.

        Every figure is such that the smaller one is served first.
        """
        names = [SQL.identifier(name) for name in FIGURES]
        # Most moves are a chain of one: only for the others the first value has to be looked for.
        firsts = [
            SQL(
                "(array_agg(%(name)s ORDER BY depth, %(name)s) FILTER (WHERE %(name)s IS NOT NULL))[1]",
                name=name,
            )
            for name in names
        ]
        return SQL(
            """
            WITH RECURSIVE chain (move_id, step_id, depth) AS (
                SELECT wanted, wanted, 0 FROM unnest(%(move_ids)s) AS wanted
                 UNION
                SELECT chain.move_id, link.move_dest_id, chain.depth + 1
                  FROM chain
                  JOIN stock_move_move_rel link ON link.move_orig_id = chain.step_id
                  JOIN stock_move step ON step.id = link.move_dest_id AND step.state != 'cancel'
                 WHERE chain.depth < %(chain_length)s
            ), step AS (
                SELECT chain.move_id,
                       chain.depth,
                       array_position(%(strategies)s, move.o2c_allocation_strategy::text)
                           AS move_strategy,
                       NULLIF(move.o2c_allocation_rank, 0) AS move_rank,
                       array_position(%(strategies)s, line.o2c_allocation_strategy::text)
                           AS line_strategy,
                       NULLIF(line.o2c_allocation_rank, 0) AS line_rank,
                       -- The better of the two as a pair; what it leaves open, the other says.
                       CASE
                           WHEN by_rating.rank < by_class.rank THEN
                               COALESCE(by_rating.strategy, by_class.strategy)
                           WHEN by_class.rank < by_rating.rank THEN
                               COALESCE(by_class.strategy, by_rating.strategy)
                           ELSE LEAST(by_class.strategy, by_rating.strategy)
                       END AS customer_strategy,
                       NULLIF(LEAST(by_class.rank, by_rating.rank), %(last)s) AS customer_rank,
                       sale.id AS order_id,
                       line.id AS line_id,
                       EXTRACT(EPOCH FROM move.date_deadline)::float AS promised,
                       EXTRACT(EPOCH FROM sale.date_order)::float AS ordered,
                       (-sale.amount_total / COALESCE(NULLIF(sale.currency_rate, 0), 1))::float
                           AS value,
                       -account.score::float AS score,
                       CASE WHEN move.priority = '1' THEN 0 END AS star
                  FROM chain
                  JOIN stock_move move ON move.id = chain.step_id
                  JOIN res_company company ON company.id = move.company_id
                  JOIN res_company root
                    ON root.id = split_part(company.parent_path, '/', 1)::int
             LEFT JOIN stock_picking picking ON picking.id = move.picking_id
             LEFT JOIN sale_order_line line ON line.id = move.sale_line_id
             LEFT JOIN sale_order sale ON sale.id = COALESCE(line.order_id, picking.sale_id)
             LEFT JOIN res_partner partner
                    ON partner.id = COALESCE(sale.partner_id, move.partner_id, picking.partner_id)
             LEFT JOIN res_partner customer ON customer.id = partner.commercial_partner_id
             LEFT JOIN o2c_customer_class class
                    ON class.id = customer.o2c_class_id
                   AND (class.company_id IS NULL OR EXISTS (
                        SELECT FROM res_company owner
                         WHERE owner.id = class.company_id
                           AND company.parent_path LIKE owner.parent_path || '%%'
                   ))
             LEFT JOIN o2c_credit_account account
                    ON account.partner_id = customer.id
                   AND account.company_id = root.id
                   AND root.o2c_use_credit
             LEFT JOIN o2c_credit_rating rating ON rating.id = account.rating_id
             CROSS JOIN LATERAL (
                   SELECT array_position(%(strategies)s, class.allocation_strategy::text) AS strategy,
                          COALESCE(NULLIF(class.allocation_rank, 0), %(last)s) AS rank
                   ) by_class
             CROSS JOIN LATERAL (
                   SELECT array_position(%(strategies)s, rating.allocation_strategy::text) AS strategy,
                          COALESCE(NULLIF(rating.allocation_rank, 0), %(last)s) AS rank
                   ) by_rating
            ), place AS (
                SELECT move_id, %(names)s
                  FROM step
                 WHERE move_id NOT IN (SELECT move_id FROM chain WHERE depth > 0)
                 UNION ALL
                SELECT move_id, %(firsts)s
                  FROM step
                 WHERE move_id IN (SELECT move_id FROM chain WHERE depth > 0)
              GROUP BY move_id
            )
            SELECT place.move_id,
                   move.company_id,
                   COALESCE(place.move_strategy, place.line_strategy, place.customer_strategy),
                   COALESCE(place.move_rank, place.line_rank, place.customer_rank),
                   COALESCE(place.order_id, %(last)s),
                   COALESCE(place.line_id, %(last)s),
                   COALESCE(place.promised, EXTRACT(EPOCH FROM move.date)::float, %(last)s),
                   COALESCE(
                       place.ordered, EXTRACT(EPOCH FROM move.create_date)::float, %(last)s
                   ),
                   COALESCE(place.value, 0),
                   COALESCE(place.score, 0),
                   COALESCE(place.star, 1)
              FROM place
              JOIN stock_move move ON move.id = place.move_id
            """,
            move_ids=list(move_ids),
            chain_length=CHAIN_LENGTH,
            strategies=list(STRATEGIES),
            last=LAST,
            names=SQL(", ").join(names),
            firsts=SQL(", ").join(firsts),
        )
