"""Who says how customers are ranked: allocation managers, who say nothing else of them."""

from odoo import models
from odoo.exceptions import AccessError

RANKING = {"allocation_strategy", "allocation_rank"}


def check_ranking_only(records, names):
    """Let allocation managers change the ranking and nothing else.

    They may write these records for that; all the rest is a credit manager's.

    :param names: of the fields to be changed
    :raise AccessError:
    """
    user = records.env.user
    if (
        records.env.su
        or RANKING.issuperset(names)
        or user.has_group("order_to_cash.group_credit_manager")
        or not user.has_group("order_to_cash.group_allocation_manager")
    ):
        return
    raise AccessError(
        records.env._(
            "%(records)s: an allocation manager changes the strategy and the rank. Ask a credit "
            "manager for anything else.",
            records=", ".join(records.mapped("display_name")),
        )
    )


class O2cCustomerClass(models.Model):
    _inherit = "o2c.customer.class"

    def write(self, vals):
        check_ranking_only(self, vals)
        return super().write(vals)

    def update_field_translations(self, field_name, translations, source_lang=""):
        check_ranking_only(self, [field_name])
        return super().update_field_translations(field_name, translations, source_lang=source_lang)


class O2cCreditRating(models.Model):
    _inherit = "o2c.credit.rating"

    def write(self, vals):
        check_ranking_only(self, vals)
        return super().write(vals)

    def update_field_translations(self, field_name, translations, source_lang=""):
        check_ranking_only(self, [field_name])
        return super().update_field_translations(field_name, translations, source_lang=source_lang)


class ResPartner(models.Model):
    """The class decides who is served first where stock is allocated, whatever else it decides."""

    _inherit = "res.partner"

    def _o2c_guarded_terms(self):
        guarded = super()._o2c_guarded_terms()
        if self._o2c_class_ranks():
            guarded.add("o2c_class_id")
        return guarded

    def _o2c_refusal_of_term(self, name):
        message = super()._o2c_refusal_of_term(name)
        if message or name != "o2c_class_id" or not self._o2c_class_ranks():
            return message
        return self.env._(
            "%(field)s of %(customers)s: only an allocation manager or a credit manager changes "
            "this. The class says who is served first when goods are scarce.",
            **self._o2c_named_term(name),
        )

    def _o2c_class_ranks(self):
        """Whether the class of these customers ranks them and this user does not decide on ranks."""
        return not self.env.user.has_group(
            "order_to_cash.group_allocation_manager"
        ) and bool(self._o2c_companies_using("o2c_use_allocation"))
