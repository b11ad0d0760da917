from odoo.fields import Command

from .common import O2cCommon


class CommissionCommon(O2cCommon):
    """A commission manager, an agent, and plans and agreements by one call each.

    Amounts are in the company's currency. Plans and agreements are in force from 2025 on.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.commission_manager = cls._new_user("cindy", "order_to_cash.group_commission_manager")
        cls.agent = cls._new_customer("Quayside Agency", o2c_customer_type="agent")

    @classmethod
    def _new_plan(cls, *rules, activate=True, **values):
        """An active plan of ``rules``, dicts of values; by default one that pays 10 %."""
        plan = cls.env["o2c.commission.plan"].create({
            "name": "Field Sales",
            "company_id": cls.company.id,
            "date_from": "2025-01-01",
            "trigger": "invoice",
            "rule_ids": [Command.create(rule) for rule in rules or [{"rate": 10.0}]],
            **values,
        })
        if activate:
            plan.action_activate()
        return plan

    @classmethod
    def _tier_rule(cls, *bands, **values):
        """Values of a rule with tiers.

        :param bands: tuples (from, to, rate); an end of 0 is none
        """
        return {
            "method": "tier",
            "tier_ids": [
                Command.create({"amount_from": low, "amount_to": high, "rate": rate})
                for low, high, rate in bands
            ],
            **values,
        }

    @classmethod
    def _new_agreement(cls, payee=None, plan=None, **values):
        """An agreement on the payee's own sales; by default of the salesperson, with a plan of 10 %."""
        payee = payee or cls.salesperson.partner_id
        return cls.env["o2c.commission.agreement"].create({
            "payee_id": payee.id,
            "plan_id": (plan or cls._new_plan()).id,
            "company_id": cls.company.id,
            "payout": "payroll" if payee.user_ids else "bill",
            "date_from": "2025-01-01",
            **values,
        })

    def _deliver(self, order, quantity=10):
        picking = order.picking_ids.filtered(lambda picking: picking.state not in ("done", "cancel"))
        picking.move_ids.quantity = quantity
        picking.move_ids.picked = True
        picking._action_done()
        return picking

    def _return(self, picking, quantity):
        returned = self._new_return(picking, quantity)
        returned._action_done()
        return returned

    def _new_return(self, picking, quantity):
        """A return that is ready to be received."""
        wizard = self.env["stock.return.picking"].with_context(
            active_id=picking.id, active_model="stock.picking"
        ).create({})
        wizard.product_return_moves.quantity = quantity
        returned = wizard._create_return()
        returned.move_ids.write({"quantity": quantity, "picked": True})
        return returned
