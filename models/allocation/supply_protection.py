from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.order_to_cash.algorithms import allocation as algorithm


class O2cSupplyProtection(models.Model):
    """Stock set apart for some customers, or the most that some customers may take.

    What counts as taken is what is delivered in the period and what is reserved.
    """

    _name = "o2c.supply.protection"
    _description = "Supply Protection"
    _inherit = ["mail.thread"]
    _order = "date_from desc, id desc"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    kind = fields.Selection(
        [("protect", "Protect"), ("cap", "Cap")],
        required=True,
        default="protect",
        tracking=True,
        help="Protect: the quantity is kept from everybody else. Cap: these customers get no more.",
    )
    product_id = fields.Many2one(
        "product.product",
        index="btree_not_null",
        check_company=True,
        domain=[("is_storable", "=", True)],
        ondelete="cascade",
        tracking=True,
    )
    product_category_id = fields.Many2one(
        "product.category",
        index="btree_not_null",
        ondelete="cascade",
        tracking=True,
        help="The quantity holds for each product of the category and of those below it.",
    )
    warehouse_id = fields.Many2one(
        "stock.warehouse", check_company=True, ondelete="cascade", tracking=True,
        help="Empty: all warehouses together.",
    )
    date_from = fields.Date(string="From", tracking=True)
    date_to = fields.Date(string="Until", tracking=True, help="The last day.")
    quantity = fields.Float(
        digits="Product Unit", required=True, tracking=True, help="In the unit of the product."
    )
    product_uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    class_ids = fields.Many2many("o2c.customer.class", string="Classes", check_company=True)
    partner_ids = fields.Many2many("res.partner", string="Customers", check_company=True)
    region_ids = fields.Many2many("o2c.sales.region", string="Regions", check_company=True)
    from_rank = fields.Integer(
        aggregator=None,
        tracking=True,
        help="Only deliveries of this rank and those served later are kept off. 0: all.",
    )
    origin = fields.Char(readonly=True, copy=False, index="btree_not_null")
    consumed_quantity = fields.Float(
        string="Used", digits="Product Unit", compute="_compute_consumed_quantity",
        help="Delivered in the period and reserved now.",
    )
    remaining_quantity = fields.Float(
        string="Left", digits="Product Unit", compute="_compute_consumed_quantity"
    )
    is_current = fields.Boolean(
        compute="_compute_is_current", search="_search_is_current", string="In Force"
    )

    _quantity_not_negative = models.Constraint(
        "CHECK (quantity >= 0)", "The quantity cannot be below zero."
    )
    _from_rank_not_negative = models.Constraint(
        "CHECK (from_rank >= 0)", "The rank cannot be below zero."
    )
    _dates_in_order = models.Constraint(
        "CHECK (date_from <= date_to)", "The last day cannot be before the first."
    )
    _one_subject = models.Constraint(
        "CHECK (num_nonnulls(product_id, product_category_id) = 1)",
        "Choose either a product or a product category.",
    )

    @api.depends("quantity", "kind", "date_from", "date_to", "product_id", "product_category_id")
    @api.depends("warehouse_id", "class_ids", "partner_ids", "region_ids", "company_id")
    def _compute_consumed_quantity(self):
        used = self._origin._consumption()
        for protection in self:
            rows = used.get(protection._origin.id, {}).values()
            protection.consumed_quantity = sum(row["reserved"] + row["delivered"] for row in rows)
            protection.remaining_quantity = max(
                0.0, protection.quantity - protection.consumed_quantity
            )

    @api.depends("active", "date_from", "date_to")
    def _compute_is_current(self):
        for protection in self:
            today = protection.company_id._o2c_today()
            protection.is_current = (
                protection.active
                and (not protection.date_from or protection.date_from <= today)
                and (not protection.date_to or protection.date_to >= today)
            )

    def _search_is_current(self, operator, value):
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        return self._current_domain(self.env.company)

    @api.constrains("kind", "class_ids", "partner_ids", "region_ids")
    def _check_beneficiaries(self):
        for protection in self:
            if protection.kind == "protect" and not (
                protection.class_ids or protection.partner_ids or protection.region_ids
            ):
                raise ValidationError(
                    self.env._(
                        "Say for whom %(protection)s keeps the goods: choose classes, customers or "
                        "regions.",
                        protection=protection.name,
                    )
                )

    # ------------------------------------------------------------------
    # Business
    # ------------------------------------------------------------------

    @api.model
    def _replace_from(self, origin, vals_list):
        """Set the protections that follow from something else, such as a sales plan.

        :param origin: what they follow from; those it led to before are archived
        :param vals_list: values of the new ones
        :return: the new protections
        """
        self.search([("origin", "=", origin)]).action_archive()
        return self.create([{**vals, "origin": origin} for vals in vals_list])

    @api.model
    def _current_domain(self, company):
        """The protections in force today in ``company``."""
        today = company._o2c_today()
        return (
            Domain("company_id", "=", company.id)
            & (Domain("date_from", "=", False) | Domain("date_from", "<=", today))
            & (Domain("date_to", "=", False) | Domain("date_to", ">=", today))
        )

    def _consumption(self, product_ids=None):
        """What the customers of these protections have got of it.

        :param product_ids: of these products only
        :return: {id: {product id: {``members``: ids of their open moves, ``reserved``,
            ``delivered``}}}, quantities in the product's unit
        """
        result = {}
        if not self:
            return result
        self.env.flush_all()
        for protection, product, members, reserved, delivered in self.env.execute_query(
            self._consumption_sql(product_ids)
        ):
            result.setdefault(protection, {})[product] = {
                "members": frozenset(members or ()),
                "reserved": reserved,
                "delivered": delivered,
            }
        return result

    def _consumption_sql(self, product_ids):
        """A row a protection and product; returns count against what was delivered."""
        products = SQL("AND move.product_id = ANY(%s)", list(product_ids)) if product_ids else SQL()
        return SQL(
            """
            SELECT protection.id,
                   move.product_id,
                   array_agg(move.id) FILTER (WHERE move.state NOT IN ('done', 'cancel')),
                   COALESCE(SUM(
                       move.quantity * move.product_qty / NULLIF(move.product_uom_qty, 0)
                   ) FILTER (WHERE move.state NOT IN ('done', 'cancel')), 0)::float,
                   COALESCE(SUM(
                       CASE WHEN source.usage = 'customer' THEN -1 ELSE 1 END
                       * move.quantity * uom.factor / product_uom.factor
                   ) FILTER (WHERE move.state = 'done'), 0)::float
              FROM o2c_supply_protection protection
              JOIN stock_move move ON move.company_id = protection.company_id
              JOIN product_product product ON product.id = move.product_id
              JOIN product_template template ON template.id = product.product_tmpl_id
              JOIN product_category category ON category.id = template.categ_id
              JOIN uom_uom uom ON uom.id = move.product_uom
              JOIN uom_uom product_uom ON product_uom.id = template.uom_id
              JOIN stock_location source ON source.id = move.location_id
              JOIN stock_location target ON target.id = move.location_dest_id
         LEFT JOIN stock_location final ON final.id = move.location_final_id
         LEFT JOIN product_category covered ON covered.id = protection.product_category_id
         LEFT JOIN stock_picking picking ON picking.id = move.picking_id
         LEFT JOIN sale_order_line line ON line.id = move.sale_line_id
         LEFT JOIN sale_order sale ON sale.id = COALESCE(line.order_id, picking.sale_id)
         LEFT JOIN res_partner partner
                ON partner.id = COALESCE(sale.partner_id, move.partner_id, picking.partner_id)
         LEFT JOIN res_partner customer ON customer.id = partner.commercial_partner_id
         LEFT JOIN o2c_sales_region region
                ON region.id = COALESCE(partner.o2c_region_id, customer.o2c_region_id)
             WHERE protection.id = ANY(%(protections)s)
               AND move.product_qty > 0
               AND (
                   move.product_id = protection.product_id
                   OR category.parent_path LIKE covered.parent_path || '%%'
               )
               %(products)s
               AND (
                   move.state IN ('waiting', 'confirmed', 'partially_available', 'assigned')
                   AND COALESCE(final.usage, target.usage) = 'customer'
                   AND source.usage <> 'customer'
                   AND (
                       protection.warehouse_id IS NULL
                       OR source.warehouse_id = protection.warehouse_id
                   )
                   OR move.state = 'done'
                   AND (target.usage = 'customer') <> (source.usage = 'customer')
                   AND (protection.date_from IS NULL OR move.date >= protection.date_from)
                   AND (protection.date_to IS NULL OR move.date < protection.date_to + 1)
                   AND (
                       protection.warehouse_id IS NULL
                       OR COALESCE(source.warehouse_id, target.warehouse_id)
                          = protection.warehouse_id
                   )
               )
               AND %(is_member)s
          GROUP BY protection.id, move.product_id
            """,
            protections=self.ids,
            products=products,
            is_member=self._is_member_sql(),
        )

    def _to_algorithm(self, pool, product_id, used, cells):
        """This one protection of one product, for the planner.

        :param used: what :meth:`_consumption` says of it, or ``None``
        :param cells: keys of the cells in its warehouse
        """
        used = used or {"members": frozenset(), "reserved": 0.0, "delivered": 0.0}
        scope = cells if self.warehouse_id else None
        # What its customers may lose again is counted by the planner, not here.
        changing = sum(
            quantity
            for demand in pool.demands
            if demand.product == product_id and demand.key in used["members"]
            for cell, quantity in demand.held
            if scope is None or cell in scope
        )
        taken = used["delivered"] + max(0.0, used["reserved"] - changing)
        return algorithm.Protection(
            key=self.id,
            product=product_id,
            quantity=max(0.0, self.quantity - taken),
            members=used["members"],
            is_cap=self.kind == "cap",
            from_rank=self.from_rank or None,
            cells=scope,
        )

    @api.model
    def _is_member_sql(self):
        """Whether ``customer``, ``partner`` and ``region`` belong to ``protection``."""

        def chosen(name):
            field = self._fields[name]
            return SQL(
                "SELECT FROM %(table)s chosen WHERE chosen.%(own)s = protection.id",
                table=SQL.identifier(field.relation),
                own=SQL.identifier(field.column1),
            )

        return SQL(
            """(
                EXISTS (%(classes)s AND chosen.%(class_id)s = customer.o2c_class_id)
                OR EXISTS (
                    %(partners)s AND chosen.%(partner_id)s IN (customer.id, partner.id)
                )
                OR EXISTS (
                    SELECT FROM %(region_table)s chosen
                      JOIN o2c_sales_region upper ON upper.id = chosen.%(region_id)s
                     WHERE chosen.%(region_owner)s = protection.id
                       AND region.parent_path LIKE upper.parent_path || '%%'
                )
                OR NOT EXISTS (%(classes)s)
                   AND NOT EXISTS (%(partners)s)
                   AND NOT EXISTS (%(regions)s)
            )""",
            classes=chosen("class_ids"),
            partners=chosen("partner_ids"),
            regions=chosen("region_ids"),
            class_id=SQL.identifier(self._fields["class_ids"].column2),
            partner_id=SQL.identifier(self._fields["partner_ids"].column2),
            region_id=SQL.identifier(self._fields["region_ids"].column2),
            region_table=SQL.identifier(self._fields["region_ids"].relation),
            region_owner=SQL.identifier(self._fields["region_ids"].column1),
        )

    @api.model
    def _covered_sql(self):
        """A row a product and company that has a protection in force, roughly by date: SQL.

        Whether it holds in the company's own day is asked when it matters.
        """
        return SQL(
            """
            SELECT product.id AS product_id, protection.company_id
              FROM o2c_supply_protection protection
              JOIN product_product product ON product.id = protection.product_id
             WHERE protection.active
               AND COALESCE(protection.date_to, CURRENT_DATE) >= CURRENT_DATE - 1
             UNION
            SELECT product.id, protection.company_id
              FROM o2c_supply_protection protection
              JOIN product_category covered ON covered.id = protection.product_category_id
              JOIN product_category category
                ON category.parent_path LIKE covered.parent_path || '%%'
              JOIN product_template template ON template.categ_id = category.id
              JOIN product_product product ON product.product_tmpl_id = template.id
             WHERE protection.active
               AND COALESCE(protection.date_to, CURRENT_DATE) >= CURRENT_DATE - 1
            """
        )


