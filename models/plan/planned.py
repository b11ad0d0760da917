"""What a plan is about stays, lest the plan lose what was promised of it."""

from odoo.exceptions import UserError
from odoo.fields import Domain


def check_not_planned(records, *names):
    """Refuse to delete what nodes of any plan stand for.

    :param names: fields of the nodes that may refer to ``records``
    :raise UserError: saying which plan it is, and what to do instead
    """
    domain = Domain.OR([Domain(name, "in", records.ids) for name in names])
    # sudo: plans of other companies keep it as well
    node = records.env["o2c.sales.plan.node"].sudo().search(domain, limit=1)
    if not node:
        return
    planned = next(node[name] for name in names if node[name] in records.sudo())
    values = {"record": planned.display_name, "plan": node.plan_id.display_name}
    if "active" in records._fields:
        raise UserError(records.env._(
            "%(record)s is part of the sales plan %(plan)s and cannot be deleted. Archive it instead.",
            **values,
        ))
    raise UserError(records.env._(
        "%(record)s is part of the sales plan %(plan)s and cannot be deleted.", **values
    ))
