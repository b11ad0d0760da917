from .common import O2cCommon


class PlanCommon(O2cCommon):
    """A plan manager, and plans of one quarter: company > salespeople > customers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.planner = cls._new_user("paula", "order_to_cash.group_plan_manager")

    @classmethod
    def _new_plan(cls, **values):
        return cls.env["o2c.sales.plan"].create({
            "name": "Plan 2025",
            "company_id": cls.company.id,
            "date_from": "2025-01-01",
            "date_to": "2025-03-31",
            **values,
        })

    @classmethod
    def _new_node(cls, plan, parent=None, **values):
        return cls.env["o2c.sales.plan.node"].create({
            "plan_id": plan.id,
            "parent_id": parent.id if parent else False,
            **values,
        })

    @classmethod
    def _new_tree(cls, **values):
        """:return: the plan, and its nodes by a short name"""
        plan = cls._new_plan(**values)
        top = cls._new_node(plan, name="Company")
        sally = cls._new_node(plan, top, user_id=cls.salesperson.id)
        nodes = {
            "top": top,
            "sally": sally,
            "otto": cls._new_node(plan, top, user_id=cls.other_salesperson.id),
            "harbour": cls._new_node(plan, sally, partner_id=cls.customer.id),
            "rest": cls._new_node(plan, sally, is_rest=True),
        }
        return plan, nodes

    def _targets(self, node):
        return node.cell_ids.sorted("period_index").mapped("target")

    def _type(self, node, *targets):
        for cell, target in zip(node.cell_ids.sorted("period_index"), targets, strict=True):
            cell.target = target
