"""How much may be held back in all, and how two who do it at once see each other."""

from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL


class O2cSoftReservation(models.Model):
    _inherit = "o2c.soft.reservation"

    def _held_back_where(self):
        """(how much this one holds back now, of what, where and for whom)"""
        self.ensure_one()
        quantity = self.quantity if self.state == "active" else 0.0
        return quantity, (self.product_id, self.warehouse_id, self.commercial_partner_id)

    def _holds_back_more_than(self, before):
        """Whether this one takes from anybody what it did not take ``before``."""
        quantity, key = self._held_back_where()
        known = before[0] if before[1] == key else 0.0
        return self.product_id.uom_id.compare(quantity, known) > 0

    def _check_caps(self):
        """Refuse to hold back more of the free stock than the company allows.

        Asked when more is held back than before only: less is never wrong, though goods that were
        free have gone meanwhile.
        """
        # sudo: what a company allows, and who its customers are, decides for everybody
        capped = self.sudo().filtered(
            lambda soft: (
                soft.state == "active"
                and (soft.company_id.o2c_soft_cap_customer or soft.company_id.o2c_soft_cap_product)
            )
        )
        if not capped:
            return
        capped._lock_products()
        products, warehouses = capped.product_id, capped.warehouse_id
        free = self._free_stock(products, warehouses)
        by_product, by_customer = self._held_back(products, warehouses)
        for soft in capped:
            key = soft.warehouse_id.id, soft.product_id.id
            company = soft.company_id
            customer = soft.commercial_partner_id
            for percent, total, who in (
                (
                    company.o2c_soft_cap_customer,
                    by_customer.get((*key, customer.id), 0.0),
                    customer.display_name,
                ),
                (company.o2c_soft_cap_product, by_product.get(key, 0.0), None),
            ):
                if percent:
                    soft._check_cap(percent, total, free.get(key, 0.0), who)

    def _check_cap(self, percent, total, free, customer):
        """:raise ValidationError: when ``total`` is more than ``percent`` of ``free``"""
        self.ensure_one()
        uom = self.product_id.uom_id
        allowed = uom.round(max(0.0, free) * percent / 100.0, rounding_method="DOWN")
        if uom.compare(total, allowed) <= 0:
            return
        figures = {
            "product": self.product_id.display_name,
            "warehouse": self.warehouse_id.name,
            "total": self._quantity_text(total),
            "free": self._quantity_text(free),
            "allowed": self._quantity_text(allowed),
            "percent": f"{percent:g}",
        }
        if customer:
            raise ValidationError(
                self.env._(
                    "%(total)s of %(product)s would be held back for %(customer)s in %(warehouse)s. "
                    "For one customer it may be %(percent)s %% of the free stock of %(free)s, which "
                    "is %(allowed)s. Lower the quantity, or cancel another soft reservation of this "
                    "customer.",
                    customer=customer,
                    **figures,
                )
            )
        raise ValidationError(
            self.env._(
                "%(total)s of %(product)s would be held back in %(warehouse)s. For all customers "
                "together it may be %(percent)s %% of the free stock of %(free)s, which is "
                "%(allowed)s. Lower the quantity, or wait until others expire.",
                **figures,
            )
        )

    def _lock_products(self):
        """Make this transaction the only one that holds back these products.

        Two that did it at once would not see each other's quantity. The second to write the row
        fails to serialize and is repeated with the first one's in view.
        """
        self.env.cr.execute(
            SQL(
                "UPDATE product_product SET id = id WHERE id IN "
                "(SELECT id FROM product_product WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE)",
                self.product_id.ids,
            ),
            log_exceptions=False,
        )

    @api.model
    def _held_back(self, products, warehouses):
        """What is held back now: ({(warehouse, product): quantity},
        {(warehouse, product, customer): quantity}), by ids."""
        # sudo: how much others hold back limits everybody
        groups = self.sudo()._read_group(
            Domain("state", "=", "active")
            & Domain("product_id", "in", products.ids)
            & Domain("warehouse_id", "in", warehouses.ids),
            ["warehouse_id", "product_id", "commercial_partner_id"],
            ["quantity:sum"],
        )
        by_product, by_customer = {}, {}
        for warehouse, product, customer, quantity in groups:
            key = warehouse.id, product.id
            by_product[key] = by_product.get(key, 0.0) + quantity
            by_customer[*key, customer.id] = quantity
        return by_product, by_customer

    @api.model
    def _free_stock(self, products, warehouses):
        """{(warehouse id, product id): on hand and not reserved}, in one statement."""
        self.env["stock.quant"].flush_model(
            ["location_id", "product_id", "quantity", "reserved_quantity"]
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT location.warehouse_id, quant.product_id,
                       SUM(quant.quantity - quant.reserved_quantity)::float
                  FROM stock_quant quant
                  JOIN stock_location location ON location.id = quant.location_id
                 WHERE quant.product_id = ANY(%s)
                   AND location.warehouse_id = ANY(%s)
                   AND location.usage = 'internal'
              GROUP BY location.warehouse_id, quant.product_id
                """,
                products._origin.ids,
                warehouses._origin.ids,
            )
        )
        return {(warehouse, product): quantity for warehouse, product, quantity in rows}
