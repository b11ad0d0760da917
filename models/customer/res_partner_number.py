from collections import defaultdict

from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

NUMBER_SEQUENCE = "o2c.customer"
# How many numbers in a row may be drawn at once while looking for one that nobody has.
LOOK_AHEAD = 200


class ResPartner(models.Model):
    """The customer number, kept in core's reference."""

    _inherit = "res.partner"

    # Backs _check_o2c_ref where two transactions give the same number at once. Nobody has a
    # customer type when the add-on is installed, so the index fits any existing data.
    _o2c_ref_unique = models.UniqueIndex(
        "(ref, COALESCE(company_id, 0))"
        " WHERE o2c_customer_type IS NOT NULL AND commercial_partner_id = id AND ref <> ''",
        "Another customer already has this reference.",
    )

    @api.constrains("ref", "o2c_customer_type", "company_id", "parent_id", "is_company")
    def _check_o2c_ref(self):
        # sudo: a number is taken whether or not the user may see by whom
        customers = self.sudo().filtered(lambda p: p._o2c_has_unique_ref())
        by_ref = defaultdict(self.sudo().browse)
        for other in customers._o2c_other_holders() | customers:
            by_ref[other.ref] |= other
        for customer in customers:
            for other in by_ref[customer.ref] - customer:
                if customer._o2c_shares_company_with(other):
                    raise ValidationError(
                        self.env._(
                            "The reference %(ref)s of %(customer)s already belongs to the customer"
                            " %(other)s. Give each customer a number of its own.",
                            ref=customer.ref,
                            customer=customer.display_name,
                            other=other.display_name,
                        )
                    )

    def _o2c_has_unique_ref(self):
        return bool(
            self.ref and self.o2c_customer_type and self.commercial_partner_id == self
        )

    def _o2c_flush_references(self):
        """Called before references change, see :meth:`_o2c_other_holders`."""
        self.flush_model(["ref", "o2c_customer_type", "company_id", "commercial_partner_id"])

    def _o2c_other_holders(self):
        """The customers beside ``self``, archived ones too, that have one of their references.

        A search would first write what is being checked, and fail on the unique index instead of
        saying whose number it is. So this reads the table as it is; everything before the current
        change is in it.
        """
        if not self:
            return self
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id
                  FROM res_partner
                 WHERE ref IN %s
                   AND o2c_customer_type IS NOT NULL
                   AND commercial_partner_id = id
                   AND id NOT IN %s
                """,
                tuple(set(self.mapped("ref"))),
                tuple(self.ids),
            )
        )
        return self.browse([partner_id for (partner_id,) in rows])

    def _o2c_shares_company_with(self, other):
        mine, theirs = self.company_id, other.company_id
        return (
            not mine
            or not theirs
            or mine in theirs.parent_ids
            or theirs in mine.parent_ids
        )

    def _o2c_assign_numbers(self):
        """Give a number to those of ``self``, commercial partners, that have no reference."""
        without_number = self.filtered(lambda p: not p.ref)
        for company, partners in without_number.grouped("company_id").items():
            numbers = self._o2c_draw_numbers(company, len(partners))
            for partner, number in zip(partners, numbers, strict=False):
                # Straight into the cache, to be written in one statement for all of them: write()
                # would ask the database once a number whether it is free, which is known.
                self._fields["ref"].write(partner, number)
            partners.modified(["ref"])

    @api.model
    def _o2c_draw_numbers(self, company, count):
        """``count`` customer numbers that nobody has yet in the companies concerned.

        :param company: of the customers to be numbered, empty when they are shared
        :return: list of strings, empty when there is no sequence (archive it to number by hand)
        """
        sequence = self._o2c_get_number_sequence(company or self.env.company)
        numbers = []
        batch = count
        while sequence and len(numbers) < count:
            drawn = sequence._o2c_next_many(batch)
            taken = set(
                self.with_context(active_test=False)
                .search(Domain("ref", "in", drawn) & self._o2c_overlap_domain(company))
                .mapped("ref")
            )
            free = [number for number in drawn if number not in taken]
            numbers += free
            wanted = count - len(numbers)
            batch = wanted if free else max(wanted, min(2 * batch, LOOK_AHEAD))
        return numbers[:count]

    @api.model
    def _o2c_get_number_sequence(self, company):
        """The sequence of the company, else of the nearest company above it, else the shared."""
        # sudo: whoever creates a customer need not be entitled to read sequences
        nearest_first = list(reversed(company.sudo().parent_ids.ids))
        sequences = self.env["ir.sequence"].sudo().search([
            ("code", "=", NUMBER_SEQUENCE),
            ("company_id", "in", [False, *nearest_first]),
        ])
        return sequences.sorted(
            lambda sequence: (
                nearest_first.index(sequence.company_id.id)
                if sequence.company_id
                else len(nearest_first)
            )
        )[:1]

    @api.model
    def _o2c_overlap_domain(self, company):
        """The partners whose company overlaps with ``company``; empty overlaps with all."""
        if not company:
            return Domain.TRUE
        return (
            Domain("company_id", "=", False)
            | Domain("company_id", "parent_of", company.id)
            | Domain("company_id", "child_of", company.id)
        )
