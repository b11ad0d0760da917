"""What protections and soft reservations keep from deliveries, for runs and ordinary reservation."""

from collections import defaultdict

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import allocation as algorithm

from .supply_protection_usage import NOTHING_USED


class O2cAllocationPool(models.AbstractModel):
    _inherit = "o2c.allocation.pool"

    @api.model
    def _set_apart_sql(self):
        """Of which products something is set apart: SQL with ``product_id`` and ``company_id``.

        It may name too many, never too few. It is part of the one statement that ordinary
        reservation asks in any case.
        """
        Protection = self.env["o2c.supply.protection"]
        Soft = self.env["o2c.soft.reservation"]
        Protection.flush_model()
        Soft.flush_model(["company_id", "expires_at", "product_id", "stage"])
        self.env["product.template"].flush_model(["categ_id"])
        return SQL(
            """
            SELECT product_id, company_id FROM (%s) covered
             UNION ALL
            SELECT product_id, company_id
              FROM o2c_soft_reservation
             WHERE stage = 'active' AND expires_at > %s
            """,
            Protection.browse()._covered_sql(),
            fields.Datetime.now(),
        )

    @api.model
    def _protections(self, pool, company):
        products = {demand.product for demand in pool.demands}
        if not products:
            return super()._protections(pool, company)
        places = _Places(self.env, pool, company)
        return [
            *super()._protections(pool, company),
            *self._supply_protections(pool, company, products, places),
            *self._soft_protections(pool, company, products, places),
        ]

    @api.model
    def _claim(self, pool, products, *, skips_busy=False):
        """Make this transaction the only one that takes of what is set apart of some products.

        Two that took at once, from two places or of two products that share a quantity, would
        write no row in common and not see each other's. So each writes the rows of what is set
        apart: the second fails to serialize, and is repeated with the work of the first in view.

        :param products: ids of the products that are taken
        :param skips_busy: leave alone what somebody else has claimed, instead of waiting for him
        :return: ids of the products left alone
        """
        claimed = defaultdict(dict)
        for protection in pool.protections:
            if not protection.products.isdisjoint(products):
                kind, key = protection.key if _is_soft(protection.key) else (None, protection.key)
                claimed[kind][key] = protection
        busy = set()
        for kind, model in ((None, "o2c.supply.protection"), ("soft", "o2c.soft.reservation")):
            by_id = claimed[kind]
            if by_id:
                written = self._write_rows(self.env[model], by_id, skips_busy)
                busy.update(*(by_id[key].products for key in by_id.keys() - written))
        return busy & set(products)

    def _write_rows(self, model, ids, skips_busy):
        """Write rows as they are, in the order of their ids; the ids of those written."""
        self.env.cr.execute(
            SQL(
                "UPDATE %(table)s SET id = id WHERE id IN ("
                "SELECT id FROM %(table)s WHERE id = ANY(%(ids)s) ORDER BY id "
                "FOR NO KEY UPDATE %(skip)s) RETURNING id",
                table=SQL.identifier(model._table),
                ids=list(ids),
                skip=SQL("SKIP LOCKED") if skips_busy else SQL(),
            ),
            # That it fails to serialize is what it is for.
            log_exceptions=False,
        )
        return {key for (key,) in self.env.cr.fetchall()}

    # ------------------------------------------------------------------
    # Protections and caps
    # ------------------------------------------------------------------

    def _supply_protections(self, pool, company, products, places):
        covered = self._current_protections(company, products)
        if not covered:
            return []
        current = self.env["o2c.supply.protection"].union(*covered)
        usages = current._usage()
        elsewhere = self._free_elsewhere(current.filtered("product_category_id"), products)
        demands = {demand.key: demand for demand in pool.demands}
        pool.protection_names.update({
            protection.id: self.env._("Quota '%(name)s'", name=protection.name)
            for protection in current
        })
        return [
            self._supply_protection(
                protection,
                covered[protection],
                usages.get(protection.id, NOTHING_USED),
                demands,
                places.cells(covered[protection], protection.warehouse_id.id),
                elsewhere.get(protection.id, 0.0),
            )
            for protection in current
        ]

    def _current_protections(self, company, products):
        """{protection in force today: ids of those of ``products`` that it is about}"""
        today = company._o2c_today()
        # sudo: what is set apart binds everybody, not only those who may read it
        current = self.env["o2c.supply.protection"].sudo().search(
            Domain("company_id", "in", company.sudo().parent_ids.ids)
            & (Domain("date_from", "=", False) | Domain("date_from", "<=", today))
            & (Domain("date_to", "=", False) | Domain("date_to", ">=", today))
        )
        if not current:
            return {}
        paths = {
            product.id: product.categ_id.parent_path or ""
            # sudo: the category decides, whoever may see the product
            for product in self.env["product.product"].sudo().browse(products)
        }
        found = {protection: _covered(protection, paths) for protection in current}
        return {protection: about for protection, about in found.items() if about}

    def _supply_protection(self, protection, products, usage, demands, cells, elsewhere):
        """One protection, for the planner."""
        # What its customers may lose again is counted by the planner, not here.
        changing = sum(
            quantity
            for key in usage.members & demands.keys()
            for cell, quantity in demands[key].held
            if cell in cells
        )
        # What comes back of earlier periods adds nothing to the quantity of this one.
        taken = max(0.0, usage.delivered) + max(0.0, usage.reserved - changing)
        return algorithm.Protection(
            key=protection.id,
            product=min(products),
            shared_with=products,
            quantity=max(0.0, protection.quantity - taken),
            members=usage.members,
            is_cap=protection.kind == "cap",
            from_rank=protection.from_rank or None,
            cells=cells,
            elsewhere=elsewhere,
        )

    def _free_elsewhere(self, protections, products):
        """{protection id: what is free of products of its category that are not among these}"""
        if not protections:
            return {}
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT protection.id,
                           SUM(GREATEST(0, quant.quantity - quant.reserved_quantity))::float
                      FROM (%s) covered
                      JOIN o2c_supply_protection protection
                        ON protection.id = covered.protection_id
                      JOIN res_company owner ON owner.id = protection.company_id
                      JOIN stock_quant quant ON quant.product_id = covered.product_id
                      JOIN stock_location location ON location.id = quant.location_id
                      JOIN res_company stocking
                        ON stocking.id = location.company_id
                       AND stocking.parent_path LIKE owner.parent_path || '%%'
                     WHERE quant.product_id <> ALL(%s)
                       AND location.usage = 'internal'
                       AND (
                           protection.warehouse_id IS NULL
                           OR location.warehouse_id = protection.warehouse_id
                       )
                  GROUP BY protection.id
                    """,
                    protections._covered_sql(),
                    list(products),
                )
            )
        )

    # ------------------------------------------------------------------
    # Soft reservations
    # ------------------------------------------------------------------

    def _soft_protections(self, pool, company, products, places):
        rows = self._soft_rows(company, products)
        if not rows:
            return []
        default_rank = self.env["o2c.allocation.ranking"]._company_ranking(company)[1]
        by_line, by_customer = defaultdict(set), defaultdict(set)
        for demand in pool.demands:
            move = pool.moves[demand.key]
            by_line[move.line_id].add(demand.key)
            by_customer[move.partner_id].add(demand.key)
        result = []
        for soft_id, product, warehouse, quantity, line, customer, name, rank in sorted(
            rows, key=lambda row: (row[-1] or default_rank, row[0])
        ):
            members = frozenset(by_line[line] if line else ())
            pool.protection_names["soft", soft_id] = self.env._(
                "Soft reservation for %(customer)s", customer=name
            )
            result.append(
                algorithm.Protection(
                    key=("soft", soft_id),
                    product=product,
                    quantity=quantity,
                    members=members,
                    # A customer's firm demand does not wait for his own uncertain one.
                    exempt=frozenset(by_customer[customer]) - members,
                    from_rank=rank or default_rank,
                    cells=places.cells((product,), warehouse),
                    # Uncertain demand takes nothing away from those who have it.
                    takes_nothing=True,
                )
            )
        return result

    def _soft_rows(self, company, products):
        """A row a soft reservation that holds back now, with the rank of its customer: that of the
        order line, else the better of class and credit rating, else ``None``."""
        return self.env.execute_query(
            SQL(
                """
                SELECT soft.id, soft.product_id, soft.warehouse_id, soft.quantity::float,
                       soft.order_line_id, customer.id, customer.name,
                       COALESCE(
                           NULLIF(line.o2c_allocation_rank, 0),
                           LEAST(NULLIF(class.allocation_rank, 0), NULLIF(rating.allocation_rank, 0))
                       )
                  FROM o2c_soft_reservation soft
                  JOIN res_company company ON company.id = soft.company_id
                  JOIN res_company root ON root.id = split_part(company.parent_path, '/', 1)::int
                  JOIN res_partner customer ON customer.id = soft.commercial_partner_id
             LEFT JOIN sale_order_line line ON line.id = soft.order_line_id
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
                 WHERE soft.stage = 'active'
                   AND soft.expires_at > %(now)s
                   AND soft.product_id = ANY(%(products)s)
                   AND root.id = %(root)s
              ORDER BY soft.id
                """,
                now=fields.Datetime.now(),
                products=list(products),
                # sudo: branches share what is held back, whoever may see the company above them
                root=company.sudo().root_id.id,
            )
        )


class _Places:
    """In which cells of a pool something that is set apart for a company can lie."""

    def __init__(self, env, pool, company):
        self.env = env
        self.pool = pool
        # sudo: where goods are is asked on behalf of the customers they are kept for
        self.family = set(company.sudo().root_id._o2c_family_ids())
        self.by_product = None
        self.found = {}

    def cells(self, products, warehouse_id):
        """Keys of the cells of ``products`` in the warehouse, or in all of the family's."""
        key = frozenset(products), warehouse_id
        if key not in self.found:
            self.found[key] = frozenset(
                cell
                for product in products
                for cell, warehouse in self._by_product().get(product, ())
                if not warehouse_id or warehouse == warehouse_id
            )
        return self.found[key]

    def _by_product(self):
        if self.by_product is None:
            self.by_product = defaultdict(list)
            # sudo: as above
            locations = self.env["stock.location"].sudo().browse(
                {cell.key[1] for cell in self.pool.cells}
            )
            warehouse = {
                location.id: location.warehouse_id.id
                for location in locations
                if not location.company_id or location.company_id.id in self.family
            }
            for cell in self.pool.cells:
                if cell.key[1] in warehouse:
                    self.by_product[cell.product].append((cell.key, warehouse[cell.key[1]]))
        return self.by_product


def _covered(protection, paths):
    """Ids of the products, of ``paths`` by id, that ``protection`` is about."""
    if protection.product_id:
        return frozenset({protection.product_id.id} & paths.keys())
    upper = protection.product_category_id.parent_path
    return frozenset(product for product, path in paths.items() if path.startswith(upper))


def _is_soft(key):
    """Whether the key of a protection is that of a soft reservation."""
    return isinstance(key, tuple)
