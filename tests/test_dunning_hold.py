from odoo.fields import Command
from odoo.tests import tagged

from .hold_common import HoldRuleCommon


@tagged("post_install", "-at_install")
class TestDunningHold(HoldRuleCommon):
    """Orders of customers who have been reminded in vain."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._new_rule("dunning")
        cls.policy = cls.env["o2c.dunning.policy"].create({
            "name": "Two steps",
            "level_ids": [
                Command.create({"name": "Reminder", "sequence": 1, "days_overdue": 1}),
                Command.create({
                    "name": "Last notice",
                    "sequence": 2,
                    "days_overdue": 10,
                    "blocks_orders": True,
                }),
            ],
        })
        cls.company.o2c_dunning_policy_id = cls.policy
        cls.invoice = cls._new_invoice(amount=500.0)

    def _remind(self, date="2025-02-01"):
        run = self.env["o2c.dunning.run"].create({"company_id": self.company.id, "date": date})
        run.action_propose()
        run.action_send()

    def test_a_level_that_blocks_orders(self):
        order = self._new_order()
        self._assert_passes(order)
        self._remind()
        self._assert_passes(order)
        self._remind("2025-03-01")
        self._assert_fails(order, self.invoice.name, "Last notice")
        self._assert_passes(self._new_order(self.other_customer))
        self._pay(self.invoice)
        self._assert_passes(order)

    def test_items_of_the_payer_block_too(self):
        self._remind()
        self._remind("2025-03-01")
        self.other_customer.o2c_payer_id = self.customer
        self._assert_fails(self._new_order(self.other_customer), "Harbour Supplies")

    def test_a_disputed_item_blocks_nothing(self):
        self._remind()
        self._remind("2025-03-01")
        self.invoice.action_toggle_block_payment()
        self._assert_passes(self._new_order())

    def test_switched_off_it_blocks_nothing(self):
        self._remind()
        self._remind("2025-03-01")
        self.company.o2c_use_dunning = False
        self._assert_passes(self._new_order())
