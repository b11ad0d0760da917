"""What a plan is about stays, lest the plan lose what was promised of it."""

from contextlib import contextmanager

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


@contextmanager
def names_follow(records, *paths):
    """Within, ``records`` get other names: nodes of any plan that are called as they are follow.

    Names that were typed stay. What is promised is as before, so approved plans follow as well.

    :param paths: from nodes to what may be one of ``records``
    """
    Node = records.env["o2c.sales.plan.node"]
    domain = Domain.OR([Domain(path, "in", records.ids) for path in paths])
    # sudo: plans of other companies, too; archived customers are in them
    nodes = Node.sudo().with_context(active_test=False).search(domain) if records.ids else Node
    labels = {node: node._label() for node in nodes}
    followers = nodes.filtered(lambda node: node.name == labels[node])
    yield
    if followers:
        followers._rename()
