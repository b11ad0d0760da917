from dataclasses import dataclass, field

from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from ...algorithms import opening_import as rows

# How many issues are kept as records; the download has them all.
MAX_ISSUES = 5000


@dataclass(slots=True)
class Checked:
    """What became of the rows of a file.

    ``good`` are the rows (or, of orders, the lists of rows) to import, each with its customer: a
    ``res.partner`` or, when it is to be created, a ``(ref, name)`` tuple.
    """

    good: list = field(default_factory=list)
    issues: list = field(default_factory=list)
    skipped: int = 0
    duplicates: int = 0
    settled: int = 0
    good_rows: int = 0

    @property
    def bad_rows(self):
        return {issue.row for issue in self.issues if not issue.warning}

    @property
    def new_customers(self):
        """``{ref: name}`` of the customers to create."""
        return dict(customer for _row, customer in self.good if isinstance(customer, tuple))


class O2cOpeningImport(models.Model):
    """Which rows of an import are good, and what is wrong with the others."""

    _inherit = "o2c.opening.import"

    def _check_rows(self):
        """Check the settings, then every row.

        :return: :class:`Checked`
        """
        self._check_settings()
        opening = self.with_company(self.company_id)
        table = opening._read_table()
        mapping = opening._mapping(table)
        if self.kind == "receivable":
            return opening._check_receivables(table, mapping)
        return opening._check_orders(table, mapping)

    def _check_not_done(self):
        if self.state == "done":
            raise UserError(
                self.env._(
                    "This file was imported on %(date)s by %(user)s.",
                    date=self.imported_on,
                    user=self.imported_by_id.name,
                )
            )

    def _check_settings(self):
        if self.company_id not in self.env.companies:
            raise UserError(
                self.env._(
                    "Select %(company)s among your companies first.", company=self.company_id.name
                )
            )
        if self.opening_date > fields.Date.context_today(self):
            raise UserError(self.env._("The opening date lies in the future."))
        self._check_rights()
        if self.kind == "receivable":
            self._check_receivable_settings()

    def _check_rights(self):
        """The import does nothing that its user may not do by hand."""
        needed = {
            "receivable": ("account.move", "account.move.line"),
            "order": ("sale.order", "sale.order.line"),
            "delivered": ("sale.order", "sale.order.line"),
        }[self.kind]
        for model in needed:
            if not self.env[model].has_access("create") or not self.env[model].has_access("write"):
                raise AccessError(
                    self.env._(
                        "You may not create: %(document)s. Ask for the rights of an invoicing or "
                        "sales user.",
                        document=self.env["ir.model"]._get(model).name,
                    )
                )
        if self.create_customers and not self.env["res.partner"].has_access("create"):
            raise AccessError(
                self.env._(
                    "You may not create customers. Ask for the right to create contacts, or untick "
                    "Create Unknown Customers."
                )
            )

    def _match_customers(self, customers):
        """Find the customers of a file: by reference, else by exact name if only one has it.

        :param dict customers: ``{reference in the file: name in the file or ""}``
        :return: ``{reference: partner}`` of those found, ``{reference: (code, values)}`` of those
            that cannot be told apart, and ``{reference: (code, values)}`` of warnings
        """
        partners = self.env["res.partner"].with_context(active_test=False)
        allowed = partners._check_company_domain(self.company_id)
        by_ref = partners.search([("ref", "in", list(customers)), *allowed]).grouped("ref")
        names = {
            text
            for ref, name in customers.items()
            if ref not in by_ref
            for text in (name, ref)
            if text
        }
        by_name = partners.search(
            [("name", "in", list(names)), ("parent_id", "=", False), *allowed]
        ).grouped("name")
        found, doubtful, warnings = {}, {}, {}
        for ref, name in customers.items():
            candidates = by_ref.get(ref) or by_name.get(name) or by_name.get(ref)
            if not candidates:
                continue
            commercial = candidates.commercial_partner_id
            commercial = commercial.filtered("active") or commercial
            if len(commercial) > 1:
                doubtful[ref] = ("ambiguous_customer", {"count": str(len(commercial))})
                continue
            found[ref] = commercial
            if not commercial.active:
                warnings[ref] = ("archived_customer", {"name": commercial.name})
            elif name and rows.slug(name) != rows.slug(commercial.name):
                warnings[ref] = ("other_name", {"name": commercial.name, "given": name})
        return found, doubtful, warnings

    def _with_customer(self, row, matches):
        """The customer of a row, and the row with an issue when there is something about it.

        :param matches: what ``_match_customers`` returned
        :return: a partner, a ``(ref, name)`` tuple if it is to be created, or None; and the row
        """
        found, doubtful, warnings = matches
        ref = row.customer
        if not ref:
            return None, row
        if ref in found:
            if ref in warnings:
                row = rows.flagged(row, warnings[ref][0], "customer", ref, warnings[ref][1], True)
            return found[ref], row
        if ref in doubtful:
            return None, rows.flagged(row, doubtful[ref][0], "customer", ref, doubtful[ref][1])
        if self.create_customers:
            return (ref, row.customer_name or ref), row
        return None, rows.flagged(row, "unknown_customer", "customer", ref)

    def _store_check(self, checked):
        """Write counts and issues, and the tie-out that is to be expected."""
        self.error_ids.unlink()
        templates = self._issue_templates()
        labels = self.env["o2c.opening.import.column"]._target_labels()
        self.env["o2c.opening.import.error"].create([
            {
                "import_id": self.id,
                "row": issue.row,
                "column": labels.get(issue.target, ""),
                "value": issue.value[:200],
                "is_warning": issue.warning,
                "reason": self._issue_text(issue, templates),
            }
            for issue in checked.issues[:MAX_ISSUES]
        ])
        self.write({
            "state": "checked",
            "good_count": checked.good_rows,
            "bad_count": len(checked.bad_rows),
            "warning_count": sum(issue.warning for issue in checked.issues),
            "skipped_count": checked.skipped,
            "duplicate_count": checked.duplicates,
            "settled_count": checked.settled,
            "new_customer_count": len(checked.new_customers),
        })
        self._tie_out_rows(checked)

    def _issue_text(self, issue, templates):
        """What is wrong with a row, in the user's language."""
        return templates[issue.code] % {**issue.values, "value": issue.value}

    def _issue_templates(self):
        return {
            "broken_row": self.env._("The quotation marks of this row do not match."),
            "too_few_cells": self.env._("The row is %(count)s cells short: was it cut off?"),
            "too_many_cells": self.env._(
                "The row has %(count)s cells too many: does a text contain the separator?"
            ),
            "missing": self.env._("Nothing is given."),
            "bad_date": self.env._("“%(value)s” is no date in the chosen format."),
            "bad_number": self.env._("“%(value)s” is no number in the chosen format."),
            "bad_flag": self.env._("“%(value)s” is neither yes nor no."),
            "too_precise": self.env._(
                "“%(value)s” has more than %(decimals)s decimals. Is the decimal separator right?"
            ),
            "unknown_currency": self.env._("There is no active currency “%(value)s”."),
            "no_rate": self.env._("There is no exchange rate for %(value)s."),
            "settled_before_invoiced": self.env._(
                "Settled on %(value)s, before it was invoiced on %(invoice_date)s."
            ),
            "due_before_invoiced": self.env._(
                "Due on %(value)s, before it was invoiced on %(invoice_date)s."
            ),
            "zero_amount": self.env._("The amount is zero."),
            "open_other_sign": self.env._("%(value)s has another sign than the amount of %(amount)s."),
            "open_over_amount": self.env._("More is open, %(value)s, than the amount of %(amount)s."),
            "nothing_open": self.env._("Nothing is open, but no date of settlement is given."),
            "company_amount_differs": self.env._(
                "%(value)s differs from the open amount of %(amount)s in the same currency."
            ),
            "settled_but_open": self.env._("Settled on %(settled_date)s, but %(value)s is still open."),
            "settled_later": self.env._(
                "Nothing is open any more, but it was settled on %(settled_date)s only: imported "
                "as open in full."
            ),
            "repeated_number": self.env._("Row %(first)s has the number “%(value)s” already."),
            "other_document": self.env._(
                "“%(value)s” was imported already, but differently: %(existing)s."
            ),
            "exists": self.env._("“%(value)s” exists already and did not come from an import."),
            "unknown_customer": self.env._("There is no customer “%(value)s”."),
            "ambiguous_customer": self.env._("%(count)s customers answer to “%(value)s”."),
            "archived_customer": self.env._("The customer %(name)s is archived."),
            "other_name": self.env._("The customer is %(name)s here, %(given)s in the file."),
            "unknown_product": self.env._("There is no product “%(value)s”."),
            "ambiguous_product": self.env._("%(count)s products answer to “%(value)s”."),
            "archived_product": self.env._("The product %(name)s is archived."),
            "bad_product": self.env._("The product %(name)s cannot be on an order line of its own."),
            "unknown_warehouse": self.env._("There is no warehouse “%(value)s”."),
            "no_pricelist": self.env._("There is no pricelist in %(value)s."),
            "not_positive": self.env._("The quantity must be more than zero."),
            "negative": self.env._("The quantity must not be negative."),
            "over_delivered": self.env._("More was delivered, %(value)s, than ordered, %(quantity)s."),
            "over_invoiced": self.env._("More was invoiced, %(value)s, than there was, %(quantity)s."),
            "bad_discount": self.env._("A discount lies between 0 and 100 percent."),
            "differs_in_order": self.env._(
                "“%(value)s” differs from what row %(first)s says of order %(number)s."
            ),
            "order_refused": self.env._("Row %(bad)s of the same order %(value)s is bad."),
        }

    def _bad_rows_message(self, checked):
        shown = sorted(
            (issue for issue in checked.issues if not issue.warning), key=lambda issue: issue.row
        )[:10]
        templates = self._issue_templates()
        lines = [
            self.env._(
                "Row %(row)s: %(reason)s",
                row=issue.row,
                reason=self._issue_text(issue, templates),
            )
            for issue in shown
        ]
        return self.env._(
            "%(count)s bad rows. Nothing was imported. Mend them, or import the good rows "
            "only.\n\n%(rows)s",
            count=len(checked.bad_rows),
            rows="\n".join(lines),
        )
