from datetime import datetime, time

from odoo import fields, models

from ...algorithms import opening_import as rows
from .opening_import_checking import Checked


class O2cOpeningImport(models.Model):
    """Open orders, and orders of goods that were delivered but not invoiced.

    An order keeps its number and date and is confirmed without being held: it was accepted in the
    old system. What was delivered there counts on the line without a stock move; deliveries are
    made for the rest only.
    """

    _inherit = "o2c.opening.import"

    # Checking -------------------------------------------------------------------------------------

    def _check_orders(self, table, mapping):
        """:return: :class:`Checked`, ``good`` being lists of the lines of one order"""
        formats = self._formats()
        lines = rows.read_orders(table, mapping, formats, self.kind)
        matches = self._match_customers({
            line.customer: line.customer_name for line in lines if line.customer
        })
        products = self._match_products({line.product for line in lines if line.product})
        warehouses = self._match_warehouses({line.warehouse for line in lines if line.warehouse})
        priced = self._pricelists({line.currency for line in lines})
        unrated = self._currencies_without_rate(lines)
        checked = []
        for line in lines:
            _customer, line = self._with_customer(line, matches)
            line = self._with_product(line, products)
            if line.warehouse and line.warehouse not in warehouses:
                line = rows.flagged(line, "unknown_warehouse", "warehouse", line.warehouse)
            if line.currency in formats.currencies and line.currency not in priced:
                line = rows.flagged(line, "no_pricelist", "currency", line.currency)
            if line.currency in unrated:
                line = rows.flagged(line, "no_rate", "currency", line.currency)
            checked.append(line)
        return self._place_orders(rows.refuse_whole_orders(checked), matches)

    def _with_product(self, line, products):
        """The line with an issue when its product cannot be sold."""
        candidates = products.get(line.product)
        if not line.product:
            return line
        if not candidates:
            return rows.flagged(line, "unknown_product", "product", line.product)
        if len(candidates) > 1:
            count = {"count": len(candidates)}
            return rows.flagged(line, "ambiguous_product", "product", line.product, count)
        name = {"name": candidates.display_name}
        if not candidates.active:
            return rows.flagged(line, "archived_product", "product", line.product, name)
        if candidates.type == "combo":
            return rows.flagged(line, "bad_product", "product", line.product, name)
        if candidates.invoice_policy == "delivery" and line.invoiced > line.delivered:
            quantity = {"quantity": line.delivered}
            return rows.flagged(line, "over_invoiced", "invoiced", line.invoiced, quantity)
        return line

    def _place_orders(self, lines, matches):
        """Put the rows of each order where they belong."""
        orders = {}
        for line in lines:
            orders.setdefault(line.number, []).append(line)
        existing = self._existing_orders(list(orders))
        checked = Checked()
        for number, order_lines in orders.items():
            order = existing.get(number)
            if order and not any(line.is_bad for line in order_lines):
                order_lines = self._with_conflict(order_lines, order)
            checked.issues += [issue for line in order_lines for issue in line.issues]
            if any(line.is_bad for line in order_lines):
                continue
            if order:
                checked.duplicates += len(order_lines)
            elif self._order_date(order_lines[0]) > self.opening_date:
                checked.skipped += len(order_lines)
            else:
                customer, _line = self._with_customer(order_lines[0], matches)
                checked.good.append((order_lines, customer))
                checked.good_rows += len(order_lines)
        return checked

    def _order_date(self, line):
        return line.order_date or self.opening_date

    def _existing_orders(self, numbers):
        """``{number: order}`` of those that are here already, imported or not."""
        domain = [("company_id", "=", self.company_id.id), ("state", "!=", "cancel")]
        orders = self.env["sale.order"]
        own = orders.search([("name", "in", numbers), ("o2c_opening_key", "=", False), *domain])
        imported = orders.search([("o2c_opening_key", "in", numbers), *domain])
        return {order.name: order for order in own} | {
            order.o2c_opening_key: order for order in imported
        }

    def _with_conflict(self, order_lines, order):
        """The lines with an issue when the order of their number is not the same one."""
        if not order.o2c_opening_key:
            return [rows.flagged(line, "exists", "number", line.number) for line in order_lines]
        if order.o2c_opening_fingerprint == rows.fingerprint(order_lines):
            return order_lines
        text = {
            "existing": self.env._(
                "%(customer)s, %(amount)s",
                customer=order.partner_id.display_name,
                amount=order.currency_id.format(order.amount_total),
            )
        }
        return [
            rows.flagged(line, "other_document", "number", line.number, text)
            for line in order_lines
        ]

    def _match_products(self, codes):
        """``{code: products}`` by internal reference, else barcode, else exact name."""
        products = self.env["product.product"].with_context(active_test=False)
        allowed = products._check_company_domain(self.company_id)
        found = {}
        for name in ("default_code", "barcode", "name"):
            left = list(codes - found.keys())
            if not left:
                break
            found |= products.search([(name, "in", left), *allowed]).grouped(name)
        return {
            code: candidates.filtered("active") or candidates for code, candidates in found.items()
        }

    def _match_warehouses(self, codes):
        """``{code: warehouse}`` by short name, else name."""
        warehouses = self.env["stock.warehouse"].search([("company_id", "=", self.company_id.id)])
        found = warehouses.grouped("name") | warehouses.grouped("code")
        return {code: found[code][:1] for code in codes if code in found}

    def _pricelists(self, currencies):
        """``{currency: pricelist}``, empty for the company's own, whose orders need none."""
        pricelists = self.env["product.pricelist"]
        allowed = pricelists._check_company_domain(self.company_id)
        found = pricelists.search([("currency_id.name", "in", list(currencies)), *allowed])
        by_currency = {
            currency.name: group[:1] for currency, group in found.grouped("currency_id").items()
        }
        return by_currency | {self.company_id.currency_id.name: pricelists}

    # Importing ------------------------------------------------------------------------------------

    def _import_orders(self, good):
        lines = [line for order_lines, _customer in good for line in order_lines]
        products = self._match_products({line.product for line in lines})
        warehouses = self._match_warehouses({line.warehouse for line in lines if line.warehouse})
        pricelists = self._pricelists({line.currency for line in lines})
        orders = self.env["sale.order"].create([
            self._order_values(order_lines, customer, products, warehouses, pricelists)
            for order_lines, customer in good
        ])
        orders.action_confirm()

    def _order_values(self, order_lines, customer, products, warehouses, pricelists):
        first = order_lines[0]
        values = {
            "name": first.number,
            "company_id": self.company_id.id,
            "partner_id": customer.id,
            "date_order": _noon(self._order_date(first)),
            "commitment_date": first.commitment_date and _noon(first.commitment_date),
            "user_id": customer.user_id.id,
            "pricelist_id": self._order_pricelist(first.currency, customer, pricelists).id,
            "o2c_opening_import_id": self.id,
            "o2c_opening_key": first.number,
            "o2c_opening_fingerprint": rows.fingerprint(order_lines),
            "order_line": [
                fields.Command.create(self._order_line_values(line, products[line.product]))
                for line in order_lines
            ],
        }
        if first.warehouse:
            values["warehouse_id"] = warehouses[first.warehouse].id
        return values

    def _order_pricelist(self, currency, customer, pricelists):
        """The customer's own pricelist if it is in the currency of the order."""
        own = customer.property_product_pricelist
        return own if own.currency_id.name == currency else pricelists[currency]

    def _order_line_values(self, line, product):
        price = float(line.price)
        return {
            "product_id": product.id,
            "product_uom_qty": float(line.quantity),
            "price_unit": price,
            # A price that differs from this one counts as typed, and no pricelist replaces it.
            "technical_price_unit": 0.0 if price else 1.0,
            "discount": float(line.discount),
            "o2c_opening_qty_delivered": float(line.delivered),
            "o2c_opening_qty_invoiced": float(line.invoiced),
            # The field has a default, so that nothing computes it for a new line.
            "qty_delivered": float(line.delivered),
        }

    # Tie-out --------------------------------------------------------------------------------------

    def _order_entries(self, checked):
        """What the good rows will come to: ``(customer, amount)`` of each line, in the company's
        currency and without taxes; the customer a partner, or the name of one to create."""
        company = self.company_id
        currencies = self.env["res.currency"].search([("active", "=", True)]).grouped("name")
        for order_lines, customer in checked.good:
            for line in order_lines:
                quantity = line.quantity if self.kind == "order" else line.delivered - line.invoiced
                amount = currencies[line.currency]._convert(
                    float(quantity * line.price * (100 - line.discount) / 100),
                    company.currency_id,
                    company,
                    self._order_date(line),
                )
                yield customer[1] if isinstance(customer, tuple) else customer, amount

    def _order_documents(self):
        """The same of the orders that are there."""
        company = self.company_id
        lines = self.env["sale.order.line"].search([
            ("order_id.o2c_opening_import_id", "=", self.id),
            ("state", "=", "sale"),
            ("display_type", "=", False),
        ])
        for line in lines:
            quantity = (
                line.product_uom_qty
                if self.kind == "order"
                else line.o2c_opening_qty_delivered - line.o2c_opening_qty_invoiced
            )
            amount = line.currency_id._convert(
                quantity * line.price_reduce_taxexcl,
                company.currency_id,
                company,
                line.order_id.date_order.date(),
            )
            yield line.order_id.partner_id.commercial_partner_id, amount

    def _order_totals(self, entries):
        """The rows of the tie-out: all, and by customer."""
        entries = [(key, amount) for key, amount in entries if amount]
        decimals = self.company_id.currency_id.decimal_places
        section = "3_ordered" if self.kind == "order" else "4_delivered"
        count, amount = self._sum(entries, decimals)
        return [
            {"section": section, "is_sum": True, "count": count, "amount": amount},
            *(
                {
                    "section": section,
                    **({"new_customer": key} if isinstance(key, str) else {"partner_id": key.id}),
                    "count": key_count,
                    "amount": float(key_amount),
                }
                for key, (key_count, key_amount) in rows.totals_by(entries, decimals).items()
            ),
        ]


def _noon(day):
    """A local day as a moment that falls on it nearly everywhere."""
    return datetime.combine(day, time(12))
