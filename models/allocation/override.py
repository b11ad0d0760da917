"""What an order line and a move have in common: a place in the ranking of their own."""

from odoo import fields
from odoo.exceptions import AccessError, ValidationError

from odoo.addons.order_to_cash.models.customer.customer_class import ALLOCATION_STRATEGIES

OVERRIDES = ("o2c_allocation_strategy", "o2c_allocation_rank")


class CarriedStr(str):
    """A strategy taken over from another move. No request from outside can make one."""

    __slots__ = ()


class CarriedInt(int):
    """A rank taken over from another move. No request from outside can make one."""

    __slots__ = ()


def carried(record):
    """The overrides of ``record`` for a move that goes on with it, which need no permission again."""
    kinds = zip(OVERRIDES, (CarriedStr, CarriedInt), strict=True)
    return {name: kind(record[name]) for name, kind in kinds if record[name]}


def strategy_field(**kwargs):
    return fields.Selection(
        ALLOCATION_STRATEGIES,
        string="Allocation Strategy",
        help="How this is treated when scarce stock is reallocated. Empty: as its customer.",
        **kwargs,
    )


def rank_field(**kwargs):
    return fields.Integer(
        string="Allocation Rank",
        aggregator=None,
        help="A lower rank is served first. 0: the rank of its customer.",
        **kwargs,
    )


def check_new(records, vals_list):
    """Refuse overrides on new records by somebody who may not rank.

    The records are there already: a value may have come from a default, too.
    """
    # sudo: what was given is looked at, whoever may read it
    for record, vals in zip(records.sudo(), vals_list, strict=True):
        if any(
            record[name] and not isinstance(vals.get(name), CarriedStr | CarriedInt)
            for name in OVERRIDES
        ):
            check_may_rank(records)
            return


def check_changed(records, vals):
    """Refuse a change of overrides by somebody who may not rank."""
    changed = any(
        (record[name] or False) != (vals[name] or False)
        for name in OVERRIDES
        if name in vals
        for record in records
    )
    if changed:
        check_may_rank(records)


def check_may_rank(model):
    """:raise AccessError: unless the user is an allocation manager"""
    if not model.env.su and not model.env.user.has_group("order_to_cash.group_allocation_manager"):
        raise AccessError(
            model.env._(
                "Only an allocation manager may say how a delivery is ranked. Ask one to do it."
            )
        )


def check_rank(records):
    """:raise ValidationError: when a rank is below zero"""
    if any(record.o2c_allocation_rank < 0 for record in records):
        raise ValidationError(
            records.env._(
                "An allocation rank cannot be below zero. Enter zero for the rank of the customer."
            )
        )
