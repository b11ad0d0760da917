from .common import O2cCommon


class HoldRuleCommon(O2cCommon):
    """No rules but those a test makes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["o2c.hold.rule"].search([]).active = False

    @classmethod
    def _new_rule(cls, kind, effect="warn", **values):
        return cls.env["o2c.hold.rule"].create({
            "name": f"Rule on {kind}",
            "kind": kind,
            "effect": effect,
            **values,
        })

    def _reasons(self, orders, rules=None):
        """{id of the order: [reason]} of what ``orders`` fail, by all rules by default."""
        rules = self.env["o2c.hold.rule"] if rules is None else rules
        failures = rules._evaluate(orders)
        return {key: [failure.reason for failure in found] for key, found in failures.items()}

    def _assert_fails(self, order, *words, rule=None):
        """The order fails, once, by a sentence with ``words``."""
        [reason] = self._reasons(order, rule).get(order.id, [None])
        for word in words:
            self.assertIn(word, reason or "it passed")

    def _assert_passes(self, order, rule=None):
        """The order fails nothing."""
        self.assertFalse(self._reasons(order, rule))