class O2cAllocationPool(models.AbstractModel):
    _inherit = "o2c.allocation.pool"

    @api.model
    def _protections(self, pool, company):
        # sudo: what is set apart binds everybody, not only those who may read it
        Protection = self.env["o2c.supply.protection"].sudo()
        current = Protection.search(Protection._current_domain(company))
        products = {demand.product for demand in pool.demands}
        if not current or not products:
            return super()._protections(pool, company)
        pool.protection_names.update({protection.id: protection.name for protection in current})
        consumed = current._consumption(products)
        categories = self._category_paths(products)
        places = self._cells_by_warehouse(pool)
        result = []
        for protection in current:
            path = protection.product_category_id.parent_path
            for product in products:
                if protection.product_id.id == product or (
                    path and categories[product].startswith(path)
                ):
                    used = consumed.get(protection.id, {}).get(product)
                    cells = places.get(protection.warehouse_id.id, frozenset())
                    result.append(protection._to_algorithm(pool, product, used, cells))
        return super()._protections(pool, company) + result

    def _category_paths(self, product_ids):
        """{product id: path of its category}"""
        products = self.env["product.product"].sudo().browse(product_ids)
        return {product.id: product.categ_id.parent_path or "" for product in products}

    def _cells_by_warehouse(self, pool):
        """{warehouse id: keys of the cells in it}"""
        locations = self.env["stock.location"].sudo().browse({cell.key[1] for cell in pool.cells})
        warehouse = {location.id: location.warehouse_id.id for location in locations}
        result = {}
        for cell in pool.cells:
            result.setdefault(warehouse[cell.key[1]], set()).add(cell.key)
        return {key: frozenset(cells) for key, cells in result.items()}
